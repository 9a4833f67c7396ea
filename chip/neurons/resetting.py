"""A reset that takes time: a clamped membrane goes to its reset potential with a time constant.

    V(t) = reset + (V(spike) - reset) exp(-(t - spike) / tau)

while the neuron is clamped; from where it is when let go, it moves by its equation. Synaptic currents do not act on it
meanwhile (assumed: the reset is much stronger), and all neurons have the same time constant (assumed). The fastest is
about 0.5 us (verified: haldls). Without one, a membrane is at its reset potential at once.

The state of a clamped membrane is where it was when it fired; :func:`show` makes of a state what is seen.
"""

from __future__ import annotations

import numpy as np

from chip.base.inner import inlined, inner, outer
from chip.base.slots import PLACE_CLAMP
from chip.neurons.arrays import LEFT, RATE, RESET, Neurons, U
from chip.neurons.circuits import membrane_of


def reset_table(tau_ns: float, clamp_ns: np.ndarray) -> np.ndarray:
    """Return ``Neurons.resetting`` for a time constant, 0.0 for none, and int64[S], how long spikes clamp."""
    if tau_ns == 0.0:
        return np.zeros((0, clamp_ns.size))
    return np.stack([np.full(clamp_ns.size, 1.0 / tau_ns), np.exp(-clamp_ns / tau_ns)])


@inlined
def fired(u, reset, neurons):
    """Return the state of a membrane that fires at u."""
    return u if neurons.resetting.shape[0] > 0 else reset


@inlined
def let_go(s, u, neurons):
    """Return where a clamped membrane is as it is let go."""
    if neurons.resetting.shape[0] > 0:
        reset = neurons.cell[RESET, s]
        u = reset + (u - reset) * neurons.resetting[LEFT, s]
    return u


@inlined
def while_clamped(s, u, time_ns, release_ns, neurons):
    """Return where a membrane is at a time, clamped until ``release_ns`` or not."""
    if neurons.resetting.shape[0] > 0:
        if release_ns >= time_ns:
            reset = neurons.cell[RESET, s]
            age_ns = time_ns - (release_ns - neurons.place[s, PLACE_CLAMP])
            u = reset + (u - reset) * np.exp(-age_ns * neurons.resetting[RATE, s])
    return u


def take_up_clamps(now_ns: int, neurons: Neurons) -> None:
    """Make of potentials at a time the state of membranes that are clamped then, whose ``release`` is set.

    What is left of a clamp is no longer than a new one.
    """
    if neurons.resetting.shape[0]:
        clamp_ns = neurons.place[:, PLACE_CLAMP]
        held = neurons.release >= now_ns
        neurons.release[held] = np.minimum(neurons.release, now_ns + clamp_ns)[held]
        age_ns = np.where(held, now_ns - (neurons.release - clamp_ns), 0)
        reset = neurons.cell[RESET]
        fired = reset + (neurons.now[U] - reset) * np.exp(age_ns * neurons.resetting[RATE])
        neurons.now[U, held] = fired[held]


@inner
def show(time_ns, first, last, release, neurons, state):
    """Bring the clamped membranes of a state to where they are at a time, from slot ``first`` to ``last``."""
    if neurons.resetting.shape[0] > 0:
        for s in range(first, last):
            if membrane_of(s, neurons) == s:
                state[U, s] = while_clamped(s, state[U, s], time_ns, release[s], neurons)


@outer
def show_committed(now_ns, neurons, state):
    """Do as ``show`` does for all slots of the committed state, of which ``state`` is a copy."""
    show(now_ns, 0, state.shape[1], neurons.release, neurons, state)
