"""Whose files lie in a directory of results: those of a run or of a comparison, never both, and of one at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from chip.base.locks import ClaimedError, claimed
from host.results.result import JSON_NAME, NPZ_NAME

RUN = "the result of `plasticore train`"
COMPARISON = "files of `plasticore compare`"
FILES = {
    RUN: (JSON_NAME, NPZ_NAME),
    COMPARISON: ("comparison.json", "comparison.csv", "run.json"),  # of the whole, and of each run of it
}


def check_none_of(what: str, directory: Path) -> None:
    """Raise ValueError where a directory has files of RUN, or of COMPARISON, which others would be mixed with."""
    found = next((name for name in FILES[what] if (directory / name).exists()), None)
    if found is not None:
        raise ValueError(f"{directory} holds {what}, {found}; nothing was changed; name another directory with --out")


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Have a directory for one run, or one comparison, as long as it takes.

    Raises:
        ValueError: another one is under way in it.
    """
    with contextlib.ExitStack() as context:
        try:
            context.enter_context(claimed(directory))
        except ClaimedError as who:
            raise ValueError(
                f"another run writes into {directory}, {who}; wait for its end, or name another directory with --out"
            ) from None
        yield
