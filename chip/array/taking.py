"""Which drivers take an event on a PADI bus, by its row select."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers

SELECTS = c.HEMISPHERES * c.PADI_BUSSES * (c.ROW_SELECT_MASK + 1)  # row selects of all busses


class Taking(NamedTuple):
    """Drivers by row select.

    first: int64[257], drivers[first[k]:first[k + 1]] are those of row select k = bus * 32 + row select, ascending.
    drivers: int64[n], hemisphere * 128 + driver.
    """

    first: np.ndarray
    drivers: np.ndarray


def taking_drivers(registers: Registers, which: np.ndarray) -> Taking:
    """Build the table of all 256 row selects, of the drivers in bool[2, 128] alone."""
    hemisphere, driver = np.nonzero(which)
    select, index = np.arange(c.ROW_SELECT_MASK + 1), driver // c.PADI_BUSSES
    taken = ((select[:, None] ^ index) & registers.compare_mask[hemisphere, driver]) == 0  # [row select, driver]
    bus = hemisphere * c.PADI_BUSSES + driver % c.PADI_BUSSES
    on_bus = np.arange(c.HEMISPHERES * c.PADI_BUSSES)[:, None] == bus
    key, chosen = np.nonzero((on_bus[:, None, :] & taken).reshape(SELECTS, -1))
    first = np.searchsorted(key, np.arange(SELECTS + 1)).astype(np.int64)
    return Taking(first, (hemisphere * c.DRIVERS + driver)[chosen].astype(np.int64))
