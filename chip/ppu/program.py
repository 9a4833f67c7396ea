"""What runs on the plasticity processors: a :class:`Program` is one PPU's, a :class:`Firmware` the chip's."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.ppu.memory import Memory
from chip.registers import Registers


class Program:
    """One PPU's program: regions in SRAM, kernels that compute, a generator that waits.

    A subclass gives ``name``, ``memory`` and ``kernels``, and writes :meth:`main`. What takes time on a bus is an
    operation of :class:`chip.ppu.processor.Processor` that ``main`` yields; everything else belongs into kernels,
    which pay for their arithmetic.

    Attributes:
        name: for reports and fault messages.
        memory: the regions of SRAM, see :class:`chip.ppu.memory.Memory`.
        kernels: every kernel that ``main`` runs; the linker places their code.
        code_in: ``"sram"``, or ``"external"`` for code that runs from external memory; its cache misses cost nothing in
            this model, which the reports say.
    """

    name: str = "program"
    memory: Memory = Memory()
    kernels: tuple = ()
    code_in: str = "sram"

    def image(self) -> dict[str, np.ndarray]:
        """Initial contents of regions, by name; regions left out start as zeros."""
        return {}

    def main(self, ppu) -> Generator:
        """Yield operations of ``ppu``; return the exit code, an int."""
        raise TypeError(f"program {self.name} has no main(self, ppu)")


class Firmware:
    """Programs for both PPUs and the registers that they expect: what a host loads before it starts the chip."""

    name: str = "firmware"

    def registers(self) -> Registers:
        """All registers of the chip."""
        raise TypeError(f"firmware {self.name} has no registers(self)")

    def programs(self) -> tuple[Program | None, Program | None]:
        """The programs of the top and the bottom PPU; None leaves a PPU asleep."""
        raise TypeError(f"firmware {self.name} has no programs(self)")

    def assumptions(self) -> list[str]:
        """One sentence for everything that this firmware takes for granted and no source confirms."""
        return []
