"""Correlation sensors as sums over pairs: each event and each spike looks back for its nearest partner."""

from __future__ import annotations

import math


def correlations(events, spikes, until_ns, tau_ns, amplitude_lsb, saturation_lsb, resets=()):
    """Return (causal, acausal) of one synapse just before ``until_ns``.

    events, spikes: times at which it is reached, and at which its neuron fires. resets: (time, bits), 1 causal and 2
    acausal. At one instant: resets, spikes, events.
    """
    happenings = sorted(
        [(time_ns, 0, bits) for time_ns, bits in resets]
        + [(time_ns, 1, 0) for time_ns in spikes]
        + [(time_ns, 2, 0) for time_ns in events]
    )
    value = [0.0, 0.0]
    last_event = last_spike = None
    for time_ns, kind, bits in happenings:
        if time_ns >= until_ns:
            break
        if kind == 0:
            value = [0.0 if bits & (1 << branch) else value[branch] for branch in range(2)]
        elif kind == 1:
            if last_event is not None:
                added = amplitude_lsb * math.exp(-(time_ns - last_event) / tau_ns)
                value[0] = min(value[0] + added, saturation_lsb)
            last_spike = time_ns
        else:
            if last_spike is not None:
                added = amplitude_lsb * math.exp(-(time_ns - last_spike) / tau_ns)
                value[1] = min(value[1] + added, saturation_lsb)
            last_event = time_ns
    return value
