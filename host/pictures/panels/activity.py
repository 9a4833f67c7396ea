"""What neurons did in one sample, or in the opening of a run: spikes, membranes, and membranes of readouts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from chip.base import constants as c
from host.pictures.panels.look import (
    CLASS_COLOURS,
    CLASS_MARKERS,
    COLOURS,
    GREY,
    VERMILION,
    class_colour,
    colour,
    dress,
    legend_below,
)
from host.pictures.replay import Replay
from host.words import counted

SHOWN_NEURONS = 3
NS_PER_US = 1_000
LEAST_SHARE = 0.12  # of the height of a raster that a small population has
INPUT_SHARE, MOST_INPUT_SHARE = 0.04, 0.3  # that an input has, and all of them
GAP = 0.04  # between two populations
TICK_OF_ROW, LEAST_POINTS, MOST_POINTS = 1.6, 3.0, 9.0  # of an event
POINTS_PER_INCH = 72
MOST_READOUTS = 12
LINES = ("-", "--", ":")  # of readouts, the next one where colours repeat
LEAST_ROOM = 0.075  # of the height of membranes, from a threshold to the next neuron's leak, or from leak to threshold
LABEL_CHARACTERS = 12  # of a line of a population's name
Populations = dict[str, np.ndarray]  # by name: neurons, hemisphere * 256 + column


def _time(found: Replay) -> str:
    if found.sample is not None:
        return "time in the sample [µs]"
    return f"time from {found.start_ns * 1e-6:.3f} ms on [µs]"


# ---------------------------------------------------------------------- spikes


def raster(axes: Axes, found: Replay, populations: Populations) -> None:
    """Input events below, the spikes of each population above each other; there is one event or spike at least."""
    names = [name for name, neurons in populations.items() if np.isin(found.neurons, neurons).any()]
    total = sum(populations[name].size for name in names)
    inputs = int(found.inputs.max(initial=-1)) + 1
    rooms = [max(populations[name].size / total, LEAST_SHARE) for name in names]  # parts of the height
    base, ticks, active, spikes = 0.0, [], 0, 0
    if inputs:
        room = min(max(INPUT_SHARE * inputs, LEAST_SHARE), MOST_INPUT_SHARE)
        rows = room * (found.inputs + 0.5) / inputs
        _ticks(axes, found.input_times_ns, rows, room / inputs / (room + sum(rooms)), VERMILION)
        ticks.append((room / 2, "inputs"))
        base = room + GAP
    for index, (name, room) in enumerate(zip(names, rooms, strict=True)):
        neurons = populations[name]
        here = np.isin(found.neurons, neurons)
        order = np.argsort(neurons)
        place = order[np.searchsorted(neurons[order], found.neurons[here])]
        rows = base + room * (place + 0.5) / neurons.size
        _ticks(axes, found.spike_times_ns[here], rows, room / neurons.size / (base + sum(rooms)), colour(index))
        if base:
            axes.axhline(base - GAP / 2, color="0.7", linewidth=0.8)
        ticks.append((base + room / 2, _broken(f"{name} ({neurons.size})", len(names))))
        base, active, spikes = base + room + GAP, active + np.unique(place).size, spikes + place.size
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-GAP / 2, base)
    axes.set_xlim(0, found.doorbell_ns / NS_PER_US)
    dress(axes, _title(found, names, spikes, active, total), _time(found), None)


def _ticks(axes: Axes, times_ns: np.ndarray, rows: np.ndarray, share: float, shade: str) -> None:
    """Draw events as ticks; ``share`` is how much of the axes' height a row has."""
    points = share * axes.bbox.height / axes.figure.dpi * POINTS_PER_INCH
    size = min(max(TICK_OF_ROW * points, LEAST_POINTS), MOST_POINTS)
    look = {"marker": "|", "linestyle": "none", "markersize": size, "markeredgewidth": 1.6 if size > 4 else 1.2}
    axes.plot(times_ns / NS_PER_US, rows, color=shade, **look)


