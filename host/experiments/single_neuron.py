"""One leaky integrate-and-fire neuron with one input: when it spikes, and how that moves with the weight.

The membrane's time constant is twice the synapse's. With x = exp(-T / tau_mem) an input of weight w at time 0 drives
the membrane along V(T) = w e (x - x^2), e the efficacy, so it meets the threshold at

    x = (1 + s) / 2,   s = sqrt(1 - 4 threshold / (w e)),   T = tau_mem log(2 / (1 + s)),
    dT/dw = - tau_mem threshold / (w^2 e s x),

the case tau_mem = 2 tau_syn of Goeltz et al. 2021 (Fast and energy-efficient neuromorphic deep learning with
first-spike times). Times are in ns, potentials in CADC LSB above the leak potential, weights in steps of a synapse.
"""

from __future__ import annotations

import numpy as np

from ppu_programs.network import LIF, Linear, Network

STEEPNESS = 50.0  # of the surrogate, per threshold: that of Cramer et al. 2022 on the same chip


def network(neurons: int) -> Network:
    """So many copies of the neuron, each with a synapse from the one input; a spike holds a membrane for long."""
    return Network(Linear(1, neurons, efficacy_lsb=10), LIF(neurons, tau_mem_ns=10_000, refractory_ns=32_000))


def spike_time(neuron: LIF, efficacy_lsb: float, weights: np.ndarray) -> np.ndarray:
    """float64 of the shape of ``weights``: when the neuron spikes, in ns after the input; NaN where it never does."""
    _, x = _solve(neuron, efficacy_lsb, weights)
    return -neuron.tau_mem_ns * np.log(x)


def derivative(neuron: LIF, efficacy_lsb: float, weights: np.ndarray) -> np.ndarray:
    """float64 of the shape of ``weights``: dT/dw in ns per weight step; NaN where it never spikes."""
    weights = np.asarray(weights, float)
    s, x = _solve(neuron, efficacy_lsb, weights)
    return -neuron.tau_mem_ns * neuron.threshold_lsb / (weights**2 * efficacy_lsb * s * x)


def _solve(neuron: LIF, efficacy_lsb: float, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if neuron.tau_mem_ns != 2 * neuron.tau_syn_ns:
        raise ValueError(
            f"the analytic spike time is that of tau_mem = 2 tau_syn; this neuron has {neuron.tau_mem_ns} and "
            f"{neuron.tau_syn_ns} ns"
        )
    current = np.asarray(weights, float) * efficacy_lsb
    with np.errstate(invalid="ignore", divide="ignore"):
        s = np.sqrt(1 - 4 * neuron.threshold_lsb / current)
    return s, (1 + s) / 2


def response(neuron: LIF, times_ns: np.ndarray) -> np.ndarray:
    """The potential at a time after a unit jump of the current, 0 before it."""
    x = np.exp(-np.maximum(times_ns, 0) / neuron.tau_mem_ns)
    return x - x**2


def eventprop_estimate(
    neuron: LIF, efficacy_lsb: float, weights: np.ndarray, spikes_ns: np.ndarray, slope_limit: float
) -> np.ndarray:
    """Return dT/dw in ns per weight step from spikes that were observed, NaN without one; the shapes broadcast.

    The adjoint jumps by 1 / (I - threshold) at the spike, at most ``slope_limit`` over the threshold, and decays in
    reverse time to the input; with one spike and one input what is left is the response over the slope (Wunderlich and
    Pehle 2021). Time constants and threshold are those that the chip was asked for.
    """
    current = weights * efficacy_lsb * np.exp(-spikes_ns / neuron.tau_syn_ns)
    excess = np.maximum(current - neuron.threshold_lsb, neuron.threshold_lsb / slope_limit)
    return -efficacy_lsb * neuron.tau_mem_ns * response(neuron, spikes_ns) / excess


def surrogate_estimate(
    neuron: LIF, efficacy_lsb: float, membranes_lsb: np.ndarray, times_ns: np.ndarray, end_ns: int
) -> np.ndarray:
    """Return what SuperSpike makes of sampled membranes for the same loss, up to a factor; the last axis is time.

    The loss is the time before the spike: the sum, over samples, of ``end - t`` for a spike at t, with its sign turned.
    A spike's derivative by the potential is 1 / (1 + 50 |V - threshold| / threshold)^2, the potential's derivative by
    the weight the response to the input, which goes on behind resets (Zenke and Ganguli 2018).
    """
    away = np.abs(membranes_lsb / neuron.threshold_lsb - 1)
    return -((end_ns - times_ns) * response(neuron, times_ns) * efficacy_lsb / (1 + STEEPNESS * away) ** 2).sum(axis=-1)
