"""Columns of a chip as lanes of its two row halves, and back."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c

HALF_ROW = np.dtype((np.void, c.LANES))  # as one element, which numpy moves several times as fast


def to_lanes(by_column: np.ndarray) -> np.ndarray:
    """Reorder the last axis from columns [256] to [half, lane], (2, 128): lane l of half p is column 2 l + p."""
    split = by_column.reshape(*by_column.shape[:-1], c.LANES, c.HALVES)
    return np.ascontiguousarray(np.swapaxes(split, -1, -2))


def to_columns(by_lane: np.ndarray) -> np.ndarray:
    """Reorder the last two axes [half, lane] to columns [256]."""
    joined = np.ascontiguousarray(np.swapaxes(by_lane, -1, -2))
    return joined.reshape(*by_lane.shape[:-2], c.COLUMNS)
