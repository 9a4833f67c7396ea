"""The weights of each projection, before and after."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from chip.base import constants as c
from host.pictures.panels.look import colour, dress, legend_below

BIN = 3  # weights
MOST = 6  # projections that are drawn
Weights = dict[str, tuple[np.ndarray, np.ndarray]]  # by projection: int64[n] before, int64[n] after


def weight_histogram(axes: Axes, weights: Weights) -> None:
    """Histograms of weights of 6 bits and a sign, as fractions of each projection; there is one at least.

    Of many projections those are drawn that have changed.
    """
    edges = np.arange(-c.WEIGHT_MAX - BIN / 2, c.WEIGHT_MAX + BIN, BIN)  # bins around 0 and both limits
    changed = False
    shown = sorted(weights, key=lambda name: np.array_equal(*weights[name]))[:MOST] if len(weights) > MOST else weights
    for index, (name, (before, after)) in enumerate((name, weights[name]) for name in shown):
        share, look = np.full(after.size, 1 / after.size), {"color": colour(index)}
        limit = np.mean(np.abs(after) == c.WEIGHT_MAX)
        label = f"{name}: {after.size} synapses, {limit:.1%} at {_limit(weights)}"
        axes.hist(after, edges, weights=share, label=label, histtype="stepfilled", alpha=0.35, **look)
        axes.hist(after, edges, weights=share, histtype="step", linewidth=1.5, **look)
        if not np.array_equal(before, after):
            axes.hist(before, edges, weights=share, histtype="step", linewidth=1.2, linestyle=":", **look)
            changed = True
    axes.axvline(0, color="0.7", linewidth=0.8)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_xlim(-c.WEIGHT_MAX - 3 if _signed(weights) else -BIN, c.WEIGHT_MAX + 3)
    legend_below(axes)
    x = "weight: excitatory minus inhibitory row" if _signed(weights) else "weight"
    dress(axes, "Weights", f"{x}{'; dotted: before' * changed}", "fraction of the projection")


def _signed(weights: Weights) -> bool:
    return any((values < 0).any() for pair in weights.values() for values in pair)


def _limit(weights: Weights) -> str:
    return f"±{c.WEIGHT_MAX}" if _signed(weights) else f"{c.WEIGHT_MAX}"
