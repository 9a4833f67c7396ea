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
    """Within this context say what is wrong with the code cache on stderr, without file and line of ours."""
    with warnings.catch_warnings():
        earlier = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **named: Any) -> None:
            if issubclass(category, CacheWarning):
                complain(str(message), EXIT_OK)
            else:
                earlier(message, category, *place, **named)

        warnings.simplefilter("always", CacheWarning)
        warnings.showwarning = show
        yield
