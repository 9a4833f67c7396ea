"""Slow twin of EventProp: a two-layer network in floats, its gradient by forward sensitivities.

The firmware walks spikes backwards with adjoint variables. Here every spike time carries its derivatives forward
instead. With s_k the time of spike k of a hidden neuron and r its previous release (spike k - 1 plus the refractory
time; before the first spike: never),

    V(s_k; w, r) = threshold  =>  ds_k/dw = -(dV/dw + dV/dr ds_{k-1}/dw) / V'(s_k),  V' = (I - threshold) / tau_mem

and the loss is differentiated through the readouts' potentials at the end of the sample. Spikes are found by a
bracketed bisection of V, which is a plain sum over all inputs: nothing is stepped from event to event.

Units are the caller's: one of time for all times, one of potential for weights and threshold. Leak and reset are 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chip.base.compiled import compiled

NEVER = -1e30
MAX_SPIKES = 32  # per neuron and sample


@dataclass(frozen=True)
class Network:
    """Weights and constants.

    Attributes:
        hidden: float64[inputs, hidden]; readout: float64[readouts, hidden].
        tau_syn, tau_mem, threshold, refractory: of hidden neurons.
        readout_tau_syn, readout_tau_mem: of the leaky integrators.
        duration: when the readouts are observed; latency: from a hidden spike to the readouts.
        sharpness: softmax cross-entropy of sharpness * potential.
        slope_limit: the most that 1 / (I - threshold) may be, infinite for the exact gradient.
    """

    hidden: np.ndarray
    readout: np.ndarray
    tau_syn: float = 5.0
    tau_mem: float = 20.0
    threshold: float = 1.0
    refractory: float = 0.0
    readout_tau_syn: float = 5.0
    readout_tau_mem: float = 20.0
    duration: float = 40.0
    latency: float = 0.0
    sharpness: float = 1.0
    slope_limit: float = math.inf


@compiled
def psp(t, tau_syn, tau_mem):
    """The potential a time t after an event of weight 1, 0 before it."""
    if t <= 0.0:
        return 0.0
    if tau_syn == tau_mem:
        return t / tau_mem * math.exp(-t / tau_mem)
    return tau_syn / (tau_mem - tau_syn) * (math.exp(-t / tau_mem) - math.exp(-t / tau_syn))


@compiled
def share(t, arrival, release, tau_syn, tau_mem):
    """What an input of weight 1 adds to the potential at t of a membrane that was released at ``release``."""
    if arrival >= release:
        return psp(t - arrival, tau_syn, tau_mem)
    return psp(t - release, tau_syn, tau_mem) * math.exp(-(release - arrival) / tau_syn)


@compiled
def potential(t, weights, arrivals, release, tau_syn, tau_mem):
    """V(t) after a release."""
    total = 0.0
    for i in range(len(weights)):
        if arrivals[i] < t:
            total += weights[i] * share(t, arrivals[i], release, tau_syn, tau_mem)
    return total


@compiled
def current(t, weights, arrivals, tau_syn):
    """I(t), from inputs up to and with t."""
    total = 0.0
    for i in range(len(weights)):
        if arrivals[i] <= t:
            total += weights[i] * math.exp(-(t - arrivals[i]) / tau_syn)
    return total


@compiled
def slope_at(t, weights, arrivals, release, tau_syn, tau_mem, after):
    """tau_mem V'(t), just after t or (``after`` False) just before it."""
    total = -potential(t, weights, arrivals, release, tau_syn, tau_mem)
    for i in range(len(weights)):
        if arrivals[i] < t or (after and arrivals[i] == t):
            total += weights[i] * math.exp(-(t - arrivals[i]) / tau_syn)
    return total


@compiled
def first_crossing(start, end, weights, arrivals, release, tau_syn, tau_mem, threshold):
    """When V first reaches the threshold within [start, end], which no input parts; NEVER if it does not."""
    peak = end
    rises = slope_at(start, weights, arrivals, release, tau_syn, tau_mem, True) > 0.0
    if rises and slope_at(end, weights, arrivals, release, tau_syn, tau_mem, False) < 0.0:
        low, high = start, end  # V' has one zero, the maximum
        for _ in range(60):
            middle = 0.5 * (low + high)
            if slope_at(middle, weights, arrivals, release, tau_syn, tau_mem, False) > 0.0:
                low = middle
            else:
                high = middle
        peak = 0.5 * (low + high)
    if potential(peak, weights, arrivals, release, tau_syn, tau_mem) < threshold:
        return NEVER
    low, high = start, peak
    for _ in range(60):
        middle = 0.5 * (low + high)
        if potential(middle, weights, arrivals, release, tau_syn, tau_mem) < threshold:
            low = middle
        else:
            high = middle
    return high


