"""Pictures of experiments with published rows: recordings as markers over what the simulated chip does.

Each has a panel or two of its own and, right of them, one of all its rows: what the chip does over what was published,
with the source's tolerance. Points that the model was calibrated on are hollow, those that were held out are full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from host.experiments import madc, psp_height, separation
from host.experiments.outcome import Outcome
from host.experiments.published import Row, Use

RECORDED = {"linestyle": "none", "marker": "D", "color": "black", "markersize": 6, "zorder": 5}
FARTHEST = 2.0  # of a row's chip over published value; what is beyond stands at the edge, with its number
NS_PER_US = 1_000.0


def rows_panel(axes, rows: Sequence[Row], colour: str) -> None:
    """Draw the value of each row over the published one, from the first row above to the last one below."""
    for place, row in enumerate(rows):
        size = abs(row.point.value)
        axes.plot([1 - row.point.tolerance / size, 1 + row.point.tolerance / size], [place] * 2, color="0.75", lw=5)
        ratio = row.value / row.point.value
        shown = float(np.clip(ratio, 0.0, FARTHEST))
        face = "none" if row.point.use is Use.CALIBRATED_ON else colour
        axes.plot(shown, place, marker="o", color=colour, markerfacecolor=face, markersize=6, linestyle="none")
        if ratio > FARTHEST:
            axes.annotate(f"{ratio:.1f}", (shown, place), (-7, 0), textcoords="offset points", ha="right", va="center")
    axes.axvline(1.0, color="black", linewidth=0.9)
    aim = min(row.point.aim for row in rows)
    for edge in (1 - aim, 1 + aim):
        axes.axvline(edge, color="0.7", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [row.point.name for row in rows], fontsize=9 if len(rows) < 25 else 7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.02 * FARTHEST)
    _dress(axes, "○ calibrated on   ● held out   grey: tolerance   dotted: aim", "simulated / published", "")


def _dress(axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _psp_height(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, middle, right) = outcome.arrays, figure.subplots(1, 3)
    weights, recorded_weights = arrays["weights"], arrays["recorded_weights"]
    recorded = arrays["recorded_epsp_madc_lsb"], -arrays["recorded_ipsp_madc_lsb"]
    for heights, of_demo, sign, colour in zip(
        arrays["heights_madc_lsb"], recorded, psp_height.SIGNS, colours, strict=False
    ):
        mean, spread = heights.mean(axis=1), heights.std(axis=1)
        left.plot(weights, mean, color=colour, label=f"{sign}, this chip ± neurons")
        left.fill_between(weights, mean - spread, mean + spread, color=colour, alpha=0.25, linewidth=0)
        left.plot(recorded_weights, of_demo, **RECORDED)
    left.plot([], [], **RECORDED, label="recorded (ts_06)")
    left.plot(
        recorded_weights,
        -arrays["predicted_ipsp_madc_lsb"],
        color="0.5",
        linestyle="--",
        label="from the first three alone",
    )
    _dress(left, "height against weight", "weight, sum of rows", "LSB of the MADC")
    times_us = np.linspace(-10, 70, arrays["traces_lsb"].shape[2])
    for traces, colour in zip(arrays["traces_lsb"], colours, strict=False):
        middle.plot(times_us, traces[:, :, 0].T, color=colour, linewidth=0.8)
    _dress(middle, "membrane of one neuron, all weights", "µs after the event", "LSB of the CADC")
    rows_panel(right, outcome.rows, colours[0])


def _membrane_bounds(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, right) = outcome.arrays, figure.subplots(1, 2)
    times_us = arrays["times_ns"] / NS_PER_US
    for row, reads, colour in zip(outcome.rows, arrays["reads_lsb"], colours, strict=False):
        mean, spread = reads.mean(axis=1), reads.std(axis=1)
        left.plot(times_us, mean, color=colour, label=f"{row.point.name}, ± neurons")
        left.fill_between(times_us, mean - spread, mean + spread, color=colour, alpha=0.25, linewidth=0)
        left.errorbar(times_us[-1] + 3, row.point.value, row.point.tolerance, **RECORDED, capsize=3)
    left.errorbar([], [], **RECORDED, label="test and its tolerance (hxtorch)")
    _dress(left, "reads of the CADC, all neurons", "µs", "LSB, 128 reads as 0")
    rows_panel(right, outcome.rows, colours[0])


def _spread(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, middle, right) = outcome.arrays, figure.subplots(1, 3)
    for when, colour in zip(("before", "after"), colours, strict=False):
        peaks = madc.LSB * (arrays[f"peak_{when}_lsb"] - madc.LEAK_LSB) + madc.RECORDED_LEAK_LSB
        left.hist(peaks, 40, histtype="step", color=colour, label=f"{when} calibration")
        middle.hist(
            arrays[f"interval_{when}_us"], np.linspace(2, 12, 51), histtype="step", color=colour, label=f"{when}"
        )
    height = 0.5 * left.get_ylim()[1], 0.5 * middle.get_ylim()[1]
    left.errorbar(409, height[0], xerr=10, **RECORDED, capsize=3, label="recorded, 10 neurons (ts_00)")
    middle.errorbar(6.0, height[1], xerr=0.8, **RECORDED, capsize=3, label="recorded (ts_00)")
    _dress(left, "peaks of firing neurons", "LSB of the MADC", "neurons")
    _dress(middle, "inter-spike intervals", "µs", "neurons")
    rows_panel(right, outcome.rows, colours[0])


def _scales(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, middle, right) = outcome.arrays, figure.subplots(1, 3)
    weights, heights = arrays["weights"], arrays["heights_lsb"]
    mean, spread = heights.mean(axis=1), heights.std(axis=1)
    left.errorbar(weights, mean, spread, fmt="o-", ms=4, color=colours[0], label="this chip, ± neurons")
    scale = 50.0 * outcome.rows[1].point.value  # of a height, by the published scales
    left.plot(weights, weights * float(arrays["software_height"]) / scale, **RECORDED, label="by hxtorch's scales")
    _dress(left, "height of potentials, read by the CADC", "weight", "LSB of the CADC")
    middle.hist(arrays["thresholds_lsb"], 40, histtype="step", color=colours[0], label="this chip")
    middle.errorbar(
        45.0, 0.5 * middle.get_ylim()[1], xerr=[[11], [21]], **RECORDED, capsize=3, label="1 / published scale"
    )
    _dress(middle, "thresholds above rest, as the CADC sees them", "LSB of the CADC", "neurons")
    rows_panel(right, outcome.rows, colours[0])


def _separation(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, right) = outcome.arrays, figure.subplots(1, 2)
    spacing, agreement = arrays["separation_us"], arrays["agreement"]
    left.plot(spacing, agreement, "o-", color=colours[0], label="this chip, an untrained network")
    left.axvline(separation.SEPARATION_US, color="black", linestyle="--", label="silicon, 11.8 µs")
    left.axhline(1 / separation.READOUTS, color="0.7", linewidth=0.8, label="chance")
    left.set_ylim(0, 1.05)
    _dress(left, "decisions that are those of a sample by itself", "µs from sample to sample", "share")
    rows_panel(right, outcome.rows, colours[0])


def _stdp_timing(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    left, right = figure.subplots(1, 2)
    rows = [row for row in outcome.rows if row.point.unit == "cycles"]
    for place, row in enumerate(rows):
        left.barh(place, row.value, color=colours[0], alpha=0.5)
        left.errorbar(row.point.value, place, xerr=row.point.tolerance, **RECORDED, capsize=3)
    left.errorbar([], [], **RECORDED, label="measured, or arithmetic on what was")
    left.set_xscale("log")
    left.set_yticks(range(len(rows)), [row.point.name for row in rows], fontsize=9)
    left.invert_yaxis()
    _dress(left, "time of a processor", "cycles of 4 ns", "")
    rows_panel(right, outcome.rows, colours[0])


def _superspike_neuron(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    arrays, (left, middle, right) = outcome.arrays, figure.subplots(1, 3)
    membranes = madc.LSB * (arrays["target_membranes_lsb"] - madc.LEAK_LSB) + madc.RECORDED_LEAK_LSB
    times_us = np.arange(membranes.shape[1]) / 10
    left.plot(times_us, membranes[0], color=colours[0], linewidth=0.9, label="this chip")
    left.plot(arrays["recorded_times_us"], arrays["recorded_membrane_madc_lsb"], **RECORDED | {"markersize": 3})
    left.plot([], [], **RECORDED | {"markersize": 3}, label="recorded (ts_01)")
    _dress(left, "membrane of the run that makes the target", "µs", "LSB of the MADC")
    for loss in arrays["loss"]:
        middle.plot(loss, color=colours[0], linewidth=0.7, alpha=0.6)
    middle.plot(np.median(arrays["loss"], axis=0), color=colours[0], linewidth=2, label="chips, and their median")
    middle.plot(arrays["recorded_loss"], **RECORDED | {"markersize": 4}, label="recorded (ts_01)")
    _dress(middle, "loss", "epoch", "sum of |error|")
    rows_panel(right, outcome.rows, colours[0])


def _parity(figure, outcome: Outcome, colours: Sequence[str]) -> None:
    half = (len(outcome.rows) + 1) // 2
    for axes, rows in zip(figure.subplots(1, 2), (outcome.rows[:half], outcome.rows[half:]), strict=True):
        rows_panel(axes, rows, colours[0])


DRAWN: dict[str, Callable] = {
    "psp-height": _psp_height,
    "membrane-bounds": _membrane_bounds,
    "spread": _spread,
    "scales": _scales,
    "separation": _separation,
    "stdp-timing": _stdp_timing,
    "superspike-neuron": _superspike_neuron,
    "parity": _parity,
}
"""A function of figure, outcome and colours for each experiment."""
