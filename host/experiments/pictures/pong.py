"""The picture of Pong: success, expected reward and the weight on the diagonal, recordings as markers over the chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.experiments.outcome import Outcome
from host.experiments.pong import WATCHED
from host.experiments.recordings import pong as recorded

FORMS = {"recording": "250 positions", "text": "100 positions"}
SMOOTHED = 5  # epochs that a drawn point of success is the mean of
PANELS = (
    ("success", "success", {"recording": recorded.SUCCESS, "text": recorded.TEXT_SUCCESS}),
    ("expected_reward", "expected reward", {"recording": recorded.REWARD}),
    (
        "diagonal_weights",
        "mean weight on the diagonal, LSB",
        {"recording": recorded.DIAGONAL_LSB, "text": recorded.TEXT_DIAGONAL_LSB},
    ),
)


def draw(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    """Draw the three panels."""
    for axes, (name, title, published) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for (form, label), colour in zip(FORMS.items(), colours, strict=False):
            values = outcome.arrays.get(f"{form}_{name}")
            if values is not None and len(values):
                axes.plot(*_points(values, name), color=colour, label=f"{label}, this chip")
                points = published.get(form, {})
                look = {"linestyle": "none", "marker": "D", "color": colour, "markeredgecolor": "black"}
                axes.plot(list(points), list(points.values()), **look, label=f"{label}, recorded" if points else None)
        axes.set_title(title, loc="left", fontsize=12)
        axes.set_xlabel("epoch")


def _points(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "diagonal_weights":
        return WATCHED * np.arange(1, len(values) + 1), values
    size = min(SMOOTHED, len(values))
    blocks = values[: len(values) // size * size].reshape(-1, size).mean(axis=1)
    return size * np.arange(len(blocks)) + size // 2, blocks
