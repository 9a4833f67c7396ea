"""``result.png``: one figure of a run, with the panels that there is something to be shown in.

A run that learned a task of classes shows its curve, its decisions, weights, and one sample, played once more on a
second chip. Any other one shows its curve, the arrays that its firmware names, weights before and after, and where its
first spikes come, repeated on a second chip. A result that was saved has what the files hold: curve, arrays, and what
the processors did with their time. The panels are in :mod:`host.pictures.panels`; matplotlib is the extra ``plot``.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chip.base.saving import replace_together
from host.pictures.replay import Replay
from host.pictures.view import View, view_of
from host.results import metrics, verdict
from host.results.result import PNG_NAME, Result
from host.tasks import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_INCHES, DOTS_PER_INCH = (16.0 / 3, 5.0), 100
NARROWEST_INCHES = 9.0
MOST_PANELS, MOST_ARRAYS, LEAST_ARRAYS = 6, 3, 2
MOST_NAMED = 6  # arrays that have no panel
MISSING = "no picture: matplotlib is not installed; pip install 'plasticore[plot]' brings it"
Panel = functools.partial  # of a function that draws into the axes it is given


def available() -> bool:
    """Whether matplotlib is there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


class Picture:
    """A figure that notebooks show.

    Attributes:
        figure: matplotlib's.
    """

    def __init__(self, figure: Figure):
        self.figure = figure

    def __repr__(self) -> str:
        return f"<Picture of {len(self.figure.axes)} axes; save(path) writes it, figure is matplotlib's>"

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self) -> bytes:
        """Return the picture as PNG."""
        from host.pictures.panels.look import style

        buffer = io.BytesIO()
        with style():
            self.figure.savefig(buffer, format="png")
        return buffer.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the picture as PNG, whole or not at all; raises OSError where it cannot be written."""
        replace_together({Path(path): self.png()})


def draw(result: Result) -> Picture:
    """Draw a run.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is nothing to be shown: no processor had a program.
    """
    from host.pictures.panels import fitting
    from host.pictures.panels.look import style

    view = view_of(result)
    found = _activity(result, view)
    panels = _panels(result, view, found)
    if not panels:
        raise ValueError(f"there is nothing of {result!r} that a picture could show")
    rows = fitting.rows_of(len(panels))
    with style():
        width = max(NARROWEST_INCHES, rows[0] * PANEL_INCHES[0])
        figure = fitting.new_figure((width, len(rows) * PANEL_INCHES[1]), DOTS_PER_INCH, _title(result))
        for panel, axes in zip(panels, fitting.add_panels(figure, len(panels)), strict=True):
            panel(axes)
        captions = [_caption(found, view)] if found is not None and view is not None else []
        captions += _of_undrawn(result, panels)
        if captions:
            figure.supxlabel("\n".join(captions), fontsize=9.5, color="0.35")
        fitting.fit(figure)
    return Picture(figure)


def save(directory: Path, result: Result) -> None:
    """Draw and write ``result.png``, whole or not at all; raises OSError where it cannot be written."""
    replace_together({directory / PNG_NAME: draw(result).png()})


# ---------------------------------------------------------------------- what is shown


def sample_to_show(result: Result, task: Task) -> int:
    """The number of the sample whose raster is drawn: the first test sample that the chip got right, or the first."""
    predicted = task.classes_of_test(result.arrays.get("test_predictions", ()))
    right = np.flatnonzero(predicted == task.test.targets[: len(predicted)])
    return task.ranges["test"].start + (int(right[0]) if right.size else 0)


def _activity(result: Result, view: View | None) -> Replay | None:
    """What a second chip does; None where there is nothing to see, or nobody knows what the chip was loaded with."""
    if view is None:
        return None
    return view.activity(result.weights, sample_to_show(result, view.task) if view.has_classes else None)


def _panels(result: Result, view: View | None, found: Replay | None) -> list[Panel]:
    """The panels that have something to show, the most telling first."""
    from host.pictures.panels import arrays, classes, learning, load, weights

    panels: list[Panel] = []
    if result.learning.size:
        panels.append(functools.partial(learning.learning_curve, result=result))
    if view is not None and view.has_classes and classes.predictions_of(result, view.task).size:
        panels.append(functools.partial(classes.decisions, result=result, task=view.task))
    if view is not None and (shown := view.weights_of(result.weights)):
        panels.append(functools.partial(weights.weight_histogram, weights=shown))
    of_neurons = [] if found is None or view is None else _of_neurons(result, view, found)
    named = arrays.drawable(result)[:MOST_ARRAYS]
    room = max(MOST_PANELS - len(panels) - len(of_neurons), LEAST_ARRAYS)
    panels += [functools.partial(arrays.array, result=result, name=name) for name in named[:room]]
    panels += of_neurons
    if result.ppu["cycles"] and len(panels) < MOST_PANELS:
        panels.append(functools.partial(load.ppu_time, result=result))
    return panels[:MOST_PANELS]


def _of_undrawn(result: Result, panels: list[Panel]) -> list[str]:
    """Say which arrays a picture has no room for."""
    from host.pictures.panels import arrays

    drawn = {panel.keywords.get("name") for panel in panels}
    undrawn = [name for name in arrays.drawable(result) if name not in drawn]
    if not undrawn:
        return []
    more = f" and {len(undrawn) - MOST_NAMED} more" * (len(undrawn) > MOST_NAMED)
    return [f"Arrays for which there is no room here: {', '.join(undrawn[:MOST_NAMED])}{more}; see result.arrays."]


def _of_neurons(result: Result, view: View, found: Replay) -> list[Panel]:
    """Spikes, membranes, and membranes of readouts, where there are such ones."""
    from host.pictures.panels import activity

    populations = view.populations(found)
    everybody = np.concatenate([*populations.values(), np.zeros(0, np.int64)])
    panels: list[Panel] = []
    if np.isin(found.neurons, everybody).any() or found.inputs.size:
        panels.append(functools.partial(activity.raster, found=found, populations=populations))
    hidden, readouts = found.layers
    if found.sample is not None:
        populations = {name: neurons for name, neurons in populations.items() if name != "readouts"}
    if found.registers.spiking.reshape(-1)[list({*everybody.tolist()} - {*readouts.tolist()})].any():
        panels.append(functools.partial(activity.membranes, found=found, populations=populations))
    if readouts.size and (found.sample is not None or not found.registers.spiking.reshape(-1)[readouts].any()):
        known = view.has_classes and found.target is not None
        names = view.task.classes if known else ()
        panel = functools.partial(activity.readout_membranes, found=found, classes=names)
        if known:
            prediction = _prediction(result, view, found)
            panel = functools.partial(panel, true=names[found.target], prediction=prediction)
        panels.append(panel)
    return panels


def _prediction(result: Result, view: View, found: Replay) -> str | None:
    """The class that the learning chip reported for the shown test sample, None if it did not get there."""
    predictions = view.task.classes_of_test(result.arrays.get("test_predictions", ()))
    number = found.sample - view.task.ranges["test"].start
    return view.task.classes[int(predictions[number])] if number < len(predictions) else None


# ---------------------------------------------------------------------- texts


def _title(result: Result) -> str:
    parts = [verdict.title(result)]
    if result.value is not None:
        parts.append(metrics.shown(result.headline, result.value))
    if result.speed["chip_us_per_sample"] is not None:
        parts.append(f"{result.speed['chip_us_per_sample']:.0f} µs of chip time per sample")
    else:
        parts.append(f"{result.chip_seconds:.3g} s of chip time")
    if not result.complete:
        parts.insert(0, verdict.HEADLINES[verdict.ending(result)])
    return "   ·   ".join(parts)


def _caption(found: Replay, view: View) -> str:
    if found.sample is None:
        return (
            f"Spikes and membranes: from {found.start_ns * 1e-6:.3f} ms of the run on, where its first spikes are, "
            "once more on a second chip with the same settings and seed."
        )
    task = view.task
    if not view.has_classes:
        return f"Spikes and membranes: sample {found.sample}, replayed by a second chip with the weights at the end."
    number = found.sample - task.ranges["test"].start
    return (
        f"Spikes and membranes: test sample {number}, class {task.classes[found.target]}, replayed by the analog core "
        "of a second chip with the same settings, seed and learned weights. "
        "Decisions and accuracies are what was seen while it learned."
    )
