"""A peer of the benchmarks: forward and surrogate-free adjoint pass of a float network on a fixed grid, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

STEPS, STEP_NS = 300, 100.0
TAU_MEM_NS, TAU_SYN_NS = 10_000.0, 5_000.0
READOUT_TAU_MEM_NS, READOUT_TAU_SYN_NS = 60_000.0, 15_000.0
BATCH, RATES = 25, (0.02, 0.01)  # of both layers
MOMENT_DECAYS, EPSILON = (0.9, 0.999), 1e-8  # of Adam


@njit
def forward_and_backward(inputs_ns, targets, hidden, output):
    """Return the summed gradients of both layers for inputs_ns float64[n, inputs]; Euler steps, discrete adjoint."""
    inputs, neurons = hidden.shape
    readouts = output.shape[1]
    gradient_hidden, gradient_output = np.zeros_like(hidden), np.zeros_like(output)
    spikes = np.zeros((STEPS, neurons), np.bool_)
    current_at = np.zeros((STEPS, neurons))
    mem, syn = STEP_NS / TAU_MEM_NS, STEP_NS / TAU_SYN_NS
    read_mem, read_syn = STEP_NS / READOUT_TAU_MEM_NS, STEP_NS / READOUT_TAU_SYN_NS
    for n in range(len(inputs_ns)):
        v, i = np.zeros(neurons), np.zeros(neurons)
        read_v, read_i = np.zeros(readouts), np.zeros(readouts)
        for t in range(STEPS):
            for k in range(inputs):
                if int(inputs_ns[n, k] / STEP_NS) == t:
                    i += hidden[k]
            for j in range(neurons):
                v[j] += mem * (i[j] - v[j])
                current_at[t, j] = i[j]
                spikes[t, j] = v[j] > 1.0
                if spikes[t, j]:
                    v[j] = 0.0
                    for o in range(readouts):
                        read_i[o] += output[j, o]
                i[j] -= syn * i[j]
            read_v += read_mem * (read_i - read_v)
            read_i -= read_syn * read_i
        error = np.exp(10.0 * (read_v - read_v.max()))
        error /= error.sum()
        error[targets[n]] -= 1.0
        adjoint_v, adjoint_i = error.copy(), np.zeros(readouts)
        lambda_v, lambda_i = np.zeros(neurons), np.zeros(neurons)
        for t in range(STEPS - 1, -1, -1):
            adjoint_i += read_syn * (adjoint_v - adjoint_i)
            adjoint_v -= read_mem * adjoint_v
            for j in range(neurons):
                lambda_i[j] += syn * (lambda_v[j] - lambda_i[j])
                lambda_v[j] -= mem * lambda_v[j]
                if spikes[t, j]:
                    pushed = 0.0
                    for o in range(readouts):
                        pushed += output[j, o] * (adjoint_v[o] - adjoint_i[o])
                        gradient_output[j, o] += adjoint_i[o]
                    excess = max(current_at[t, j] - 1.0, 0.125)
                    lambda_v[j] = (current_at[t, j] * lambda_v[j] + pushed) / excess
            for k in range(inputs):
                if int(inputs_ns[n, k] / STEP_NS) == t:
                    gradient_hidden[k] += lambda_i
    return gradient_hidden, gradient_output


class FloatNetwork:
    """Learns with Adam from event times float64[n, inputs] in ns and classes int[n]."""

    def __init__(self, times_ns: np.ndarray, targets: np.ndarray, hidden: int, readouts: int, seed: int):
        self._random = np.random.default_rng(seed)
        inputs = times_ns.shape[1]
        self._weights = [
            self._random.normal(0.6, 1.5, (inputs, hidden)),
            self._random.normal(0.0, 0.3, (hidden, readouts)),
        ]
        self._moments = [(np.zeros_like(weights), np.zeros_like(weights)) for weights in self._weights]
        self._times_ns, self._targets, self._updates = times_ns, targets, 0
        self.samples = len(targets) // BATCH * BATCH

    def train_epoch(self) -> None:
        """Shuffle, and see every sample once; the last part of a batch is dropped."""
        for chosen in self._random.permutation(len(self._targets))[: self.samples].reshape(-1, BATCH):
            self._update(forward_and_backward(self._times_ns[chosen], self._targets[chosen], *self._weights))

    def accuracy(self, times_ns: np.ndarray, targets: np.ndarray) -> float:
        """The share of samples whose readout of their class is the highest at the end; all samples step by step."""
        arrival = (times_ns / STEP_NS).astype(int)
        hidden, output = self._weights
        v, i = np.zeros((2, len(targets), hidden.shape[1]))
        read_v, read_i = np.zeros((2, len(targets), output.shape[1]))
        for step in range(STEPS):
            i += (arrival == step) @ hidden
            v += STEP_NS / TAU_MEM_NS * (i - v)
            spikes = v > 1.0
            v[spikes] = 0.0
            i -= STEP_NS / TAU_SYN_NS * i
            read_i += spikes @ output
            read_v += STEP_NS / READOUT_TAU_MEM_NS * (read_i - read_v)
            read_i -= STEP_NS / READOUT_TAU_SYN_NS * read_i
        return float((read_v.argmax(axis=1) == targets).mean())

    def _update(self, gradients: tuple[np.ndarray, np.ndarray]) -> None:
        self._updates += 1
        bias = [1.0 - decay**self._updates for decay in MOMENT_DECAYS]
        for weights, (mean, square), gradient, rate in zip(self._weights, self._moments, gradients, RATES, strict=True):
            mean += (1.0 - MOMENT_DECAYS[0]) * (gradient / BATCH - mean)
            square += (1.0 - MOMENT_DECAYS[1]) * ((gradient / BATCH) ** 2 - square)
            weights -= rate * (mean / bias[0]) / (np.sqrt(square / bias[1]) + EPSILON)
