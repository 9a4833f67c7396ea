"""The instruction cache in front of external memory, for programs whose code lies there.

The model is the simplest that is honest about order of magnitude: a routine is in the cache as a whole or not at all.
When a kernel begins, whichever of its routines are missing are fetched, line by line, each line at the cost of a vector
load from external memory; the longest unused ones make room. While a kernel runs nothing is fetched: what a kernel that
is larger than the cache would pay for evicting its own code in a loop is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chip.base.config import PpuConfig
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.linker import START_CODE_BYTES

_TASKS = "tasks"  # they run between kernels, and so stay in the cache with the start-up code


class InstructionCache:
    """Which routines of one program are in the cache, the longest unused first.

    Attributes:
        size: bytes, whole lines; line: bytes of one line; miss_cycles: PPU cycles for fetching a line.
        fetched_lines: so far.
    """

    def __init__(self, config: PpuConfig, task_bytes: int = 0):
        """Make an empty cache for a program with so many bytes of code in its tasks."""
        self._between_bytes = START_CODE_BYTES + task_bytes
        self.line, self.miss_cycles = config.instruction_cache_line_bytes, config.instruction_cache_miss_cycles
        self.size = config.instruction_cache_bytes // self.line * self.line
        self.fetched_lines = 0
        self._lines: dict[Any, int] = {}  # of each routine that is in the cache

    def fetch(self, kernel: Kernel) -> int:
        """Bring a kernel's code into the cache; return the PPU cycles that it takes, 0 where all of it is there."""
        missing = 0
        for routine, size in ((_TASKS, self._between_bytes), *kernel.code_sizes.items()):
            lines = self._lines.pop(routine, 0)  # and back to the end: the last one used
            if lines == 0:
                lines = -(-size // self.line)
                missing += lines
            self._lines[routine] = lines
        self._make_room()
        self.fetched_lines += missing
        return missing * self.miss_cycles

    def _make_room(self) -> None:
        """Drop the longest unused routines until the rest fits; one that is larger than the cache never stays."""
        while sum(self._lines.values()) * self.line > self.size:
            del self._lines[next(iter(self._lines))]

    def snapshot(self, kernels: Iterable[Kernel]) -> dict[str, Any]:
        """Return what is in it, of a program's kernels, the longest unused first."""
        routines = self._routines(kernels)
        lines = [[routines.index(routine), lines] for routine, lines in self._lines.items()]
        return {"fetched_lines": self.fetched_lines, "lines": lines}

    def restore(self, saved: dict[str, Any], kernels: Iterable[Kernel]) -> None:
        """Take back what :meth:`snapshot` returned."""
        routines = self._routines(kernels)
        self.fetched_lines = saved["fetched_lines"]
        self._lines = {routines[number]: lines for number, lines in saved["lines"]}

    def _routines(self, kernels: Iterable[Kernel]) -> list[Any]:
        return list(dict.fromkeys((_TASKS, *(routine for kernel in kernels for routine in kernel.code_sizes))))
