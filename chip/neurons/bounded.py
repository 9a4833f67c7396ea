"""Neurons with limits: synaptic currents that saturate, membranes that have bounds.

A current of one sign saturates where charge is added, and decays as ever:

    I -> L - (L - I) exp(-jump / L)

so each unit of charge takes away the same share of what is left to the limit L. Charges that come at one instant act as
their sum does, in any order. That a current saturates when charge is added and not on its way to the membrane, and the
form, are assumed; an exponential is nearest to the recorded heights, with one parameter, see
:class:`chip.base.config.limits.LimitConfig`.

A membrane that has moved beyond a bound is set to it, at every edge of 4 ns, and after each kick of noise. So it stays
at the bound while its drive lies beyond, and leaves when the drive does: soft ends of its range are not modelled
(assumed). Where the leak potential lies beyond a bound, the bound is the leak potential; a reset potential beyond it is
the bound (assumed). Comparators see what is bounded: above the upper bound no threshold is reached.

Between all that, neurons are linear: their propagators are those of :mod:`chip.neurons.lif`, and so is the candidate
test, which the upper bound enters as a threshold does and the lower one mirrored. A neuron that may come to a bound is
computed edge by edge.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numba import float64, int64

from chip.array.arrays import EFFICACY
from chip.base import constants as c
from chip.base.arrays.aligned import aligned
from chip.base.arrays.declared import Array, built, work
from chip.base.config.limits import LimitConfig
from chip.base.grid import SCAN_EDGES
from chip.base.inner import inlined, inner
from chip.neurons.arrays import (
    DECAY_EXC,
    DECAY_INH,
    DECAY_U,
    EXC,
    EXC_TO_U,
    FREE,
    INH,
    INH_TO_U,
    LEVEL,
    Neurons,
    U,
)
from chip.neurons.lif import ends_below, may_fall_below, may_reach, may_reach_driven

# first index of Bounds.current, EXC - 1 and INH - 1 further: limits, then their inverses
LIMIT, SHARE = 0, 2
BOUNDED = "bounded slots"
HALVINGS, FULL = 6, 36.0  # exp(-36) is less than the rounding of 1


class Bounds(NamedTuple):
    """Limits of the neurons; no slots where a chip has none."""

    low: Annotated[Array, built(float64, (BOUNDED,), "LSB", "bound of the membrane above the leak, or -infinity")]
    high: Annotated[Array, built(float64, (BOUNDED,), "LSB", "bound of the membrane above the leak, or infinity")]
    current: Annotated[Array, built(float64, (4, BOUNDED), "LSB", "limits of both currents, and their inverses")]
    saturates: Annotated[Array, built(int64, (2,), "", "whether any limit of that current is finite")]
    growth: Annotated[Array, built(float64, ("edges", 2, BOUNDED), "1", "what a current was that is 1 edges later")]
    charge: Annotated[Array, work(float64, (BOUNDED,), "LSB", "what a row adds to a current")]
    sunk: Annotated[Array, work(float64, (BOUNDED,), "LSB", "what rows of the step add to the inhibitory current")]


def no_bounds() -> Bounds:
    """Return what a chip without limits has."""
    none = np.zeros(0)
    return Bounds(none, none, np.zeros((4, 0)), np.zeros(2, np.int64), np.zeros((0, 2, 0)), none, none)


def membrane_bounds(limits: LimitConfig, leak_lsb: np.ndarray, enabled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``Bounds.low`` and ``high`` for float64[S] leak potentials and bool[S]; slots that are off have none."""
    low = np.minimum(limits.limit("lower_bound") - leak_lsb, 0.0)
    high = np.maximum(limits.limit("upper_bound") - leak_lsb, 0.0)
    return np.where(enabled, low, -np.inf), np.where(enabled, high, np.inf)


