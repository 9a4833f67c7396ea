"""What came of a comparison: its rows, as a table in two formats, and its summary over seeds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.config.link import PRESETS
from chip.base.saving import replace_together
from host.compare.plan import Plan
from host.compare.rows import COLUMNS, OF_METRIC, Row, readable, spread, values
from host.compare.store import CSV_NAME, JSON_NAME, Store
from host.firmware import rules
from host.results.metrics import in_words, layout


@dataclass
class Comparison:
    """The runs that are there, in the plan's order.

    Attributes:
        rows: of runs that finished or failed.
        assumptions: one sentence each, of any run.
        interrupted: from outside; then rows are missing.
        new: how many runs were done now; the others are from an earlier call.
        training_samples: of the task, in an epoch.
    """

    plan: Plan
    rows: list[Row]
    assumptions: list[str] = field(default_factory=list)
    interrupted: bool = False
    new: int = 0
    training_samples: int = 0

    @property
    def problems(self) -> list[str]:
        """One sentence for each run with which something went wrong."""
        return [f"{Path(row.directory).name}: {row.problem}" for row in self.rows if row.problem]

    @property
    def metrics(self) -> list[str]:
        """The names of all metrics of any row, headlines first."""
        headlines = dict.fromkeys(row.metric for row in self.rows if row.metric is not None)
        return list(headlines | dict.fromkeys(name for row in self.rows for name in row.metrics))

    @property
    def headline(self) -> str | None:
        """The headline of every row; None where rows have different ones, or none."""
        headlines = {row.metric for row in self.rows if row.metric is not None}
        return next(iter(headlines)) if len(headlines) == 1 else None

    def groups(self) -> dict[tuple[str, str, str, Any], list[Row]]:
        """Return the rows by all but their seed, in the plan's order; failed ones are not among them."""
        keys = ((rules.short_name(run.rule), run.where, run.chip, run.sweep_value) for run in self.plan.runs)
        found: dict[tuple[str, str, str, Any], list[Row]] = {key: [] for key in keys}
        for row in self.rows:
            if row.complete:
                found[row.group].append(row)
        return found

    def save(self, store: Store) -> None:
        """Write ``comparison.csv`` and ``comparison.json``, both or none; raises OSError."""
        metrics = self.metrics
        table = [row.columns(metrics) for row in self.rows]
        text = io.StringIO(newline="")
        columns = [*COLUMNS, *(f"{OF_METRIC}{name}" for name in metrics)]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
        whole = store.common() | {"plan": self.plan.settings(), "rows": table, "assumptions": self.assumptions}
        contents = json.dumps(whole, indent=2, allow_nan=False) + "\n"
        store.directory.mkdir(parents=True, exist_ok=True)
        replace_together(
            {store.directory / CSV_NAME: text.getvalue().encode(), store.directory / JSON_NAME: contents.encode()}
        )

    def summary(self) -> str:
        """Return mean and spread over seeds as aligned lines of text; where a host learned, its time on either link."""
        swept = self.plan.sweep.field if self.plan.sweep else None
        names = ["rule", "where", "chip", *([swept.rpartition(".")[2]] if swept else [])]
        second = self._second()
        head = [*names, "runs", in_words(self.headline or "metric"), *([self._beside(second)] if second else [])]
        first_cost = len(head)
        sampled = bool(values(self.rows, "total_us_per_sample").size)
        head += [*(["total us"] if sampled else ["chip s"]), "energy uJ", "board uJ", "link B", "spikes"]
        lines, on_links = [head], [[*names, *PRESETS]]
        for (rule, where, chip, value), rows in self.groups().items():
            group = [rule, where, chip, *([str(value)] if swept else [])]
            line = [*group, f"{len(rows)} of {len(self.plan.seeds)}"]
            line += [self._headline(rows), *([_mean_of(rows, second)] if second else [])]
            line += [_total(rows) if sampled else spread(rows, "chip_seconds", "{:.3g}", False)]
            line += [_range(rows, "energy")]
            line += [_range(rows, "system_energy"), spread(rows, "link_bytes_per_sample", "{:.0f}", False)]
            lines.append([*line, spread(rows, "spikes_per_hidden_neuron", "{:.2f}", False)])
            if values(rows, "link_today_us_per_sample").any():
                on_links.append([*group, *(_total(rows, f"{name}_") for name in PRESETS)])
        lines = _known(lines, first_cost)
        used = " or ".join(dict.fromkeys(row.link_preset for row in self.rows if row.link_preset is not None))
        crossed = len(on_links) > 1
        link = f"link ({used})" if crossed else "link"
        notes = [f"(mean +- standard deviation over seeds; assumptions in {JSON_NAME})"]
        if sampled:
            notes = [
                "(mean +- standard deviation over seeds; of a training sample:",
                f"total us = chip + {link} + host time, energy of the chip and with board; assumptions in {JSON_NAME})",
            ]
        more = ["", "total us, the same runs on a link of either preset:", *_aligned(on_links)] if crossed else []
        return "\n".join([*_aligned(lines), *notes, *more])

    def _second(self) -> str | None:
        """The metric behind the headline, where all rows have the same one."""
        if self.headline is None:
            return None
        seconds = {tuple(row.metrics)[1:2] for row in self.rows if row.metric is not None}
        return next(iter(seconds))[0] if len(seconds) == 1 and () not in seconds else None

    def _beside(self, second: str) -> str:
        """The name of a metric beside the headline: without it where it is the same of another split."""
        return in_words(second.removesuffix(f"_{self.headline}"))

    def _headline(self, rows: list[Row]) -> str:
        """Mean and spread of the first metric, with its name where groups have different ones."""
        name = next((row.metric for row in rows if row.metric is not None), None)
        text = spread(rows, "value", layout(name))
        return text if name is None or self.headline is not None else f"{in_words(name)} {text}"


def _mean_of(rows: Iterable[Row], metric: str) -> str:
    found = [value for row in rows if (value := row.metrics.get(metric)) is not None]
    return layout(metric).format(np.mean(found)) if found else "-"


def _known(lines: list[list[str]], first: int) -> list[list[str]]:
    """Return the lines without those columns, from ``first`` on, in which nothing is known."""
    kept = [k for k in range(len(lines[0])) if k < first or any(line[k] != "-" for line in lines[1:])]
    return [[line[k] for k in kept] for line in lines]


def _aligned(lines: list[list[str]]) -> list[str]:
    """Return lines of text from lines of cells."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    cells = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)
    return [line.rstrip() for line in cells]


def _total(rows: list[Row], preset: str = "") -> str:
    """The mean time of a training sample, and its parts where there are more than one; of a link with ``preset_``."""
    columns = (f"total_{preset}", "chip_", f"link_{preset}", "host_")
    total, *parts = (values(rows, f"{column}us_per_sample") for column in columns)
    if not total.size:
        return "-"
    text = readable(total.mean())
    return f"{text} = " + "+".join(readable(p.mean()) for p in parts) if any(p.any() for p in parts[1:]) else text


def _range(rows: list[Row], which: str) -> str:
    low, high = (values(rows, f"{which}_{end}_uj_per_sample") for end in ("low", "high"))
    if not low.size:
        return "-"
    least, greatest = (readable(found.mean()) for found in (low, high))
    return least if least == greatest else f"{least} to {greatest}"
