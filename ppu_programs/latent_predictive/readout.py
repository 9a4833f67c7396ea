"""What the host makes of frozen features, behind the run: a linear readout, and how many directions they take."""

from __future__ import annotations

import numpy as np

RIDGE = 0.01  # of the mean square of a feature
SILENT = 1e-6  # standard deviation below which a feature says nothing


def fit(features: np.ndarray, targets: np.ndarray, classes: int) -> Readout:
    """Return the ridge regression from features float[n, units] onto classes, one-hot, of targets int[n]."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scale = np.where(deviation > SILENT, 1.0 / np.maximum(deviation, SILENT), 0.0)
    known = _with_bias((features - mean) * scale)
    wanted = np.eye(classes)[targets]
    weights = np.linalg.solve(
        known.T @ known + RIDGE * len(features) * np.eye(known.shape[1]),
        known.T @ wanted,
    )
    return Readout(mean, scale, weights)


class Readout:
    """A linear readout of features.

    Attributes:
        mean, scale: float[units], of the features that it was fitted to; weights: float[units + 1, classes].
    """

    def __init__(self, mean: np.ndarray, scale: np.ndarray, weights: np.ndarray):
        self.mean, self.scale, self.weights = mean, scale, weights

    def classes(self, features: np.ndarray) -> np.ndarray:
        """int64[n]: the class that it sees in each of features float[n, units]."""
        return (_with_bias((features - self.mean) * self.scale) @ self.weights).argmax(axis=1)

    def accuracy(self, features: np.ndarray, targets: np.ndarray) -> float:
        """The fraction of right ones."""
        return float((self.classes(features) == targets).mean())


def dimension(features: np.ndarray) -> float:
    """The participation ratio of the features' correlations: how many directions they take; 0 where all are silent."""
    spread = features[:, features.std(axis=0) > SILENT]
    if spread.shape[1] < 2:
        return float(spread.shape[1])
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(spread.T))
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def d_prime(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """float[units]: how far a feature parts two classes, in its standard deviations within them; 0 where it is silent.

    It is the distance of both means over the root of the mean of both variances.
    """
    first, second = features[targets == 0], features[targets == 1]
    spread = np.sqrt((first.var(axis=0) + second.var(axis=0)) / 2)
    distance = np.abs(first.mean(axis=0) - second.mean(axis=0))
    return np.where(spread > SILENT, distance / np.maximum(spread, SILENT), 0.0)


def _with_bias(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, np.ones((len(values), 1))], axis=1)
