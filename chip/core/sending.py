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
from chip.fabric.passage import passage_of, seen_passage_of
from chip.fabric.returning import insert_return, leave_neuron, return_events


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
def send_contended(start_ns, until_ns, count, network, fabric, queues, scratch):
    """Do as ``send`` does where events queue; what the FPGA records is in the log beside the spikes."""
    passage = passage_of(fabric, queues.tally)
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        neuron = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF
        leaves_ns = _leave(time_ns, neuron, network, passage)
        if leaves_ns >= 0 and _copies(neuron, network) > 0:
            key = ((leaves_ns + network.latency[0]) << 9) | neuron
            insert_key(queues.flights, queues.clock[FLIGHT_HEAD], queues.clock[FLIGHT_TAIL], key)
            queues.clock[FLIGHT_TAIL] += 1
    count = return_events(start_ns, until_ns, count, network.routes, fabric, passage, scratch.batch)
    log(start_ns, count, network, queues, scratch)
    note_next(fabric, queues.clock)


@inlined
def see_returns(start_ns, until_ns, count, network, fabric, scratch):
    """Put what the FPGA records before a time behind ``count`` spikes in ``scratch.batch``, on the fabric's copies."""
    passage = seen_passage_of(fabric)
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        _leave(time_ns, (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, network, passage)
    return return_events(start_ns, until_ns, count, network.routes, fabric, passage, scratch.batch)


@inlined
def _leave(time_ns, neuron, network, passage):
    """Let a spike leave its neuron, on its way to busses and FPGA, and count it; return when, or < 0 if it does not."""
    if network.routes[neuron, ROUTE_SENT] == 0:
        return -1
    copies, returned = _copies(neuron, network), network.routes[neuron, ROUTE_RETURNED]
    tally = passage.tally
    tally[FROM_NEURONS] += 1
    tally[SENT] += copies
    tally[UNROUTED] += 1 if copies + returned == 0 else 0
    leaves_ns = leave_neuron(time_ns, neuron, copies + returned > 0, passage)
    if leaves_ns < 0:
        tally[LOST] += copies
        passage.counts[RETURNED] += returned
        passage.counts[RETURN_DROPPED] += returned
        return -1
    tally[IN_FLIGHT] += copies
    if returned == 1:
        insert_return(leaves_ns, (FROM_NEURON_KIND << KIND_SHIFT) | neuron, passage)
    return leaves_ns


@inlined
def _copies(neuron, network):
    """Return how many busses take a spike of a neuron."""
    copies = 0
    for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
        copies += 1 if network.routes[neuron, way] >= 0 else 0
    return copies


@inlined
def log(start_ns, count, network, queues, scratch):
    """Log the spikes of a step, and apart from them what the FPGA records."""
    clock = queues.clock
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        source, label, recorded = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, scratch.batch[i] & 0xFFFF, 1
        if source < FPGA_SOURCE:
            label, recorded = network.routes[source, ROUTE_LABEL], 0
            queues.tally[SPIKES] += 1
            queues.fired[source] += 1
        queues.tally[RECORDED] += recorded
        queues.log_time[clock[LOG_COUNT]] = time_ns
        queues.log_info[clock[LOG_COUNT]] = (recorded << RECORDED_SHIFT) | (source << SOURCE_SHIFT) | label
        clock[LOG_COUNT] += 1


@inlined
def send(start_ns, count, network, queues, scratch):
    """Log the spikes of a step, and put those that a PADI bus takes on their way."""
    clock, tally = queues.clock, queues.tally
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        source, label, recorded = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, scratch.batch[i] & 0xFFFF, 1
        if source < FPGA_SOURCE:
            label, recorded = network.routes[source, ROUTE_LABEL], network.routes[source, ROUTE_RECORDED]
            copies = _copies(source, network)
            if copies > 0:
                queues.flights[clock[FLIGHT_TAIL]] = ((time_ns + network.latency[0]) << 9) | source
                clock[FLIGHT_TAIL] += 1
            tally[SENT] += copies
            tally[IN_FLIGHT] += copies
            sent = network.routes[source, ROUTE_SENT]
            tally[UNROUTED] += sent if copies + recorded == 0 else 0
            tally[FROM_NEURONS] += sent
            tally[SPIKES] += 1
            queues.fired[source] += 1
        tally[RECORDED] += recorded
        queues.log_time[clock[LOG_COUNT]] = time_ns
        queues.log_info[clock[LOG_COUNT]] = (recorded << RECORDED_SHIFT) | (source << SOURCE_SHIFT) | label
        clock[LOG_COUNT] += 1