def build_bounds(limits: LimitConfig, low: np.ndarray, high: np.ndarray, neurons: Neurons) -> Bounds:
    """Return limits of neurons that have float64[S] bounds.

    The current of a merged neuron has the limits of both circuits together (assumed: also where charge comes to one).
    """
    efficacy = neurons.cell[EFFICACY].copy()
    efficacy[neurons.merged[:, c.TOP]] += efficacy[neurons.merged[:, c.BOTTOM]]
    weights = np.array([limits.limit("excitation"), limits.limit("inhibition")])
    limit = np.full((2, efficacy.size), np.inf)
    np.multiply(weights[:, None], efficacy, out=limit, where=efficacy > 0.0)
    return Bounds(
        low=aligned(low),
        high=aligned(high),
        current=aligned(np.concatenate([limit, 1.0 / limit])),
        saturates=np.isfinite(weights).astype(np.int64),
        growth=aligned(1.0 / neurons.fine[:, DECAY_EXC:]),
        charge=aligned(np.zeros(efficacy.size)),
        sunk=aligned(np.zeros(efficacy.size)),
    )


# ---------------------------------------------------------------------- currents


@inlined
def filled(x):
    """Return 1 - exp(-x) for x >= 0 to 1e-15, in a way that a loop over slots takes at once.

    A polynomial for x / 64; then f(2 x) = f(x) (2 - f(x)), six times.
    """
    y = (x if x < FULL else FULL) * (1.0 / (1 << HALVINGS))
    tail = 1.0 - y * (1 / 7) * (1.0 - y * (1 / 8))
    tail = 1.0 - y * (1 / 5) * (1.0 - y * (1 / 6) * tail)
    tail = 1.0 - y * (1 / 3) * (1.0 - y * (1 / 4) * tail)
    part = y * (1.0 - y * (1 / 2) * tail)
    for _ in range(HALVINGS):
        part = part * (2.0 - part)
    return part


@inlined
def added(current, jump, limit, share):
    """Return what a jump adds to a current with a limit; the jump itself where there is none, ``share`` 0."""
    room = limit - current
    room = room if room > 0.0 else 0.0
    return room * filled(jump * share) if share > 0.0 else jump


@inlined
def saturated(s, left, row, growth, limits, jump, later):
    """Return what a jump adds to a neuron's current in a row of the state, ``left`` edges before a step ends."""
    current = later[row, s] * growth[left, row - 1, s]
    return added(current, jump, limits[LIMIT + row - 1, s], limits[SHARE + row - 1, s])


@inner
def saturate(begin, end, left, row, growth, limits, jumps, later, charge):
    """Write into ``charge`` what jumps add to the current in a row of the state, ``left`` edges before a step ends."""
    for s in range(np.uint64(begin), np.uint64(end)):
        charge[s] = saturated(s, left, row, growth, limits, jumps[s], later)


# ---------------------------------------------------------------------- bounds of the membrane


@inner
def contain(state, low, high):
    """Bring the membranes of a state [3, S] that are beyond their bounds to them."""
    for s in range(state.shape[1]):
        u = state[U, s]
        u = u if u > low[s] else low[s]
        state[U, s] = u if u < high[s] else high[s]


@inner
def add_contained_noise(later, live, kicks, low, high):
    """Add the kicks of noise at the end of a step, float64[S], to membranes that are free; bring all to their bounds.

    Before that those come to the lower one of which the step has found that they do.
    """
    for s in range(later.shape[1]):
        u = later[U, s]
        u = (u if u > low[s] else low[s]) + live[FREE, s] * kicks[s]
        u = u if u > low[s] else low[s]
        later[U, s] = u if u < high[s] else high[s]


@inlined
def leaves_low(s, now, live, low, total):
    """Say whether a neuron would surely have ended at its lower bound, but for ``total`` excitatory charge."""
    u, decay = now[U, s], live[DECAY_U, s]
    rise = now[EXC, s] - now[INH, s] * live[DECAY_INH, s] - u
    return ends_below(low[s], u, rise, decay) & (not ends_below(low[s], u, rise + total[s], decay))


