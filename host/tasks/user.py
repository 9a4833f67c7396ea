"""Tasks of a user's own file, ``FILE.py:NAME``: a :class:`host.tasks.Task`, or a function that makes one."""

from __future__ import annotations

import dataclasses

from chip.base.declaration import shown
from host.firmware import user_files
from host.tasks.task import Task

KIND = ("task", "task")  # for sentences


def check(text: str) -> None:
    """Refuse what can be refused without importing the file, with a ValueError."""
    user_files.check(text, *KIND)


def load(text: str) -> Task:
    """Import the file and return its task, which is called as on the command line where it has no origin.

    Raises:
        ValueError: one sentence, with file and line where there is one: the file cannot be imported, or has no such
            task, or the function fails or returns something else.
    """
    check(text)
    module, name, found = user_files.load(text, *KIND)
    path = user_files.parts(text, *KIND)[0]
    if found is None:
        there = [key for key, value in vars(module).items() if isinstance(value, Task)]
        raise ValueError(f"the task file {path} has no {name}; its tasks are: {', '.join(there) or 'none'}")
    if not isinstance(found, Task):
        if not callable(found):
            raise ValueError(f"{name} of the task file {path} is {shown(found)}; let it be a host.tasks.Task")
        try:
            found = found()
        except (Exception, SystemExit) as error:
            sentence = user_files.blame(text, error) or f"{type(error).__name__}: {error}"
            raise ValueError(f"{name} of the task file {path} makes no task: {sentence}") from error
        if not isinstance(found, Task):
            raise ValueError(f"{name} of the task file {path} returned {shown(found)}; let it return a host.tasks.Task")
    return found if found.origin else dataclasses.replace(found, origin=text)
