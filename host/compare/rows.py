"""One tidy row for each run of a comparison, and the numbers of several rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chip.base.config.link import PRESETS
from host.compare.plan import Run
from host.results.result import Result

EPOCH = "epoch"


@dataclass(frozen=True)
class Row:
    """One run. Numbers are None where there are none, as in a run that failed.

    Attributes:
        rule, where, chip, seed, sweep_field, sweep_value: which run.
        metric, value: the headline of the run's outcome, its first metric, such as accuracy, and what it came to.
        curve_end: the last point of the curve that shows how it developed, as of the training samples while learning.
        chip_seconds: of the whole run.
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
        spikes_per_hidden_neuron: of a test sample, where the rule has them as a metric, ``test_spikes``; else the mean
            over the whole run, in which readouts that spike count, too.
        complete: it ended by itself; problem: a sentence about what went wrong, or "".
        directory: of the run, in the comparison's; a run that failed early has left nothing there.
        curve: how the headline developed; step: what it has a point for, an epoch as a rule; no columns.
        metrics: all of them by name, each a column of its own, ``metric.NAME``, in which rows of other rules are empty.
    """

    rule: str
    where: str
    chip: str
    seed: int
    sweep_field: str | None
    sweep_value: Any
    metric: str | None = None
    value: float | None = None
    curve_end: float | None = None
    chip_seconds: float | None = None
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
    step: str = EPOCH
    metrics: dict[str, float | None] = field(default_factory=dict)

    @property
    def group(self) -> tuple[str, str, str, Any]:
        """All but the seed."""
        return self.rule, self.where, self.chip, self.sweep_value

    def columns(self, metrics: Iterable[str]) -> dict[str, Any]:
        """What stands in every column, those of the metrics of all rows included."""
        found = {name: getattr(self, name) for name in COLUMNS}
        return found | {f"{OF_METRIC}{name}": self.metrics.get(name) for name in metrics}


PARTS = ("chip", "link", "host")  # of the time of a training sample
COLUMNS = tuple(f.name for f in dataclasses.fields(Row) if f.name not in ("curve", "step", "metrics"))
SPIKES = "test_spikes"  # the metric that says how many spikes a hidden neuron has in a test sample
OF_METRIC = "metric."  # before the name of a metric, which is its column


def row_of(run: Run, result: Result | None, problem: str, directory: str) -> Row:
    """Return the row of a run, whether or not it has a result."""
    found = {name: run.settings()[name] for name in ("rule", "where", "chip", "seed", "sweep_field", "sweep_value")}
    found |= {"problem": problem, "directory": directory}
    if result is None:
        return Row(**found)
    low, high = _microjoules(result.energy.get("joules_per_sample"))
    system_low, system_high = _microjoules(result.energy.get("system_joules_per_sample"))
    curve = tuple(result.learning.tolist())
    parts = {f"{part}_us_per_sample": _number(result.speed.get(f"{part}_us_per_sample")) for part in PARTS}
    by_preset = result.speed.get("link_us_per_sample_by_preset", {})
    if parts["chip_us_per_sample"] is None:  # nothing was timed, so nothing is known of link and host either
        parts, by_preset = dict.fromkeys(parts), {}
    links = {name: _number(by_preset.get(name)) for name in PRESETS}
    apart = [parts["chip_us_per_sample"], parts["host_us_per_sample"]]
    return Row(
        **found,
        metric=result.headline,
        value=_number(result.value),
        curve_end=curve[-1] if curve else None,
        chip_seconds=result.chip_seconds,
        epochs=result.epochs,
        samples=None if result.task is None and not result.samples else result.samples,
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
        step=result.step,
        metrics=dict(result.metrics),
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
    if (reported := result.metrics.get(SPIKES)) is not None:
        return reported
    neurons, spikes = result.events.get("spiking_neurons"), result.events.get("from_neurons")
    return None if not neurons or spikes is None or not result.samples else spikes / neurons / result.samples


# ---------------------------------------------------------------------- of several rows


def values(rows: Iterable[Row], column: str) -> np.ndarray:
    """float64[n]: what the rows that have it have in a column, those of metrics included, ``metric.NAME``."""
    found = (
        row.metrics.get(column[len(OF_METRIC) :]) if column.startswith(OF_METRIC) else getattr(row, column)
        for row in rows
    )
    return np.array([value for value in found if value is not None], float)


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
