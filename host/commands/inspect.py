"""``plasticore inspect``: where a firmware lies on the chip and in memory, and where its cycles go."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from host import rules
from host.arguments import DEFAULT_TASK, UsageError, show
from host.commands.common import EXIT_OK, before_work, check, complain, make_firmware, refuse, verdict_of

if TYPE_CHECKING:
    from chip.base.config import ChipConfig


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
