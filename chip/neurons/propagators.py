"""Exact propagators of the linear neuron, in float64.

    tau_mem u' = -u + exc - inh,    tau_exc exc' = -exc,    tau_inh inh' = -inh

Over a time t:  u -> u exp(-t / tau_mem) + exc K(tau_exc) - inh K(tau_inh),  with

    K(tau) = t / tau_mem * exp(-t / tau_mem) * (1 - exp(-d)) / d,    d = t / tau - t / tau_mem,

which is t / tau_mem * exp(-t / tau_mem) for tau = tau_mem, and is computed through expm1, so that nearly equal time
constants lose no digits.
"""

from __future__ import annotations

import numpy as np


def propagator(
    time_ns: np.ndarray, tau_mem_ns: np.ndarray, tau_exc_ns: np.ndarray, tau_inh_ns: np.ndarray
) -> np.ndarray:
    """Return float64[times, 5, neurons], see ``layout.DECAY_U`` and following, for times float64[times] >= 0."""
    t = np.asarray(time_ns, float)[:, None]
    table = np.empty((t.shape[0], 5, tau_mem_ns.size))
    table[:, 0] = np.exp(-t / tau_mem_ns)
    table[:, 1] = current_to_membrane(t, tau_mem_ns, tau_exc_ns)
    table[:, 2] = current_to_membrane(t, tau_mem_ns, tau_inh_ns)
    table[:, 3] = np.exp(-t / tau_exc_ns)
    table[:, 4] = np.exp(-t / tau_inh_ns)
    return table


def current_to_membrane(t, tau_mem_ns, tau_syn_ns) -> np.ndarray:
    """Return u at time t after a unit current step that decays with tau_syn; dimensionless, arrays broadcast."""
    d = t / tau_syn_ns - t / tau_mem_ns
    close = np.abs(d) < 1e-300
    quotient = np.where(close, 1.0, -np.expm1(-d) / np.where(close, 1.0, d))
    return t / tau_mem_ns * np.exp(-t / tau_mem_ns) * quotient
