"""One probe: what it watches, what it has kept, and that it can be started and stopped."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown, whole_number
from chip.base.grid import FAR_NS
from chip.base.live import Live
from chip.base.spelling import closest
from chip.probes.keeping import Kept
from chip.probes.quantities import QUANTITIES, SPIKES, Look

KEEPS = ("first", "last")
MOST_BYTES = 1 << 32  # of one probe
USUAL_BYTES = 64 << 20  # where nobody says how many rows
USUAL_ROWS = 1_000_000
TIME_BYTES = 8


class Probed(NamedTuple):
    """What a probe has kept: int64[m] ``times_ns``, rising, and ``values``, see :meth:`chip.chip.Chip.probe`."""

    times_ns: np.ndarray
    values: np.ndarray


class Watcher(Protocol):
    """What a probe asks of the chip that it watches."""

    def catch_up(self) -> None:
        """Have all probes take what has happened up to now."""
        ...

    def add(self, probe: Probe) -> None:
        """Have a probe look from now on."""
        ...

    def remove(self, probe: Probe) -> None:
        """Have a probe look no more."""
        ...


class Probe(Live):
    """Watches one kind of thing on a chip, from the moment :meth:`chip.chip.Chip.probe` returns it.

    Attributes:
        what: the kind, and ``unit`` that of its values.
        of: what the columns of its values are: int64[n] neurons, int64[n, 3] synapses, names of counters; or int64[n]
            neurons or hemispheres of which it takes what happens.
        every_ns: the period of its samples; None where it takes whatever happens.
        most: how many rows it keeps; keep: "first" or "last", which of them.
        running: whether it is started and has not stopped, as far as the core has come: it is behind until read.
    """

    def __init__(self, watcher: Watcher, what: str, of: Any, every_ns: Any, most: Any, keep: Any):
        if what not in QUANTITIES:
            names = ", ".join(QUANTITIES)
            remedy = (closest(what, QUANTITIES) if isinstance(what, str) else "") or f"there are {names}"
            raise ValueError(f"{shown(what)} cannot be probed; {remedy}")
        if keep not in KEEPS:
            raise ValueError(f"keep of a probe is {shown(keep)}; it is one of {', '.join(map(repr, KEEPS))}")
        quantity = QUANTITIES[what]
        self._watcher, self._quantity = watcher, quantity
        self.what, self.unit, self.keep = what, quantity.unit, keep
        self.every_ns = _period(what, quantity.sample is not None, every_ns)
        self.of = quantity.select(of)
        width = quantity.width(self.of)
        self.most = _most(what, most, width * quantity.dtype.itemsize + TIME_BYTES)
        self._kept = Kept(self.most, width, quantity.dtype, keep == "last")
        self._watched = np.zeros(c.NEURONS, bool)
        if quantity.sample is None:
            self._watched[self.of] = True
        self.running = False
        self.next_ns = FAR_NS  # when its next sample is due
        self.taken_ns = 0  # up to when its spikes are taken
        self._full_ns: int | None = None

    # ------------------------------------------------------------------ for whoever watches

    def start(self) -> None:
        """Look from now on, behind what there is; nothing where it does."""
        self._watcher.add(self)

    def stop(self) -> None:
        """Look no more: what happens from now on is not seen, what there is stays."""
        self._watcher.catch_up()
        self._watcher.remove(self)

    def clear(self) -> None:
        """Forget what there is; whether it is running stays as it is."""
        self._watcher.catch_up()
        self._kept.clear()
        self._full_ns = None

    @property
    def lost(self) -> int:
        """How many rows it has not kept: spikes and doorbells beyond ``most``, or the oldest of those there were.

        A probe that keeps the first samples has stopped when it is full, and counts those no more.
        """
        self._watcher.catch_up()
        return self._kept.lost

    def read(self, partial: bool = False) -> Probed:
        """Return a copy of what it has kept up to now, in the order of time; it goes on.

        Args:
            partial: take what there is of a probe that keeps the first rows and has come to its end.

        Raises:
            RuntimeError: it has come to its end, and what there is is not all.
        """
        self._watcher.catch_up()
        if self._full_ns is not None and not partial:
            raise RuntimeError(
                f"the probe of {self.what} was full at {self._full_ns} ns: it keeps the first {self.most} rows, and "
                "what came then is not among them; read(partial=True) returns those, give it a larger `most`, a longer "
                "`every_ns`, or keep='last'"
            )
        times_ns, rows = self._kept.read()
        return Probed(times_ns, rows[:, 0] if self.what == SPIKES else rows)

    # ------------------------------------------------------------------ for the chip

    def begin(self, time_ns: int) -> None:
        """Look from a time on."""
        self.running, self.taken_ns = True, time_ns
        if self.every_ns is not None:
            self.next_ns = -(-time_ns // self.every_ns) * self.every_ns
            newest_ns = self._kept.newest_ns
            if newest_ns is not None and self.next_ns <= newest_ns:  # it has seen that already
                self.next_ns = newest_ns + self.every_ns

    def end(self) -> None:
        """Look no more."""
        self.running, self.next_ns = False, FAR_NS

    def begin_anew(self, time_ns: int) -> None:
        """Forget what there is, and look from a time on, as the chip does that has gone to a snapshot."""
        self._kept.clear()
        self._full_ns = None
        self.begin(time_ns)

    def sample(self, look: Look) -> None:
        """Take a sample; a probe that keeps the first ones, and has no room for another, notes when it was full."""
        if self.keep == "first" and self._kept.full:
            self._full_ns = look.time_ns
            self.end()
            return
        sample = self._quantity.sample
        assert sample is not None
        self._kept.add_one(look.time_ns, sample(look, self.of))
        self.next_ns = look.time_ns + self.every_ns

    def take(self, times_ns: np.ndarray, rows: np.ndarray) -> None:
        """Take what has happened, if its place is watched: int64[n] times, and [n, width] rows that begin with it."""
        asked = self._watched[rows[:, 0]]
        times_ns = times_ns[asked]
        room = self.most - self._kept.offered
        if self.keep == "first" and self._full_ns is None and len(times_ns) > room:
            self._full_ns = int(times_ns[room])
        self._kept.add(times_ns, rows[asked])


def _period(what: str, sampled: bool, every_ns: Any) -> int | None:
    """Return the period of a probe's samples, None for what happens."""
    if not sampled:
        if every_ns is not None:
            raise ValueError(
                f"every_ns of a probe of {what} is {shown(every_ns)}; it takes all of them, so leave it out"
            )
        return None
    if every_ns is None:
        raise ValueError(f"a probe of {what} takes samples; say how often, for example every_ns=1_000")
    period = whole_number("", f"every_ns of a probe of {what}", every_ns, c.EVENT_CLOCK_NS, c.END_NS - 1)
    if period % c.EVENT_CLOCK_NS:
        raise ValueError(
            f"every_ns of a probe of {what} is {period}; it must be a multiple of {c.EVENT_CLOCK_NS} ns, the chip's "
            "clock"
        )
    return period


def _most(what: str, most: Any, nbytes: int) -> int:
    """Return how many rows of so many bytes a probe keeps."""
    if most is None:
        return max(1, min(USUAL_ROWS, USUAL_BYTES // nbytes))
    found = whole_number("", f"`most` of a probe of {what}", most, 1, 1 << 62)
    if found * nbytes > MOST_BYTES:
        raise ValueError(
            f"a probe of {what} with {found} rows of {nbytes} bytes takes {found * nbytes} bytes; it may take "
            f"{MOST_BYTES}, so {MOST_BYTES // nbytes} rows: keep fewer, or name less to watch"
        )
    return found
