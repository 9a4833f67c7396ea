"""EventProp from recorded spikes: the adjoint that the on-chip rule computes in fixed point, here in float.

:mod:`ppu_programs.eventprop.adjoint` has the equations. Source: Wunderlich and Pehle 2021; Pehle et al. 2023 with a
chip in the loop.
"""

from __future__ import annotations

import math

import numpy as np

from chip.compiled import compiled
from host.loop.methods.method import Gradient, Learning, Looks, ReadingMethod
from host.loop.methods.response import current, psp, psp_slope, released_psp, softmax_errors
from host.loop.observation import Observation
from ppu_programs.eventprop.settings import Settings

NEVER = -1e30


class EventPropMethod(ReadingMethod):
    """EventProp on a batch; the loss is softmax cross-entropy of the CADC's readings at the end of the samples."""

    name = "eventprop"
    looks = Looks()

    def __init__(self, settings: Settings, learning: Learning | None = None):
        slope_limit = getattr(settings, "slope_limit", Settings().slope_limit)
        super().__init__(settings, settings.threshold_lsb / slope_limit)
        self.learning = learning or Learning()

    def gradient(self, seen: Observation, hidden: np.ndarray, readout: np.ndarray) -> Gradient:
        s = self.settings
        errors, loss = softmax_errors(seen.readings, seen.targets, s.sharpness)
        by_hidden, by_readout = np.zeros_like(hidden.T), np.zeros_like(readout.T)
        walk_back(
            *(seen.spikes_ns, seen.lanes, seen.first, seen.arrivals_ns, errors, self._constants),
            np.ascontiguousarray(hidden.T) * s.efficacy_lsb,
            np.ascontiguousarray(readout.T) * s.readout_efficacy_lsb,
            *(by_hidden, by_readout),
        )
        return self._per_weight(loss, len(seen.targets), by_hidden, by_readout)


@compiled
def walk_back(spikes, lanes, first, arrivals, errors, constants, hidden, readout, by_hidden, by_readout):
    """Add the gradients of all samples, per LSB of current: [hidden, inputs] and [hidden, readouts]."""
    tau_syn, tau_mem, refractory, threshold, least_excess = constants[:5]
    readout_syn, readout_mem, end = constants[5:]
    neurons, inputs = hidden.shape
    readouts = readout.shape[1]
    earlier = np.empty(spikes.size, np.int64)  # the spike before each one, of the same neuron; -1 for none
    latest = np.empty(neurons, np.int64)
    impulse = np.empty(neurons)  # of the neuron's later spike, and its time
    later = np.empty(neurons)
    for sample in range(first.size - 1):
        latest[:] = -1
        impulse[:] = 0.0
        for n in range(first[sample], first[sample + 1]):
            earlier[n] = latest[lanes[n]]
            latest[lanes[n]] = n
        for n in range(first[sample + 1] - 1, first[sample] - 1, -1):
            j, spike = lanes[n], spikes[n]
            delay = end - spike
            if delay <= 0.0:
                continue
            value, slope = psp(delay, readout_syn, readout_mem), psp_slope(delay, readout_syn, readout_mem)
            push = 0.0
            for o in range(readouts):
                by_readout[j, o] += errors[sample, o] * value
                push -= readout[j, o] * errors[sample, o] * slope
            if impulse[j] != 0.0:
                release = spike + refractory
                decay = math.exp(-(later[j] - release) / tau_mem)
                push += current(release, hidden[j], arrivals[sample], tau_syn, True) * decay * impulse[j]
            excess = current(spike, hidden[j], arrivals[sample], tau_syn, False) - threshold
            impulse[j] = push / max(excess, least_excess)
            later[j] = spike
            release = spikes[earlier[n]] + refractory if earlier[n] >= 0 else NEVER
            for i in range(inputs):
                arrival = arrivals[sample, i]
                if arrival < spike:
                    by_hidden[j, i] -= impulse[j] * tau_mem * released_psp(spike, arrival, release, tau_syn, tau_mem)
