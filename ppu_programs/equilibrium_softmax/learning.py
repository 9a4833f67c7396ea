"""The update of all weights of a hemisphere behind a nudged sample, by its own hidden neurons' rates.

Rows of ``shadow``, a vector each, are those of the inputs with traces, that of the bias, then those of the readout.
With d the difference of rates between nudged phases, r the rates of the free one, and e the errors,

    row of input i:   shadow += rate r(i) d(j)
    row of class k:   shadow -= rate' e(k) r(j)

Products have 32 bits in the accumulator; what is below a shadow step is rounded stochastically there, see
:mod:`ppu_programs.stochastic_rounding`. Inputs that do nothing take no time.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    V0,
    V1,
    V3,
    V9,
    V10,
    V11,
    Kernel,
    Memory,
    i16,
    i32,
    kernel,
    load16,
    mac_to_accumulator16_sat,
    saturate16,
    splat16,
    u8,
)
from ppu_programs.equilibrium_propagation.learning import SPARE, end_sum
from ppu_programs.equilibrium_softmax.rates import HIDDEN, RATE_ONE
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR
from ppu_programs.stochastic_rounding import begin_sum

FACTOR_BITS = 14  # a rate of learning times a rate is shifted right so far
ERROR_FACTOR_BITS = 14  # the same times an error
QUIET_LSB = 3  # of a trace: an input that reads less does nothing


def memory(rows: int) -> Memory:
    """``rate``, ``readout_rate``: now, times 2^16, its fall."""
    return Memory(shadow=i16[rows * LANES_OF_A_VECTOR], noise=u8[c.LANES], rate=i32[3], readout_rate=i32[3])


def update_kernel(inputs: int, classes: int, bias: int) -> Kernel:
    """Return the kernel ``update(rate, readout_rate)`` for inputs with traces, and the rate of the bias."""
    quiet = QUIET_LSB * RATE_ONE

    @kernel
    def update(v, m, rate, readout_rate):
        """Learn from a sample; rates are 0..32767."""
        splat16(v, V9, 0x7FFF)
        splat16(v, V10, 1)
        splat16(v, V11, SPARE)
        load16(v, V0, m.difference)
        load16(v, V1, m.rates, HIDDEN)
        for i in range(inputs + 1):
            shown = bias
            if i < inputs:
                shown = m.rates[LANES_OF_A_VECTOR + i]
            if shown > quiet:
                splat16(v, V3, saturate16(shown * rate >> FACTOR_BITS))
                begin_sum(v, m)
                mac_to_accumulator16_sat(v, V0, V3)
                end_sum(v, m, i)
        for k in range(classes):
            splat16(v, V3, saturate16(-m.errors[k] * readout_rate >> ERROR_FACTOR_BITS))
            begin_sum(v, m)
            mac_to_accumulator16_sat(v, V1, V3)
            end_sum(v, m, inputs + 1 + k)

    return update
