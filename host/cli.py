"""The ``plasticore`` command.

Bad input is answered with one sentence on stderr and exit code 2 before any work; an interrupt from the keyboard with
exit code 130 after the results so far were written. Heavy modules are imported only when there is work for them.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import ppu_programs

if TYPE_CHECKING:
    from chip.config import ChipConfig
    from host.host import Host
    from host.results import Result

EXIT_OK, EXIT_FAULT, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
DEFAULT_RULE = "eventprop"
DEFAULT_SEED = 1
SEED_MAX = 2**63 - 1
PROFILES = ("ideal", "typical")

EXAMPLES = """\
examples:
  plasticore train yin-yang                           learn on an ideal chip, report, picture: runs/.../result.*
  plasticore train yin-yang --epochs 5 --seed 3       a quick trial
  plasticore train yin-yang --chip mine.toml          on a chip with other settings
  plasticore train yin-yang --chip typical            on a chip with the usual imperfections
  plasticore chip --show typical > mine.toml          settings to start from
  plasticore rules                                    what can learn
  plasticore tasks                                    what can be learned
"""


class UsageError(Exception):
    """Bad input; the message is one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        options = _parser().parse_args(arguments)
        if options.command is None:
            raise UsageError("a command is missing; valid are train, chip, rules, tasks, and --help explains them")
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except UsageError as error:
        return _complain(str(error), EXIT_USAGE)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was written", EXIT_INTERRUPTED)


def _complain(sentence: str, exit_code: int) -> int:
    print(f"plasticore: {sentence}", file=sys.stderr)
    return exit_code


