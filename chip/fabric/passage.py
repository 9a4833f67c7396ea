"""The arrays that change while events pass: of the fabric itself, or copies with which an observation goes on."""

from __future__ import annotations

from chip.base.inner import inlined, inner
from chip.base.timeline import BACKGROUND_NEXT, GENERATOR_HEAD
from chip.fabric.arrays import FIRST, LAST, LINE_ROOM, OUTPUTS, RETURN_WAITING, Passage
from chip.fabric.generators import next_background

_SLOT = LINE_ROOM - 1


@inlined
def passage_of(fabric, tally):
    """Return the fabric's own arrays, with the counters of the core."""
    return Passage(fabric.lines, fabric.waiting_ns, fabric.waiting, fabric.drivers_ns, fabric.links, fabric.outputs_ns,
                   fabric.sent_ns, fabric.returning, fabric.counts, fabric.generators, tally)  # fmt: skip


@inlined
def seen_passage_of(fabric):
    """Return the copies that :func:`copy_fabric` has made."""
    return Passage(fabric.seen_lines, fabric.seen_waiting_ns, fabric.seen_waiting, fabric.seen_drivers_ns,
                   fabric.seen_links, fabric.seen_outputs_ns, fabric.seen_sent_ns, fabric.seen_returning,
                   fabric.seen_counts, fabric.seen_generators, fabric.seen_tally)  # fmt: skip


@inner
def copy_fabric(fabric):
    """Copy what waits and who is busy, but for neurons, so that an observation can go on with it."""
    for output in range(OUTPUTS):
        for field in range(fabric.lines.shape[0]):
            fabric.seen_lines[field, output] = fabric.lines[field, output]
        for i in range(fabric.lines[FIRST, output], fabric.lines[LAST, output]):
            fabric.seen_waiting_ns[output, i & _SLOT] = fabric.waiting_ns[output, i & _SLOT]
            fabric.seen_waiting[output, i & _SLOT] = fabric.waiting[output, i & _SLOT]
    for driver in range(fabric.drivers_ns.size):
        fabric.seen_drivers_ns[driver] = fabric.drivers_ns[driver]
    for link in range(fabric.links.shape[0]):
        for field in range(fabric.links.shape[1]):
            fabric.seen_links[link, field] = fabric.links[link, field]
    for i in range(fabric.counts[RETURN_WAITING]):
        fabric.seen_returning[i] = fabric.returning[i]
    copy_generators(fabric)
    fabric.seen_counts[RETURN_WAITING] = fabric.counts[RETURN_WAITING]


@inner
def copy_neurons(fabric):
    """Copy when neurons and their outputs have sent last."""
    for output in range(fabric.outputs_ns.size):
        fabric.seen_outputs_ns[output] = fabric.outputs_ns[output]
    for neuron in range(fabric.sent_ns.size):
        fabric.seen_sent_ns[neuron] = fabric.sent_ns[neuron]


@inner
def copy_generators(fabric):
    """Copy the state of the generators alone."""
    for generator in range(fabric.generators.shape[0]):
        for field in range(fabric.generators.shape[1]):
            fabric.seen_generators[generator, field] = fabric.generators[generator, field]


@inner
def keep_generators(head, queues, fabric):
    """Let the copies be the state of the generators, with what is posted for them read up to ``head``."""
    for generator in range(fabric.generators.shape[0]):
        for field in range(fabric.generators.shape[1]):
            fabric.generators[generator, field] = fabric.seen_generators[generator, field]
    queues.clock[GENERATOR_HEAD] = head
    queues.clock[BACKGROUND_NEXT] = next_background(head, queues, fabric.generators)
