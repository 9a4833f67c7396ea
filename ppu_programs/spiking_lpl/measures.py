"""What a run is judged by: what neurons say of either signal, weights by group, and how alike neurons are."""

from __future__ import annotations

import numpy as np

RIDGE = 1e-3  # of the variance: neurons that say the same
BLOCK = 100  # ticks that are fitted to, or judged


def explained(counts: np.ndarray, signal: np.ndarray) -> float:
    """R^2 of a linear readout of a signal from spike counts: fitted to every other block of ticks, judged by the rest.

    Blocks, since neurons go on learning: a readout of their first half would not fit the second one.

    Args:
        counts: float[ticks, neurons], more ticks than a block has; signal: float[ticks].
    """
    fitted = np.arange(len(counts)) // BLOCK % 2 == 0
    fit, judged = counts[fitted], counts[~fitted]
    mean, spread, offset = fit.mean(axis=0), np.maximum(fit.std(axis=0), 1e-9), signal[fitted].mean()
    fit, judged = (fit - mean) / spread, (judged - mean) / spread
    gram = fit.T @ fit + RIDGE * len(fit) * np.eye(fit.shape[1])
    readout = np.linalg.solve(gram, fit.T @ (signal[fitted] - offset))
    wanted = signal[~fitted]
    residual = ((wanted - offset - judged @ readout) ** 2).sum()
    return float(1 - residual / max(((wanted - wanted.mean()) ** 2).sum(), 1e-9))


def correlation(counts: np.ndarray) -> float | None:
    """The mean correlation of spike counts of two neurons; None where no two have spiked and not always alike."""
    counts = counts[:, counts.std(axis=0) > 0]
    n = counts.shape[1]
    if n < 2:
        return None
    return float((np.corrcoef(counts.T).sum() - n) / (n * (n - 1)))
