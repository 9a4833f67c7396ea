"""``plasticore inspect``: where a firmware lies on the chip and in memory, and where its cycles go."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from host import rules
from host.arguments import DEFAULT_TASK, UsageError, show
from host.commands.common import EXIT_OK, before_work, check, complain, make_firmware, refuse, verdict_of

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from chip.ppu.program import Firmware


def run(options: argparse.Namespace) -> int:
    if options.rule is None:
        raise UsageError(f"a rule is missing; {rules.valid(learning=False)}")
    asked_for, options.task = options.task, options.task or DEFAULT_TASK
    config = check(options, learning=False)

    from host.interrupts import Interrupts

    with Interrupts():
        return _inspect_on(options, config, asked_for)


def _inspect_on(options: argparse.Namespace, config: ChipConfig, task: str | None) -> int:
    """Inspect a rule on a chip of these settings; ``task`` is the one that was asked for, if any."""
    from host import inspection, tasks
    from host.progress import Progress

    try:
        firmware = make_firmware(options, learning=False, **({"epochs": 1} if options.profile else {}))
        if not rules.learns(firmware):
            if task is not None:
                raise UsageError(f"firmware {type(firmware).__name__} learns no task; leave out --task")
            return _inspect_unlearned(options, firmware, config)
        quiet = options.quiet or not options.profile
        with Progress(f"{tasks.short_name(options.task)} {rules.short_name(options.rule)}", quiet) as progress:
            shown = progress if options.profile else None
            with before_work(options.rule):
                host = inspection.load(firmware, tasks.load(options.task), config, shown)
            text = inspection.report(host, shown)
    except Exception as error:
        return refuse(options, error)
    show(text)
    exit_code, wrong = (EXIT_OK, "") if host.result is None else verdict_of(host.result)
    return complain(wrong, exit_code) if wrong else exit_code


def _inspect_unlearned(options: argparse.Namespace, firmware: Firmware, config: ChipConfig) -> int:
    """Inspect a firmware that learns no task."""
    from host import inspection
    from host.progress import Progress

    with Progress(rules.short_name(options.rule), quiet=options.quiet or not options.profile):
        with before_work(options.rule):
            chip, profiled = inspection.load_unlearned(firmware, config, options.profile)
        if options.profile:
            inspection.run_unlearned(chip)
    show(inspection.report_unlearned(firmware, chip, profiled))
    return EXIT_OK
