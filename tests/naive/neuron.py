"""A neuron's membrane as a sum of exponentials over all events that it ever had; no propagation, no state."""

from __future__ import annotations

import numpy as np


def response(age_ns, tau_mem_ns, tau_syn_ns):
    """Membrane after a unit jump of the current, by the textbook formula; arrays broadcast, ages >= 0."""
    equal = tau_mem_ns == tau_syn_ns
    difference = np.where(equal, 1.0, tau_syn_ns - tau_mem_ns)
    general = tau_syn_ns / difference * (np.exp(-age_ns / tau_syn_ns) - np.exp(-age_ns / tau_mem_ns))
    return np.where(equal, age_ns / tau_mem_ns * np.exp(-age_ns / tau_mem_ns), general)


def currents_left(start_ns, times_ns, jumps, tau_syn_ns, signs):
    """What membranes that start to move at ``start_ns`` see of currents: (when each begins, jumps, time constants).

    Times [e, 1], jumps, time constants and signs [e, n]; those before the start act through what is left of them then.
    """
    begin = np.maximum(times_ns, start_ns)
    return begin, signs * jumps * np.exp(-(begin - times_ns) / tau_syn_ns), tau_syn_ns


def membrane(time_ns, start_ns, start_lsb, leak_lsb, tau_mem_ns, currents):
    """Potentials of neurons that started to move at ``start_ns`` from ``start_lsb``, driven by those currents."""
    begin, jumps, tau_syn_ns = currents
    potential = leak_lsb + (start_lsb - leak_lsb) * np.exp(-(time_ns - start_ns) / tau_mem_ns)
    if len(begin) == 0:
        return potential
    return potential + np.sum(jumps * response(time_ns - begin, tau_mem_ns, tau_syn_ns), axis=0)
