"""The optimiser of the weights between the hidden layers: that of ``two_layer.update``, row by row of a stream.

A row is what one neuron of the first layer has: its shadows in ``shadow``; running means above decaying maxima, a word
a weight, in ``record``, which is free between two batches.
"""

from __future__ import annotations

from chip.ppu import (
    V0,
    V1,
    V4,
    Kernel,
    absolute,
    add16_sat,
    divide,
    kernel,
    load16,
    maximum,
    minimum,
    pack_lower,
    shift_right16,
    splat16,
)
from ppu_programs.eventprop.deep.weights import LANES, weight_place
from ppu_programs.two_layer.layout import position
from ppu_programs.two_layer.settings import SHADOW_LIMIT
from ppu_programs.two_layer.update import FLOOR, draw


def step_kernel(targets: int) -> Kernel:
    """Return the kernel ``step(slot, row)`` for a window of one row; the new weights are in V0 and in ``weights``."""

    @kernel
    def step(v, m, slot, row):
        """Step one row of weights and clear its gradients."""
        for lane in range(targets):
            at = position(v, m, lane)
            gradient = m.gradient[LANES * row + lane]
            state = m.record[at]
            if gradient != 0 or state != 0:
                mean = state >> 16
                largest = state & 0xFFFF
                bits = draw(v, m)
                mean += (gradient - mean + (bits & 7)) >> 3
                largest = maximum(minimum(absolute(gradient), 0x7FFF), largest - ((largest + ((bits >> 3) & 511)) >> 9))
                change = (divide(mean * m.rate[0], largest + FLOOR) + ((bits >> 12) & 127)) >> 7
                shadow = maximum(minimum(m.shadow[at] - change, SHADOW_LIMIT), -SHADOW_LIMIT)
                m.record[at] = (mean << 16) | largest
                m.shadow[at] = shadow
                m.gradient[LANES * row + lane] = 0
                m.weights[weight_place(v, m, row, lane)] = (shadow + 256) >> 9
        splat16(v, V4, 256)
        load16(v, V0, m.shadow, 0)
        load16(v, V1, m.shadow, 1)
        add16_sat(v, V0, V0, V4)
        add16_sat(v, V1, V1, V4)
        shift_right16(v, V0, V0, 9)
        shift_right16(v, V1, V1, 9)
        pack_lower(v, V0, V0, V1)

    return step
