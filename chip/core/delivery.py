"""From events that arrive in a grid step to what they do to each neuron: routes, rows, labels, weights.

Events are taken in the order of (time, from the FPGA, from a processor, from a background generator, on-chip, label or
neuron). At one instant weight writes come first, so an event uses the weights that are written at its own time.
"""

from __future__ import annotations

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_ROW
from chip.array.correlation import ROW_SHIFT, TIME_SHIFT
from chip.array.drivers import add_rows
from chip.array.short_term_plasticity import begin, commit_drivers, stimulate
from chip.base import constants as c
from chip.base.grid import (
    BACKGROUND_SOURCE,
    EDGE_NS,
    EDGE_SHIFT,
    FAR_NS,
    FPGA_SOURCE,
    SOURCE_SHIFT,
    SPIKES_PER_STEP,
)
from chip.base.inner import inlined, inner
from chip.base.queues import NO_ROOM
from chip.base.timeline import (
    BACKGROUND_NEXT,
    DRIVEN_COUNT,
    EVENT_HEAD,
    EVENT_TAIL,
    FABRIC_NEXT,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    GENERATOR_HEAD,
    INJECTION_HEAD,
    INJECTION_TAIL,
    RESET_HEAD,
    RESET_TAIL,
)
from chip.core.contention import collect_contended
from chip.fabric.arrays import (
    CONTENTION,
    DELIVERED,
    FROM_BACKGROUND,
    FROM_FPGA,
    FROM_PROCESSORS,
    IN_FLIGHT,
    ROUTE_BOTTOM,
    ROUTE_TOP,
    ROWS_DRIVEN,
    SENT,
    SYNAPTIC_EVENTS,
    UNROUTED,
)
from chip.fabric.crossbar import PADI_OUTPUTS, passes
from chip.fabric.generators import NEXT_NS, next_generator, send_background, write_due
from chip.fabric.padi import INJECTED, LAST_LABEL, chosen, padi_key
from chip.fabric.passage import copy_generators, keep_generators


@inlined
def next_cause(queues):
    """Return the time of the next event, on-chip arrival or neuron reset, or of what waits; FAR_NS if none is known."""
    clock, events, injections = queues.clock, queues.events, queues.injections
    flights, resets = queues.flights, queues.resets
    time = min(clock[FABRIC_NEXT], clock[BACKGROUND_NEXT])
    if clock[EVENT_HEAD] < clock[EVENT_TAIL]:
        time = min(time, events[clock[EVENT_HEAD]] >> 17)
    if clock[INJECTION_HEAD] < clock[INJECTION_TAIL]:
        time = min(time, injections[clock[INJECTION_HEAD]] >> 17)
    if clock[FLIGHT_HEAD] < clock[FLIGHT_TAIL]:
        time = min(time, flights[clock[FLIGHT_HEAD]] >> 9)
    if clock[RESET_HEAD] < clock[RESET_TAIL]:
        time = min(time, resets[clock[RESET_HEAD]] >> 2)
    return time


@inlined
def collect(start_ns, until_ns, commit, network, fabric, queues, scratch):
    """List the rows driven by all events before ``until_ns``, be it that they queue or not; see ``collect_free``."""
    if fabric.settings[CONTENTION] != 0:
        return collect_contended(start_ns, until_ns, commit, network, fabric, queues, scratch), 0
    return collect_free(start_ns, until_ns, commit, network, fabric, queues, scratch)


