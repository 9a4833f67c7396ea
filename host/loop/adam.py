"""Adam in float on float shadow weights, with a rate that falls linearly to 0. Source: Kingma and Ba 2015."""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST = 1e-8  # added to the root of the mean square


class Adam:
    """The optimiser of one layer.

    Args:
        weights: float64, of any shape; changed in place, kept within +- ``limit``.
        rate: first step of a weight whose gradient keeps its sign; updates: after so many it has fallen to 0.
        memory, square_memory: beta 1 and beta 2.
        limit: the largest magnitude of a weight.
    """

    def __init__(
        self, weights: np.ndarray, rate: float, updates: int, memory: float, square_memory: float, limit: float
    ):
        self.weights, self.rate, self.updates, self.limit = weights, rate, updates, limit
        self.memory, self.square_memory = memory, square_memory
        self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)
        self.done = 0

    def step(self, gradient: np.ndarray) -> None:
        """Move the weights once."""
        rate = self.rate * max(0.0, 1.0 - self.done / self.updates)
        self.done += 1
        self._mean += (1.0 - self.memory) * (gradient - self._mean)
        self._square += (1.0 - self.square_memory) * (gradient * gradient - self._square)
        mean = self._mean / (1.0 - self.memory**self.done)
        root = np.sqrt(self._square / (1.0 - self.square_memory**self.done))
        self.weights -= rate * mean / (root + LEAST)
        np.clip(self.weights, -self.limit, self.limit, out=self.weights)

    def snapshot(self) -> dict[str, Any]:
        """Return weights, moments and how many steps were taken."""
        return {name: array.copy() for name, array in self._arrays().items()} | {"done": self.done}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned, in place."""
        for name, array in self._arrays().items():
            array[...] = saved[name]
        self.done = saved["done"]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "mean": self._mean, "square": self._square}
