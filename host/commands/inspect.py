"""``plasticore inspect``: where a firmware lies on the chip and in memory, and where its cycles go."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from host.commands import arguments
from host.commands.arguments import Commands, UsageError, add_command, show
from host.commands.common import EXIT_OK, before_work, check, complain, make_firmware, refuse, verdict_of
from host.firmware import rules

if TYPE_CHECKING:
    from chip.base.config import ChipConfig

EXAMPLES = """\
examples:
  plasticore inspect eventprop --profile              memory and code of a rule, where its cycles go
  plasticore inspect eventprop --hidden 200           of a larger network
  plasticore inspect homeostasis                      an example that learns no task
  plasticore inspect mine.py:MyRule --profile --set updates=5
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "inspect",
        summary="show the memory and the code of a firmware, and where its cycles go",
        description="Load a firmware and print, for each PPU's program, its link map with the size of its code, and "
        "its kernels; then the assumptions. With --profile the chip runs, and the cycles of each kernel and operation "
        "are printed, too: a rule that learns a task learns a few hundred samples, other firmware runs to its end.",
        examples=EXAMPLES,
    )
    command.add_argument("--profile", action="store_true", help="run the firmware and count cycles")
    arguments.add_loaded_firmware(command, epochs_help="as for train, but 1 with --profile")
    arguments.add_quiet(command, "no progress")


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        raise UsageError(f"a firmware is missing; {rules.valid(learning=None)}")
    asked_for, options.task = options.task, options.task or rules.usual_task(options.rule)
    config = check(options, learning=None)

    from host.running.interrupts import Interrupts

    with Interrupts():
        return _inspect_on(options, config, asked_for)


def _inspect_on(options: argparse.Namespace, config: ChipConfig, task: str | None) -> int:
    """Inspect a rule on a chip of these settings; ``task`` is the one that was asked for, if any."""
    from host import tasks
    from host.inspection import inspection
    from host.running.progress import Progress

    try:
        firmware = make_firmware(options, learning=None, **({"epochs": 1} if options.profile else {}))
        if task is not None and not firmware.learns_task:
            raise UsageError(f"firmware {type(firmware).__name__} learns no task; leave out --task")
        title = rules.short_name(options.rule)
        if firmware.learns_task:
            title = f"{tasks.short_name(options.task)} {title}"
        with Progress(title, options.quiet or not options.profile) as progress:
            with before_work(options.rule):
                learned = tasks.load(options.task) if firmware.learns_task else None
                host = inspection.load(firmware, learned, config, options.profile, progress)
            text = inspection.report(host, progress)
    except Exception as error:
        return refuse(options, error)
    show(text)
    exit_code, wrong = (EXIT_OK, "") if host.result is None else verdict_of(host.result)
    return complain(wrong, exit_code) if wrong else exit_code
