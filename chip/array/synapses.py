"""Synapses: which weights a row has at the time of its event, and the jumps of current that they make."""

from __future__ import annotations

import numpy as np

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_ROW, AT_WEIGHTS, EFFICACY
from chip.base import constants as c
from chip.base.grid import EDGE_NS
from chip.base.inner import inlined, inner
from chip.base.slots import PLACE_HALF, PLACE_LANE
from chip.base.timeline import WRITE_HEAD, WRITE_TAIL


@inner
def _write_behind(writes, head, tail, row_half, time_ns):
    """Return the first posted write to a row half behind a time, or -1."""
    for w in range(head, tail):
        if writes[w] >> 10 > time_ns and writes[w] & 0x3FF == row_half:
            return w
    return -1


@inlined
def find_weights(start_ns, deliveries, queues, scratch):
    """Note where the weights of each delivery are at its time: a row half of ``weights``, or -1 - a write behind it."""
    head, tail = queues.clock[WRITE_HEAD], queues.clock[WRITE_TAIL]
    for d in range(deliveries):
        for side in range(c.HALVES):
            row_half = scratch.delivery[d, AT_ROW] * c.HALVES + side
            where = row_half
            if head < tail:
                event_ns = start_ns + scratch.delivery[d, AT_EDGE] * EDGE_NS
                write = _write_behind(queues.writes, head, tail, row_half, event_ns)
                where = row_half if write < 0 else -1 - write
            scratch.delivery[d, AT_WEIGHTS + side] = where


@inlined
def jump_of(d, s, neurons, network, queues, scratch):
    """Return the jump of current, in LSB, that delivery ``d`` makes in the circuit of slot ``s`` on its hemisphere.

    It is 0 where the label does not match.
    """
    half, lane = neurons.place[s, PLACE_HALF], neurons.place[s, PLACE_LANE]
    row_half = scratch.delivery[d, AT_ROW] * c.HALVES + half % c.HALVES
    if network.labels[row_half, lane] != scratch.delivery[d, AT_LABEL]:
        return 0.0
    where = scratch.delivery[d, AT_WEIGHTS + half % c.HALVES]
    weight = network.weights[where, lane] if where >= 0 else queues.replaced[-1 - where, lane]
    jump = neurons.cell[EFFICACY, s] * weight
    if network.factor.shape[0] > 0:
        jump = jump * network.factor[row_half, lane]
    return jump * scratch.strength[d] if network.stp_drivers.size > 0 else jump


# Indices of slots that do not begin at zero are unsigned: numba then leaves out its test for negative ones, which keeps
# a loop from being vectorized. For the same reason each loop writes to few arrays.


@inner
def row_jumps(values, at, labels, row_half, label, first, count, cell, jumps):
    """Write the jumps of current that a row half makes: efficacy * weight where the label matches, else 0."""
    for lane in range(count):
        s = np.uint64(first) + np.uint64(lane)
        jump = cell[EFFICACY, s] * values[at, lane]
        jumps[s] = jump if labels[row_half, lane] == label else 0.0


@inner
def row_jumps_by_factor(values, at, labels, factor, row_half, label, first, count, cell, jumps):
    """Do as ``row_jumps`` does, with a factor on the efficacy of each synapse."""
    for lane in range(count):
        s = np.uint64(first) + np.uint64(lane)
        jump = cell[EFFICACY, s] * values[at, lane] * factor[row_half, lane]
        jumps[s] = jump if labels[row_half, lane] == label else 0.0


@inner
def scale_jumps(begin, end, strength, jumps):
    """Multiply jumps with what the plasticity of their driver has left of them."""
    for s in range(np.uint64(begin), np.uint64(end)):
        jumps[s] *= strength
