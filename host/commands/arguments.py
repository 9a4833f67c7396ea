"""What the arguments of all commands share: how they are parsed and refused, and options that several commands have."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import textwrap
from pathlib import Path
from typing import IO, Any, NoReturn

DEFAULT_RULE = "eventprop"
DEFAULT_SEED = 1
SEED_MAX = 2**63 - 1
DEFAULT_TASK = "yin-yang"
CHIP = "ideal, typical, raw, or a TOML file of settings, which include the seed of the chip (default: %(default)s)"
CHIP_SEED = f"seed of the chip (default: {DEFAULT_SEED}, or the file's own)"
SEED = "seed of the rule, and of the chip unless a file sets it (default: %(default)s)"
HIDDEN = "number of hidden neurons, or of each layer as in 60,60, if the rule takes several (default: the rule's own)"
LINK = "settings of the host link: today, optimistic (default: those of the chip, today unless a file sets others)"
SET = "a setting of the firmware; may be repeated; an unknown NAME is answered with a list of the settings"

WIDTH = 100  # of what is wrapped here

Commands = Any  # what argparse calls the parsers of all commands


class UsageError(Exception):
    """Bad input; the message is one sentence."""


def show(text: str) -> None:
    """Print on stdout, now. A reader that has gone is no error; raises OSError where it cannot be written.

    What the encoding of stdout does not have is written as Python writes it in source, ``\\xf6``.
    """
    if sys.stdout is None:  # closed before we were started
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
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


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would end the process. ``summary`` is what a list says of a command."""

    summary = ""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def _print_message(self, message: str, file: IO[str] | None = None) -> None:
        show(message.removesuffix("\n"))


def add_command(commands: Commands, name: str, summary: str, description: str, examples: str = "") -> Parser:
    """Return the parser of a command, without arguments; ``examples`` stand below its help."""
    command: Parser = commands.add_parser(
        name,
        description=textwrap.fill(description, WIDTH),
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(command=name)
    command.summary = summary
    return command


# ---------------------------------------------------------------------- options that several commands have


def add_run_options(command: Parser, default_out: str, learns: bool = True) -> None:
    """Add what ``train`` and ``run`` share: the chip, the settings of the firmware, and where results go."""
    command.add_argument("--chip", default="ideal", metavar="CHIP", help=CHIP)
    command.add_argument("--link", metavar="PRESET", help=LINK)
    command.add_argument(
        "--calibration",
        type=calibration,
        metavar="FILE",
        help="codes for the neurons of a raw chip, from `plasticore calibrate` for the same chip",
    )
    if learns:
        command.add_argument(
            "--epochs", type=epochs, metavar="N", help="passes through the training samples (default: the rule's own)"
        )
        command.add_argument("--hidden", type=hidden, metavar="N[,N]", help=HIDDEN)
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, metavar="N", help=SEED)
    add_set(command)
    command.add_argument(
        "--out",
        type=directory,
        metavar="DIR",
        help="directory for result.json, .npz and .png, replacing earlier ones; an incomplete result does not replace "
        f"a complete one, but goes to DIR/interrupted (default: {default_out})",
    )
    command.add_argument(
        "--checkpoint-every",
        type=checkpoint_every,
        metavar="N",
        help="write DIR/run.checkpoint, for --resume, about every N samples, or whatever else the firmware counts",
    )
    command.add_argument(
        "--resume",
        type=checkpoint,
        metavar="FILE",
        help="resume from a checkpoint of the same command; the result is the same as without an interruption",
    )
    command.add_argument("--assumptions", action="store_true", help="report all assumptions, not only the main ones")
    add_quiet(command)


def add_loaded_firmware(command: Parser, epochs_help: str = "as for train") -> None:
    """Add what says which firmware a command loads on which chip, where it neither trains nor saves a result."""
    command.set_defaults(link=None)
    command.add_argument(
        "rule", metavar="FIRMWARE", nargs="?", help="by name or as FILE.py:CLASS; `plasticore rules` lists names"
    )
    command.add_argument(
        "--task", metavar="TASK", help=f"what to learn, as for train (default: {DEFAULT_TASK}, if the rule takes it)"
    )
    command.add_argument("--chip", default="ideal", metavar="CHIP", help="as for train (default: %(default)s)")
    command.add_argument("--epochs", type=epochs, metavar="N", help=epochs_help)
    command.add_argument("--hidden", type=hidden, metavar="N[,N]", help="as for train")
    command.add_argument("--seed", type=seed, default=DEFAULT_SEED, metavar="N", help=SEED)
    add_set(command)


def add_set(command: Parser) -> None:
    """Add ``--set NAME=VALUE``, which can be given again and again."""
    command.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help=SET)


def add_quiet(command: Parser, help: str = "no progress, no report; errors still show") -> None:
    command.add_argument("--quiet", action="store_true", help=help)


# ---------------------------------------------------------------------- what a value is read by


def _whole_number(option: str, text: str, low: int, high: int | None = None) -> int:
    span = f"a whole number of at least {low}" if high is None else f"a whole number in {low}..{high}"
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; it must be {span}") from None
    if value < low or (high is not None and value > high):
        raise UsageError(f"{option} is {value}; it must be {span}")
    return value


def epochs(text: str) -> int:
    return _whole_number("--epochs", text, 1)


def hidden(text: str) -> int | tuple[int, ...]:
    sizes = tuple(_whole_number("--hidden", size, 1) for size in text.split(","))
    return sizes if len(sizes) > 1 else sizes[0]


def checkpoint_every(text: str) -> int:
    return _whole_number("--checkpoint-every", text, 1)


def checkpoint(text: str) -> Path:
    return file("--resume", text)


def seed(text: str) -> int:
    return _whole_number("--seed", text, 0, SEED_MAX)


def calibration(text: str) -> Path:
    return file("--calibration", text)


def file(option: str, text: str) -> Path:
    if not text.strip():
        raise UsageError(f"{option} is {text!r}; it must name a file")
    return Path(text)


def directory(text: str) -> Path:
    if not text.strip():
        raise UsageError(f"--out is {text!r}; it must name a directory")
    return Path(text)
