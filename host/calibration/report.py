"""The report of a calibration, and what its parameters are called."""

from __future__ import annotations

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.calibration.calibration import ACAUSAL, BOUNDS, CADC, QUANTITIES, SENSORS, TARGETS, UNITS, Calibration

NAMES = {CADC: "CADC offset", ACAUSAL: "CADC offset, acausal"} | {
    name: name for name in (*TARGETS, *SENSORS)
}  # in reports and pictures


def report(calibration: Calibration, config: ChipConfig) -> str:
    """Return the spreads before and after, their ratios and the source's bounds, as a table."""
    rows = [("parameter", "target", "before", "after", "after/before", "bound")]
    for name in (*QUANTITIES, *SENSORS):
        before, after = calibration.spread(name)
        target = f"{TARGETS[name]:g} {UNITS[name]}" if name in TARGETS else ""
        bound = f"< {BOUNDS[name]:.2f}" if name in BOUNDS else ""
        spreads = (f"{before:.3g} {UNITS[name]}", f"{after:.3g} {UNITS[name]}")
        rows.append((NAMES[name], target, *spreads, f"{calibration.ratio(name):.3f}", bound))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [f"calibration of chip {config.profile}, seed {config.seed}"]
    lines += ["  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    lines = [line.rstrip() for line in lines]
    lines.append(
        f"  standard deviations without 5 % at either end, over {c.NEURONS} neurons or channels, or all synapses"
    )
    lines.append("  everything was measured by CADC and spike counters")
    without = {name: int((~good).sum()) for name, good in zip(TARGETS, calibration.good, strict=True)}
    if any(without.values()):
        counts = ", ".join(f"{name} of {count}" for name, count in without.items() if count)
        lines.append(f"  neurons that gave no answer and keep the design's codes: {counts}")
    lines.append(f"  chip time {calibration.chip_seconds:.4g} s of measuring, without waits for the capacitor memory")
    return "\n".join(lines)
