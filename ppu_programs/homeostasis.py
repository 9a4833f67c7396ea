"""Rate homeostasis on both PPUs: every neuron finds the weights with which it spikes at the target rate.

    firmware = Homeostasis(target=12)
    chip = run_firmware(firmware, config=ChipConfig.typical(seed=3))
    firmware.counts(chip.link)                           # uint8[update, hemisphere, column], one line an update

The same program runs on both PPUs, each on its own hemisphere. Once a period it

1. drives its neurons: it puts ``events`` events on its PADI busses, one every 1.4 us. Nobody else takes part, no host
   and no sample player; the busses are the processors' (``Registers.padi_from_processor``);
2. waits until the synapses' currents are gone, reads the 256 spike counters, which clears them, and records them.
   Nobody spikes meanwhile, so that counters that are read one after the other have all counted the same drive;
3. tells the other PPU the mean count of its hemisphere: it writes it to external memory, rings the other's doorbell,
   waits for its own to ring, and reads what the other wrote;
4. turns counts into steps, a vector at a time: ``step = (aim - count) / 2``, limited to -4..4;
5. adds its step to all weights of a neuron, clipped to 0..63.

**What the exchange is for.** The aim is the target, pulled a quarter of the way to the mean count of both hemispheres.
What all neurons of the chip have in common, a drive that is too strong, is then corrected at three quarters of the
speed and does not overshoot; in what a neuron or a hemisphere differs from the others it is corrected at full speed.
Where all are at the target the aim is the target: the point of rest is the same.

An update takes 0.38 ms: 0.16 ms drive, 0.19 ms for the counters, which the scalar core reads one at a time over
the Omnibus, 0.01 ms for the weights of 16 rows. The vendor's demo updates every 10 ms, ``period_cycles=2_500_000``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.base.settings import Checked, setting
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu import (
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    V7,
    Memory,
    Recording,
    Timer,
    add8_sat,
    compare8,
    i8,
    i32,
    kernel,
    load8,
    maximum,
    minimum,
    select,
    shift_right8,
    splat8,
    store8,
    sub8_sat,
    u8,
)
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.rewrite import WEIGHTS, add_and_clip, begin

if TYPE_CHECKING:
    from chip.chip import Chip
    from chip.link import HostLink

ROWS = 16  # rows with synapses, of 8 drivers: two events reach them all
BUSSES = tuple(range(c.PADI_BUSSES))
EVENT_WAIT_CYCLES = 300  # with the write and the flow around both, an event every 356 cycles, 1.42 us
DECAY_CYCLES = 5_000  # 20 us, four time constants of the synapses: nobody spikes any more
MOST_EVENTS = 255  # a neuron spikes once per event at most, and a counter holds 255
MOST_COUNT = 127  # what a signed byte holds: larger counts are taken for it
LARGEST_STEP = 4
PULL_SHIFT = 2  # the aim goes a quarter of the way to the mean of both hemispheres
HALF_SHIFT = 3  # the mean crosses in eighths of a spike
MEAN_ADDRESS = BLOCK_RAM_BASE  # a vector of each hemisphere
MEAN_LINE = 1  # doorbell: the other's mean has been written


@kernel
def sum_counts(v, m):
    """Put the mean count of 256 neurons into ``mine``, in eighths of a spike."""
    total = 0
    for i in range(256):
        total += m.counts[i]
    m.mine[0] = total >> (8 - HALF_SHIFT)


@kernel
def aim_and_step(v, m, target):
    """Turn counts into steps of weights, int8: half of what is missing to the aim, without its sign's bias."""
    both = (m.mine[0] + m.other[0]) >> (HALF_SHIFT + 1)
    pull = (both - target + (1 << (PULL_SHIFT - 1))) >> PULL_SHIFT  # to the nearest: a mean one off is no rest
    aim = minimum(maximum(target + pull, 0), MOST_COUNT)
    splat8(v, V2, aim)
    splat8(v, V3, MOST_COUNT)
    splat8(v, V4, 1)
    splat8(v, V5, LARGEST_STEP)
    splat8(v, V6, -LARGEST_STEP)
    for half in range(2):
        load8(v, V0, m.counts, half)
        compare8(v, V0)
        select(v, V0, V0, V3, LESS)  # counts of 128 and more look negative
        sub8_sat(v, V1, V2, V0)
        compare8(v, V1)
        add8_sat(v, V1, V1, V4, LESS)  # a shift rounds down: let it round towards 0
        shift_right8(v, V1, V1, 1)
        sub8_sat(v, V7, V5, V1)
        compare8(v, V7)
        select(v, V1, V1, V5, LESS)
        sub8_sat(v, V7, V1, V6)
        compare8(v, V7)
        select(v, V1, V1, V6, LESS)
        store8(v, V1, m.step, half)


