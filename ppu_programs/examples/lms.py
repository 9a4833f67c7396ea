"""Least mean squares on membranes: 128 neurons at once learn what a linear system of 16 switches does, by errors.

    firmware = LMS()                                     # 600 trials, 50 ms of chip time
    chip = run_firmware(firmware)
    firmware.outcome(chip.link, firmware.build(None, chip.config)).metrics

The neurons integrate and never spike. In a trial the top processor

1. resets them and draws which of the inputs are on; one after the other sends an event 2 us after the one before, or
   nothing;
2. converts all membranes, y, and adds up what they should be, d, from the columns of a matrix that only it knows;
3. adds ``rate (d - y)`` to the weights of the inputs that were on (Widrow and Hoff, 1960), in all lanes at once;
4. writes the rows of all inputs, one for each sign.

An input counts for less the earlier it comes, neurons and synapses differ, offsets are unknown: none of this is written
down anywhere, since the error holds it all. So a `typical` chip ends with other weights than an `ideal` one, and with
membranes that are nearly as close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.settings import Checked, setting
from chip.link import HostLink
from chip.ppu import (
    LESS,
    V0,
    V1,
    V2,
    V3,
    V5,
    V6,
    V10,
    V11,
    V12,
    V13,
    V20,
    V21,
    V22,
    V23,
    V24,
    Memory,
    Recording,
    add8_sat,
    add16_sat,
    compare8,
    i8,
    i16,
    kernel,
    load8,
    load16,
    mul16_sat,
    pack_lower,
    random8,
    seed_random8,
    select,
    shift_right16,
    splat8,
    splat16,
    store8,
    store16,
    sub8_mod,
    sub8_sat,
    subroutine,
    u8,
    unpack_left,
    unpack_right,
)
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.network import LI, Injected, NetworkGraph, Projection
from ppu_programs.placement import GraphPlacement, place

if TYPE_CHECKING:
    from chip.chip import Chip

INPUTS, OUTPUTS = 16, c.LANES
REST_LSB = 128
LARGEST_LSB = 8  # what an input that is on adds to a membrane or takes from it, at most
SLOT_CYCLES = 450  # of an input, with what is around it 2 us
DECAY_CYCLES = 5_000  # 20 us, until currents are gone
DRAWS = 8  # of random bits behind each other: so many share none
ONE_BITS = 9  # of a weight, in the steps in which it is kept: so halfwords saturate where synapses do
NETWORK = NetworkGraph(
    {"inputs": Injected(INPUTS), "outputs": LI(OUTPUTS, tau_mem_ns=50_000, tau_syn_ns=2_000, leak_lsb=REST_LSB)},
    Projection("inputs", "outputs", efficacy_lsb=8),
)


@kernel
def begin(v, m, rate):
    """Put constants into V20 to V24, and seed the random bits."""
    splat8(v, V20, 0)
    splat8(v, V21, -c.WEIGHT_MAX)
    splat8(v, V22, REST_LSB)
    splat16(v, V23, 1 << ONE_BITS - 1)
    splat16(v, V24, rate)
    load8(v, V0, m.random)
    seed_random8(v, V0)


@kernel
def draw(v, m):
    """Draw which inputs are on: the first bits of the bytes in ``random``."""
    for _ in range(DRAWS):
        random8(v, V0)
    store8(v, V0, m.random)


@subroutine
def store_signed(v, m, i):
    """Write the weights in V12, signed, as the two rows of input i."""
    sub8_sat(v, V13, V12, V21)
    compare8(v, V13)
    select(v, V12, V12, V21, LESS)  # below -63: -63
    compare8(v, V12)
    select(v, V13, V12, V20, LESS)  # below 0: 0
    store8(v, V13, m.rows, 2 * i)
    sub8_sat(v, V13, V20, V12)
    compare8(v, V13)
    select(v, V13, V13, V20, LESS)
    store8(v, V13, m.rows, 2 * i + 1)


@kernel
def correct(v, m):
    """Find the errors of all neurons, keep them, and correct the weights of the inputs that were on."""
    splat8(v, V1, 0)
    for i in range(INPUTS):
        if m.random[i] & 1:
            load8(v, V2, m.system, i)
            add8_sat(v, V1, V1, V2)  # what the membranes should be, above rest
    load8(v, V0, m.membranes)
    sub8_mod(v, V0, V0, V22)  # what they are
    sub8_sat(v, V3, V1, V0)
    store8(v, V3, m.errors)
    unpack_left(v, V5, V3, V20)  # the errors as halfwords, times 256
    unpack_right(v, V6, V3, V20)
    mul16_sat(v, V5, V5, V24)  # (256 error rate) / 2^15, of 512 to a weight
    mul16_sat(v, V6, V6, V24)
    for i in range(INPUTS):
        if m.random[i] & 1:
            load16(v, V10, m.fine, 2 * i)
            load16(v, V11, m.fine, 2 * i + 1)
            add16_sat(v, V10, V10, V5)
            add16_sat(v, V11, V11, V6)
            store16(v, V10, m.fine, 2 * i)
            store16(v, V11, m.fine, 2 * i + 1)
            add16_sat(v, V10, V10, V23)  # round
            add16_sat(v, V11, V11, V23)
            shift_right16(v, V10, V10, ONE_BITS)
            shift_right16(v, V11, V11, ONE_BITS)
            pack_lower(v, V12, V10, V11)
            store_signed(v, m, i)


class LMSProgram(Program):
    """What the top processor runs; see the module's text. The settings are those of :class:`LMS`."""

    name = "LMS"
    memory = Memory(
        random=u8[c.LANES],
        membranes=u8[c.LANES],
        errors=i8[c.LANES],
        row_selects=u8[INPUTS],
        labels=u8[INPUTS],
        system=i8[INPUTS * c.LANES],
        fine=i16[INPUTS * c.LANES],
        rows=u8[2 * INPUTS * c.LANES],
    )
    kernels = (begin, draw, correct)

    def __init__(self, placement: GraphPlacement, trials: int, rate: int, system: np.ndarray, seeds: np.ndarray):
        outputs, inputs = placement.neurons["outputs"], placement.sources["inputs"]
        self.half, self.lanes = int(outputs.halves[0]), outputs.lanes
        self.busses = tuple(sorted(set(inputs.busses.tolist())))
        self.rows = tuple(inputs.rows[:, c.TOP].ravel().tolist())
        self.inputs, self.trials, self.rate = inputs, trials, rate
        self.system, self.seeds = system, seeds
        self.recordings = (Recording("errors", region="errors", count=trials),)

    def image(self) -> dict[str, np.ndarray]:
        system = np.zeros((INPUTS, c.LANES), np.int8)
        system[:, self.lanes] = self.system
        return {
            "random": self.seeds,
            "row_selects": self.inputs.row_selects,
            "labels": self.inputs.synapse_labels,
            "system": system.ravel(),
        }

    def main(self, ppu):
        yield ppu.run(begin, self.rate)
        for _ in range(self.trials):
            yield ppu.run(draw)
            yield ppu.reset_neurons(halves=(self.half,))
            yield ppu.wait(DECAY_CYCLES)  # until they are no longer held, and nothing is left of the trial before
            for i in range(INPUTS):
                if ppu.word("random", i) & 1:
                    yield ppu.inject_event(self.busses, ppu.word("row_selects", i), ppu.word("labels", i))
                yield ppu.wait(SLOT_CYCLES)
            yield ppu.read_cadc(into="membranes", halves=(self.half,))
            yield ppu.run(correct)
            yield ppu.record("errors")
            yield ppu.store_weights(self.rows, half=self.half, source="rows")
        return 0


