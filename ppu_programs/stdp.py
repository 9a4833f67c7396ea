"""Pair STDP on the chip's own correlation sensors: both processors, each the whole array of its hemisphere.

Once, before anything has spiked, the program reads what every column shows without correlation, averaged over some
rows, since channels differ. Then, at every period, it goes through its rows:

    convert the row's causal and acausal branches     four vectors, into registers
    load the row's weights                            two vectors
    w += (causal - acausal) >> shift, rounded towards zero, clipped to 0..63
    store the row's weights
    reset the row's sensors                           the pairs of the next period count from here

The sensors' readings fall with correlation and are unsigned bytes, the vector unit's bytes are signed: readings are
halved first (as the vendor's Pong firmware does it), so one step of ``causal - acausal`` is two LSB of the CADC.
Rounding towards zero keeps the weights of synapses that have seen no pairs where they are, in spite of noise.

An update of all 256 rows takes 0.85 ms on the chip without the reset of its sensors, 1.28 ms with it; from the vendor's
timings 0.63 to 0.78 ms and 1.1 to 1.2 ms follow, with overlaps between the scalar core and the vector unit that this
model has not (:mod:`chip.ppu.costs`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.settings import Checked, setting
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V8,
    V9,
    V12,
    V13,
    V14,
    V15,
    V16,
    Memory,
    Timer,
    add8_sat,
    compare8,
    i8,
    i32,
    kernel,
    select,
    shift_right8,
    shift_right_logic8,
    splat8,
    store8,
    sub8_sat,
    u32,
)
from chip.ppu.program import Program
from ppu_programs.contract import Array, Built, Firmware, Outcome
from ppu_programs.network import LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import place
from ppu_programs.rewrite import changed_weights
from ppu_programs.trains import poisson

if TYPE_CHECKING:
    from chip.link import HostLink

REST_ROWS = 4  # whose readings without correlation are averaged
READINGS, WEIGHTS = (V0, V1, V2, V3), (V4, V5)  # causal even, odd, acausal even, odd; weights even, odd
REST = (V8, V9)  # acausal - causal without correlation, halved; V12, V13, V16: constants; V14, V15: work
LONGEST_SHIFT = 7
INPUTS, NEURONS = 64, 96
FIRST_WEIGHTS = 10, 40  # of the inputs, from and below
REST_NS = 100_000  # before anything spikes: the program reads what columns show without correlation
NETWORK = NetworkGraph(
    {"inputs": Inputs(INPUTS), "neurons": LIF(NEURONS)},
    Projection("inputs", "neurons", sign=Sign.EXCITATORY, efficacy_lsb=2),
)


@kernel
def begin(v, m, remainder):
    """Prepare the constants, and clear the sum over rows at rest."""
    splat8(v, V12, 0)
    splat8(v, V13, 63)
    splat8(v, V16, remainder)
    splat8(v, V8, REST_ROWS >> 1)  # for rounding
    splat8(v, V9, REST_ROWS >> 1)


@kernel
def add_to_rest(v, m):
    """Add a row's readings to the sum over rows at rest."""
    shift_right_logic8(v, V0, V0, 1)
    shift_right_logic8(v, V2, V2, 1)
    sub8_sat(v, V14, V2, V0)
    add8_sat(v, V8, V8, V14)
    shift_right_logic8(v, V1, V1, 1)
    shift_right_logic8(v, V3, V3, 1)
    sub8_sat(v, V14, V3, V1)
    add8_sat(v, V9, V9, V14)


@kernel
def keep_rest(v, m):
    """Divide the sum by the number of rows, 4, and store it for whoever reads the memory afterwards."""
    shift_right8(v, V8, V8, 2)
    shift_right8(v, V9, V9, 2)
    store8(v, V8, m.rest, 0)
    store8(v, V9, m.rest, 1)


@kernel
def keep_cycles(v, m, cycles):
    """Note how long an update took."""
    m.update_cycles[0] = cycles


def update_kernel(shift: int):
    """Return the kernel that moves a row's weights, in V4 and V5, by its readings, in V0 to V3."""

    @kernel
    def update_row(v, m):
        """w += (acausal - causal - rest) >> shift, towards zero, in 0..63, for both halves."""
        shift_right_logic8(v, V0, V0, 1)
        shift_right_logic8(v, V2, V2, 1)
        sub8_sat(v, V14, V2, V0)
        sub8_sat(v, V14, V14, V8)
        compare8(v, V14)
        add8_sat(v, V14, V14, V16, LESS)
        shift_right8(v, V14, V14, shift)
        add8_sat(v, V4, V4, V14)
        compare8(v, V4)
        select(v, V4, V4, V12, LESS)
        sub8_sat(v, V15, V4, V13)
        compare8(v, V15)
        select(v, V4, V4, V13, GREATER)
        shift_right_logic8(v, V1, V1, 1)
        shift_right_logic8(v, V3, V3, 1)
        sub8_sat(v, V14, V3, V1)
        sub8_sat(v, V14, V14, V9)
        compare8(v, V14)
        add8_sat(v, V14, V14, V16, LESS)
        shift_right8(v, V14, V14, shift)
        add8_sat(v, V5, V5, V14)
        compare8(v, V5)
        select(v, V5, V5, V12, LESS)
        sub8_sat(v, V15, V5, V13)
        compare8(v, V15)
        select(v, V5, V5, V13, GREATER)

    return update_row


