"""What a processor takes: the vendor's timing tests, and updates of whole arrays, on this model of its costs.

Programs run as ever, and a follower of the chip's feed notes when operations begin and end. The way from or to SRAM is
taken off where the vendor's test has none: the figures are bus accesses, as in ``libnux``'s ``test_speed_memory.cpp``.

Single accesses are lines of the table of costs that were taken from these very tests, so the model was calibrated on
them. Everything that is made of many of them is held out: updates by STDP, rewrites, bursts, counters. For updates no
recording is public; what they are held against follows from the vendor's single figures by arithmetic.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.feed import Follower
from chip.base.registers import Registers
from chip.chip import Chip
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu import Memory, u8
from chip.ppu.program import Program
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import TIMING_AIM, Evidence, Point, Use, between
from ppu_programs.rewrite import Rewrite
from ppu_programs.stdp import PairSTDP

NAME = "stdp-timing"
BURSTS = (1, 2, 4, 8, 16)  # vectors
OF_AN_UPDATE = ("read_correlation", "load_row", "run", "store_row", "reset_correlation")
LOAD, STORE = c.SRAM_VECTOR_LOAD_CYCLES, c.SRAM_VECTOR_STORE_CYCLES
_LIBNUX = "libnux test_speed_memory"
_DISABLED = "libnux test_speed_memory, disabled there"
_ARITHMETIC = "arithmetic on libnux figures"
_OVERLAP = (
    "the model books one instruction after the other, where the silicon overlaps scalar core, vector unit and the "
    "vector unit's stations"
)


def _measured(name: str, value: float, tolerance: float, use: Use, source: str = _LIBNUX, reason: str = "") -> Point:
    return Point(name, value, "cycles", source, use, Evidence.CODE, tolerance, aim=TIMING_AIM, reason=reason)


def _derived(name: str, least: float, most: float, unit: str) -> Point:
    return between(
        name, least, most, unit, _ARITHMETIC, Use.HELD_OUT, Evidence.DERIVED, aim=TIMING_AIM, reason=_OVERLAP
    )


ACCESSES = (
    _measured("weights, load of a row half", 20, 2, Use.CALIBRATED_ON),
    _measured("weights, store of a row half", 20, 2, Use.CALIBRATED_ON),
    _measured("neuron reset of a row half", 20, 2, Use.CALIBRATED_ON),
    _measured("CADC, trigger and read", 410, 41, Use.CALIBRATED_ON),
    _measured("external memory, load", 344, 35, Use.CALIBRATED_ON, _DISABLED),
    _measured("external memory, store", 38, 4, Use.CALIBRATED_ON),
    _measured(
        "external memory, store x 2",
        209,
        18,
        Use.HELD_OUT,
        _DISABLED,
        "a burst is booked at the rate that 16 vectors come to; that the second vector takes twice that, and the third "
        "and fourth half of it, has no explanation in public sources",
    ),
    _measured("external memory, store x 4", 306, 0, Use.HELD_OUT, _DISABLED),
    _measured("external memory, store x 8", 684, 0, Use.HELD_OUT, _DISABLED),
    _measured("external memory, store x 16", 1406, 0, Use.CALIBRATED_ON, _DISABLED),
)
COUNTERS = between(
    "256 spike counters",
    33_000,
    38_000,
    "cycles",
    "arithmetic on haldls WaitSpikeCounterRead 112",
    Use.CALIBRATED_ON,
    Evidence.DERIVED,
    aim=TIMING_AIM,
)
STDP = {
    False: (
        _derived("STDP, a row without reset", 610, 760, "cycles"),
        _derived("STDP, 256 x 256 without reset", 0.63, 0.78, "ms"),
    ),
    True: (
        _derived("STDP, a row with reset of its sensors", 1_060, 1_200, "cycles"),
        _derived("STDP, 256 x 256 with reset", 1.1, 1.2, "ms"),
    ),
}
REWRITE = Point(
    "weights of 256 x 256, rewritten",
    46_080,
    "cycles",
    _ARITHMETIC,
    Use.HELD_OUT,
    Evidence.DERIVED,
    aim=TIMING_AIM,
    reason="three operations of a row take their issue besides",
)


class Accesses(Program):
    """One bus access after the other, in the order of ``ACCESSES``, then the spike counters."""

    name = "accesses"
    memory = Memory(row=u8[BURSTS[-1] * c.VECTOR_BYTES])

    def main(self, ppu):
        yield ppu.load_weights(3, c.EVEN, into="row")
        yield ppu.store_weights(3, c.ODD, source="row")
        yield ppu.reset_neurons()
        yield ppu.read_cadc(into="row")
        yield ppu.load_external(BLOCK_RAM_BASE, into="row")
        for vectors in BURSTS:
            yield ppu.store_external(BLOCK_RAM_BASE, source="row", vectors=vectors)
        yield ppu.read_spike_counters(into="row")
        return 0


THROUGH_SRAM = (STORE, LOAD, 0, STORE, STORE, *(LOAD * vectors for vectors in BURSTS))  # of the accesses, cycles


class Watch(Follower):
    """Notes when operations begin, and when the program goes on behind them, in cycles."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.begun: list[int] = []
        self.ended: list[int] = []

    def begins(self, ppu, operation) -> None:
        self.names.append(operation.name)
        self.begun.append(ppu.start_ns // c.PPU_CLOCK_NS)

    def goes_on(self, ppu, now_ns: int, horizon_ns: int) -> None:
        if len(self.ended) < len(self.begun):
            self.ended.append(now_ns // c.PPU_CLOCK_NS)


def watched(config: ChipConfig, program: Program, registers: Registers | None = None) -> Watch:
    """Run a program on the top processor, with all neurons on, and return when its operations began and ended."""
    chip = Chip(config)
    registers = Registers() if registers is None else registers
    registers.enabled = True
    chip.link.write_registers(registers)
    chip.link.load_program(c.TOP, program)
    watch = Watch()
    chip.feed.programs[c.TOP].append(watch)
    chip.start()
    chip.run()
    return watch


def accesses(config: ChipConfig) -> np.ndarray:
    """int64[11]: cycles of each bus access of :class:`Accesses`, then those of the spike counters."""
    watch = watched(config, Accesses())
    return np.subtract(watch.ended, watch.begun) - np.array([*THROUGH_SRAM, 0])


def stdp(config: ChipConfig, reset: bool, rows: int) -> int:
    """Return the cycles of an update of so many rows by pair STDP, from its first operation to the one behind it."""
    registers = Registers()
    registers.correlation_enabled = True
    program = PairSTDP(period=400_000, updates=1, rows=range(rows), reset=reset)
    watch = watched(config, program, registers)
    first = watch.names.index("scheduler_pass", watch.names.index("wait_for_tasks")) + 1
    last = next(k for k in range(first, len(watch.names)) if watch.names[k] not in OF_AN_UPDATE)
    return watch.begun[last] - watch.begun[first]


def rewrite(config: ChipConfig) -> int:
    """Return the cycles of a rewrite of all weights of a hemisphere."""
    chip = Chip(config)
    built = Rewrite().build(None, config)
    chip.link.write_registers(built.registers)
    chip.link.load_program(c.TOP, built.programs[c.TOP])
    chip.start()
    chip.run()
    return chip.now_ns // c.PPU_CLOCK_NS


def run(config: ChipConfig, quiet: bool = True, rows: int = c.ROWS) -> Outcome:
    """Measure; an update of fewer ``rows`` is taken for that part of one of all."""
    found = []
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        progress.measuring(0, 4, "bus accesses")
        *cycles, counters = accesses(config)
        found += [point.found(value) for point, value in zip(ACCESSES, cycles, strict=True)]
        found.append(COUNTERS.found(counters))
        updates = {}
        for number, (reset, (of_row, of_array)) in enumerate(STDP.items()):
            progress.measuring(1 + number, 4, "updates by STDP")
            updates[reset] = stdp(config, reset, rows) / rows
            array_ms = updates[reset] * c.ROWS * c.PPU_CLOCK_NS * 1e-6
            found += [of_row.found(updates[reset]), of_array.found(array_ms)]
        progress.measuring(3, 4, "a rewrite")
        found.append(REWRITE.found(rewrite(config)))
    arrays = {"access_cycles": np.array(cycles), "stdp_row_cycles": np.array([updates[False], updates[True]])}
    notes = ["one processor; the other hemisphere's does the same at the same time"]
    return outcome_of(NAME, "timings of a plasticity processor", config, found, arrays, notes)
