"""``plasticore calibrate``: measures a chip, reports, and writes what it found and a picture of it."""

from __future__ import annotations

import time
from pathlib import Path

from tqdm import tqdm

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.calibration.calibration import (
    ACAUSAL,
    BOUNDS,
    CADC,
    QUANTITIES,
    SENSORS,
    TARGETS,
    UNITS,
    Calibration,
    CalibrationError,
)
from host.arguments import UsageError
from host.commands.common import RUNS
from host.progress import Progress

SUFFIX = ".npz"
NAMES = {CADC: "CADC offset", ACAUSAL: "CADC offset, acausal"} | {
    name: name for name in (*TARGETS, *SENSORS)
}  # in reports and pictures
LAYOUT = "{desc}: {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} measurements [{elapsed}<{remaining}{postfix}]"


class MeasuringProgress(Progress):
    """The progress of a calibration: a bar on a terminal, a line for every parameter elsewhere."""

    def __init__(self, title: str, quiet: bool = False):
        super().__init__(title, quiet)
        self._began_s = time.perf_counter()
        self._name = ""

    def measuring(self, done: int, total: int, name: str) -> None:
        """Tell that so many measurements of ``total`` are done, and what is measured now."""
        if done == 0:
            return  # functions compile at their first call
        if self._terminal:
            elapsed_s = time.perf_counter() - self._began_s
            self._draw(
                tqdm.format_meter(
                    done,
                    total,
                    elapsed_s,
                    ncols=self._columns(),
                    prefix=self._title,
                    bar_format=LAYOUT,
                    postfix=NAMES.get(name, name),
                )
            )
        elif name != self._name:
            self._tell_compiled()
            self._tell(f"{done} of {total} measurements, {NAMES.get(name, name)}")
        self._name = name


def default_path(config: ChipConfig) -> Path:
    """Return where a calibration goes that was not told where."""
    return RUNS / f"calibration-{Path(config.profile).stem}-seed{config.seed}{SUFFIX}"


def check(config: ChipConfig, path: Path) -> None:
    """Raise UsageError where the chip cannot be calibrated, or the file not be written."""
    from host.results import check_writable

    if not config.capmem.used:
        raise UsageError(
            f"the chip {config.profile} needs no calibration: its neurons have no codes; calibrate the chip raw"
        )
    if path.suffix != SUFFIX:
        raise UsageError(f"--out is {str(path)!r}; it must name a file that ends in {SUFFIX}")
    for file in (path, picture_path(path)):
        if file.is_dir():
            raise UsageError(f"the calibration cannot be written: {file} is a directory")
    try:
        check_writable(path.parent, f"--out names a file in a directory, as {path.name}")
    except ValueError as error:
        raise UsageError(str(error)) from None


def picture_path(path: Path) -> Path:
    """Return where the histograms of a calibration go."""
    return path.with_suffix(".png")


def measure(config: ChipConfig, quiet: bool = False) -> Calibration:
    """Calibrate a chip and show how far it is."""
    from chip.calibration.procedure import calibrate

    with MeasuringProgress(f"calibrating {config.profile}, seed {config.seed}", quiet) as progress:
        return calibrate(config, progress.measuring)


def load(path: Path, config: ChipConfig) -> Calibration:
    """Read a calibration for a chip; raises UsageError where it cannot be read, or belongs to another one."""
    try:
        calibration = Calibration.load(path)
    except CalibrationError as error:
        raise UsageError(f"{error}; `plasticore calibrate` makes one") from None
    except OSError as error:
        raise UsageError(f"the calibration {path} cannot be read: {error.strerror or error}") from None
    try:
        calibration.check_chip(config)
    except CalibrationError as error:
        raise UsageError(str(error)) from None
    return calibration


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
