"""The ``plasticore`` command.

Bad input is answered with one sentence on stderr and exit code 2 before any work; an interrupt from the keyboard with
exit code 130 after the results so far were written. Heavy modules are imported only when there is work for them.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ppu_programs
from host import mistakes, rules
from host.arguments import DEFAULT_SEED, UsageError, parse, show

if TYPE_CHECKING:
    from chip.config import ChipConfig
    from chip.ppu.program import Firmware
    from host.host import Host, LearningFirmware
    from host.interrupts import Interrupts
    from host.results import Result

EXIT_OK, EXIT_FAULT, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
CHIPS = {  # what `plasticore chip` lists
    "ideal": "no imperfections: its analog core equals the equations",
    "typical": "a calibrated chip with the imperfections that calibration leaves",
    "raw": "a chip before calibration, off by tens of LSB and tens of per cent",
    "FILE.toml": "settings of your own; `plasticore chip --show typical > mine.toml` writes a file to start from",
}
PROFILES = tuple(name for name in CHIPS if name != "FILE.toml")
RUNS = Path("runs")  # where results go that were not told where


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    commands = {"train": _train, "chip": _chip, "rules": _rules, "tasks": _tasks, "inspect": _inspect}
    commands |= {"calibrate": _calibrate, "experiment": _experiment, "compare": _compare}
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        return commands[options.command](options)
    except UsageError as error:
        return _complain(str(error), EXIT_USAGE)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was written", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return EXIT_OK
    except OSError as error:
        what = f"{error.filename} cannot be used" if error.filename else "the operating system refused"
        return _complain(f"{what}: {_reason(error)}", EXIT_FAULT)


def _complain(sentence: str, exit_code: int) -> int:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"plasticore: {sentence}", file=sys.stderr, flush=True)
    return exit_code


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


# ---------------------------------------------------------------------- commands


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
    show(_chip_config(options.show, options.seed, seed_of_file=False).to_toml().removesuffix("\n"))
    return EXIT_OK


def _table(rows: dict[str, str], width: int = 0) -> int:
    """Show rows of a name and a text, names at least so wide; with a width, indented below a heading."""
    indent, width = "  " * bool(width), max(width, *map(len, rows))
    show("\n".join(f"{indent}{name:<{width}}  {summary}" for name, summary in rows.items()))
    return EXIT_OK


def _train(options: argparse.Namespace) -> int:
    config = _check(options)  # everything that can be refused without the compiler is refused here
    if options.calibration is not None:
        from host import calibrate

        options.calibration = calibrate.load(options.calibration, config)
    _check_out(options.out or RUNS)

    from host.interrupts import Interrupts

    with Interrupts() as interrupts:
        try:
            host, result = _learn(options, config, interrupts)
        except Exception as error:
            return _refuse(options, error)
        return _hand_over(options, host, result, interrupts)


def _calibrate(options: argparse.Namespace) -> int:
    from host import calibrate
    from host.interrupts import Interrupts

    config = _chip_config(options.chip, options.seed, seed_of_file=False)
    path = options.out or calibrate.default_path(config)
    calibrate.check(config, path)
    with Interrupts() as interrupts:
        calibration = calibrate.measure(config, options.quiet)
        interrupts.hold_when(lambda: True)
        path.parent.mkdir(parents=True, exist_ok=True)
        calibration.save(path)
        try:
            interrupts.release()
            hint = calibrate.histograms(calibration, config, calibrate.picture_path(path))
        except KeyboardInterrupt:
            return _complain(f"interrupted before the histograms were drawn; {path} is written", EXIT_INTERRUPTED)
    if not options.quiet:
        show(f"{calibrate.report(calibration, config)}\n  written to {path}{hint}")
    if missed := calibration.failed():
        return _complain(f"the spread after calibration is too wide for {', '.join(missed)}", EXIT_FAULT)
    return EXIT_OK


def _experiment(options: argparse.Namespace) -> int:
    from host.experiments import command
    from host.interrupts import Interrupts

    config = _chip_config(options.chip, options.seed)
    command.check(options.name, config)
    directory = options.out or command.default_directory(options.name, config)
    _check_out(directory)
    with Interrupts():
        try:
            text = command.run(options.name, config, directory, options.quiet)
        except Exception as error:
            return _refuse(options, error)
    if not options.quiet:
        show(text)
    return EXIT_OK


def _compare(options: argparse.Namespace) -> int:
    from host.compare import command

    return command.run(options, _chip_config, _complain)


def _inspect(options: argparse.Namespace) -> int:
    config = _check(options, learning=False)

    from host.interrupts import Interrupts

    with Interrupts():
        return _inspect_on(options, config)


def _inspect_on(options: argparse.Namespace, config: ChipConfig) -> int:
    """Inspect a rule on a chip of these settings."""
    from host import inspection, tasks
    from host.progress import Progress

    try:
        firmware = _firmware(options, learning=False, **({"epochs": 1} if options.profile else {}))
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
        return _refuse(options, error)
    show(text)
    exit_code, wrong = (EXIT_OK, "") if host.result is None else _verdict(host.result)
    return _complain(wrong, exit_code) if wrong else exit_code


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


def _refuse(options: argparse.Namespace, error: Exception) -> int:
    """Answer an error of the chip or of a user's rule with a sentence; raise what is ours."""
    from chip.errors import ChipError, ChipLimitError

    if isinstance(error, ChipLimitError):
        raise UsageError(str(error)) from None
    if not isinstance(error, UsageError | OSError) and (sentence := rules.blame(options.rule, error)):
        return _complain(sentence, EXIT_FAULT)
    if isinstance(error, ChipError):
        return _complain(str(error) + mistakes.place(error), EXIT_FAULT)
    raise error


