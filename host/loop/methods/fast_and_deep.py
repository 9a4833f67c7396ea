"""Fast & Deep from recorded first spikes: the gradient that the on-chip rule computes in fixed point, here in float.

Every neuron spikes at most once; the readout that spikes first says the class, and with T_o its time, or the end,

    L = -log p_label + early T_label / softness,    p_o = exp(-T_o / softness) / sum.

A spike at s obeys V(s) = threshold, so that ds/dw_i = -psp(s - t_i) / V'(s) and tau_mem V'(s) = I(s) - threshold: the
closed forms of Goeltz et al. 2021 with the time that was measured in the place of their Lambert W. A silent readout has
no gradient, unless it is the label's: that counts as if it had barely spiked at the end. A hidden neuron that was
silent for a whole batch is lifted a little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chip.base.compiled import compiled
from host.loop.methods.method import BatchMethod, Conversions, Gradient, Learning
from host.loop.methods.response import current, psp, psp_slope
from host.loop.observation import Observation
from ppu_programs.fast_and_deep.settings import Settings


class FastAndDeepMethod(BatchMethod):
    """First-spike times on a batch; the loss is softmax cross-entropy of the readouts' times."""

    name = "fast-and-deep"
    conversions = Conversions()
    spiking_readouts = True

    def __init__(self, settings: Settings, learning: Learning | None = None):
        super().__init__(settings, learning or Learning(0.4, 0.4))
        self._need_two_layers()
        s = settings
        self._constants = np.array(
            [
                *(s.tau_syn_ns, s.tau_mem_ns, s.threshold_lsb, s.threshold_lsb / s.slope_limit),
                *(s.readout_tau_syn_ns, s.readout_tau_mem_ns, s.readout_threshold_lsb),
                *(s.readout_threshold_lsb / s.readout_slope_limit, s.latency_ns, s.duration_ns),
            ],
            float,
        )

    def predictions(self, seen: Observation) -> np.ndarray:
        """The class of the readout that spiked first, the first of equals."""
        return seen.spikes[1].first_times(self.settings.readouts).argmin(axis=1).astype(np.uint8)

    def gradient(self, seen: Observation, weights: Sequence[np.ndarray]) -> Gradient:
        s, (hidden, readout) = self.settings, weights
        spikes, ends = seen.spikes[0].first_times(s.hidden), seen.spikes[1].first_times(s.readouts)
        errors, loss = time_errors(ends, seen.targets, s.softness_ns, s.early, s.duration_ns)
        by_hidden, by_readout = np.zeros(hidden.shape[::-1]), np.zeros(readout.shape)
        walk_spikes(
            *(spikes, ends, seen.arrivals_ns, seen.targets, errors, self._constants),
            np.ascontiguousarray(hidden.T) * s.efficacy_lsb,
            np.ascontiguousarray(readout) * s.readout_efficacy_lsb,
            *(by_hidden, by_readout),
        )
        lift = np.where(np.isinf(spikes).all(axis=0), s.bump, 0.0)
        return self._per_weight(loss, len(seen.targets), (by_hidden.T, by_readout), lift)


def time_errors(
    ends: np.ndarray, targets: np.ndarray, softness: float, early: float, duration: float
) -> tuple[np.ndarray, float]:
    """Return dL/dT, float64[n, readouts] in nats per ns, and the mean loss L; ``ends`` are infinite where silent."""
    times = np.minimum(ends, duration)
    logits = -(times - times.min(axis=1, keepdims=True)) / softness
    parts = np.exp(logits)
    sums = parts.sum(axis=1)
    rows = np.arange(len(targets))
    loss = np.log(sums) - logits[rows, targets] + early * times[rows, targets] / softness
    errors = -parts / sums[:, None]
    errors[rows, targets] += 1.0 + early
    return errors / softness, float(np.mean(loss))


@compiled
def walk_spikes(spikes, ends, arrivals, targets, errors, constants, hidden, readout, by_hidden, by_readout):
    """Add the gradients of all samples, per LSB of current: [hidden, inputs] and [hidden, readouts]."""
    tau_syn, tau_mem, threshold, least_excess = constants[:4]
    readout_syn, readout_mem, readout_threshold, least_readout, latency, duration = constants[4:]
    neurons, inputs = hidden.shape
    readouts = readout.shape[1]
    push = np.empty(neurons)
    every = np.arange(inputs)
    for sample in range(spikes.shape[0]):
        push[:] = 0.0
        for o in range(readouts):
            end, excess = ends[sample, o], 0.0
            if end < duration:
                excess = -readout_threshold
                for j in range(neurons):
                    age = end - spikes[sample, j] - latency
                    if age > 0.0:
                        excess += readout[j, o] * math.exp(-age / readout_syn)
            elif o != targets[sample]:
                continue
            impulse = errors[sample, o] / max(excess, least_readout)
            end = min(end, duration)
            for j in range(neurons):
                age = end - spikes[sample, j] - latency
                if age > 0.0:
                    by_readout[j, o] -= impulse * readout_mem * psp(age, readout_syn, readout_mem)
                    push[j] += impulse * readout[j, o] * readout_mem * psp_slope(age, readout_syn, readout_mem)
        for j in range(neurons):
            if push[j] != 0.0:
                spike = spikes[sample, j]
                excess = current(spike, hidden[j], arrivals[sample], every, tau_syn, False) - threshold
                impulse = push[j] / max(excess, least_excess)
                for i in range(inputs):
                    by_hidden[j, i] -= impulse * tau_mem * psp(spike - arrivals[sample, i], tau_syn, tau_mem)
