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
from chip.base.timeline import (
    FLIGHT_TAIL,
    LOG_COUNT,
)
from chip.fabric.arrays import (
    FROM_NEURONS,
    IN_FLIGHT,
    RECORDED,
    ROUTE_BOTTOM,
    ROUTE_LABEL,
    ROUTE_RECORDED,
    ROUTE_SENT,
    ROUTE_TOP,
    SENT,
    SPIKES,
    UNROUTED,
)


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
    clock, tally = queues.clock, queues.tally
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        source, label, recorded = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, scratch.batch[i] & 0xFFFF, 1
        if source < FPGA_SOURCE:
            label, recorded = network.routes[source, ROUTE_LABEL], network.routes[source, ROUTE_RECORDED]
            copies = 0
            for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
                copies += 1 if network.routes[source, way] >= 0 else 0
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
