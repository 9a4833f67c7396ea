"""From the registers of synapse drivers to the tables of :mod:`chip.array.short_term_plasticity`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.config import DriverConfig
from chip.base.registers import OFFSET_CENTRE, Registers

SELECTS = c.HEMISPHERES * c.PADI_BUSSES * (c.ROW_SELECT_MASK + 1)  # row selects of all busses
_CODES = 15  # highest code of utilization and recovery


def driver_table(config: DriverConfig, registers: Registers, utilization: np.ndarray, recovery: np.ndarray,
                 pulse: np.ndarray) -> np.ndarray:  # fmt: skip
    """Return float64[4, 2, 128]: U, tau_rec in ns, and the pulse's part at rest and that proportional to x.

    utilization, recovery: float64[2, 128], factors on U and tau_rec; pulse: float64[2, 128], added to the pulse.
    """
    span = config.greatest_utilization - config.least_utilization
    u = config.least_utilization + span * registers.stp_utilization / _CODES
    tau = config.slowest_recovery_ns / (registers.stp_recovery + 1.0)
    driver = np.arange(c.DRIVERS)
    chosen = np.arange(c.HEMISPHERES)[:, None], driver % 2, registers.stp_target_voltages
    rest, charged = registers.stp_v_recover[chosen].astype(float), registers.stp_v_charge[chosen].astype(float)
    offset = config.offset_step * (OFFSET_CENTRE - registers.stp_offset.astype(float)) + pulse
    return np.stack(
        [
            np.clip(u * utilization, 0.0, 1.0),
            tau * recovery,
            1.0 - rest / config.end_voltage + offset,
            (rest - charged) / config.end_voltage,
        ]
    )


class PlasticDrivers(NamedTuple):
    """Which drivers with plasticity take an event.

    first: int64[257], drivers[first[k]:first[k + 1]] are those of row select k = bus * 32 + row select, ascending.
    drivers: int64[n], hemisphere * 128 + driver; empty where no driver has its plasticity on.
    """

    first: np.ndarray
    drivers: np.ndarray


def plastic_drivers(registers: Registers) -> PlasticDrivers:
    """Build the table of all 256 row selects."""
    hemisphere, driver = np.nonzero(registers.stp_enabled)
    select, index = np.arange(c.ROW_SELECT_MASK + 1), driver // c.PADI_BUSSES
    taken = ((select[:, None] ^ index) & registers.compare_mask[hemisphere, driver]) == 0  # [row select, driver]
    bus = hemisphere * c.PADI_BUSSES + driver % c.PADI_BUSSES
    on_bus = np.arange(c.HEMISPHERES * c.PADI_BUSSES)[:, None] == bus
    key, which = np.nonzero((on_bus[:, None, :] & taken).reshape(SELECTS, -1))
    first = np.searchsorted(key, np.arange(SELECTS + 1)).astype(np.int64)
    return PlasticDrivers(first, (hemisphere * c.DRIVERS + driver)[which].astype(np.int64))
