"""The panels of ``result.png``, each a function of one matplotlib axes and the data that it shows.

Colours are those of Okabe and Ito, which stay apart for colour-blind eyes; classes differ in marker, too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.ticker import MaxNLocator, PercentFormatter
from matplotlib.transforms import ScaledTranslation

from chip.base import constants as c
from chip.base.registers import Registers
from host.metrics import in_words, is_accuracy, shown
from host.replay import Replay, signed_weights
from host.results import Result
from host.tasks import Task
from host.verdict import counted
from ppu_programs.network import Network
from ppu_programs.placement import place_layers

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
CLASS_COLOURS, CLASS_MARKERS = (BLUE, ORANGE, GREEN, PURPLE, SKY), "osD^v"
GREY = "0.45"
MAP_POINTS = 240  # of the true regions, along each axis
SHOWN_NEURONS = 3
NS_PER_US = 1_000
LEGEND_INCHES = 0.5  # from the axes down to the legend below them
LEGEND_CHARACTERS, HANDLE_CHARACTERS = 72, 7  # across a panel, and what a handle takes of them


def style() -> AbstractContextManager:
    """The settings of all panels."""
    return rc_context({"legend.frameon": False, "legend.fontsize": 9.5})


def class_colour(index: int) -> str:
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]


def _dress(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(axes: Axes, **place: object) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**place)


def legend_below(axes: Axes, title: str | None = None, fontsize: float = 9.0) -> None:
    """A legend that covers nothing: below the axes and the label of x, in as many columns as there is room for."""
    labels = axes.get_legend_handles_labels()[1]
    if not labels:
        return
    columns = int(LEGEND_CHARACTERS * 9.0 / fontsize / (max(map(len, labels)) + HANDLE_CHARACTERS))
    below = ScaledTranslation(0, -LEGEND_INCHES, axes.figure.dpi_scale_trans)  # a distance that no height changes
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=axes.transAxes + below,
        ncols=max(1, min(columns, len(labels), 3)),
        title=title,
        fontsize=fontsize,
        title_fontsize=fontsize,
        borderaxespad=0.0,
    )


# ---------------------------------------------------------------------- the run


def learning_curve(axes: Axes, result: Result) -> None:
    """How the headline developed, and what it and the metrics of its kind came to behind that."""
    trained = result.learning
    steps = np.arange(1, trained.size + 1)
    label = None if result.curve is None else f"{in_words(result.curve)}, while learning"
    axes.plot(steps, trained, color=BLUE, marker="o", markersize=4, label=label)
    finals = [(name, value) for name, value in result.metrics.items() if value is not None and _of_kind(name, result)]
    end = max(trained.size, 1) + max(0.03 * trained.size, 0.1)
    for (name, value), colour, marker in zip(finals, (VERMILION, ORANGE, GREEN), "Ds^", strict=False):
        axes.axhline(value, color=colour, linewidth=0.9, linestyle=":")
        label = f"{in_words(name)} at the end: {value:.2%}" if is_accuracy(name) else f"{shown(name, value)} at the end"
        axes.plot([end], [value], color=colour, marker=marker, markersize=8, linestyle="none", label=label)
    if not trained.size:
        said = "the rule reports no curve" if result.curve is None else f"ended in the first {result.step}"
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", color=GREY)
    if is_accuracy(result.headline):
        low = min([*trained, *(value for _, value in finals), 1.0])
        axes.set_ylim(max(0.0, low - 0.05 * (1.02 - low)), 1.0 + 0.02 * (1.02 - low))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.grid(axis="y", color="0.9")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_below(axes)
    _dress(axes, "Learning curve", result.step, in_words(result.headline or ""))


def _of_kind(name: str, result: Result) -> bool:
    """Whether a metric can share an axis with the headline: itself, or the same of another split."""
    return name == result.headline or name.endswith(f"_{result.headline}")


def decisions(axes: Axes, result: Result, task: Task) -> None:
    """What the chip took each test sample for: over the plane, or as a table for tasks that have none."""
    predictions = task.classes_of_test(result.arrays.get("test_predictions", ()))
    targets = task.test.targets[: predictions.size].astype(np.int64)
    wrong = predictions != targets
    title = f"Decisions of the chip: {wrong.sum()} of {predictions.size} test samples wrong"
    if not predictions.size:
        title = "Decisions of the chip: not reached"
    if task.class_of is None:
        _confusion(axes, predictions, targets, task.classes)
        _dress(axes, title, "class that the chip reported", "true class")
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
    _legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=len(task.classes) + 1, handletextpad=0.2)
    _dress(axes, title, "x      (marker: what the chip saw, tint: the true class)", "y")


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
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=2 * max(counts.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center")
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)


def weight_histogram(axes: Axes, registers: Registers, network: Network | None = None) -> None:
    """The signed weights of each layer, 6 bit and a sign, as its fractions; hemispheres are layers if not told more."""
    edges = np.arange(-c.WEIGHT_MAX - 2.5, c.WEIGHT_MAX + 3, 3)  # bins of 3 weights, one of them around 0
    if network is None:
        layers = [signed_weights(registers, hemisphere) for hemisphere in (c.TOP, c.BOTTOM)]
    else:
        placement = place_layers(network)
        layers = [placement.load(registers.weights, layer) for layer in range(network.depth)]
    hidden = len(layers) - 1
    names = ["onto hidden neurons"] if hidden == 1 else [f"onto hidden layer {k}" for k in range(hidden)]
    for weights, name, colour in zip(layers, [*names, "onto readouts"], (BLUE, ORANGE, GREEN, PURPLE), strict=False):
        weights = weights.ravel()
        if not weights.size:
            continue
        share = np.full(weights.size, 1 / weights.size)
        limit = np.mean(np.abs(weights) == c.WEIGHT_MAX)
        look = {"histtype": "stepfilled", "alpha": 0.35, "color": colour}
        label = f"{name}: {weights.size} synapses, {limit:.1%} at ±{c.WEIGHT_MAX}"
        axes.hist(weights, edges, weights=share, label=label, **look)
        axes.hist(weights, edges, weights=share, histtype="step", color=colour, linewidth=1.5)
    axes.axvline(0, color="0.7", linewidth=0.8)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_xlim(-c.WEIGHT_MAX - 3, c.WEIGHT_MAX + 3)
    axes.set_ylim(top=1.25 * axes.get_ylim()[1])
    _legend(axes, loc="upper left")
    _dress(axes, "Weights after learning", "weight: excitatory minus inhibitory row", "fraction of the layer")


# ---------------------------------------------------------------------- one sample


def raster(axes: Axes, replay: Replay) -> None:
    """Input events and hidden spikes."""
    hidden, _ = replay.layers
    of_hidden = np.isin(replay.neurons, hidden)
    place = np.searchsorted(hidden, replay.neurons[of_hidden])
    count = int(replay.inputs.max(initial=0)) + 1
    pitch = max(1, len(hidden) // 24)  # rows of the raster for an input
    low = -pitch * (count + 1)
    tick = {"marker": "|", "linestyle": "none"}
    times_us = replay.spike_times_ns[of_hidden] / NS_PER_US
    axes.plot(times_us, place, color=BLUE, markersize=6, markeredgewidth=1.8, **tick)
    rows = -pitch * (replay.inputs + 1.2)
    axes.plot(replay.input_times_ns / NS_PER_US, rows, color=VERMILION, markersize=11, markeredgewidth=2.6, **tick)
    axes.axhline(-0.7 * pitch, color="0.7", linewidth=0.8)
    axes.set_ylim(low - 0.5 * pitch, len(hidden) + 0.02 * len(hidden))
    axes.set_xlim(0, replay.doorbell_ns / NS_PER_US)
    ticks = np.arange(0, len(hidden), 20)
    axes.set_yticks([-pitch * (count + 1.4) / 2, *ticks], ["inputs", *map(str, ticks)])
    active = np.unique(place).size
    title = f"One sample: {counted(place.size, 'spike')} of {active} of {counted(len(hidden), 'hidden neuron')}"
    _dress(axes, title, "time in the sample [µs]", "hidden neuron")


def hidden_membranes(axes: Axes, replay: Replay) -> None:
    """Membranes of a few hidden neurons one above the other: the first to spike, one in the middle, the last."""
    registers, times_us = replay.registers, replay.times_ns / NS_PER_US
    hidden, _ = replay.layers
    order = list(dict.fromkeys(replay.neurons[np.isin(replay.neurons, hidden)].tolist()))
    chosen = [order[i] for i in np.unique(np.linspace(0, len(order) - 1, SHOWN_NEURONS).astype(int))] if order else []
    names = ("first to spike", "halfway", "last to spike") if len(chosen) == SHOWN_NEURONS else ("",) * len(chosen)
    silent = [n for n in hidden if n not in order]
    if silent:  # the one that came nearest
        chosen = [*chosen, max(silent, key=lambda n: replay.membranes_lsb[:, n].max())]
        names = (*names, "silent, nearest to spiking")
    base, ticks = 0.0, []
    for neuron, name, colour in zip(chosen, names, CLASS_COLOURS, strict=False):
        leak, threshold = registers.leak_lsb.reshape(-1)[neuron], registers.threshold_lsb.reshape(-1)[neuron]
        trace = replay.membranes_lsb[:, neuron] - leak
        distance = threshold - leak
        base += max(0.0, -trace.min())
        axes.axhline(base, color="0.8", linewidth=0.8)
        axes.axhline(base + distance, color=colour, linewidth=1, linestyle="--", alpha=0.7)
        axes.plot(times_us, base + trace, color=colour, linewidth=1.4)
        spikes_us = replay.spikes_of(neuron) / NS_PER_US
        axes.plot(spikes_us, np.full(spikes_us.size, base + distance), marker="v", color=colour, linestyle="none")
        label = f"neuron {np.searchsorted(hidden, neuron)}" + f", {name}" * bool(name)
        axes.text(0.3, base + 1.06 * distance, label, color=colour, fontsize=9.5, va="bottom")
        ticks += [(base, f"{leak:.0f}"), (base + distance, f"{threshold:.0f}")]
        base += max(distance, trace.max()) + 0.45 * distance
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks])
    if ticks:
        axes.set_ylim(top=base)  # with room for the name of the uppermost
    axes.set_xlim(0, replay.doorbell_ns / NS_PER_US)
    x = "time in the sample [µs]; dashed: threshold register, triangle: spike"
    _dress(axes, "Membranes of hidden neurons", x, "membrane [CADC LSB], traces shifted")


def readout_membranes(axes: Axes, replay: Replay, task: Task, prediction: str | None) -> None:
    """Membranes of the readouts, which the chip reads once at the end, or which spike: then the first one decides."""
    _, readouts = replay.layers
    spike = bool(replay.registers.spiking.reshape(-1)[readouts].any())
    first_us = [replay.spikes_of(n).min(initial=replay.doorbell_ns) / NS_PER_US for n in readouts]
    for index, (neuron, name) in enumerate(zip(readouts, task.classes, strict=False)):
        colour, trace = class_colour(index), replay.membranes_lsb[:, neuron]
        axes.plot(replay.times_ns / NS_PER_US, trace, color=colour, linewidth=1.8, label=name)
        marker = CLASS_MARKERS[index % len(CLASS_MARKERS)]
        read = {"marker": marker, "markersize": 8, "clip_on": False, "markeredgecolor": "black"}
        seen = replay.registers.threshold_lsb.reshape(-1)[neuron] if spike else replay.cadc[neuron]
        if not spike or replay.spikes_of(neuron).size:
            axes.plot([first_us[index]], [seen], color=colour, **read)
    for limit, name in ((0, "lower end of the CADC"), (c.CADC_MAX, "upper end of the CADC")):
        if readouts.size and abs(replay.membranes_lsb[:, readouts] - limit).min() < 15:
            axes.axhline(limit, color=GREY, linewidth=0.8, linestyle=":")
            axes.text(0.3, limit, name, color=GREY, fontsize=9, va="bottom")
    axes.set_xlim(0, replay.doorbell_ns / NS_PER_US)
    if readouts.size:
        _legend(axes, loc="best", ncols=len(task.classes))
    title = f"Readouts: class {task.classes[replay.target]}"
    if prediction is not None:
        title += f", the chip said {prediction}"
    if readouts.size == len(task.classes) and prediction is not None:
        again = task.classes[int(np.argmin(first_us) if spike else replay.cadc[readouts].argmax())]
        title += f", this time {again}" * (again != prediction)  # noise can turn a close decision
    markers = "first spikes" if spike else "what the CADC reads then"
    _dress(axes, title, f"time in the sample [µs]; markers: {markers}", "membrane [CADC LSB]")
