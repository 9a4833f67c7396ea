"""Slots: which neurons are simulated, and where each stands in the arrays of the analog core.

A neuron is simulated iff it lies in a row half up to the highest enabled lane, rounded up to eight. The lanes of the
four row halves (hemisphere * 2 + half) lie one after the other; a lane's place there is its slot. So a row half stays
contiguous, as the PPU's vectors have it, and one loop over slots advances the whole chip. The number of slots is padded
to a multiple of 32, the width of an unrolled vector loop; padding rests at zero.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.grid import (
    ROW_HALVES,
)
from chip.base.inner import inlined

SLOTS = "slots"  # their number, where shapes of arrays are declared
# second index of Neurons.place
PLACE_NEURON, PLACE_HALF, PLACE_LANE, PLACE_CLAMP, PLACE_MEMBRANE, PLACE_BELOW, PLACE_ENABLED = range(7)


def half_slots(enabled: np.ndarray) -> tuple[np.ndarray, int]:
    """Return ``halves`` int64[4, 2] and the padded number of slots for ``enabled`` bool[2, 256]."""
    halves = np.zeros((ROW_HALVES, 2), np.int64)
    first = 0
    for half in range(ROW_HALVES):
        lanes = np.flatnonzero(enabled[half // c.HALVES, half % c.HALVES :: c.HALVES])
        count = -(-(lanes[-1] + 1) // 8) * 8 if lanes.size else 0
        halves[half] = first, count
        first += count
    return halves, max(32, -(-first // 32) * 32)


@inlined
def slots_of(hemisphere, halves):
    """Return the first slot of a hemisphere and the one behind its last."""
    first, last = c.HALVES * hemisphere, c.HALVES * hemisphere + c.HALVES - 1
    return halves[first, 0], halves[last, 0] + halves[last, 1]
