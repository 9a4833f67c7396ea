"""The optimiser of :mod:`ppu_programs.two_layer.update` where a processor has no room for its state.

Running means and decaying maxima lie in external memory, one word a weight, the mean above the maximum. Between two
batches the region ``record`` is free: it is the window through which they pass, row by row of ``shadow``.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu import Memory, absolute, divide, i32, kernel, maximum, minimum, saturate16
from ppu_programs.two_layer.layout import ROW
from ppu_programs.two_layer.settings import SHADOW_LIMIT
from ppu_programs.two_layer.update import FLOOR, draw

ROW_BYTES = 4 * ROW  # of state
ROW_VECTORS = ROW_BYTES // c.VECTOR_BYTES
STATE_BYTES = c.BLOCK_RAM_BYTES // 4  # room for each hemisphere, behind the first quarter


def state_address(hemisphere: int) -> int:
    """Where the state of a processor's first row lies in external memory."""
    return BLOCK_RAM_BASE + STATE_BYTES * (1 + hemisphere)


def memory() -> Memory:
    """Generator (not 0); what :func:`ppu_programs.two_layer.update.memory` calls ``rate``, of both layers in turn."""
    return Memory(random=i32[1], rates=i32[6])


def image(generator: np.ndarray, rates: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Initial contents of ``memory``."""
    return {"random": generator, "rates": np.concatenate(rates)}


@kernel
def lower_rates(v, m):
    """Go on to the rates of the next update."""
    hidden = m.rates[1] - m.rates[2]
    m.rates[1] = hidden
    m.rates[0] = hidden >> 16
    readout = m.rates[4] - m.rates[5]
    m.rates[4] = readout
    m.rates[3] = readout >> 16


@kernel
def update_row(v, m, row, gradient_shift, rate):
    """Step one row of weights and clear its gradients, with its state in ``record``; as ``update`` does with all."""
    half = (1 << gradient_shift) >> 1
    first = ROW * row
    for lane in range(ROW):
        at = first + lane
        raw = m.gradient[at]
        state = m.record[lane]
        if raw != 0 or state != 0:
            mean = state >> 16
            largest = state & 0xFFFF
            bits = draw(v, m)
            gradient = saturate16((raw + half) >> gradient_shift)
            mean += (gradient - mean + (bits & 7)) >> 3
            largest = maximum(minimum(absolute(gradient), 0x7FFF), largest - ((largest + ((bits >> 3) & 511)) >> 9))
            step = (divide(mean * rate, largest + FLOOR) + ((bits >> 12) & 127)) >> 7
            m.record[lane] = (mean << 16) | largest
            m.shadow[at] = maximum(minimum(m.shadow[at] - step, SHADOW_LIMIT), -SHADOW_LIMIT)
            m.gradient[at] = 0
