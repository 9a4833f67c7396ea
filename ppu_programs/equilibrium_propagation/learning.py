"""The update of all weights of a hemisphere behind a sample, by its own hidden neurons' rates.

Rows of ``shadow`` are those of the inputs, then those of the outputs; lanes are hidden neurons. With d the difference
of rates between the phases and a their average,

    row of input i:   shadow += 4 rate a(i) d(j)
    row of output k:  shadow += rate' (a(j) d(k) + a(k) d(j))

Where both copies of the output weights have shadows of their own, that of the way back is the row of its output, with
the first product, ``a(k) d(j)``, and that of the way forward stands behind, with the second, ``a(j) d(k)``; a pull
brings them together as much as is asked for.

Hidden rates differ by little, so the inputs' rows count four times. Products have 32 bits in the accumulator; what is
below a shadow step is rounded stochastically there: 16 random bits are added, the upper halfword is taken.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V7,
    V9,
    V10,
    V11,
    V12,
    Kernel,
    Memory,
    add16_sat,
    add_accumulator16_sat,
    i16,
    i32,
    kernel,
    load16,
    mac_to_accumulator16_sat,
    mul16_mod,
    saturate16,
    splat16,
    store16,
    sub16_sat,
    subroutine,
    u8,
)
from ppu_programs.stochastic_rounding import begin_sum
from ppu_programs.two_layer.layout import ROW, position
from ppu_programs.two_layer.settings import SHADOW_LIMIT

FACTOR_BITS = 12  # a rate of learning times an average or a difference is shifted right so far
SPARE = 0x7FFF - SHADOW_LIMIT  # halfwords that the shadow does not use at either end


def memory(rows: int) -> Memory:
    """``own``: 1 in the lanes of hidden neurons, else 0; ``rate``, ``readout_rate``: now, times 2^16, its fall."""
    return Memory(shadow=i16[rows * ROW], own=i16[ROW], noise=u8[c.LANES], rate=i32[3], readout_rate=i32[3])


@subroutine
def end_sum(v, m, vector):
    """Add the accumulator's upper halfwords to a vector of ``shadow``, within its limits; V11 holds ``SPARE``."""
    load16(v, V7, m.shadow, vector)
    add_accumulator16_sat(v, V7, V7)
    add16_sat(v, V7, V7, V11)
    sub16_sat(v, V7, V7, V11)
    sub16_sat(v, V7, V7, V11)
    add16_sat(v, V7, V7, V11)
    store16(v, V7, m.shadow, vector)


@kernel
def lower_rates(v, m):
    """Go on to the rates of the next batch."""
    m.rate[1] = m.rate[1] - m.rate[2]
    m.rate[0] = m.rate[1] >> 16
    m.readout_rate[1] = m.readout_rate[1] - m.readout_rate[2]
    m.readout_rate[0] = m.readout_rate[1] >> 16


def update_kernel(inputs: int, outputs: int, input_lane: int, output_lane: int, shared: bool = True) -> Kernel:
    """Return the kernel ``update(rate, readout_rate)``.

    Args:
        inputs, outputs: how many.
        input_lane, output_lane: the first lanes of their traces, which lie in the lanes behind.
        shared: whether both copies of output weights have one shadow, the sum of both products.
    """

    @kernel
    def update(v, m, rate, readout_rate):
        """Learn from a sample, and clear ``difference`` and ``average``; rates are 0..32767."""
        splat16(v, V9, 0x7FFF)
        splat16(v, V10, 1)
        splat16(v, V11, SPARE)
        for half in range(2):
            load16(v, V12, m.own, half)
            load16(v, V0, m.difference, half)
            mul16_mod(v, V0, V0, V12)
            load16(v, V1, m.average, half)
            mul16_mod(v, V1, V1, V12)
            add16_sat(v, V2, V0, V0)
            add16_sat(v, V2, V2, V2)  # four times
            for i in range(inputs):
                at = position(v, m, input_lane + i)
                splat16(v, V3, saturate16(m.average[at] * rate >> FACTOR_BITS))
                begin_sum(v, m)
                mac_to_accumulator16_sat(v, V2, V3)
                end_sum(v, m, 2 * i + half)
            for k in range(outputs):
                at = position(v, m, output_lane + k)
                splat16(v, V3, saturate16(m.difference[at] * readout_rate >> FACTOR_BITS))
                splat16(v, V4, saturate16(m.average[at] * readout_rate >> FACTOR_BITS))
                begin_sum(v, m)
                if shared:
                    mac_to_accumulator16_sat(v, V1, V3)
                mac_to_accumulator16_sat(v, V0, V4)
                end_sum(v, m, 2 * (inputs + k) + half)
                if not shared:
                    begin_sum(v, m)
                    mac_to_accumulator16_sat(v, V1, V3)
                    end_sum(v, m, 2 * (inputs + outputs + k) + half)
        splat16(v, V5, 0)
        for half in range(2):
            store16(v, V5, m.difference, half)
            store16(v, V5, m.average, half)

    return update


def symmetry_kernel(inputs: int, outputs: int) -> Kernel:
    """Return the kernel ``symmetrise(pull)``: brings both copies of output weights together.

    ``pull`` is the fraction of half their difference that goes into either, 16 bits, 0..32767. It goes down the slope
    of the squared difference of programmed weights, what there is of the Jacobian's asymmetry without the synapses'.
    """

    @kernel
    def symmetrise(v, m, pull):
        """Rows of outputs, and those of the way forward behind them."""
        splat16(v, V9, 0x7FFF)
        splat16(v, V10, 1)
        splat16(v, V11, SPARE)
        splat16(v, V3, pull >> 1)
        splat16(v, V4, -(pull >> 1))
        for row in range(2 * outputs):
            back = 2 * inputs + row
            forward = 2 * inputs + 2 * outputs + row
            load16(v, V0, m.shadow, back)
            load16(v, V1, m.shadow, forward)
            begin_sum(v, m)
            mac_to_accumulator16_sat(v, V1, V3)
            mac_to_accumulator16_sat(v, V0, V4)
            end_sum(v, m, back)
            begin_sum(v, m)
            mac_to_accumulator16_sat(v, V0, V3)
            mac_to_accumulator16_sat(v, V1, V4)
            end_sum(v, m, forward)

    return symmetrise
