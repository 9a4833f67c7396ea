"""Synapse drivers: the rows that an event on a PADI bus drives."""

from __future__ import annotations

from chip.array.arrays import AT_EDGE, AT_LABEL, AT_MODE, AT_ROW
from chip.base import constants as c
from chip.base.inner import inlined
from chip.base.queues import NO_ROOM


@inlined
def add_rows(network, scratch, key, edge, n, plastic):
    """Append the rows of a key to the deliveries behind the ``n`` that are there; return their number or NO_ROOM."""
    first, last = network.first[key], network.first[key + 1]
    if n + last - first > scratch.delivery.shape[0]:
        return NO_ROOM
    for j in range(first, last):
        row = network.rows[j]
        scratch.delivery[n, AT_EDGE] = edge
        scratch.delivery[n, AT_ROW] = row
        scratch.delivery[n, AT_LABEL] = key & c.LABEL_MAX
        scratch.delivery[n, AT_MODE] = network.row_mode[row]
        if plastic:
            scratch.strength[n] = scratch.pulse[row >> 1]
        n += 1
    return n
