"""Lines: the outputs of the crossbar, each of which passes one event a clock, the oldest first.

An event that comes while its output is busy waits at the node that it came through. A node holds a few waiting events,
``router.node_events``; what finds no room is dropped there and counted. So when an event leaves is known when it
enters. Of events that come at one clock those from the FPGA are first, by label, then those of processors, background
generators, by number, and neurons, by number (assumed; the vendor tells of drop counters and no order).

A word says what an event is: ``kind << 17 | label``, with the neuron's number in the place of the label of a spike, and
for a background generator with its number above the 14 bits of the label, the lower two of which are the SPL1 address.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.grid import EDGE_NS, FAR_NS
from chip.base.inner import inlined, inner
from chip.fabric.arrays import DROPPED, FIRST, FREE_NS, LAST, LINE_ROOM, NODE_EVENTS, OUTPUTS, PASSED

KIND_SHIFT = 17
FROM_FPGA_KIND, FROM_PROCESSOR_KIND, FROM_BACKGROUND_KIND, FROM_NEURON_KIND = range(4)
INPUT_SHIFT = 19  # of what waits: input << 19 | word
WORD_MASK = (1 << INPUT_SHIFT) - 1
ID_MASK = (1 << KIND_SHIFT) - 1
_SLOT = LINE_ROOM - 1


@inlined
def generator_of(word):
    """Return which background generator has sent an event."""
    return (word & ID_MASK) >> c.SPL1_SHIFT


@inner
def enter(output, time_ns, source, word, settings, passage):
    """Let an event from an input wait for an output; return whether there was room."""
    lines, waiting_ns, waiting = passage.lines, passage.waiting_ns, passage.waiting
    leaves_ns = time_ns
    if lines[FREE_NS, output] > time_ns:
        at_node, i = 0, lines[LAST, output] - 1
        while i >= lines[FIRST, output] and waiting_ns[output, i & _SLOT] > time_ns:
            at_node += 1 if waiting[output, i & _SLOT] >> INPUT_SHIFT == source else 0
            i -= 1
        if at_node >= settings[NODE_EVENTS]:
            passage.counts[DROPPED + source * OUTPUTS + output] += 1
            return False
        leaves_ns = lines[FREE_NS, output]
    lines[FREE_NS, output] = leaves_ns + EDGE_NS
    slot = lines[LAST, output] & _SLOT
    waiting_ns[output, slot] = leaves_ns
    waiting[output, slot] = (source << INPUT_SHIFT) | word
    lines[LAST, output] += 1
    return True


@inlined
def leaves_at(output, lines, waiting_ns):
    """Return when the next event of an output leaves it; FAR_NS if there is none."""
    first = lines[FIRST, output]
    return waiting_ns[output, first & _SLOT] if first < lines[LAST, output] else FAR_NS


@inlined
def next_word(output, passage):
    """Return the word of the next event of an output, which there is."""
    return passage.waiting[output, passage.lines[FIRST, output] & _SLOT] & WORD_MASK


@inlined
def pass_next(output, passage):
    """Let the next event of an output leave it."""
    passage.lines[FIRST, output] += 1
    passage.counts[PASSED + output] += 1


@inner
def next_output(first, last, until_ns, passage):
    """Return which of the outputs ``first`` to ``last`` has the earliest event before a time; -1 if none has.

    Of several at one time the lowest word goes first, and of one event the lowest output.
    """
    found, earliest_ns, lowest = -1, until_ns, 0
    for output in range(first, last):
        time_ns = leaves_at(output, passage.lines, passage.waiting_ns)
        if time_ns > earliest_ns or time_ns >= until_ns:
            continue
        word = next_word(output, passage)
        if found < 0 or time_ns < earliest_ns or word < lowest:
            found, earliest_ns, lowest = output, time_ns, word
    return found
