"""``plasticore experiment``: runs an experiment and writes its numbers and its picture."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from host.commands import arguments
from host.commands.arguments import DEFAULT_RULE, DEFAULT_SEED, Commands, UsageError, add_command, add_quiet, show
from host.commands.common import EXIT_OK, RUNS, check_out, chip_config, refuse
from host.experiments import SUMMARIES
from host.words import table

if TYPE_CHECKING:
    from chip.base.config import ChipConfig

EXAMPLES = """\
examples:
  plasticore experiment                               what can be repeated of the literature
  plasticore experiment gradient --chip typical       a spike time's gradient, estimated on the chip
  plasticore experiment parity                        recordings of the silicon, and what the chip makes of them
"""


def add_arguments(commands: Commands) -> None:
    listed = "\n".join(f"  {name:<{max(map(len, SUMMARIES))}}  {summary}" for name, summary in SUMMARIES.items())
    command = add_command(
        commands,
        "experiment",
        summary="repeat an experiment of the literature on the chip",
        description="Measure on simulated chips, print a table, write arrays, numbers and a picture; without NAME, "
        "list the experiments.",
        examples=f"experiments:\n{listed}\n\n{EXAMPLES}",
    )
    command.set_defaults(rule=DEFAULT_RULE)
    command.add_argument("name", metavar="NAME", nargs="?", help="one of those below")
    command.add_argument("--chip", default="typical", metavar="CHIP", help="as for train (default: %(default)s)")
    command.add_argument(
        "--seed", type=arguments.seed, default=DEFAULT_SEED, metavar="N", help="chip (default: %(default)s)"
    )
    command.add_argument(
        "--out", type=arguments.directory, metavar="DIR", help="(default: runs/experiment-NAME-CHIP-seedN)"
    )
    add_quiet(command)


def run(options: argparse.Namespace) -> int:
    if options.name is None:
        show(table(SUMMARIES))
        return EXIT_OK
    config = chip_config(options.chip, options.seed)
    check(options.name, config)
    directory = options.out or default_directory(options.name, config)
    check_out(directory)

    from host.running.interrupts import Interrupts

    with Interrupts():
        try:
            text = perform(options.name, config, directory, options.quiet)
        except Exception as error:
            return refuse(options, error)
    if not options.quiet:
        show(text)
    return EXIT_OK


def check(name: str, config: ChipConfig) -> None:
    """Raise UsageError for a name that is none, or a chip that no experiment is made for."""
    if name not in SUMMARIES:
        raise UsageError(f"the experiment {name!r} is unknown; valid are {', '.join(SUMMARIES)}")
    if config.capmem.used:
        raise UsageError(f"the chip {config.profile} needs a calibration; experiments take ideal and typical chips")


def default_directory(name: str, config: ChipConfig) -> Path:
    """Return where an experiment's files go that were not told where."""
    return RUNS / f"experiment-{name}-{Path(config.profile).stem}-seed{config.seed}"


def perform(name: str, config: ChipConfig, directory: Path, quiet: bool) -> str:
    """Run an experiment, write its files into a directory, and return its report.

    Raises:
        ChipError: the chip could not do it. OSError: the files cannot be written.
    """
    from host.pictures import plots

    outcome = import_module(f"host.experiments.{name.replace('-', '_')}").run(config, quiet=quiet)
    picture, hint = None, f"\n  {plots.MISSING}"
    if plots.available():
        from host.experiments import pictures

        picture, hint = pictures.draw(outcome), ""
    names = outcome.save(directory, picture)
    return f"{outcome.report}\n  written to {directory}/ {', '.join(names)}{hint}"
