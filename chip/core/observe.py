"""Membranes at any time, computed on a copy: an observation changes no byte of the state.

The value at a time T depends only on what happens before T. While the block of T has been quiet up to T, it is the
closed form from the start of the block, or with noise what its steps up to T make of it; otherwise it is the last grid
point's state and the rest of the step.
"""

from __future__ import annotations

from chip.array.synapses import find_weights
from chip.base import constants as c
from chip.base.draws import CONVERSION, moment
from chip.base.grid import BLOCK_NS, EDGE_NS, GRID_NS, ROW_HALVES
from chip.base.inner import inlined, inner, outer
from chip.base.queues import NO_ROOM
from chip.base.slots import PLACE_LANE
from chip.base.timeline import (
    COMMITTED,
    CONVERSION_HEAD,
    CONVERSION_TAIL,
    DRIVEN_COUNT,
    HELD_COUNT,
    RESET_HEAD,
)
from chip.converters.arrays import REST
from chip.converters.cadc import read
from chip.core.delivery import collect, next_cause, put_down
from chip.core.packed import bounds_of, fabric_of, network_of, neurons_of, noise_of, queues_of, scratch_of
from chip.core.sending import see_returns
from chip.fabric.arrays import CONTENTION
from chip.neurons.arrays import LEAK, U
from chip.neurons.circuits import membrane_of, reached_slots
from chip.neurons.crossing import resolve
from chip.neurons.lif import copy, propagate
from chip.neurons.noise import is_noisy
from chip.neurons.resets import resets_before
from chip.neurons.resetting import show
from chip.neurons.seam import rests, settle, step

QUIET = -2  # of ``observe_slots``


@inner
def quiet_until(neurons, noise, queues, bounds):
    """Return up to which time the block that starts at the committed time is quiet; that time itself if not at all."""
    start_ns = queues.clock[COMMITTED]
    if start_ns % BLOCK_NS != 0 or queues.clock[HELD_COUNT] > 0:
        return start_ns
    if not rests(start_ns, neurons.now, neurons, noise, bounds):
        return start_ns
    return min(start_ns + BLOCK_NS, next_cause(queues))


@outer
def observe(time_ns, table):
    """Compute the state of all neurons as ``observe_slots`` does, from a packed core."""
    return _observe(time_ns, neurons_of(table), noise_of(table), network_of(table), fabric_of(table), queues_of(table),
                    scratch_of(table), None)  # fmt: skip


@outer
def observe_bounded(time_ns, table):
    """Do as ``observe`` does where neurons have bounds."""
    return _observe(time_ns, neurons_of(table), noise_of(table), network_of(table), fabric_of(table), queues_of(table),
                    scratch_of(table), bounds_of(table))  # fmt: skip


@inlined
def _observe(time_ns, neurons, noise, network, fabric, queues, scratch, bounds):
    last = scratch.out.shape[1]
    spikes = observe_slots(time_ns, 0, last, neurons, noise, network, fabric, queues, scratch, bounds)
    if spikes == QUIET:
        return 0
    if spikes != NO_ROOM and fabric.settings[CONTENTION] != 0:
        return see_returns(queues.clock[COMMITTED], time_ns, spikes, network, fabric, scratch)
    return spikes


@outer
def known_until(now_ns, table):
    """Return up to which time the record lacks no spike or event, if all before ``now_ns`` has been posted."""
    return _known_until(now_ns, neurons_of(table), noise_of(table), queues_of(table), None)


@outer
def known_until_bounded(now_ns, table):
    """Do as ``known_until`` does where neurons have bounds."""
    return _known_until(now_ns, neurons_of(table), noise_of(table), queues_of(table), bounds_of(table))


@inlined
def _known_until(now_ns, neurons, noise, queues, bounds):
    return max(queues.clock[COMMITTED], min(now_ns, quiet_until(neurons, noise, queues, bounds)))


