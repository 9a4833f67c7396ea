"""How the headline of a run developed, and what it came to."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from host.pictures.panels.look import BLUE, GREEN, ORANGE, VERMILION, dress, legend_below
from host.results.metrics import in_words, is_accuracy, shown
from host.results.result import Result

SHOWN_MARKERS = 60  # points of a curve that are marked each
SPLITS = ("train", "training", "validation", "test")  # of the same metric, all measured at the end


def learning_curve(axes: Axes, result: Result) -> None:
    """The curve, and what the headline came to behind it, of other splits, too. The result has a curve."""
    trained = result.learning
    steps = np.arange(1, trained.size + 1)
    label = f"{in_words(result.curve)}{', while learning' * (result.task is not None)}"
    markers = {"marker": "o", "markersize": 4} if trained.size <= SHOWN_MARKERS else {}
    axes.plot(steps, trained, color=BLUE, label=label, **markers)
    finals = [
        (name, value) for name, value in result.metrics.items() if value is not None and _at_the_end(name, result)
    ]
    end = trained.size + max(0.03 * trained.size, 0.1)
    for (name, value), colour, marker in zip(finals, (VERMILION, ORANGE, GREEN), "Ds^", strict=False):
        axes.axhline(value, color=colour, linewidth=0.9, linestyle=":")
        label = f"{in_words(name)} at the end: {value:.2%}" if is_accuracy(name) else f"{shown(name, value)} at the end"
        axes.plot([end], [value], color=colour, marker=marker, markersize=8, linestyle="none", label=label)
    if is_accuracy(result.headline):
        low = min([*trained, *(value for _, value in finals), 1.0])
        axes.set_ylim(max(0.0, low - 0.05 * (1.02 - low)), 1.0 + 0.02 * (1.02 - low))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.grid(axis="y", color="0.9")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_below(axes)
    name = in_words(result.headline or result.curve)
    title = "Learning curve" if result.task is not None else f"{name[0].upper()}{name[1:]}"
    dress(axes, title, result.step, name)


def _at_the_end(name: str, result: Result) -> bool:
    """Whether a metric is what the curve has come to: the headline, or the same of another split.

    Others may end as the headline does and be of an earlier time, such as the first error of many.
    """
    return name == result.headline or name in [f"{split}_{result.headline}" for split in SPLITS]
