"""The probes of a chip: when each looks, and that nobody looks where there are none.

The core lets time pass in pieces, up to the next sample of any probe, and the state there is computed on a copy. That
this changes no byte is the core's law: chunking changes nothing. Spikes are taken from the core's record before it
forgets them; so the record is as long, and is cut at the same times, as without.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.base.feed import Feed
from chip.base.grid import FAR_NS
from chip.base.live import Live
from chip.core.core import AnalogCore
from chip.probes.probe import Probe
from chip.probes.quantities import DOORBELLS, SPIKES, Look


class Probes(Live):
    """All probes of a chip that are running; an observer of its core, see :class:`chip.core.observer.Observer`.

    Attributes:
        running: the probes, in the order in which they were started.
    """

    def __init__(self, feed: Feed, now_ns: Callable[[], int]):
        """``now_ns`` says what time it is on the chip."""
        self._doorbells, self._now_ns = feed.doorbells, now_ns
        self._core: AnalogCore | None = None
        self.running: list[Probe] = []
        self.next_ns = FAR_NS

    def follow(self, core: AnalogCore) -> None:
        """Watch another core, which the chip has from now on."""
        self._core = core
        if self.running:
            core.advance(self._now_ns())
            for probe in self.running:
                probe.begin(core.now_ns)
        self._plan()

    def catch_up(self) -> None:
        """Have all probes take what has happened up to now."""
        core = self._core
        if core is not None and self.running:
            core.advance(self._now_ns())
            if self.next_ns == core.now_ns:  # the core had come there already, and looks when it goes on
                self.look(core.now_ns)
            self.forgets(core.now_ns)

    def add(self, probe: Probe) -> None:
        """Have a probe look from now on."""
        if probe in self.running:
            return
        now_ns = self._now_ns()
        if self._core is not None:
            self._core.advance(now_ns)
            now_ns = self._core.now_ns
        probe.begin(now_ns)
        self.running.append(probe)
        if probe.what == DOORBELLS and self._note_doorbell not in self._doorbells:
            self._doorbells.append(self._note_doorbell)
        self._plan()

    def remove(self, probe: Probe) -> None:
        """Have a probe look no more."""
        if probe in self.running:
            self.running.remove(probe)
            probe.end()
        if not any(each.what == DOORBELLS for each in self.running) and self._note_doorbell in self._doorbells:
            self._doorbells.remove(self._note_doorbell)
        self._plan()

    def restart(self) -> None:
        """Begin all over where the whole chip has gone to a snapshot."""
        if self._core is not None and self.running:
            self.next_ns = FAR_NS
            self._core.advance(self._now_ns())
            self.begin_anew()

    def _plan(self) -> None:
        """Find when somebody looks next; let nobody stand beside the core where nobody does."""
        self.next_ns = min((probe.next_ns for probe in self.running), default=FAR_NS)
        if self._core is not None:
            self._core.observer = self if self.running else None

    def _of(self, what: str) -> list[Probe]:
        return [probe for probe in self.running if probe.what == what]

    def _note_doorbell(self, time_ns: int, hemisphere: int, line: int) -> None:
        for probe in self._of(DOORBELLS):
            probe.take(np.array([time_ns]), np.array([[hemisphere, line]]))

    # ------------------------------------------------------------------ what the core calls

    def look(self, time_ns: int) -> None:
        """Have the probes whose samples are due take them."""
        look = Look(self._core, time_ns)
        for probe in tuple(self.running):
            if probe.next_ns == time_ns:
                probe.sample(look)
                if not probe.running:
                    self.running.remove(probe)
        self._plan()

    def forgets(self, time_ns: int) -> None:
        """Take the spikes before a time, or before the core's present time if that is earlier."""
        core = self._core
        until_ns = min(time_ns, core.now_ns)
        behind = [probe for probe in self._of(SPIKES) if probe.taken_ns < until_ns]
        if not behind:
            return
        first_ns = min(probe.taken_ns for probe in behind)
        times_ns, neurons = core.known_spikes(first_ns, until_ns)
        for probe in behind:
            first = np.searchsorted(times_ns, probe.taken_ns)
            probe.take(times_ns[first:], neurons[first:, np.newaxis])
            probe.taken_ns = until_ns

    def begin_anew(self) -> None:
        """Begin all over where the core has gone to a snapshot; what time it is on the chip may not be known yet."""
        for probe in self.running:
            probe.begin_anew(self._core.now_ns)
        self._plan()
