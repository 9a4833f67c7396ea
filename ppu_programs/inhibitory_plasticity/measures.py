"""What a run is judged by: rates of cells against the target, and how inhibition is tuned against excitation."""

from __future__ import annotations

import numpy as np


def rate_error(counts: np.ndarray, target: int) -> float | None:
    """The mean, over cells, of how far a cell's mean count is from the target, as a fraction of it.

    Args:
        counts: int[updates, cells]; None is returned where there is no update.
    """
    if not len(counts):
        return None
    return float((abs(counts.mean(axis=0) - target) / target).mean())


def tuning_correlation(excitation: np.ndarray, inhibition: np.ndarray) -> float:
    """The mean, over cells, of the correlation over channels of both weights; 0 for a cell where one is flat.

    Args:
        excitation, inhibition: float[channels, cells].
    """
    parts = [weights - weights.mean(axis=0) for weights in (excitation, inhibition)]
    norms = np.sqrt((parts[0] ** 2).sum(axis=0) * (parts[1] ** 2).sum(axis=0))
    products = (parts[0] * parts[1]).sum(axis=0)
    return float(np.where(norms > 0, products / np.maximum(norms, 1e-9), 0.0).mean())


def by_signal(weights: np.ndarray, excited_by: np.ndarray) -> np.ndarray:
    """float[channels, cells]: excitatory weights by the signal that their sources follow.

    Args:
        weights: [channels, cells]; excited_by: int[channels], the signal of the sources of each channel.
    """
    found = np.zeros(weights.shape)
    found[excited_by] = weights
    return found
