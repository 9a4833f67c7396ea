"""What a run is judged by: weights on the diagonal and off it, and curves over epochs."""

from __future__ import annotations

import numpy as np

from ppu_programs.pong.learning import HITS, REWARD, SPIKES
from ppu_programs.pong.settings import MEAN_STEPS, REWARD_UNIT

ON_DIAGONAL = 1  # distance up to which a weight counts as on it, as the demo has it


def diagonal(weights: np.ndarray) -> np.ndarray:
    """float64[...]: the mean weight on the diagonal and beside it, of int[..., inputs, outputs]."""
    away = _distance(weights.shape[-1])
    return np.asarray(weights[..., away <= ON_DIAGONAL].mean(axis=-1))


def off_diagonal(weights: np.ndarray, least: int) -> np.ndarray:
    """float64[...]: the mean weight from distance ``least`` on; 0 where there is none so far away."""
    away = _distance(weights.shape[-1]) >= least
    return np.asarray(weights[..., away].mean(axis=-1) if away.any() else np.zeros(weights.shape[:-2]))


def _distance(size: int) -> np.ndarray:
    return np.asarray(abs(np.arange(size)[:, None] - np.arange(size)))


def curves(reports: np.ndarray, positions: int) -> dict[str, np.ndarray]:
    """float64[epochs] each, of int[epochs, words]: success, mean expected reward, spikes of a neuron and a ball."""
    found = reports.astype(float) / positions
    return {
        "success": found[:, HITS],
        "expected_reward": found[:, REWARD] / (MEAN_STEPS * REWARD_UNIT),
        "spikes": found[:, SPIKES] / positions,
    }
