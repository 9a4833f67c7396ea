"""The ``plasticore`` command.

Bad input is answered with one sentence on stderr and exit code 2 before any work; an interrupt from the keyboard with
exit code 130 after the results so far were written. Heavy modules are imported only when there is work for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from host import warned
from host.commands import calibrate, chip, compare, experiment, export, inspect, operations, rules, run, tasks, train
from host.commands.arguments import Parser, UsageError, show
from host.commands.common import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, complain, reason
from host.words import table

COMMANDS = {
    "train": train,
    "run": run,
    "compare": compare,
    "inspect": inspect,
    "export": export,
    "calibrate": calibrate,
    "experiment": experiment,
    "rules": rules,
    "operations": operations,
    "tasks": tasks,
    "chip": chip,
}
DESCRIPTION = "Simulate a neuromorphic chip that learns by itself, with firmware on its plasticity processors."
EXAMPLES = """\
examples:
  plasticore train yin-yang                           a chip learns a task by itself: report, result.*, picture
  plasticore train yin-yang --rule mine.py:MyRule     by a rule of your own, from a file
  plasticore run homeostasis --set target=20          firmware that learns no task, with a setting of its own
  plasticore run mine.py:MyRule                       yours
  plasticore compare yin-yang --seeds 5               rules, chips, seeds in one table and picture
  plasticore compare --rules bandit --sweep rule.curiosity=0,5,20
  plasticore inspect eventprop --profile              memory and code of a firmware, where its cycles go
  plasticore export stdp --out stdp-c                 its kernels as C for a PowerPC
  plasticore rules                                    what firmware there is
  plasticore operations                               what a program for a plasticity processor can call
  plasticore experiment                               what can be repeated of the literature

`plasticore COMMAND --help` has more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        with warned.in_sentences():
            return COMMANDS[options.command].run(options)
    except UsageError as error:
        return complain(str(error), EXIT_USAGE)
    except KeyboardInterrupt:
        return complain("interrupted; nothing was written", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return EXIT_OK
    except OSError as error:
        what = f"{error.filename} cannot be used" if error.filename else "the operating system refused"
        return complain(f"{what}: {reason(error)}", EXIT_FAULT)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; ``command`` is one of :data:`COMMANDS`. Raises UsageError; ends after --help, --version."""
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    if named is not None and named not in COMMANDS:
        raise UsageError(f"the command {named!r} is unknown; valid are {', '.join(COMMANDS)}")
    options = parser().parse_args(arguments)
    if options.command is None:
        raise UsageError(f"a command is missing; valid are {', '.join(COMMANDS)}, and --help explains them")
    return options


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from host.results.versions import versions

        show(", ".join(f"{name} {version}" for name, version in versions().items()))
        parser.exit()


def parser() -> Parser:
    """Return the parser of the whole command line."""
    whole = Parser(
        prog="plasticore",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="show versions and exit")
    whole.set_defaults(command=None)
    commands = whole.add_subparsers(metavar="COMMAND", help="one of those above")
    for module in COMMANDS.values():
        module.add_arguments(commands)
    summaries = {name: command.summary for name, command in commands.choices.items()}
    whole.description = f"{DESCRIPTION}\n\ncommands:\n{table(summaries, 1)}"
    return whole