class HomeostasisProgram(Program):
    """What both PPUs run; see the module's text. The arguments are those of :class:`Settings`."""

    name = "homeostasis"
    memory = Memory(counts=u8[c.COLUMNS], step=i8[c.COLUMNS], mine=i32[32], other=i32[32])
    kernels = (sum_counts, aim_and_step, begin, add_and_clip)

    def __init__(self, target: int, updates: int, period_cycles: int, events: int, learns: bool):
        self.target, self.events, self.learns = target, events, learns
        self.tasks = (Timer(start=0, period=period_cycles, count=updates, task="update"),)
        self.recordings = (Recording("counts", region="counts", count=updates),)

    def update(self, ppu):
        """Drive, count, exchange means, change weights."""
        for event in range(self.events):
            yield ppu.inject_event(BUSSES, row_select=event & 1, label=0)
            yield ppu.wait(EVENT_WAIT_CYCLES)
        yield ppu.wait(DECAY_CYCLES)
        yield ppu.read_spike_counters(into="counts", reset=True)
        yield ppu.record("counts")
        yield ppu.run(sum_counts)
        yield from self.exchange_means(ppu)
        yield ppu.run(aim_and_step, self.target)
        if self.learns:
            yield from self.change_weights(ppu)

    def exchange_means(self, ppu):
        """Write the own mean to external memory, and read the other's there when its doorbell says so.

        One vector for each hemisphere is enough: the other reads it long before the next update writes it again.
        """
        other = c.BOTTOM - ppu.hemisphere
        yield ppu.store_external(MEAN_ADDRESS + ppu.hemisphere * c.VECTOR_BYTES, source="mine")
        yield ppu.ring(other, MEAN_LINE)
        yield ppu.wait_doorbell(MEAN_LINE)
        yield ppu.load_external(MEAN_ADDRESS + other * c.VECTOR_BYTES, into="other")

    def change_weights(self, ppu):
        """Add its step to all weights of every neuron."""
        yield ppu.run(begin)
        for row in range(ROWS):
            yield ppu.load_row(row, into=WEIGHTS)
            yield ppu.run(add_and_clip)
            yield ppu.store_row(row, source=WEIGHTS)


@dataclass(frozen=True)
class Settings(Checked):
    """What a user chooses.

    Attributes:
        target: spikes of a neuron per update.
        updates: how many there are.
        period_cycles: from update to update, in PPU cycles. Shorter than an update takes, and updates are missed.
        events: of the drive, per update.
        learns: False leaves the weights alone; all else goes on.
        seed: of the initial weights.

    Raises:
        ValueError: one of them is out of range.
    """

    section: ClassVar[str] = "homeostasis"

    target: int = setting(12, 0, MOST_COUNT)
    updates: int = setting(30, 1, 1 << 20)
    period_cycles: int = setting(200_000, 1, 1 << 40)
    events: int = setting(100, 1, MOST_EVENTS)
    learns: bool = True
    seed: int = setting(1, 0)


class Homeostasis(Firmware):
    """The demo: 512 neurons, weights that are different for every neuron, one program on both PPUs."""

    name = "homeostasis"
    settings_class = Settings

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        program = HomeostasisProgram(s.target, s.updates, s.period_cycles, s.events, s.learns)
        return Built(self._registers(), (program, program))

    def _registers(self) -> Registers:
        """Both hemispheres alike; weights are random, one for all synapses of a neuron."""
        registers = Registers()
        registers.enabled[...] = True
        registers.padi_from_processor[...] = True
        registers.row_mode[:, :ROWS] = ROW_EXCITATORY
        registers.labels[:, ROWS:] = c.LABEL_MAX  # nobody sends it
        registers.tau_syn_exc_ns[...] = 5_000.0
        registers.efficacy_lsb[...] = 0.1
        registers.refractory_ns[...] = 2_000  # more than from event to event
        columns = np.random.default_rng(self.settings.seed).integers(0, c.WEIGHT_MAX + 1, (c.HEMISPHERES, 1, c.COLUMNS))
        registers.weights[:, :ROWS] = columns
        return registers

    def status(self, chip: Chip, built: Built) -> Status:
        """Updates that both hemispheres have recorded."""
        done = min(processor.recorder.track("counts").written for processor in chip.processors)
        return Status(done, self.settings.updates, "updates")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read the counts before every update.

        Metrics, of the last update: ``rate_error``, the mean distance from the target, and ``mean_rate``, spikes per
        update; array ``counts``, uint8[updates, 2, 256], and ``rate_errors`` of every update.
        """
        counts = self.counts(link)
        errors = abs(counts - float(self.settings.target)).mean(axis=(1, 2))
        return Outcome(
            {
                "rate_error": float(errors[-1]) if errors.size else None,
                "mean_rate": float(counts[-1].mean()) if errors.size else None,
            },
            {"counts": Array(counts, "update", "hemisphere", "column"), "rate_errors": Array(errors, "update")},
            curve="rate_errors",
        )

    @staticmethod
    def counts(link: HostLink) -> np.ndarray:
        """uint8[updates, 2, 256]: how often each neuron spiked before each update, by hemisphere and column."""
        halves = [link.read_recording(hemisphere, "counts")["values"] for hemisphere in (c.TOP, c.BOTTOM)]
        updates = min(map(len, halves))  # of a run that was interrupted one may have an update more
        lanes = np.stack([half[:updates] for half in halves], axis=1)
        lanes = lanes.reshape(-1, c.HEMISPHERES, c.HALVES, c.LANES)
        return lanes.swapaxes(-1, -2).reshape(-1, c.HEMISPHERES, c.COLUMNS)
