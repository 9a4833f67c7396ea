"""What jumps of current do to the neurons in the rest of a grid step.

All is linear until a threshold or a bound is reached, so a delivery adds to the end of the step what its jump of
current becomes in the time that is left. Only neurons that may come there within the step are computed in another way,
see :mod:`chip.neurons.crossing`.
"""

from __future__ import annotations

import numpy as np

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_MODE, AT_ROW, AT_WEIGHTS
from chip.array.listeners import are_few, reaches_up
from chip.array.synapses import (
    jump_of,
    row_jumps,
    row_jumps_by_factor,
    scale_jumps,
)
from chip.base import constants as c
from chip.base.grid import GRID_EDGES
from chip.base.inner import inlined
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY
from chip.base.slots import slots_of
from chip.neurons.circuits import first_reached, hand_up, membrane_of
from chip.neurons.seam import begin_drive, excite, excite_one, inhibit, inhibit_one


@inlined
def _drive_few(d, side, now, later, neurons, network, queues, scratch, bounds):
    """Add what few lanes of a row half hear, one by one; return how often one was seen that may come to its limits.

    The others add nothing, and whether they may come there has been seen by the step or by what has driven them.
    """
    hits = 0
    row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
    mode, left = scratch.delivery[d, AT_MODE], GRID_EDGES - scratch.delivery[d, AT_EDGE]
    row_half = c.HALVES * row + side
    first = neurons.halves[c.HALVES * (row >> 8) + side, 0]
    for n in range(network.heard[row_half, label], network.heard[row_half, label + 1]):
        circuit = first + network.listening[row_half, n]
        jump = jump_of(d, circuit, neurons, network, queues, scratch)
        if jump == 0.0:
            continue
        s = membrane_of(circuit, neurons)
        scratch.jumps[s] = jump
        if mode & ROW_EXCITATORY != 0:
            hits += excite_one(s, left, now, later, neurons, scratch, bounds)
        if mode & ROW_INHIBITORY != 0:
            hits += inhibit_one(s, left, now, later, neurons, scratch, bounds)
    return hits


@inlined
def _write_jumps(d, side, neurons, network, queues, scratch):
    """Write the jumps of current that delivery ``d`` makes in all lanes of a row half."""
    row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
    half, row_half = c.HALVES * (row >> 8) + side, c.HALVES * row + side
    first, count = neurons.halves[half, 0], neurons.halves[half, 1]
    values, at = network.weights, scratch.delivery[d, AT_WEIGHTS + side]
    if at < 0:
        values, at = queues.replaced, -1 - at
    if network.factor.shape[0] > 0:
        row_jumps_by_factor(
            values, at, network.labels, network.factor, row_half, label, first, count, neurons.cell, scratch.jumps
        )
    else:
        row_jumps(values, at, network.labels, row_half, label, first, count, neurons.cell, scratch.jumps)


@inlined
def drive(deliveries, now, later, neurons, network, queues, scratch, bounds):
    """Add all deliveries of the step to ``later``.

    Returns the hemispheres of the slots that are driven, 1 for the top and 2 for the bottom one, and how often a neuron
    was seen that may come to a threshold or a bound.
    """
    driven, hits = 0, 0
    for d in range(deliveries):
        row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
        hemisphere = row >> 8
        for reached in range(first_reached(hemisphere, neurons), hemisphere + 1):
            if driven & (1 << reached) == 0:
                driven |= 1 << reached
                first, last = slots_of(reached, neurons.halves)
                begin_drive(np.uint64(first), np.uint64(last), scratch, bounds)
        begin, end = slots_of(hemisphere, neurons.halves)
        even, odd = not are_few(c.HALVES * row, label, network), not are_few(c.HALVES * row + 1, label, network)
        upwards = (even or odd) and first_reached(hemisphere, neurons) != hemisphere
        if upwards:
            upwards = reaches_up(row, label, neurons, network)
        if upwards:
            begin, even, odd = slots_of(c.TOP, neurons.halves)[0], True, True
        if even:
            _write_jumps(d, 0, neurons, network, queues, scratch)
        else:
            hits += _drive_few(d, 0, now, later, neurons, network, queues, scratch, bounds)
            begin = neurons.halves[c.HALVES * hemisphere + 1, 0]
        if odd:
            _write_jumps(d, 1, neurons, network, queues, scratch)
        else:
            hits += _drive_few(d, 1, now, later, neurons, network, queues, scratch, bounds)
            end = neurons.halves[c.HALVES * hemisphere + 1, 0]
        if not even and not odd:
            continue
        if upwards:
            hand_up(hemisphere, scratch.jumps, neurons)
        if network.stp_drivers.size > 0:
            scale_jumps(begin, end, scratch.strength[d], scratch.jumps)
        left = GRID_EDGES - scratch.delivery[d, AT_EDGE]
        if scratch.delivery[d, AT_MODE] & ROW_EXCITATORY != 0:
            hits += excite(begin, end, left, now, later, neurons, scratch, bounds)
        if scratch.delivery[d, AT_MODE] & ROW_INHIBITORY != 0:
            hits += inhibit(begin, end, left, now, later, neurons, scratch, bounds)
    return driven, hits
