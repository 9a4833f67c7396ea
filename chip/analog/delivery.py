"""From events that arrive in a grid step to what they do to each neuron: routes, rows, labels, weights.

Events are taken in the order of (time, FPGA before on-chip, label or neuron). At one instant weight writes come first,
so an event uses the weights that are written at its own time.
"""

from __future__ import annotations

from chip import constants as c
from chip.analog.inner import inlined, inner
from chip.analog.layout import (
    AT_EDGE,
    AT_EXCITATORY,
    AT_LABEL,
    AT_ROW,
    DECAY_EXC,
    DECAY_INH,
    DELIVERED,
    EDGE_SHIFT,
    EFFICACY,
    EVENT_HEAD,
    EVENT_TAIL,
    EXC,
    EXC_TO_U,
    FAR_NS,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    FROM_FPGA,
    GRID_EDGES,
    IN_FLIGHT,
    INH,
    INH_TO_U,
    PUSH_JUMP,
    RESET_HEAD,
    RESET_TAIL,
    ROUTE_BOTTOM,
    ROUTE_TOP,
    ROWS_DRIVEN,
    SENT,
    SOURCE_SHIFT,
    SPIKES_PER_STEP,
    SYNAPTIC_EVENTS,
    UNROUTED,
    WRITE_HEAD,
    WRITE_TAIL,
    U,
)
from chip.registers import ROW_EXCITATORY
from chip.router.crossbar import PADI_OUTPUTS, padi_key, passes

EDGE_NS = c.EVENT_CLOCK_NS
FPGA_SOURCE = c.NEURONS  # sources of recorded labels: neurons 0..511, then the four inputs from the FPGA
NO_ROOM = -1


@inner
def next_cause(clock, events, flights, resets):
    """Return the time of the next event, on-chip arrival or neuron reset; FAR_NS if none is known."""
    time = FAR_NS
    if clock[EVENT_HEAD] < clock[EVENT_TAIL]:
        time = min(time, events[clock[EVENT_HEAD]] >> 16)
    if clock[FLIGHT_HEAD] < clock[FLIGHT_TAIL]:
        time = min(time, flights[clock[FLIGHT_HEAD]] >> 9)
    if clock[RESET_HEAD] < clock[RESET_TAIL]:
        time = min(time, resets[clock[RESET_HEAD]] >> 2)
    return time


@inlined
def _add_rows(first_row, rows, row_mode, delivery, key, edge, n):
    """Append the rows of a key to the deliveries behind the ``n`` that are there; return their number or NO_ROOM."""
    first, last = first_row[key], first_row[key + 1]
    if n + last - first > delivery.shape[0]:
        return NO_ROOM
    for j in range(first, last):
        row = rows[j]
        delivery[n, AT_EDGE] = edge
        delivery[n, AT_ROW] = row
        delivery[n, AT_LABEL] = key & c.LABEL_MAX
        delivery[n, AT_EXCITATORY] = 1 if row_mode[row] == ROW_EXCITATORY else 0
        n += 1
    return n


@inner
def collect(start_ns, until_ns, commit, network, queues, scratch):
    """List the rows driven by all events before ``until_ns`` in ``scratch.delivery``.

    Returns (deliveries, recorded): the number of rows, and of labels in ``scratch.batch`` that the crossbar returns to
    the FPGA; (NO_ROOM, 0) if an array is too short, and then nothing has changed. With ``commit`` the events are
    consumed and counted.
    """
    clock, tally = queues.clock, queues.tally
    event, flight = clock[EVENT_HEAD], clock[FLIGHT_HEAD]
    n, recorded, sent, unrouted, driven, acting, landed = 0, 0, 0, 0, 0, 0, 0
    while True:
        event_ns = queues.events[event] >> 16 if event < clock[EVENT_TAIL] else FAR_NS
        flight_ns = queues.flights[flight] >> 9 if flight < clock[FLIGHT_TAIL] else FAR_NS
        if min(event_ns, flight_ns) >= until_ns:
            break
        if event_ns <= flight_ns:
            edge = (event_ns - start_ns) // EDGE_NS
            label = queues.events[event] & 0xFFFF
            source = c.CROSSBAR_FPGA_IN + (label >> 14)
            taken = 0
            for output in range(PADI_OUTPUTS):
                if passes(network.nodes, source, output, label):
                    key = padi_key(output, label)
                    n = _add_rows(network.first, network.rows, network.row_mode, scratch.delivery, key, edge, n)
                    if n == NO_ROOM:
                        return NO_ROOM, 0
                    taken += 1
                    driven += network.driven[key]
                    acting += network.synapses[key]
            sent += taken
            if passes(network.nodes, source, c.CROSSBAR_FPGA_OUT + (label >> 14), label):
                if recorded + SPIKES_PER_STEP >= scratch.batch.size:
                    return NO_ROOM, 0
                scratch.batch[recorded] = (edge << EDGE_SHIFT) | ((FPGA_SOURCE + (label >> 14)) << SOURCE_SHIFT) | label
                recorded += 1
                taken += 1
            if taken == 0:
                unrouted += 1
            event += 1
        else:
            edge = (flight_ns - start_ns) // EDGE_NS
            neuron = queues.flights[flight] & 0x1FF
            for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
                key = network.routes[neuron, way]
                if key >= 0:
                    n = _add_rows(network.first, network.rows, network.row_mode, scratch.delivery, key, edge, n)
                    if n == NO_ROOM:
                        return NO_ROOM, 0
                    landed += 1
                    driven += network.driven[key]
                    acting += network.synapses[key]
            flight += 1
    if commit:
        tally[FROM_FPGA] += event - clock[EVENT_HEAD]
        tally[SENT] += sent
        tally[DELIVERED] += sent + landed
        tally[IN_FLIGHT] -= landed
        tally[UNROUTED] += unrouted
        tally[ROWS_DRIVEN] += driven
        tally[SYNAPTIC_EVENTS] += acting
        clock[EVENT_HEAD], clock[FLIGHT_HEAD] = event, flight
    return n, recorded


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


