"""Rows with their times in arrays of a fixed length: the first of them are kept, or the last."""

from __future__ import annotations

import numpy as np


class Kept:
    """At most so many rows. Memory is taken as it is filled.

    Attributes:
        offered: how many rows there were so far, kept or not.
    """

    def __init__(self, most: int, width: int, dtype: np.dtype, keeps_last: bool):
        self._times_ns, self._rows = np.empty(most, np.int64), np.empty((most, width), dtype)
        self._most, self._keeps_last = most, keeps_last
        self.offered = 0

    @property
    def full(self) -> bool:
        """Whether another row would be lost, or take the place of the oldest."""
        return self.offered >= self._most

    @property
    def lost(self) -> int:
        """How many rows are not kept."""
        return max(0, self.offered - self._most)

    @property
    def newest_ns(self) -> int | None:
        """The time of the last row that is kept, None where there is none."""
        if not self.offered:
            return None
        last = self.offered if self._keeps_last else min(self.offered, self._most)
        return int(self._times_ns[(last - 1) % self._most])

    def add(self, times_ns: np.ndarray, rows: np.ndarray) -> None:
        """Take int64[n] times and [n, width] rows."""
        count, begin = len(times_ns), self.offered
        if self._keeps_last:
            skipped = max(0, count - self._most)
        else:
            skipped, count = 0, min(count, max(0, self._most - begin))
        where = np.arange(begin + skipped, begin + count) % self._most
        self._times_ns[where], self._rows[where] = times_ns[skipped:count], rows[skipped:count]
        self.offered += len(times_ns)

    def add_one(self, time_ns: int, row: np.ndarray) -> None:
        """Take one row."""
        if self._keeps_last or self.offered < self._most:
            where = self.offered % self._most
            self._times_ns[where], self._rows[where] = time_ns, row
        self.offered += 1

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Return copies of times and rows, oldest first."""
        kept = min(self.offered, self._most)
        first = self.offered % self._most if self._keeps_last and self.lost else 0
        where = (first + np.arange(kept)) % self._most
        return self._times_ns[where], self._rows[where]

    def clear(self) -> None:
        """Forget everything."""
        self.offered = 0
