"""What jumps of current do to the neurons in the rest of a grid step.

All is linear until a threshold is reached, so a delivery adds to the end of the step what its jump of current becomes
in the time that is left. Only neurons that may fire within the step are computed in another way, see
:mod:`chip.neurons.crossing`.
"""

from __future__ import annotations

import numpy as np

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_MODE, AT_ROW, AT_WEIGHTS
from chip.array.synapses import (
    row_jumps,
    row_jumps_by_factor,
    scale_jumps,
)
from chip.base import constants as c
from chip.base.grid import GRID_EDGES
from chip.base.inner import inlined, inner
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY
from chip.base.slots import slots_of
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
    U,
)
from chip.neurons.circuits import first_reached, hand_up, reached_slots


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
    was seen that may reach its threshold.
    """
    driven, hits = 0, 0
    jumps, total, live, fine, cell = scratch.jumps, scratch.total, neurons.live, neurons.fine, neurons.cell
    for d in range(deliveries):
        row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
        hemisphere = row >> 8
        begin, end = reached_slots(hemisphere, neurons)
        for reached in range(first_reached(hemisphere, neurons), hemisphere + 1):
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
                values, at = queues.replaced, -1 - at
            if network.factor.shape[0] > 0:
                row_jumps_by_factor(
                    values, at, network.labels, network.factor, row_half, label, first, count, cell, jumps
                )
            else:
                row_jumps(values, at, network.labels, row_half, label, first, count, cell, jumps)
        hand_up(hemisphere, jumps, neurons)
        if network.stp_drivers.size > 0:
            scale_jumps(begin, end, scratch.strength[d], jumps)
        left = GRID_EDGES - scratch.delivery[d, AT_EDGE]
        if scratch.delivery[d, AT_MODE] & ROW_EXCITATORY != 0:
            _excite(begin, end, left, fine, live, jumps, later)
            hits += _near_threshold(begin, end, live, now, jumps, total)
        if scratch.delivery[d, AT_MODE] & ROW_INHIBITORY != 0:
            _inhibit(begin, end, left, fine, live, jumps, later)
    return driven, hits
