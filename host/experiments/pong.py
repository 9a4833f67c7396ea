"""Pong by reward: the vendor's demo ``ts_07`` on the chip, both of its forms, in one start each and without a host.

:mod:`ppu_programs.pong` is the firmware. Nothing of the curves was used to choose a setting: neurons and sensors are as
the demo's calibration asks for, the strength of synapses follows from another demo's recording. A row of success is the
mean of eleven epochs, that of a weight is the record next to the published one.

This takes hours: the long form has 250 000 balls, some 10 ms of a processor each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from chip.base.config import ChipConfig
from chip.chip import Chip
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import Evidence, Point, Row, Use
from host.experiments.recordings import pong as recorded
from host.host import Host
from ppu_programs.pong.firmware import Pong
from ppu_programs.pong.settings import HEARD, PLAYER

NAME = "pong"
EPOCHS = {"recording": 1_000, "text": 300}
SUCCESS_WITHIN, WEIGHT_AIM = 0.15, 0.30
HALF_WINDOW = 5  # epochs
WATCHED = 10
VENDOR_SLOT_MS = {"recording": 7.0, "text": 2.5}
SLOW = "noise alone makes few neurons spike often enough for a step; ppu_programs/pong/README.md says by how much"


def point(name: str, value: float, unit: str = "", aim: float = WEIGHT_AIM) -> Point:
    return Point(name, value, unit, "demo ts_07", Use.HELD_OUT, Evidence.FIGURE, aim=aim, reason=SLOW)


def success_rows(success: np.ndarray, published: Mapping[int, float], of: str) -> list[Row]:
    """Rows of the published epochs that a run has come to, of float[epochs]."""
    found = []
    for epoch, value in published.items():
        if epoch < len(success):
            window = success[max(0, epoch - HALF_WINDOW) : epoch + HALF_WINDOW + 1]
            aim = SUCCESS_WITHIN / value
            found.append(point(f"success, {of}, epoch {epoch}", value, aim=aim).found(window.mean()))
    return found


def weight_rows(weights: np.ndarray, published: Mapping[int, float], of: str, watched: int) -> list[Row]:
    """The same of float[records] weights on the diagonal, one every ``watched`` epochs."""
    places = {epoch: round(epoch / watched) - 1 for epoch in published}
    return [
        point(f"diagonal weight, {of}, epoch {epoch}", published[epoch], "LSB").found(weights[place])
        for epoch, place in places.items()
        if 0 <= place < len(weights)
    ]


def learn(config: ChipConfig, variant: str, epochs: int, **settings) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Let a chip learn; return its curves, and its metrics with the chip's and the wall's seconds."""
    host = Host(Chip(config))
    chosen = {"stimuli": PLAYER, "updated": HEARD, "watched": min(WATCHED, epochs), "seed": config.seed, **settings}
    host.load(Pong(variant=variant, epochs=epochs, **chosen))
    result = host.run()
    curves = {name: values for name, values in result.arrays.items() if name != "weights"}
    seconds = {"chip_s": result.chip_seconds, "wall_s": result.wall_seconds}
    return curves, {**result.metrics, **seconds}


def run(config: ChipConfig, quiet: bool = True, epochs: Mapping[str, int] | None = None, **settings) -> Outcome:
    """Let a chip learn each form for so many epochs, by its name; a form that is left out is not learned.

    Arrays are named by the form and the firmware's array, as ``text_success``. Of epochs that were not reached there
    are no rows.
    """
    epochs, found, summary = EPOCHS if epochs is None else epochs, {}, {}
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        for done, (variant, count) in enumerate(epochs.items()):
            progress.measuring(done, len(epochs), f"{variant}, {count} epochs")
            curves, metrics = learn(config, variant, count, **settings)
            metrics["update_of_all_rows_ms"] = all_rows_ms(config, variant, **settings)
            found |= {f"{variant}_{name}": values for name, values in curves.items()}
            summary[variant] = metrics
    rows, notes = rows_of(found), [note(variant, metrics) for variant, metrics in summary.items()]
    return outcome_of(NAME, "Pong by reward", config, rows, found, notes, {"forms": summary})


def all_rows_ms(config: ChipConfig, variant: str, **settings) -> float:
    """Chip time of an update of all rows, as the demo does it, of one epoch by itself."""
    shorter = {**settings, "updated": "all", "settling": 0}
    _, metrics = learn(dataclasses.replace(config), variant, 1, **shorter)
    return metrics["update_ms"]


def rows_of(arrays: Mapping[str, np.ndarray]) -> list[Row]:
    """All rows that there are, of the arrays of an outcome."""
    rows: list[Row] = []
    for variant, of, success, weights in (
        ("recording", "250", recorded.SUCCESS, recorded.DIAGONAL_LSB),
        ("text", "100", recorded.TEXT_SUCCESS, recorded.TEXT_DIAGONAL_LSB),
    ):
        if f"{variant}_success" in arrays:
            rows += success_rows(arrays[f"{variant}_success"], success, of)
            rows += weight_rows(arrays[f"{variant}_diagonal_weights"], weights, of, WATCHED)
    return rows


def note(variant: str, metrics: Mapping[str, float]) -> str:
    """One line: time of chip and wall, and the update beside the vendor's slot."""
    ratio = metrics["wall_s"] / metrics["chip_s"]
    return (
        f"{variant}: {metrics['chip_s']:.1f} s of chip time, {ratio:.2f} of wall time for each; an update of all rows "
        f"takes {metrics['update_of_all_rows_ms']:.2f} ms, the vendor's slot is {VENDOR_SLOT_MS[variant]} ms"
    )
