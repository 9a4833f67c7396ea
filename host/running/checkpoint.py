"""Checkpoints of a run: what it takes to go on after its process has ended in whatever way, to the same bytes.

    host.load(EventProp(epochs=30, seed=1), tasks.yin_yang())
    result = host.run(checkpoints=Checkpoints(Path("run.checkpoint"), every=10_000))

    host.load(EventProp(epochs=30, seed=1), tasks.yin_yang())  # in another process, on a new chip
    host.resume(Checkpoint.load("run.checkpoint"))
    result = host.run()

A checkpoint has the chip's snapshot (:mod:`chip.snapshot`), what the host knows beside it, and what both were made by:
another version, another state of the sources, another rule, task, setting or chip is refused.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from chip.base.saving import pack, replace_together, unpack
from chip.chip import Chip
from chip.snapshot import Snapshot
from host.firmware import code
from host.numbers import whole
from host.results.reading import settings_of
from host.results.versions import versions
from ppu_programs.contract import Built, Firmware

FORMAT = "plasticore checkpoint 1"
NAME = "run.checkpoint"  # in the directory of a run's results
REMEDY = "begin anew, without it"


class Loaded(Protocol):
    """A host that has loaded a run, as :class:`host.host.Host` is one."""

    where: str
    chip: Chip
    firmware: Firmware
    task: Any
    built: Built


class Checkpoint:
    """Where a run was at a moment.

    Attributes:
        tree: dicts, lists, numbers, text and arrays: ``made_by``, the snapshot ``chip``, and the ``host``'s own state.
        path: of the file that it comes from, for sentences.
    """

    def __init__(self, tree: dict[str, Any], path: str | Path = ""):
        self.tree, self.path = tree, path

    @classmethod
    def of(cls, host: Loaded, state: dict[str, Any]) -> Checkpoint:
        """Return where a host's run is; ``state`` is what the host knows of it beside the chip.

        Raises:
            RuntimeError: the chip cannot be saved, see :meth:`chip.chip.Chip.snapshot`.
        """
        return cls({"format": FORMAT, "made_by": made_by(host), "chip": host.chip.snapshot().tree, "host": state})

    @property
    def done(self) -> int:
        """How much of the run was done, in what its rule counts: samples, as a rule."""
        return self.tree["host"]["done"]

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all; an earlier one stays until then. Raises OSError."""
        replace_together({Path(path): pack(self.tree)})

    @classmethod
    def load(cls, path: str | Path) -> Checkpoint:
        """Read one.

        Raises:
            ValueError: the file is damaged, or no checkpoint of this format. OSError: it cannot be read.
        """
        tree = unpack(Path(path).read_bytes(), f"checkpoint {path}")
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            found = tree.get("format") if isinstance(tree, dict) else None
            raise ValueError(f"{path} is no checkpoint that this version reads: its format is {found}, not {FORMAT!r}")
        return cls(tree, path)

    def restore(self, host: Loaded) -> dict[str, Any]:
        """Bring the chip of a host that is loaded to where the run was; return what the host knew beside it.

        Raises:
            ValueError: it is of another run; then nothing has changed.
        """
        there, here = self.tree["made_by"], made_by(host)
        self._check_same(there, here)
        if changed := code.changes(there["code"], code.code_of(type(host.firmware), type(host))):
            raise ValueError(f"checkpoint {self.path} {changed}; {REMEDY}")
        try:
            host.chip.restore(Snapshot(self.tree["chip"]))
        except ValueError as error:
            raise ValueError(f"checkpoint {self.path} is of another run: {error}") from None
        return self.tree["host"]

    def _check_same(self, there: dict[str, Any], here: dict[str, Any]) -> None:
        """Refuse the first difference with a ValueError."""
        for what in ("where", "rule", "settings", "task", "versions"):
            one, other = there.get(what), here[what]
            if isinstance(one, dict) and isinstance(other, dict):
                names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
                if names:
                    what, one, other = names[0], one.get(names[0]), other.get(names[0])
            if one != other:
                raise ValueError(
                    f"checkpoint {self.path} is of a run with {what} = {one}, this one has {other}; resume it with the "
                    f"same command and version, or {REMEDY}"
                )


class Checkpoints:
    """When a run writes which file.

    Args:
        path: of the file, which is replaced each time.
        every: how much of the run may be lost, in what its rule counts: samples, as a rule. A running chip is looked at
            about ten times a second, so it may be that much more.
        tell: is told in a sentence where a checkpoint cannot be written; the run goes on.
    """

    def __init__(self, path: str | Path, every: int, tell: Callable[[str], None] = warnings.warn):
        self.path, self.every, self.tell = Path(path), whole("the distance of checkpoints", every, 1), tell
        self._written_at = 0

    def begin(self, host: Loaded, done: int) -> None:
        """Count from here; raises RuntimeError where the host's chip cannot be saved."""
        host.chip.snapshot()
        self._written_at = done

    def look(self, host: Loaded, done: int, state: Callable[[], dict[str, Any]]) -> None:
        """Write a checkpoint where it is time to."""
        if done < self._written_at + self.every:
            return
        self._written_at = done
        try:
            Checkpoint.of(host, {"done": done, **state()}).save(self.path)
        except OSError as error:
            self.tell(f"the checkpoint {self.path} could not be written: {error.strerror or error}; the run goes on")


def made_by(host: Loaded) -> dict[str, Any]:
    """What a run is, and what it is made by, beside its chip's configuration and programs, which a snapshot has."""
    firmware, task, built = host.firmware, host.task, host.built
    found = {
        "where": host.where,
        "rule": firmware.name,
        "settings": settings_of(firmware, built),
        "task": {"task": getattr(task, "name", None), "samples": _digest(built.stimuli)},
        "versions": versions(),
        "code": code.code_of(type(firmware), type(host)).table(),
    }
    return json.loads(json.dumps(found))


def _digest(stimuli: Any) -> str | None:
    """A hash of a run's samples, or of its playback program."""
    if stimuli is None:
        return None
    digest = hashlib.sha256()
    for name, value in sorted(vars(stimuli).items()):
        content = np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value
        digest.update(name.encode() + (content.tobytes() if isinstance(content, np.ndarray) else repr(value).encode()))
    return digest.hexdigest()
