"""A plasticity processor: runs one program's generator and executes the operations that it yields.

Every public method that returns a SimPy event is an operation: ``yield ppu.load_weights(...)``. It starts at once,
takes its booked cycles, and each of its elements acts at its own time. Kernels compute at their start: nothing but
their own PPU sees the SRAM that they write before they end.

What the cycles mean: busy cycles are those of kernels and bus operations; waiting for a doorbell is idle. The few
instructions of control flow between two operations are booked as ``ISSUE_CYCLES`` (assumed), reading a word of SRAM to
decide on the way as a scalar load.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import simpy

from chip import constants as c
from chip.errors import LossError, MachineFault
from chip.fpga import RECORD_HEADER_WORDS, RECORD_SLOTS, record_address
from chip.ppu.processor_core import DOORBELL_LINES, SAMPLE_LINE, WORD_CYCLES, ProcessorCore

SAMPLES_OF_SPIKES = 64  # the core's log of spikes is cut after so many samples, unless the chip keeps it
ALL_LANES = np.ones(c.LANES, np.uint8)
ALL_LANES.setflags(write=False)


class Processor(ProcessorCore):
    """One PPU with everything that a program may yield; see :class:`chip.ppu.processor_core.ProcessorCore`."""

    # ------------------------------------------------------------------ computing

    def run(self, kernel, *arguments: int) -> simpy.Event:
        """Run a kernel of this program; it takes the cycles that its instructions book."""
        try:
            bound = self._kernels[kernel]
        except KeyError:
            name = getattr(kernel, "name", kernel)
            raise MachineFault(
                f"program {self.program.name} runs kernel {name!r}, which its `kernels` do not list"
            ) from None
        cycles = bound(self.config.ppu.kernel_limit_cycles, *arguments)
        self._kernel, self._kernel_end_ns = kernel, self._start_ns() + cycles * c.PPU_CLOCK_NS
        return self._spend("kernel", cycles)

    def word(self, region: str, index: int = 0) -> int:
        """Read one element of SRAM to decide on the way; booked as a scalar load."""
        values = self._region(region)
        self._check_index(f"element of region {region}", index, values.size)
        self._owe("kernel", WORD_CYCLES)
        return int(values[index])

    def wait(self, cycles: int) -> simpy.Event:
        """Sleep; idle time."""
        self._check_index("a wait of", cycles, 1 << 62)
        return self._spend("wait", 0, idle_cycles=int(cycles))

    @property
    def time_base(self) -> int:
        """The 64-bit time base: PPU cycles since the chip was started; reading it is booked as a scalar load."""
        self._owe("kernel", WORD_CYCLES)
        return self.environment.now // c.PPU_CLOCK_NS + self._owed_cycles

    def wait_until(self, cycle: int) -> simpy.Event:
        """Sleep until the time base reads ``cycle``; goes on at once where it is past that."""
        self._check_index("a wait until", cycle, 1 << 62)
        begun = self._start_ns() // c.PPU_CLOCK_NS
        return self._spend("wait", 0, idle_cycles=max(0, int(cycle) - begun))

    # ------------------------------------------------------------------ synapses, neurons, CADC of this hemisphere

    def load_weights(self, rows: int | Sequence[int], half: int, into: str) -> simpy.Event:
        """Read half rows of weights into SRAM, 128 bytes each: one bus access and one SRAM vector store a row."""
        self._check_index("half", half, c.HALVES)
        rows, target = self._rows(rows, into)
        target[...] = self.chip.synapse_memory[self.hemisphere, rows, half]
        return self._spend("weights", len(rows) * (c.WEIGHT_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES))

    def store_weights(self, rows: int | Sequence[int], half: int, source: str) -> simpy.Event:
        """Write half rows of weights from SRAM; row i acts when its bus access ends. The low 6 bits are taken."""
        self._check_index("half", half, c.HALVES)
        rows, values = self._rows(rows, source)
        if (values > c.WEIGHT_MAX).any():
            self._weights_overflow(rows, values)
        values = values & c.WEIGHT_MAX
        row_cycles = c.SRAM_VECTOR_LOAD_CYCLES + c.WEIGHT_STORE_CYCLES
        start_ns = self._start_ns()
        times_ns = start_ns + np.arange(1, len(rows) + 1) * row_cycles * c.PPU_CLOCK_NS
        self.chip.synapse_memory[self.hemisphere, rows, half] = values
        self.chip.core.post_weight_rows(times_ns, self.hemisphere, rows, half, values)
        return self._spend("weights", len(rows) * row_cycles)

    def reset_neurons(self, halves: Sequence[int] = (c.EVEN,), mask: np.ndarray | None = None) -> simpy.Event:
        """Pull membranes to their reset potential: one vector write a half, acting when it ends.

        ``mask`` is uint8[128], nonzero where a lane is reset; by default all are.
        """
        for half in halves:
            self._check_index("half", half, c.HALVES)
        mask = ALL_LANES if mask is None else mask
        start_ns = self._start_ns()
        for count, half in enumerate(halves, 1):
            time_ns = start_ns + count * c.NEURON_RESET_CYCLES * c.PPU_CLOCK_NS
            self.chip.core.post_neuron_reset(time_ns, self.hemisphere, half, mask)
        return self._spend("neuron reset", len(halves) * c.NEURON_RESET_CYCLES)

    def read_cadc(self, into: str, halves: Sequence[int] = (c.EVEN,)) -> simpy.Event:
        """Convert all membranes of this hemisphere now and store the named halves in SRAM, 128 bytes each."""
        for half in halves:
            self._check_index("half", half, c.HALVES)
        target = self._vectors(into, len(halves))
        ticket = self.chip.core.post_cadc(self._start_ns(), self.hemisphere)

        def deliver(_):
            target[...] = self.chip.core.cadc_result(ticket)[list(halves)]

        cadc = self.config.cadc
        cycles = cadc.read_cycles + (len(halves) - 1) * cadc.buffered_read_cycles
        return self._spend("cadc", cycles + len(halves) * c.SRAM_VECTOR_STORE_CYCLES, then=deliver)

    def sample_membranes(self, count: int, into: str, period_ns: int = c.CADC_SAMPLE_PERIOD_NS) -> simpy.Event:
        """Convert the even membranes ``count`` times, one vector of SRAM each, the first one now.

        A sample is stored while the next one converts.

        Raises:
            ValueError: a period below 1700 ns or below a conversion, or off the 4 ns clock.
        """
        self._check_index("a count of", count, 1 << 20, start=1)
        shortest_ns = max(c.CADC_SAMPLE_PERIOD_NS, self.config.cadc.read_cycles * c.PPU_CLOCK_NS)
        self._check_index("a period of", period_ns, 1 << 40)
        if period_ns < shortest_ns or period_ns % c.PPU_CLOCK_NS:
            raise ValueError(
                f"a CADC sample period of {period_ns} ns; it must be a multiple of {c.PPU_CLOCK_NS} ns and at least "
                f"{shortest_ns} ns"
            )
        target = self._vectors(into, count)
        start_ns = self._start_ns()
        tickets = [self.chip.core.post_cadc(start_ns + i * period_ns, self.hemisphere) for i in range(count)]

        def deliver(_):
            for vector, ticket in zip(target, tickets, strict=True):
                vector[...] = self.chip.core.cadc_result(ticket)[c.EVEN]

        last = self.config.cadc.read_cycles + c.SRAM_VECTOR_STORE_CYCLES
        return self._spend("cadc", (count - 1) * int(period_ns) // c.PPU_CLOCK_NS + last, then=deliver)

    # ------------------------------------------------------------------ external memory

    def load_external(self, address: int, into: str, vectors: int = 1, offset: int = 0) -> simpy.Event:
        """Copy vectors of 128 bytes from external memory to SRAM region ``into``, from byte ``offset`` of it on.

        The values are those at the end of the transfer.
        """
        self._check_index("a vector count of", vectors, 1 << 20, start=1)
        target = self._bytes(into, offset, vectors * c.VECTOR_BYTES)
        source = self.chip.external.view(address, vectors * c.VECTOR_BYTES)

        def deliver(_):
            target[...] = source

        cycles = vectors * (c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES)
        return self._spend("external load", cycles, then=deliver)

    def store_external(self, address: int, source: str, vectors: int = 1, offset: int = 0) -> simpy.Event:
        """Copy vectors of 128 bytes from SRAM to external memory; they are there when the operation ends."""
        self._check_index("a vector count of", vectors, 1 << 20, start=1)
        values = self._bytes(source, offset, vectors * c.VECTOR_BYTES).copy()
        target = self.chip.external.view(address, vectors * c.VECTOR_BYTES)

        def deliver(_):
            target[...] = values

        posted = c.EXTERNAL_STORE_CYCLES + (vectors - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES
        return self._spend("external store", posted + vectors * c.SRAM_VECTOR_LOAD_CYCLES, then=deliver)

    def load_record(self, slot: int, into: str) -> simpy.Event:
        """Copy the spike record ``slot`` to SRAM, see :class:`chip.fpga.SpikeWriter`.

        ``into`` has room for 1024 bytes, for example ``u32[256]``: word 0 is the number of spikes, word 1 the sample's
        tag, then time stamp << 16 | label each. Events that the crossbar returns to the FPGA stand in it too. The first
        vector holds the count, which says how many more follow; all of them are one operation.
        """
        self._check_index("record slot", slot, RECORD_SLOTS)
        if not self.config.fpga.spike_writer:
            raise MachineFault(f"program {self.program.name} reads a spike record, but fpga.spike_writer is off")
        address = record_address(slot)
        spikes = int(self.chip.external.view(address, 4).view(np.uint32)[0])
        vectors = -(-4 * (RECORD_HEADER_WORDS + spikes) // c.VECTOR_BYTES)
        return self.load_external(address, into, vectors)

    # ------------------------------------------------------------------ samples, doorbells, the other PPU

    def play(self, sample: int, slot: int = 0, ring: Sequence[int] = ()) -> simpy.Event:
        """Have the FPGA play a sample; ends with the doorbell after its spike record is complete in ``slot``.

        ``ring`` names further hemispheres whose sample doorbell rings at the same time. The request is busy time, the
        sample is not.
        """
        self._check_index("record slot", slot, RECORD_SLOTS)
        for hemisphere in ring:
            self._check_index("hemisphere", hemisphere, c.HEMISPHERES)
        self._check_index("sample", sample, 1 << 40)
        chip, fpga = self.chip, self.config.fpga
        request = self.config.ppu.omnibus_write_cycles
        request_ns = self._start_ns() + request * c.PPU_CLOCK_NS
        zero_ns, end_ns = chip.player.play(chip.core, sample, request_ns)
        doorbell_ns = end_ns + fpga.writer_latency_ns + fpga.doorbell_latency_ns
        tag = int(chip.player.samples.tags[sample])

        def finish(_):
            chip.core.advance(self.environment.now)
            chip.writer.write(chip.core, slot, zero_ns, end_ns, tag)
            if not chip.keep_spikes and chip.player.played % SAMPLES_OF_SPIKES == 0:
                chip.core.forget_before(end_ns)
            for hemisphere in ring:
                chip.processors[hemisphere]._ring(SAMPLE_LINE)

        return self._spend("play", request, idle_cycles=(doorbell_ns - request_ns) // c.PPU_CLOCK_NS, then=finish)

    def ring(self, hemisphere: int, line: int) -> simpy.Event:
        """Ring a doorbell line of a PPU: one write over the Omnibus."""
        self._check_index("hemisphere", hemisphere, c.HEMISPHERES)
        self._check_index("doorbell line", line, DOORBELL_LINES)
        other = self.chip.processors[hemisphere]
        return self._spend("omnibus", self.config.ppu.omnibus_write_cycles, then=lambda _: other._ring(line))

    def send(self, hemisphere: int, source: str, into: str, line: int, nbytes: int | None = None) -> simpy.Event:
        """Write ``nbytes`` (all) of region ``source`` into region ``into`` of the other PPU, then ring ``line``.

        Word by word over the Omnibus. The other PPU must not be in a kernel that uses the region: such a race is
        counted as late work and, on a strict chip, an error.
        """
        self._check_index("hemisphere", hemisphere, c.HEMISPHERES)
        self._check_index("doorbell line", line, DOORBELL_LINES)
        size = self._region(source).nbytes
        nbytes = size if nbytes is None else nbytes
        self._check_index("a transfer of", nbytes, size + 1)
        values = self._bytes(source, 0, nbytes).copy()
        other = self.chip.processors[hemisphere]
        target = other._bytes(into, 0, values.size)
        words = -(-values.size // 4)

        def deliver(_):
            other._check_race(into)
            target[...] = values
            other._ring(line)

        return self._spend("omnibus", (words + 1) * self.config.ppu.omnibus_write_cycles, then=deliver)

    def wait_doorbell(self, line: int = SAMPLE_LINE) -> simpy.Event:
        """Sleep until the line rings; returns at once where it already has. Answering clears it."""
        self._check_index("doorbell line", line, DOORBELL_LINES)
        if self._pending[line]:
            self._pending[line] = False
            return self._spend("wait", 0)
        self._check_yielded()
        self._issued = self._waiting[line] = self.environment.event()
        return self._issued

    def _weights_overflow(self, rows: np.ndarray, values: np.ndarray) -> None:
        row, lane = (int(i) for i in np.argwhere(values > c.WEIGHT_MAX)[0])
        self.chip.weight_overflows += int((values > c.WEIGHT_MAX).sum())
        if self.config.strict:
            raise LossError(
                f"program {self.program.name} writes weight {values[row, lane]} to row {rows[row]}, lane {lane}; the "
                f"synapse keeps 6 bits (0..{c.WEIGHT_MAX}): clip before the store"
            )
