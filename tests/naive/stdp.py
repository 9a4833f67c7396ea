"""A twin of an update by pair STDP, in plain numpy."""

import numpy as np

from chip.base import constants as c


def updated(weights: np.ndarray, readings: np.ndarray, rest: np.ndarray, shift: int) -> np.ndarray:
    """Return what an update makes of a row: uint8[2, 128] weights, uint8[2 branches, 2, 128] readings, int8[2, 128]."""
    causal, acausal = readings.astype(int) >> 1
    difference = np.clip(acausal - causal - rest, -128, 127)
    step = np.where(difference < 0, -(-difference >> shift), difference >> shift)
    return np.clip(weights + step, 0, c.WEIGHT_MAX).astype(np.uint8)
