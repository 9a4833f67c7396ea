"""The arrays that a firmware names itself: lines over one axis, images over two."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from host.pictures.panels.look import colour, dress, legend_below
from host.results.metrics import in_words
from host.results.result import Result

FEW = 6  # rows of an image that are lines instead
SHOWN_MARKERS = 60
OF_TRAINING = ("_predictions", "_weights")  # ends of names that other panels show, or that are a rule's arithmetic


def drawable(result: Result) -> list[str]:
    """The names of the arrays that can be drawn and are not the curve or the weights, in the firmware's order."""
    others = OF_TRAINING if result.task is not None else ()
    return [
        name
        for name, values in result.arrays.items()
        if name not in (result.curve, "weights") and not name.endswith(others) and _is_drawable(values)
    ]


def _is_drawable(values: np.ndarray) -> bool:
    """Whether there are numbers to see; an image of one number everywhere shows nothing."""
    if values.ndim == 0 or values.size <= 1 or values.dtype.kind not in "iufb":
        return False
    found = values[np.isfinite(values * 1.0)]
    return found.size > 0 and (values.ndim == 1 or bool((found != found[0]).any()))


def array(axes: Axes, result: Result, name: str) -> None:
    """Draw an array, its first axis from left to right; further axes than two are one behind the other.

    Few rows of numbers are lines, of whole numbers dots, since nothing lies between these.

    Where the first axis is that of the curve, things done one after another, it counts from 1 as the curve does; other
    axes are indices.
    """
    values = np.asarray(result.arrays[name]) * 1.0
    names = result.axes.get(name) or [f"axis {k}" for k in range(values.ndim)]
    table = values.reshape(len(values), -1)
    rest = ", ".join(names[1:])
    first = int(result.curve is not None and names[0] == result.step)
    title = in_words(name)
    title = f"{title[0].upper()}{title[1:]}"
    if table.shape[1] <= FEW:
        whole = result.arrays[name].dtype.kind in "iub"
        _lines(axes, table, rest, first, whole)
        dress(axes, title, names[0], in_words(name))
    else:
        _image(axes, table, title, names[0], rest, first)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _lines(axes: Axes, table: np.ndarray, rest: str, first: int, whole: bool) -> None:
    few = len(table) <= SHOWN_MARKERS
    look = {"marker": "o", "markersize": 4 if few else 2.5} if few or whole else {}
    if whole:
        look["linestyle"] = "none"
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    steps = np.arange(first, first + len(table))
    for index, values in enumerate(table.T):
        axes.plot(steps, values, color=colour(index), label=f"{rest} {index}" if rest else None, **look)
    axes.grid(axis="y", color="0.9")
    legend_below(axes)


def _image(axes: Axes, table: np.ndarray, title: str, x: str, y: str, first: int) -> None:
    edges = (first - 0.5, first + len(table) - 0.5, -0.5, table.shape[1] - 0.5)
    look = {"aspect": "auto", "origin": "lower", "interpolation": "nearest", "cmap": "viridis"}
    image = axes.imshow(table.T, extent=edges, **look)
    axes.figure.colorbar(image, ax=axes, pad=0.02)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    dress(axes, title, x, y)