# ---------------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="plasticore",
        description="Simulate a neuromorphic chip that learns by itself, with firmware on its plasticity processors.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show versions and exit")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    train = commands.add_parser(
        "train",
        help="let the chip learn a task",
        description="Load firmware and samples, let the chip learn by itself, read and write the results.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    train.set_defaults(command=_train)
    train.add_argument("task", metavar="TASK", help="what to learn; `plasticore tasks` lists them")
    train.add_argument("--rule", default=DEFAULT_RULE, metavar="NAME", help="learning rule (default: %(default)s)")
    train.add_argument(
        "--chip",
        default="ideal",
        metavar="CHIP",
        help="ideal, typical, or a TOML file of settings, which brings the chip's own seed (default: %(default)s)",
    )
    train.add_argument(
        "--epochs", type=_count, metavar="N", help="passes through the training samples (default: the rule's own)"
    )
    train.add_argument(
        "--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help="of program and chip (default: %(default)s)"
    )
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where result.json, .npz and .png go, replacing earlier ones (default: runs/TASK-RULE-CHIP-seedN)",
    )
    train.add_argument("--quiet", action="store_true", help="no progress, no report; errors still show")

    chip = commands.add_parser(
        "chip",
        help="show the settings of a chip",
        description="Print all settings of a chip as TOML, with their sources: a file for train --chip to start from.",
        allow_abbrev=False,
    )
    chip.set_defaults(command=_chip)
    chip.add_argument("--show", required=True, metavar="CHIP", help="ideal, typical, or a TOML file, which is checked")
    chip.add_argument(
        "--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help="of a profile's chip (default: %(default)s)"
    )

    rules = commands.add_parser("rules", help="list the learning rules", allow_abbrev=False)
    rules.set_defaults(command=_rules)
    tasks = commands.add_parser("tasks", help="list the tasks", allow_abbrev=False)
    tasks.set_defaults(command=_tasks)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from host.versions import versions

        print(", ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit(EXIT_OK)


def _whole_number(option: str, text: str, low: int, high: int | None = None) -> int:
    span = f"a whole number of at least {low}" if high is None else f"a whole number in {low}..{high}"
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; it must be {span}") from None
    if value < low or (high is not None and value > high):
        raise UsageError(f"{option} is {value}; it must be {span}")
    return value


def _count(text: str) -> int:
    return _whole_number("--epochs", text, 1)


def _seed(text: str) -> int:
    return _whole_number("--seed", text, 0, SEED_MAX)


# ---------------------------------------------------------------------- commands


def _rules(_: argparse.Namespace) -> int:
    return _table(ppu_programs.summaries())


def _tasks(_: argparse.Namespace) -> int:
    from host import tasks

    return _table(tasks.summaries())


def _chip(options: argparse.Namespace) -> int:
    print(_chip_config(options.show, options.seed).to_toml(), end="")
    return EXIT_OK


def _table(rows: dict[str, str]) -> int:
    width = max(len(name) for name in rows)
    for name, summary in rows.items():
        print(f"{name:<{width}}  {summary}")
    return EXIT_OK


def _train(options: argparse.Namespace) -> int:
    config = _check(options)  # everything that can be refused is refused here, before any work

    from chip.errors import ChipError, ChipLimitError

    try:
        host, result = _learn(options, config)
    except ChipLimitError as error:
        raise UsageError(str(error)) from None
    except ChipError as error:
        return _complain(str(error), EXIT_FAULT)
    try:
        result.save(options.out)
        try:
            hint = _picture(host, result, options.out)
        except KeyboardInterrupt:
            return _complain("interrupted before result.png was drawn; the other results are written", EXIT_INTERRUPTED)
    except OSError as error:
        return _complain(f"the results could not be written to {options.out}: {error.strerror}", EXIT_FAULT)
    if not options.quiet:
        from host.report import report

        print(report(result, options.out) + hint)
    return EXIT_OK if result.complete else EXIT_INTERRUPTED


def _picture(host: Host, result: Result, directory: Path) -> str:
    """Draw ``result.png`` where matplotlib is installed; return what the report has to add."""
    from host import plots
    from host.results import PNG_NAME

    (directory / PNG_NAME).unlink(missing_ok=True)  # an earlier run's
    if not plots.available():
        return f"\n  {plots.MISSING}"
    plots.save(directory, result, host.task, host.replay(result, plots.sample_to_show(host.task)))
    return ""


def _check(options: argparse.Namespace) -> ChipConfig:
    """Refuse what cannot work; fill in ``options.out``; return the chip's settings."""
    from host import tasks
    from host.results import check_writable

    if options.task not in tasks.names():
        raise UsageError(f"the task {options.task!r} is unknown; valid are {', '.join(tasks.names())}")
    if options.rule not in ppu_programs.names():
        raise UsageError(f"the rule {options.rule!r} is unknown; valid are {', '.join(ppu_programs.names())}")
    config = _chip_config(options.chip, options.seed)
    if options.out is None:
        name = Path(options.chip).stem
        options.out = Path("runs") / f"{options.task}-{options.rule}-{name}-seed{options.seed}"
    try:
        check_writable(options.out)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return config


def _chip_config(name: str, seed: int) -> ChipConfig:
    from chip.config import ChipConfig

    if name in PROFILES:
        config: ChipConfig = getattr(ChipConfig, name)(seed=seed)
        return config
    if not name.endswith(".toml"):
        raise UsageError(f"the chip {name!r} is unknown; valid are {', '.join(PROFILES)} and the path of a TOML file")
    try:
        config = ChipConfig.from_toml(name)
    except ValueError as error:
        raise UsageError(f"{error}; valid are {', '.join(PROFILES)} and the path of a readable TOML file") from None
    if config.profile in PROFILES:  # by default, or in a file that started as a copy of a profile
        return dataclasses.replace(config, profile=Path(name).name)
    return config


def _learn(options: argparse.Namespace, config: ChipConfig) -> tuple[Host, Result]:
    from chip.chip import Chip
    from host import tasks
    from host.host import Host

    firmware_class = ppu_programs.load(options.rule)
    try:
        settings = {} if options.epochs is None else {"epochs": options.epochs}
        firmware = firmware_class(seed=options.seed, **settings)
    except ValueError as error:
        raise UsageError(str(error)) from None
    host = Host(Chip(config))
    if options.quiet:
        host.load(firmware, tasks.load(options.task))
        return host, host.run()

    from host.progress import ProgressBar

    with ProgressBar(f"{options.task} {options.rule}") as bar:
        host.load(firmware, tasks.load(options.task), progress=bar.loading)
        return host, host.run(progress=bar)
