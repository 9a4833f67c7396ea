"""Whose files lie in a directory of results: those of a run or of a comparison, never both."""

from __future__ import annotations

from pathlib import Path

from host.results import JSON_NAME, NPZ_NAME

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
