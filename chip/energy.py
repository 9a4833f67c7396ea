"""Energy: seconds of powered time x a table of powers. No breakdown by block of the chip is public: there is none here.

Chip and board are powered while they wait for the link and for a host that computes, so that time counts, too. Every
power is a range between published figures, and so is every energy. What the host computer takes is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chip.base.assumption import Assumption, Direction

US = 1e-6
MICROJOULES = 1e6  # of a joule


@dataclass(frozen=True)
class Power:
    """What something takes while it is powered, in watts, and where the two figures come from."""

    low_w: float
    high_w: float
    source: str

    def joules(self, seconds: float) -> list[float]:
        """Return the least and the greatest energy of so many powered seconds."""
        return [self.low_w * seconds, self.high_w * seconds]

    @property
    def watts(self) -> list[float]:
        return [self.low_w, self.high_w]


CHIP = Power(
    0.2,
    0.7,
    "less than 200 mW in surrogate-gradient inference, a reduced configuration with PPUs at 100 MHz, MADC and 6 of 8 "
    "links off, so optimistic here (Cramer et al. 2022); 192 uJ in 276 us of an ECG classification (Stradmann et al. "
    "2022)",
)
SYSTEM = Power(
    5.6, 5.6, "chip, FPGA and board in the ECG classification (Stradmann et al. 2022), the one figure that there is"
)


def energy(
    chip_seconds: float,
    chip_us_per_sample: float | None,
    waited_seconds: float = 0.0,
    waited_us_per_sample: float = 0.0,
) -> dict[str, Any]:
    """Return ``energy`` as ``result.json`` has it; every energy is [least, greatest], in joules.

    Args:
        chip_seconds: of the whole run.
        chip_us_per_sample: of a training sample; None where none was timed.
        waited_seconds, waited_us_per_sample: in which the chip waited, powered, for the host link and for the host.

    ``joules`` and ``joules_per_sample``: of the chip. ``system_joules`` and ``system_joules_per_sample``: of chip, FPGA
    and board. Per sample means a training sample. ``chip_watts`` and ``system_watts``: the powers.
    ``powered_us_per_sample``: the time that energies of a sample are of, None where none was timed.
    """
    seconds, chip_sample, system_sample, sample_us = chip_seconds + waited_seconds, None, None, None
    if chip_us_per_sample is not None:
        sample_us = chip_us_per_sample + waited_us_per_sample
        chip_sample, system_sample = CHIP.joules(sample_us * US), SYSTEM.joules(sample_us * US)
    return {
        "chip_watts": CHIP.watts,
        "joules": CHIP.joules(seconds),
        "joules_per_sample": chip_sample,
        "system_watts": SYSTEM.watts,
        "system_joules": SYSTEM.joules(seconds),
        "system_joules_per_sample": system_sample,
        "powered_us_per_sample": sample_us,
    }


def assumptions() -> list[Assumption]:
    """What every figure of energy takes for granted."""
    return [
        Assumption(
            f"the chip takes {_range(CHIP.watts)} W whatever it does, also while it waits for link and host",
            f"assumed; {CHIP.source}",
        ),
        Assumption(
            f"chip, FPGA and board take {_range(SYSTEM.watts)} W, also while they wait for link and host",
            f"assumed; {SYSTEM.source}",
        ),
        Assumption("the energy of the host computer is not counted", direction=Direction.BETTER),
    ]


def sentence(found: dict[str, Any]) -> str:
    """Return one line for a report."""
    if found["joules_per_sample"] is None:
        return f"{_joules(found['joules'])} of the chip in all, {_range(found['chip_watts'])} W assumed"
    return (
        f"{_joules(found['joules_per_sample'])} of the chip a training sample, powered for "
        f"{found['powered_us_per_sample']:.1f} us, {_range(found['chip_watts'])} W assumed; "
        f"{_joules(found['system_joules_per_sample'])} with FPGA and board"
    )


def _range(pair: list[float]) -> str:
    low, high = (f"{value:.3g}" for value in pair)
    return low if low == high else f"{low} to {high}"


def _joules(pair: list[float]) -> str:
    for unit, size in (("J", 1.0), ("mJ", 1e-3)):
        if pair[1] >= size:
            return f"{_range([value / size for value in pair])} {unit}"
    return f"{_range([value * MICROJOULES for value in pair])} uJ"
