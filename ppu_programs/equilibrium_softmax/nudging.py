"""The nudge: errors go back through the readout's weights onto hidden neurons, as weights of the teacher's synapses.

    nudge(j) = -beta sum over k of w(k, j) e(k)

kept in 1/64 weights, as that of the free phase for all nudged ones; its rows have it times a phase's amplitude, to the
nearest weight.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V31,
    Kernel,
    Memory,
    add16_sat,
    add_accumulator16_sat,
    compare16,
    i16,
    kernel,
    load16,
    mac_to_accumulator16_sat,
    mul16_sat,
    pack_lower,
    saturate16,
    select,
    shift_right16,
    splat16,
    store8,
    store16,
    sub16_sat,
    to_accumulator16_mod,
    u8,
)
from ppu_programs.equilibrium_softmax.rates import NUDGES
from ppu_programs.equilibrium_softmax.readout import PROBABILITY_BITS, WEIGHT_ONE
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR

NUDGE_BITS = 6  # 64 of a nudge to a weight
MOST_FACTOR = 0x7FFF
MEMORY = Memory(nudge=i16[LANES_OF_A_VECTOR], teaching=u8[2 * c.LANES])
"""``teaching``: the excitatory and the inhibitory row of the teacher."""


def factor(nudge_weights: float) -> int:
    """What errors times readout weights are multiplied with, a fraction of 16 bits, for such a nudge of 1 nat."""
    return round((1 << 15 + NUDGE_BITS) * nudge_weights / WEIGHT_ONE)


def nudge_kernel(classes: int, above: int) -> Kernel:
    """Return the kernel ``make_nudge(factor)``; the readout's rows of ``shadow`` are behind ``above`` others."""

    @kernel
    def make_nudge(v, m, factor):
        """Errors through the readout's weights; keep the strongest nudge of each neuron, too."""
        splat16(v, V31, 0)
        to_accumulator16_mod(v, V31)
        for k in range(classes):
            splat16(v, V1, saturate16(-m.errors[k] << 15 - PROBABILITY_BITS))
            load16(v, V0, m.shadow, above + k)
            mac_to_accumulator16_sat(v, V0, V1)
        add_accumulator16_sat(v, V0, V31)
        splat16(v, V1, factor)
        mul16_sat(v, V0, V0, V1)
        store16(v, V0, m.nudge)
        load16(v, V2, m.highest, NUDGES)
        for _ in range(2):  # of either sign
            sub16_sat(v, V3, V0, V2)
            compare16(v, V3)
            select(v, V2, V2, V0, GREATER)
            sub16_sat(v, V0, V31, V0)
        store16(v, V2, m.highest, NUDGES)

    return make_nudge


@kernel
def teach(v, m, amplitude):
    """The rows of the teacher for an amplitude, 128 for the whole nudge; weights above 0 excite, others inhibit."""
    splat16(v, V31, 0)
    splat16(v, V1, saturate16(amplitude << 8))
    load16(v, V0, m.nudge)
    mul16_sat(v, V0, V0, V1)
    splat16(v, V2, 1 << NUDGE_BITS - 1)
    add16_sat(v, V0, V0, V2)
    shift_right16(v, V0, V0, NUDGE_BITS)
    splat16(v, V2, 0x7FFF - c.WEIGHT_MAX)
    splat16(v, V3, 0x7FFF - c.WEIGHT_MAX + 1)
    add16_sat(v, V0, V0, V2)
    sub16_sat(v, V0, V0, V2)
    sub16_sat(v, V0, V0, V3)
    add16_sat(v, V0, V0, V3)
    sub16_sat(v, V4, V31, V0)
    compare16(v, V0)
    select(v, V5, V31, V0, GREATER)
    pack_lower(v, V5, V5, V31)
    store8(v, V5, m.teaching, 0)
    select(v, V5, V31, V4, LESS)
    pack_lower(v, V5, V5, V31)
    store8(v, V5, m.teaching, 1)