def _title(found: Replay, names: list[str], spikes: int, active: int, total: int) -> str:
    what = "One sample" if found.sample is not None else "The first spikes"
    if not names:
        return f"{what}: {counted(found.inputs.size, 'input event')}"
    return f"{what}: {counted(spikes, 'spike')} of {active} of {counted(total, 'neuron')}"


def _broken(name: str, populations: int) -> str:
    """The name of a population, in lines where few share the height of a raster."""
    return textwrap.fill(name, LABEL_CHARACTERS) if populations <= SHOWN_NEURONS else name


# ---------------------------------------------------------------------- membranes


def membranes(axes: Axes, found: Replay, populations: Populations) -> None:
    """Membranes of a few neurons that can spike one above the other: of early and late, or of busy and quiet ones."""
    registers, times_us = found.registers, found.times_ns / NS_PER_US
    spiking = registers.spiking.reshape(-1)
    numbers = {
        int(neuron): (f"neuron {k}" if len(populations) == 1 else f"{name} {k}")
        for name, neurons in populations.items()
        for k, neuron in enumerate(neurons)
        if spiking[neuron]
    }
    chosen = _chosen(found, list(numbers))
    room = LEAST_ROOM * sum(_height(found, neuron) for neuron, _ in chosen)
    base, ticks = 0.0, []
    for (neuron, name), shade in zip(chosen, CLASS_COLOURS, strict=False):
        leak, threshold = registers.leak_lsb.reshape(-1)[neuron], registers.threshold_lsb.reshape(-1)[neuron]
        trace = found.membranes_lsb[:, neuron] - leak
        distance = threshold - leak
        base += max(0.0, -trace.min())
        axes.axhline(base, color="0.8", linewidth=0.8)
        axes.axhline(base + distance, color=shade, linewidth=1, linestyle="--", alpha=0.7)
        axes.plot(times_us, base + trace, color=shade, linewidth=1.4)
        spikes_us = found.spikes_of(neuron) / NS_PER_US
        axes.plot(spikes_us, np.full(spikes_us.size, base + distance), marker="v", color=shade, linestyle="none")
        label = numbers[neuron] + f", {name}" * bool(name)
        top = base + max(distance, trace.max())
        axes.text(0.01 * times_us[-1], top + 0.06 * distance, label, color=shade, fontsize=9.5, va="bottom")
        if abs(distance) >= room:
            ticks += [(base, f"{leak:.0f}"), (base + distance, f"{threshold:.0f}")]
        else:  # two texts would lie on each other
            ticks.append((base + distance / 2, f"{leak:.0f}, {threshold:.0f}"))
        base = top + max(0.45 * distance, room)
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks])
    axes.set_ylim(top=base)  # with room for the name of the uppermost
    axes.set_xlim(0, found.doorbell_ns / NS_PER_US)
    x = f"{_time(found)}; dashed: threshold register, triangle: spike"
    dress(axes, "Membranes of neurons", x, "membrane [CADC LSB], traces shifted")


def _height(found: Replay, neuron: int) -> float:
    """How far apart the lowest and the highest is that is drawn of a neuron, and the room above it, in LSB."""
    leak, threshold = (of.reshape(-1)[neuron] for of in (found.registers.leak_lsb, found.registers.threshold_lsb))
    trace = found.membranes_lsb[:, neuron]
    return max(trace.max(), threshold) - min(trace.min(), leak) + 0.45 * (threshold - leak)


def _chosen(found: Replay, neurons: list[int]) -> list[tuple[int, str]]:
    """Which neurons are shown and why: three that spike, and of those that do not the one that came nearest."""
    known = set(neurons)
    order = [neuron for neuron in dict.fromkeys(found.neurons.tolist()) if neuron in known]
    names = ("first to spike", "halfway", "last to spike")
    if found.sample is None:  # many spike at once, and go on
        counts = {neuron: int((found.neurons == neuron).sum()) for neuron in order}
        order = sorted(order, key=lambda neuron: (-counts[neuron], neuron))
        names = ("most spikes", "halfway", "fewest spikes")
    places = np.unique(np.linspace(0, len(order) - 1, SHOWN_NEURONS).astype(int)) if order else ()
    chosen = [order[place] for place in places]
    shown = list(zip(chosen, names if len(chosen) == SHOWN_NEURONS else ("",) * len(chosen), strict=True))
    if silent := sorted(known - set(order)):
        distance = found.registers.threshold_lsb.reshape(-1)[silent] - found.membranes_lsb[:, silent].max(axis=0)
        shown.append((silent[int(distance.argmin())], "silent, nearest to spiking"))
    return shown


