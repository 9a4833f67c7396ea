"""``plasticore calibrate``: measures a chip, reports, and writes what it found and a picture of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from host.commands import arguments
from host.commands.arguments import CHIP_SEED, Commands, UsageError, add_command, add_quiet, show
from host.commands.common import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, RUNS, chip_config, complain

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from chip.calibration.calibration import Calibration

SUFFIX = ".npz"
EXAMPLES = """\
examples:
  plasticore calibrate --seed 7 --out cal.npz         measure a raw chip: what codes its neurons need
  plasticore train yin-yang --chip raw --seed 7 --calibration cal.npz
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "calibrate",
        summary="measure a raw chip and find the codes that its neurons need",
        description="Measure all neurons of a chip with its CADC and spike counters, as a lab does, and fit a line to "
        "what each parameter is at several codes. Print spreads before and after, write calibration and histograms.",
        examples=EXAMPLES,
    )
    command.add_argument(
        "--chip", default="raw", metavar="CHIP", help="raw, or a TOML file of settings (default: %(default)s)"
    )
    command.add_argument("--seed", type=arguments.seed, metavar="N", help=CHIP_SEED)
    command.add_argument("--out", type=_out, metavar="FILE", help="(default: runs/calibration-CHIP-seedN.npz)")
    add_quiet(command)


def _out(text: str) -> Path:
    return arguments.file("--out", text)


def run(options: argparse.Namespace) -> int:
    config = chip_config(options.chip, options.seed, seed_of_file=False)
    path = options.out or default_path(config)
    check(config, path)

    from host.calibration import report
    from host.running.interrupts import Interrupts

    with Interrupts() as interrupts:
        calibration = measure(config, options.quiet)
        interrupts.hold_when(lambda: True)
        path.parent.mkdir(parents=True, exist_ok=True)
        calibration.save(path)
        try:
            interrupts.release()
            from host.calibration import picture

            hint = picture.histograms(calibration, config, picture_path(path))
        except KeyboardInterrupt:
            return complain(f"interrupted before the histograms were drawn; {path} is written", EXIT_INTERRUPTED)
    if not options.quiet:
        show(f"{report.report(calibration, config)}\n  written to {path}{hint}")
    if missed := calibration.failed():
        return complain(f"the spread after calibration is too wide for {', '.join(missed)}", EXIT_FAULT)
    return EXIT_OK


def default_path(config: ChipConfig) -> Path:
    """Return where a calibration goes that was not told where."""
    return RUNS / f"calibration-{Path(config.profile).stem}-seed{config.seed}{SUFFIX}"


def check(config: ChipConfig, path: Path) -> None:
    """Raise UsageError where the chip cannot be calibrated, or the file not be written."""
    from host.results.result import check_writable

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
    from host.calibration.progress import MeasuringProgress

    with MeasuringProgress(f"calibrating {config.profile}, seed {config.seed}", quiet) as progress:
        return calibrate(config, progress.measuring)


def load(path: Path, config: ChipConfig) -> Calibration:
    """Read a calibration for a chip; raises UsageError where it cannot be read, or belongs to another one."""
    from chip.calibration.calibration import Calibration, CalibrationError

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
