"""``plasticore export``: the kernels of a firmware as C, which builds for a PowerPC and runs under qemu."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from host.commands import arguments
from host.commands.arguments import Commands, UsageError, add_command, show
from host.commands.common import EXIT_OK, before_work, check, check_out, make_firmware, refuse
from host.firmware import rules

if TYPE_CHECKING:
    from chip.base.config import ChipConfig

EXAMPLES = """\
examples:
  plasticore export stdp --out stdp-c                 the kernels of an example as C
  plasticore export eventprop --hidden 60 --out c     those of a rule, for a network of this size
  make -C c check                                     build them, run them, compare with the simulation
"""


def add_arguments(commands: Commands) -> None:
    command = add_command(
        commands,
        "export",
        summary="write the kernels of a firmware as C, which runs on a PowerPC",
        description="Load a firmware, and write the kernels of each PPU's program as C into a directory: a function a "
        "kernel, vector operations as the processor's instructions behind one header, a vector unit in software, a "
        "Makefile, and calls with what they leave in the simulation, which `make check` repeats under qemu. Prints a "
        "sentence for everything that is not exported.",
        examples=EXAMPLES,
    )
    command.add_argument(
        "--out", type=arguments.directory, metavar="DIR", help="where files go; new, empty, or an export"
    )
    arguments.add_loaded_firmware(command)
    arguments.add_quiet(command, "no report")


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        raise UsageError(f"a firmware is missing; {rules.valid(learning=None)}")
    if options.out is None:
        raise UsageError("a directory is missing; name one with --out DIR")
    asked_for, options.task = options.task, options.task or rules.usual_task(options.rule)
    config = check(options, learning=None)
    check_out(options.out)

    from host.running.interrupts import Interrupts

    with Interrupts():
        return _export_from(options, config, asked_for)


def _export_from(options: argparse.Namespace, config: ChipConfig, task: str | None) -> int:
    """Export a rule as it is on a chip of these settings; ``task`` is the one that was asked for, if any."""
    from host import tasks
    from host.inspection import exporting, inspection

    try:
        with before_work(options.rule):
            exporting.check_empty(options.out)
        firmware = make_firmware(options, learning=None)
        if task is not None and not firmware.learns_task:
            raise UsageError(f"firmware {type(firmware).__name__} learns no task; leave out --task")
        with before_work(options.rule):
            learned = tasks.load(options.task) if firmware.learns_task else None
            host = inspection.load(firmware, learned, config)
            made = exporting.export(host.chip)
    except Exception as error:
        return refuse(options, error)
    exporting.write(made, options.out)
    if not options.quiet:
        show(exporting.report(made, options.out))
    return EXIT_OK