# ---------------------------------------------------------------------- before learning


def _check(options: argparse.Namespace, learning: bool = True) -> ChipConfig:
    """Refuse what cannot work, without ``learning`` no example; return the chip's settings."""
    from host import tasks

    if options.task is None:
        raise UsageError(f"a task is missing; valid are {', '.join(tasks.names())}")
    if options.task not in tasks.names():
        raise UsageError(f"the task {options.task!r} is unknown; valid are {', '.join(tasks.names())}")
    try:
        rules.check(options.rule, learning)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return _chip_config(options.chip, options.seed)


def _check_out(directory: Path) -> None:
    from host.results import check_writable

    try:
        check_writable(directory)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _chip_config(name: str, seed: int | None, seed_of_file: bool = True) -> ChipConfig:
    """Return a chip's settings; ``seed`` is a profile's and, without ``seed_of_file``, one's of a file too."""
    from chip.config import ChipConfig

    if name in PROFILES:
        config: ChipConfig = getattr(ChipConfig, name)(seed=DEFAULT_SEED if seed is None else seed)
        return config
    valid = f"valid are {', '.join(PROFILES)} and the path of a TOML file"
    if not name.endswith(".toml"):
        raise UsageError(f"the chip {name!r} is unknown; {valid}")
    try:
        Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"the chip file {name} cannot be read: {_reason(error)}; {valid}") from None
    try:
        config = ChipConfig.from_toml(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if seed is not None and not seed_of_file:
        config = dataclasses.replace(config, seed=seed)
    if config.profile in PROFILES:  # by default, or in a file that started as a copy of a profile
        return dataclasses.replace(config, profile=Path(name).name)
    return config


def _firmware(options: argparse.Namespace, learning: bool = True, **wished: int) -> LearningFirmware:
    """Import the rule and make a firmware with the settings that were given, and with those wished that it has."""
    given = {name: getattr(options, name) for name in ("epochs", "hidden")}
    try:
        firmware_class = rules.load(options.rule, learning)
        settings = {name: value for name, value in wished.items() if rules.accepts(firmware_class, name)}
        settings |= {name: value for name, value in given.items() if value is not None}
        return rules.make(firmware_class, seed=options.seed, **settings)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _default_directory(options: argparse.Namespace, firmware: LearningFirmware) -> Path:
    parts = [
        options.task,
        rules.short_name(options.rule),
        Path(options.chip).name,
        f"seed{options.seed}",
        f"{firmware.epochs}epochs",
    ]
    if options.hidden is not None:
        parts.append(f"{options.hidden}hidden")
    if options.calibration is not None:
        parts.append("calibrated")
    if options.where == "host":
        parts.append("host")
    return RUNS / "-".join(parts)


# ---------------------------------------------------------------------- learning


def _learn(options: argparse.Namespace, config: ChipConfig, interrupts: Interrupts) -> tuple[Host, Result]:
    """Load and run; fill in ``options.out``."""
    from chip.calibration.calibration import CalibrationWarning
    from chip.chip import Chip
    from host import tasks
    from host.progress import Progress

    if options.where == "host":
        from host.loop.host_loop import HostLoop as Host
    else:
        from host.host import Host
    firmware = _firmware(options)
    if options.out is None:
        options.out = _default_directory(options, firmware)
        _check_out(options.out)
    chip = Chip(config)
    if options.calibration is not None:
        chip.link.write_calibration(options.calibration)
    host = Host(chip)
    with Progress(f"{options.task} {rules.short_name(options.rule)}", quiet=options.quiet) as progress:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", CalibrationWarning)
                warnings.showwarning = lambda message, *_: _complain(str(message), EXIT_OK)
                host.load(firmware, tasks.load(options.task), progress=progress.loading)
        except ValueError as error:
            raise UsageError(str(error)) from None
        interrupts.hold_when(lambda: host.over)
        return host, host.run(progress=progress)


# ---------------------------------------------------------------------- afterwards


def _hand_over(options: argparse.Namespace, host: Host, result: Result, interrupts: Interrupts) -> int:
    """Write the results, then draw, then report; return the exit code."""
    from host import verdict
    from host.results import place_for

    if verdict.ending(result) == verdict.INTERRUPTED and not result.train_accuracy:
        got_to = verdict.progress(result)
        return _complain(f"interrupted after {got_to}; nothing was learned, nothing is written", EXIT_INTERRUPTED)
    directory = place_for(result, options.out)
    try:
        result.save(directory)
    except OSError as error:
        return _complain(f"the results could not be written to {directory}: {_reason(error)}", EXIT_FAULT)
    exit_code, wrong = _verdict(result)
    complaints, hint = [wrong] if wrong else [], ""
    if directory != options.out:
        complaints.append(f"{options.out} keeps its earlier complete result, this one is in {directory}")
    try:
        interrupts.release()
        hint = _picture(host, result, directory)
    except KeyboardInterrupt:
        exit_code = EXIT_INTERRUPTED
        complaints.append("interrupted before result.png was drawn; the other results are written")
    except OSError as error:
        exit_code = exit_code or EXIT_FAULT
        complaints.append(f"result.png could not be written to {directory}: {_reason(error)}")
    for sentence in complaints:
        _complain(sentence, exit_code)
    if not options.quiet:
        from host.report import report

        show(report(result, directory, options.assumptions) + hint)
    return exit_code


def _verdict(result: Result) -> tuple[int, str]:
    """Return the exit code of a run, and what went wrong or ""."""
    from host import verdict

    wrong = verdict.sentence(result)
    if not wrong:
        return EXIT_OK, ""
    return EXIT_INTERRUPTED if verdict.ending(result) == verdict.INTERRUPTED else EXIT_FAULT, wrong


def _picture(host: Host, result: Result, directory: Path) -> str:
    """Draw ``result.png`` where matplotlib is installed; return what the report has to add."""
    from host import plots
    from host.results import PNG_NAME

    (directory / PNG_NAME).unlink(missing_ok=True)  # an earlier run's
    if not plots.available():
        return f"\n  {plots.MISSING}"
    plots.save(directory, result, host.task, host.replay(result, plots.sample_to_show(host.task)))
    return ""
