"""Slow twin of the host loop's surrogate gradient: it steps the membranes of one neuron from event to event.

The method sums closed forms at every conversion. Here each input has its own share of current and membrane, which decay
exactly from one event to the next: inputs, spikes, releases, conversions. At a spike and while the membrane is clamped
all shares of the membrane are 0.

Units are those of :mod:`tests.naive.eventprop`.
"""

from __future__ import annotations

import math

import numpy as np

from tests.naive.eventprop import Network, psp

INPUT, SPIKE, RELEASE, CONVERSION = range(4)  # in this order where times agree


def _decay(currents, membranes, span, network: Network, clamped: bool):
    """Shares after a time in which nothing happens."""
    syn, mem = math.exp(-span / network.tau_syn), math.exp(-span / network.tau_mem)
    if clamped:
        return currents * syn, membranes * 0.0
    return currents * syn, membranes * mem + currents * psp(span, network.tau_syn, network.tau_mem)


def hidden_gradient(network: Network, arrivals, spikes, seen_at, potentials, errors, steepness: float) -> np.ndarray:
    """dL/dw of the hidden layer, float64[inputs, hidden].

    ``seen_at``: times; ``potentials``: float[times, hidden], as measured there, above the leak; ``errors``: dL/dV of
    the readouts at the end; ``spikes``: times of every hidden neuron.
    """
    gradient = np.zeros_like(network.hidden)
    end = network.duration - network.latency
    for j, times in enumerate(spikes):
        events = [(t, INPUT, i) for i, t in enumerate(arrivals)]
        events += [(t, SPIKE, 0) for t in times] + [(t + network.refractory, RELEASE, 0) for t in times]
        events += [(t, CONVERSION, n) for n, t in enumerate(seen_at)]
        currents, membranes = np.zeros(len(arrivals)), np.zeros(len(arrivals))
        now, clamped, seen = 0.0, False, True
        pull = errors @ network.readout[:, j]
        for t, kind, number in sorted(events):
            currents, membranes = _decay(currents, membranes, t - now, network, clamped)
            now = t
            if kind == INPUT:
                currents[number] += 1.0
            elif kind == RELEASE:
                clamped = False
            elif kind == SPIKE:
                weight = psp(end - t, network.readout_tau_syn, network.readout_tau_mem)
                gradient[:, j] += pull * weight * membranes
                membranes, clamped, seen = membranes * 0.0, True, False
            else:
                if seen and not clamped:
                    weight = psp(end - t, network.readout_tau_syn, network.readout_tau_mem)
                    distance = abs(potentials[number, j] - network.threshold) / network.threshold
                    gradient[:, j] += pull * weight * membranes / (1.0 + steepness * distance) ** 2
                seen = True
    return gradient
