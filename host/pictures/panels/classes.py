"""What a chip took its test samples for: over the plane, or as a table for tasks that have none."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb

from host.pictures.panels.look import CLASS_MARKERS, class_colour, dress, legend_below
from host.results.result import Result
from host.tasks import Task

MAP_POINTS = 240  # of the true regions, along each axis
MOST_COUNTED = 16  # classes whose counts stand in the table


def predictions_of(result: Result, task: Task) -> np.ndarray:
    """int64[n]: what the chip took the first n test samples for; empty where the rule does not say."""
    return task.classes_of_test(result.arrays.get("test_predictions", ()))


def decisions(axes: Axes, result: Result, task: Task) -> None:
    """Draw what the chip decided; there is one prediction at least."""
    predictions = predictions_of(result, task)
    targets = task.test.targets[: predictions.size].astype(np.int64)
    wrong = predictions != targets
    title = f"Decisions of the chip: {wrong.sum()} of {predictions.size} test samples wrong"
    if task.class_of is None:
        _confusion(axes, predictions, targets, task.classes)
        dress(axes, title, "class that the chip reported", "true class")
        return
    _regions(axes, task)
    points = task.test.inputs[: predictions.size]
    for index, name in enumerate(task.classes):
        chosen = points[predictions == index]
        look = {"marker": CLASS_MARKERS[index % len(CLASS_MARKERS)], "color": class_colour(index)}
        axes.plot(chosen[:, 0], chosen[:, 1], linestyle="none", markersize=4, label=name, **look)
    ring = {"linestyle": "none", "marker": "o", "markerfacecolor": "none", "markeredgecolor": "black"}
    axes.plot(points[wrong, 0], points[wrong, 1], markersize=10, markeredgewidth=1.3, label="wrong", **ring)
    axes.set_aspect("equal")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    legend_below(axes, columns=len(task.classes) + 1)
    dress(axes, title, "x  (marker: the chip, tint: true class)", "y")


def _regions(axes: Axes, task: Task) -> None:
    """Tint the plane with the true classes."""
    place = (np.arange(MAP_POINTS) + 0.5) / MAP_POINTS
    classes = [[task.class_of(x, y) for x in place] for y in place]
    image = np.array([[np.nan if cell is None else cell for cell in row] for row in classes], float)
    tints = [tuple(1 - 0.3 * (1 - part) for part in to_rgb(class_colour(i))) for i in range(len(task.classes))]
    colours = {"cmap": ListedColormap(tints), "vmin": -0.5, "vmax": len(tints) - 0.5, "interpolation": "nearest"}
    axes.imshow(image, extent=(0, 1, 0, 1), origin="lower", **colours)


def _confusion(axes: Axes, predictions: np.ndarray, targets: np.ndarray, classes: tuple[str, ...]) -> None:
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (targets, predictions), 1)
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=2 * max(counts.max(), 1), aspect="auto")
    if len(classes) <= MOST_COUNTED:
        for (row, column), count in np.ndenumerate(counts):
            axes.text(column, row, str(count), ha="center", va="center")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
