"""The ``plasticore`` command.

Bad input is answered with one sentence on stderr and exit code 2 before any work; an interrupt from the keyboard with
exit code 130 after the results so far were written. Heavy modules are imported only when there is work for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import ppu_programs
from host import warned
from host.arguments import UsageError, parse, show
from host.commands.common import (
    CHIPS,
    EXIT_FAULT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    check_out,
    chip_config,
    complain,
    reason,
    refuse,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    commands = {"train": _train, "chip": _chip, "rules": _rules, "tasks": _tasks, "inspect": _inspect}
    commands |= {"calibrate": _calibrate, "experiment": _experiment, "compare": _compare}
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        with warned.in_sentences():
            return commands[options.command](options)
    except UsageError as error:
        return complain(str(error), EXIT_USAGE)
    except KeyboardInterrupt:
        return complain("interrupted; nothing was written", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return EXIT_OK
    except OSError as error:
        what = f"{error.filename} cannot be used" if error.filename else "the operating system refused"
        return complain(f"{what}: {reason(error)}", EXIT_FAULT)


def _rules(_: argparse.Namespace) -> int:
    learning, examples = ppu_programs.summaries(), ppu_programs.example_summaries()
    width = max(map(len, learning | examples))
    show("rules that learn a task, for `plasticore train` and `inspect`:")
    _table(learning, width)
    show("\nexamples of firmware, for `plasticore inspect`:")
    return _table(examples, width)


def _tasks(_: argparse.Namespace) -> int:
    from host import tasks

    return _table(tasks.summaries())


def _chip(options: argparse.Namespace) -> int:
    if options.show is None:
        return _table(CHIPS)
    show(chip_config(options.show, options.seed, seed_of_file=False, link=options.link).to_toml().removesuffix("\n"))
    return EXIT_OK


def _table(rows: dict[str, str], width: int = 0) -> int:
    """Show rows of a name and a text, names at least so wide; with a width, indented below a heading."""
    indent, width = "  " * bool(width), max(width, *map(len, rows))
    show("\n".join(f"{indent}{name:<{width}}  {summary}" for name, summary in rows.items()))
    return EXIT_OK


def _calibrate(options: argparse.Namespace) -> int:
    from host import calibrate
    from host.interrupts import Interrupts

    config = chip_config(options.chip, options.seed, seed_of_file=False)
    path = options.out or calibrate.default_path(config)
    calibrate.check(config, path)
    with Interrupts() as interrupts:
        calibration = calibrate.measure(config, options.quiet)
        interrupts.hold_when(lambda: True)
        path.parent.mkdir(parents=True, exist_ok=True)
        calibration.save(path)
        try:
            interrupts.release()
            from host import calibration_picture

            hint = calibration_picture.histograms(calibration, config, calibrate.picture_path(path))
        except KeyboardInterrupt:
            return complain(f"interrupted before the histograms were drawn; {path} is written", EXIT_INTERRUPTED)
    if not options.quiet:
        show(f"{calibrate.report(calibration, config)}\n  written to {path}{hint}")
    if missed := calibration.failed():
        return complain(f"the spread after calibration is too wide for {', '.join(missed)}", EXIT_FAULT)
    return EXIT_OK


def _experiment(options: argparse.Namespace) -> int:
    from host.experiments import SUMMARIES, command
    from host.interrupts import Interrupts

    if options.name is None:
        return _table(SUMMARIES)
    config = chip_config(options.chip, options.seed)
    command.check(options.name, config)
    directory = options.out or command.default_directory(options.name, config)
    check_out(directory)
    with Interrupts():
        try:
            text = command.run(options.name, config, directory, options.quiet)
        except Exception as error:
            return refuse(options, error)
    if not options.quiet:
        show(text)
    return EXIT_OK


def _compare(options: argparse.Namespace) -> int:
    from host.compare import command

    return command.run(options)


def _train(options: argparse.Namespace) -> int:
    from host.commands import train

    return train.run(options)


def _inspect(options: argparse.Namespace) -> int:
    from host.commands import inspect

    return inspect.run(options)
