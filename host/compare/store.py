"""The directory of a comparison: a directory for each run, which says what it is a run of, so that none is repeated.

DIR/comparison.csv, .json, .png
DIR/runs/RULE-PLACE-CHIP[-FIELD=VALUE]-seedN/run.json, result.json, result.npz
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from chip.base.saving import replace_together
from host import tasks
from host.compare.places import code_now
from host.compare.plan import Plan, Run
from host.firmware.code import Code, changes, conflict, joined
from host.results.ownership import RUN, check_none_of
from host.results.result import Result, check_writable
from host.results.versions import versions

CSV_NAME, JSON_NAME, PNG_NAME = "comparison.csv", "comparison.json", "comparison.png"
RUN_NAME, RUNS = "run.json", "runs"
FORMAT = "plasticore comparison"
REMEDY = "nothing was changed; name another directory with --out"
COMMON = ("task", "epochs", "hidden", "changes")  # of all runs in a directory


class Store:
    """Where the runs of a plan lie.

    Raises:
        ValueError: the directory cannot be written to, or holds something of somebody else, of another version or of
            another configuration; nothing has changed then.
    """

    def __init__(self, directory: Path, plan: Plan):
        self.directory, self.plan = directory, plan
        self._now: dict[tuple[str, str], Code] = {}  # what a rule at a place would be made by
        self._tables: dict[tuple[str, str], dict[str, Any]] = {}  # what its runs were made by, all of them alike
        self.task = None if plan.task is None else tasks.load(plan.task)
        try:
            check_writable(directory)
            check_none_of(RUN, directory)
            self._check_table()
            for run in plan.runs:
                self._check_run(run)
        except OSError as error:
            raise ValueError(f"{error.filename or directory} cannot be read: {error.strerror or error}") from None

    @property
    def _digest(self) -> str | None:
        """Of the task's data; None without a task."""
        return None if self.task is None else self.task.digest

    def place(self, run: Run) -> Path:
        return self.directory / RUNS / run.name

    def load(self, run: Run) -> Result | None:
        """Return the result of a finished run, None where there is none, or only an incomplete or a torn one."""
        with contextlib.suppress(ValueError, OSError):
            result = Result.load(self.place(run))
            return result if result.complete else None
        return None

    def save(self, run: Run, result: Result, code: dict[str, Any]) -> None:
        """Write what the run is, what it was made by, and what came of it.

        Raises:
            ValueError: it was made by another state of its rule than those before. OSError: it cannot be written.
        """
        kind = _kind(run)
        if changed := conflict(self._tables[kind], code):
            raise ValueError(
                f"{changed} changed while the comparison went on; runs before were made by the old state, so this one "
                "does not count: begin anew in another directory, --out"
            )
        self._tables[kind] = joined(self._tables[kind], code)
        directory = self.place(run)
        files = {RUN_NAME: _bytes({**self._identity(run), "code": code})} | result.files()
        directory.mkdir(parents=True, exist_ok=True)
        replace_together({directory / name: content for name, content in files.items()})

    def common(self) -> dict[str, Any]:
        """What all runs in the directory share, as ``comparison.json`` has it."""
        settings = self.plan.settings()
        common = {name: settings[name] for name in COMMON}
        return {"format": FORMAT, "versions": versions(), **common, "task_sha256": self._digest}

    # ------------------------------------------------------------------ refusals

    def _check_table(self) -> None:
        path = self.directory / JSON_NAME
        if path.exists():
            _refuse_other(path, _read(path), self.common())
            return
        for name in (CSV_NAME, PNG_NAME):
            if (self.directory / name).exists():
                raise ValueError(f"{self.directory / name} lies there without {JSON_NAME}; {REMEDY}")

    def _check_run(self, run: Run) -> None:
        self._learn_code(run)
        directory = self.place(run)
        if directory.exists() and not directory.is_dir():
            raise ValueError(f"{directory} is no directory; {REMEDY}")
        if not directory.exists() or not any(directory.iterdir()):
            return
        path = directory / RUN_NAME
        if not path.exists():
            raise ValueError(f"{directory} holds something else than a run of plasticore; {REMEDY}")
        found, kind = _read(path), _kind(run)
        _refuse_other(path, found, self._identity(run))
        if changed := changes(found.get("code"), self._now[kind]):
            raise ValueError(f"{path} {changed}; {REMEDY}")
        self._tables[kind] = joined(self._tables[kind], found["code"])

    def _learn_code(self, run: Run) -> None:
        if (kind := _kind(run)) not in self._now:
            self._now[kind] = code_now(run)
            self._tables[kind] = self._now[kind].table()

    def _identity(self, run: Run) -> dict[str, Any]:
        """What the run is, but for the code that it is made by."""
        return {"format": FORMAT, "versions": versions(), "task_sha256": self._digest, **run.settings()}


def _kind(run: Run) -> tuple[str, str]:
    """What runs share that are made by the same code."""
    return run.rule, run.where


def _bytes(table: dict[str, Any]) -> bytes:
    return (json.dumps(table, indent=2, allow_nan=False) + "\n").encode()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is no file of a plasticore comparison, or damaged; {REMEDY}")
    return found


def _refuse_other(path: Path, found: dict[str, Any], expected: dict[str, Any], at: str = "") -> None:
    """Raise ValueError with the first difference."""
    for name, value in expected.items():
        there = found.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            _refuse_other(path, there, value, f"{at}{name}.")
        elif there != value:
            raise ValueError(f"{path} was written with {at}{name} = {there}, now it is {value}; {REMEDY}")
