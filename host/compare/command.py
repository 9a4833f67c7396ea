"""``plasticore compare``: what it says and returns."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from host.arguments import UsageError, show
from host.commands.common import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, RUNS, chip_config, complain

if TYPE_CHECKING:
    from host.compare.plan import Plan
    from host.compare.table import Comparison


def run(options: argparse.Namespace) -> int:
    """Do what the options say; return the exit code.

    Raises:
        UsageError: bad input, before any work.
    """
    jobs = _whole("--jobs", options.jobs) if options.jobs is not None else None
    try:
        plan = _plan(options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    directory = _out(options)

    from host import tasks
    from host.compare.comparing import compare
    from host.compare.progress import RunsProgress

    with RunsProgress(f"comparing {tasks.short_name(plan.task)}", quiet=options.quiet) as progress:
        try:
            comparison = compare(plan, directory, jobs=jobs, show=progress.show)
        except ValueError as error:
            raise UsageError(str(error)) from None
    return _hand_over(options, comparison, directory)


def _plan(options: argparse.Namespace) -> Plan:
    from host import tasks
    from host.compare.plan import Plan
    from host.compare.sweep import Sweep

    if options.task is None:
        raise ValueError(f"a task is missing; {tasks.valid()}")
    chips = _names("--chips", options.chips)
    labels = [Path(name).name for name in chips]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise ValueError(f"--chips has {twice[0]!r} twice; each chip needs a name of its own")
    return Plan(
        task=options.task,
        rules=_names("--rules", options.rules),
        where=_names("--where", options.where),
        chips={
            label: functools.partial(chip_config, name, link=options.link)
            for label, name in zip(labels, chips, strict=True)
        },
        seeds=range(1, _whole("--seeds", options.seeds) + 1),
        epochs=options.epochs,
        hidden=options.hidden,
        sweep=None if options.sweep is None else Sweep.parse(options.sweep),
    )


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UsageError(f"{option} is {text!r}; it must be names with commas between them")
    return names


def _whole(option: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"{option} is {text!r}; it must be a whole number of at least 1")
    return int(text)


def _out(options: argparse.Namespace) -> Path:
    if options.out is None:
        from host import tasks

        return RUNS / f"compare-{tasks.short_name(options.task)}"
    if not options.out.strip():
        raise UsageError(f"--out is {options.out!r}; it must name a directory")
    return Path(options.out)


def _hand_over(options: argparse.Namespace, comparison: Comparison, directory: Path) -> int:
    """Draw, print, and say what went wrong."""
    from host import plots
    from host.compare.store import PNG_NAME
    from host.verdict import counted

    exit_code, hint = EXIT_OK, ""
    for sentence in comparison.problems:
        exit_code = complain(sentence, EXIT_FAULT)
    (directory / PNG_NAME).unlink(missing_ok=True)  # an earlier table's
    try:
        if not plots.available():
            hint = f"\n{plots.MISSING}"
        elif any(row.complete for row in comparison.rows):
            from host.compare import pictures

            pictures.save(directory, comparison)
    except KeyboardInterrupt:
        exit_code = complain(f"interrupted before {PNG_NAME} was drawn; the table is written", EXIT_INTERRUPTED)
    except OSError as error:
        exit_code = complain(f"{PNG_NAME} could not be written: {error.strerror or error}", exit_code or EXIT_FAULT)
    if comparison.interrupted:
        there, total = len(comparison.rows), len(comparison.plan.runs)
        exit_code = complain(
            f"interrupted after {there} of {counted(total, 'run')}; the same command goes on", EXIT_INTERRUPTED
        )
    if not options.quiet:
        earlier = len(comparison.rows) - comparison.new
        found = f", {earlier} of them from before" if earlier else ""
        if left_out := _left_out(comparison, directory):
            hint += f"\nnot in this table: {counted(left_out, 'run')} of other plans in {directory}"
        files = f"{counted(len(comparison.rows), 'run')}{found}: {directory}/ comparison.csv, comparison.json"
        show(f"{comparison.summary()}\n{files}{', ' + PNG_NAME if (directory / PNG_NAME).exists() else ''}{hint}")
    return exit_code


def _left_out(comparison: Comparison, directory: Path) -> int:
    """How many runs of earlier calls lie in the directory that are not of this plan."""
    from host.compare.store import RUNS

    runs = directory / RUNS
    if not runs.is_dir():  # nothing was saved: every run failed, or was interrupted
        return 0
    planned = {run.name for run in comparison.plan.runs}
    return sum(path.is_dir() and path.name not in planned for path in runs.iterdir())