class PairSTDP(Program):
    """Pair STDP of all synapses of a hemisphere, at every period; the same class serves both processors.

    Args:
        period: between updates, PPU cycles; the first one comes after one period.
        updates: how many.
        rows: those that learn; all by default.
        shift: 0..7, a change of weight is the difference of the branches, in units of 2 LSB, shifted right by this.
        reset: clear a row's sensors after its update, so that no pair counts twice. Costs half of an update's time.

    The chip needs ``registers.correlation_enabled`` for the hemisphere.
    """

    name = "pair STDP"
    memory = Memory(rest=i8[c.HALVES * c.VECTOR_BYTES], update_cycles=u32[1])

    def __init__(
        self, period: int, updates: int, rows: Sequence[int] = range(c.ROWS), shift: int = 1, reset: bool = True
    ):
        if not 0 <= shift <= LONGEST_SHIFT:
            raise ValueError(f"the shift of pair STDP is {shift}; it is 0..{LONGEST_SHIFT}")
        if len(rows) == 0:
            raise ValueError("pair STDP has no rows to learn; name one at least")
        self.rows, self.shift, self.reset = rows, shift, reset
        self.tasks = (Timer(start=period, period=period, count=updates, task="on_timer"),)
        self.update_row = update_kernel(shift)
        self.kernels = (begin, add_to_rest, keep_rest, self.update_row, keep_cycles)

    def main(self, ppu) -> Generator:
        yield ppu.connect("correlation")
        yield ppu.run(begin, (1 << self.shift) - 1)
        for row in range(0, c.ROWS, c.ROWS // REST_ROWS):
            yield ppu.read_correlation(row, into=READINGS)
            yield ppu.run(add_to_rest)
        yield ppu.run(keep_rest)
        return (yield from super().main(ppu))

    def on_timer(self, ppu) -> Generator:
        first, last, begun = self.rows[0], self.rows[-1], ppu.time_base
        yield ppu.chain(ppu.read_correlation(first, READINGS), ppu.load_row(first, WEIGHTS))
        for number in range(len(self.rows) - 1):
            row = self.rows[number]
            following = self.rows[number + 1]
            if self.reset:
                yield ppu.chain(
                    ppu.run(self.update_row),
                    ppu.store_row(row, WEIGHTS),
                    ppu.reset_correlation(row),
                    ppu.read_correlation(following, READINGS),
                    ppu.load_row(following, WEIGHTS),
                )
            else:
                yield ppu.chain(
                    ppu.run(self.update_row),
                    ppu.store_row(row, WEIGHTS),
                    ppu.read_correlation(following, READINGS),
                    ppu.load_row(following, WEIGHTS),
                )
        if self.reset:
            yield ppu.chain(ppu.run(self.update_row), ppu.store_row(last, WEIGHTS), ppu.reset_correlation(last))
        else:
            yield ppu.chain(ppu.run(self.update_row), ppu.store_row(last, WEIGHTS))
        yield ppu.run(keep_cycles, i32(ppu.time_base - begun))


@dataclass(frozen=True)
class Settings(Checked):
    """What a user chooses: as :class:`PairSTDP` has it, and what drives the neurons meanwhile.

    Attributes:
        rate_hz: of the Poisson events of each of 64 inputs; 0 leaves the chip at rest.
        seed: of events and of initial weights.
    """

    section: ClassVar[str] = "stdp"

    period: int = setting(500_000, 1, 1 << 32)
    updates: int = setting(4, 1, 1 << 20)
    shift: int = setting(1, 0, LONGEST_SHIFT)
    reset: bool = True
    rate_hz: float = setting(5_000.0, 0.0, 100_000.0)
    seed: int = setting(1, 0, 1 << 62)


class STDP(Firmware):
    """The demo: all synapses of both hemispheres, each updated by its own PPU, while Poisson inputs drive neurons."""

    name = "pair STDP"
    settings_class = Settings
    network = NETWORK

    def build(self, task: None, config: ChipConfig) -> Built:
        s, placement = self.settings, place(NETWORK)
        random = np.random.default_rng(s.seed)
        registers = placement.registers()
        placement.store(registers, 0, random.integers(*FIRST_WEIGHTS, (INPUTS, NEURONS)))
        registers.correlation_enabled[...] = True
        end_ns = s.updates * s.period * c.PPU_CLOCK_NS  # the last update finds what was before it
        train = poisson(s.rate_hz, INPUTS, end_ns, random, start_ns=REST_NS)
        top, bottom = (PairSTDP(s.period, s.updates, shift=s.shift, reset=s.reset) for _ in range(c.HEMISPHERES))
        stimuli = train.program(placement.sources["inputs"].labels) if len(train) else None
        return Built(registers, (top, bottom), stimuli)

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """What has changed, and how long an update of all 256 rows takes.

        Metrics are ``changed_weights``, a fraction of all synapses; ``mean_weight`` of those of the inputs, and
        ``update_us``, of the last update of the slower processor, None before it. The array ``rest`` is what columns
        show without correlation, int8[2, 2, 128], acausal minus causal, in steps of 2 LSB, by hemisphere, half and
        lane.
        """
        sides = (c.TOP, c.BOTTOM)
        rest = np.stack([link.read_sram(hemisphere, "rest") for hemisphere in sides])
        cycles = max(int(link.read_sram(hemisphere, "update_cycles")[0]) for hemisphere in sides)
        metrics = {
            "changed_weights": changed_weights(link, built),
            "mean_weight": float(place(NETWORK).load(link.read_weights(), 0).mean()),
            "update_us": cycles * c.PPU_CLOCK_NS / 1_000 if cycles else None,
        }
        shape = (c.HEMISPHERES, c.HALVES, c.LANES)
        return Outcome(metrics, {"rest": Array(rest.reshape(shape), "hemisphere", "half", "lane")})
