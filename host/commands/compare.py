"""``plasticore compare``: many runs in one table and one picture."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from host.commands import arguments
from host.commands.arguments import LINK, Commands, UsageError, add_command, show
from host.commands.common import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, RUNS, chip_config, chosen_settings, complain
from host.firmware import rules

if TYPE_CHECKING:
    from host.compare.plan import Plan
    from host.compare.table import Comparison

DEFAULT_SEEDS = 3
EXAMPLES = """\
examples:
  plasticore compare yin-yang --rules eventprop --seeds 5                     ideal against typical chips
  plasticore compare yin-yang --rules eventprop,mine.py:MyRule --epochs 5     your rule against one of ours
  plasticore compare yin-yang --chips typical --sweep mismatch=0,0.1,0.2,0.5  what mismatch a rule tolerates
  plasticore compare yin-yang --chips ideal --sweep noise=0,0.0135,0.1
  plasticore compare yin-yang --sweep imperfections.tau_mem_relative_std=0,0.1,0.2,0.5
  plasticore compare yin-yang --sweep router.on_chip_latency_ns=100,200,400
  plasticore compare yin-yang --rules superspike --chips ideal --sweep rule.activity=0,0.03,0.1,0.3,0.9
  plasticore compare yin-yang --set batch=50                                  with another setting in every run
  plasticore compare --rules homeostasis --sweep rule.target=5,12,20          firmware that learns no task: no TASK
  plasticore compare --rules mine.py:MyRule --chips typical --seeds 10

sweeps:
  FIELD is section.name, any setting that `plasticore chip --show typical` prints, or rule.NAME, a setting of the rules.
  The magnitude of an imperfection sets its switch, too: on above 0, off at 0. Two shorthands set several fields:
  mismatch   standard deviation of the time constants, 0.1 on typical chips; all other mismatch of neurons and synapses
             and the offsets of the CADC are scaled in proportion; sensors, short-term plasticity and noise are not
  noise      standard deviation of the membrane noise, as a fraction of the distance from leak to threshold, 0.0135 on
             typical chips

files in DIR:
  comparison.csv, .json   one row a run        comparison.png   first metric, curves, robustness, time, energy, link
  runs/                   a directory for each run; a finished run is not repeated, so the same command continues
                          an interrupted comparison, and seeds or rules can be added
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "compare",
        summary="compare rules, places, chips and seeds: a table and a picture",
        description="Run every combination of rules, places, chips, seeds and swept values, several at a time, then "
        "print means and standard deviations over seeds.",
        examples=EXAMPLES,
    )
    command.add_argument("task", metavar="TASK", nargs="?", help="as for train; leave it out for rules that learn none")
    command.add_argument(
        "--rules", default="eventprop", metavar="A,B", help="by name or as FILE.py:CLASS (default: %(default)s)"
    )
    command.add_argument("--where", default="chip", metavar="A,B", help="where learning happens (default: %(default)s)")
    command.add_argument(
        "--chips",
        default="ideal,typical",
        metavar="A,B",
        help="ideal, typical, raw, or TOML files of settings, which include their seeds (default: %(default)s)",
    )
    command.add_argument("--link", metavar="PRESET", help=f"{LINK}; tables state both")
    command.add_argument(
        "--seeds",
        default=str(DEFAULT_SEEDS),
        metavar="N",
        help="seeds 1 to N, of program and chip (default: %(default)s)",
    )
    command.add_argument("--epochs", type=arguments.epochs, metavar="N", help="of every run (default: each rule's own)")
    command.add_argument("--hidden", type=arguments.hidden, metavar="N[,N]", help=arguments.HIDDEN)
    arguments.add_set(command)
    command.add_argument("--sweep", metavar="FIELD=a,b,c", help="a setting at several values, see below")
    command.add_argument("--jobs", metavar="J", help="number of runs at a time (default: one for each core)")
    command.add_argument("--out", metavar="DIR", help="(default: runs/compare-TASK, or -RULES without a task)")
    arguments.add_quiet(command, "no progress, no table; errors still show")


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
    directory = _out(options, plan)

    from host.compare.comparing import compare
    from host.compare.progress import RunsProgress

    with RunsProgress(f"comparing {plan.what}", quiet=options.quiet) as progress:
        try:
            comparison = compare(plan, directory, jobs=jobs, show=progress.show)
        except ValueError as error:
            raise UsageError(str(error)) from None
    return _hand_over(options, comparison, directory)


def _plan(options: argparse.Namespace) -> Plan:
    from host.compare.plan import Plan
    from host.compare.sweep import Sweep

    changes = {name: value for name, value in chosen_settings(options).items() if name not in rules.OPTIONS}
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
        changes=changes,
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


def _out(options: argparse.Namespace, plan: Plan) -> Path:
    if options.out is None:
        return RUNS / f"compare-{plan.what.replace(', ', '-')}"
    if not options.out.strip():
        raise UsageError(f"--out is {options.out!r}; it must name a directory")
    return Path(options.out)


def _hand_over(options: argparse.Namespace, comparison: Comparison, directory: Path) -> int:
    """Draw, print, and say what went wrong."""
    from host.compare.store import PNG_NAME
    from host.pictures import plots
    from host.words import counted

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
    except ValueError as error:
        hint = f"\nno picture: {error}"
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
