"""``plasticore tasks``: lists what can be learned."""

from __future__ import annotations

import argparse

from host.arguments import Commands, add_command, show
from host.commands.common import EXIT_OK
from host.words import table


def add_arguments(commands: Commands) -> None:
    add_command(commands, "tasks", summary="list the tasks", description="List what `plasticore train` can be given.")


def run(_: argparse.Namespace) -> int:
    from host import tasks

    show(table(tasks.summaries()))
    return EXIT_OK
