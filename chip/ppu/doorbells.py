"""Waiting for a doorbell or a time, whichever is first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import simpy


class DoorbellOrTime:
    """Waits on doorbell lines in the place of an event, for an event that ends at a time.

    The first ring lets the waiting program go on early: what waits for the event is moved to one that ends now. So
    waiting takes one SimPy event where nothing rings.
    """

    def __init__(self, ppu, lines: Sequence[int], event: simpy.Event, ready_ns: int, keep: bool = True):
        """Wait on ``lines`` of a processor, which goes on at ``ready_ns`` or later; ``keep`` a ring to be answered."""
        self.ppu, self.lines, self.event, self.ready_ns, self.keep = ppu, tuple(lines), event, ready_ns, keep
        for line in self.lines:
            ppu._waiting[line] = self
        event.callbacks.append(self._leave)

    def succeed(self) -> None:
        """Called by a line that rings, which has let go of this already: keep its ring, go on."""
        rung = next(line for line in self.lines if self.ppu._waiting[line] is not self)
        self._leave()
        self.ppu._pending[rung] = self.keep
        environment = self.event.env
        early = simpy.Timeout(environment, max(0, self.ready_ns - environment.now))
        early.callbacks.extend(self.event.callbacks)
        self.event.callbacks.clear()
        # its end is no event any more: left in the queue, it would still move the clock at the end of a run
        queue = environment._queue
        queue[:] = [entry for entry in queue if entry[-1] is not self.event]
        heapq.heapify(queue)

    def _leave(self, _: simpy.Event | None = None) -> None:
        for line in self.lines:
            if self.ppu._waiting[line] is self:
                self.ppu._waiting[line] = None
