"""A machine's SimPy environment: integer nanoseconds, and alarms, the events of processors.

SimPy makes an object for every event and goes through several functions to create it, to queue it and to call back. A
processor does one thing at a time, so it has one alarm, which is set again and again; it stands in SimPy's queue, at
SimPy's place for it, and anything else that is written for SimPy can stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

import simpy
from simpy.events import NORMAL, URGENT

from chip.base.live import Live

LOWEST_RANK = -(1 << 32)  # SimPy counts its own events from 0


class Clock(Live, simpy.Environment):
    """A SimPy environment that starts at 0 ns.

    Attributes:
        now: the present time in ns.
        queue: what is scheduled, SimPy's tuples of a heap that begin with the time.
        steps: taken so far.
        halted: set by whoever wants :meth:`take_steps` to stop.
        stepping: whether a step is under way.
        ranks: yields that of the next alarm, below 0 and above those before it.
    """

    __slots__ = ("_now",)  # of SimPy; so ``now`` is read without a call, which happens thirty times a sample

    def __init__(self):
        super().__init__(initial_time=0)
        self.queue = self._queue
        self.steps = 0
        self.halted = False
        self.stepping = False
        self.ranks = count(LOWEST_RANK)

    def take_steps(self, most: int) -> None:
        """Take up to so many steps, fewer where one sets ``halted``.

        Raises:
            EmptySchedule: nothing is left to happen.
        """
        queue, taken = self.queue, 0
        self.halted, self.stepping = False, True
        try:
            while taken < most and not self.halted:
                if queue and type(queue[0][-1]) is Alarm:
                    self._now, _, _, alarm = heappop(queue)
                    alarm.function()
                else:
                    super().step()
                taken += 1
        finally:
            self.steps += taken
            self.stepping = False

    def go_to(self, time_ns: int) -> None:
        """Let happen what is scheduled before a later time, and stand there.

        SimPy from 4.1.2 on leaves the event that ends a run in its queue, before all others, with nobody to call back.
        """
        self.run(until=time_ns)
        self.queue[:] = [entry for entry in self.queue if entry[1] >= URGENT]
        heapify(self.queue)

    def step(self) -> None:
        """Take the next step: SimPy's, where it is no alarm."""
        self.take_steps(1)


Clock.now = Clock._now  # type: ignore[assignment]


class Alarm:
    """Calls a function at a time, as often as it is set, which it is once at a time.

    A processor needs one for all its operations, since one follows the other. Of several that go off at the same time
    the one that was made first is first, and before other events, whoever was set first: that would depend on who has
    looked.
    """

    __slots__ = ("clock", "function", "rank", "_queue")

    def __init__(self, clock: Clock, function: Callable[[], None]):
        self.clock, self.function, self.rank = clock, function, next(clock.ranks)
        self._queue = clock.queue

    def set(self, time_ns: int) -> None:
        """Go off at a time that is not past."""
        heappush(self._queue, (time_ns, NORMAL, self.rank, self))

    def time_ns(self) -> int | None:
        """Return when it goes off, None where it is not set."""
        return next((entry[0] for entry in self._queue if entry[-1] is self), None)

    def go_off(self) -> None:
        """Go off now."""
        self.set(self.clock.now)

    def move(self, time_ns: int | None) -> None:
        """Go off at another time than the one that was set, if any was; None: not at all.

        Left in the queue, that one would still move the clock at the end of a run.
        """
        queue = self._queue
        queue[:] = [entry for entry in queue if entry[-1] is not self]
        heapify(queue)
        if time_ns is not None:
            self.set(time_ns)
