"""Waiting for a doorbell or a time, whichever is first."""

from __future__ import annotations

from collections.abc import Sequence

import simpy


class DoorbellOrTime:
    """Waits on doorbell lines in the place of an event, for an event that ends at a time.

    The first ring lets the waiting program go on early: what waits for the event is moved to one that ends now. So
    waiting takes one SimPy event where nothing rings.
    """

    def __init__(self, ppu, lines: Sequence[int], event: simpy.Event, ready_ns: int):
        """Wait on ``lines`` of a processor, which cannot go on before ``ready_ns``."""
        self.ppu, self.lines, self.event, self.ready_ns = ppu, tuple(lines), event, ready_ns
        for line in self.lines:
            ppu._waiting[line] = self
        event.callbacks.append(self._leave)

    def succeed(self) -> None:
        """Called by a line that rings, which has let go of this already: keep its ring, go on."""
        rung = next(line for line in self.lines if self.ppu._waiting[line] is not self)
        self._leave()
        self.ppu._pending[rung] = True
        environment = self.event.env
        early = simpy.Timeout(environment, max(0, self.ready_ns - environment.now))
        early.callbacks.extend(self.event.callbacks)
        self.event.callbacks.clear()

    def _leave(self, _: simpy.Event | None = None) -> None:
        for line in self.lines:
            if self.ppu._waiting[line] is self:
                self.ppu._waiting[line] = None
