"""Pictures scaled down by area: a pixel is the mean of those that it covers, each weighed by its covered part."""

from __future__ import annotations

import numpy as np

AT_ONCE = 4096  # pictures that are scaled at a time


def scaled(images: np.ndarray, side: int) -> np.ndarray:
    """Return float64[n, side * side], row by row, of pictures [n, height, width] of as many pixels a side or more.

    The mean of a picture stays what it was, up to its limits 0 and 1.
    """
    rows, columns = _covered(images.shape[1], side), _covered(images.shape[2], side)
    found = np.empty((len(images), side * side))
    for first in range(0, len(images), AT_ONCE):
        part = images[first : first + AT_ONCE]
        found[first : first + AT_ONCE] = (rows @ part @ columns.T).reshape(len(part), -1)
    return np.clip(found, 0.0, 1.0)  # sums of parts that are off by a bit of a float


def _covered(size: int, side: int) -> np.ndarray:
    """float64[side, size]: the share of each old pixel in each new one along a side; each row sums to 1."""
    edges = np.linspace(0, size, side + 1)
    old = np.arange(size)
    overlap = np.minimum(edges[1:, None], old + 1) - np.maximum(edges[:-1, None], old)
    return np.clip(overlap, 0.0, None) * (side / size)
