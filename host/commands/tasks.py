"""``plasticore tasks``: lists what can be learned."""

from __future__ import annotations

import argparse
import textwrap

from host.commands import arguments
from host.commands.arguments import Commands, add_command, show
from host.commands.common import EXIT_OK
from host.words import table


def add_arguments(commands: Commands) -> None:
    add_command(commands, "tasks", summary="list the tasks", description="List the tasks for `plasticore train`.")


def run(_: argparse.Namespace) -> int:
    from host import tasks
    from host.tasks.npz import HOLDS

    show(table(tasks.summaries()) + "\n\n" + textwrap.fill(f"FILE.npz holds {HOLDS}.", arguments.WIDTH))
    return EXIT_OK