@compiled
def spike_times(weights, arrivals, ordered, end, tau_syn, tau_mem, threshold, refractory, out):
    """Write one neuron's spike times before ``end`` into ``out``; returns how many."""
    count, release, start = 0, NEVER, ordered[0]
    while count < len(out):
        found = NEVER
        for i in range(len(ordered) + 1):
            stop = ordered[i] if i < len(ordered) else end
            if found == NEVER and start < min(stop, end):
                stop = min(stop, end)
                found = first_crossing(start, stop, weights, arrivals, release, tau_syn, tau_mem, threshold)
                start = stop
        if found == NEVER:
            return count
        out[count] = found
        count += 1
        release = found + refractory
        start = release
    return count


@compiled
def sensitivities(weights, arrivals, spikes, tau_syn, tau_mem, threshold, refractory, limit, out):
    """Write ds_k/dw_i of one neuron's spikes into out[k, i]."""
    for k in range(len(spikes)):
        s = spikes[k]
        release = spikes[k - 1] + refractory if k > 0 else NEVER
        excess = -threshold
        for i in range(len(weights)):
            if arrivals[i] < s:
                excess += weights[i] * math.exp(-(s - arrivals[i]) / tau_syn)
        inverse = limit if excess * limit <= 1.0 else 1.0 / excess
        for i in range(len(weights)):
            change = share(s, arrivals[i], release, tau_syn, tau_mem) if arrivals[i] < s else 0.0
            if k > 0:
                shrink = math.exp(-(s - release) / tau_mem) * current(release, weights, arrivals, tau_syn) / tau_mem
                change -= shrink * out[k - 1, i]
            out[k, i] = -change * tau_mem * inverse


def run(network: Network, arrivals: np.ndarray) -> list[np.ndarray]:
    """Spike times of every hidden neuron, rising, up to the end of the sample."""
    arrivals, room = np.asarray(arrivals, float), np.empty(MAX_SPIKES)
    constants = (network.tau_syn, network.tau_mem, network.threshold, network.refractory)
    spikes = []
    for weights in np.ascontiguousarray(network.hidden.T):
        count = spike_times(weights, arrivals, np.sort(arrivals), network.duration, *constants, room)
        spikes.append(room[:count].copy())
    return spikes


def readout_potentials(network: Network, spikes: list[np.ndarray]) -> np.ndarray:
    """float64[readouts]: potentials at the end of the sample."""
    constants = (network.readout_tau_syn, network.readout_tau_mem)
    delays = [network.duration - network.latency - times for times in spikes]
    sums = np.array([sum(psp(t, *constants) for t in neuron) for neuron in delays])
    return network.readout @ sums


def errors_and_loss(network: Network, potentials: np.ndarray, label: int) -> tuple[np.ndarray, float]:
    """dL/dV of the readouts, and the cross-entropy L."""
    logits = network.sharpness * np.asarray(potentials, float)
    logits = logits - logits.max()
    errors = np.exp(logits) / np.exp(logits).sum()
    loss = -float(np.log(errors[label]))
    errors[label] -= 1.0
    return network.sharpness * errors, loss


def gradients(
    network: Network, arrivals: np.ndarray, spikes: list[np.ndarray], errors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """dL/dw of both layers, float64 in the weights' shapes, for spikes and readout errors dL/dV that are given."""
    arrivals = np.asarray(arrivals, float)
    constants = (network.tau_syn, network.tau_mem, network.threshold, network.refractory, network.slope_limit)
    taus = (network.readout_tau_syn, network.readout_tau_mem)
    hidden, readout = np.zeros_like(network.hidden), np.zeros_like(network.readout)
    for j, times in enumerate(spikes):
        moves = np.zeros((len(times), len(arrivals)))
        sensitivities(np.ascontiguousarray(network.hidden[:, j]), arrivals, times, *constants, moves)
        for s, move in zip(times, moves, strict=True):
            delay = network.duration - network.latency - s
            if delay <= 0.0:
                continue
            value = psp(delay, *taus)
            rate = (math.exp(-delay / taus[0]) - value) / taus[1]
            readout[:, j] += errors * value
            hidden[:, j] -= errors @ network.readout[:, j] * rate * move
    return hidden, readout


def loss_and_gradients(network: Network, arrivals: np.ndarray, label: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Forward and backward in one: the loss, and its gradient by the weights of both layers."""
    spikes = run(network, arrivals)
    errors, loss = errors_and_loss(network, readout_potentials(network, spikes), label)
    return loss, *gradients(network, arrivals, spikes, errors)
