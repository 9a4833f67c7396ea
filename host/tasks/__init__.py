"""Tasks to learn: samples with class labels, in three splits, found by name."""

from __future__ import annotations

from collections.abc import Callable

from host.tasks.task import Split, Task
from host.tasks.yin_yang import yin_yang

__all__ = ["Split", "Task", "load", "names", "summaries", "yin_yang"]

# name on the command line -> (function that makes the task, one line for `plasticore tasks`)
_TASKS: dict[str, tuple[Callable[[], Task], str]] = {
    "yin-yang": (yin_yang, "points of the yin-yang symbol, 4 inputs, 3 classes, 5000 training samples"),
}


def names() -> tuple[str, ...]:
    """Return the names of all tasks."""
    return tuple(_TASKS)


def summaries() -> dict[str, str]:
    """Return one line about each task, by name."""
    return {name: summary for name, (_, summary) in _TASKS.items()}


def load(name: str) -> Task:
    """Make the task ``name``; raises ValueError with the valid names for an unknown one."""
    if name not in _TASKS:
        raise ValueError(f"the task {name!r} is unknown; valid are {', '.join(_TASKS)}")
    return _TASKS[name][0]()
