"""A plasticity processor: runs one program's generator and executes the operations that it yields.

Every public method that returns an ``Operation`` is one: ``yield ppu.load_weights(...)``. It starts at once, takes its
booked cycles, and each of its elements acts at its own time. Kernels compute at their start: nothing but their own PPU
sees the SRAM that they write before they end.

What the cycles mean: busy cycles are those of kernels and bus operations; waiting for a doorbell is idle. The few
instructions of control flow between two operations are booked as ``ISSUE_CYCLES`` (assumed), reading a word of SRAM to
decide on the way as a scalar load.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from chip import constants as c
from chip.constants import PPU_CLOCK_NS
from chip.errors import LossError, MachineFault
from chip.fpga import RECORD_SLOTS
from chip.ppu.memory import LinkMap
from chip.ppu.processor.array import ArrayOperations
from chip.ppu.processor.chaining import Chaining
from chip.ppu.processor.core import (
    ASLEEP,
    DOORBELL_LINES,
    ISSUE_CYCLES,
    SAMPLE_LINE,
    WORD_BYTES,
    WORD_CYCLES,
    Operation,
    ProcessorCore,
)
from chip.ppu.processor.doorbells import DoorbellOrTime
from chip.ppu.processor.instruction_cache import InstructionCache
from chip.ppu.processor.recorder import Recorder
from chip.ppu.processor.scheduler import PASS_CYCLES, Scheduler
from chip.ppu.processor.sensors import SensorOperations
from chip.ppu.program import Program

LONGEST_CYCLES = 1 << 48  # of a wait, 13 days
COPY_CYCLES = c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES  # of a vector of external memory
SAMPLES_OF_SPIKES = 256  # the core's log of spikes is cut after so many samples, unless the chip keeps it


class Processor(ArrayOperations, SensorOperations, Chaining):
    """One PPU with everything that a program may yield.

    Operations on its hemisphere are in :class:`chip.ppu.processor.array.ArrayOperations` and
    :class:`chip.ppu.processor.sensors.SensorOperations`, what makes one of several in
    :class:`chip.ppu.processor.chaining.Chaining`, what all stand on in :class:`chip.ppu.processor.core.ProcessorCore`.

    Attributes:
        scheduler: the state of the program's tasks; recorder: its recordings. Both are empty without a program.
    """

    def __init__(self, chip, hemisphere: int):
        super().__init__(chip, hemisphere)
        self.scheduler, self.recorder = Scheduler(), Recorder()
        self._instruction_cache: InstructionCache | None = None  # for code in external memory
        self._loading, self._loading_slot = None, 0  # what ends the last load of a record
        self._listeners: dict[tuple[int, int], ProcessorCore] = {}  # by hemisphere and doorbell line, once rung

    def load(self, program: Program, link_map: LinkMap, image: dict[str, np.ndarray]) -> None:
        """Take over a linked program: its tasks, its memory, its kernels."""
        self.scheduler = Scheduler(program.tasks, program.stop_cycle)
        self._instruction_cache = InstructionCache(self.config.ppu) if link_map.code_in == "external" else None
        super().load(program, link_map, image)

    def start(self) -> None:
        """Begin the program's ``main`` at the present time, on what is in the SRAM; nobody has rung yet."""
        self._listeners.clear()  # the other PPU may have another program, or none
        super().start()

    # ------------------------------------------------------------------ computing

    def run(self, kernel, *arguments: int) -> Operation:
        """Run a kernel of this program; it takes the cycles that its instructions book."""
        bound = self._kernels.get(kernel)
        if bound is None:
            name = getattr(kernel, "name", kernel)
            raise MachineFault(f"program {self.program.name} runs kernel {name!r}, which its `kernels` do not list")
        if self._instruction_cache is not None:
            self._owe("fetch", self._instruction_cache.fetch(kernel))
        cycles = bound(self._kernel_limit_cycles, *arguments)
        before_ns = self.environment.now + self._owed_cycles * PPU_CLOCK_NS
        self._kernel, self._kernel_end_ns = kernel, before_ns + (ISSUE_CYCLES + cycles) * PPU_CLOCK_NS
        return self._spend("kernel", cycles)

    def word(self, region: str, index: int = 0) -> int:
        """Read one element of SRAM to decide on the way; booked as a scalar load."""
        values = self.regions.get(region)
        if values is None:
            raise self._no_region(region)
        if type(index) is not int or not 0 <= index < values.size:
            self._check_element(region, index, values.size)
        self._owe("kernel", WORD_CYCLES)
        return values.item(index)

    def _check_element(self, region: str, index: int, size: int) -> None:
        if not isinstance(index, (int, np.integer)) or not 0 <= index < size:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU reads element {index!r} of region {region}, whose "
                f"elements are 0..{size - 1}"
            )

    def wait(self, cycles: int) -> Operation:
        """Sleep; idle time."""
        self._check_index("a wait of", cycles, LONGEST_CYCLES)
        return self._spend("wait", 0, idle_cycles=int(cycles))

    @property
    def time_base(self) -> int:
        """The 64-bit time base: PPU cycles since the chip was started; reading it is booked as a scalar load."""
        self._owe("kernel", WORD_CYCLES)
        return self.environment.now // c.PPU_CLOCK_NS + self._owed_cycles

    def wait_until(self, cycle: int) -> Operation:
        """Sleep until the time base reads ``cycle``; goes on at once where it is past that."""
        return self._spend("wait", 0, self._cycles_until(cycle))

    def _cycles_until(self, cycle: int) -> int:
        """Return for how long an operation that begins now sleeps until a cycle, 0 where that is past."""
        self._check_index("a wait until", cycle, LONGEST_CYCLES)
        return max(0, int(cycle) - self._start_ns() // c.PPU_CLOCK_NS)

    # ------------------------------------------------------------------ external memory

    def load_external(self, address: int, into: str, vectors: int = 1, offset: int = 0) -> Operation:
        """Copy vectors of 128 bytes from external memory to SRAM region ``into``, from byte ``offset`` of it on.

        The values are those at the end of the transfer. The address is a multiple of 128, the offset of 4.
        """
        self._check_transfer(address, offset, vectors)
        source = self.chip.external.view(address, vectors * c.VECTOR_BYTES)
        target = self._bytes(into, offset, source.size)

        def deliver():
            target[...] = source

        return self._spend("external load", source.size // c.VECTOR_BYTES * COPY_CYCLES, then=deliver)

    def store_external(self, address: int, source: str, vectors: int = 1, offset: int = 0) -> Operation:
        """Copy vectors of 128 bytes from SRAM to external memory; they are there when the operation ends.

        The address is a multiple of 128, the offset of 4.
        """
        self._check_transfer(address, offset, vectors)
        values = self._bytes(source, offset, vectors * c.VECTOR_BYTES).copy()
        target = self.chip.external.view(address, vectors * c.VECTOR_BYTES)

        def deliver():
            target[...] = values

        posted = c.EXTERNAL_STORE_CYCLES + (vectors - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES
        return self._spend("external store", posted + vectors * c.SRAM_VECTOR_LOAD_CYCLES, then=deliver)

    def load_record(self, slot: int, into: str) -> Operation:
        """Copy the spike record ``slot`` to SRAM, see :class:`chip.fpga.SpikeWriter`.

        ``into`` has room for 1024 bytes, for example ``u32[256]``: word 0 is the number of spikes, word 1 the sample's
        tag, then time stamp << 16 | label each. Events that the crossbar returns to the FPGA stand in it too. The first
        vector holds the count, which says how many more follow; all of them are one operation.
        """
        if type(slot) is not int or not 0 <= slot < RECORD_SLOTS:
            self._check_index("record slot", slot, RECORD_SLOTS)
        if not self.config.fpga.spike_writer:
            raise MachineFault(f"program {self.program.name} reads a spike record, but fpga.spike_writer is off")
        writer = self.chip.writer
        source = writer.filled(slot)
        target = self._memory(into, source.nbytes)

        def deliver():
            target[:] = source

        self._loading, self._loading_slot = deliver, slot
        return self._spend("external load", source.nbytes // c.VECTOR_BYTES * COPY_CYCLES, then=deliver)

    def _check_record(self, slot: int) -> None:
        """Count a race where a record is written while this PPU loads it: its count is of the earlier one."""
        if self._then is None or self._then is not self._loading or slot != self._loading_slot:
            return
        self.races += 1
        if self.config.strict:
            raise LossError(
                f"spike record {slot} was written while program {self.program.name} on the {self.name} PPU read it: "
                "play into the other slot, or wait until it was read"
            )

    # ------------------------------------------------------------------ samples, doorbells, the other PPU

    def play(self, sample: int, slot: int = 0, ring: Sequence[int] = ()) -> Operation:
        """Have the FPGA play a sample; ends with the doorbell after its spike record is complete in ``slot``.

        ``ring`` names further hemispheres whose sample doorbell rings at the same time. The request is busy time, the
        sample is not.
        """
        if type(slot) is not int or not 0 <= slot < RECORD_SLOTS:
            self._check_index("record slot", slot, RECORD_SLOTS)
        if type(ring) is not tuple:
            self._check_sequence("hemispheres to ring", ring)
        for hemisphere in ring:
            self._listener(hemisphere, SAMPLE_LINE)
        if type(sample) is not int or not 0 <= sample < 1 << 40:
            self._check_index("sample", sample, 1 << 40)
        chip, fpga, request = self.chip, self.config.fpga, self._write_cycles
        core, player = chip.core, chip.player
        request_ns = self._start_ns() + request * c.PPU_CLOCK_NS
        zero_ns, end_ns = player.play(core, sample, request_ns)
        doorbell_ns = end_ns + fpga.writer_latency_ns + fpga.doorbell_latency_ns

        def finish():
            core.advance(self.environment.now)
            chip.writer.write(core, slot, zero_ns, end_ns, player.tag(sample))
            for processor in chip.processors:
                processor._check_record(slot)
            if player.played % SAMPLES_OF_SPIKES == 0 and not chip.keep_spikes:
                core.forget_before(end_ns)
            for hemisphere in ring:
                chip.processors[hemisphere]._ring(SAMPLE_LINE)

        return self._spend("play", request, (doorbell_ns - request_ns) // c.PPU_CLOCK_NS, then=finish)

    def ring(self, hemisphere: int, line: int) -> Operation:
        """Ring a doorbell line of a PPU: one write over the Omnibus."""
        other = self._listener(hemisphere, line)
        return self._spend("omnibus", self._write_cycles, then=partial(other._ring, line))

    def send(self, hemisphere: int, source: str, into: str, line: int, nbytes: int | None = None) -> Operation:
        """Write ``nbytes`` (all) of region ``source`` into region ``into`` of the other PPU, then ring ``line``.

        Word by word over the Omnibus. The other PPU must not be in a kernel that uses the region: such a race is
        counted as late work and, on a strict chip, an error.
        """
        other = self._listener(hemisphere, line)
        if nbytes is None:
            nbytes = self._region(source).nbytes
        elif type(nbytes) is not int or nbytes < 0:
            self._check_index("a transfer of", nbytes, self._region(source).nbytes + 1)
        values, target = self._memory(source, nbytes).tobytes(), other._memory(into, nbytes)
        words = -(-nbytes // WORD_BYTES)

        def deliver():
            other._check_race(into)
            target[:] = values
            other._ring(line)

        return self._spend("omnibus", (words + 1) * self._write_cycles, then=deliver)

    def _listener(self, hemisphere: int, line: int) -> ProcessorCore:
        """Return the PPU with a doorbell line, whose program can hear it."""
        known = self._listeners.get((hemisphere, line))
        return self._find_listener(hemisphere, line) if known is None else known

    def _find_listener(self, hemisphere: int, line: int) -> ProcessorCore:
        if type(hemisphere) is not int or not 0 <= hemisphere < c.HEMISPHERES:
            self._check_index("hemisphere", hemisphere, c.HEMISPHERES)
        if type(line) is not int or not 0 <= line < DOORBELL_LINES:
            self._check_index("doorbell line", line, DOORBELL_LINES)
        other = self.chip.processors[hemisphere]
        if other.program is None:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU rings the {other.name} PPU, which has no program; "
                "load one, or do not ring"
            )
        self._listeners[hemisphere, line] = other
        return other

    def wait_doorbell(self, line: int = SAMPLE_LINE) -> Operation:
        """Sleep until the line rings; returns at once where it already has. Answering clears it."""
        if type(line) is not int or not 0 <= line < DOORBELL_LINES:
            self._check_index("doorbell line", line, DOORBELL_LINES)
        if self._pending[line]:
            self._pending[line] = False
            return self._spend("wait", 0)
        if self._issued is not None:
            self._check_yielded()
        if self._owed_cycles:  # what is owed for the way here passes while this sleeps
            ready_ns, self._owed_cycles = self.environment.now + self._owed_cycles * c.PPU_CLOCK_NS, 0
            DoorbellOrTime(self, (line,), ready_ns, keep=False)
        else:
            self._waiting[line] = self.end
        self._issued = ASLEEP
        return ASLEEP

    def wait_doorbell_until(self, lines: Sequence[int], cycle: int | None) -> Operation:
        """Sleep until one of the lines rings or the time base reads ``cycle``, whichever is first; idle time.

        Goes on at once where a line has rung or the cycle is past; ``None`` waits for a ring alone. The ring stays
        to be answered, by :meth:`wait_doorbell` or by the scheduler.
        """
        self._check_sequence("doorbell lines", lines)
        for line in lines:
            self._check_index("doorbell line", line, DOORBELL_LINES)
        if cycle is None and not lines:
            raise MachineFault(
                f"program {self.program.name} on the {self.name} PPU waits for no doorbell line and no cycle, so for "
                "ever; name one"
            )
        if any(self._pending[line] for line in lines):
            return self._spend("wait", 0)
        ready_ns = self._start_ns()
        if cycle is not None:
            idle_cycles = self._cycles_until(cycle)
            return self._spend("wait", 0, idle_cycles, then=DoorbellOrTime(self, lines, ready_ns).leave)
        self._check_yielded()
        self._owed_cycles = 0
        DoorbellOrTime(self, lines, ready_ns)
        self._issued = ASLEEP
        return ASLEEP

    def scheduler_pass(self) -> tuple[int, list[int]]:
        """Book one pass of the scheduler's loop; return the cycle at its beginning and the lines that it answers."""
        now = self.environment.now // c.PPU_CLOCK_NS + self._owed_cycles
        rung = [line for line in self.scheduler.lines if self._pending[line]]
        for line in rung:
            self._pending[line] = False
        self._owe("scheduler", PASS_CYCLES)
        return now, rung

    # ------------------------------------------------------------------ recordings

    def record(self, name: str) -> Operation:
        """Write one record of a recording, with the cycle at which it begins, to external memory.

        Values are those at that cycle; they are there when the operation ends. A record beyond the recording's count is
        lost, counted and, on a strict chip, an error.
        """
        track = self.recorder.track(name)
        if not track.has_room(self):
            return self._spend("recording", 0)
        cycle, values = self._start_ns() // c.PPU_CLOCK_NS, track.sample(self)
        cycles = track.cycles(self.config.ppu.omnibus_write_cycles)
        return self._spend("recording", cycles, then=lambda: track.write(cycle, values))

    def _check_transfer(self, address: int, offset: int, vectors: int) -> None:
        """Refuse a transfer that external memory (whole vectors) or SRAM (whole words) cannot take as it is aligned."""
        self._check_index("a vector count of", vectors, 1 << 20, start=1)
        self._check_index("the external address", address, 1 << 32)
        self._check_index("the byte offset", offset, c.SRAM_BYTES)
        for what, value, unit in (("external address", address, c.VECTOR_BYTES), ("byte offset", offset, 4)):
            if value % unit:
                raise MachineFault(
                    f"program {self.program.name} on the {self.name} PPU moves vectors at the {what} 0x{value:08x}, "
                    f"which is not aligned; use a multiple of {unit}"
                )
