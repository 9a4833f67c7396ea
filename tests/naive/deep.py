"""Slow twin of networks of any depth: exact spike times in floats, layer by layer, and the loss that they lead to.

There is no gradient here: differences of this loss are what a gradient is checked against. Neurons and readouts are
those of :mod:`tests.naive.eventprop`; a spike reaches the next layer after a latency, and each event is an input of its
own. Times in ns, potentials and weights in CADC LSB; leak and reset are 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ppu_programs.eventprop.settings import DeepSettings
from ppu_programs.network import LIF
from tests.naive import eventprop as naive


def layer_spikes(
    neurons: LIF, weights: np.ndarray, times: np.ndarray, sources: np.ndarray, duration: float
) -> list[np.ndarray]:
    """Spike times of each neuron of one layer; weights[sources, neurons] in LSB, events at ``times`` of ``sources``."""
    constants = (neurons.tau_syn_ns, neurons.tau_mem_ns, neurons.threshold_lsb, neurons.refractory_ns)
    ordered, room, found = np.sort(times), np.empty(naive.MAX_SPIKES), []
    for j in range(neurons.size):
        count = 0
        if len(times):
            of_events = np.ascontiguousarray(weights[sources, j])
            count = naive.spike_times(of_events, times, ordered, duration, *map(float, constants), room)
        found.append(room[:count].copy())
    return found


def run(settings: DeepSettings, weights: Sequence[np.ndarray], arrivals: np.ndarray) -> list[list[np.ndarray]]:
    """Spike times by spiking layer and neuron; weights in steps, [inputs, outputs] of each layer."""
    times, sources, found = np.asarray(arrivals, float), np.arange(len(arrivals)), []
    for (linear, neurons), of_layer in zip(settings.network.layers[:-1], weights, strict=False):
        spikes = layer_spikes(neurons, of_layer * linear.efficacy_lsb, times, sources, float(settings.duration_ns))
        found.append(spikes)
        times = np.concatenate(spikes) + settings.latency_ns
        sources = np.repeat(np.arange(neurons.size), [len(each) for each in spikes])
    return found


def readout_potentials(
    settings: DeepSettings, weights: Sequence[np.ndarray], spikes: list[list[np.ndarray]]
) -> np.ndarray:
    """float64[readouts]: potentials at the end of the sample, from the last spiking layer."""
    linear, readouts = settings.network.layers[-1]
    end = settings.duration_ns - settings.latency_ns
    sums = [sum(naive.psp(end - t, readouts.tau_syn_ns, readouts.tau_mem_ns) for t in each) for each in spikes[-1]]
    return np.array(sums) @ weights[-1] * linear.efficacy_lsb


def loss(settings: DeepSettings, weights: Sequence[np.ndarray], arrivals: np.ndarray, label: int) -> float:
    """Softmax cross-entropy of one sample, in nats."""
    logits = settings.sharpness * readout_potentials(settings, weights, run(settings, weights, arrivals))
    logits -= logits.max()
    return float(np.log(np.exp(logits).sum()) - logits[label])
