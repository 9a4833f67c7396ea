"""What the commands share: exit codes, chips by name, checks before any work, and how errors are answered."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from host.commands.arguments import DEFAULT_SEED, UsageError
from host.firmware import mistakes, rules
from host.firmware import settings as firmware_settings

if TYPE_CHECKING:
    from chip.base.config import ChipConfig
    from host.results.result import Result
    from ppu_programs.contract import Firmware

EXIT_OK, EXIT_FAULT, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
CHIPS = {  # what `plasticore chip` lists
    "ideal": "no imperfections: its analog core equals the equations",
    "typical": "a calibrated chip with the imperfections that calibration leaves",
    "raw": "a chip before calibration, off by tens of LSB and tens of per cent",
    "FILE.toml": "settings of your own; `plasticore chip --show typical > mine.toml` writes a file to start from",
}
PROFILES = tuple(name for name in CHIPS if name != "FILE.toml")
RUNS = Path("runs")  # where results go that were not told where


def complain(sentence: str, exit_code: int) -> int:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"plasticore: {sentence}", file=sys.stderr, flush=True)
    return exit_code


def reason(error: OSError) -> str:
    return error.strerror or str(error)


def check(options: argparse.Namespace, learning: bool | None) -> ChipConfig:
    """Refuse what cannot work, ``learning`` as in :mod:`host.firmware.rules`; return the chip's settings."""
    from host import tasks

    if learning and options.task is None:
        raise UsageError(f"a task is missing; {tasks.valid()}")
    try:
        if options.task is not None:
            tasks.check(options.task)
        rules.check(options.rule, learning)
        chosen_settings(options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return chip_config(options.chip, options.seed, link=options.link)


def check_out(directory: Path, foreign: str | None = None) -> None:
    """Refuse a directory that cannot be written to, or that has foreign files, see :mod:`host.results.ownership`."""
    from host.results.ownership import check_none_of
    from host.results.result import check_writable

    try:
        check_writable(directory)
        if foreign is not None:
            check_none_of(foreign, directory)
    except ValueError as error:
        raise UsageError(str(error)) from None


def chip_config(name: str, seed: int | None, seed_of_file: bool = True, link: str | None = None) -> ChipConfig:
    """Return a chip's settings; ``seed`` is a profile's and, without ``seed_of_file``, one's of a file too.

    ``link`` is the name of a preset in the place of the settings of the host link.
    """
    from chip.base.config.link import PRESETS, LinkConfig

    if link is not None and link not in PRESETS:
        raise UsageError(f"--link is {link!r}; valid are {', '.join(PRESETS)}")
    config = _named(name, seed, seed_of_file)
    return config if link is None else dataclasses.replace(config, link=LinkConfig.of(link))


def _named(name: str, seed: int | None, seed_of_file: bool) -> ChipConfig:
    from chip.base.config import ChipConfig

    if name in PROFILES:
        config: ChipConfig = getattr(ChipConfig, name)(seed=DEFAULT_SEED if seed is None else seed)
        return config
    valid = f"valid are {', '.join(PROFILES)} and the path of a TOML file"
    if not name.endswith(".toml"):
        raise UsageError(f"the chip {name!r} is unknown; {valid}")
    try:
        Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"the chip file {name} cannot be read: {reason(error)}; {valid}") from None
    try:
        config = ChipConfig.from_toml(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if seed is not None and not seed_of_file:
        config = dataclasses.replace(config, seed=seed)
    if config.profile in PROFILES:  # by default, or in a file that started as a copy of a profile
        return dataclasses.replace(config, profile=Path(name).name)
    return config


def chosen_settings(options: argparse.Namespace) -> dict[str, object]:
    """Return the settings that were given with ``--set``, as text, and with options of their own.

    Raises:
        ValueError: one is given twice, or is not of the form NAME=VALUE.
    """
    chosen: dict[str, object] = {**firmware_settings.split(options.settings)}
    for name in rules.OPTIONS:
        if (value := getattr(options, name, None)) is not None:
            if name in chosen:
                raise ValueError(f"--{name} and --set both name {name}, {value} and {chosen[name]}; give one of them")
            chosen[name] = value
    return chosen


def make_firmware(options: argparse.Namespace, learning: bool | None, **wished: int) -> Firmware:
    """Import the rule and make a firmware with the settings that were given, and with those wished that it has."""
    with before_work(options.rule):
        firmware_class = rules.load(options.rule, learning)
        settings = {name: value for name, value in wished.items() if rules.accepts(firmware_class, name)}
        return rules.make(firmware_class, settings | chosen_settings(options), options.seed)


@contextlib.contextmanager
def before_work(rule: str) -> Iterator[None]:
    """Within this context the errors of a user's rule, and any that say that something cannot work, are bad input."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from None
    except Exception as error:
        if isinstance(error, UsageError | OSError) or (sentence := rules.blame(rule, error)) is None:
            raise
        raise UsageError(sentence) from None


def refuse(options: argparse.Namespace, error: Exception) -> int:
    """Answer an error of the chip or of a user's rule with a sentence; raise what is ours."""
    from chip.base.errors import ChipError, ChipLimitError

    if isinstance(error, ChipLimitError):
        raise UsageError(str(error)) from None
    if not isinstance(error, UsageError | OSError) and (sentence := rules.blame(options.rule, error)):
        return complain(sentence, EXIT_FAULT)
    if isinstance(error, ChipError):
        return complain(str(error) + mistakes.place(error), EXIT_FAULT)
    raise error


def verdict_of(result: Result) -> tuple[int, str]:
    """Return the exit code of a run, and what went wrong or ""."""
    from host.results import verdict

    wrong = verdict.sentence(result)
    if not wrong:
        return EXIT_OK, ""
    return EXIT_INTERRUPTED if verdict.ending(result) == verdict.INTERRUPTED else EXIT_FAULT, wrong
