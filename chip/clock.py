"""The chip's SimPy environment: integer nanoseconds, and no event for whoever is alone.

A simulation spends most of its SimPy events on one processor that waits for the end of its own operation while nothing
else is going to happen. :meth:`Clock.skip` goes there at once. Since it does so only where the event would have been
the next one to come, the order of everything stays what it was.
"""

from __future__ import annotations

import simpy

MAX_SKIPS = 64  # in a row, then one through the queue: whoever steps the environment gets to look at it


class Clock(simpy.Environment):
    """A SimPy environment that starts at 0 ns.

    Attributes:
        limit_ns: no skip goes beyond this time.
        skips: in a row so far.
    """

    def __init__(self):
        super().__init__(initial_time=0)
        self.limit_ns = 0
        self.skips = 0

    def skip(self, span_ns: int) -> bool:
        """Let a time pass at once if nothing else is scheduled up to its end; say whether that was so."""
        end_ns = self._now + span_ns
        queue = self._queue
        if (queue and queue[0][0] <= end_ns) or end_ns > self.limit_ns or self.skips == MAX_SKIPS:
            self.skips = 0
            return False
        self._now = end_ns
        self.skips += 1
        return True
