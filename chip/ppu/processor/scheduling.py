"""The scheduler's loop on a processor: its passes, as operations, and the loop itself for plain generators.

Compiled programs have the same loop as a routine, see ``chip.ppu.compiler.tasks``.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown
from chip.base.errors import LossError, MachineFault
from chip.ppu.compiler.tasks.scheduler import DONE, NOTHING
from chip.ppu.processor import waiting
from chip.ppu.processor.scheduler import PASS_CYCLES, QUEUE_SLOTS, Missed, Scheduler
from chip.ppu.tasks import Timer

if TYPE_CHECKING:
    from chip.ppu.processor.processor import Processor

PASS = "scheduler_pass"


def scheduler_pass(ppu: Processor) -> None:
    """Run one pass of the scheduler's loop: what is due at its beginning, and the lines that have rung.

    Raises:
        LossError: on a strict chip, when a run is missed or dropped.
    """
    scheduler: Scheduler = ppu.scheduler
    now = ppu.start_ns // c.PPU_CLOCK_NS
    rung = [line for line in scheduler.lines if ppu.pending[line]]
    for line in rung:
        ppu.pending[line] = False
    ppu.spend("scheduler", PASS_CYCLES)
    if scheduler.stop is not None and now >= scheduler.stop:
        _be_loud(ppu, now, scheduler.finish())
        scheduler.choice = DONE
        return
    _be_loud(ppu, now, scheduler.fetch(now, rung))
    index = scheduler.take()
    if index is not None:
        scheduler.choice = index
    else:
        scheduler.choice = DONE if scheduler.finished else NOTHING


def wait_for_tasks(ppu: Processor) -> None:
    """Sleep until something is due or a doorbell rings."""
    waiting.wait_doorbell_until(ppu, ppu.scheduler.lines, ppu.scheduler.next_cycle())


def end_tasks(ppu: Processor) -> None:
    """Count what is left as missed: a task has ended the program."""
    scheduler: Scheduler = ppu.scheduler
    now = ppu.start_ns // c.PPU_CLOCK_NS
    if scheduler.stop is not None:
        now = min(now, scheduler.stop)
    ppu.spend("scheduler", 0)
    _be_loud(ppu, now, scheduler.finish(now))


def run_tasks(program, ppu) -> Generator:
    """Run a program's tasks, plain generators, until they are done; return the exit code.

    That is 0, or the whole number that a task returned, which ends the program.
    """
    scheduler: Scheduler = ppu.scheduler
    while True:
        yield ppu.scheduler_pass()
        if scheduler.choice == DONE:
            return 0
        if scheduler.choice == NOTHING:
            yield ppu.wait_for_tasks()
            continue
        name = scheduler.tasks[scheduler.choice].task
        code = yield from getattr(program, name)(ppu)
        if code is not None:
            if isinstance(code, bool) or not isinstance(code, int | np.integer):
                raise MachineFault(
                    f"task {name} of {ppu.who} returned {shown(code)}; a task "
                    "returns nothing, or a whole number, which ends the program as its exit code"
                )
            yield ppu.end_tasks()
            return int(code)


def _be_loud(ppu: Processor, now: int, skipped: list[Missed]) -> None:
    """On a strict chip, raise what the scheduler counted."""
    scheduler: Scheduler = ppu.scheduler
    if not ppu.config.strict:
        return
    who = ppu.who
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