@inner
def collect_free(start_ns, until_ns, commit, network, fabric, queues, scratch):
    """List the rows driven by all events before ``until_ns`` in ``scratch.delivery``.

    Returns (deliveries, recorded): the number of rows, and of labels in ``scratch.batch`` that the crossbar returns to
    the FPGA; (NO_ROOM, 0) if an array is too short, and then nothing has changed. With ``commit`` the events are
    consumed and counted.
    """
    clock, tally = queues.clock, queues.tally
    event, flight = clock[EVENT_HEAD], clock[FLIGHT_HEAD]
    n, recorded, sent, unrouted, driven, acting, landed, processors = 0, 0, 0, 0, 0, 0, 0, 0
    plastic = network.stp_drivers.size > 0
    if plastic:
        begin(network, scratch)
    generators, generator, write, background = fabric.generators, 0, clock[GENERATOR_HEAD], 0
    sends = clock[BACKGROUND_NEXT] < until_ns
    if sends:  # on a copy, until it is sure that there is room
        copy_generators(fabric)
        generators = fabric.seen_generators
    while True:
        event_ns = queues.events[event] >> 17 if event < clock[EVENT_TAIL] else FAR_NS
        flight_ns = queues.flights[flight] >> 9 if flight < clock[FLIGHT_TAIL] else FAR_NS
        background_ns = FAR_NS
        if sends:
            write = write_due(until_ns, write, queues, generators)
            generator = next_generator(generators)
            background_ns = generators[generator, NEXT_NS]
        if min(event_ns, background_ns, flight_ns) >= until_ns:
            break
        if event_ns <= min(background_ns, flight_ns):
            edge = (event_ns - start_ns) // EDGE_NS
            word = queues.events[event]
            label = word & LAST_LABEL
            injected = word & INJECTED != 0
            source = c.CROSSBAR_FPGA_IN + (label >> 14)
            taken = 0
            for output in range(PADI_OUTPUTS):
                if (injected and chosen(label, output)) or (
                    not injected and passes(network.nodes, source, output, label)
                ):
                    key = padi_key(output, label)
                    n = _drive(key, event_ns, edge, n, plastic, network, scratch)
                    if n == NO_ROOM:
                        return NO_ROOM, 0
                    taken += 1
                    driven += network.driven[key]
                    acting += network.synapses[key]
            sent += taken
            if not injected and passes(network.nodes, source, c.CROSSBAR_FPGA_OUT + (label >> 14), label):
                if recorded + SPIKES_PER_STEP >= scratch.batch.size:
                    return NO_ROOM, 0
                scratch.batch[recorded] = (edge << EDGE_SHIFT) | ((FPGA_SOURCE + (label >> 14)) << SOURCE_SHIFT) | label
                recorded += 1
                taken += 1
            if taken == 0:
                unrouted += 1
            processors += 1 if injected else 0
            event += 1
        elif background_ns <= flight_ns:
            edge, source = (background_ns - start_ns) // EDGE_NS, c.CROSSBAR_BACKGROUND_IN + generator
            label = send_background(generator, generators)
            background += 1
            passed = passes(network.nodes, source, generator, label)
            if passed:
                key = padi_key(generator, label)
                n = _drive(key, background_ns, edge, n, plastic, network, scratch)
                if n == NO_ROOM:
                    return NO_ROOM, 0
                sent += 1
                driven += network.driven[key]
                acting += network.synapses[key]
            if passes(network.nodes, source, c.CROSSBAR_FPGA_OUT + generator % c.PADI_BUSSES, label):
                if recorded + SPIKES_PER_STEP >= scratch.batch.size:
                    return NO_ROOM, 0
                number = BACKGROUND_SOURCE + generator
                scratch.batch[recorded] = (edge << EDGE_SHIFT) | (number << SOURCE_SHIFT) | label
                recorded += 1
            elif not passed:
                unrouted += 1
        else:
            edge = (flight_ns - start_ns) // EDGE_NS
            neuron = queues.flights[flight] & 0x1FF
            for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
                key = network.routes[neuron, way]
                if key >= 0:
                    n = _drive(key, flight_ns, edge, n, plastic, network, scratch)
                    if n == NO_ROOM:
                        return NO_ROOM, 0
                    landed += 1
                    driven += network.driven[key]
                    acting += network.synapses[key]
            flight += 1
    if commit:
        tally[FROM_FPGA] += event - clock[EVENT_HEAD] - processors
        tally[FROM_PROCESSORS] += processors
        tally[SENT] += sent
        tally[DELIVERED] += sent + landed
        tally[IN_FLIGHT] -= landed
        tally[UNROUTED] += unrouted
        tally[ROWS_DRIVEN] += driven
        tally[SYNAPTIC_EVENTS] += acting
        clock[EVENT_HEAD], clock[FLIGHT_HEAD] = event, flight
        if sends:
            tally[FROM_BACKGROUND] += background
            keep_generators(write, queues, fabric)
        if plastic:
            commit_drivers(network, scratch)
    return n, recorded


@inlined
def _drive(key, time_ns, edge, n, plastic, network, scratch):
    """List the rows that a label on a bus drives behind ``n`` others; return how many there are then, or NO_ROOM."""
    if plastic:
        stimulate(key, time_ns, network, scratch)
    return add_rows(network, scratch, key, edge, n, plastic)


@inlined
def put_down(start_ns, deliveries, queues, scratch):
    """Write the rows that are driven behind those in ``Queues.driven`` that the sensors will take up."""
    count = queues.clock[DRIVEN_COUNT]
    for d in range(deliveries):
        time_ns = start_ns + scratch.delivery[d, AT_EDGE] * EDGE_NS
        row_and_label = (scratch.delivery[d, AT_ROW] << ROW_SHIFT) | scratch.delivery[d, AT_LABEL]
        queues.driven[count + d] = (time_ns << TIME_SHIFT) | row_and_label
