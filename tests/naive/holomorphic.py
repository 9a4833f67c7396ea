"""Float twins of holomorphic equilibrium propagation: nudges on a circle of complex numbers, and real ones on a cosine.

    h = f(x W1 + k y W2^T),  y = f(h W2 + beta e),  f(u) = 1 / (1 + exp(2 - 4 u))

The error e is that of the free phase. The derivative of the products of states by beta, at 0, is minus the gradient of
the loss: from N complex nudges by the formula of Cauchy, from real ones by harmonics (Laborieux and Zenke, 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 400
FEEDBACK = 0.3  # k: with a scale of their own, hidden neurons keep an energy, and the loop gain is lower


@dataclass(frozen=True)
class Net:
    """A network for samples float64[n, inputs] and targets float64[n, outputs]; weights without biases."""

    x: np.ndarray
    wanted: np.ndarray
    hidden: np.ndarray
    output: np.ndarray

    def settle(self, nudge: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """States of hidden and output neurons, complex where the nudge is; RuntimeError where they do not settle."""
        h = np.full((len(self.x), self.hidden.shape[1]), 0.5) + 0 * np.sum(nudge)
        y = np.full((len(self.x), self.output.shape[1]), 0.5) + 0 * np.sum(nudge)
        for _ in range(ROUNDS):
            before = y
            h = activation(self.x @ self.hidden + FEEDBACK * y @ self.output.T)
            y = activation(h @ self.output + nudge)
            if np.abs(y - before).max() < 1e-11:
                return h, y
        raise RuntimeError(f"outputs still move by {np.abs(y - before).max()} after {ROUNDS} rounds")

    @property
    def error(self) -> np.ndarray:
        """What outputs lack in the free phase."""
        return self.wanted - self.settle()[1]

    def products(self, nudge: np.ndarray | float) -> np.ndarray:
        """Of states that a weight joins, by their scales, of all weights in one array, summed over samples."""
        h, y = self.settle(nudge)
        return np.concatenate([(self.x.T @ h).ravel() / FEEDBACK, (h.T @ y).ravel()])

    def gradient(self) -> np.ndarray:
        """Of half the squared error, by the adjoint of the free phase: a linear system for each sample."""
        h, y = self.settle()
        d_hidden, d_output = np.zeros_like(self.hidden), np.zeros_like(self.output)
        for n in range(len(h)):
            forward = (4 * h[n] * (1 - h[n]))[:, None] * self.output
            back = FEEDBACK * (4 * y[n] * (1 - y[n]))[:, None] * self.output.T
            g_o = np.linalg.solve(np.eye(len(back)) - back @ forward, 4 * y[n] * (1 - y[n]) * (y[n] - self.wanted[n]))
            g_h = forward @ g_o
            d_hidden += np.outer(self.x[n], g_h)
            d_output += np.outer(h[n], g_o) + FEEDBACK * np.outer(g_h, y[n])
        return np.concatenate([d_hidden.ravel(), d_output.ravel()])


def activation(u: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(2.0 - 4.0 * u))


def complex_derivative(net: Net, beta: float, slots: int) -> np.ndarray:
    """Of the products by the nudge at 0, from nudges on a circle."""
    error, found = net.error, 0.0
    for n in range(slots):
        nudge = beta * np.exp(2j * np.pi * n / slots)
        found = found + (net.products(nudge * error) / nudge).real / slots
    return found


def harmonics(net: Net, beta: float, slots: int, highest: int) -> list[np.ndarray]:
    """Amplitudes of the cosines 1 to ``highest`` of the products, with real nudges ``beta cos t``."""
    error, angles = net.error, 2 * np.pi * np.arange(slots) / slots
    seen = [net.products(beta * np.cos(angle) * error) for angle in angles]
    return [
        2 / slots * sum(np.cos(k * a) * p for a, p in zip(angles, seen, strict=True)) for k in range(1, highest + 1)
    ]


def lock_in_derivative(net: Net, beta: float, slots: int) -> np.ndarray:
    """The first harmonic alone."""
    return harmonics(net, beta, slots, 1)[0] / beta


def chebyshev_derivative(net: Net, beta: float, slots: int) -> np.ndarray:
    """The derivative at 0 from the first, the third and the fifth harmonic."""
    first, _, third, _, fifth = harmonics(net, beta, slots, 5)
    return (first - 3 * third + 5 * fifth) / beta


def centred_derivative(net: Net, beta: float) -> np.ndarray:
    """From one nudge of either sign."""
    error = net.error
    return (net.products(beta * error) - net.products(-beta * error)) / (2 * beta)


def trained(inputs: np.ndarray, wanted: np.ndarray, hidden: int, seed: int, steps: int, rate: float) -> Net:
    """A network after ``steps`` of gradient descent."""
    random = np.random.default_rng(seed)
    net = Net(
        inputs,
        wanted,
        random.normal(0, 0.5, (inputs.shape[1], hidden)),
        random.normal(0, 0.3, (hidden, wanted.shape[1])),
    )
    for _ in range(steps):
        step = rate / len(inputs) * net.gradient()
        first = net.hidden.size
        net = Net(
            inputs, wanted, net.hidden - step[:first].reshape(net.hidden.shape),
            net.output - step[first:].reshape(net.output.shape),
        )  # fmt: skip
    return net
