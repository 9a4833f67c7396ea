"""Events that queue: through links and crossbar onto busses and into drivers, where all of that takes its time.

Only what waits takes longer here than where contention is off: the latency from a spike to its synapses stands for all
that is the same for each event, and an event that finds everything free comes exactly when it would come there.
"""

from __future__ import annotations

from chip.array.drivers import add_rows_of_ready_drivers
from chip.array.short_term_plasticity import begin, commit_drivers
from chip.base import constants as c
from chip.base.grid import EDGE_NS, FAR_NS
from chip.base.inner import inlined, inner
from chip.base.queues import NO_ROOM
from chip.base.timeline import (
    BACKGROUND_NEXT,
    EVENT_HEAD,
    EVENT_TAIL,
    FABRIC_NEXT,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    GENERATOR_HEAD,
    INJECTION_HEAD,
    INJECTION_TAIL,
)
from chip.fabric.arrays import (
    DELIVERED,
    FIRST,
    FROM_BACKGROUND,
    FROM_FPGA,
    FROM_PROCESSORS,
    IN_FLIGHT,
    LAST,
    LINE_ROOM,
    LOSS_IN_CROSSBAR,
    LOSS_TO_CHIP,
    LOST,
    LOST_IN_CROSSBAR,
    LOST_TO_CHIP,
    PROCESSOR_INPUT,
    ROUTE_BOTTOM,
    ROUTE_LABEL,
    ROUTE_TOP,
    SENT,
    UNROUTED,
)
from chip.fabric.crossbar import PADI_OUTPUTS, passes
from chip.fabric.generators import NEXT_NS, next_background, next_generator, send_background, write_due
from chip.fabric.lines import (
    FROM_BACKGROUND_KIND,
    FROM_FPGA_KIND,
    FROM_NEURON_KIND,
    FROM_PROCESSOR_KIND,
    KIND_SHIFT,
    WORD_MASK,
    enter,
    leaves_at,
    next_output,
    next_word,
    pass_next,
)
from chip.fabric.links import arrives_at, is_lost, take_frame
from chip.fabric.padi import LAST_LABEL, chosen, padi_key
from chip.fabric.passage import copy_fabric, passage_of, seen_passage_of
from chip.fabric.returning import first_return, insert_return


@inner
def collect_contended(start_ns, until_ns, commit, network, fabric, queues, scratch):
    """List the rows driven by all events before ``until_ns`` in ``scratch.delivery``; return how many, or NO_ROOM.

    With ``commit`` the events are consumed and counted. Where there is no room, those that came wait at their busses.
    """
    if not commit:
        copy_fabric(fabric)
    passage = passage_of(fabric, queues.tally) if commit else seen_passage_of(fabric)
    _take_in(until_ns, network, fabric, queues, passage, commit)
    n = _deliver(start_ns, until_ns, network, fabric, passage, scratch)
    if commit and n == NO_ROOM:
        note_next(fabric, queues.clock)
    elif commit and network.stp_drivers.size > 0:
        commit_drivers(network, scratch)
    return n


@inlined
def _take_in(until_ns, network, fabric, queues, passage, commit):
    """Let all events that come before a time enter the lines of the busses; with ``commit`` they are consumed."""
    clock, settings = queues.clock, fabric.settings
    event, injection, flight = clock[EVENT_HEAD], clock[INJECTION_HEAD], clock[FLIGHT_HEAD]
    write, sends = clock[GENERATOR_HEAD], clock[BACKGROUND_NEXT] < until_ns
    while True:
        posted_ns = queues.events[event] >> KIND_SHIFT if event < clock[EVENT_TAIL] else FAR_NS
        event_ns = arrives_at(posted_ns, settings, passage.links) if posted_ns < until_ns else FAR_NS
        injected_ns = queues.injections[injection] >> KIND_SHIFT if injection < clock[INJECTION_TAIL] else FAR_NS
        flight_ns = queues.flights[flight] >> 9 if flight < clock[FLIGHT_TAIL] else FAR_NS
        generator, background_ns = 0, FAR_NS
        if sends:
            write = write_due(until_ns, write, queues, passage.generators)
            generator = next_generator(passage.generators)
            background_ns = passage.generators[generator, NEXT_NS]
        if min(event_ns, injected_ns, background_ns, flight_ns) >= until_ns:
            break
        if event_ns <= min(injected_ns, background_ns, flight_ns):
            take_frame(posted_ns, event_ns, passage)
            _from_fpga(event_ns, queues.events[event] & LAST_LABEL, network, fabric, passage)
            event += 1
        elif injected_ns <= min(background_ns, flight_ns):
            _inject(injected_ns, queues.injections[injection] & LAST_LABEL, settings, passage)
            injection += 1
        elif background_ns <= flight_ns:
            label = send_background(generator, passage.generators)
            _from_background(background_ns, generator, label, network, fabric, passage)
        else:
            _from_neuron(flight_ns, queues.flights[flight] & 0x1FF, network, fabric, passage)
            flight += 1
    if commit:
        clock[EVENT_HEAD], clock[INJECTION_HEAD], clock[FLIGHT_HEAD] = event, injection, flight
        clock[GENERATOR_HEAD] = write
        clock[BACKGROUND_NEXT] = next_background(write, queues, passage.generators)


@inlined
def _inject(time_ns, label, settings, passage):
    """Put an event of a processor on the busses that it names."""
    word = (FROM_PROCESSOR_KIND << KIND_SHIFT) | label
    passage.tally[FROM_PROCESSORS] += 1
    taken = 0
    for output in range(PADI_OUTPUTS):
        if chosen(label, output):
            _enter_bus(output, time_ns, PROCESSOR_INPUT, word, settings, passage)
            taken += 1
    passage.tally[SENT] += taken
    passage.tally[UNROUTED] += 1 if taken == 0 else 0