@dataclass(frozen=True)
class Settings(Checked):
    """Settings of :class:`LMS`.

    Attributes:
        trials: of inputs that are drawn.
        rate: of learning, in 2^-16 weights for an LSB of error; 0 leaves weights alone.
        seed: of the system that is learned, and of what the processor draws.
    """

    section: ClassVar[str] = "LMS"
    trials: int = setting(600, 1, 1 << 16)
    rate: int = setting(8192, 0, 0x7FFF)
    seed: int = setting(1, 0, 1 << 62)


class LMS(Firmware):
    """The example: 16 inputs, 128 neurons, the top processor alone.

    The outcome is the mean absolute ``error_lsb`` of the last 50 trials and that of the first 10, ``first_error_lsb``,
    None where fewer were recorded; arrays ``errors``, their mean in each trial, and ``weights``.
    """

    name = "LMS"
    settings_class = Settings
    network = NETWORK

    def build(self, task: None, config: ChipConfig) -> Built:
        s, placement = self.settings, place(NETWORK)
        rng = np.random.default_rng(s.seed)
        system = rng.integers(-LARGEST_LSB, LARGEST_LSB + 1, (INPUTS, OUTPUTS))
        seeds = rng.integers(1, 256, c.LANES)
        return Built(placement.registers(), (LMSProgram(placement, s.trials, s.rate, system, seeds), None))

    def status(self, chip: Chip, built: Built) -> Status:
        """Trials that were recorded."""
        return Status(chip.processors[c.TOP].recorder.track("errors").written, self.settings.trials, "trials")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        errors = np.abs(link.read_recording(c.TOP, "errors")["values"].astype(int)).mean(axis=1)
        metrics = {
            "error_lsb": float(errors[-50:].mean()) if len(errors) == self.settings.trials else None,
            "first_error_lsb": float(errors[:10].mean()) if len(errors) >= 10 else None,
        }
        return Outcome(metrics, {"errors": Array(errors, "trial")}, curve="errors")
