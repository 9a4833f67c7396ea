"""What the model of sensors and drivers takes for granted and no public source confirms."""

from __future__ import annotations

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction

SENSORS = (
    Assumption(
        "a correlation sensor pairs each event with the nearest spike before it, and each spike with the nearest event "
        "before it"
    ),
    Assumption("a correlation sensor holds what it has until it is reset, without leakage", direction=Direction.BETTER),
    Assumption(
        f"a correlation sensor without correlation reads {c.CORRELATION_BASELINE_LSB:g} LSB, and saturates "
        f"{c.CORRELATION_SATURATION_LSB:g} LSB below"
    ),
)

PLASTICITY = (
    Assumption("the pulse of a driver with short-term plasticity is linear in the voltage on its capacitor"),
    Assumption("utilization is linear in its register, the rate of recovery proportional to its register + 1"),
    Assumption("the scales of utilization, recovery, pulse and offset are those of the settings drivers.*"),
)
