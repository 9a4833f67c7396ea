"""Warnings that a user of the command line is meant to read, as sentences like all others; others stay as they are."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from chip.base.errors import CacheWarning
from host.commands.common import EXIT_OK, complain


@contextlib.contextmanager
def in_sentences() -> Iterator[None]:
    """Within this context say what is wrong with the code cache or a task on stderr, without file and line of ours."""
    from host.tasks.task import TaskWarning

    with warnings.catch_warnings():
        earlier = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **named: Any) -> None:
            if issubclass(category, CacheWarning | TaskWarning):
                complain(str(message), EXIT_OK)
            else:
                earlier(message, category, *place, **named)

        warnings.simplefilter("always", CacheWarning)
        warnings.simplefilter("always", TaskWarning)
        warnings.showwarning = show
        yield
