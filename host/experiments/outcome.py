"""What an experiment leaves behind: numbers, arrays, a report, and its files."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.saving import npz_bytes, replace_together
from host.experiments.published import Row
from host.results.versions import versions


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of one experiment.

    Attributes:
        name: of the experiment, and of its files.
        title: of report and picture.
        summary: plain values; what is not a finite number is null in the file.
        arrays: everything that was measured and computed.
        report: lines of text.
        rows: published points and what the chip does, of an experiment that is held against recordings.
    """

    name: str
    title: str
    summary: dict[str, Any]
    arrays: dict[str, np.ndarray]
    report: str
    rows: tuple[Row, ...] = ()

    def save(self, directory: Path, picture: bytes | None = None) -> list[str]:
        """Write ``NAME.npz``, ``NAME.json`` and, if there is one, ``NAME.png``; return the names of the files.

        Earlier files of the same experiment are replaced, all or none. Raises OSError where they cannot be written.
        """
        summary = _without_nan({"title": self.title, "versions": versions(), **self.summary})
        text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
        contents = {"npz": npz_bytes(self.arrays), "json": text.encode()}
        if picture is not None:
            contents = {"png": picture} | contents
        directory.mkdir(parents=True, exist_ok=True)
        if picture is None:
            (directory / f"{self.name}.png").unlink(missing_ok=True)  # an earlier one's
        replace_together({directory / f"{self.name}.{suffix}": content for suffix, content in contents.items()})
        return [f"{self.name}.{suffix}" for suffix in contents]


def _without_nan(value: Any) -> Any:
    """The same value as JSON has it: None for a number that it has not, plain ones for those of numpy."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def mean_and_spread(values: np.ndarray, axis: int | tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of what is not NaN; NaN where there is nothing."""
    there = ~np.isnan(values)
    count = there.sum(axis=axis, keepdims=True)
    least = values.min(axis=axis, keepdims=True, where=there, initial=np.inf)  # equal values have no spread, exactly
    with np.errstate(invalid="ignore"):
        above = np.where(there, values - least, 0.0)
        mean = above.sum(axis=axis, keepdims=True) / count
        square = np.where(there, above - mean, 0.0) ** 2
        spread = np.sqrt(square.sum(axis=axis, keepdims=True) / count)
    return (least + mean).squeeze(axis), spread.squeeze(axis)
