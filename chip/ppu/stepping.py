"""Stepping: a kernel operation by operation in plain Python, to see what it does; nothing is compiled.

    for step in steps(update, unit, regions, 3):
        print(step)                          # mine.py:12  load8 V0 weights[3]  -> 128 x 5  50 cycles, 112 so far

The bytes and the cycles are those of the compiled kernel, and so are the sentences of faults: both are walks over the
same intermediate form (:mod:`chip.ppu.compiler.form`), here in Python integers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chip.base.declaration import shown
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.walk import Walk
from chip.ppu.vector.operands import Condition
from chip.ppu.vector.unit import VectorUnit

LIMIT_CYCLES = 1_000_000_000
SHOWN_LANES = 8


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a kernel, done.

    Attributes:
        file, line, routine: where it stands.
        operation: a vector operation by its name; ``load`` and ``store`` of one element; ``set`` of a variable; ``if``
            and ``while`` with their condition; ``for`` with the next value; ``call`` and ``return``.
        operands: as text, for example ``("V0", "weights[3]")``.
        result: an int; the lanes that were written, an array of its own; or None.
        cost: cycles of its instructions, and of jumps since the last step.
        cycles: the kernel's count, which is the sum of the costs so far. A fault counts its basic block to the end, as
            in compiled code.
    """

    file: str
    line: int
    routine: str
    operation: str
    operands: tuple[str, ...]
    result: int | np.ndarray | None
    cost: int
    cycles: int

    def __str__(self) -> str:
        text = " ".join([f"{self.file}:{self.line}  {self.operation}", *self.operands])
        if self.result is not None:
            text += f"  -> {_shown(self.result, self.operation.startswith('compare'))}"
        return f"{text}  {self.cost} {'cycle' if self.cost == 1 else 'cycles'}, {self.cycles} so far"


def steps(
    kernel: Kernel,
    unit: VectorUnit,
    regions: Mapping[str, np.ndarray],
    *integers: int,
    limit_cycles: int = LIMIT_CYCLES,
) -> Iterator[Step]:
    """Run a kernel on a vector unit and regions, which it changes, and yield its operations one by one.

    After each step unit and regions are as they are on the processor at that point. The cycles are added to the unit's
    count when the kernel ends.

    Args:
        kernel, unit, regions, integers: as ``kernel.bind(unit, regions)(limit_cycles, *integers)`` takes them.
        limit_cycles: the watchdog's limit.

    Raises:
        KernelError, ValueError: what the kernel gets is not what it needs; before the first step.
        MachineFault: bad index, division by zero, or the watchdog, as the compiled kernel raises it.
    """
    if not isinstance(kernel, Kernel):
        raise TypeError(f"steps takes a kernel, not {shown(kernel)}; decorate the function with @kernel")
    return _steps(Walk(kernel.form_for(regions), unit, regions, limit_cycles), kernel.check_integers(integers))


def steps_on(processor, kernel: Kernel, *integers: int) -> Iterator[Step]:
    """Yield what a kernel would do on a chip's processor as it stands now; works on copies, the chip stays as it is.

    Args:
        processor: with a program, ``chip.processors[0]``.
        kernel, integers: as ``ppu.run`` takes them.

    Raises:
        RuntimeError: the processor has no program. Else as :func:`steps`.
    """
    if processor.program is None:
        raise RuntimeError(f"the {processor.name} PPU has no program; load one over chip.link first")
    unit = VectorUnit()
    unit.restore(processor.vector.snapshot())
    regions = {name: region.copy() for name, region in processor.regions.items()}
    return steps(kernel, unit, regions, *integers, limit_cycles=processor.config.ppu.kernel_limit_cycles)


def _steps(walk: Walk, integers: tuple[int, ...]) -> Generator[Step, None, int]:
    """Name the walk's events; return the cycles."""
    before = 0
    for routine, line, operation, operands, result in walk.kernel_events(integers):
        cycles = walk.cycles - walk.pending
        yield Step(routine.file, line, routine.name, operation, operands, result, cycles - before, cycles)
        before = cycles
    return walk.cycles


def _shown(result: int | np.ndarray, conditions: bool = False) -> str:
    """Return a result as text; ``conditions`` are those of a comparison, by name."""
    if not isinstance(result, np.ndarray):
        return str(result)
    lanes = [str(Condition(lane) if conditions else lane) for lane in result[:SHOWN_LANES].tolist()]
    if (result == result[0]).all():
        return f"{result.size} x {lanes[0]}"
    return f"[{' '.join(lanes)} ...]"
