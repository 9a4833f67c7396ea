"""What experiments that hold the chip against recordings share: an outcome of rows, and the page of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from chip.base.config import ChipConfig
from host.experiments.outcome import Outcome
from host.experiments.published import Row, misses, score, table

NAME = "parity"
EXPERIMENTS = (
    *("psp-height", "membrane-bounds", "spread", "scales", "separation", "stdp-timing"),
    "superspike-neuron",
)


def outcome_of(
    name: str,
    what: str,
    config: ChipConfig,
    rows: Sequence[Row],
    arrays: Mapping[str, np.ndarray],
    notes: Sequence[str] = (),
    summary: Mapping[str, Any] | None = None,
) -> Outcome:
    """Return the outcome of an experiment with rows: its table, what it agrees in, and notes, each one line."""
    title = f"{what} on chip {config.profile}, seed {config.seed}, against recordings"
    lines = [title, *table(rows), f"  {score(rows)}"]
    lines += [f"  misses: {sentence}" for sentence in misses(rows)] + [f"  {note}" for note in notes]
    found = {"settings": config.to_dict(), **(summary or {}), "rows": [row.to_dict() for row in rows]}
    return Outcome(name, title, found, dict(arrays) | ratios(rows), "\n".join(lines), tuple(rows))


def ratios(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """float64[rows] of the published values, their tolerances and the simulated ones, as arrays of an outcome."""
    return {
        "rows_published": np.array([row.point.value for row in rows]),
        "rows_tolerance": np.array([row.point.tolerance for row in rows]),
        "rows_simulated": np.array([row.value for row in rows]),
    }


def run(config: ChipConfig, quiet: bool = True, experiments: Sequence[str] = EXPERIMENTS) -> Outcome:
    """Run the experiments that hold the chip against recordings, and return all of their rows as one table."""
    rows: list[Row] = []
    lines = [f"chip {config.profile}, seed {config.seed}, against recordings"]
    for name in experiments:
        found = import_module(f"host.experiments.{name.replace('-', '_')}").run(config, quiet=quiet)
        rows += found.rows
        lines += [f"  {name}", *table(found.rows)]
    lines += [f"  misses: {sentence}" for sentence in misses(rows)]
    lines.append(f"  {score(rows)}")
    summary = {"settings": config.to_dict(), "rows": [row.to_dict() for row in rows]}
    return Outcome(NAME, lines[0], summary, ratios(rows), "\n".join(lines), tuple(rows))
