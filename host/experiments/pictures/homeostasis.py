"""The picture of homeostasis: rates and weights of all neurons over time, and the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.experiments.homeostasis import GREATEST, LEAST, TO_TARGET, WEIGHT
from host.experiments.outcome import Outcome
from host.experiments.pictures.parity import rows_panel

SHOWN = 64  # neurons that are drawn by themselves
TARGET_KHZ = 6.0


def draw(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    """Draw the three panels."""
    arrays, (left, middle, right) = outcome.arrays, figure.subplots(1, 3)
    times, updates = arrays["times_ms"], len(arrays["times_ms"])
    period = times[0]
    rates = arrays["counts"].reshape(updates, -1) / period
    weights = arrays["synapse_weights"].reshape(updates, -1)
    each = np.linspace(0, rates.shape[1] - 1, SHOWN).astype(int)
    for axes, values, title in ((left, rates, "rates, kHz"), (middle, weights, "weights, LSB")):
        axes.plot(times, values[:, each], color="0.8", linewidth=0.5)
        axes.plot(times, values.mean(axis=1), color=colours[0], label="mean of 512 neurons")
        axes.set_title(title, loc="left", fontsize=12)
        axes.set_xlabel("ms")
    left.axhline(TARGET_KHZ, color="black", linewidth=0.9, linestyle=":", label="target")
    left.axvspan(*_range(TO_TARGET), color=colours[1], alpha=0.15, label="recorded: near the target")
    middle.axhspan(*_range(WEIGHT), color=colours[1], alpha=0.3, label="recorded, mean")
    for point in (LEAST, GREATEST):
        middle.axhline(point.value, color=colours[1], linewidth=0.9, linestyle="--")
    rows_panel(right, outcome.rows, colours[0])


def _range(point) -> tuple[float, float]:
    return point.value - point.tolerance, point.value + point.tolerance
