"""Synapse drivers: the rows that an event on a PADI bus drives, and drivers that are busy.

A driver is busy while its pulse lasts, ``drivers.pulse_ns``: what comes meanwhile it does not take, and it is counted.
"""

from __future__ import annotations

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_MODE, AT_ROW
from chip.array.short_term_plasticity import make_pulse
from chip.base import constants as c
from chip.base.inner import inlined, inner
from chip.base.queues import NO_ROOM
from chip.fabric.arrays import DRIVER_LOST, DRIVER_TAKEN, PULSE_NS, ROWS_DRIVEN, SYNAPTIC_EVENTS


@inlined
def add_rows(network, scratch, key, edge, n, plastic):
    """Append the rows of a key to the deliveries behind the ``n`` that are there; return their number or NO_ROOM."""
    first, last = network.first[key], network.first[key + 1]
    if n + last - first > scratch.delivery.shape[0]:
        return NO_ROOM
    for j in range(first, last):
        n = _add_row(network.rows[j], network, scratch, key, edge, n, plastic)
    return n


@inlined
def _add_row(row, network, scratch, key, edge, n, plastic):
    """Append a row to the deliveries behind the ``n`` that are there; return how many there are then."""
    scratch.delivery[n, AT_EDGE] = edge
    scratch.delivery[n, AT_ROW] = row
    scratch.delivery[n, AT_LABEL] = key & c.LABEL_MAX
    scratch.delivery[n, AT_MODE] = network.row_mode[row]
    if plastic:
        scratch.strength[n] = scratch.pulse[row >> 1]
    return n + 1


@inner
def add_rows_of_ready_drivers(time_ns, key, edge, n, plastic, network, fabric, passage, scratch):
    """Append the rows of a key that hang on drivers which are not busy, as :func:`add_rows` does where there is room.

    The drivers are busy from then on, and what they take and what they lose is counted.
    """
    until_ns = time_ns + fabric.settings[PULSE_NS]
    ready = _occupy(time_ns, until_ns, key >> 6, fabric, passage)
    if plastic:
        for i in range(network.stp_first[key >> 6], network.stp_first[(key >> 6) + 1]):
            driver = network.stp_drivers[i]
            if passage.drivers_ns[driver] == until_ns:
                make_pulse(driver, time_ns, network, scratch)
    if ready:
        passage.tally[ROWS_DRIVEN] += network.driven[key]
        passage.tally[SYNAPTIC_EVENTS] += network.synapses[key]
        return add_rows(network, scratch, key, edge, n, plastic)
    _count_rows(until_ns, key, network, fabric, passage)
    for j in range(network.first[key], network.first[key + 1]):
        row = network.rows[j]
        if passage.drivers_ns[row >> 1] == until_ns:
            n = _add_row(row, network, scratch, key, edge, n, plastic)
    return n


@inlined
def _occupy(time_ns, until_ns, select, fabric, passage):
    """Let the drivers of a row select that are not busy take an event; say whether all of them do."""
    ready = True
    for i in range(fabric.taken_first[select], fabric.taken_first[select + 1]):
        driver = fabric.taken_drivers[i]
        if passage.drivers_ns[driver] > time_ns:
            passage.counts[DRIVER_LOST + driver] += 1
            ready = False
        else:
            passage.counts[DRIVER_TAKEN + driver] += 1
            passage.drivers_ns[driver] = until_ns
    return ready


@inlined
def _count_rows(until_ns, key, network, fabric, passage):
    """Count the rows and synapses of the drivers that have taken an event, where others were busy."""
    label = key & c.LABEL_MAX
    for i in range(fabric.taken_first[key >> 6], fabric.taken_first[(key >> 6) + 1]):
        driver = fabric.taken_drivers[i]
        if passage.drivers_ns[driver] == until_ns:
            for row in range(2 * driver, 2 * driver + 2):
                if network.row_mode[row] != 0:
                    passage.tally[ROWS_DRIVEN] += 1
                    for half in range(2 * row, 2 * row + 2):
                        heard = network.heard[half, label + 1] - network.heard[half, label]
                        passage.tally[SYNAPTIC_EVENTS] += heard
