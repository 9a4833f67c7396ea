"""Waiting for a doorbell or a time, whichever is first."""

from __future__ import annotations

from collections.abc import Sequence


class DoorbellOrTime:
    """Waits on doorbell lines for a processor whose alarm may be set for a time.

    The first ring lets the processor go on early: its alarm is moved. So waiting takes one SimPy event where nothing
    rings.
    """

    def __init__(self, ppu, lines: Sequence[int], ready_ns: int, keep: bool = True, timed: bool = False):
        """Wait on ``lines`` of a processor, which goes on at ``ready_ns`` or later.

        ``keep`` a ring to be answered; ``timed``: the processor's alarm may be set for a time.
        """
        self.ppu, self.lines, self.ready_ns, self.keep, self.timed = ppu, tuple(lines), ready_ns, keep, timed
        for line in self.lines:
            ppu.waiting[line] = self

    def go_off(self) -> None:
        """Called by a line that rings, which has let go of this already: keep its ring, go on."""
        rung = next(line for line in self.lines if self.ppu.waiting[line] is not self)
        self.leave()
        self.ppu.pending[rung] = self.keep
        ready_ns = max(self.ready_ns, self.ppu.environment.now)
        if self.timed:
            self.ppu.end.move(ready_ns)
        else:
            self.ppu.end.set(ready_ns)

    def leave(self) -> None:
        """Wait no more."""
        for line in self.lines:
            if self.ppu.waiting[line] is self:
                self.ppu.waiting[line] = None
