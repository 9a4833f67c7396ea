"""The optimiser: AdaMax with stochastic rounding, on int16 shadow weights, for the rows of one layer.

    g         = the batch's gradient, shifted into 16 bit, limited
    mean     += (g - mean) / 8                  the direction
    largest   = max(|g|, largest - largest / 512)   what it is measured with: a decaying maximum
    shadow   -= rate * mean / largest

Every division by a power of two rounds stochastically with bits of one 32-bit xorshift generator: without it, steps
below one shadow step would be lost. Source: Kingma and Ba 2015, section 7.1, without its correction of the first steps.
"""

from __future__ import annotations

import numpy as np

from chip.ppu import (
    Kernel,
    Memory,
    absolute,
    divide,
    i16,
    i32,
    kernel,
    maximum,
    minimum,
    saturate16,
    subroutine,
)
from ppu_programs.two_layer.layout import ROW
from ppu_programs.two_layer.settings import SHADOW_LIMIT

FLOOR = 4  # added to `largest`: weights without gradient stay where they are


def memory(rows: int) -> Memory:
    """The optimiser's state: running mean and decaying maximum of gradients, generator (not 0), rate.

    ``rate``: that of the next update, the same times 2^16, what that loses by each update.
    """
    return Memory(mean=i16[rows * ROW], largest=i16[rows * ROW], random=i32[1], rate=i32[3])


def falling_rate(first: int, updates: int) -> np.ndarray:
    """Initial contents of ``rate``: it falls linearly to zero over all updates."""
    return np.array([first, first << 16, (first << 16) // updates], np.int32)


@kernel
def lower_rate(v, m):
    """Go on to the rate of the next update."""
    m.rate[1] = m.rate[1] - m.rate[2]
    m.rate[0] = m.rate[1] >> 16


@subroutine
def draw(v, m):
    """Return 32 random bits (xorshift32)."""
    x = m.random[0]
    x = x ^ (x << 13)
    x = x ^ ((x >> 17) & 0x7FFF)
    x = x ^ (x << 5)
    m.random[0] = x
    return x


def update_kernel(rows: int, gradient_shift: int) -> Kernel:
    """Return the kernel ``update(rate)``: one step of all weights; rate in 1/128 of a shadow step, 0..32767."""
    weights, half = rows * ROW, (1 << gradient_shift) >> 1

    @kernel
    def update(v, m, rate):
        """Step and clear the gradients."""
        for at in range(weights):
            raw = m.gradient[at]
            largest = m.largest[at]
            if raw != 0 or largest != 0:
                bits = draw(v, m)
                gradient = saturate16((raw + half) >> gradient_shift)
                mean = m.mean[at]
                mean += (gradient - mean + (bits & 7)) >> 3
                largest = maximum(minimum(absolute(gradient), 0x7FFF), largest - ((largest + ((bits >> 3) & 511)) >> 9))
                step = (divide(mean * rate, largest + FLOOR) + ((bits >> 12) & 127)) >> 7
                m.mean[at] = mean
                m.largest[at] = largest
                m.shadow[at] = maximum(minimum(m.shadow[at] - step, SHADOW_LIMIT), -SHADOW_LIMIT)
                m.gradient[at] = 0

    return update
