"""From the registers of synapse drivers to the tables of :mod:`chip.array.short_term_plasticity`."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.config import DriverConfig
from chip.base.registers import OFFSET_CENTRE, Registers

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
