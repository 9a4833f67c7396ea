"""What came of a comparison: one tidy row a run, the table in two formats, and its summary over seeds."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.config.link import PRESETS
from chip.base.saving import replace_together
from host import rules
from host.compare.plan import Plan, Run
from host.compare.store import CSV_NAME, JSON_NAME, Store
from host.results import Result


@dataclass(frozen=True)
class Row:
    """One run. Numbers are None where there are none, as in a run that failed.

    Attributes:
        rule, where, chip, seed, sweep_field, sweep_value: which run.
        test_accuracy, validation_accuracy: after the last epoch; train_accuracy: in the last epoch, while learning.
        epochs, samples: passes through the training samples; all samples played, those of evaluation included.
        chip_us_per_sample, link_us_per_sample, host_us_per_sample: of a training sample, on the chip, on the host link
            as modelled, and of the host's arithmetic as measured on this machine.
        total_us_per_sample: their sum: one waits for the other.
        link_preset: the name of the link's settings, which link and total time are of, and energies.
        link_today_us_per_sample, link_optimistic_us_per_sample, total_today_us_per_sample,
            total_optimistic_us_per_sample: what both times are with either preset, by the same counts of the same run.
        wall_us_per_sample: what the simulator took for a training sample.
        link_bytes_per_sample: over the host link, of a training sample, stimuli included.
        energy_low_uj_per_sample, energy_high_uj_per_sample: of the chip in the total time, a training sample.
        system_energy_low_uj_per_sample, system_energy_high_uj_per_sample: with FPGA and board.
        spikes_per_hidden_neuron: of a sample, as the rule reports it last, or the mean over the whole run, in which
            readouts that spike count, too.
        complete: it ended by itself; problem: a sentence about what went wrong, or "".
        directory: of the run, in the comparison's; a run that failed early has left nothing there.
        curve: training accuracy of every epoch; not a column.
    """

    rule: str
    where: str
    chip: str
    seed: int
    sweep_field: str | None
    sweep_value: Any
    test_accuracy: float | None = None
    validation_accuracy: float | None = None
    train_accuracy: float | None = None
    epochs: int | None = None
    samples: int | None = None
    chip_us_per_sample: float | None = None
    link_us_per_sample: float | None = None
    host_us_per_sample: float | None = None
    total_us_per_sample: float | None = None
    link_preset: str | None = None
    link_today_us_per_sample: float | None = None
    link_optimistic_us_per_sample: float | None = None
    total_today_us_per_sample: float | None = None
    total_optimistic_us_per_sample: float | None = None
    wall_us_per_sample: float | None = None
    link_bytes_per_sample: float | None = None
    energy_low_uj_per_sample: float | None = None
    energy_high_uj_per_sample: float | None = None
    system_energy_low_uj_per_sample: float | None = None
    system_energy_high_uj_per_sample: float | None = None
    spikes_per_hidden_neuron: float | None = None
    complete: bool = False
    problem: str = ""
    directory: str = ""
    curve: tuple[float, ...] = ()

    @property
    def group(self) -> tuple[str, str, str, Any]:
        """All but the seed."""
        return self.rule, self.where, self.chip, self.sweep_value

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in COLUMNS}


PARTS = ("chip", "link", "host")  # of the time of a training sample
COLUMNS = tuple(f.name for f in dataclasses.fields(Row) if f.name != "curve")


def row_of(run: Run, result: Result | None, problem: str, directory: str) -> Row:
    """Return the row of a run, whether or not it has a result."""
    found = {name: run.settings()[name] for name in ("rule", "where", "chip", "seed", "sweep_field", "sweep_value")}
    found |= {"problem": problem, "directory": directory}
    if result is None:
        return Row(**found)
    low, high = _microjoules(result.energy.get("joules_per_sample"))
    system_low, system_high = _microjoules(result.energy.get("system_joules_per_sample"))
    curve = tuple(float(accuracy) for accuracy in result.train_accuracy)
    parts = {f"{part}_us_per_sample": _number(result.speed.get(f"{part}_us_per_sample")) for part in PARTS}
    by_preset = result.speed.get("link_us_per_sample_by_preset", {})
    links = {name: _number(by_preset.get(name)) for name in PRESETS}
    apart = [parts["chip_us_per_sample"], parts["host_us_per_sample"]]
    return Row(
        **found,
        test_accuracy=_number(result.accuracy),
        validation_accuracy=_number(result.arrays.get("validation_accuracy")),
        train_accuracy=curve[-1] if curve else None,
        epochs=result.epochs,
        samples=result.samples,
        **parts,
        total_us_per_sample=_sum(parts.values()),
        link_preset=result.host_link.get("preset"),
        **{f"link_{name}_us_per_sample": link_us for name, link_us in links.items()},
        **{f"total_{name}_us_per_sample": _sum([*apart, link_us]) for name, link_us in links.items()},
        wall_us_per_sample=_number(result.speed.get("wall_us_per_sample")),
        link_bytes_per_sample=_link_bytes(result),
        energy_low_uj_per_sample=low,
        energy_high_uj_per_sample=high,
        system_energy_low_uj_per_sample=system_low,
        system_energy_high_uj_per_sample=system_high,
        spikes_per_hidden_neuron=_spikes(result),
        complete=result.complete,
        curve=curve,
    )


def _number(value: Any) -> float | None:
    """A float that is a number, or None."""
    return None if value is None or not np.isfinite(value) else float(value)


def _sum(numbers: Iterable[float | None]) -> float | None:
    """The sum, None where one of them is not known."""
    numbers = list(numbers)
    return None if None in numbers else sum(numbers)


def _link_bytes(result: Result) -> float | None:
    """Of a training sample; where no host learns, whatever crossed during the run, by samples played."""
    if "bytes_per_training_sample" in result.host_link:
        return result.host_link["bytes_per_training_sample"]
    return result.host_link["bytes_during"] / result.samples if result.samples else None


def _microjoules(pair: list[float] | None) -> tuple[float | None, float | None]:
    return (None, None) if pair is None else (round(pair[0] * 1e6, 6), round(pair[1] * 1e6, 6))


def _spikes(result: Result) -> float | None:
    reported = np.asarray(result.arrays.get("spikes_per_hidden_neuron", ()), float).ravel()
    if reported.size:
        return _number(reported[-1])
    neurons, spikes = result.events.get("spiking_neurons"), result.events.get("from_neurons")
    return None if not neurons or spikes is None or not result.samples else spikes / neurons / result.samples


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
        table = [row.columns() for row in self.rows]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
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
        head = [*names, "runs", "test accuracy"]
        head += ["valid.", "total us", "energy uJ", "board uJ", "link B", "spikes"]
        lines, on_links = [head], [[*names, *PRESETS]]
        for (rule, where, chip, value), rows in self.groups().items():
            group = [rule, where, chip, *([str(value)] if swept else [])]
            line = [*group, f"{len(rows)} of {len(self.plan.seeds)}"]
            line += [spread(rows, "test_accuracy", "{:.4f}"), spread(rows, "validation_accuracy", "{:.4f}", False)]
            line += [_total(rows), _range(rows, "energy")]
            line += [_range(rows, "system_energy"), spread(rows, "link_bytes_per_sample", "{:.0f}", False)]
            lines.append([*line, spread(rows, "spikes_per_hidden_neuron", "{:.2f}", False)])
            if values(rows, "link_today_us_per_sample").any():
                on_links.append([*group, *(_total(rows, f"{name}_") for name in PRESETS)])
        used = " or ".join(dict.fromkeys(row.link_preset for row in self.rows if row.link_preset is not None))
        crossed = len(on_links) > 1
        link = f"link ({used})" if crossed else "link"
        notes = (
            "(mean +- standard deviation over seeds; valid.: accuracy on the validation samples; of a training sample:",
            f"total us = chip + {link} + host time, energy of the chip and with board; assumptions in {JSON_NAME})",
        )
        more = ["", "total us, the same runs on a link of either preset:", *_aligned(on_links)] if crossed else []
        return "\n".join([*_aligned(lines), *notes, *more])


def _aligned(lines: list[list[str]]) -> list[str]:
    """Return lines of text from lines of cells."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    cells = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)
    return [line.rstrip() for line in cells]


def values(rows: Iterable[Row], column: str) -> np.ndarray:
    """float64[n]: what the rows that have it have in a column."""
    return np.array([getattr(row, column) for row in rows if getattr(row, column) is not None], float)


def readable(value: float) -> str:
    """Return a number with three digits or more, never as a power of ten."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def spread(rows: Iterable[Row], column: str, layout: str, deviation: bool = True) -> str:
    """Return the mean, and the sample standard deviation where there are two rows or more; "-" without any."""
    found = values(rows, column)
    if not found.size:
        return "-"
    mean = layout.format(found.mean())
    return f"{mean} +- {layout.format(found.std(ddof=1))}" if deviation and found.size > 1 else mean


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
