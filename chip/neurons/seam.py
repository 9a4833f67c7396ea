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
from chip.base.grid import BLOCK_NS, BLOCK_STEPS, GRID_EDGES
from chip.base.inner import inlined
from chip.base.slots import slots_of
from chip.neurons.arrays import COMING_OF_DRAW, EXC, INH, THRESHOLD, U
from chip.neurons.bounded import (
    LIMIT,
    SHARE,
    added,
    contain,
    find_near_low,
    first_beyond,
    held_edges,
    near_low_driven,
    saturate,
)
from chip.neurons.lif import (
    NEAR,
    add_excitation,
    add_inhibition,
    add_noise,
    find_candidates,
    find_driven,
    first_crossing,
    free_jump,
    free_step,
    is_quiet,
    near_threshold,
)
from chip.neurons.noise import draws_of_step, moment_of_block, step_of_block

# ---------------------------------------------------------------------- the whole population


@inlined
def rests(now, neurons, bounds):
    """Say whether no neuron can come to a threshold or a bound within a block without further events, for all noise."""
    live, cell, coarse = neurons.live, neurons.cell, neurons.coarse
    if neurons.key.size > 0:
        if bounds is None:
            return is_quiet(now, live, cell, coarse, True, None)
        return is_quiet(now, live, cell, coarse, True, bounds.low)
    if bounds is None:
        return is_quiet(now, live, cell, coarse, None, None)
    return is_quiet(now, live, cell, coarse, None, bounds.low)


@inlined
def settle(later, noisy, bounds):
    """Finish a grid step or a block, after its events, its spikes and its noise."""
    if bounds is not None:
        if noisy:
            contain(later, bounds.low, bounds.high)


@inlined
def jump(start_ns, now, later, noisy, neurons, bounds):
    """Compute the end of a block without events; return whether it is what happens, as ``rests`` says."""
    live, cell, coarse = neurons.live, neurons.cell, neurons.coarse
    if noisy:
        of_draw, when = neurons.noise[BLOCK_STEPS - 1, COMING_OF_DRAW], moment_of_block(start_ns + BLOCK_NS)
        if bounds is None:
            hits = free_jump(now, later, live, cell, coarse, of_draw, neurons.key, when, None)
        else:
            hits = free_jump(now, later, live, cell, coarse, of_draw, neurons.key, when, bounds.low)
        settle(later, noisy, bounds)
    elif bounds is None:
        hits = free_jump(now, later, live, cell, coarse, None, None, 0, None)
    else:
        hits = free_jump(now, later, live, cell, coarse, None, None, 0, bounds.low)
    return hits == 0


@inlined
def step(start_ns, now, later, noisy, neurons, bounds):
    """Compute the end of a grid step without events; return how many neurons may come to a threshold or a bound."""
    if bounds is None:
        hits = free_step(now, later, neurons.live, None)
    else:
        hits = free_step(now, later, neurons.live, bounds.low)
    if noisy:
        when, bits, centre = draws_of_step(start_ns)
        add_noise(now, later, neurons.live, neurons.noise[step_of_block(start_ns)], neurons.key, when, bits, centre)
    return hits


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
    return near_threshold(begin, end, neurons.live, now, charge, scratch.total)


@inlined
def inhibit(begin, end, left, now, later, neurons, scratch, bounds):
    """Do as ``excite`` does for inhibitory jumps; return how often a neuron may come to its lower bound."""
    charge, hits = scratch.jumps, 0
    if bounds is not None:
        if bounds.saturates[INH - 1] != 0:
            charge = bounds.charge
            saturate(begin, end, left, INH, bounds.growth, bounds.current, scratch.jumps, later, charge)
        hits = near_low_driven(begin, end, now, neurons.live, bounds.low, charge, bounds.sunk)
    add_inhibition(begin, end, left, neurons.fine, neurons.live, charge, later)
    return hits


@inlined
def find_near(now, driven, neurons, scratch, bounds):
    """Write NEAR into ``scratch.candidate`` where a neuron may come to a threshold or a bound in the step, else 0."""
    find_candidates(now, neurons.live, scratch.candidate)
    for hemisphere in range(c.HEMISPHERES):
        first, last = slots_of(hemisphere, neurons.halves)
        if driven & (1 << hemisphere) != 0:
            find_driven(now, neurons.live, scratch.total, first, last, scratch.candidate)
        if bounds is not None:
            if driven & (1 << hemisphere) == 0:
                for s in range(first, last):
                    bounds.sunk[s] = 0.0
            find_near_low(first, last, now, neurons.live, bounds.low, bounds.sunk, NEAR, scratch.candidate)


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
