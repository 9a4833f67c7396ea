"""Responses of leaky integrate-and-fire neurons in closed form, in float: what the kernels of all methods stand on.

Times in ns. A membrane that was released at a time has forgotten what came before, but its current has not.
"""

from __future__ import annotations

import math

import numpy as np

from chip.base.compiled import compiled


@compiled
def psp(t, tau_syn, tau_mem):
    """Return the potential a time t after an event, 0 before it: tau_mem V' = -V + exp(-t / tau_syn)."""
    if t <= 0.0:
        return 0.0
    if tau_syn == tau_mem:
        return t / tau_mem * math.exp(-t / tau_mem)
    return tau_syn / (tau_mem - tau_syn) * (math.exp(-t / tau_mem) - math.exp(-t / tau_syn))


@compiled
def psp_slope(t, tau_syn, tau_mem):
    """Return the time derivative of :func:`psp`, in 1/ns; 0 before the event."""
    if t < 0.0:
        return 0.0
    return (math.exp(-t / tau_syn) - psp(t, tau_syn, tau_mem)) / tau_mem


@compiled
def released_psp(t, arrival, release, tau_syn, tau_mem):
    """Return the potential at t from an event at ``arrival``, on a membrane released at ``release``."""
    if arrival >= release:
        return psp(t - arrival, tau_syn, tau_mem)
    return psp(t - release, tau_syn, tau_mem) * math.exp(-(release - arrival) / tau_syn)


@compiled
def current(t, weights, arrivals, sources, tau_syn, with_now):
    """Return the current at t from arrivals before t, or up to it: float64[events], of int64[events] sources."""
    total = 0.0
    for n in range(arrivals.size):
        age = t - arrivals[n]
        if age > 0.0 or (with_now and age == 0.0):
            total += weights[sources[n]] * math.exp(-age / tau_syn)
    return total


def softmax_errors(readings: np.ndarray, targets: np.ndarray, sharpness: float) -> tuple[np.ndarray, float]:
    """Return dL/dV, float64[n, readouts] in nats per LSB, and the mean cross-entropy L of softmax(sharpness V)."""
    logits = sharpness * readings.astype(float)
    logits -= logits.max(axis=1, keepdims=True)
    parts = np.exp(logits)
    sums = parts.sum(axis=1)
    rows = np.arange(len(targets))
    loss = float(np.mean(np.log(sums) - logits[rows, targets]))
    errors = parts / sums[:, None]
    errors[rows, targets] -= 1.0
    return sharpness * errors, loss
