"""From rows that are driven in a grid step to what they do to the neurons: the weights, folded in at their own time.

All is linear until a threshold is reached, so a delivery adds to the end of the step what its jump of current becomes
in the time that is left. Only neurons that may fire within the step are computed in another way, see
:mod:`chip.analog.crossing`.
"""

from __future__ import annotations

import numpy as np

from chip import constants as c
from chip.analog.inner import inlined, inner
from chip.analog.layout import (
    AT_EDGE,
    AT_LABEL,
    AT_MODE,
    AT_ROW,
    AT_WEIGHTS,
    DECAY_EXC,
    DECAY_INH,
    DECAY_U,
    EDGE_NS,
    EFFICACY,
    EXC,
    EXC_TO_U,
    FREE,
    GRID_EDGES,
    INH,
    INH_TO_U,
    LEVEL,
    PLACE_BELOW,
    PLACE_HALF,
    PLACE_LANE,
    WRITE_HEAD,
    WRITE_TAIL,
    U,
)
from chip.registers import ROW_EXCITATORY, ROW_INHIBITORY


@inlined
def slots_of(hemisphere, halves):
    """Return the first slot of a hemisphere and the one behind its last."""
    first, last = c.HALVES * hemisphere, c.HALVES * hemisphere + c.HALVES - 1
    return halves[first, 0], halves[last, 0] + halves[last, 1]


@inner
def _write_before(writes, head, tail, row_half, time_ns):
    """Return the last pending write to a row half at or before a time, or -1."""
    found = -1
    for w in range(head, tail):
        if writes[w] >> 10 > time_ns:
            break
        if writes[w] & 0x3FF == row_half:
            found = w
    return found


@inlined
def find_weights(start_ns, deliveries, queues, scratch):
    """Note where the weights of each delivery are at its time: a row half of ``weights``, or -1 - a pending write."""
    head, tail = queues.clock[WRITE_HEAD], queues.clock[WRITE_TAIL]
    for d in range(deliveries):
        for side in range(c.HALVES):
            row_half = scratch.delivery[d, AT_ROW] * c.HALVES + side
            where = row_half
            if head < tail:
                event_ns = start_ns + scratch.delivery[d, AT_EDGE] * EDGE_NS
                write = _write_before(queues.writes, head, tail, row_half, event_ns)
                where = row_half if write < 0 else -1 - write
            scratch.delivery[d, AT_WEIGHTS + side] = where


@inlined
def jump_of(d, s, neurons, network, queues, scratch):
    """Return the jump of current, in LSB, that delivery ``d`` makes in slot ``s``: 0 where the label does not match.

    A merged neuron, which is asked for by its top circuit, takes the rows of both hemispheres.
    """
    half, lane = neurons.place[s, PLACE_HALF], neurons.place[s, PLACE_LANE]
    row_half = scratch.delivery[d, AT_ROW] * c.HALVES + half % c.HALVES
    if half // c.HALVES != scratch.delivery[d, AT_ROW] >> 8:
        s = neurons.place[s, PLACE_BELOW]
        if s < 0:
            return 0.0
    if network.labels[row_half, lane] != scratch.delivery[d, AT_LABEL]:
        return 0.0
    where = scratch.delivery[d, AT_WEIGHTS + half % c.HALVES]
    weight = network.weights[where, lane] if where >= 0 else queues.write_values[-1 - where, lane]
    jump = neurons.cell[EFFICACY, s] * weight
    if network.factor.shape[0] > 0:
        jump = jump * network.factor[row_half, lane]
    return jump * scratch.strength[d] if network.stp_drivers.size > 0 else jump


# Indices of slots that do not begin at zero are unsigned: numba then leaves out its test for negative ones, which keeps
# a loop from being vectorized. For the same reason each loop writes to few arrays.


@inner
def _jumps(values, at, labels, row_half, label, first, count, cell, jumps):
    """Write the jumps of current that a row half makes: efficacy * weight where the label matches, else 0."""
    for lane in range(count):
        s = np.uint64(first) + np.uint64(lane)
        jump = cell[EFFICACY, s] * values[at, lane]
        jumps[s] = jump if labels[row_half, lane] == label else 0.0


@inner
def _jumps_of_each(values, at, labels, factor, row_half, label, first, count, cell, jumps):
    """Do as ``_jumps`` does, with a factor on the efficacy of each synapse."""
    for lane in range(count):
        s = np.uint64(first) + np.uint64(lane)
        jump = cell[EFFICACY, s] * values[at, lane] * factor[row_half, lane]
        jumps[s] = jump if labels[row_half, lane] == label else 0.0


