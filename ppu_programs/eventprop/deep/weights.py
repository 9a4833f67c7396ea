"""The 6-bit weights between the hidden layers where kernels read them: two sources to a vector of bytes.

In each slice of 128 bits the first eight bytes are those of an even source, the last eight those of the odd one behind
it: so unpacking a vector gives the weights of a source in the halfword lanes of its targets.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.ppu import subroutine

LANES = c.VECTOR_BYTES // 2  # halfwords of a vector: so many neurons the second layer has at most


@subroutine
def weight_place(v, m, source, lane):
    """Return where a weight is in ``weights``."""
    return (source >> 1) * 128 + ((lane & 0x38) << 1) + ((source & 1) << 3) + (lane & 7)


def packed(weights: np.ndarray) -> np.ndarray:
    """int8[n], ``weights`` of int[sources, targets] signed weights; unused lanes are 0."""
    sources, targets = weights.shape
    rows = np.zeros((sources + sources % 2, LANES), np.int8)
    rows[:sources, :targets] = weights
    return rows.reshape(-1, 2, LANES // 8, 8).swapaxes(1, 2).ravel()


def unpacked(stored: np.ndarray, sources: int, targets: int) -> np.ndarray:
    """int8[sources, targets], the way back of :func:`packed`."""
    return stored.reshape(-1, LANES // 8, 2, 8).swapaxes(1, 2).reshape(-1, LANES)[:sources, :targets]
