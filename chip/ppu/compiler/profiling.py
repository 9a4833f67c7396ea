"""Where a kernel's cycles go: exact counts of its basic blocks, by a second compilation that counts them.

    profiled = profile(chip.processors[0])               # before the chip starts
    chip.run()
    for kernel in profiled:
        print(kernel.kernel.name, kernel.calls, kernel.cycles, kernel.cycles_by_instruction())

The generated text of the kernel gets one more argument, and one addition beside every booking of cycles. Which
instructions a block books, the compiler knows. Kernels that nobody profiles are as they were.
"""

from __future__ import annotations

import ast
from collections import Counter

import numpy as np

from chip.ppu.compiler.build import load_function
from chip.ppu.compiler.kernel import BoundKernel, Kernel
from chip.ppu.costs import COSTS
from chip.ppu.vector.unit import VectorUnit


class _Counting(ast.NodeTransformer):
    """Adds an array of counts to the routines of a generated module."""

    def __init__(self, kernel: Kernel):
        self.routines = {translated.name for translated in kernel.routines.values()}
        self.position = {f"kernel_{kernel.name}": 2 + len(kernel.regions)}  # behind the regions; first in a subroutine
        self.blocks = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.args.args.insert(self.position.get(node.name, 0), ast.arg("_counts"))
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self.routines:
            node.args.insert(0, ast.Name("_counts", ast.Load()))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt] | ast.AugAssign:
        if not (isinstance(node.target, ast.Name) and node.target.id == "_cy"):
            return node
        count = ast.parse(f"_counts[{self.blocks}] += 1").body[0]
        self.blocks += 1
        return [node, count]


class ProfiledKernel(BoundKernel):
    """A bound kernel that counts how often each of its basic blocks is entered.

    Attributes:
        counts: int64[blocks], all calls so far.
    """

    __slots__ = ("_blocks", "counts")

    def __init__(self, kernel: Kernel, unit: VectorUnit, arrays: list[np.ndarray]):
        counting = _Counting(kernel)
        tree = ast.fix_missing_locations(counting.visit(ast.parse(kernel.text)))
        self._blocks = [(r.routine, block) for r, t in kernel.routines.items() for block in t.booked]
        assert counting.blocks == len(self._blocks)
        self.counts = np.zeros(max(1, counting.blocks), np.int64)
        function = load_function(f"kernel_{kernel.name}", ast.unparse(tree) + "\n")
        super().__init__(kernel, unit, [*arrays, self.counts], function)

    @property
    def calls(self) -> int:
        """How often the kernel was called."""
        entry = self.kernel.routines[self.kernel].booked[0]
        return next(int(n) for n, (_, block) in zip(self.counts, self._blocks, strict=True) if block is entry)

    @property
    def cycles(self) -> int:
        """Cycles of all calls."""
        return sum(int(n) * block.cycles for n, (_, block) in zip(self.counts, self._blocks, strict=True))

    def cycles_by_instruction(self) -> Counter[str]:
        """Return the cycles by instruction of ``chip.ppu.costs.COSTS``; their sum is :attr:`cycles`."""
        found: Counter[str] = Counter()
        for count, (_, block) in zip(self.counts, self._blocks, strict=True):
            for _, name, number in block.instructions:
                found[name] += int(count) * number * COSTS[name].cycles
        return +found

    def cycles_by_line(self) -> Counter[tuple[str, int]]:
        """Return the cycles by file and line of the statement; their sum is :attr:`cycles`."""
        found: Counter[tuple[str, int]] = Counter()
        for count, (routine, block) in zip(self.counts, self._blocks, strict=True):
            for line, name, number in block.instructions:
                found[routine.file, line] += int(count) * number * COSTS[name].cycles
        return +found


def profile(processor) -> list[ProfiledKernel]:
    """Make a loaded processor count; return its kernels, in the order of its program's. Bytes and cycles stay the same.

    Raises:
        RuntimeError: the processor has no program.
    """
    if processor.program is None:
        raise RuntimeError(f"the {processor.name} PPU has no program; load one over chip.link first")
    profiled = {}
    for bound in processor.bound_kernels():
        kernel = bound.kernel
        arrays = [processor.regions[name] for name in kernel.regions]
        profiled[kernel] = ProfiledKernel(kernel, processor.vector, arrays)
    processor._kernels.update(profiled)
    return list(profiled.values())
