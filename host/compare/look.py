"""Which colour, line and marker stand for what in ``comparison.png``, and how groups and metrics are called."""

from __future__ import annotations

from typing import Any

from matplotlib.axis import Axis
from matplotlib.ticker import PercentFormatter

from host.compare.plan import PLACES
from host.compare.sweep import RULE
from host.compare.table import Comparison
from host.pictures.panels.look import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from host.results.metrics import in_words, is_accuracy

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)  # of rules
LINES, FILLS = ("-", "--"), ("full", "none")  # of places
MARKERS = "osD^vP"  # of chips
Group = tuple[str, str, str, Any]  # rule, place, chip, swept value


class Look:
    """Which colour, line and marker stand for what, and how groups are called."""

    def __init__(self, comparison: Comparison):
        groups = comparison.groups()
        self.rules, self.places, self.chips = (list(dict.fromkeys(g[part] for g in groups)) for part in range(3))
        sweep = comparison.plan.sweep
        self.values = list(sweep.values) if sweep is not None else [None]
        self.field = None if sweep is None else sweep.field
        self.metric = comparison.headline

    @property
    def metric_name(self) -> str:
        """What the first metric of all runs is called."""
        return "first metric of each rule" if self.metric is None else in_words(self.metric)

    def line(self, group: Group) -> dict[str, Any]:
        rule, place, chip, value = group
        shade = 1.0 - 0.75 * self.values.index(value) / len(self.values)  # later values are paler
        return {
            "color": COLOURS[self.rules.index(rule) % len(COLOURS)],
            "linestyle": LINES[PLACES.index(place) % len(LINES)],
            "marker": MARKERS[self.chips.index(chip) % len(MARKERS)],
            "fillstyle": FILLS[PLACES.index(place) % len(FILLS)],
            "alpha": shade,
        }

    def marker(self, group: Group) -> dict[str, Any]:
        return self.line(group) | {"linestyle": "none"}

    def label(self, group: Group) -> str:
        """Of what tells groups apart, the rule always."""
        rule, place, chip, value = group
        parts = [rule] + [place] * (len(self.places) > 1) + [chip] * (len(self.chips) > 1)
        return ", ".join(parts + [f"{value}"] * (value is not None))

    def heading(self) -> str | None:
        """What the parts of a label are, where a value is among them."""
        if self.field is None:
            return None
        parts = ["rule"] + ["place"] * (len(self.places) > 1) + ["chip"] * (len(self.chips) > 1)
        return ", ".join([*parts, self.field.removeprefix(RULE)])


def per_cent(axis: Axis, metric: str | None) -> None:
    """Show accuracies on an axis in per cent, and other metrics as they are."""
    if is_accuracy(metric):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
