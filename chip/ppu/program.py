"""What runs on a plasticity processor: a :class:`Program`; :mod:`chip.ppu.contract` refuses what cannot be meant."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from chip.base.declaration import shown
from chip.base.errors import DeclarationError, MachineFault
from chip.ppu.memory import Memory
from chip.ppu.recording import Recording
from chip.ppu.tasks import DONE, NOTHING, Doorbell, Timer

if TYPE_CHECKING:
    from chip.ppu.processor.scheduler import Scheduler


class Program:
    """One PPU's program: regions in SRAM, kernels that compute, a generator that waits.

    A subclass gives ``name``, ``memory`` and ``kernels``, and either ``tasks``, for what happens at fixed times or on a
    doorbell, or its own :meth:`main`. What takes time on a bus is an operation (:mod:`chip.ppu.processor`) that
    ``main`` or a task yields; everything else belongs into kernels, which pay for their arithmetic. One program may
    serve both PPUs: ``ppu.hemisphere`` tells which one runs it, and each has its own SRAM, tasks and recordings. What
    the object itself keeps in Python is the same for both.

    Attributes:
        name: for reports and fault messages.
        memory: the regions of SRAM, see :class:`chip.ppu.memory.Memory`.
        kernels: every kernel that it runs; the linker places their code.
        code_in: ``"sram"``, or ``"external"`` for code that runs from external memory, through the instruction cache;
            its misses are busy cycles of the part ``fetch``, see :mod:`chip.ppu.processor.instruction_cache`.
        tasks: what :meth:`main` schedules, see :mod:`chip.ppu.tasks`.
        stop_cycle: when the scheduler stops, in cycles of the time base; None for when all timers are done.
        recordings: what the program writes down for the host, see :mod:`chip.ppu.recording`.
    """

    name: str = "program"
    memory: Memory = Memory()
    kernels: tuple = ()
    code_in: str = "sram"
    tasks: tuple[Timer | Doorbell, ...] = ()
    stop_cycle: int | None = None
    recordings: tuple[Recording, ...] = ()

    def image(self) -> dict[str, np.ndarray]:
        """Initial contents of regions, by name; regions left out start as zeros."""
        return {}

    def main(self, ppu) -> Generator:
        """Yield operations of ``ppu``; return the exit code, a number of 32 bits.

        By default, run ``tasks``, earliest deadline first, until all timers are done and nothing is queued, or until
        ``stop_cycle``, and return 0. With doorbells alone that is never: then a task ends the program by returning a
        whole number, its exit code, as any task may. A program that has to set up something first writes
        ``return (yield from super().main(ppu))`` behind it.

        ``main`` and tasks are compiled when the program is loaded, see :mod:`chip.ppu.compiler.tasks`; the scheduler's
        loop, which stands for this one, is :mod:`chip.ppu.compiler.tasks.scheduler`.
        """
        raise DeclarationError(f"program {self.name} runs on a processor; load it over chip.link")


class UncompiledProgram(Program):
    """A program for tests, whose ``main`` or tasks are plain Python generators.

    They may do anything, look at the chip and write lists, and nothing of it is booked or takes memory; between two
    operations pass ``PLAIN_CONTROL_CYCLES``, whatever they do there. Reports say so.
    """

    def main(self, ppu) -> Generator:
        return (yield from _run_tasks(self, ppu))


def _run_tasks(program: Program, ppu) -> Generator:
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
