"""Slow twin of SuperSpike: its gradient as the formula says it, in floats, a synapse and a sample at a time."""

from __future__ import annotations

import numpy as np

from tests.naive.eventprop import psp


def surrogate(potential: float, threshold: float, width: float) -> float:
    """1 at threshold, 0 at a distance of ``width`` and beyond, straight in between."""
    return max(0.0, 1.0 - abs(potential - threshold) / width)


def gradient(settings, threshold, potentials, arrivals, spikes, readout, errors) -> np.ndarray:
    """float64[inputs, hidden]: the gradient of one sample.

    Args:
        settings: ``ppu_programs.superspike.settings.Settings``; threshold: in the unit of the potentials.
        potentials: [samples, hidden]; arrivals: times of the inputs in ns; spikes: how many of each hidden neuron.
        readout: weights [readouts, hidden]; errors: [readouts].
    """
    s = settings
    result = np.zeros((len(arrivals), potentials.shape[1]))
    for i in range(potentials.shape[1]):
        feedback = sum(float(readout[o, i]) * errors[o] for o in range(len(errors)))
        feedback += s.activity * max(0, spikes[i] - s.activity_target)
        for k in range(len(potentials)):
            t = float(s.first_sample_ns + k * s.sample_period_ns)
            slope = surrogate(float(potentials[k, i]), threshold, s.width_lsb)
            if slope > 0.0:
                left = psp(s.duration_ns - s.latency_ns - t, s.readout_tau_syn_ns, s.readout_tau_mem_ns)
                for j, arrival in enumerate(arrivals):
                    result[j, i] += feedback * slope * left * psp(t - arrival, s.tau_syn_ns, s.tau_mem_ns)
    return result
