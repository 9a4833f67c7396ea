"""``result.png``: one figure of a run. matplotlib draws into memory: no window, no display, no global state.

The panels are in :mod:`host.panels`; matplotlib is the extra ``plot`` and imported when something is drawn.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chip.base.saving import replace_together
from chip.fpga.samples import SampleSet
from host import metrics, verdict
from host.replay import Replay
from host.results import PNG_NAME, Result
from host.tasks import Task
from ppu_programs.network import Network

if TYPE_CHECKING:
    from host.host import Host

SIZE_INCHES, DOTS_PER_INCH = (16.0, 10.0), 100
MISSING = "no picture: matplotlib is not installed; pip install 'plasticore[plot]' brings it"

NO_SAMPLES = "no picture: it shows what a task of classes does with samples, and there are none"


def available() -> bool:
    """Whether matplotlib is there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def can_draw(host: Host) -> bool:
    """Whether a host has what a picture shows: the samples of a task with classes, one for each, in their order."""
    stimuli = host.built.stimuli
    if not isinstance(stimuli, SampleSet) or not hasattr(host.task, "classes"):
        return False
    return np.array_equal(stimuli.tags, host.task.targets)


def sample_to_show(result: Result, task: Task) -> int:
    """The number of the sample whose raster is drawn: the first test sample that the chip got right, or the first."""
    predicted = task.classes_of_test(result.arrays.get("test_predictions", ()))
    right = np.flatnonzero(predicted == task.test.targets[: len(predicted)])
    return task.ranges["test"].start + (int(right[0]) if right.size else 0)


def draw(result: Result, task: Task, replay: Replay) -> bytes:
    """Return the figure as PNG, 1600 x 1000 points.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from host import panels

    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12, wspace=0.02, hspace=0.02)
    figure.suptitle(_title(result), fontsize=15, fontweight="bold")
    axes = figure.subplots(2, 3)
    layered = result.network is not None and "layers" in result.network
    network = Network.from_dict(result.network) if layered else None
    with panels.style():
        panels.learning_curve(axes[0, 0], result)
        panels.decisions(axes[0, 1], result, task)
        panels.weight_histogram(axes[0, 2], replay.registers, network)
        panels.raster(axes[1, 0], replay)
        panels.hidden_membranes(axes[1, 1], replay)
        panels.readout_membranes(axes[1, 2], replay, task, _prediction(result, task, replay.sample))
    figure.supxlabel(_caption(replay, task), fontsize=9.5, color="0.35")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def save(directory: Path, result: Result, task: Task, replay: Replay) -> None:
    """Draw and write ``result.png``, whole or not at all; raises OSError where it cannot be written."""
    replace_together({directory / PNG_NAME: draw(result, task, replay)})


def _title(result: Result) -> str:
    parts = [verdict.title(result)]
    if result.value is not None:
        parts.append(metrics.shown(result.headline, result.value))
    if result.speed["chip_us_per_sample"] is not None:
        parts.append(f"{result.speed['chip_us_per_sample']:.0f} µs of chip time per sample")
    if not result.complete:
        parts.insert(0, verdict.HEADLINES[verdict.ending(result)])
    return "   ·   ".join(parts)


def _caption(replay: Replay, task: Task) -> str:
    number = replay.sample - task.ranges["test"].start
    return (
        f"Lower row: test sample {number}, class {task.classes[replay.target]}, replayed by the analog core of a "
        "second chip with the same settings, seed and learned weights. "
        "Decisions and accuracies are what was seen while it learned."
    )


def _prediction(result: Result, task: Task, sample: int) -> str | None:
    """The class that the learning chip reported for a test sample, None if it did not get there."""
    predictions = task.classes_of_test(result.arrays.get("test_predictions", ()))
    number = sample - task.ranges["test"].start
    return task.classes[int(predictions[number])] if number < len(predictions) else None
