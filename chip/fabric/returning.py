"""Events on their way to the FPGA: out of the neuron outputs, through the crossbar, over the link.

A neuron output takes one event a clock of its 64 neurons, the oldest first, at one clock that of the lowest number
(assumed). A neuron whose last event still waits there loses what it fires meanwhile. What the FPGA records is the time
at which an event leaves the crossbar, less what an event takes that waits nowhere.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.grid import (
    EDGE_NS,
    EDGE_SHIFT,
    FAR_NS,
    RETURN_SOURCE,
    RETURNED_BACKGROUND_SOURCE,
    RETURNED_FPGA_SOURCE,
    SOURCE_SHIFT,
)
from chip.base.inner import inlined, inner
from chip.fabric.arrays import (
    FULL_TO_FPGA,
    LOSS_IN_CROSSBAR,
    LOSS_TO_FPGA,
    LOST_TO_FPGA,
    OUTPUT_LOST,
    RETURN_DROPPED,
    RETURN_LOST_IN_CROSSBAR,
    RETURN_WAITING,
    RETURNED,
    ROUTE_LABEL,
)
from chip.fabric.lines import (
    FROM_BACKGROUND_KIND,
    FROM_NEURON_KIND,
    ID_MASK,
    INPUT_SHIFT,
    KIND_SHIFT,
    WORD_MASK,
    enter,
    generator_of,
    leaves_at,
    next_output,
    next_word,
    pass_next,
)
from chip.fabric.links import is_lost, takes
from chip.fabric.padi import LAST_LABEL

LOST_AT_OUTPUT = -1


@inner
def leave_neuron(time_ns, neuron, wanted, passage):
    """Let a spike wait for its neuron output; return when it leaves it, or LOST_AT_OUTPUT.

    It is counted as lost where somebody ``wanted`` it: where a node would pass it.
    """
    output = neuron % c.COLUMNS // c.COLUMNS_PER_OUTPUT
    if passage.sent_ns[neuron] > time_ns:
        passage.counts[OUTPUT_LOST + output] += 1 if wanted else 0
        return LOST_AT_OUTPUT
    leaves_ns = max(time_ns, passage.outputs_ns[output])
    passage.outputs_ns[output] = leaves_ns + EDGE_NS
    passage.sent_ns[neuron] = leaves_ns
    return leaves_ns


@inner
def insert_return(time_ns, word, passage):
    """Note that an event comes to its node to the FPGA at a time; the array has room for all that can."""
    returning, key = passage.returning, (time_ns // EDGE_NS << INPUT_SHIFT) | word
    i = passage.counts[RETURN_WAITING]
    while i > 0 and returning[i - 1] > key:
        returning[i] = returning[i - 1]
        i -= 1
    returning[i] = key
    passage.counts[RETURN_WAITING] += 1
    passage.counts[RETURNED] += 1


@inner
def first_return(returning, counts):
    """Return when the first event comes to its node to the FPGA; FAR_NS if none does."""
    return (returning[0] >> INPUT_SHIFT) * EDGE_NS if counts[RETURN_WAITING] > 0 else FAR_NS


@inlined
def return_events(start_ns, until_ns, count, routes, fabric, passage, batch):
    """Put what the FPGA records of events before a time into ``batch``, behind ``count``; return how many there are."""
    _cross(until_ns, routes, fabric, passage)
    settings = fabric.settings
    while True:
        output = next_output(c.CROSSBAR_FPGA_OUT, c.CROSSBAR_OUTPUTS, until_ns, passage)
        if output < 0:
            break
        time_ns, word = leaves_at(output, passage.lines, passage.waiting_ns), next_word(output, passage)
        pass_next(output, passage)
        if is_lost(settings[LOSS_TO_FPGA], fabric.loss_key[2], time_ns, word):
            passage.counts[LOST_TO_FPGA] += 1
        elif takes(time_ns, settings, passage):
            edge = (time_ns - start_ns) // EDGE_NS
            batch[count] = (edge << EDGE_SHIFT) | (_source_of(word) << SOURCE_SHIFT) | _label_of(word, routes)
            count += 1
        else:
            passage.counts[FULL_TO_FPGA] += 1
    return count


@inlined
def _cross(until_ns, routes, fabric, passage):
    """Let all events that come to their nodes before a time enter the lines to the FPGA."""
    returning, waiting = passage.returning, passage.counts[RETURN_WAITING]
    i = 0
    while i < waiting and (returning[i] >> INPUT_SHIFT) * EDGE_NS < until_ns:
        time_ns, word = (returning[i] >> INPUT_SHIFT) * EDGE_NS, returning[i] & WORD_MASK
        i += 1
        channel = _label_of(word, routes) >> c.SPL1_SHIFT
        source = c.CROSSBAR_FPGA_IN + channel
        if word >> KIND_SHIFT == FROM_NEURON_KIND:
            source = (word & ID_MASK) % c.COLUMNS // c.COLUMNS_PER_OUTPUT
        elif word >> KIND_SHIFT == FROM_BACKGROUND_KIND:
            source = c.CROSSBAR_BACKGROUND_IN + generator_of(word)
        output = c.CROSSBAR_FPGA_OUT + channel
        chance = fabric.settings[LOSS_IN_CROSSBAR]
        if is_lost(chance, fabric.loss_key[1], time_ns, (word << 4) | output):
            passage.counts[RETURN_DROPPED] += 1
            passage.counts[RETURN_LOST_IN_CROSSBAR] += 1
        elif not enter(output, time_ns, source, word, fabric.settings, passage):
            passage.counts[RETURN_DROPPED] += 1
    if i > 0:
        for k in range(i, waiting):
            returning[k - i] = returning[k]
        passage.counts[RETURN_WAITING] = waiting - i


@inlined
def _label_of(word, routes):
    return routes[word & ID_MASK, ROUTE_LABEL] if word >> KIND_SHIFT == FROM_NEURON_KIND else word & LAST_LABEL


@inlined
def _source_of(word):
    """Return by which number the record knows who has sent an event."""
    if word >> KIND_SHIFT == FROM_NEURON_KIND:
        return RETURN_SOURCE + (word & ID_MASK)
    if word >> KIND_SHIFT == FROM_BACKGROUND_KIND:
        return RETURNED_BACKGROUND_SOURCE + generator_of(word)
    return RETURNED_FPGA_SOURCE + ((word & LAST_LABEL) >> c.SPL1_SHIFT)
