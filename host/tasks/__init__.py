"""Tasks to learn: samples with class labels, in three splits, found by name or in files of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from host.firmware import user_files
from host.tasks import digits, moving, npz, user
from host.tasks.events import EventSplit
from host.tasks.task import Split, Task, TaskWarning
from host.tasks.yin_yang import yin_yang

__all__ = [
    "EventSplit",
    "Split",
    "Task",
    "TaskWarning",
    "check",
    "load",
    "names",
    "short_name",
    "summaries",
    "valid",
    "yin_yang",
]

# name on the command line -> (function that makes the task, one line for `plasticore tasks`)
_TASKS: dict[str, tuple[Callable[[], Task], str]] = {
    "yin-yang": (yin_yang, "points of the yin-yang symbol, 4 inputs, 3 classes, 5000 training samples"),
    "moving-bars": (moving.moving_bars, "pairs of views of a bar that moves, 14 x 14 pixels, 6 orientations"),
    "two-clusters": (moving.two_clusters, "pairs of points of two clusters, and an axis of noise, 32 inputs"),
}
_FORMS = {
    "digits:DIRECTORY": "MNIST's digits scaled to 16 x 16, 256 inputs, 10 classes, from its IDX files in a directory",
    "digits-8x8:DIRECTORY": "the same scaled to 8 x 8, 64 inputs",
    "moving-digits:DIRECTORY": "pairs of views of each of these digits, shifted, scaled to 14 x 14, 196 inputs",
    "two-clusters:NOISE": "the two clusters with another standard deviation than 3 along the axis of noise",
    "FILE.npz": "arrays of your own: X_inputs and X_targets, or streams of events, for X = train, validation, test",
    "FILE.py:TASK": "a host.tasks.Task of your own, or a function that makes one",
}


def names() -> tuple[str, ...]:
    """Return the names of all tasks that come with plasticore."""
    return tuple(_TASKS)


def valid() -> str:
    """Return which tasks there are, in words."""
    return f"valid are {', '.join(_TASKS)}, {', '.join(_FORMS)}"


def summaries() -> dict[str, str]:
    """Return one line about each task, by name, and about each kind of file."""
    return {name: summary for name, (_, summary) in _TASKS.items()} | _FORMS


def short_name(name: str) -> str:
    """Return a task's name for titles and directories: ``mine`` for ``path/to/mine.npz``, ``mine.make`` of a script."""
    if name in _TASKS:
        return name
    for prefix in (*digits.SIDES, moving.DIGITS):
        if name.startswith(prefix):
            return f"{prefix[:-1]}-{Path(name.removeprefix(prefix)).name or 'here'}"
    if moving.has_argument(name):
        return name.replace(":", "-")
    return Path(name).stem if name.endswith(".npz") else user_files.short_name(name)


def check(name: str) -> None:
    """Refuse what can be refused without reading a task's data.

    Raises:
        ValueError: no task has this name, or its files are not there; one sentence.
    """
    if name in _TASKS:
        return
    if digits.is_digits(name):
        digits.check(name)
    elif moving.has_argument(name):
        moving.check(name)
    elif (before := name.partition(":")[0]) in _TASKS:
        raise ValueError(f"the task {before} takes nothing behind a colon; write {before}")
    elif name.endswith(".npz"):
        _check_file(Path(name))
    elif user_files.is_file(name):
        user.check(name)
    else:
        raise ValueError(f"the task {name!r} is unknown; {valid()}")


def load(name: str) -> Task:
    """Make the task of a name, as on the command line.

    Warns with a :class:`TaskWarning` of classes that no training sample has.

    Raises:
        ValueError: as :func:`check`, or its data make no task; one sentence.
    """
    check(name)
    task = _made(name)
    if task.untaught:
        shown = ", ".join(task.untaught)
        sentence = f"no training sample of task {task.name} is of class {shown}, which nothing can learn from it"
        warnings.warn(sentence, TaskWarning, stacklevel=2)
    return task


def _made(name: str) -> Task:
    if name in _TASKS:
        return _TASKS[name][0]()
    if digits.is_digits(name):
        return digits.load(name)
    if moving.has_argument(name):
        return moving.load(name)
    return npz.load(Path(name).expanduser()) if name.endswith(".npz") else user.load(name)


def _check_file(path: Path) -> None:
    try:
        with open(path.expanduser(), "rb"):
            pass
    except OSError as error:
        raise ValueError(f"the task file {path} cannot be read: {error.strerror or error}") from None
