"""What the processors do while a host learns: they play samples and keep what has to be observed, nothing else.

::

    where the readouts are, two layers: bottom     the other one, where membranes are traced
    (traced) ring the other one -----------------> sample the hidden membranes on their way
    play sample k, wait for its doorbell
    read the CADC, keep the readouts' bytes        store the samples in external memory
    wait until currents have decayed
    (traced) wait <------------------------------- done
    reset the readouts that were read

The host writes ``count`` and the numbers of the samples before each run, and reads the bytes behind it; spikes it reads
from the trace buffer. Samples follow each other after ``settle_ns``, as in the evaluation of an on-chip rule, so faster
than while it learns: 91.5 us a sample against a mean of 203 us for EventProp. The analog part sees that difference: of
a readout's current 1.8 % is left after 60 us.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.fpga.memory import DRAM_BASE
from chip.link import HostLink
from chip.ppu import Kernel, Memory, i32, kernel, u8, u32
from chip.ppu.costs import issue_cycles
from chip.ppu.processor.timing import WORD_CYCLES
from chip.ppu.program import Program

TRACE_LINE, DONE_LINE = 1, 2
TRACES_ADDRESS = DRAM_BASE + c.DRAM_BYTES // 2  # behind the samples


@dataclass(frozen=True)
class Observing:
    """What is played and observed.

    Attributes:
        room: samples of one run at most.
        readouts: how many of the first lanes of a half are read at the end of a sample, and its neurons reset before
            the next one; 0 reads and resets none, for neurons that spike: a reset would fire them.
        settle_ns: from the end of a sample to the reset of the readouts, if any, and the next sample's request.
        conversions: samples of the hidden membranes in one sample, 0 for none; the first comes ``first_conversion_ns``
            after its time zero, the others each ``conversion_period_ns`` later.
        hemisphere, half: of the readouts, which lie in a half of their own.
    """

    room: int
    readouts: int
    settle_ns: int
    conversions: int = 0
    first_conversion_ns: int = 0
    conversion_period_ns: int = c.CADC_SAMPLE_PERIOD_NS
    hemisphere: int = c.BOTTOM
    half: int = c.EVEN

    @property
    def other(self) -> int:
        """The hemisphere without readouts, whose even membranes are traced."""
        return c.BOTTOM if self.hemisphere == c.TOP else c.TOP

    def programs(self, config: ChipConfig) -> tuple[Program | None, Program | None]:
        """The programs of the top and the bottom processor; where nothing is traced, one of them sleeps."""
        programs = {
            self.hemisphere: Conductor(self, config),
            self.other: Tracer(self, config) if self.conversions else None,
        }
        return programs[c.TOP], programs[c.BOTTOM]

    # ------------------------------------------------------------------ what the host does between two runs

    def prepare(self, link: HostLink, samples: np.ndarray) -> None:
        """Write which samples the next run plays: int[n], n up to ``room``."""
        count = np.array([len(samples)])
        link.write_sram(self.hemisphere, "count", count)
        link.write_sram(self.hemisphere, "samples", samples)
        if self.conversions:
            link.write_sram(self.other, "count", count)

    def read_readings(self, link: HostLink, count: int) -> np.ndarray:
        """uint8[count, readouts]: what the CADC read at the end of each sample of the last run."""
        return link.read_sram(self.hemisphere, "readings", count * self.readouts).reshape(count, self.readouts)

    def read_conversions(self, link: HostLink, count: int) -> np.ndarray:
        """uint8[count, conversions, 128]: the hidden membranes on their way, by lane."""
        nbytes = count * self.conversions * c.VECTOR_BYTES
        return link.read_external(TRACES_ADDRESS, nbytes).reshape(count, self.conversions, c.LANES)


WAIT_ARGUMENTS, SAMPLING_ARGUMENTS = 1, 3  # of `wait` and `sample_membranes`, between the ring and the first conversion


def keep_kernel(readouts: int) -> Kernel:
    """Return the kernel ``keep(sample)``: the readouts' bytes go where the host reads them."""

    @kernel
    def keep(v, m, sample):
        """Copy the bytes of one conversion."""
        for o in range(readouts):
            m.readings[readouts * sample + o] = m.membranes[o]

    return keep


class Conductor(Program):
    """Where the readouts are: plays the samples one after the other, and reads the readouts at the end of each."""

    name = "observing"

    def __init__(self, observing: Observing, config: ChipConfig):
        self.observing = observing
        # from the end of a conversion's store back to its beginning
        self.converting_cycles = config.cadc.read_cycles + c.SRAM_VECTOR_STORE_CYCLES
        readings = max(1, observing.room * observing.readouts)
        self.memory = Memory(count=i32[1], samples=i32[observing.room], membranes=u8[c.LANES], readings=u8[readings])
        self.keep = keep_kernel(observing.readouts)
        self.kernels = (self.keep,)

    def main(self, ppu) -> Generator:
        observing, halves = self.observing, (self.observing.half,)
        settle = observing.settle_ns // c.PPU_CLOCK_NS
        for number in range(ppu.word("count")):
            if observing.conversions:
                yield ppu.ring(observing.other, TRACE_LINE)
            yield ppu.play(ppu.word("samples", number))
            if observing.readouts:
                yield ppu.read_cadc(into="membranes", halves=halves)
                settled = ppu.time_base + (settle - self.converting_cycles)
                yield ppu.run(self.keep, number)
            else:
                settled = ppu.time_base + settle
            yield ppu.wait_until(settled)
            if observing.conversions:
                yield ppu.wait_doorbell(DONE_LINE)
            if observing.readouts:
                yield ppu.reset_neurons(halves)
        return 0


class Tracer(Program):
    """The other processor: samples the hidden membranes while a sample is played, and keeps them in external memory."""

    name = "observing, traces"

    def __init__(self, observing: Observing, config: ChipConfig):
        self.observing = observing
        self.memory = Memory(count=i32[1], membranes=u8[observing.conversions * c.LANES])
        # from the ring to time zero the other one issues its request, and the player starts
        request = WORD_CYCLES + issue_cycles(0) + config.ppu.omnibus_write_cycles
        first_conversion = (config.fpga.player_latency_ns + observing.first_conversion_ns) // c.PPU_CLOCK_NS
        self.ahead = request + first_conversion - issue_cycles(WAIT_ARGUMENTS) - issue_cycles(SAMPLING_ARGUMENTS)

    def main(self, ppu) -> Generator:
        observing = self.observing
        for number in range(ppu.word("count")):
            yield ppu.wait_doorbell(TRACE_LINE)
            yield ppu.wait(self.ahead)
            period_ns = observing.conversion_period_ns
            yield ppu.sample_membranes(observing.conversions, into="membranes", period_ns=period_ns)
            address = TRACES_ADDRESS + u32(number) * (observing.conversions * c.VECTOR_BYTES)
            yield ppu.store_external(address, source="membranes", vectors=observing.conversions)
            yield ppu.ring(observing.hemisphere, DONE_LINE)
        return 0
