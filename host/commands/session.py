"""One run of one firmware, which ``train`` and ``run`` share: loads, runs, writes the results, draws, reports."""

from __future__ import annotations

import argparse
import contextlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from host.commands.arguments import UsageError, show
from host.commands.common import (
    EXIT_FAULT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    RUNS,
    before_work,
    check_out,
    complain,
    make_firmware,
    reason,
    refuse,
    verdict_of,
)
from host.firmware import rules
from host.firmware.user_files import UNSAFE
from host.results.ownership import COMPARISON, alone

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from host.host import Host
    from host.results.result import Result
    from host.running.checkpoint import Checkpoint, Checkpoints
    from host.running.interrupts import Interrupts
    from ppu_programs.contract import Firmware


def run(options: argparse.Namespace, config: ChipConfig) -> int:
    """Do what the options of a command say, on a chip of these settings; return the exit code."""
    if options.calibration is not None:
        from host.commands import calibrate

        options.calibration = calibrate.load(options.calibration, config)
    check_out(options.out or RUNS, None if options.out is None else COMPARISON)
    checkpoint = None if options.resume is None else load_checkpoint(options.resume)

    from host.running.interrupts import Interrupts

    with Interrupts() as interrupts, contextlib.ExitStack() as context:
        try:
            result = learn(options, config, interrupts, context, checkpoint)
        except Exception as error:
            return refuse(options, error)
        return hand_over(options, result, interrupts)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what a run goes on from; raises UsageError where it cannot be read, or is none."""
    from host.running.checkpoint import Checkpoint

    try:
        return Checkpoint.load(path)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"the checkpoint {path} cannot be read: {reason(error)}") from None


def learn(
    options: argparse.Namespace,
    config: ChipConfig,
    interrupts: Interrupts,
    context: contextlib.ExitStack,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Load and run; fill in ``options.out``, which belongs to this run for as long as the context lasts."""
    from chip.calibration.calibration import CalibrationWarning
    from chip.chip import Chip
    from host import tasks
    from host.running.progress import Progress

    if options.where == "host":
        from host.loop.host_loop import HostLoop as Host
    else:
        from host.host import Host
    firmware = make_firmware(options, learning=options.task is not None)
    if options.out is None:
        options.out = default_directory(options, firmware)
        check_out(options.out, COMPARISON)
    with before_work(options.rule):
        context.enter_context(alone(options.out))
    chip = Chip(config)
    if options.calibration is not None:
        chip.link.write_calibration(options.calibration)
    host = Host(chip)
    with Progress(" ".join(_names(options)), quiet=options.quiet) as progress:
        with before_work(options.rule), warnings.catch_warnings():
            warnings.simplefilter("always", CalibrationWarning)
            warnings.showwarning = lambda message, *_: complain(str(message), EXIT_OK)
            task = None if options.task is None else tasks.load(options.task)
            host.load(firmware, task, compiling=False)
            if checkpoint is not None:
                host.resume(checkpoint)
            checkpoints = _checkpoints(options, host)  # whatever can be refused is, before anything compiles
            host.compile(progress.loading)
        interrupts.hold_when(lambda: host.over)
        return host.run(progress=progress, checkpoints=checkpoints)


def _checkpoints(options: argparse.Namespace, host: Host) -> Checkpoints | None:
    """Return when to write checkpoints; raises UsageError where a chip's programs cannot be saved."""
    from host.running.checkpoint import NAME, Checkpoints

    if options.checkpoint_every is None:
        return None
    try:
        host.chip.snapshot()
    except RuntimeError as error:
        raise UsageError(f"there can be no checkpoints of this run: {error}") from None
    return Checkpoints(options.out / NAME, options.checkpoint_every, lambda sentence: complain(sentence, EXIT_OK))


def _names(options: argparse.Namespace) -> list[str]:
    """Of the task, if there is one, and of the firmware."""
    from host import tasks

    names = [] if options.task is None else [tasks.short_name(options.task)]
    return [*names, rules.short_name(options.rule)]


def default_directory(options: argparse.Namespace, firmware: Firmware) -> Path:
    parts = [*_names(options), Path(options.chip).name, f"seed{options.seed}"]
    epochs = getattr(firmware.settings, "epochs", None)
    if epochs is not None:
        parts.append(f"{epochs}epochs")
    if getattr(options, "hidden", None) is not None:
        sizes = options.hidden if isinstance(options.hidden, tuple) else (options.hidden,)
        parts.append("-".join(map(str, sizes)) + "hidden")
    parts += [text.replace(" ", "") for text in options.settings]
    if options.calibration is not None:
        parts.append("calibrated")
    if options.where == "host":
        parts.append("host")
    if options.link is not None:
        parts.append(options.link)
    return RUNS / "-".join(parts).translate(UNSAFE)


def hand_over(options: argparse.Namespace, result: Result, interrupts: Interrupts) -> int:
    """Write the results, then draw, then report; return the exit code."""
    from host.results import verdict
    from host.results.result import place_for

    learned_nothing = result.task is not None and verdict.nothing_learned(result)
    if verdict.ending(result) == verdict.INTERRUPTED and learned_nothing:
        got_to, hint = verdict.progress(result), _resumption(options)
        return complain(f"interrupted after {got_to}; nothing was learned, nothing is written{hint}", EXIT_INTERRUPTED)
    directory = place_for(result, options.out)
    try:
        result.save(directory)
    except OSError as error:
        return complain(f"the results could not be written to {directory}: {reason(error)}", EXIT_FAULT)
    exit_code, wrong = verdict_of(result)
    complaints, hint = [wrong + _resumption(options) * (exit_code == EXIT_INTERRUPTED)] if wrong else [], ""
    if result.complete:
        _remove_checkpoint(options)
    if directory != options.out:
        complaints.append(f"{options.out} keeps its earlier complete result, this one is in {directory}")
    try:
        interrupts.release()
        hint = _picture(result, directory)
    except KeyboardInterrupt:
        exit_code = EXIT_INTERRUPTED
        complaints.append("interrupted before result.png was drawn; the other results are written")
    except OSError as error:
        exit_code = exit_code or EXIT_FAULT
        complaints.append(f"result.png could not be written to {directory}: {reason(error)}")
    for sentence in complaints:
        complain(sentence, exit_code)
    if not options.quiet:
        from host.results.report import report

        show(report(result, directory, options.assumptions) + hint)
    return exit_code


def _resumption(options: argparse.Namespace) -> str:
    """Say how an interrupted run goes on, if it has left a checkpoint."""
    from host.running.checkpoint import NAME

    path = options.out / NAME
    if options.checkpoint_every is None or not path.exists():
        return ""
    return f"; the same command with --resume {path} goes on"


def _remove_checkpoint(options: argparse.Namespace) -> None:
    """Remove the checkpoint of a run that is complete, and saved, and one that was killed while it was written."""
    from host.running.checkpoint import NAME

    if options.checkpoint_every is not None or options.resume is not None:
        for path in options.out.glob(f"{NAME}*"):
            with contextlib.suppress(OSError):
                path.unlink()


def _picture(result: Result, directory: Path) -> str:
    """Draw ``result.png`` where matplotlib is installed; return what the report has to add."""
    from host.pictures import plots
    from host.results.result import PNG_NAME

    (directory / PNG_NAME).unlink(missing_ok=True)  # an earlier run's
    if not plots.available():
        return f"\n  {plots.MISSING}"
    plots.save(directory, result)
    return ""