def readout_membranes(
    axes: Axes, found: Replay, classes: Sequence[str], prediction: str | None = None, true: str | None = None
) -> None:
    """Membranes of the readouts, which the chip reads once at the end, or which spike: then the first one decides.

    Where a task has classes, and not as many as there are leaky integrators, these are no readouts: a rule has them to
    collect something else.

    Args:
        classes: their names; none where the readouts stand for none. prediction, true: the class that the chip
            reported for this sample, and that it has.
    """
    readouts = found.layers[1]
    spike = bool(found.registers.spiking.reshape(-1)[readouts].any())
    of_classes = readouts.size == len(classes)
    kind = "Readouts" if spike or of_classes or not classes else "Leaky integrators"
    first_us = [found.spikes_of(n).min(initial=found.doorbell_ns) / NS_PER_US for n in readouts]
    one = kind.split()[-1].lower().removesuffix("s")
    names = list(classes) if of_classes else [f"{one} {k}" for k in range(readouts.size)]
    for index, (neuron, name) in enumerate(zip(readouts[:MOST_READOUTS], names, strict=False)):
        look, read = _look(index, of_classes)
        axes.plot(found.times_ns / NS_PER_US, found.membranes_lsb[:, neuron], label=name, linewidth=1.8, **look)
        seen = found.registers.threshold_lsb.reshape(-1)[neuron] if spike else found.cadc[neuron]
        if found.sample is not None and (not spike or found.spikes_of(neuron).size):
            axes.plot([first_us[index]], [seen], color=look["color"], clip_on=False, **read)
    for limit, name in ((0, "lower end of the CADC"), (c.CADC_MAX, "upper end of the CADC")):
        if abs(found.membranes_lsb[:, readouts] - limit).min() < 15:
            axes.axhline(limit, color=GREY, linewidth=0.8, linestyle=":")
            axes.text(0.3, limit, name, color=GREY, fontsize=9, va="bottom")
    axes.set_xlim(0, found.doorbell_ns / NS_PER_US)
    legend_below(axes, columns=6)
    title = kind
    if kind == "Readouts":
        title += _of_decision(true, prediction)
        if of_classes and prediction is not None:
            again = classes[int(np.argmin(first_us) if spike else found.cadc[readouts].argmax())]
            title += f", this time {again}" * (again != prediction)  # noise can turn a close decision
    if readouts.size > MOST_READOUTS:
        title += f"{',' if ':' in title else ':'} {MOST_READOUTS} of {readouts.size} shown"
    markers = "" if found.sample is None else f"; markers: {'first spikes' if spike else 'what the CADC reads then'}"
    dress(axes, title, f"{_time(found)}{markers}", "membrane [CADC LSB]")


def _look(index: int, of_classes: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """How the trace of a readout and the mark of what was read look; only those of classes have the classes' looks."""
    if of_classes:
        shades, shade = CLASS_COLOURS, class_colour(index)
        mark = {"marker": CLASS_MARKERS[index % len(CLASS_MARKERS)], "markersize": 8, "markeredgecolor": "black"}
    else:
        shades, shade = COLOURS, colour(index)
        mark = {"marker": ".", "markersize": 7}
    return {"color": shade, "linestyle": LINES[index // len(shades) % len(LINES)]}, mark


def _of_decision(true: str | None, prediction: str | None) -> str:
    """What a title says of the class of a sample."""
    said = "" if prediction is None else f", the chip said {prediction}"
    return said if true is None else f": class {true}{said}"
