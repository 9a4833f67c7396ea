"""``plasticore rules``: lists the learning rules, and the examples of firmware."""

from __future__ import annotations

import argparse

import ppu_programs
from host.commands.arguments import Commands, add_command, show
from host.commands.common import EXIT_OK
from host.words import table


def add_arguments(commands: Commands) -> None:
    add_command(
        commands,
        "rules",
        summary="list the learning rules, and examples of firmware",
        description="List the firmware that `plasticore train`, `run`, `compare` and `inspect` take by name.",
    )


def run(_: argparse.Namespace) -> int:
    learning, examples = ppu_programs.summaries(), ppu_programs.example_summaries()
    width = max(map(len, learning | examples))
    show(f"rules that learn a task, for `plasticore train`:\n{table(learning, width)}")
    show(f"\nfirmware that learns no task, for `plasticore run`:\n{table(examples, width)}")
    show("\n`plasticore inspect` and `compare` take all of them; FILE.py:CLASS names firmware of your own")
    return EXIT_OK
