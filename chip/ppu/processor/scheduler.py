"""The scheduler of a program's tasks: earliest deadline first, one after the other.

The rules are those of the vendor's loop (libnux ``scheduling/Scheduler.hpp``, ``Timer.hpp``, ``Queue.hpp``):

- one pass fetches every task, takes the earliest deadline out of a queue of 32 (the first of equals), and runs its task
  to the end: nothing is preempted;
- run k of a timer is due at ``start + k * period``, its deadline is the next grid point;
- a timer that is fetched late gives one run; what else was due before now is skipped and counted as *missed*, so runs
  stay on the grid. A run that is due just now is a run of its own;
- an event that finds the queue full overwrites the oldest one, which counts as *dropped*.

Beyond the vendor's: doorbells, and runs that nobody fetched before their timer ended count as missed as well, and so do
those that were due and not run when a task ended the program. So runs, missed and dropped ones of a timer that is done
add up to its count.

:class:`Scheduler` is this state machine on integers alone; :func:`run_tasks` drives it on a processor.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from typing import NamedTuple

import numpy as np

from chip import constants as c
from chip.errors import LossError, MachineFault
from chip.ppu.tasks import Doorbell, Timer

QUEUE_SLOTS = 32  # grenade: Scheduler<32>
PASS_CYCLES = 100  # one pass of the loop: read the time base, ask every task, find the earliest (assumed)


class Event(NamedTuple):
    """A run that waits in the queue: its deadline, which task, and the cycle at which it was due."""

    deadline: int
    task: int
    due: int


class Missed(NamedTuple):
    """Runs that were skipped at once: which task, how many, and the cycle at which the first of them was due."""

    task: int
    runs: int
    due: int


class Scheduler:
    """The state of one program's scheduler. Times are cycles of the time base.

    Attributes:
        tasks: what it schedules; stop: the cycle at which it stops, or None.
        lines: the doorbell lines that wake it.
        due: of each task, the next grid point of a timer; 0 for a doorbell.
        queue: events, the oldest first, at most 32.
        runs, missed, dropped: of each task, how often it was run, skipped, overwritten in the queue.
    """

    def __init__(self, tasks: Sequence[Timer | Doorbell] = (), stop: int | None = None):
        self.tasks, self.stop = tuple(tasks), stop
        self.lines = tuple(task.line for task in self.tasks if isinstance(task, Doorbell))
        self.due = [task.start if isinstance(task, Timer) else 0 for task in self.tasks]
        self.queue: list[Event] = []
        self.runs, self.missed, self.dropped = ([0] * len(self.tasks) for _ in range(3))

    def fetch(self, now: int, rung: Collection[int] = ()) -> list[Missed]:
        """Queue what is due at ``now``, and a run for every doorbell line that ``rung``; return what was skipped."""
        skipped: list[Missed] = []
        for index, task in enumerate(self.tasks):
            if isinstance(task, Doorbell):
                if task.line in rung:
                    self._push(Event(now + task.deadline_cycles, index, now))
                continue
            while self.due[index] <= now < task.end:
                due = self.due[index]
                behind = max(0, (now - due - 1) // task.period)  # grid points between this one and now
                self._miss(skipped, index, behind, due)
                self.due[index] = due + (behind + 1) * task.period
                self._push(Event(self.due[index], index, due + behind * task.period))
            if now >= task.end:
                self._miss_before(skipped, index, task.end)
        return skipped

    def take(self) -> int | None:
        """Take the event with the earliest deadline out of the queue; return its task's index, or None."""
        if not self.queue:
            return None
        queue = self.queue
        first = min(range(len(queue)), key=lambda slot: queue[slot].deadline)
        queue[0], queue[first] = queue[first], queue[0]  # as the vendor's: this changes which one is the oldest
        index = queue.pop(0).task
        self.runs[index] += 1
        return index

    def finish(self, now: int | None = None) -> list[Missed]:
        """Count what is left at the stop as missed: the queue, and grid points before it that nobody fetched.

        ``now`` is the cycle at which a task has ended the program, instead of the stop.
        """
        end = self.stop if now is None else now
        skipped: list[Missed] = []
        for event in self.queue:
            self._miss(skipped, event.task, 1, event.due)
        self.queue.clear()
        for index, task in enumerate(self.tasks):
            if isinstance(task, Timer) and end is not None:
                self._miss_before(skipped, index, min(task.end, end))
        return skipped

    def next_cycle(self) -> int | None:
        """When a timer is due again, or the stop; None where nothing but a doorbell can wake the program."""
        cycles = [
            due for due, task in zip(self.due, self.tasks, strict=True) if isinstance(task, Timer) and due < task.end
        ]
        cycles += [] if self.stop is None else [self.stop]
        return min(cycles, default=None)

    @property
    def finished(self) -> bool:
        """All timers are done and the queue is empty; never with a stop, nor with doorbells alone."""
        has_timers = len(self.lines) < len(self.tasks)
        return has_timers and not self.queue and self.next_cycle() is None

    def report(self) -> dict[str, dict[str, int]]:
        """Runs, missed and dropped runs by the name of the task."""
        found: dict[str, dict[str, int]] = {}
        for task, *counts in zip(self.tasks, self.runs, self.missed, self.dropped, strict=True):
            entry = found.setdefault(task.task, {"runs": 0, "missed": 0, "dropped": 0})
            for name, count in zip(entry, counts, strict=True):
                entry[name] += count
        return found

    def _push(self, event: Event) -> None:
        if len(self.queue) == QUEUE_SLOTS:
            self.dropped[self.queue.pop(0).task] += 1
        self.queue.append(event)

    def _miss(self, skipped: list[Missed], index: int, runs: int, due: int) -> None:
        if runs > 0:
            self.missed[index] += runs
            skipped.append(Missed(index, runs, due))

    def _miss_before(self, skipped: list[Missed], index: int, end: int) -> None:
        """Count the grid points of a timer that are left before ``end`` as missed."""
        due, period = self.due[index], self.tasks[index].period
        runs = max(0, -(-(end - due) // period))
        self._miss(skipped, index, runs, due)
        self.due[index] = due + runs * period


def run_tasks(program, ppu) -> Generator:
    """Run a program's tasks on its processor until they are done; return the exit code.

    That is 0, or the whole number that a task returned, which ends the program.

    Raises:
        LossError: on a strict chip, when a run is missed or dropped.
    """
    scheduler: Scheduler = ppu.scheduler
    while True:
        now, rung = ppu.scheduler_pass()
        if scheduler.stop is not None and now >= scheduler.stop:
            _be_loud(program, ppu, now, scheduler.finish())
            return 0
        _be_loud(program, ppu, now, scheduler.fetch(now, rung))
        index = scheduler.take()
        if index is not None:
            name = scheduler.tasks[index].task
            code = yield from getattr(program, name)(ppu)
            if code is not None:
                code = _exit_code(program, ppu, name, code)
                now = ppu.environment.now // c.PPU_CLOCK_NS
                if scheduler.stop is not None:
                    now = min(now, scheduler.stop)
                _be_loud(program, ppu, now, scheduler.finish(now))
                return code
        elif scheduler.finished:
            return 0
        else:
            yield ppu.wait_doorbell_until(scheduler.lines, scheduler.next_cycle())


def _exit_code(program, ppu, name: str, code) -> int:
    if isinstance(code, bool) or not isinstance(code, int | np.integer):
        raise MachineFault(
            f"task {name} of program {program.name} on the {ppu.name} PPU returned {code!r}; a task returns nothing, "
            "or a whole number, which ends the program as its exit code"
        )
    return int(code)


def _be_loud(program, ppu, now: int, skipped: list[Missed]) -> None:
    """On a strict chip, raise what the scheduler counted."""
    scheduler: Scheduler = ppu.scheduler
    if not ppu.config.strict:
        return
    who = f"program {program.name} on the {ppu.name} PPU"
    if skipped:
        index, runs, due = skipped[0]
        task = scheduler.tasks[index]
        period = f", its period of {task.period} cycles longer" if isinstance(task, Timer) else ""
        raise LossError(
            f"{who} missed {runs} run{'s' if runs > 1 else ''} of task {task.task}: at cycle {now} the one due at "
            f"cycle {due} was {now - due} cycles late; make the tasks shorter{period}, or let it stop later"
        )
    if any(scheduler.dropped):
        index = next(i for i, count in enumerate(scheduler.dropped) if count)
        raise LossError(
            f"{who} dropped {scheduler.dropped[index]} runs of task {scheduler.tasks[index].task} at cycle {now}: more "
            f"than {QUEUE_SLOTS} runs wait in the scheduler's queue; let fewer tasks be due at once"
        )
