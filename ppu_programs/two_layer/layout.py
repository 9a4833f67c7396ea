"""Where things lie in vectors of halfwords, and how the spike record names neurons.

A row of 128 halfwords is two vector registers. Packing two registers of halfwords into one of bytes works within slices
of 128 bit, so byte lane j gets halfword ``position(j)``: rows of shadow weights, gradients and optimiser state are all
stored in that order, and only the conversion to synapse weights has to know lanes.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.fpga.writer import RECORD_BYTES
from chip.ppu import byte_lanes, subroutine

ROW = c.LANES  # halfwords of one row
RECORD_WORDS = RECORD_BYTES // 4  # of the region that takes a sample's spike record
GRADIENT_LIMIT = 1 << 30  # of an accumulator of gradients, 32 bits


def positions() -> np.ndarray:
    """int64[128]: the place in a row of halfwords of each lane."""
    lanes = np.concatenate([byte_lanes(False), byte_lanes(True)])
    return np.argsort(lanes)


@subroutine
def position(v, m, lane):
    """Return the place of a lane in a row of halfwords, 0..127."""
    return ((lane & 8) << 3) | ((lane & 0x70) >> 1) | (lane & 7)


@subroutine
def hidden_lane(v, m, label):
    """Return the lane of the hidden neuron with this label: event output, then the address among its 16 neurons."""
    return ((label >> 4) & 0x70) | (label & 15)


@subroutine
def input_index(v, m, label):
    """Return the input with this label: bus in bits 14-15, driver on the bus in the row select."""
    return ((label >> 14) & 3) | ((label >> 4) & 0x7C)
