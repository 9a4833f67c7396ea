"""The panels of ``comparison.png``, each a function of one matplotlib axes, the rows of groups, and their looks.

Colour says the rule, the style of a line the place, a marker the chip; a point is a seed, a bar the mean of seeds, and
whiskers and bands are one standard deviation over seeds.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from chip.base.config.link import PRESETS
from host.compare.look import Group, Look, per_cent
from host.compare.rows import EPOCH, OF_METRIC, PARTS, Row, readable, spread, values
from host.compare.sweep import RULE
from host.pictures.panels.look import GREY, dress, legend_below
from host.results.metrics import in_words, layout

LEGEND_GROUPS = 4  # below scattered points; more stand in the legend beside
LEGEND_POINTS = 8.5
HATCHES = {"chip": "", "link": "///", "host": "..."}
LABEL_SHARE, TICKS_MARGIN = 0.022, 1.5  # of the width of a panel that a character takes, characters between two ticks
SHADES = {"chip": 0.85, "link": 0.6, "host": 0.4}


# ---------------------------------------------------------------------- learning


def headlines(axes: Axes, groups: dict[Group, list[Row]], look: Look) -> None:
    """First metric of every seed, and of more than one mean and spread, all else equal."""
    _metric(axes, groups, look, "value", look.metric, look.metric_name)


def further(axes: Axes, groups: dict[Group, list[Row]], look: Look, metric: str) -> None:
    """As :func:`headlines`, of any metric: groups that do not have it keep their line, empty."""
    _metric(axes, groups, look, f"{OF_METRIC}{metric}", metric, in_words(metric))


def _metric(axes: Axes, groups: dict[Group, list[Row]], look: Look, column: str, metric: str | None, name: str) -> None:
    for place, (group, rows) in enumerate(groups.items()):
        found = values(rows, column)
        marker = look.marker(group)
        if found.size > 1:
            axes.plot(found, np.full(found.size, place + 0.18), **marker | {"alpha": 0.35}, markersize=4)
        if found.size:
            axes.errorbar(found.mean(), place - 0.1, xerr=_whisker(found), capsize=4, markersize=8, **marker)
            text = spread(rows, column, layout(metric)).replace("+-", "±")
            axes.annotate(text, (found.mean(), place - 0.1), (0, 8), textcoords="offset points", ha="center", size=9)
    _one_a_line(axes, groups, look)
    axes.set_ylim(top=-0.6 - min(0.4, 0.03 * len(groups)))  # with room for the uppermost number
    per_cent(axes.xaxis, metric)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.margins(x=0.3)  # for the numbers of the outermost
    several = any(values(rows, column).size > 1 for rows in groups.values())
    dress(axes, f"{name[0].upper()}{name[1:]}", f"{name}{'; small: a seed, large: mean and spread' * several}", None)


def learning_curves(axes: Axes, groups: dict[Group, list[Row]], look: Look, training_samples: int) -> None:
    """Curves against training samples seen: how fast a rule converges, and on how little data.

    Without training samples of a task, or where a point is no epoch, against the steps of the curves.
    """
    steps = {row.step for rows in groups.values() for row in rows if row.curve}
    of_samples = training_samples and steps == {EPOCH}
    for group, rows in groups.items():
        curves = [row.curve for row in rows if row.curve]
        length = min(map(len, curves), default=0)
        if not length:
            continue
        table = np.array([curve[:length] for curve in curves])
        seen = np.arange(1, length + 1) * (training_samples if of_samples else 1)
        mean, line = table.mean(axis=0), look.line(group)
        axes.plot(seen, mean, markersize=4, label=look.label(group), **line)
        if len(table) > 1:
            deviation = table.std(axis=0, ddof=1)
            band = {"color": line["color"], "alpha": 0.15 * line["alpha"], "linewidth": 0}
            axes.fill_between(seen, mean - deviation, mean + deviation, **band)
    axes.set_xlim(left=0)
    axes.grid(axis="y", color="0.9")
    per_cent(axes.yaxis, look.metric)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    legend_below(axes, look.heading(), LEGEND_POINTS)
    if of_samples:
        name = f"{look.metric_name} while learning"
        dress(axes, f"Learning: {name}", "training samples seen", name)
    else:
        dress(axes, f"Curves: {look.metric_name}", ", ".join(sorted(steps)), look.metric_name)


def swept(axes: Axes, groups: dict[Group, list[Row]], look: Look, field: str) -> None:
    """First metric against the swept setting: what a rule tolerates."""
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in look.values)
    for kind in dict.fromkeys(group[:3] for group in groups):
        here = [(value, values(groups.get((*kind, value), []), "value")) for value in look.values]
        points = [(value, found.mean(), _whisker(found) or np.nan) for value, found in here if found.size]
        if not points:
            continue
        place = [value if numeric else look.values.index(value) for value, _, _ in points]
        group = (*kind, look.values[0])
        label = look.label((*kind, None))
        mean, deviation = [point[1] for point in points], [point[2] for point in points]
        yerr = None if np.isnan(deviation).all() else deviation
        axes.errorbar(place, mean, yerr=yerr, capsize=4, label=label, **look.line(group))
    if not numeric:
        axes.set_xticks(range(len(look.values)), map(str, look.values))
    else:
        _tick_values(axes, look.values)
    axes.grid(axis="y", color="0.9")
    per_cent(axes.yaxis, look.metric)
    legend_below(axes, fontsize=LEGEND_POINTS)
    kind = "Setting" if field.startswith(RULE) else "Robustness"
    dress(axes, f"{kind}: {look.metric_name}", field.removeprefix(RULE), look.metric_name)


def sparseness(axes: Axes, groups: dict[Group, list[Row]], look: Look) -> None:
    """First metric against spikes: what a rule spends on it."""
    for group, rows in groups.items():
        pairs = [(row.spikes_per_hidden_neuron, row.value) for row in rows]
        pairs = [pair for pair in pairs if None not in pair]
        if pairs:
            spikes, found = zip(*pairs, strict=True)
            axes.plot(spikes, found, label=look.label(group), **look.marker(group))
    per_cent(axes.yaxis, look.metric)
    axes.margins(0.15)
    if not axes.lines:
        _nothing(axes, "no run reports its spikes")
    if len(groups) <= LEGEND_GROUPS:
        legend_below(axes, look.heading(), LEGEND_POINTS)
    dress(axes, "Sparseness", "spikes of a hidden neuron in a sample", look.metric_name)


# ---------------------------------------------------------------------- cost


def times(axes: Axes, groups: dict[Group, list[Row]], look: Look) -> None:
    """Time of a training sample: chip, link and host, one behind the other, since each waits for the others.

    Beside the bar of a host stands what the same run takes on a link of each other preset.
    """
    for place, (group, rows) in enumerate(groups.items()):
        total = values(rows, "total_us_per_sample")
        if not total.size:
            continue
        colour, left = look.line(group)["color"], 0.0
        for part in PARTS:
            mean = values(rows, f"{part}_us_per_sample").mean()
            if not mean:
                continue  # a bar of no width would take the margin away
            bar = {"hatch": HATCHES[part], "edgecolor": "white", "linewidth": 0}
            axes.barh(place, mean, left=left, height=0.6, color=colour, alpha=SHADES[part], **bar)
            left += mean
        axes.errorbar(left, place, xerr=_whisker(total), capsize=3, color="0.2")
        text = f"  {readable(left)}{_on_other_links(rows)}"
        axes.annotate(text, (left + _deviation(total), place), va="center", size=9)
    if not axes.patches:
        _nothing(axes, "not measured")
    _one_a_line(axes, groups, look)
    axes.margins(x=0.5 if any(map(_on_other_links, groups.values())) else 0.2)
    axes.set_xlim(0, None if axes.patches else 1)
    presets = dict.fromkeys(row.link_preset for rows in groups.values() for row in rows if _crossed([row]))
    link = f"host link ({', '.join(filter(None, presets))})" if any(presets) else "host link"
    dress(axes, "Time of a training sample", f"time [µs]; full: chip, striped: {link}, dotted and pale: host", None)


def _crossed(rows: list[Row]) -> bool:
    """Whether training took any time of the link of today."""
    return bool(values(rows, "link_today_us_per_sample").any())


def _on_other_links(rows: list[Row]) -> str:
    """Say what the total is on links of the presets that the rows do not have; nothing where nothing crossed."""
    if not _crossed(rows):
        return ""
    used = {row.link_preset for row in rows}
    totals = {name: values(rows, f"total_{name}_us_per_sample") for name in PRESETS if used != {name}}
    return "".join(f"; {name} {readable(total.mean())}" for name, total in totals.items() if total.size)


def cost(axes: Axes, groups: dict[Group, list[Row]], look: Look, column: str, title: str, label: str) -> None:
    """One bar a group: the mean of a column, and its spread."""
    for place, (group, rows) in enumerate(groups.items()):
        found = values(rows, column)
        if not found.size:
            continue
        colour = look.line(group)["color"]
        axes.barh(place, found.mean(), xerr=_whisker(found), height=0.6, color=colour, alpha=0.75, capsize=3)
        text = f"  {readable(found.mean())}"
        axes.annotate(text, (found.mean() + _deviation(found), place), va="center", size=9)
    if not axes.patches:
        _nothing(axes, "not measured")
    _one_a_line(axes, groups, look)
    axes.margins(x=0.2)
    axes.set_xlim(0, None if any(bar.get_width() for bar in axes.patches) else 1)
    dress(axes, title, label, None)


def energies(axes: Axes, groups: dict[Group, list[Row]], look: Look) -> None:
    """Energy of a training sample as the range that it is known to, of the chip and with FPGA and board, waits too."""
    for place, (group, rows) in enumerate(groups.items()):
        for which, shift, filled in (("energy", -0.17, True), ("system_energy", 0.17, False)):
            low, high = (values(rows, f"{which}_{end}_uj_per_sample") for end in ("low", "high"))
            if not low.size:
                continue
            colour = look.line(group)["color"]
            least, greatest = low.mean(), high.mean()
            bar = {"height": 0.3, "edgecolor": colour, "color": colour if filled else "none"}
            width = max(greatest - least, 0.02 * greatest)  # where the range is one figure it is a line
            axes.barh(place + shift, width, left=least, **bar)
            text = f"  {readable(least)}" + (f" to {readable(greatest)}" if greatest > least else "") + " µJ"
            axes.annotate(text, (least + width, place + shift), va="center", size=9)
    if axes.patches:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(low / (high / low) ** 0.05, high * (high / low) ** 0.35)
    else:
        _nothing(axes, "not measured")
    _one_a_line(axes, groups, look)
    label = "energy [µJ], log scale; filled: the chip's range, open: with FPGA and board"
    dress(axes, "Energy of a training sample", label, None)


# ---------------------------------------------------------------------- dress


def _deviation(found: np.ndarray) -> float:
    return float(found.std(ddof=1)) if found.size > 1 else 0.0


def _whisker(found: np.ndarray) -> float | None:
    """What an error bar shows; one seed has none, not one of no length."""
    return _deviation(found) if found.size > 1 else None


def _tick_values(axes: Axes, swept_values: list[float]) -> None:
    """Put ticks at the swept values where their labels have room; else at round ones, whole where all values are."""
    places = sorted(swept_values)
    labels = [f"{place:.12g}" for place in places]
    room = LABEL_SHARE * (max(map(len, labels)) + TICKS_MARGIN) * (places[-1] - places[0])
    if all(after - before >= room for before, after in pairwise(places)):
        axes.set_xticks(places, labels)
    elif all(float(place).is_integer() for place in places):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _one_a_line(axes: Axes, groups: dict[Group, list[Row]], look: Look) -> None:
    axes.set_yticks(range(len(groups)), [look.label(group) for group in groups])
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_ylabel(look.heading() or "")
    axes.grid(axis="x", color="0.93")
    axes.set_axisbelow(True)


def _nothing(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=GREY)
