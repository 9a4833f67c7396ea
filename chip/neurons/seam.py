"""The seam between the core and its neurons: all that the core asks of a neuron model, and who answers.

A model has a *state*, ``Neurons.now``; a *bound* on what a neuron can do in a step or a block, which says whether the
whole population can be taken at once; a *step* and a jump over a block, that do so; and a way to *resolve* a neuron,
edge by edge, see :mod:`chip.neurons.crossing`. Two models stand here:

- leaky integrate-and-fire, :mod:`chip.neurons.lif`: ``bounds`` is None;
- the same with saturating currents and bounded membranes, :mod:`chip.neurons.bounded`: ``bounds`` is a ``Bounds``.

numba leaves out what stands behind ``if bounds is not None`` where it compiles for None, before it looks at types: so
the core is compiled for one model, without a question left in it. That works on a plain argument only, which is why
``bounds`` is handed from function to function by itself.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.grid import GRID_EDGES
from chip.base.inner import inlined
from chip.base.slots import slots_of
from chip.neurons.arrays import EXC, INH, THRESHOLD, U
from chip.neurons.bounded import (
    LIMIT,
    SHARE,
    add_contained_noise,
    added,
    contain,
    find_bounded,
    find_driven_bounded,
    first_beyond,
    held_edges,
    leave_low,
    leaves_low,
    may_meet_low,
    near_low_driven,
    saturate,
    saturated,
)
from chip.neurons.lif import (
    NEAR,
    add_excitation,
    add_excitatory,
    add_inhibition,
    add_inhibitory,
    add_noise,
    find_candidates,
    find_driven,
    first_crossing,
    free_jump,
    free_step,
    is_quiet,
    may_reach_driven,
    near_threshold,
)
from chip.neurons.noise import is_noisy, know_coming, know_kicks, step_of_block

BOTH = (1 << c.HEMISPHERES) - 1  # hemispheres, a bit each

# ---------------------------------------------------------------------- the whole population


@inlined
def rests(start_ns, now, neurons, noise, bounds):
    """Say whether no neuron can come to a threshold or a bound within a block without further events, for all noise."""
    if is_noisy(noise):
        know_coming(start_ns, noise)
        if bounds is None:
            return is_quiet(now, neurons.live, neurons.coarse, noise.coming, noise.reach, None)
        return is_quiet(now, neurons.live, neurons.coarse, noise.coming, noise.reach, bounds.low)
    if bounds is None:
        return is_quiet(now, neurons.live, neurons.coarse, None, None, None)
    return is_quiet(now, neurons.live, neurons.coarse, None, None, bounds.low)


@inlined
def jump(start_ns, now, later, neurons, noise, bounds):
    """Compute the end of a block without events; return whether it is what happens, as ``rests`` says."""
    if is_noisy(noise):
        know_coming(start_ns, noise)
        if bounds is None:
            hits = free_jump(now, later, neurons.live, neurons.coarse, noise.coming, noise.reach, None)
        else:
            hits = free_jump(now, later, neurons.live, neurons.coarse, noise.coming, noise.reach, bounds.low)
            contain(later, bounds.low, bounds.high)
    elif bounds is None:
        hits = free_jump(now, later, neurons.live, neurons.coarse, None, None, None)
    else:
        hits = free_jump(now, later, neurons.live, neurons.coarse, None, None, bounds.low)
    return hits == 0


@inlined
def step(now, later, neurons, bounds):
    """Compute the end of a grid step without events; return how many neurons may come to a threshold or a bound."""
    if bounds is None:
        return free_step(now, later, neurons.live, None)
    return free_step(now, later, neurons.live, bounds.low)


@inlined
def settle(start_ns, later, neurons, noise, bounds):
    """Finish a grid step, after its events and its spikes: bring membranes to their bounds, add noise."""
    if is_noisy(noise):
        know_kicks(start_ns, noise)
        kicks = noise.kicks[step_of_block(start_ns)]
        if bounds is None:
            add_noise(later, neurons.live, kicks)
        else:
            add_contained_noise(later, neurons.live, kicks, bounds.low, bounds.high)
    elif bounds is not None:
        contain(later, bounds.low, bounds.high)


@inlined
def begin_drive(first, last, scratch, bounds):
    """Clear what the rows of a step add up to, for slots that one of them reaches."""
    for s in range(first, last):
        scratch.total[s] = 0.0
    if bounds is not None:
        for s in range(first, last):
            bounds.sunk[s] = 0.0


@inlined
def excite(begin, end, left, now, later, neurons, scratch, bounds):
    """Add excitatory jumps, ``left`` edges before the step ends; return how often a neuron may come to a threshold."""
    charge = scratch.jumps
    if bounds is not None:
        if bounds.saturates[EXC - 1] != 0:
            charge = bounds.charge
            saturate(begin, end, left, EXC, bounds.growth, bounds.current, scratch.jumps, later, charge)
    add_excitation(begin, end, left, neurons.fine, neurons.live, charge, later)
    hits = near_threshold(begin, end, neurons.live, now, charge, scratch.total)
    if bounds is not None:
        hits += leave_low(begin, end, now, neurons.live, bounds.low, scratch.total)
    return hits


@inlined
def excite_one(s, left, now, later, neurons, scratch, bounds):
    """Do as ``excite`` does for one slot."""
    charge = scratch.jumps[s]
    if bounds is not None:
        if bounds.saturates[EXC - 1] != 0:
            charge = saturated(s, left, EXC, bounds.growth, bounds.current, charge, later)
    add_excitatory(s, left, neurons.fine, neurons.live, charge, later)
    scratch.total[s] += charge
    hits = 1 if may_reach_driven(s, now, neurons.live, scratch.total) else 0
    if bounds is not None:
        hits += 1 if leaves_low(s, now, neurons.live, bounds.low, scratch.total) else 0
    return hits


@inlined
def inhibit_one(s, left, now, later, neurons, scratch, bounds):
    """Do as ``inhibit`` does for one slot."""
    charge, hits = scratch.jumps[s], 0
    if bounds is not None:
        if bounds.saturates[INH - 1] != 0:
            charge = saturated(s, left, INH, bounds.growth, bounds.current, charge, later)
        bounds.sunk[s] += charge
        hits = 1 if may_meet_low(s, now, neurons.live, bounds.low, scratch.total, bounds.sunk) else 0
    add_inhibitory(s, left, neurons.fine, neurons.live, charge, later)
    return hits


@inlined
def inhibit(begin, end, left, now, later, neurons, scratch, bounds):
    """Do as ``excite`` does for inhibitory jumps; return how often a neuron may come to its lower bound."""
    charge, hits = scratch.jumps, 0
    if bounds is not None:
        if bounds.saturates[INH - 1] != 0:
            charge = bounds.charge
            saturate(begin, end, left, INH, bounds.growth, bounds.current, scratch.jumps, later, charge)
        hits = near_low_driven(begin, end, now, neurons.live, bounds.low, charge, scratch.total, bounds.sunk)
    add_inhibition(begin, end, left, neurons.fine, neurons.live, charge, later)
    return hits


@inlined
def find_near(now, by_itself, driven, neurons, scratch, bounds):
    """Write NEAR into ``scratch.candidate`` where a neuron may come to a threshold or a bound in the step, else 0.

    ``by_itself``: whether some may that no event of the step reaches; if not, only those that are driven are asked.
    """
    if not by_itself and driven != BOTH:
        for i in range(scratch.candidate_words.size):
            scratch.candidate_words[i] = 0
    for hemisphere in range(c.HEMISPHERES):
        first, last = slots_of(hemisphere, neurons.halves)
        if driven & (1 << hemisphere) != 0:
            if bounds is None:
                find_driven(first, last, now, neurons.live, scratch.total, scratch.candidate)
            else:
                find_driven_bounded(first, last, now, neurons.live, bounds.low, scratch.total, bounds.sunk, NEAR,
                                    scratch.candidate)  # fmt: skip
        elif by_itself:
            if bounds is None:
                find_candidates(first, last, now, neurons.live, scratch.candidate)
            else:
                find_bounded(first, last, now, neurons.live, bounds.low, NEAR, scratch.candidate)


# ---------------------------------------------------------------------- one neuron


@inlined
def is_linear(s, now, neurons, bounds):
    """Say whether a free neuron comes to no threshold and no bound in a step in which nothing reaches it."""
    u, exc, inh, level = now[U, s], now[EXC, s], now[INH, s], neurons.cell[THRESHOLD, s]
    linear = u < level and first_crossing(neurons.scan, s, u, exc, inh, level, GRID_EDGES) == 0
    if bounds is not None:
        if linear:
            linear = first_beyond(neurons.scan, s, u, exc, inh, bounds.low[s], bounds.high[s], GRID_EDGES) == 0
    return linear


@inlined
def linear_edges(s, u, exc, inh, span, scan, bounds):
    """Return how many of ``span`` edges a free membrane moves by itself: to the first at which it is beyond a bound.

    While it is held at a bound, it would only get further beyond, and these edges are taken at once too.
    """
    if bounds is not None:
        if u == bounds.low[s] or u == bounds.high[s]:
            held = held_edges(scan, s, u, exc, inh, u == bounds.high[s], span)
            if held > 0:
                return held
        beyond = first_beyond(scan, s, u, exc, inh, bounds.low[s], bounds.high[s], span)
        if beyond > 0:
            span = beyond
    return span


@inlined
def contained(s, u, bounds):
    """Return a membrane within its bounds."""
    if bounds is not None:
        u = min(max(u, bounds.low[s]), bounds.high[s])
    return u


@inlined
def charged(s, row, current, charge, bounds):
    """Return a current, that in a row of the state, after a jump."""
    if bounds is not None:
        charge = added(current, charge, bounds.current[LIMIT + row - 1, s], bounds.current[SHARE + row - 1, s])
    return current + charge