@outer
def due_rows(time_ns, table):
    """Put the rows that are driven between the committed time and ``time_ns`` down; return how many, or NO_ROOM."""
    queues, scratch = queues_of(table), scratch_of(table)
    start_ns = queues.clock[COMMITTED]
    rows = collect(start_ns, time_ns, False, network_of(table), fabric_of(table), queues, scratch)[0]
    if queues.clock[DRIVEN_COUNT] + rows > queues.driven.size:
        return NO_ROOM
    if rows != NO_ROOM:
        put_down(start_ns, rows, queues, scratch)
    return rows


@inner
def observe_slots(time_ns, first, last, neurons, noise, network, fabric, queues, scratch, bounds):
    """Compute the state just before ``time_ns`` into ``scratch.out``, at least of membranes in ``first`` to ``last``.

    The time lies at most one grid step behind the committed time, or in a block that is quiet up to it. Returns the
    number of spikes of these slots since the committed time, which are in ``scratch.batch``, QUIET where nothing has
    happened since, or NO_ROOM.
    """
    start_ns = queues.clock[COMMITTED]
    out = scratch.out
    if time_ns == start_ns:
        copy(neurons.now, out)
        show(time_ns, first, last, neurons.release, neurons, out)
        return QUIET
    if time_ns <= quiet_until(neurons, noise, queues, bounds):
        passed = time_ns - start_ns
        if is_noisy(noise):
            copy(neurons.now, scratch.next)
            for step_ns in range(start_ns, time_ns - GRID_NS + 1, GRID_NS):
                step(scratch.next, out, neurons, bounds)
                settle(step_ns, out, neurons, noise, bounds)
                copy(out, scratch.next)
        else:
            propagate(neurons.now, scratch.next, neurons.coarse, passed // GRID_NS)
        propagate(scratch.next, out, neurons.fine, passed % GRID_NS // EDGE_NS)
        return QUIET
    deliveries, spikes = collect(start_ns, time_ns, False, network, fabric, queues, scratch)
    if deliveries == NO_ROOM:
        return NO_ROOM
    find_weights(start_ns, deliveries, queues, scratch)
    reset_to = resets_before(time_ns, queues)
    for s in range(first, last):
        if membrane_of(s, neurons) == s:
            spikes = resolve(s, start_ns, (time_ns - start_ns) // EDGE_NS, neurons, network, neurons.now, out,
                             scratch.out_release, scratch, deliveries, queues, queues.clock[RESET_HEAD], reset_to,
                             spikes, bounds)  # fmt: skip
    show(time_ns, first, last, scratch.out_release, neurons, out)
    return spikes


@inner
def convert_due(until_ns, neurons, noise, network, fabric, queues, scratch, bounds):
    """Carry out the pending CADC conversions up to and including a time; return NO_ROOM or 0."""
    clock = queues.clock
    while clock[CONVERSION_HEAD] < clock[CONVERSION_TAIL]:
        index = clock[CONVERSION_HEAD]
        time_ns, hemisphere = queues.conversions[index] >> 1, queues.conversions[index] & 1
        if time_ns > until_ns:
            break
        first, last = reached_slots(hemisphere, neurons)
        found = observe_slots(time_ns, first, last, neurons, noise, network, fabric, queues, scratch, bounds)
        if found == NO_ROOM:
            return NO_ROOM
        when = moment(CONVERSION, time_ns)
        for lane in range(c.COLUMNS):
            potential = neurons.channel[REST, hemisphere, lane]
            code = read(potential, neurons.channel, neurons.channel_key, hemisphere, lane, when)
            queues.conversion_codes[index, lane] = code
        for half in range(ROW_HALVES):
            if half // c.HALVES == hemisphere:
                first, count = neurons.halves[half, 0], neurons.halves[half, 1]
                for s in range(first, first + count):
                    lane = (half % c.HALVES) * c.LANES + neurons.place[s, PLACE_LANE]
                    potential = scratch.out[U, membrane_of(s, neurons)] + neurons.cell[LEAK, s]
                    code = read(potential, neurons.channel, neurons.channel_key, hemisphere, lane, when)
                    queues.conversion_codes[index, lane] = code
        clock[CONVERSION_HEAD] = index + 1
    return 0
