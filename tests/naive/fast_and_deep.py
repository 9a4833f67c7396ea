"""Slow twin of Fast & Deep: first-spike times by bisection, gradients in floats.

Spike times come from :mod:`tests.naive.eventprop`, which brackets the crossings of a plain sum. ``gradients`` takes
spike times as they were observed, as the firmware does; :func:`first_spike_time` and :func:`first_spike_gradient` are
the closed forms of Göltz et al. 2021 for equal time constants, with the Lambert W function, which need no observation.

Units are the caller's: one of time for all times, one of potential for weights and thresholds. Leak and reset are 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.naive import eventprop


@dataclass(frozen=True)
class Network:
    """Weights and constants.

    Attributes:
        hidden: float64[inputs, hidden]; readout: float64[readouts, hidden].
        tau_syn, tau_mem, threshold: of hidden neurons; those with ``readout_`` before them: of readouts.
        duration: end of a sample; latency: from a hidden spike to the readouts.
        softness: xi of the softmax of spike times; early: weight of the early-spike term.
        slope_limit, readout_slope_limit: the most that 1 / (I - threshold) may be, infinite for the exact gradient.
    """

    hidden: np.ndarray
    readout: np.ndarray
    tau_syn: float = 7.0
    tau_mem: float = 7.0
    threshold: float = 1.0
    readout_tau_syn: float = 7.0
    readout_tau_mem: float = 7.0
    readout_threshold: float = 1.0
    duration: float = 30.0
    latency: float = 0.1
    softness: float = 0.5
    early: float = 0.0
    slope_limit: float = math.inf
    readout_slope_limit: float = math.inf


def run(network: Network, arrivals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[hidden] and float64[readouts]: first-spike times, nan where a neuron is silent."""
    n = network
    hidden = _layer(n.hidden.T, np.asarray(arrivals, float), n.duration, n.tau_syn, n.tau_mem, n.threshold)
    fired = ~np.isnan(hidden)
    sources = hidden[fired] + n.latency
    constants = n.readout_tau_syn, n.readout_tau_mem, n.readout_threshold
    return hidden, _layer(n.readout[:, fired], sources, n.duration, *constants)


def _layer(rows, arrivals, duration, tau_syn, tau_mem, threshold) -> np.ndarray:
    ordered, room, times = np.sort(arrivals), np.empty(1), np.full(len(rows), np.nan)
    if len(arrivals):
        for neuron, weights in enumerate(rows):
            given = np.ascontiguousarray(weights), arrivals, ordered
            if eventprop.spike_times(*given, duration, tau_syn, tau_mem, threshold, 0.0, room):
                times[neuron] = room[0]
    return times


def errors_and_loss(network: Network, readout_times: np.ndarray, label: int) -> tuple[np.ndarray, float]:
    """dL/dT of the readouts, and the loss L; a silent readout has no error unless it is the label's."""
    silent = np.isnan(readout_times)
    times = np.where(silent, network.duration, readout_times) / network.softness
    factors = np.exp(times.min() - times)
    shares = factors / factors.sum()
    loss = float(-np.log(shares[label]) + network.early * times[label])
    errors = np.where(silent, 0.0, -shares)
    errors[label] = 1.0 - shares[label] + network.early
    return errors / network.softness, loss


def gradients(network: Network, arrivals, hidden_times, readout_times, label: int) -> tuple[np.ndarray, np.ndarray]:
    """dL/dw of both layers, float64 in the weights' shapes, for spike times that are given."""
    n, arrivals = network, np.asarray(arrivals, float)
    hidden, readout, pushes = np.zeros_like(n.hidden), np.zeros_like(n.readout), np.zeros(n.hidden.shape[1])
    errors, _ = errors_and_loss(n, readout_times, label)
    constants = n.readout_tau_syn, n.readout_tau_mem, n.readout_threshold, n.readout_slope_limit
    for o, error in enumerate(errors):
        silent = np.isnan(readout_times[o])
        time = n.duration if silent else readout_times[o]
        by_weight, by_time = _derivatives(time, n.readout[o], hidden_times + n.latency, *constants, silent)
        readout[o] += error * by_weight
        pushes += error * by_time
    constants = n.tau_syn, n.tau_mem, n.threshold, n.slope_limit
    for j in np.flatnonzero(~np.isnan(hidden_times)):
        hidden[:, j] = pushes[j] * _derivatives(hidden_times[j], n.hidden[:, j], arrivals, *constants, False)[0]
    return hidden, readout


def _derivatives(time, weights, arrivals, tau_syn, tau_mem, threshold, limit, barely) -> tuple[np.ndarray, np.ndarray]:
    """dT/dw and dT/dt of a spike at ``time``: -psp / V', w psp' / V'; with ``barely`` at the clip."""
    ages = time - arrivals
    seen = ages > 0.0  # False for silent sources, whose time is nan
    ages = np.where(seen, ages, 0.0)
    currents = np.where(seen, np.exp(-ages / tau_syn), 0.0)
    psp = np.array([eventprop.psp(age, tau_syn, tau_mem) for age in ages])
    excess = weights @ currents - threshold
    inverse = limit if barely or excess * limit <= 1.0 else 1.0 / excess
    return -psp * tau_mem * inverse, weights * (currents - psp) * inverse


def lambert_w(z: float) -> float:
    """The principal branch of w e^w = z, by bisection; -1/e <= z."""
    low, high = -1.0, max(1.0, math.log1p(max(z, 0.0)) + 1.0)
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle * math.exp(middle) < z else (low, middle)
    return high


def first_spike_time(weights, arrivals, tau: float, threshold: float) -> tuple[float, float, float, np.ndarray]:
    """T, a1, W and the causal set for tau_syn = tau_mem: the paper's equation for the earliest consistent set."""
    order = np.argsort(arrivals)
    for count in range(1, len(order) + 1):
        used = order[:count]
        growth = weights[used] * np.exp(arrivals[used] / tau)
        a1, b = growth.sum(), (growth * arrivals[used] / tau).sum()
        if a1 > 0.0 and (z := -threshold / a1 * math.exp(b / a1)) >= -1.0 / math.e:
            w = lambert_w(z)
            time = tau * (b / a1 - w)
            following = arrivals[order[count]] if count < len(order) else math.inf
            if arrivals[used[-1]] <= time <= following:
                return time, a1, w, used
    return math.nan, math.nan, math.nan, order[:0]


def first_spike_gradient(weights, arrivals, tau: float, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """dT/dw and dT/dt of the closed form."""
    time, a1, w, used = first_spike_time(weights, arrivals, tau, threshold)
    by_weight, by_time = np.zeros(len(weights)), np.zeros(len(weights))
    common = np.exp(arrivals[used] / tau) / (a1 * (1.0 + w))
    by_weight[used] = -common * (time - arrivals[used])
    by_time[used] = -common * weights[used] * (time - arrivals[used] - tau) / tau
    return by_weight, by_time
