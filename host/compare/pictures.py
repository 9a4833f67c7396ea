"""``comparison.png``: what a comparison found, in up to twelve panels. matplotlib is the extra ``plot``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes

from host.compare import panels
from host.compare.look import Group, Look
from host.compare.plan import PLACES
from host.compare.rows import OF_METRIC, SPIKES, Row, values
from host.compare.table import Comparison
from host.pictures.panels import fitting
from host.pictures.panels.look import style
from host.pictures.plots import DOTS_PER_INCH, Picture
from host.results import verdict
from host.words import counted

WIDTH_INCHES, HEIGHT_INCHES, INCHES_PER_GROUP = 18.0, 11.0, 0.42  # of six panels
NARROWEST_INCHES = 10.0
MOST_METRICS = 6  # beside the headline; all are in the table
PNG_NAME = "comparison.png"


def draw(comparison: Comparison) -> Picture:
    """Draw a comparison; raises ValueError where no run is complete, or has a number that could be shown."""
    groups = {group: rows for group, rows in comparison.groups().items() if rows}
    if not groups:
        raise ValueError("no run is complete: there is nothing to draw")
    shown = _panels(comparison, groups)
    if not shown:
        raise ValueError("no run has a number that a picture could show")
    rows = fitting.rows_of(len(shown))
    height = len(rows) * max(HEIGHT_INCHES / 2, INCHES_PER_GROUP * len(groups) + 1)
    with style():
        size = max(NARROWEST_INCHES, WIDTH_INCHES / 3 * rows[0]), height
        figure = fitting.new_figure(size, DOTS_PER_INCH, _title(comparison))
        for panel, axes in zip(shown, fitting.add_panels(figure, len(shown)), strict=True):
            panel(axes)
        figure.supxlabel(_caption(comparison), fontsize=9.5, color="0.35")
        fitting.fit(figure)
    return Picture(figure)


def _panels(comparison: Comparison, groups: dict[Group, list[Row]]) -> list[Callable[[Axes], None]]:
    """The panels that have something to show."""
    look, swept_field = Look(comparison), comparison.plan.sweep.field if comparison.plan.sweep else None
    rows = [row for those in groups.values() for row in those]

    def known(*columns: str) -> bool:
        """Whether some row has all of these."""
        return any(all(getattr(row, column) is not None for column in columns) for row in rows)

    found: list[Callable[[Axes], None]] = []
    if known("value"):
        found.append(lambda axes: panels.headlines(axes, groups, look))
    if any(row.curve for row in rows):
        found.append(lambda axes: panels.learning_curves(axes, groups, look, comparison.training_samples))
    if swept_field is not None and known("value"):
        found.append(lambda axes: panels.swept(axes, groups, look, swept_field))
    elif known("value", "spikes_per_hidden_neuron"):
        found.append(lambda axes: panels.sparseness(axes, groups, look))
    if known("total_us_per_sample"):
        found.append(lambda axes: panels.times(axes, groups, look))
    elif known("chip_seconds"):
        found.append(lambda axes: panels.cost(axes, groups, look, "chip_seconds", "Chip time of a run", "time [s]"))
    if known("energy_low_uj_per_sample"):
        found.append(lambda axes: panels.energies(axes, groups, look))
    if values(rows, "link_bytes_per_sample").any():
        title, label = "Bytes over the host link", "bytes a training sample"
        found.append(lambda axes: panels.cost(axes, groups, look, "link_bytes_per_sample", title, label))
    return found + [partial(panels.further, groups=groups, look=look, metric=name) for name in _further(comparison)]


def _further(comparison: Comparison) -> list[str]:
    """The metrics, beside headlines, that get a panel of their own; spikes of a sample have another."""
    headlines = {row.metric for row in comparison.rows}
    names = [name for name in comparison.metrics if name not in headlines and name != SPIKES]
    return [name for name in names if values(comparison.rows, f"{OF_METRIC}{name}").size][:MOST_METRICS]


def save(directory: Path, comparison: Comparison) -> None:
    """Draw and write ``comparison.png``, whole or not at all; raises OSError where it cannot be written."""
    draw(comparison).save(directory / PNG_NAME)


# ---------------------------------------------------------------------- texts


def _title(comparison: Comparison) -> str:
    plan, epochs = comparison.plan, {row.epochs for row in comparison.rows if row.epochs is not None}
    parts = [f"{plan.what}: {len(comparison.rows)} of {len(plan.runs)} runs"]
    if len(epochs) == 1:
        parts.append(verdict.epochs(epochs.pop()))
    if plan.sweep is not None:
        parts.append(f"swept: {plan.sweep.field}")
    parts.append(counted(len(plan.seeds), "seed"))
    for what, names in (("on the", plan.where), ("chip", plan.chips)):
        if len(list(names)) == 1:
            parts.append(f"{what} {next(iter(names))}")
    return "   ·   ".join(parts)


def _caption(comparison: Comparison) -> str:
    places = {run.where for run in comparison.plan.runs}
    styles = dict(zip(PLACES, ("solid and filled", "dashed and open"), strict=True))
    lines = ", ".join(f"{style}: {place}" for place, style in styles.items() if place in places)
    energy = "Energy is chip, link and host time times a published range of power. "
    known = any(row.energy_low_uj_per_sample is not None for row in comparison.rows)
    return (
        f"Colour: the rule. Where it learned: {lines}. Marker: the chip. {energy * known}What is assumed is listed in "
        "comparison.json."
    )
