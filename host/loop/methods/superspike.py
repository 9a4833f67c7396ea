"""Surrogate gradients with the chip in the loop: the measured membrane takes the place of a simulated one.

The CADC converts the hidden membranes every 1.7 us, at times t_n. A spike at t raises readout o at the end T by
w_oj K(T - t). With s the recorded spikes of hidden neuron j and v_j[n] its measured potential,

    dL/dw_ji = sum_s  pull_j K(T - s)  psp_ji(s)  +  sum_n'  pull_j K(T - t_n)  surrogate(u_j[n])  psp_ji(t_n)

    pull_j = sum_o err_o w_oj,   surrogate(u) = 1 / (1 + steepness |u|)^2,   u_j[n] = (v_j[n] - threshold) / threshold

A recorded spike enters at its recorded time with surrogate 1. The sum n' leaves out conversions at a clamped membrane
and the conversion behind a spike, for which the spike stands. psp_ji is what input i has added to the membrane since
its last release, in exact exponentials. The reset is not differentiated. Readouts are linear: their gradient is exact.

The on-chip rule of the same name differs: a triangle for the surrogate, 14 conversions 2 us apart, no recorded spikes
in the hidden gradient, responses that know of no reset, and a cost of activity. Cramer et al. 2022 put spikes on the
grid of the conversions and take the surrogate at all of its steps, in a simulation of discrete steps. Sources: Zenke
and Ganguli 2018 for the surrogate, Cramer et al. for measured membranes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chip.base import constants as c
from chip.base.compiled import compiled
from host.loop.methods.method import Conversions, Gradient, Learning, ReadingMethod
from host.loop.methods.response import psp, released_psp, softmax_errors
from host.loop.observation import Observation
from ppu_programs.two_layer.settings import Settings

STEEPNESS = 10.0  # chosen on validation data
NEVER = -1e30


class SuperSpikeMethod(ReadingMethod):
    """Surrogate gradients on a batch; the loss is softmax cross-entropy of the readings at the end of the samples."""

    name = "superspike"

    def __init__(self, settings: Settings, learning: Learning | None = None, steepness: float = STEEPNESS):
        super().__init__(settings, learning or Learning(rate=0.4, readout_rate=0.4))
        self._need_two_layers()
        period_ns = c.CADC_SAMPLE_PERIOD_NS
        self.conversions = Conversions((settings.duration_ns - 1) // period_ns, period_ns, period_ns)
        self._conversions_ns = period_ns * np.arange(1, self.conversions.count + 1, dtype=float)
        (_, hidden), _ = self.network
        self._leak_lsb = hidden.leak_lsb
        of_hidden = hidden.tau_syn_ns, hidden.tau_mem_ns, hidden.refractory_ns, hidden.threshold_lsb, steepness
        self._constants = np.array([*of_hidden, *self._readouts])

    def gradient(self, seen: Observation, weights: Sequence[np.ndarray]) -> Gradient:
        s, (spikes,), (hidden, readout) = self.settings, seen.spikes, weights
        errors, loss = softmax_errors(seen.readings, seen.targets, s.sharpness)
        by_hidden, by_readout = np.zeros(hidden.shape[::-1]), np.zeros(readout.shape)
        walk_conversions(
            *(spikes.times_ns, spikes.neurons, spikes.first, seen.arrivals_ns, errors, self._constants),
            *(self._conversions_ns, seen.conversions, self._leak_lsb),
            np.ascontiguousarray(readout) * s.readout_efficacy_lsb,
            *(by_hidden, by_readout),
        )
        return self._per_weight(loss, len(seen.targets), (by_hidden.T, by_readout))


@compiled
def walk_conversions(
    spikes, lanes, first, arrivals, errors, constants, conversions_ns, conversions, leak, readout, by_hidden, by_readout
):
    """Add the gradients of all samples, per LSB of current: [hidden, inputs] and [hidden, readouts]."""
    tau_syn, tau_mem, refractory, threshold, steepness = constants[:5]
    readout_syn, readout_mem, end = constants[5:]
    neurons, inputs = by_hidden.shape
    readouts = readout.shape[1]
    fresh = np.empty((conversions_ns.size, inputs))  # responses of a membrane that has not spiked
    weight = np.empty(conversions_ns.size)  # of a spike at each conversion, for the readouts at the end
    pull = np.empty(neurons)  # what raising all readouts by their weights would cost
    last = np.empty(neurons)  # time of the last spike before a conversion
    kept = np.empty((neurons, inputs))  # what was left of each input's current at the release behind it
    for n in range(conversions_ns.size):
        weight[n] = psp(end - conversions_ns[n], readout_syn, readout_mem)
    for sample in range(first.size - 1):
        for n in range(first[sample], first[sample + 1]):
            value = psp(end - spikes[n], readout_syn, readout_mem)
            for o in range(readouts):
                by_readout[lanes[n], o] += errors[sample, o] * value
        for j in range(neurons):
            pull[j] = 0.0
            for o in range(readouts):
                pull[j] += errors[sample, o] * readout[j, o]
        for n in range(conversions_ns.size):
            for i in range(inputs):
                fresh[n, i] = psp(conversions_ns[n] - arrivals[sample, i], tau_syn, tau_mem)
        last[:] = NEVER
        spike = first[sample]
        before = NEVER
        for n in range(conversions_ns.size + 1):
            now = conversions_ns[n] if n < conversions_ns.size else end
            while spike < first[sample + 1] and spikes[spike] <= now:
                # the spike of this conversion: the membrane has just reached the threshold
                j, at = lanes[spike], spikes[spike]
                release = last[j] + refractory
                for i in range(inputs):
                    if arrivals[sample, i] < at:
                        share = released_psp(at, arrivals[sample, i], release, tau_syn, tau_mem)
                        by_hidden[j, i] += pull[j] * psp(end - at, readout_syn, readout_mem) * share
                last[j] = at
                for i in range(inputs):
                    age = at + refractory - arrivals[sample, i]
                    kept[j, i] = math.exp(-age / tau_syn) if age > 0.0 else 0.0
                spike += 1
            for j in range(neurons if n < conversions_ns.size else 0):
                if pull[j] == 0.0 or now < last[j] + refractory or last[j] > before:
                    continue
                distance = abs(conversions[sample, n, j] - leak - threshold) / threshold
                factor = pull[j] * weight[n] / (1.0 + steepness * distance) ** 2
                if last[j] == NEVER:
                    for i in range(inputs):
                        by_hidden[j, i] += factor * fresh[n, i]
                else:
                    response = psp(now - last[j] - refractory, tau_syn, tau_mem)
                    for i in range(inputs):
                        share = response * kept[j, i] if kept[j, i] > 0.0 else fresh[n, i]
                        by_hidden[j, i] += factor * share
            before = now
