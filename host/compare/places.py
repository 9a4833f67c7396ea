"""Where a run learns: on the chip by itself, or from the host. One run is one function, which any process can call.

A further place is a kind of :class:`host.host.Host` in :data:`HOSTS`, and a name in :data:`host.compare.plan.PLACES`.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chip.base.errors import ChipError
from chip.chip import Chip
from host import tasks
from host.compare.plan import Run
from host.compare.sweep import RULE
from host.firmware import rules
from host.firmware import settings as firmware_settings
from host.firmware.code import Code, code_of
from host.host import Host, Moment
from host.loop.host_loop import HostLoop
from host.results import verdict
from host.results.result import Result
from host.tasks import Task

HOSTS: dict[str, type[Host]] = {"chip": Host, "host": HostLoop}
SEED = "seed"  # a setting that is no sweep: a comparison has seeds of its own
WARM_UP = {"train": 200, "validation": 1, "test": 1}  # samples of the run that fills the code cache


@dataclass(frozen=True)
class Outcome:
    """What came of a run: a result, or the sentence that says why there is none; and how long it took, in seconds.

    ``code`` is what it was made by, see :meth:`host.firmware.code.Code.table`; None without a result.
    """

    result: Result | None
    problem: str
    seconds: float
    code: dict[str, Any] | None = None


def run_one(run: Run) -> Result:
    """Do one run, wherever it learns.

    Raises:
        ValueError, ChipError: this rule cannot learn this task on this chip, or a program faulted.
        KeyboardInterrupt: from outside.
    """
    return _run(run)[0]


def _run(run: Run) -> tuple[Result, dict[str, Any]]:
    host = _load(run, _task(run))
    result = host.run()
    result.events["spiking_neurons"] = host.spiking_neurons  # whose spikes events["from_neurons"] counts
    return result, code_of(type(host.firmware), type(host)).table()


def attempt(run: Run) -> Outcome:
    """Do one run; an error becomes a sentence, which crosses from any process to any other."""
    begun = time.perf_counter()
    try:
        result, code = _run(run)
    except Exception as error:
        return Outcome(None, _sentence(run, error), time.perf_counter() - begun)
    if verdict.ending(result) == verdict.INTERRUPTED:
        raise KeyboardInterrupt
    return Outcome(result, verdict.sentence(result), time.perf_counter() - begun, code)


def warm_up(runs: Iterable[Run]) -> None:
    """Compile whatever runs of a kind need, one on each chip, into the cache on disk: one epoch of a few samples.

    Where no task is learned it goes on until the firmware counts that something is done.
    """
    for run in runs:
        with contextlib.suppress(Exception):  # what is wrong is wrong in the runs too, and said there
            _begin(run)


def _begin(run: Run) -> None:
    task = _task(run)
    if task is not None:
        task = task.head(**{split: min(count, len(getattr(task, split))) for split, count in WARM_UP.items()})
    _load(run, task, epochs=1).run(progress=None if task is not None else _stop_when_begun)


class _Begun(Exception):
    """Enough of a run is done."""


def _stop_when_begun(moment: Moment) -> None:
    if moment.status.done > 0:
        raise _Begun


def _task(run: Run) -> Task | None:
    if run.task is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tasks.TaskWarning)  # said once, where the comparison begins
        return tasks.load(run.task)


def check(run: Run, task: Task | None) -> None:
    """Refuse a run that cannot learn a task with a ValueError, one sentence, without compiling and without learning."""
    try:
        _load(run, task, compiling=False)
    except Exception as error:
        if (sentence := _known(run, error)) is None:
            raise
        raise ValueError(f"{run.name}: {sentence}") from error


def code_now(run: Run) -> Code:
    """Return what a run would be made by now, as far as its rule says without building anything."""
    return code_of(rules.load(run.rule, None), HOSTS[run.where])


def _sentence(run: Run, error: Exception) -> str:
    return _known(run, error) or f"{type(error).__name__}: {error}"


def _known(run: Run, error: Exception) -> str | None:
    """Return what is wrong with the rule or the chip; None where it is we who are wrong."""
    if sentence := rules.blame(run.rule, error):
        return sentence
    return str(error) if isinstance(error, ValueError | ChipError) else None


def _load(run: Run, task: Task | None, compiling: bool = True, **replaced: Any) -> Host:
    """Set a chip up for a run, with those settings of the firmware replaced that it has."""
    firmware_class = rules.load(run.rule, learning=task is not None)
    wished = {"epochs": run.epochs, "hidden": run.hidden}
    settings = {name: value for name, value in wished.items() if value is not None}
    settings |= {**run.changes} | _swept_setting(firmware_class, run)
    settings |= {name: value for name, value in replaced.items() if rules.accepts(firmware_class, name)}
    host = HOSTS[run.where](Chip(run.config))
    host.load(rules.make(firmware_class, settings, run.seed), task, compiling=compiling)
    return host


def _swept_setting(firmware_class: type, run: Run) -> dict[str, Any]:
    """Return the setting of a rule that is swept, at its value; nothing where a chip's is, or none.

    Raises:
        ValueError: the rule has no such setting, or refuses the value.
    """
    if run.sweep_field is None or not run.sweep_field.startswith(RULE):
        return {}
    name = run.sweep_field.removeprefix(RULE)
    fields = [field for field in firmware_settings.fields(firmware_class) if field != SEED]
    if name not in fields:
        valid = f"; it has {', '.join(fields)}" if fields else ""
        raise ValueError(f"the rule {rules.short_name(run.rule)} has no setting {name} to sweep{valid}")
    return {name: run.sweep_value}