@inlined
def _from_fpga(time_ns, label, network, fabric, passage):
    """Let an event from the FPGA pass the nodes that take it."""
    passage.tally[FROM_FPGA] += 1
    if is_lost(fabric.settings[LOSS_TO_CHIP], fabric.loss_key[0], time_ns, label):
        passage.counts[LOST_TO_CHIP] += 1
        return
    source = c.CROSSBAR_FPGA_IN + (label >> c.SPL1_SHIFT)
    word = (FROM_FPGA_KIND << KIND_SHIFT) | label
    taken = 0
    for output in range(PADI_OUTPUTS):
        if passes(network.nodes, source, output, label):
            _cross(output, time_ns, source, word, fabric, passage)
            taken += 1
    passage.tally[SENT] += taken
    if passes(network.nodes, source, c.CROSSBAR_FPGA_OUT + (label >> c.SPL1_SHIFT), label):
        insert_return(time_ns, word, passage)
    elif taken == 0:
        passage.tally[UNROUTED] += 1


@inlined
def _from_background(time_ns, generator, label, network, fabric, passage):
    """Let an event of a background generator pass the nodes that take it."""
    source = c.CROSSBAR_BACKGROUND_IN + generator
    word = (FROM_BACKGROUND_KIND << KIND_SHIFT) | (generator << c.SPL1_SHIFT) | (label & c.NEURON_LABEL_MASK)
    passage.tally[FROM_BACKGROUND] += 1
    passed = passes(network.nodes, source, generator, label)
    if passed:
        _cross(generator, time_ns, source, word, fabric, passage)
        passage.tally[SENT] += 1
    if passes(network.nodes, source, c.CROSSBAR_FPGA_OUT + generator % c.PADI_BUSSES, label):
        insert_return(time_ns, word, passage)
    elif not passed:
        passage.tally[UNROUTED] += 1


@inlined
def _from_neuron(time_ns, neuron, network, fabric, passage):
    """Let a spike, which was counted as sent when it left, pass the nodes that take it."""
    word = (FROM_NEURON_KIND << KIND_SHIFT) | neuron
    source = neuron % c.COLUMNS // c.COLUMNS_PER_OUTPUT
    for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
        key = network.routes[neuron, way]
        if key >= 0:
            passage.tally[IN_FLIGHT] -= 1
            _cross(key >> 11, time_ns, source, word, fabric, passage)


@inlined
def _cross(output, time_ns, source, word, fabric, passage):
    """Let an event pass a node to a bus, if it is not lost by chance."""
    if is_lost(fabric.settings[LOSS_IN_CROSSBAR], fabric.loss_key[1], time_ns, (word << 4) | output):
        passage.counts[LOST_IN_CROSSBAR] += 1
        passage.tally[LOST] += 1
    else:
        _enter_bus(output, time_ns, source, word, fabric.settings, passage)


@inlined
def _enter_bus(output, time_ns, source, word, settings, passage):
    if enter(output, time_ns, source, word, settings, passage):
        passage.tally[IN_FLIGHT] += 1
    else:
        passage.tally[LOST] += 1


@inlined
def _deliver(start_ns, until_ns, network, fabric, passage, scratch):
    """List the rows that all events drive which are on their busses before a time; return how many, or NO_ROOM."""
    plastic = network.stp_drivers.size > 0
    if plastic:
        begin(network, scratch)
    if _rows_before(until_ns, network, passage) > scratch.delivery.shape[0]:
        return NO_ROOM
    n = 0
    while True:
        output = next_output(0, PADI_OUTPUTS, until_ns, passage)
        if output < 0:
            break
        time_ns, word = leaves_at(output, passage.lines, passage.waiting_ns), next_word(output, passage)
        pass_next(output, passage)
        passage.tally[DELIVERED] += 1
        passage.tally[IN_FLIGHT] -= 1
        key = _key_of(word, output, network)
        edge = (time_ns - start_ns) // EDGE_NS
        n = add_rows_of_ready_drivers(time_ns, key, edge, n, plastic, network, fabric, passage, scratch)
    return n


@inlined
def _key_of(word, output, network):
    """Return the number of a word's label on a bus."""
    if word >> KIND_SHIFT == FROM_NEURON_KIND:
        return padi_key(output, network.routes[word & 0x1FF, ROUTE_LABEL])
    return padi_key(output, word & LAST_LABEL)


@inner
def _rows_before(until_ns, network, passage):
    """Return how many rows, at most, all events drive that leave for a bus before a time."""
    rows = 0
    for output in range(PADI_OUTPUTS):
        for i in range(passage.lines[FIRST, output], passage.lines[LAST, output]):
            slot = i & (LINE_ROOM - 1)
            if passage.waiting_ns[output, slot] < until_ns:
                key = _key_of(passage.waiting[output, slot] & WORD_MASK, output, network)
                rows += network.first[key + 1] - network.first[key]
    return rows


@inner
def note_next(fabric, clock):
    """Note when the next event leaves a line, or is to return to the FPGA, which is a cause of what comes."""
    next_ns = first_return(fabric.returning, fabric.counts)
    for output in range(fabric.lines.shape[1]):
        next_ns = min(next_ns, leaves_at(output, fabric.lines, fabric.waiting_ns))
    clock[FABRIC_NEXT] = next_ns
