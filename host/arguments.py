"""The arguments of the ``plasticore`` command: what there is, and whether each by itself makes sense."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NoReturn

from host.compare import arguments as compare

DEFAULT_RULE = "eventprop"
DEFAULT_SEED = 1
SEED_MAX = 2**63 - 1
DEFAULT_TASK = "yin-yang"
CHIP_SEED = f"of the chip (default: {DEFAULT_SEED}, or the file's own)"
SEED = "of the rule, and of a chip that is no file (default: %(default)s)"
COMMANDS = ("train", "chip", "rules", "tasks", "inspect", "calibrate", "experiment", "compare")

EXAMPLES = """\
examples:
  plasticore train yin-yang                           learn on an ideal chip, report, picture: runs/.../result.*
  plasticore train yin-yang --epochs 5 --seed 3       a quick trial
  plasticore train mine.npz                           arrays of your own; `plasticore tasks` says what they hold
  plasticore train mine.py:my_task                    a task of your own, from a file
  plasticore train yin-yang --chip mine.toml          on a chip with other settings
  plasticore train yin-yang --chip typical            on a chip with the usual imperfections
  plasticore calibrate --seed 7 --out cal.npz         measure a raw chip: what codes its neurons need
  plasticore train yin-yang --chip raw --seed 7 --calibration cal.npz
  plasticore train yin-yang --where host              the same from outside: a host trains the chip over its link
  plasticore train yin-yang --where host --link optimistic  on a link that hardly waits
  plasticore train yin-yang --checkpoint-every 10000  so that --resume runs/.../run.checkpoint goes on if need be
  plasticore train yin-yang --rule mine.py:MyRule     a rule of your own, from a file
  plasticore train digits:DIRECTORY --rule mine.py:MyRule  MNIST's digits, 256 inputs, which no rule here takes
  plasticore chip --show typical > mine.toml          settings to start from
  plasticore compare yin-yang --seeds 5               rules, chips, seeds in one table and picture: compare --help
  plasticore inspect eventprop --profile              memory and code of a rule, where its cycles go
  plasticore experiment                               what can be repeated of the literature
  plasticore experiment gradient --chip typical       a spike time's gradient, estimated on the chip
  plasticore experiment parity                        recordings of the silicon, and what the chip makes of them
  plasticore inspect homeostasis                      an example that learns no task
  plasticore rules                                    what can learn, and the examples
  plasticore tasks                                    what can be learned
