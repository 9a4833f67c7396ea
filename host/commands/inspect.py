"""``plasticore inspect``: where a firmware lies on the chip and in memory, and where its cycles go."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from host import rules
from host.arguments import UsageError, show
from host.commands.common import EXIT_OK, check, complain, make_firmware, refuse, verdict_of

if TYPE_CHECKING:
    from chip.config import ChipConfig
    from chip.ppu.program import Firmware


def run(options: argparse.Namespace) -> int:
    config = check(options, learning=False)

    from host.interrupts import Interrupts

    with Interrupts():
        return _inspect_on(options, config)


def _inspect_on(options: argparse.Namespace, config: ChipConfig) -> int:
    """Inspect a rule on a chip of these settings."""
    from host import inspection, tasks
    from host.progress import Progress

    try:
        firmware = make_firmware(options, learning=False, **({"epochs": 1} if options.profile else {}))
        if not rules.learns(firmware):
            return _inspect_unlearned(options, firmware, config)
        quiet = options.quiet or not options.profile
        with Progress(f"{options.task} {rules.short_name(options.rule)}", quiet) as progress:
            shown = progress if options.profile else None
            try:
                host = inspection.load(firmware, tasks.load(options.task), config, shown)
            except ValueError as error:
                raise UsageError(str(error)) from None
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

    try:
        with Progress(rules.short_name(options.rule), quiet=options.quiet or not options.profile):
            text = inspection.report_unlearned(firmware, config, options.profile)
    except ValueError as error:
        raise UsageError(str(error)) from None
    show(text)
    return EXIT_OK
