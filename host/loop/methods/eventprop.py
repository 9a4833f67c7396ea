"""EventProp from recorded spikes, in float and at any depth; for two layers it is what the on-chip rule approximates.

Layers are walked from the readouts down. With s a spike of a neuron, r its release before s, I its current, V its
potential, all from the events at a_i that arrive with weights w_i,

    V(s; w, a, r) = threshold,   tau_mem V'(s) = I(s) - threshold,   impulse = dL/ds / (I(s) - threshold)

    dL/dw_i  -= tau_mem impulse p_i                        p_i: what event i of weight 1 has added to V(s)
    dL/da_i  -= tau_mem impulse w_i dp_i/da_i              the push on the spike below, which came a latency earlier
    dL/ds_0  += impulse I(r) exp(-(s - r) / tau_mem)       s_0: the neuron's spike before s, r = s_0 + refractory time

and dp_i/da_i is -psp'(s - a_i) for an event on a free membrane; p_i / tau_syn for one before the release, of which the
clamp lets only the current through. The readouts push spikes of the last hidden layer by their potentials' slopes.
The pushes on a layer are complete when it is walked, so each spike is visited once.

:mod:`ppu_programs.eventprop.adjoint` has the equations of two layers as the chip computes them. Source: Wunderlich and
Pehle 2021; Pehle et al. 2023 with a chip in the loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chip.base.compiled import compiled
from host.loop.methods.method import Conversions, Gradient, Learning, ReadingMethod
from host.loop.methods.response import current, psp, psp_slope, released_psp, softmax_errors
from host.loop.observation import Observation
from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer.settings import SampleSettings

NEVER = -1e30


class EventPropMethod(ReadingMethod):
    """EventProp on a batch; the loss is softmax cross-entropy of the CADC's readings at the end of the samples."""

    name = "eventprop"
    conversions = Conversions()

    def __init__(self, settings: SampleSettings, learning: Learning | None = None):
        super().__init__(settings, learning or Learning())
        slope_limit = getattr(settings, "slope_limit", Settings.slope_limit)
        self._hidden = [
            np.array([n.tau_syn_ns, n.tau_mem_ns, n.refractory_ns, n.threshold_lsb, n.threshold_lsb / slope_limit])
            for _, n in self.network.layers[:-1]
        ]

    def gradient(self, seen: Observation, weights: Sequence[np.ndarray]) -> Gradient:
        errors, loss = softmax_errors(seen.readings, seen.targets, self.settings.sharpness)
        currents = [w * linear.efficacy_lsb for w, (linear, _) in zip(weights, self.network, strict=True)]
        last, readout = seen.spikes[-1], np.ascontiguousarray(currents[-1])
        sums, push = [np.zeros(readout.shape)], np.zeros(last.times_ns.size)
        push_by_readouts(last.times_ns, last.neurons, last.first, errors, self._readouts, readout, sums[0], push)
        for layer in range(len(seen.spikes) - 1, -1, -1):
            of_layer, into = seen.spikes[layer], np.ascontiguousarray(currents[layer].T)
            events = self._events(seen, layer)
            push_below, by_weight = np.zeros(events[0].size if layer else 0), np.zeros(into.shape)
            walk_back(
                *(of_layer.times_ns, of_layer.neurons, of_layer.first, push, *events, self._hidden[layer]),
                *(into, by_weight, push_below),
            )
            sums.insert(0, by_weight.T)
            push = push_below
        return self._per_weight(loss, len(seen.targets), sums)

    def _events(self, seen: Observation, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When events reach a layer, from which source, and where the events of each sample begin."""
        if layer:
            below = seen.spikes[layer - 1]
            return below.times_ns + self.settings.latency_ns, below.neurons, below.first
        count, inputs = seen.arrivals_ns.shape
        return seen.arrivals_ns.ravel(), np.tile(np.arange(inputs), count), inputs * np.arange(count + 1)


@compiled
def push_by_readouts(spikes, neurons, first, errors, constants, readout, by_readout, push):
    """Add the gradient of the readouts, per LSB of current: [hidden, readouts]; write dL/ds of spikes to ``push``."""
    readout_syn, readout_mem, end = constants
    readouts = readout.shape[1]
    for sample in range(first.size - 1):
        for n in range(first[sample + 1] - 1, first[sample] - 1, -1):
            j, delay = neurons[n], end - spikes[n]
            total = 0.0
            if delay > 0.0:
                value, slope = psp(delay, readout_syn, readout_mem), psp_slope(delay, readout_syn, readout_mem)
                for o in range(readouts):
                    by_readout[j, o] += errors[sample, o] * value
                    total -= readout[j, o] * errors[sample, o] * slope
            push[n] = total


@compiled
def walk_back(
    spikes, neurons, first, push, arrivals, sources, first_arrival, constants, weights, by_weight, push_below
):
    """Add the gradient of one spiking layer, per LSB of current: [neurons, sources].

    ``push`` has dL/ds of its spikes by the layer above; that of arrivals is added to ``push_below``, if it has room.
    """
    tau_syn, tau_mem, refractory, threshold, least_excess = constants
    count = weights.shape[0]
    earlier = np.empty(spikes.size, np.int64)  # the spike before each one, of the same neuron; -1 for none
    latest = np.empty(count, np.int64)
    impulse = np.empty(count)  # of the neuron's later spike, and its time
    later = np.empty(count)
    for sample in range(first.size - 1):
        latest[:] = -1
        impulse[:] = 0.0
        begin, end = first_arrival[sample], first_arrival[sample + 1]
        times, origins = arrivals[begin:end], sources[begin:end]
        for n in range(first[sample], first[sample + 1]):
            earlier[n] = latest[neurons[n]]
            latest[neurons[n]] = n
        for n in range(first[sample + 1] - 1, first[sample] - 1, -1):
            j, spike, total = neurons[n], spikes[n], push[n]
            if impulse[j] != 0.0:
                release = spike + refractory
                decay = math.exp(-(later[j] - release) / tau_mem)
                total += current(release, weights[j], times, origins, tau_syn, True) * decay * impulse[j]
            impulse[j] = 0.0
            if total == 0.0:
                continue
            excess = current(spike, weights[j], times, origins, tau_syn, False) - threshold
            impulse[j] = total / max(excess, least_excess)
            later[j] = spike
            release = spikes[earlier[n]] + refractory if earlier[n] >= 0 else NEVER
            scale = impulse[j] * tau_mem
            for m in range(times.size):
                if times[m] < spike:
                    share = released_psp(spike, times[m], release, tau_syn, tau_mem)
                    by_weight[j, origins[m]] -= scale * share
                    if push_below.size:
                        fall = share / tau_syn
                        if times[m] >= release:
                            fall = -psp_slope(spike - times[m], tau_syn, tau_mem)
                        push_below[begin + m] -= scale * weights[j, origins[m]] * fall