@inner
def leave_low(begin, end, now, live, low, total):
    """Return how many neurons would surely have ended at their lower bound, but for ``total`` excitatory charge."""
    hits = 0
    for s in range(np.uint64(begin), np.uint64(end)):
        hits += 1 if leaves_low(s, now, live, low, total) else 0
    return hits


@inlined
def may_meet_low(s, now, live, low, total, sunk):
    """Say whether a membrane may fall below its lower bound in the step, and does not surely end there.

    ``total``, ``sunk``: excitatory and inhibitory charge of the step.
    """
    u, decay = now[U, s], live[DECAY_U, s]
    fall = u - now[EXC, s] * live[DECAY_EXC, s] + now[INH, s] + sunk[s]
    rise = now[EXC, s] + total[s] - now[INH, s] * live[DECAY_INH, s] - u
    return may_fall_below(low[s], u, fall, decay) & (not ends_below(low[s], u, rise, decay))


@inner
def near_low_driven(begin, end, now, live, low, charge, total, sunk):
    """Add inhibitory charge up; return how many neurons may fall below their lower bound in the step.

    Those that surely end there, for all excitation so far, are not among them.
    """
    hits = 0
    for s in range(np.uint64(begin), np.uint64(end)):
        sunk[s] += charge[s]
        hits += 1 if may_meet_low(s, now, live, low, total, sunk) else 0
    return hits


@inner
def find_bounded(first, last, now, live, low, near, candidate):
    """Write ``near`` into ``candidate`` where a neuron may come to a threshold or its lower bound in the step, else 0.

    That is without events, in slots ``first`` to ``last``.
    """
    for s in range(np.uint64(first), np.uint64(last)):
        u, exc, inh, decay = now[U, s], now[EXC, s], now[INH, s], live[DECAY_U, s]
        rise = exc - inh * live[DECAY_INH, s] - u
        falls = may_fall_below(low[s], u, u - exc * live[DECAY_EXC, s] + inh, decay)
        falls = falls & (not ends_below(low[s], u, rise, decay))
        candidate[s] = near if may_reach(live[LEVEL, s], u, rise, decay) | falls else 0


@inner
def find_driven_bounded(first, last, now, live, low, total, sunk, near, candidate):
    """Do as ``find_bounded`` does with the events of the step."""
    for s in range(np.uint64(first), np.uint64(last)):
        reaches = may_reach_driven(s, now, live, total)
        candidate[s] = near if reaches | may_meet_low(s, now, live, low, total, sunk) else 0


@inner
def held_edges(scan, s, u, exc, inh, upwards, last):
    """Return for how many of ``last`` edges a membrane that is at its upper, or lower, bound is driven beyond it."""
    first = SCAN_EDGES
    for j in range(SCAN_EDGES):
        there = u * scan[s, DECAY_U, 1] + exc * scan[s, DECAY_EXC, j] * scan[s, EXC_TO_U, 1]
        there -= inh * scan[s, DECAY_INH, j] * scan[s, INH_TO_U, 1]
        leaves = there <= u if upwards else there >= u
        first = min(first, j if leaves else SCAN_EDGES)
    return min(first, last)


@inner
def first_beyond(scan, s, u, exc, inh, low, high, last):
    """Return the first of the edges 1..last at which u is beyond a bound, or 0; free motion from edge 0."""
    rest = 1.0 - scan[s, DECAY_U, last]
    rise = exc - inh * scan[s, DECAY_INH, last] - u
    fall = u - exc * scan[s, DECAY_EXC, last] + inh
    if u + rest * max(rise, 0.0) <= high and u - rest * max(fall, 0.0) >= low:
        return 0
    first = SCAN_EDGES
    for j in range(SCAN_EDGES):
        there = u * scan[s, DECAY_U, j] + exc * scan[s, EXC_TO_U, j] - inh * scan[s, INH_TO_U, j]
        first = min(first, j if (there > high or there < low) and j > 0 else SCAN_EDGES)
    return first if first <= last else 0
