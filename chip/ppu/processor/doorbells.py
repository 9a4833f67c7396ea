"""Waiting for a doorbell or a time, whichever is first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial


def answer(ppu, line: int) -> None:
    """Take a line's ring as answered."""
    ppu.pending[line] = False


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
        ppu, now_ns = self.ppu, self.ppu.environment.now
        rung = next(line for line in self.lines if ppu.waiting[line] is not self)
        self.leave()
        early = now_ns < self.ready_ns  # the wait has not begun: until then the ring is pending, another one is lost
        ppu.pending[rung] = self.keep or early
        if early and not self.keep:
            ppu.take(0, then=partial(answer, ppu, rung))
        ready_ns = max(self.ready_ns, now_ns)
        if self.timed:
            ppu.end.move(ready_ns)
        else:
            ppu.end.set(ready_ns)

    def leave(self) -> None:
        """Wait no more."""
        for line in self.lines:
            if self.ppu.waiting[line] is self:
                self.ppu.waiting[line] = None
