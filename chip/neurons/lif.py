"""The vector path: all neurons over one grid step or one block, exactly, while none of them crosses its threshold.

Within a step of 100 ns no neuron can reach another (the on-chip latency is no shorter), so each is a linear system
with known input, and propagators give its end state without an error of integration.
"""

from __future__ import annotations

import numpy as np

from chip.base.grid import BLOCK_STEPS, SCAN_EDGES
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
    MARGIN_LSB,
    TINY_LSB,
    U,
)

NEAR, SURE = 1, 2  # in ``Scratch.candidate``: the test holds, or there is no question

# The candidate test. With A no smaller than exc(t) - inh(t) anywhere in the step, u stays below
#     u + (1 - exp(-dt / tau_mem)) * max(0, A - u),
# the approach to a constant drive. A is all excitation of the step at once, minus what inhibition decays to. Mirrored,
# where there are lower bounds: with B no larger than exc(t) - inh(t), u stays above
#     u - (1 - exp(-dt / tau_mem)) * max(0, u - B).
# And if the approach to A itself ends at the lower bound or below, u ends the step at that bound: once there, it is
# driven beyond, as it would be by A.


@inlined
def flushed(x):
    """Return zero for what is below 1e-60 LSB, so that a long rest does not end in slow denormal numbers."""
    return x if abs(x) > TINY_LSB else 0.0


@inlined
def may_reach(level, u, rise, decay):
    """Say whether a membrane that decays so far in a time may reach a level in it, ``rise`` being A - u at most."""
    rise = rise if rise > 0.0 else 0.0
    return u + (1.0 - decay) * rise >= level


@inlined
def may_fall_below(low, u, fall, decay):
    """Say the same of a lower bound, ``fall`` being u - B at most."""
    fall = fall if fall > 0.0 else 0.0
    return u - (1.0 - decay) * fall < low


@inlined
def ends_below(low, u, rise, decay):
    """Say whether a membrane surely ends at its lower bound, ``rise`` being A - u."""
    return u + (1.0 - decay) * rise <= low


@inner
def free_step(now, later, live, low):
    """Propagate over one step without events; return how many neurons may reach a threshold or a bound in it.

    Those that surely end at their lower bound, and are propagated to below it, are not among them. ``low``:
    float64[S], lower bounds, or None; here and below.
    """
    hits = 0
    for s in range(now.shape[1]):
        u, exc, inh = now[U, s], now[EXC, s], now[INH, s]
        decay = live[DECAY_U, s]
        inh_end = inh * live[DECAY_INH, s]
        near = may_reach(live[LEVEL, s], u, exc - inh_end - u, decay)
        if low is not None:
            falls = may_fall_below(low[s], u, u - exc * live[DECAY_EXC, s] + inh, decay)
            near = near | (falls & (not ends_below(low[s], u, exc - inh_end - u, decay)))
        hits += 1 if near else 0
        later[U, s] = u * decay + exc * live[EXC_TO_U, s] - inh * live[INH_TO_U, s]
        later[EXC, s] = exc * live[DECAY_EXC, s]
        later[INH, s] = inh_end
    return hits


@inner
def add_noise(later, live, kicks):
    """Add the kicks of noise at the end of a step, float64[S], to membranes that are free."""
    for s in range(later.shape[1]):
        later[U, s] += live[FREE, s] * kicks[s]


@inlined
def add_excitatory(s, left, fine, live, jump, later):
    """Add an excitatory jump of one neuron to the end of the step, ``left`` edges later."""
    later[U, s] += live[FREE, s] * (jump * fine[left, EXC_TO_U, s])
    later[EXC, s] += jump * fine[left, DECAY_EXC, s]


@inlined
def add_inhibitory(s, left, fine, live, jump, later):
    """Add an inhibitory jump of one neuron to the end of the step, ``left`` edges later."""
    later[U, s] -= live[FREE, s] * (jump * fine[left, INH_TO_U, s])
    later[INH, s] += jump * fine[left, DECAY_INH, s]


@inner
def add_excitation(begin, end, left, fine, live, jumps, later):
    """Add excitatory jumps to the end of the step, ``left`` edges later."""
    for s in range(np.uint64(begin), np.uint64(end)):
        add_excitatory(s, left, fine, live, jumps[s], later)


@inner
def add_inhibition(begin, end, left, fine, live, jumps, later):
    """Add inhibitory jumps to the end of the step, ``left`` edges later."""
    for s in range(np.uint64(begin), np.uint64(end)):
        add_inhibitory(s, left, fine, live, jumps[s], later)


@inlined
def may_reach_driven(s, now, live, total):
    """Say whether a neuron may reach its threshold in a step whose excitatory charges are ``total``."""
    u = now[U, s]
    rise = now[EXC, s] + total[s] - now[INH, s] * live[DECAY_INH, s] - u
    return may_reach(live[LEVEL, s], u, rise, live[DECAY_U, s])