"""


class UsageError(Exception):
    """Bad input; the message is one sentence."""


def show(text: str) -> None:
    """Print on stdout, now. A reader that has gone is no error; raises OSError where it cannot be written."""
    if sys.stdout is None:  # closed before we were started
        return
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        raise OSError(error.errno, error.strerror, "standard output") from None


def _forget_stdout() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains about it when it ends."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ``command`` is one of :data:`COMMANDS`. Raises UsageError; ends after --help, --version."""
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    if named is not None and named not in COMMANDS:
        raise UsageError(f"the command {named!r} is unknown; valid are {', '.join(COMMANDS)}")
    options = _parser().parse_args(arguments)
    if options.command is None:
        raise UsageError(f"a command is missing; valid are {', '.join(COMMANDS)}, and --help explains them")
    return options


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def _print_message(self, message: str, file: IO[str] | None = None) -> None:
        show(message.removesuffix("\n"))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from host.versions import versions

        show(", ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit()


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
    _add_train(commands)
    _add_inspect(commands)
    _add_calibrate(commands)
    _add_experiment(commands)
    compare.add_arguments(commands, _epochs, _hidden)

    chip = commands.add_parser(
        "chip",
        help="list the chips, or show the settings of one",
        description="List what there is for --chip; with --show print all settings of a chip as TOML, with their "
        "sources: a file for train --chip to start from.",
        allow_abbrev=False,
    )
    chip.set_defaults(command="chip")
    chip.add_argument("--show", metavar="CHIP", help="ideal, typical, raw, or a TOML file, which is checked")
    chip.add_argument("--seed", type=_seed, metavar="N", help=CHIP_SEED)
    chip.add_argument("--link", metavar="PRESET", help=compare.LINK)

    rules = commands.add_parser("rules", help="list the learning rules, and examples of firmware", allow_abbrev=False)
    rules.set_defaults(command="rules")
    tasks = commands.add_parser("tasks", help="list the tasks", allow_abbrev=False)
    tasks.set_defaults(command="tasks")
    return parser


def _add_train(commands: argparse._SubParsersAction) -> None:
    train = commands.add_parser(
        "train",
        help="let the chip learn a task",
        description="Load firmware and samples, let the chip learn by itself, read and write the results.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    train.set_defaults(command="train")
    train.add_argument(
        "task",
        metavar="TASK",
        nargs="?",
        help="what to learn: a name, digits:DIRECTORY, FILE.npz or FILE.py:TASK; `plasticore tasks` explains them",
    )
    train.add_argument(
        "--rule",
        default=DEFAULT_RULE,
        metavar="NAME",
        help="learning rule, by name or as FILE.py:CLASS (default: %(default)s)",
    )
    train.add_argument(
        "--where",
        choices=("chip", "host"),
        default="chip",
        help="who computes the weights: the chip by itself, or a host in float from what it records "
        "(default: %(default)s)",
    )
    train.add_argument(
        "--chip",
        default="ideal",
        metavar="CHIP",
        help="ideal, typical, raw, or a TOML file of settings, which brings the chip's own seed (default: %(default)s)",
    )
    train.add_argument("--link", metavar="PRESET", help=compare.LINK)
    train.add_argument(
        "--calibration",
        type=_calibration,
        metavar="FILE",
        help="codes for the neurons of a raw chip, by `plasticore calibrate` for the same chip",
    )
    train.add_argument(
        "--epochs", type=_epochs, metavar="N", help="passes through the training samples (default: the rule's own)"
    )
    train.add_argument("--hidden", type=_hidden, metavar="N", help="hidden neurons (default: the rule's own)")
    train.add_argument("--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help=SEED)
    train.add_argument(
        "--out",
        type=_directory,
        metavar="DIR",
        help="where result.json, .npz and .png go, replacing earlier ones; an incomplete result that would replace a "
        "complete one goes to DIR/interrupted (default: runs/TASK-RULE-CHIP-seedN-Nepochs)",
    )
    train.add_argument(
        "--checkpoint-every",
        type=_checkpoint_every,
        metavar="N",
        help="write DIR/run.checkpoint about every N samples, for --resume",
    )
    train.add_argument(
        "--resume",
        type=_checkpoint,
        metavar="FILE",
        help="go on from a checkpoint of the same command, to the same result as without an interruption",
    )
    train.add_argument("--assumptions", action="store_true", help="report all assumptions, not only the weightiest")
    train.add_argument("--quiet", action="store_true", help="no progress, no report; errors still show")


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "inspect",
        help="show the memory and the code of a rule, and where its cycles go",
        description="Load a rule and print, for each PPU's program, its link map with the size of its code, and its "
        "kernels; then what is assumed. With --profile let the chip learn a little, and print where the cycles go. A "
        "firmware from a file that learns no task is inspected without one, and profiled to its end.",
        allow_abbrev=False,
    )
    command.set_defaults(command="inspect", link=None)
    command.add_argument(
        "rule", metavar="RULE", nargs="?", help="by name or as FILE.py:CLASS; `plasticore rules` lists names"
    )
    command.add_argument("--profile", action="store_true", help="learn a few hundred samples and count cycles")
    command.add_argument("--task", metavar="TASK", help=f"what to learn, as for train (default: {DEFAULT_TASK})")
    command.add_argument("--chip", default="ideal", metavar="CHIP", help="as for train (default: %(default)s)")
    command.add_argument("--epochs", type=_epochs, metavar="N", help="as for train, but 1 with --profile")
    command.add_argument("--hidden", type=_hidden, metavar="N", help="hidden neurons (default: the rule's own)")
    command.add_argument("--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help=SEED)
    command.add_argument("--quiet", action="store_true", help="no progress")


def _add_calibrate(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "calibrate",
        help="measure a raw chip and find the codes that its neurons need",
        description="Measure all neurons of a chip by its CADC and spike counters, as a lab does, and put lines "
        "through what codes come to. Prints spreads before and after; writes the calibration, histograms beside it.",
        allow_abbrev=False,
    )
    command.set_defaults(command="calibrate")
    command.add_argument(
        "--chip", default="raw", metavar="CHIP", help="raw, or a TOML file of settings (default: %(default)s)"
    )
    command.add_argument("--seed", type=_seed, metavar="N", help=CHIP_SEED)
    command.add_argument(
        "--out", type=_calibration_out, metavar="FILE", help="(default: runs/calibration-CHIP-seedN.npz)"
    )
    command.add_argument("--quiet", action="store_true", help="no progress, no report; errors still show")


def _add_experiment(commands: argparse._SubParsersAction) -> None:
    from host.experiments import SUMMARIES

    command = commands.add_parser(
        "experiment",
        help="repeat an experiment of the literature on the chip",
        description="Measure on simulated chips, print a table, write arrays, numbers and a picture; without NAME, "
        "list what there is. " + " ".join(f"{name}: {summary}." for name, summary in SUMMARIES.items()),
        allow_abbrev=False,
    )
    command.set_defaults(command="experiment", rule=DEFAULT_RULE)
    command.add_argument("name", metavar="NAME", nargs="?", help=" or ".join(SUMMARIES))
    command.add_argument("--chip", default="typical", metavar="CHIP", help="as for train (default: %(default)s)")
    command.add_argument("--seed", type=_seed, default=DEFAULT_SEED, metavar="N", help="chip (default: %(default)s)")
    command.add_argument("--out", type=_directory, metavar="DIR", help="(default: runs/experiment-NAME-CHIP-seedN)")
    command.add_argument("--quiet", action="store_true", help="no progress, no report; errors still show")


def _whole_number(option: str, text: str, low: int, high: int | None = None) -> int:
    span = f"a whole number of at least {low}" if high is None else f"a whole number in {low}..{high}"
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; it must be {span}") from None
    if value < low or (high is not None and value > high):
        raise UsageError(f"{option} is {value}; it must be {span}")
    return value


def _epochs(text: str) -> int:
    return _whole_number("--epochs", text, 1)


def _hidden(text: str) -> int:
    return _whole_number("--hidden", text, 1)


def _checkpoint_every(text: str) -> int:
    return _whole_number("--checkpoint-every", text, 1)


def _checkpoint(text: str) -> Path:
    return _file("--resume", text)


def _seed(text: str) -> int:
    return _whole_number("--seed", text, 0, SEED_MAX)


def _calibration(text: str) -> Path:
    return _file("--calibration", text)


def _calibration_out(text: str) -> Path:
    return _file("--out", text)


def _file(option: str, text: str) -> Path:
    if not text.strip():
        raise UsageError(f"{option} is {text!r}; it must name a file")
    return Path(text)


def _directory(text: str) -> Path:
    if not text.strip():
        raise UsageError(f"--out is {text!r}; it must name a directory")
    return Path(text)
