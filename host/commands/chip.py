"""``plasticore chip``: lists the chips, or shows the settings of one."""

from __future__ import annotations

import argparse

from host.commands import arguments
from host.commands.arguments import CHIP_SEED, LINK, Commands, add_command, show
from host.commands.common import CHIPS, EXIT_OK, chip_config
from host.words import table

EXAMPLES = """\
examples:
  plasticore chip                                     what chips there are
  plasticore chip --show typical > mine.toml          settings to start from
  plasticore train yin-yang --chip mine.toml
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "chip",
        summary="list the chips, or show the settings of one",
        description="List the values of --chip; with --show print all settings of a chip as TOML, with their "
        "sources: a file for train --chip to start from.",
        examples=EXAMPLES,
    )
    command.add_argument("--show", metavar="CHIP", help="ideal, typical, raw, or a TOML file, which is checked")
    command.add_argument("--seed", type=arguments.seed, metavar="N", help=CHIP_SEED)
    command.add_argument("--link", metavar="PRESET", help=LINK)


def run(options: argparse.Namespace) -> int:
    if options.show is None:
        show(table(CHIPS))
        return EXIT_OK
    show(chip_config(options.show, options.seed, seed_of_file=False, link=options.link).to_toml().removesuffix("\n"))
    return EXIT_OK
