"""A rate twin of the network that equilibrium propagation trains, in float: it settles, and its gradient is implicit.

    h = f(c_h (x W1 + y W2^T)),  y = f(b + c_o h W2)

f is the rate of a leaky integrate-and-fire neuron with a constant drive, averaged over a little noise of it; c is
``efficacy tau``, the drive that a rate brings. No phase is nudged here: the adjoint of the fixed point is solved for,
by a linear system for each sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
SMOOTHING = 0.1  # of the drive, in thresholds
ROUNDS = 300


@dataclass(frozen=True)
class Twin:
    """Constants in us, LSB and events per us.

    Attributes:
        into_hidden, into_output: LSB of drive for a weight of 1 and an event per us.
        threshold, offset: of outputs the drive without any event.
    """

    tau: float
    refractory: float
    threshold: float
    offset: float
    into_hidden: float
    into_output: float

    @classmethod
    def of(cls, s) -> Twin:
        """Take what settings of the rule say."""
        tau = s.tau_ns * 1e-3
        return cls(
            *(tau, s.refractory_ns * 1e-3, s.threshold_lsb, s.output_leak * s.threshold_lsb),
            *(s.efficacy_lsb * tau, s.output_efficacy_lsb * tau),
        )

    def rate(self, drive: np.ndarray) -> np.ndarray:
        """Events per us."""
        noisy = drive[..., None] + SMOOTHING * self.threshold * NODES
        with np.errstate(divide="ignore", invalid="ignore"):
            interval = self.refractory + self.tau * np.log(noisy / (noisy - self.threshold))
        rates = np.where(noisy > self.threshold, 1.0 / interval, 0.0)
        return rates @ NODE_WEIGHTS / NODE_WEIGHTS.sum()

    def slope(self, drive: np.ndarray) -> np.ndarray:
        """What the rate changes by with the drive."""
        step = 1e-3 * self.threshold
        return (self.rate(drive + step) - self.rate(drive - step)) / (2 * step)

    def settle(self, x: np.ndarray, hidden: np.ndarray, output: np.ndarray, nudge=0.0) -> tuple[np.ndarray, ...]:
        """Return float64[n, hidden] and [n, outputs] rates and their drives, for inputs float64[n, inputs].

        ``nudge`` is added to the outputs' drive. Raises RuntimeError where nothing settles.
        """
        y = np.zeros((len(x), output.shape[1]))
        for _ in range(ROUNDS):
            into_hidden = self.into_hidden * (x @ hidden + y @ output.T)
            h = self.rate(into_hidden)
            into_output = self.offset + nudge + self.into_output * h @ output
            before, y = y, y + 0.5 * (self.rate(into_output) - y)
        if np.abs(y - before).max() > 1e-6:
            raise RuntimeError(f"outputs still move by {np.abs(y - before).max()} after {ROUNDS} rounds")
        return h, y, into_hidden, into_output

    def gradient(self, x: np.ndarray, wanted: np.ndarray, hidden: np.ndarray, output: np.ndarray) -> tuple:
        """Return d/dW1 and d/dW2 of half the squared error of the outputs' rates, summed over samples."""
        h, y, into_hidden, into_output = self.settle(x, hidden, output)
        slope_h, slope_o = self.slope(into_hidden), self.slope(into_output)
        d_hidden, d_output = np.zeros_like(hidden, float), np.zeros_like(output, float)
        for n in range(len(x)):
            forward = self.into_output * slope_h[n][:, None] * output  # g_h = forward g_o
            back = self.into_hidden * slope_o[n][:, None] * output.T  # g_o = slope error + back g_h
            g_o = np.linalg.solve(np.eye(len(back)) - back @ forward, slope_o[n] * (y[n] - wanted[n]))
            g_h = forward @ g_o
            d_hidden += self.into_hidden * np.outer(x[n], g_h)
            d_output += self.into_output * np.outer(h[n], g_o) + self.into_hidden * np.outer(g_h, y[n])
        return d_hidden, d_output


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two arrays."""
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
