"""What a plasticity processor does to its hemisphere: rows of weights, neuron resets, conversions, counters, events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import numpy as np

from chip import constants as c
from chip.analog.operations import lanes_of
from chip.analog.posting import BAD_ROW, BAD_WEIGHT
from chip.errors import LossError, MachineFault
from chip.ppu.processor.core import WORD_CYCLES, Operation, Place, ProcessorCore

HALF_ROW = np.dtype((np.void, c.LANES))  # as one element, which numpy moves several times as fast
EVEN_HALF, BOTH_HALVES = (c.EVEN,), (c.EVEN, c.ODD)
ROW_WRITE_CYCLES = c.SRAM_VECTOR_LOAD_CYCLES + c.WEIGHT_STORE_CYCLES  # of a half row from SRAM
ROW_WRITES_NS = np.arange(1, c.ROWS + 1) * (ROW_WRITE_CYCLES * c.PPU_CLOCK_NS)  # ends of writes, one after the other
NEURON_RESET_NS = c.NEURON_RESET_CYCLES * c.PPU_CLOCK_NS  # of a half
ALL_LANES = tuple(range(c.LANES))


class ArrayOperations(ProcessorCore):
    """The operations of :class:`chip.ppu.processor.processor.Processor` on synapse array, neurons and converters."""

    def load_row(self, row: int, into: Place) -> Operation:
        """Read the weights of a row, even lanes, then odd ones: into 256 bytes of SRAM or into two vector registers."""
        self._check_index("row", row, c.ROWS)
        target, cycles = self._targets(into, c.HALVES)
        target[...] = self.chip.synapse_memory[self.hemisphere, row]
        return self._spend("weights", c.HALVES * (c.WEIGHT_LOAD_CYCLES + cycles))

    def store_row(self, row: int, source: Place) -> Operation:
        """Write the weights of a row from SRAM or two vector registers; each half acts when its bus access ends."""
        self._check_index("row", row, c.ROWS)
        values = self._targets(source, c.HALVES)[0][...]
        each = c.WEIGHT_STORE_CYCLES + (c.SRAM_VECTOR_LOAD_CYCLES if isinstance(source, str) else 0)
        first_ns, chip = self._start_ns() + each * c.PPU_CLOCK_NS, self.chip
        if not chip.core.post_row(first_ns, each * c.PPU_CLOCK_NS, self.hemisphere, row, values):
            self._weights_overflow(np.full(c.HALVES, row), values)
            values = values & c.WEIGHT_MAX
            chip.core.post_row(first_ns, each * c.PPU_CLOCK_NS, self.hemisphere, row, values)
        chip.synapse_memory[self.hemisphere, row] = values
        return self._spend("weights", c.HALVES * each)

    def load_weights(self, rows: int | Sequence[int], half: int, into: str) -> Operation:
        """Read half rows of weights into SRAM, 128 bytes each: one bus access and one SRAM vector store a row."""
        self._check_index("half", half, c.HALVES)
        rows, target = self._rows(rows, into)
        if np.bitwise_or.reduce(rows) >> 8:
            self._refuse_rows(rows)
        target.view(HALF_ROW)[:, 0] = self.chip.half_rows[self.hemisphere, half][rows]
        return self._spend("weights", len(rows) * (c.WEIGHT_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES))

    def store_weights(self, rows: int | Sequence[int], half: int, source: str) -> Operation:
        """Write half rows of weights from SRAM; row i acts when its bus access ends. The low 6 bits are taken."""
        self._check_index("half", half, c.HALVES)
        rows, values = self._rows(rows, source)
        chip, to = self.chip, (self._start_ns(), ROW_WRITES_NS[: rows.size], self.hemisphere, rows, half)
        status = chip.core.try_weight_rows(*to, values)
        if status == BAD_WEIGHT:
            self._weights_overflow(rows, values)
            values = values & c.WEIGHT_MAX
            status = chip.core.try_weight_rows(*to, values)
        if status == BAD_ROW:
            self._refuse_rows(rows)
        chip.half_rows[self.hemisphere, half][rows] = values.view(HALF_ROW)[:, 0]
        return self._spend("weights", rows.size * ROW_WRITE_CYCLES)

    def reset_neurons(self, halves: Sequence[int] = EVEN_HALF, mask: np.ndarray | str | None = None) -> Operation:
        """Reset neurons: one vector write a half, acting when it ends.

        A reset fires its neuron: the membrane goes to its reset potential and is held there for the refractory time,
        the spike counter counts, the event goes where ``Registers.event_output`` and the crossbar let it. All lanes are
        reset, or those whose byte in a mask is > 0 as a signed number, so none with 0x80 to 0xFF.

        Args:
            mask: uint8, int8 or bool [128] that every half takes, as if it stood in a vector register; or the name of
                a region of bytes, which holds 128 for each half in their order: each costs a vector load.

        Raises:
            MachineFault: a mask of another shape or of wider elements, or a region that is too short.
        """
        if halves is not EVEN_HALF:
            self._check_halves(halves)
        time_ns, core = self._start_ns(), self.chip.core
        if mask is None:
            for half in halves:
                time_ns += NEURON_RESET_NS
                core.post_neuron_reset(time_ns, self.hemisphere, half)
            return self._spend("neuron reset", len(halves) * c.NEURON_RESET_CYCLES)
        masks, load_cycles = self._reset_masks(mask, len(halves))
        each = load_cycles + c.NEURON_RESET_CYCLES
        for half, of_half in zip(halves, masks, strict=True):
            time_ns += each * c.PPU_CLOCK_NS
            core.post_neuron_reset(time_ns, self.hemisphere, half, of_half)
        return self._spend("neuron reset", len(halves) * each)

    def _reset_masks(self, mask: np.ndarray | str, halves: int) -> tuple[Sequence[np.ndarray], int]:
        """Return the mask of each half, and the cycles that it takes to load one."""
        if isinstance(mask, str):
            element = self._region(mask).dtype
            if element.itemsize > 1:
                raise MachineFault(
                    f"program {self.program.name} resets neurons by region {mask} of the {self.name} PPU, whose "
                    f"elements are {element}; a mask has a byte for each lane: declare it u8 or i8"
                )
            return self._vectors(mask, halves), c.SRAM_VECTOR_LOAD_CYCLES
        try:
            return (lanes_of(mask),) * halves, 0
        except ValueError as error:
            raise MachineFault(f"program {self.program.name} on the {self.name} PPU: {error}") from None

    def read_cadc(self, into: str, halves: Sequence[int] = EVEN_HALF) -> Operation:
        """Convert all membranes of this hemisphere now and store the named halves in SRAM, 128 bytes each."""
        if halves is not EVEN_HALF:
            self._check_halves(halves)
        if self.causal_channel != "membrane":
            self._refuse_membranes()
        count, core, cadc = len(halves), self.chip.core, self.config.cadc
        target = self._bytes(into, 0, count * c.VECTOR_BYTES)
        ticket = core.post_cadc(self._start_ns(), self.hemisphere)
        cycles = cadc.read_cycles + (count - 1) * cadc.buffered_read_cycles + count * c.SRAM_VECTOR_STORE_CYCLES
        if halves is EVEN_HALF:
            return self._spend("cadc", cycles, then=partial(core._copy_conversion, ticket, target))

        def deliver():
            target[...] = core.cadc_result(ticket)[list(halves)].reshape(-1)

        return self._spend("cadc", cycles, then=deliver)

    def sample_membranes(self, count: int, into: str, period_ns: int = c.CADC_SAMPLE_PERIOD_NS) -> Operation:
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
        if self.causal_channel != "membrane":
            self._refuse_membranes()
        target = self._vectors(into, count)
        start_ns = self._start_ns()
        tickets = [self.chip.core.post_cadc(start_ns + i * period_ns, self.hemisphere) for i in range(count)]

        def deliver():
            for vector, ticket in zip(target, tickets, strict=True):
                self.chip.core._copy_conversion(ticket, vector)

        last = self.config.cadc.read_cycles + c.SRAM_VECTOR_STORE_CYCLES
        return self._spend("cadc", (count - 1) * int(period_ns) // c.PPU_CLOCK_NS + last, then=deliver)

    def _refuse_membranes(self) -> NoReturn:
        raise MachineFault(
            f"program {self.program.name} converts membranes while the causal channels of the {self.name} "
            "hemisphere see the correlation sensors; yield ppu.connect('membrane') first"
        )

    # ------------------------------------------------------------------ spikes

    def read_spike_counters(
        self, into: str, halves: Sequence[int] = BOTH_HALVES, lanes: Sequence[int] = ALL_LANES, reset: bool = False
    ) -> Operation:
        """Read spike counters of this hemisphere into a region, one scalar access each, half after half.

        A counter has 8 bits and an overflow flag. An element of 8 bits takes the count modulo 256, a wider one has the
        flag in bit 8. With ``reset`` each counter is cleared by a write behind its read; a spike between the two is
        never counted.
        """
        self._check_halves(halves)
        self._check_sequence("lanes", lanes)
        for lane in lanes:
            self._check_index("lane", lane, c.LANES)
        if len(set(halves)) < len(halves) or len(set(lanes)) < len(lanes):
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU reads a spike counter twice at once: lanes "
                f"{list(lanes)} of halves {list(halves)}; name each once, or read again"
            )
        region, count = self._region(into), len(halves) * len(lanes)
        self._check_index(f"a count of spike counters for region {into} of", count, region.size + 1, start=1)
        target = self._bytes(into, 0, count * region.itemsize).view(region.dtype)
        core, base, ppu = self.chip.core, self.chip.counter_base, self.config.ppu
        write = ppu.omnibus_write_cycles if reset else 0
        each = ppu.counter_read_cycles + WORD_CYCLES + write
        start_ns = self._start_ns()
        read_ns = start_ns + (np.arange(count) * each + ppu.counter_read_cycles) * c.PPU_CLOCK_NS
        column = (c.HALVES * np.asarray(lanes) + np.asarray(halves)[:, None]).reshape(-1)
        neurons = self.hemisphere * c.COLUMNS + column
        core.keep_record(start_ns)

        def deliver():
            counts = core.spike_counts(neurons, read_ns) - base[neurons]
            target[...] = (counts & 0xFF) | ((counts > 0xFF) * 0x100 if target.itemsize > 1 else 0)
            if reset:
                base[neurons] = core.spike_counts(neurons, read_ns + write * c.PPU_CLOCK_NS)
            core.release_record(start_ns)

        return self._spend("spike counters", count * each, then=deliver)

    def inject_event(self, busses: Sequence[int], row_select: int, label: int) -> Operation:
        """Put one event on PADI busses of this hemisphere by a write over the Omnibus; it acts when the write ends.

        It does not pass the crossbar, so nobody records it. The busses must be this processor's:
        ``Registers.padi_from_processor``.
        """
        self._check_sequence("PADI busses", busses)
        given = self.chip.core.padi_from_processor[self.hemisphere]
        for bus in busses:
            self._check_index("PADI bus", bus, c.PADI_BUSSES)
            if not given[bus]:
                raise MachineFault(
                    f"program {self.program.name} puts an event on PADI bus {bus} of the {self.name} hemisphere, which "
                    f"takes its events from the crossbar; set registers.padi_from_processor[{self.hemisphere}, {bus}]"
                )
        self._check_index("row select", row_select, c.ROW_SELECT_MASK + 1)
        self._check_index("label", label, c.LABEL_MAX + 1)
        cycles = self.config.ppu.omnibus_write_cycles
        mask = sum({1 << int(bus) for bus in busses})
        time_ns = self._start_ns() + cycles * c.PPU_CLOCK_NS
        self.chip.core.post_padi_event(time_ns, self.hemisphere, mask, int(row_select), int(label))
        return self._spend("omnibus", cycles)

    def _weights_overflow(self, rows: np.ndarray, values: np.ndarray) -> None:
        row, lane = (int(i) for i in np.argwhere(values > c.WEIGHT_MAX)[0])
        self.chip.weight_overflows += int((values > c.WEIGHT_MAX).sum())
        if self.config.strict:
            raise LossError(
                f"program {self.program.name} writes weight {values[row, lane]} to row {rows[row]}, lane {lane}; the "
                f"synapse keeps 6 bits (0..{c.WEIGHT_MAX}): clip before the store"
            )
