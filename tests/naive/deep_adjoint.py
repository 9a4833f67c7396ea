"""Slow twin of the adjoint between two hidden layers: sums over pairs of a spike and an event, neuron by neuron.

The kernels go back in time once, with all neurons in lanes and two leaky states each. Here every spike is looked at by
itself, the last one of a neuron first, and every event is given its share of the potential and the slope of that by a
closed form: nothing is carried from event to event. Times in ticks, weights in steps, currents in steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.naive.eventprop import NEVER, psp, share


@dataclass(frozen=True)
class Layer:
    """Constants of the second layer: times in ticks, threshold and least excess in weight steps."""

    tau_syn: float
    tau_mem: float
    refractory: float
    threshold: float
    least_excess: float


def current(layer: Layer, weights: np.ndarray, arrivals: np.ndarray, time: float, with_equal: bool) -> float:
    """I of a neuron; ``weights`` are those of the events."""
    seen = arrivals <= time if with_equal else arrivals < time
    return float((weights[seen] * np.exp(-(time - arrivals[seen]) / layer.tau_syn)).sum())


def walk(
    layer: Layer,
    weights: np.ndarray,
    arrivals: np.ndarray,
    spikes: np.ndarray,
    direct: np.ndarray,
    currents: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Of one neuron: what each event of weight ``weights`` has of the gradient by its weight, and the push on it.

    ``direct`` is dL/ds of each spike by the readouts alone, ``currents`` is I at it; both results are in the units of
    the former, over weight steps. Behind them the largest impulse, |dL/ds| over what I has above the threshold.
    """
    by_weight, pushes, impulse, largest = np.zeros(len(arrivals)), np.zeros(len(arrivals)), 0.0, 0.0
    for k in range(len(spikes) - 1, -1, -1):
        spike = spikes[k]
        push = direct[k]
        if k + 1 < len(spikes):
            release = spike + layer.refractory
            kept = math.exp(-(spikes[k + 1] - release) / layer.tau_mem)
            push += current(layer, weights, arrivals, release, True) * kept * impulse
        impulse = push / max(currents[k] - layer.threshold, layer.least_excess)
        largest = max(largest, abs(impulse))
        release = spikes[k - 1] + layer.refractory if k else NEVER
        for m, arrival in enumerate(arrivals):
            if arrival < spike:
                part = share(spike, arrival, release, layer.tau_syn, layer.tau_mem)
                rise = -part / layer.tau_syn
                if arrival >= release:
                    age = spike - arrival
                    rise = (math.exp(-age / layer.tau_syn) - psp(age, layer.tau_syn, layer.tau_mem)) / layer.tau_mem
                by_weight[m] -= impulse * layer.tau_mem / layer.tau_syn * part
                pushes[m] += impulse * layer.tau_mem * weights[m] * rise
    return by_weight, pushes, largest
