"""Spikes of a grid step: recorded, and on their way to the crossbar."""

from __future__ import annotations

from chip.base.grid import (
    EDGE_NS,
    EDGE_SHIFT,
    FPGA_SOURCE,
    RECORDED_SHIFT,
    SOURCE_SHIFT,
)
from chip.base.inner import inlined, inner
from chip.base.queues import insert_key
from chip.base.timeline import (
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    LOG_COUNT,
)
from chip.core.contention import note_next
from chip.fabric.arrays import (
    FROM_NEURONS,
    IN_FLIGHT,
    LOST,
    RECORDED,
    RETURN_DROPPED,
    RETURNED,
    ROUTE_BOTTOM,
    ROUTE_LABEL,
    ROUTE_RECORDED,
    ROUTE_RETURNED,
    ROUTE_SENT,
    ROUTE_TOP,
    SENT,
    SPIKES,
    UNROUTED,
)
from chip.fabric.lines import FROM_NEURON_KIND, KIND_SHIFT
from chip.fabric.passage import copy_neurons, passage_of, seen_passage_of
from chip.fabric.returning import LOST_AT_OUTPUT, insert_return, leave_neuron, return_events


@inner
def sort_batch(batch, count):
    """Sort the spikes of a step by (time, source): few, and nearly sorted by source."""
    for i in range(1, count):
        x = batch[i]
        j = i
        while j > 0 and batch[j - 1] > x:
            batch[j] = batch[j - 1]
            j -= 1
        batch[j] = x


@inlined
def send(start_ns, count, network, queues, scratch):
    """Log the spikes of a step, and put those that a PADI bus takes on their way."""
    clock = queues.clock
    sort_batch(scratch.batch, count)
    for i in range(count):
        source = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF
        if source < FPGA_SOURCE:
            copies = _count_sent(source, network, queues.tally)
            queues.tally[IN_FLIGHT] += copies
            if copies > 0:
                time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
                queues.flights[clock[FLIGHT_TAIL]] = ((time_ns + network.latency[0]) << 9) | source
                clock[FLIGHT_TAIL] += 1
    _log(start_ns, count, network, queues, scratch)


@inlined
def send_contended(start_ns, until_ns, count, network, fabric, queues, scratch):
    """Do as ``send`` does where events queue; what the FPGA records is in the log beside the spikes."""
    clock, passage = queues.clock, passage_of(fabric, queues.tally)
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        neuron = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF
        leaves_ns, copies = _leave(time_ns, neuron, network, passage)
        if copies > 0:
            key = ((leaves_ns + network.latency[0]) << 9) | neuron
            insert_key(queues.flights, clock[FLIGHT_HEAD], clock[FLIGHT_TAIL], key)
            clock[FLIGHT_TAIL] += 1
    count = return_events(start_ns, until_ns, count, network.routes, fabric, passage, scratch.batch)
    sort_batch(scratch.batch, count)
    _log(start_ns, count, network, queues, scratch)
    note_next(fabric, clock)


@inlined
def see_returns(start_ns, until_ns, count, network, fabric, scratch):
    """Put what the FPGA records before a time behind ``count`` spikes in ``scratch.batch``, on the fabric's copies."""
    copy_neurons(fabric)
    passage = seen_passage_of(fabric)
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        _leave(time_ns, (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, network, passage)
    return return_events(start_ns, until_ns, count, network.routes, fabric, passage, scratch.batch)


@inlined
def _leave(time_ns, neuron, network, passage):
    """Let a spike leave its neuron for busses and FPGA; return when it does, and how many busses it comes to."""
    copies, returned = _count_sent(neuron, network, passage.tally), network.routes[neuron, ROUTE_RETURNED]
    if network.routes[neuron, ROUTE_SENT] == 0:
        return time_ns, 0
    leaves_ns = leave_neuron(time_ns, neuron, copies + returned > 0, passage)
    if leaves_ns == LOST_AT_OUTPUT:
        passage.tally[LOST] += copies
        passage.counts[RETURNED] += returned
        passage.counts[RETURN_DROPPED] += returned
        return time_ns, 0
    passage.tally[IN_FLIGHT] += copies
    if returned == 1:
        insert_return(leaves_ns, (FROM_NEURON_KIND << KIND_SHIFT) | neuron, passage)
    return leaves_ns, copies


@inlined
def _count_sent(neuron, network, tally):
    """Count a spike as sent, if its neuron sends any; return how many busses take it."""
    copies = 0
    for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
        copies += 1 if network.routes[neuron, way] >= 0 else 0
    to_fpga = network.routes[neuron, ROUTE_RECORDED] + network.routes[neuron, ROUTE_RETURNED]
    sent = network.routes[neuron, ROUTE_SENT]
    tally[FROM_NEURONS] += sent
    tally[SENT] += copies
    tally[UNROUTED] += sent if copies + to_fpga == 0 else 0
    return copies


@inlined
def _log(start_ns, count, network, queues, scratch):
    """Log the spikes of a step, and what else there is for the FPGA to record."""
    clock = queues.clock
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        source, label, recorded = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, scratch.batch[i] & 0xFFFF, 1
        if source < FPGA_SOURCE:
            label, recorded = network.routes[source, ROUTE_LABEL], network.routes[source, ROUTE_RECORDED]
            queues.tally[SPIKES] += 1
            queues.fired[source] += 1
        queues.tally[RECORDED] += recorded
        queues.log_time[clock[LOG_COUNT]] = time_ns
        queues.log_info[clock[LOG_COUNT]] = (recorded << RECORDED_SHIFT) | (source << SOURCE_SHIFT) | label
        clock[LOG_COUNT] += 1
