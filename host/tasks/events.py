"""Samples that are streams of events, as sensors and recordings of spikes have them: times, channels, classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.whole import decrease_within, whole_numbers
from host.tasks.numbers import as_classes

MOST_CHANNELS = 1 << 16  # as many as there are labels of events


@dataclass(frozen=True, eq=False)
class EventSplit:
    """Samples of one purpose, each a stream of events. Integers of any type are taken.

    Attributes:
        offsets: int64[n + 1]; sample k has the events ``offsets[k]:offsets[k + 1]``.
        times_ns: int64[events], since the sample's beginning, multiples of the FPGA's clock of 8 ns, that do not
            decrease within a sample.
        channels: int64[events], 0..width - 1.
        targets: uint8[n], the class of each sample.
        width: how many channels there are.

    Raises:
        ValueError: arrays that do not agree, times or channels out of range or order, or targets as of a Split.
    """

    offsets: np.ndarray
    times_ns: np.ndarray
    channels: np.ndarray
    targets: np.ndarray
    width: int

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not isinstance(self.width, int | np.integer):
            raise ValueError(f"the channels of a split of events are {self.width!r}; give their number")
        if not 1 <= self.width <= MOST_CHANNELS:
            raise ValueError(f"a split of events has {self.width} channels; there may be 1..{MOST_CHANNELS}")
        found = {
            "offsets": whole_numbers("the offsets of a split of events", self.offsets, 1 << 40),
            "times_ns": whole_numbers("the times of a split of events", self.times_ns, c.END_NS),
            "channels": whole_numbers("the channels of a split of events", self.channels, int(self.width) - 1),
            "targets": as_classes("the targets of a split", self.targets),
            "width": int(self.width),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)
        self._check_order()

    def _check_order(self) -> None:
        times, offsets, count = self.times_ns, self.offsets, len(self.targets)
        agree = offsets.size == count + 1 and times.size == self.channels.size
        if not agree or offsets[0] != 0 or offsets[-1] != times.size or (np.diff(offsets) < 0).any():
            raise ValueError(
                f"a split of events has {offsets.size} offsets, {count} targets, {times.size} times and "
                f"{self.channels.size} channels; it needs one offset more than targets, rising from 0 to the number of "
                "times and channels"
            )
        if (times % c.FPGA_CLOCK_NS).any():
            raise ValueError(
                f"times of a split of events are off the FPGA's clock of {c.FPGA_CLOCK_NS} ns; round them to its edges"
            )
        if decrease_within(times, offsets):
            raise ValueError("times of a split of events decrease within a sample; sort each by time")

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that it holds."""
        return self.offsets, self.times_ns, self.channels, self.targets, np.array([self.width])

    def head(self, count: int) -> EventSplit:
        """Return the first samples."""
        last, offsets = self.offsets[count], self.offsets[: count + 1]
        return EventSplit(offsets, self.times_ns[:last], self.channels[:last], self.targets[:count], self.width)

    @classmethod
    def joined(cls, splits: Sequence[EventSplit]) -> EventSplit:
        """Return the samples of splits of one width, one behind the other."""
        before = np.cumsum([0, *(split.offsets[-1] for split in splits)])
        offsets = [split.offsets[:-1] + first for split, first in zip(splits, before, strict=False)]
        return cls(
            offsets=np.concatenate([*offsets, before[-1:]]),
            times_ns=np.concatenate([split.times_ns for split in splits]),
            channels=np.concatenate([split.channels for split in splits]),
            targets=np.concatenate([split.targets for split in splits]),
            width=splits[0].width,
        )
