"""PADI busses to synapse rows: which rows, and how many synapses, an event on a bus reaches.

Driver d of a hemisphere hangs on bus d % 4 with index d // 4 and feeds rows 2 d and 2 d + 1. It accepts an event iff
``((row_select ^ index) & compare_mask) == 0``; a row that is not disabled then gets the synapse label, and the synapses
of the row that store this label act. The three address fields of an event on a bus form its key
(:func:`chip.fabric.padi.padi_key`); everything that follows from a key is looked up here once per configuration.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.registers import ROW_DISABLED, Registers

KEYS = c.HEMISPHERES * c.PADI_BUSSES * (c.ROW_SELECT_MASK + 1) * (c.LABEL_MAX + 1)


class RowTable(NamedTuple):
    """What a key does.

    first: int64[KEYS + 1], rows[first[k]:first[k + 1]] are the rows of key k that hold at least one synapse with its
    label on an enabled neuron, ascending.
    rows: int32[n], hemisphere * 256 + row.
    driven: int64[KEYS], rows that the key drives, with such a synapse or without.
    synapses: int64[KEYS], synapses of enabled neurons that act.
    """

    first: np.ndarray
    rows: np.ndarray
    driven: np.ndarray
    synapses: np.ndarray


def row_table(registers: Registers) -> RowTable:
    """Build the table of all 16384 keys."""
    population = _label_population(registers.labels, registers.enabled)
    busses, selects, labels = c.HEMISPHERES * c.PADI_BUSSES, c.ROW_SELECT_MASK + 1, c.LABEL_MAX + 1
    index = np.arange(c.DRIVERS_PER_BUS)
    bus = np.arange(busses)
    hemisphere = bus // c.PADI_BUSSES
    driver = index * c.PADI_BUSSES + (bus % c.PADI_BUSSES)[:, None]  # [bus, index]
    row = (2 * driver[..., None] + np.arange(2)).reshape(busses, -1)  # [bus, index and top or bottom], ascending
    mask = registers.compare_mask[hemisphere[:, None], driver].astype(np.int64)
    accepts = ((np.arange(selects)[:, None] ^ index) & mask[:, None, :]) == 0  # [bus, row select, index]
    enabled_row = registers.row_mode[hemisphere[:, None], row] != ROW_DISABLED
    drives = np.repeat(accepts, 2, axis=2) & enabled_row[:, None, :]  # [bus, row select, row of the bus]
    acting = population[hemisphere[:, None], row]  # [bus, row of the bus, label]
    synapses = drives.astype(np.int64) @ acting
    reached = drives[:, :, None, :] & (acting > 0).transpose(0, 2, 1)[:, None]  # [bus, row select, label, row]
    key, where = np.nonzero(reached.reshape(KEYS, -1))
    of_bus = key // (selects * labels)
    return RowTable(
        first=np.searchsorted(key, np.arange(KEYS + 1)).astype(np.int64),
        rows=(hemisphere[of_bus] * c.ROWS + row[of_bus, where]).astype(np.int32),
        driven=np.repeat(drives.sum(axis=2).reshape(-1), labels).astype(np.int64),
        synapses=synapses.reshape(-1),
    )


def _label_population(labels: np.ndarray, enabled: np.ndarray) -> np.ndarray:
    """Return int64[hemisphere, row, label]: how many enabled neurons have a synapse with this label in this row."""
    size = c.HEMISPHERES * c.ROWS * (c.LABEL_MAX + 1)
    row = np.arange(c.HEMISPHERES * c.ROWS).reshape(c.HEMISPHERES, c.ROWS, 1)
    kept = np.broadcast_to(enabled[:, None, :], labels.shape)
    cells = (row * (c.LABEL_MAX + 1) + labels)[kept]
    return np.bincount(cells, minlength=size).reshape(c.HEMISPHERES, c.ROWS, c.LABEL_MAX + 1)
