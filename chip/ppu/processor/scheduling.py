"""The passes of the scheduler's loop on a processor, as operations.

The loop itself is a routine of a compiled program, see :mod:`chip.ppu.compiler.tasks.scheduler`; plain generators have
it from :class:`chip.ppu.program.UncompiledProgram`.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.errors import LossError
from chip.ppu.processor import waiting
from chip.ppu.processor.scheduler import PASS_CYCLES, QUEUE_SLOTS, Missed, Scheduler
from chip.ppu.processor.state import ProcessorState
from chip.ppu.tasks import DONE, NOTHING, Timer

PASS = "scheduler_pass"


def scheduler_pass(ppu: ProcessorState) -> None:
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


def wait_for_tasks(ppu: ProcessorState) -> None:
    """Sleep until something is due or a doorbell rings."""
    waiting.wait_doorbell_until(ppu, ppu.scheduler.lines, ppu.scheduler.next_cycle())


def end_tasks(ppu: ProcessorState) -> None:
    """Count what is left as missed: a task has ended the program."""
    scheduler: Scheduler = ppu.scheduler
    now = ppu.start_ns // c.PPU_CLOCK_NS
    if scheduler.stop is not None:
        now = min(now, scheduler.stop)
    ppu.spend("scheduler", 0)
    _be_loud(ppu, now, scheduler.finish(now))


def _be_loud(ppu: ProcessorState, now: int, skipped: list[Missed]) -> None:
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