@inner
def near_threshold(begin, end, live, now, jumps, total):
    """Add excitatory jumps up; return how many neurons may reach their threshold in the step, as ``free_step`` does."""
    hits = 0
    for s in range(np.uint64(begin), np.uint64(end)):
        total[s] += jumps[s]
        hits += 1 if may_reach_driven(s, now, live, total) else 0
    return hits


@inner
def find_candidates(first, last, now, live, candidate):
    """Write NEAR into ``candidate`` where the test of a step holds without events, else 0, for some slots."""
    for s in range(np.uint64(first), np.uint64(last)):
        u = now[U, s]
        rise = now[EXC, s] - now[INH, s] * live[DECAY_INH, s] - u
        candidate[s] = NEAR if may_reach(live[LEVEL, s], u, rise, live[DECAY_U, s]) else 0


@inner
def find_driven(first, last, now, live, total, candidate):
    """Do as ``find_candidates`` does with the events of the step."""
    for s in range(np.uint64(first), np.uint64(last)):
        candidate[s] = NEAR if may_reach_driven(s, now, live, total) else 0


@inner
def is_quiet(now, live, coarse, coming, furthest, low):
    """Say whether no neuron can reach a threshold or a bound in a block without further events, whatever its noise.

    The bound of the candidate test over a block. ``coming``, ``furthest``: of the noise, float64[S], or None.
    """
    hits = 0
    for s in range(now.shape[1]):
        u = now[U, s]
        reach = 0.0
        if coming is not None:
            reach = furthest[s] + abs(coming[s])
        decay = coarse[BLOCK_STEPS, DECAY_U, s]
        near = may_reach(live[LEVEL, s] - reach, u, now[EXC, s] - u, decay)
        if low is not None:
            near = near | may_fall_below(low[s] + reach, u, u + now[INH, s], decay)
        hits += 1 if near else 0
    return hits == 0


@inner
def free_jump(now, later, live, coarse, coming, furthest, low):
    """Propagate over one block; return how many neurons may reach a threshold or a bound, as ``is_quiet`` counts.

    All noise of the block comes at its end.
    """
    hits = 0
    for s in range(now.shape[1]):
        u, exc, inh = now[U, s], now[EXC, s], now[INH, s]
        reach = 0.0
        if coming is not None:
            reach = furthest[s] + abs(coming[s])
        decay = coarse[BLOCK_STEPS, DECAY_U, s]
        near = may_reach(live[LEVEL, s] - reach, u, exc - u, decay)
        if low is not None:
            near = near | may_fall_below(low[s] + reach, u, u + inh, decay)
        hits += 1 if near else 0
        u_end = u * decay + exc * coarse[BLOCK_STEPS, EXC_TO_U, s] - inh * coarse[BLOCK_STEPS, INH_TO_U, s]
        if coming is not None:
            u_end += coming[s]
        later[U, s] = flushed(u_end)
        later[EXC, s] = flushed(exc * coarse[BLOCK_STEPS, DECAY_EXC, s])
        later[INH, s] = flushed(inh * coarse[BLOCK_STEPS, DECAY_INH, s])
    return hits


@inner
def first_crossing(scan, s, u, exc, inh, level, last):
    """Return the first of the edges 1..last at which u >= level, or 0; free motion from edge 0."""
    drive = exc - inh * scan[s, DECAY_INH, last]
    if u < level and u + (1.0 - scan[s, DECAY_U, last]) * max(drive - u, 0.0) < level - MARGIN_LSB:
        return 0
    first = SCAN_EDGES
    for j in range(SCAN_EDGES):  # all of them, at once: looking for the end takes longer
        there = u * scan[s, DECAY_U, j] + exc * scan[s, EXC_TO_U, j] - inh * scan[s, INH_TO_U, j]
        first = min(first, j if there >= level and j > 0 else SCAN_EDGES)
    return first if first <= last else 0


@inner
def propagate(now, later, table, steps):
    """Propagate all neurons freely with entry ``steps`` of a table [n, 5, S]."""
    for s in range(now.shape[1]):
        u, exc, inh = now[U, s], now[EXC, s], now[INH, s]
        later[U, s] = u * table[steps, DECAY_U, s] + exc * table[steps, EXC_TO_U, s] - inh * table[steps, INH_TO_U, s]
        later[EXC, s] = exc * table[steps, DECAY_EXC, s]
        later[INH, s] = inh * table[steps, DECAY_INH, s]


@inner
def copy(state, into):
    """Copy a state [rows, S]."""
    for row in range(state.shape[0]):
        for s in range(state.shape[1]):
            into[row, s] = state[row, s]


@inner
def flush_tiny(state):
    """Flush potentials and currents of a state, see ``flushed``."""
    for row in range(3):
        for s in range(state.shape[1]):
            state[row, s] = flushed(state[row, s])
