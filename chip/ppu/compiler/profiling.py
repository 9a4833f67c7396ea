"""Where a kernel's cycles go: exact counts of its basic blocks, by a second compilation that counts them.

    profiled = profile(chip.processors[0])               # before the chip starts
    chip.run()
    for kernel in profiled:
        print(kernel.kernel.name, kernel.calls, kernel.cycles, kernel.cycles_by_instruction())

The text that is generated from the intermediate form has one more argument then, and one addition beside every booking
of cycles. Which instructions a block books, the form says. Kernels that nobody profiles are as they were.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from chip.ppu.compiler.build import load_function, module_text
from chip.ppu.compiler.form import blocks
from chip.ppu.compiler.kernel import BoundKernel, KernelForm
from chip.ppu.costs import COSTS
from chip.ppu.vector.unit import VectorUnit


class ProfiledKernel(BoundKernel):
    """A bound kernel that counts how often each of its basic blocks is entered.

    Attributes:
        counts: int64[blocks], all calls so far.
    """

    __slots__ = ("_blocks", "counts")

    def __init__(self, form: KernelForm, unit: VectorUnit, arrays: list[np.ndarray]):
        routines = form.unit.routines
        self._blocks = [(r.routine, b) for r, lowered in routines.items() for b in blocks(lowered.nodes) if b.cycles]
        counters = {block: number for number, (_, block) in enumerate(self._blocks)}
        self.counts = np.zeros(len(counters), np.int64)
        function = load_function(form.lowered.name, module_text(form.kernel.name, routines, counters))
        super().__init__(form, unit, [*arrays, self.counts], function)

    @property
    def calls(self) -> int:
        """How often the kernel was called."""
        entry = self.form.lowered.nodes[0]
        return next(int(n) for n, (_, block) in zip(self.counts, self._blocks, strict=True) if block is entry)

    @property
    def cycles(self) -> int:
        """Cycles of all calls."""
        return sum(int(n) * block.cycles for n, (_, block) in zip(self.counts, self._blocks, strict=True))

    def cycles_by_instruction(self) -> Counter[str]:
        """Return the cycles by instruction of ``chip.ppu.costs.COSTS``; their sum is :attr:`cycles`."""
        found: Counter[str] = Counter()
        for count, (_, block) in zip(self.counts, self._blocks, strict=True):
            for _, name, number in block.booked:
                found[name] += int(count) * number * COSTS[name].cycles
        return +found

    def cycles_by_line(self) -> Counter[tuple[str, int]]:
        """Return the cycles by file and line of the statement; their sum is :attr:`cycles`."""
        found: Counter[tuple[str, int]] = Counter()
        for count, (routine, block) in zip(self.counts, self._blocks, strict=True):
            for line, name, number in block.booked:
                found[routine.file, line] += int(count) * number * COSTS[name].cycles
        return +found


def _look_away(processor, operation) -> None:
    """Listen, and do nothing."""


def profile(processor) -> list[ProfiledKernel]:
    """Make a loaded processor count; return its kernels, in the order of its program's. Bytes and cycles stay the same.

    Raises:
        RuntimeError: the processor has no program.
    """
    if processor.program is None:
        raise RuntimeError(f"the {processor.name} PPU has no program; load one over chip.link first")
    profiled = {}
    for bound in processor.bound_kernels():
        arrays = [processor.regions[name] for name in bound.kernel.regions]
        profiled[bound.kernel] = ProfiledKernel(bound.form, processor.vector, arrays)
    processor.kernels.update(profiled)
    processor.observers.append(_look_away)  # where somebody listens, the processor runs each kernel itself
    return list(profiled.values())
