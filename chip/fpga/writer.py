"""The spike writer: gateware that we assume, which puts a sample's spikes where a processor can read them."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.errors import LossError
from chip.fpga.memory import BLOCK_RAM_BASE, ExternalMemory

RECORD_BYTES = FpgaConfig().record_bytes  # room for one sample's spike record by default: header and 254 spikes
RECORD_SLOTS = 2
RECORD_HEADER_WORDS = 2
RECORD_SPIKES = RECORD_BYTES // 4 - RECORD_HEADER_WORDS
VECTOR_WORDS = c.VECTOR_BYTES // 4


def record_address(slot: int, record_bytes: int = RECORD_BYTES) -> int:
    """Address of spike record ``slot``; the records lie at the end of the block RAM."""
    return BLOCK_RAM_BASE + c.BLOCK_RAM_BYTES - (RECORD_SLOTS - slot) * record_bytes


class SpikeWriter:
    """Writes a sample's recorded spikes to block RAM as 32-bit words: count, tag, then time stamp << 16 | label.

    Time stamps count 8 ns since the sample's time zero. Spikes beyond the record's room are lost, counted and, on a
    strict chip, an error.

    Attributes:
        most_spikes: that a record has room for.
        lost, written: spikes so far.
    """

    def __init__(self, config: FpgaConfig, memory: ExternalMemory, strict: bool):
        self.config, self.strict = config, strict
        nbytes = config.record_bytes
        self.most_spikes = nbytes // c.WORD_BYTES - RECORD_HEADER_WORDS
        memory.block_ram_end = record_address(0, nbytes)
        self._bytes = [memory.view(record_address(slot, nbytes), nbytes) for slot in range(RECORD_SLOTS)]
        self._spikes = [record.view(np.uint32)[RECORD_HEADER_WORDS:] for record in self._bytes]
        self._words = [memoryview(record.view(np.uint32)) for record in self._bytes]
        sizes = [-(-(RECORD_HEADER_WORDS + n) // VECTOR_WORDS) * c.VECTOR_BYTES for n in range(self.most_spikes + 1)]
        self._filled = [[memoryview(record)[:size] for size in sizes] for record in self._bytes]  # by their counts
        self.lost = self.written = 0

    def filled(self, slot: int) -> memoryview:
        """The bytes of the vectors of a record that hold its header and its spikes, by the count in its header."""
        count = self._words[slot][0]
        return self._filled[slot][count if count < self.most_spikes else self.most_spikes]

    def part(self, slot: int, first: int, nbytes: int) -> memoryview:
        """Bytes of a record from byte ``first`` on."""
        return self._filled[slot][-1][first : first + nbytes]

    def write(self, core, slot: int, zero_ns: int, end_ns: int, tag: int) -> None:
        """Write the record of the spikes in ``zero_ns <= t < end_ns``; the core must stand behind ``end_ns``."""
        if not self.config.spike_writer:
            return
        found = core.pack_spikes(zero_ns, end_ns, c.FPGA_CLOCK_NS, self._spikes[slot])
        kept = found if found < self.most_spikes else self.most_spikes
        words = self._words[slot]
        words[0], words[1] = kept, tag
        self.written += kept
        if kept < found:
            self.lost += found - kept
            if self.strict:
                raise LossError(
                    f"the spike record of a sample is full: {found} spikes, room for {self.most_spikes}; "
                    "let the network spike less, record fewer neurons, or give it more fpga.record_bytes"
                )
