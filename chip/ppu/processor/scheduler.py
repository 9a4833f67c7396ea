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

:class:`Scheduler` is this state machine on integers alone; :mod:`chip.ppu.processor.scheduling` drives it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from chip.ppu.tasks import NOTHING, Doorbell, Timer

QUEUE_SLOTS = 32  # grenade: Scheduler<32>
SAVED = ("due", "runs", "missed", "dropped")  # lists of numbers that a snapshot holds
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
        choice: what the last pass has decided: the number of a task, NOTHING to do yet, or DONE.
    """

    def __init__(self, tasks: Sequence[Timer | Doorbell] = (), stop: int | None = None):
        self.tasks, self.stop = tuple(tasks), stop
        self.lines = tuple(task.line for task in self.tasks if isinstance(task, Doorbell))
        self.due = [task.start if isinstance(task, Timer) else 0 for task in self.tasks]
        self.queue: list[Event] = []
        self.runs, self.missed, self.dropped = ([0] * len(self.tasks) for _ in range(3))
        self.choice = NOTHING

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

    def snapshot(self) -> dict[str, Any]:
        """Return what its future depends on."""
        counts = {name: list(getattr(self, name)) for name in SAVED}
        return counts | {"queue": [list(event) for event in self.queue], "choice": self.choice}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        for name in SAVED:
            setattr(self, name, list(saved[name]))
        self.queue, self.choice = [Event(*event) for event in saved["queue"]], saved["choice"]