@inner
def _row_amplitude(values, at, labels, row_half, label, first, count, efficacy, out, d):
    """Write the current jumps of one row half into ``out[d]``: efficacy * weight where the label matches, else 0."""
    for lane in range(count):
        jump = efficacy[EFFICACY, first + lane] * values[at, lane]
        out[d, first + lane] = jump if labels[row_half, lane] == label else 0.0


@inner
def _row_amplitude_of_each(values, at, labels, factor, row_half, label, first, count, efficacy, out, d):
    """Do as ``_row_amplitude`` does, with a factor on the efficacy of each synapse."""
    for lane in range(count):
        jump = efficacy[EFFICACY, first + lane] * values[at, lane] * factor[row_half, lane]
        out[d, first + lane] = jump if labels[row_half, lane] == label else 0.0


@inlined
def weigh(start_ns, deliveries, neurons, network, queues, scratch):
    """Fill ``scratch.amplitude`` for all deliveries, from the weights as they are at each event's time."""
    head, tail = queues.clock[WRITE_HEAD], queues.clock[WRITE_TAIL]
    for d in range(deliveries):
        row, label = scratch.delivery[d, AT_ROW], scratch.delivery[d, AT_LABEL]
        for side in range(c.HALVES):
            half = (row >> 8) * c.HALVES + side
            first, count = neurons.halves[half, 0], neurons.halves[half, 1]
            if count == 0:
                continue
            row_half = row * c.HALVES + side
            values, at = network.weights, row_half
            if head < tail:
                event_ns = start_ns + scratch.delivery[d, AT_EDGE] * EDGE_NS
                write = _write_before(queues.writes, head, tail, row_half, event_ns)
                if write >= 0:
                    values, at = queues.write_values, write
            if network.factor.shape[0] > 0:
                _row_amplitude_of_each(values, at, network.labels, network.factor, row_half, label, first, count,
                                       neurons.cell, scratch.amplitude, d)  # fmt: skip
            else:
                _row_amplitude(values, at, network.labels, row_half, label, first, count,
                               neurons.cell, scratch.amplitude, d)  # fmt: skip


@inner
def slots_of(hemisphere, halves):
    """Return the first slot of a hemisphere and the one behind its last."""
    first, last = c.HALVES * hemisphere, c.HALVES * hemisphere + c.HALVES - 1
    return halves[first, 0], halves[last, 0] + halves[last, 1]


@inlined
def sum_up(deliveries, neurons, scratch):
    """Sum what all deliveries add to the state at the end of the step into ``scratch.push``.

    Returns which hemispheres they drive, 1 for the top and 2 for the bottom one; the others' part of it is left alone.
    """
    push, amplitude, fine = scratch.push, scratch.amplitude, neurons.fine
    driven = 0
    for d in range(deliveries):
        hemisphere = scratch.delivery[d, AT_ROW] >> 8
        first, last = slots_of(hemisphere, neurons.halves)
        if driven & (1 << hemisphere) == 0:
            driven |= 1 << hemisphere
            for row in range(push.shape[0]):
                for s in range(first, last):
                    push[row, s] = 0.0
        left = GRID_EDGES - scratch.delivery[d, AT_EDGE]
        if scratch.delivery[d, AT_EXCITATORY]:
            for s in range(first, last):
                jump = amplitude[d, s]
                push[U, s] += jump * fine[left, EXC_TO_U, s]
                push[EXC, s] += jump * fine[left, DECAY_EXC, s]
                push[PUSH_JUMP, s] += jump
        else:
            for s in range(first, last):
                jump = amplitude[d, s]
                push[U, s] -= jump * fine[left, INH_TO_U, s]
                push[INH, s] += jump * fine[left, DECAY_INH, s]
    return driven


@inner
def apply_writes(until_ns, network, queues):
    """Carry out all weight writes before a time, in the order of (time, hemisphere, row, half)."""
    head = queues.clock[WRITE_HEAD]
    while head < queues.clock[WRITE_TAIL] and queues.writes[head] >> 10 < until_ns:
        row_half = queues.writes[head] & 0x3FF
        for lane in range(c.LANES):
            network.weights[row_half, lane] = queues.write_values[head, lane]
        head += 1
    queues.clock[WRITE_HEAD] = head
