"""A network that settles, in float, for experiments with equilibrium propagation; no chip is in it.

    h = f(x W1 + k y W2^T),  y = f(h W2 + nudge),  f(u) = 1 / (1 + exp(2 - 4 u))

k scales the feedback, as on the chip: with a scale of their own, hidden neurons keep an energy. What a network learns
from are products of the states that a weight joins; their derivative by a nudge along the error, at 0, is minus the
gradient of half the squared error (Scellier and Bengio, 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS, SETTLED = 600, 1e-10
FEEDBACK = 0.3
SLOPE = 4.0  # of the activation's exponent
States = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class SettlingNetwork:
    """Weights and samples.

    Attributes:
        x: float64[samples, inputs]. wanted: float64[samples, outputs], what outputs are to be.
        hidden: float64[inputs, hidden]. output: float64[hidden, outputs].
    """

    x: np.ndarray
    wanted: np.ndarray
    hidden: np.ndarray
    output: np.ndarray

    def settle(self, nudge: np.ndarray | float = 0.0, begin: States | None = None) -> States:
        """Return hidden and output states, float64[samples, ...]; raises RuntimeError where they do not settle.

        ``nudge`` is added to the outputs' drive; ``begin`` are states to settle from.
        """
        y = np.full(self.wanted.shape, 0.5) if begin is None else begin[1]
        from_inputs = self.x @ self.hidden
        for _ in range(ROUNDS):
            h = _activation(from_inputs + FEEDBACK * y @ self.output.T)
            before, y = y, _activation(h @ self.output + nudge)
            if np.abs(y - before).max() < SETTLED:
                return h, y
        raise RuntimeError(f"outputs still move by {np.abs(y - before).max():.2g} after {ROUNDS} rounds; nudge less")

    def products(self, states: States) -> np.ndarray:
        """Return the products of states, all weights in one array, float64[weights], summed over samples."""
        h, y = states
        return np.concatenate([(self.x.T @ h).ravel() / FEEDBACK, (h.T @ y).ravel()])

    def gradient(self) -> np.ndarray:
        """Return that of half the squared error, float64[weights], by the adjoint of the free phase."""
        h, y = self.settle()
        slope_h, slope_y = SLOPE * h * (1 - h), SLOPE * y * (1 - y)
        loop = FEEDBACK * slope_y[:, :, None] * np.einsum("ho,nh,hp->nop", self.output, slope_h, self.output)
        errors = (slope_y * (y - self.wanted))[:, :, None]
        g_o = np.linalg.solve(np.eye(loop.shape[1]) - loop, errors)[:, :, 0]
        g_h = slope_h * (g_o @ self.output.T)
        return np.concatenate([(self.x.T @ g_h).ravel(), (h.T @ g_o + FEEDBACK * g_h.T @ y).ravel()])

    def moved(self, step: np.ndarray) -> SettlingNetwork:
        """Return the network with weights that have moved by float64[weights]."""
        first = self.hidden.size
        hidden = self.hidden + step[:first].reshape(self.hidden.shape)
        return SettlingNetwork(self.x, self.wanted, hidden, self.output + step[first:].reshape(self.output.shape))

    @property
    def accuracy(self) -> float:
        """The fraction of samples whose highest output is the wanted one."""
        return float((self.settle()[1].argmax(axis=1) == self.wanted.argmax(axis=1)).mean())


def trained(x: np.ndarray, wanted: np.ndarray, hidden: int, seed: int, steps: int, rate: float) -> SettlingNetwork:
    """Return a network after so many steps of gradient descent over all samples."""
    random = np.random.default_rng(seed)
    into_hidden = random.normal(0, 0.5, (x.shape[1], hidden))
    network = SettlingNetwork(x, wanted, into_hidden, random.normal(0, 0.3, (hidden, wanted.shape[1])))
    for _ in range(steps):
        network = network.moved(-rate / len(x) * network.gradient())
    return network


def _activation(drive: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(2.0 - SLOPE * drive))