@inner
def _move_up(merged, first, last, jumps):
    """Hand the jumps of bottom circuits to the top ones, in ``first`` to ``last``; no other slot there jumps."""
    for s in range(np.uint64(first), np.uint64(last)):
        jumps[s] = 0.0
    for n in range(merged.shape[0]):
        jumps[merged[n, c.TOP]] = jumps[merged[n, c.BOTTOM]]
        jumps[merged[n, c.BOTTOM]] = 0.0


@inner
def _scale(begin, end, strength, jumps):
    """Multiply jumps with what the plasticity of their driver has left of them."""
    for s in range(np.uint64(begin), np.uint64(end)):
        jumps[s] *= strength


@inner
def _excite(begin, end, left, fine, live, jumps, later):
    """Add excitatory jumps to the end of the step, ``left`` edges later."""
    for s in range(np.uint64(begin), np.uint64(end)):
        later[U, s] += live[FREE, s] * (jumps[s] * fine[left, EXC_TO_U, s])
        later[EXC, s] += jumps[s] * fine[left, DECAY_EXC, s]


@inner
def _inhibit(begin, end, left, fine, live, jumps, later):
    """Add inhibitory jumps to the end of the step, ``left`` edges later."""
    for s in range(np.uint64(begin), np.uint64(end)):
        later[U, s] -= live[FREE, s] * (jumps[s] * fine[left, INH_TO_U, s])
        later[INH, s] += jumps[s] * fine[left, DECAY_INH, s]


@inner
def _near_threshold(begin, end, live, now, jumps, total):
    """Add excitatory jumps up; return how many neurons may reach their threshold in the step, as ``free_step`` does."""
    hits = 0
    for s in range(np.uint64(begin), np.uint64(end)):
        sum_s = total[s] + jumps[s]
        total[s] = sum_s
        u = now[U, s]
        rise = now[EXC, s] + sum_s - now[INH, s] * live[DECAY_INH, s] - u
        rise = rise if rise > 0.0 else 0.0
        hits += 1 if u + (1.0 - live[DECAY_U, s]) * rise >= live[LEVEL, s] else 0
    return hits


@inlined
def drive(deliveries, now, later, neurons, network, queues, scratch):
    """Add all deliveries of the step to ``later``, and their excitatory jumps of current up in ``scratch.total``.

    Returns the hemispheres of the slots that are driven, 1 for the top and 2 for the bottom one, and how often a neuron
    was seen that may reach its threshold. Where neurons are merged, a row of the bottom drives slots of the top too.
    """
    driven, hits = 0, 0
    jumps, total, live, fine, cell = scratch.jumps, scratch.total, neurons.live, neurons.fine, neurons.cell
    for d in range(deliveries):
        row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
        hemisphere = row >> 8
        begin, end = slots_of(hemisphere, neurons.halves)
        rises = neurons.merged.shape[0] > 0 and hemisphere == c.BOTTOM
        for reached in range(c.TOP if rises else hemisphere, hemisphere + 1):
            if driven & (1 << reached) == 0:
                driven |= 1 << reached
                first, last = slots_of(reached, neurons.halves)
                for s in range(np.uint64(first), np.uint64(last)):
                    total[s] = 0.0
        for side in range(c.HALVES):
            half, row_half = c.HALVES * hemisphere + side, c.HALVES * row + side
            first, count = neurons.halves[half, 0], neurons.halves[half, 1]
            values, at = network.weights, scratch.delivery[d, AT_WEIGHTS + side]
            if at < 0:
                values, at = queues.write_values, -1 - at
            if network.factor.shape[0] > 0:
                _jumps_of_each(values, at, network.labels, network.factor, row_half, label, first, count, cell, jumps)
            else:
                _jumps(values, at, network.labels, row_half, label, first, count, cell, jumps)
        if rises:
            _move_up(neurons.merged, 0, begin, jumps)
            begin = 0
        if network.stp_drivers.size > 0:
            _scale(begin, end, scratch.strength[d], jumps)
        left = GRID_EDGES - scratch.delivery[d, AT_EDGE]
        if scratch.delivery[d, AT_MODE] & ROW_EXCITATORY != 0:
            _excite(begin, end, left, fine, live, jumps, later)
            hits += _near_threshold(begin, end, live, now, jumps, total)
        if scratch.delivery[d, AT_MODE] & ROW_INHIBITORY != 0:
            _inhibit(begin, end, left, fine, live, jumps, later)
    return driven, hits
