"""A plain model of a chip and its host link: what :class:`chip.testing.machine.ChipMachine` holds a chip against.

It has no clock, no queues and no compiled code: weights in an array, SRAM regions and external memory as bytes,
doorbells as flags, the link as three counts. What the analog core decides (membranes, spike records) comes from the
chip.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.processor.operation import Operation
from chip.ppu.program import Program
from chip.ppu.tasks import DOORBELL_LINES


class ChipModel:
    """What a chip holds, in the order in which things were asked for.

    Attributes:
        weights: uint8[2, 256, 256], [hemisphere, row, column].
        regions: of each PPU, the bytes of each region by name.
        external: bytes of the vectors of external memory that were stored, by address; others are 0.
        pending: of each PPU, which doorbell lines have rung and were not answered.
        lost_doorbells, overflows, played: counts.
        link_bytes, refused: what crossed the link by phase, and what was refused.
    """

    def __init__(self, registers: Registers, programs: tuple[Program, Program], config: ChipConfig):
        self.config = config
        self.weights = registers.weights.copy()
        self.regions = [_initial_regions(program) for program in programs]
        self.external: dict[int, np.ndarray] = {}
        self.pending = [[False] * DOORBELL_LINES for _ in programs]
        self.lost_doorbells = self.overflows = self.played = 0
        self.link_bytes = {"before": 0, "during": 0, "after": 0}
        self.refused = 0

    def do(self, side: int, operation: Operation) -> int | None:
        """Do an operation; return the cycles that it takes, None where the analog core or a kernel decides."""
        return getattr(self, f"_{operation.name}")(side, *operation.arguments)

    def transfer(self, phase: str, nbytes: int) -> bool:
        """Count a transfer of so many bytes over the host link; say whether it is allowed."""
        if phase == "during":
            self.refused += 1
            return False
        self.link_bytes[phase] += -(-nbytes // 4) * 16  # two instructions of 8 bytes a word
        return True

    # ------------------------------------------------------------------ operations

    def _wait(self, side: int, cycles: int) -> int:
        return cycles

    def _load_weights(self, side: int, rows: list[int], half: int, into: str) -> int:
        values = self.weights[side, rows, half::2]
        self.regions[side][into][: values.size] = values.ravel()
        return len(rows) * (c.WEIGHT_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES)

    def _store_weights(self, side: int, rows: list[int], half: int, source: str) -> int:
        values = self.regions[side][source][: len(rows) * c.LANES].reshape(-1, c.LANES)
        self.overflows += int((values > c.WEIGHT_MAX).sum())
        self.weights[side, rows, half::2] = values % (c.WEIGHT_MAX + 1)
        return len(rows) * (c.SRAM_VECTOR_LOAD_CYCLES + c.WEIGHT_STORE_CYCLES)

    def _load_external(self, side: int, address: int, into: str, vectors: int, offset: int) -> int:
        for vector in range(vectors):
            at = offset + vector * c.VECTOR_BYTES
            stored = self.external.get(address + vector * c.VECTOR_BYTES, 0)
            self.regions[side][into][at : at + c.VECTOR_BYTES] = stored
        return vectors * (c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES)

    def _store_external(self, side: int, address: int, source: str, vectors: int, offset: int) -> int:
        for vector in range(vectors):
            at = offset + vector * c.VECTOR_BYTES
            stored = self.regions[side][source][at : at + c.VECTOR_BYTES].copy()
            self.external[address + vector * c.VECTOR_BYTES] = stored
        further = (vectors - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES
        return c.EXTERNAL_STORE_CYCLES + further + vectors * c.SRAM_VECTOR_LOAD_CYCLES

    def _send(self, side: int, hemisphere: int, source: str, into: str, line: int, nbytes: int) -> int:
        self.regions[hemisphere][into][:nbytes] = self.regions[side][source][:nbytes]
        self._ring(side, hemisphere, line)
        return (-(-nbytes // 4) + 1) * self.config.ppu.omnibus_write_cycles

    def _ring(self, side: int, hemisphere: int, line: int) -> int:
        self.lost_doorbells += self.pending[hemisphere][line]
        self.pending[hemisphere][line] = True
        return self.config.ppu.omnibus_write_cycles

    def _wait_doorbell(self, side: int, line: int) -> int:
        self.pending[side][line] = False
        return 0

    def _reset_neurons(self, side: int, halves: tuple[int, ...], mask: str | None) -> int:
        return len(halves) * (c.NEURON_RESET_CYCLES + (c.SRAM_VECTOR_LOAD_CYCLES if mask else 0))

    def _read_cadc(self, side: int, into: str, halves: tuple[int, ...]) -> int:
        cadc = self.config.cadc
        further = (len(halves) - 1) * cadc.buffered_read_cycles
        return cadc.read_cycles + further + len(halves) * c.SRAM_VECTOR_STORE_CYCLES

    def _sample_membranes(self, side: int, count: int, into: str, period_ns: int) -> int:
        periods = (count - 1) * period_ns // c.PPU_CLOCK_NS
        return periods + self.config.cadc.read_cycles + c.SRAM_VECTOR_STORE_CYCLES

    def _load_record(self, side: int, slot: int, into: str) -> None:
        return None

    def _play(self, side: int, sample: int, slot: int, ring: tuple[int, ...]) -> None:
        self.played += 1
        for hemisphere in ring:
            self._ring(side, hemisphere, 0)

    def _run(self, side: int, kernel: Kernel, amount: int) -> None:
        """The kernel ``nudge``; nobody else is modelled."""
        regions = self.regions[side]
        row = regions["weights"][: c.LANES].astype(int) + amount + (regions["mixed"] & 3)
        regions["weights"][: c.LANES] = np.minimum(c.WEIGHT_MAX, row)


def _initial_regions(program: Program) -> dict[str, np.ndarray]:
    regions = {name: np.zeros(region.size, np.uint8) for name, region in program.memory.items()}
    for name, values in program.image().items():
        regions[name][:] = np.asarray(values, program.memory[name].dtype).view(np.uint8)
    return regions
