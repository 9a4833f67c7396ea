"""The picture is a PNG of the promised size, drawn without a display, and shows what the run reported."""

import dataclasses
import io
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rc_context, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.core import core
from chip.fpga.samples import SampleSet
from chip.ppu.program import UncompiledProgram
from host import tasks
from host.pictures import plots
from host.pictures.panels import activity, arrays, classes, fitting, learning, look, weights
from host.pictures.replay import replay
from host.pictures.view import View
from host.results.reading import Origin
from ppu_programs import Built, Firmware
from ppu_programs.network import LIF, Linear, Network
from ppu_programs.placement import place, two_layers
from tests.host.results.test_results import make_result
from tests.host.sound_pictures import assert_sound, assert_ticks_apart, points_of
from tests.host.toy import TASK

ROOT = Path(__file__).resolve().parents[3]
INPUTS, HIDDEN, READOUTS, DURATION_NS = 2, 3, 3, 20_000
LABELS = place(two_layers(INPUTS, HIDDEN, READOUTS)).input_labels


@pytest.fixture(scope="module")
def registers():
    """Input 0 excites hidden neuron 0 a lot; neuron 0 excites readout 1 and inhibits readout 2."""
    placement = place(two_layers(INPUTS, HIDDEN, READOUTS))
    registers = placement.routing()
    registers.efficacy_lsb[...] = 4.0
    placement.store(registers, 0, np.array([[63, 5, 0], [0, 0, -7]]))
    placement.store(registers, 1, np.array([[0, 5, -6], [0, 0, 0], [0, 0, 0]]))
    return registers


@pytest.fixture(scope="module")
def shown(registers):
    task = tasks.yin_yang()
    samples = SampleSet(
        offsets=np.array([0, 0, 2]),
        times_ns=np.array([1_000, 9_000]),
        labels=LABELS,
        tags=np.array([0, 2], np.uint16),
        duration_ns=DURATION_NS,
    )
    blank = registers.weights.copy()
    registers.weights[...] = 0  # what was learned comes from the result
    found = replay(ChipConfig.ideal(), registers, blank, samples, 1)
    registers.weights[...] = blank
    return dataclasses.replace(found, sample=task.ranges["test"].start), task


class Sleeper(UncompiledProgram):
    name = "sleeper"

    def main(self, ppu):
        yield ppu.wait(1)
        return 0


class Nothing(Firmware):
    """A firmware that has built what a test shows."""


def seen(registers, task, tags=None):
    """Where a run of a task came from whose samples all have the same two events."""
    tags = task.targets if tags is None else np.array(tags)
    count = len(tags)
    samples = SampleSet(
        offsets=2 * np.arange(count + 1),
        times_ns=np.tile([1_000, 9_000], count),
        labels=np.tile(LABELS, count),
        tags=tags.astype(np.uint16),
        duration_ns=DURATION_NS,
    )
    built = Built(registers, (Sleeper(), None), samples)
    return Origin(Nothing(), task, built, ChipConfig.ideal(), None, "chip")


def draw(result, registers, task):
    result.arrays["weights"] = registers.weights
    result.origin = seen(registers, task)
    return plots.draw(result)


def titles(picture):
    return [axes.get_title(loc="left").partition(":")[0] for axes in picture.figure.axes]


def a_result(task, wrong=3, **changes):
    predictions = task.test.targets[: 0 if wrong is None else None].copy()
    predictions[:wrong] = (predictions[:wrong] + 1) % len(task.classes)
    metrics = {"accuracy": changes.pop("accuracy", 0.5), "validation_accuracy": 0.4}
    arrays = {"test_predictions": predictions, "train_accuracy": np.array(changes.pop("trained", [0.25, 0.5]))}
    return make_result(**{"metrics": metrics, "arrays": arrays} | changes)


def test_replay_is_what_the_core_does(shown):
    found, _ = shown
    assert (found.target, found.doorbell_ns) == (2, DURATION_NS + 600)
    assert found.input_times_ns.tolist() == [1_000, 9_000] and found.inputs.tolist() == [0, 1]
    assert set(found.neurons) == {0}  # column 0 on top
    assert found.spikes_of(0).size and (found.spikes_of(0) > 1_000).all()
    assert found.times_ns[0] == 0 and found.times_ns[-1] == found.doorbell_ns
    assert found.membranes_lsb.shape == (found.times_ns.size, c.NEURONS)
    before = found.membranes_lsb[found.times_ns < 1_000]
    assert np.array_equal(before, np.broadcast_to(before[0], before.shape))
    readouts = c.COLUMNS + 2 * np.arange(READOUTS)
    assert found.cadc[readouts[1]] > found.cadc[readouts[0]] > found.cadc[readouts[2]]
    assert np.abs(found.cadc[readouts] - found.membranes_lsb[-1, readouts]).max() <= 0.5


def test_a_replay_has_all_spikes_of_a_sample_that_is_longer_than_the_record(registers, shown, monkeypatch):
    found, _ = shown
    samples = SampleSet(np.array([0, 2]), found.input_times_ns, LABELS, np.array([2]), DURATION_NS)
    monkeypatch.setattr(core, "RECORD_NS", 1_600)
    again = replay(ChipConfig.ideal(), registers, registers.weights, samples, 0)
    assert np.array_equal(again.spike_times_ns, found.spike_times_ns)


def test_weights_of_rows_with_signs_are_those_that_were_stored(registers):
    shown = View(seen(registers, TASK, [0])).weights_of(registers.weights)
    assert {name: len(after) for name, (_, after) in shown.items()} == {"top hemisphere": 6, "bottom hemisphere": 9}
    assert sorted(shown["top hemisphere"][1].tolist()) == [-7, 0, 0, 0, 5, 63]
    assert sorted(shown["bottom hemisphere"][1].tolist()) == [-6, 0, 0, 0, 0, 0, 0, 0, 5]


def test_bins_of_weights_lie_around_zero_and_around_both_limits():
    axes = Figure().subplots()
    values = np.array([-63, -1, 0, 1, 62, 63])
    weights.weight_histogram(axes, {"a to b": (values, values)})
    edges = np.unique(np.concatenate([patch.get_xy()[:, 0] for patch in axes.patches]))
    assert np.array_equal(edges, -edges[::-1]) and (edges[0], edges[-1]) == (-64.5, 64.5)
    tops = {x: max(patch.get_xy()[patch.get_xy()[:, 0] == x, 1].max() for patch in axes.patches) for x in (-1.5, 1.5)}
    assert tops == {-1.5: 0.5, 1.5: 0.5}


ALL = ["Learning curve", "Decisions of the chip", "Weights", "One sample", "Membranes of neurons", "Readouts"]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"complete": False, "accuracy": None, "trained": [], "wrong": None}, ALL[:2]),
        ({"trained": [0.5] * 30, "speed": {"chip_us_per_sample": None}}, []),
    ],
    ids=["finished", "interrupted at once", "long"],
)
def test_picture_has_the_panels_that_there_are_and_is_sound(registers, shown, changes, missing):
    _, task = shown
    picture = draw(a_result(task, **changes), registers, task)
    assert titles(picture)[: 6 - len(missing)] == [name for name in ALL if name not in missing]
    assert_sound(picture.figure)
    assert imread(io.BytesIO(picture.png())).shape == (1_000, 1_600, 4)


def test_picture_of_a_task_that_is_not_in_the_plane(registers):
    result = make_result(arrays={"test_predictions": np.array([0], np.uint8)}, curve=None)
    picture = draw(result, registers, TASK)
    assert titles(picture) == [*ALL[1:-1], "Leaky integrators", "Time of the processors"]  # 3, and 2 classes
    assert_sound(picture.figure)


def test_arrays_without_a_panel_are_named(registers):
    arrays = {name: np.arange(5) for name in ("first", "second", "third", "fourth")}
    picture = draw(make_result(arrays=arrays, curve=None), registers, TASK)
    caption = picture.figure.get_supxlabel().split("\n")[-1]
    undrawn = [name for name in arrays if name.capitalize() not in titles(picture)]
    assert undrawn and caption == f"Arrays for which there is no room here: {', '.join(undrawn)}; see result.arrays."
    assert_sound(picture.figure)


def test_long_texts_are_broken_and_touch_nothing():
    figure = fitting.new_figure((16, 10), 100, "a title of a figure " * 20)
    for axes in fitting.add_panels(figure, 5):
        axes.bar(range(12), range(1, 13))
        axes.set_xticks(range(12), [f"a long name {k}" for k in range(12)])
        look.dress(axes, "a title of a panel " * 8, "what stands below " * 8, "what stands beside " * 8)
    figure.supxlabel("a caption " * 60)
    with pytest.raises((AssertionError, UserWarning), match="leaves|runs into|touch|collapsed"):
        assert_sound(figure)
    fitting.fit(figure)
    assert_sound(figure)


@pytest.mark.parametrize("count", range(1, 13))
def test_panels_fill_the_rows(count):
    rows = fitting.rows_of(count)
    assert sum(rows) == count and max(rows) <= 3 and rows == sorted(rows, reverse=True)
    figure = fitting.new_figure((16, 10), 100, "title")
    panels = fitting.add_panels(figure, count)
    grid = panels[0].get_subplotspec().get_gridspec()
    assert len(panels) == count and grid.nrows == len(rows)
    covered = sum(axes.get_subplotspec().colspan.stop - axes.get_subplotspec().colspan.start for axes in panels)
    assert covered == grid.nrows * grid.ncols


def test_a_users_own_settings_of_matplotlib_change_nothing(registers, shown):
    """Such as LaTeX for all texts, which needs not be there."""
    _, task = shown
    expected = draw(a_result(task), registers, task).png()
    mine = {"text.usetex": True, "axes.grid": True, "font.size": 30, "figure.dpi": 30, "savefig.dpi": 20}
    with rc_context(mine):
        assert draw(a_result(task), registers, task).png() == expected
        assert rcParams["text.usetex"] and rcParams["font.size"] == 30


def test_map_counts_and_rings_the_wrong_ones(shown):
    _, task = shown
    axes = Figure().subplots()
    classes.decisions(axes, a_result(task, wrong=3), task)
    assert axes.get_title(loc="left") == "Decisions of the chip: 3 of 1000 test samples wrong"
    rings = next(line for line in axes.lines if line.get_label() == "wrong")
    assert np.array_equal(rings.get_xydata(), task.test.inputs[:3, :2])
    assert sum(len(line.get_xdata()) for line in axes.lines) == 1_000 + 3


def test_a_decision_that_noise_turned_is_named(shown):
    found, task = shown
    axes = Figure().subplots()
    activity.readout_membranes(axes, found, task.classes, "dot", "dot")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said dot, this time yang"
    activity.readout_membranes(axes, found, task.classes, "yang", "dot")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said yang"


def test_readouts_that_spike_are_told_from_hidden_neurons_and_the_first_one_decides(shown):
    found, task = shown
    registers = place(Network(Linear(2, 3), LIF(3), Linear(3, 3), LIF(3))).routing()
    spikes = {"spike_times_ns": np.array([2_000, 4_000, 5_000]), "neurons": np.array([0, 260, 258])}
    spiking = dataclasses.replace(found, registers=registers, **spikes)
    assert [layer.tolist() for layer in spiking.layers] == [[0, 2, 4], [256, 258, 260]]
    axes = Figure().subplots()
    activity.raster(axes, spiking, {"hidden": spiking.layers[0]})
    assert axes.get_title(loc="left") == "One sample: 1 spike of 1 of 3 neurons"
    activity.readout_membranes(axes, spiking, task.classes, "yang", "dot")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said yang, this time dot"


def test_integrators_that_are_no_readouts_of_classes_do_not_look_like_them(shown):
    found, _ = shown
    axes = Figure().subplots()
    activity.readout_membranes(axes, found, ("low", "high"), "low", "high")
    assert axes.get_title(loc="left") == "Leaky integrators"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [f"integrator {k}" for k in range(READOUTS)]
    assert not {line.get_marker() for line in axes.lines} & set(look.CLASS_MARKERS)


def test_of_many_readouts_it_is_said_how_many_are_shown_and_they_look_different(shown):
    found, _ = shown
    registers = place(two_layers(INPUTS, HIDDEN, 14)).routing()
    axes = Figure().subplots()
    activity.readout_membranes(axes, dataclasses.replace(found, registers=registers), ())
    assert axes.get_title(loc="left") == "Readouts: 12 of 14 shown"
    traces = [line for line in axes.lines if np.size(line.get_xdata()) == found.times_ns.size]
    assert len(traces) == 12 == len({(line.get_color(), line.get_linestyle()) for line in traces})


@pytest.mark.parametrize("lowest_lsb", [0, -40, -400, -2_000])
def test_ticks_of_membranes_stay_apart_however_low_these_go(shown, lowest_lsb):
    found, _ = shown
    low = found.membranes_lsb.copy()
    low[50] += lowest_lsb
    figure = fitting.new_figure((16, 5), 100, "title")
    axes = fitting.add_panels(figure, 3)[0]
    activity.membranes(axes, dataclasses.replace(found, membranes_lsb=low), {"hidden": found.layers[0]})
    figure.draw_without_rendering()
    assert_ticks_apart(axes)
    for one, other in combinations([text.get_window_extent() for text in axes.texts], 2):
        assert not one.overlaps(other)


def test_the_name_of_the_only_neuron_stays_below_the_title(shown):
    found, _ = shown
    registers = place(Network(Linear(2, 1), LIF(1), Linear(1, 3), LIF(3))).routing()
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    alone = dataclasses.replace(found, registers=registers)
    activity.membranes(axes, alone, {"hidden": alone.layers[0]})
    figure.draw_without_rendering()
    assert [text.get_text() for text in axes.texts] == ["neuron 0"]
    assert axes.texts[0].get_window_extent().y1 < axes.bbox.y1


def test_the_legend_of_the_learning_curve_covers_nothing(shown):
    _, task = shown
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    learning.learning_curve(axes, a_result(task, trained=[0.33], accuracy=0.35))
    figure.draw_without_rendering()
    assert len(axes.get_legend().get_texts()) == 3
    assert axes.get_legend().get_window_extent().y1 < axes.xaxis.label.get_window_extent().y0


def test_a_metric_of_an_earlier_time_is_not_marked_at_the_end():
    metrics = {"error_lsb": 0.5, "first_error_lsb": 9.0, "validation_error_lsb": 0.6, "error": 3.0}
    result = make_result(metrics=metrics, arrays={"errors": np.array([9.0, 0.7])}, curve="errors", task=None)
    axes = Figure().subplots()
    learning.learning_curve(axes, result)
    _, *ends = (line for line in axes.lines if line.get_transform() is axes.transData)
    assert [line.get_ydata()[0] for line in ends] == [0.5, 0.6]


def test_arrays_over_the_axis_of_the_curve_count_as_the_curve_does():
    values = {"errors": np.array([3.0, 2.0, 1.0]), "rates": np.ones((3, 2)) / 2, "counts": np.ones((3, 9)) / 2}
    values |= {"cells": np.array([0.5, 1.5])}
    axes_of = {"errors": ["update"], "rates": ["update", "side"], "counts": ["update", "column"], "cells": ["cell"]}
    result = make_result(metrics={"error": 1.0}, arrays=values, curve="errors", axes=axes_of, task=None)
    curve, lines, image, indices = (Figure().subplots() for _ in range(4))
    learning.learning_curve(curve, result)
    for axes, name in ((lines, "rates"), (image, "counts"), (indices, "cells")):
        arrays.array(axes, result, name)
    steps = [1, 2, 3]
    assert curve.lines[0].get_xdata().tolist() == steps
    assert [line.get_xdata().tolist() for line in lines.lines] == [steps, steps]
    assert tuple(image.images[0].get_extent()) == (0.5, 3.5, -0.5, 8.5)
    assert indices.lines[0].get_xdata().tolist() == [0, 1]


@pytest.mark.parametrize(
    "values", [np.tile([0, 1, 2, 3, 1], 40), np.array([1, 0, 1], np.uint8), np.array([True, False])]
)
def test_whole_numbers_are_dots_at_whole_ticks(values):
    result = make_result(arrays={"pulled": values, "share": values / 2}, curve=None, axes={"pulled": ["pull"]})
    dots, joined = Figure().subplots(1, 2)
    arrays.array(dots, result, "pulled")
    arrays.array(joined, result, "share")
    assert dots.lines[0].get_linestyle() == "None" and dots.lines[0].get_marker() == "o"
    assert all(tick % 1 == 0 for tick in [*dots.get_yticks(), *dots.get_xticks()])
    assert joined.lines[0].get_linestyle() == "-"


def test_class_colours_stay_apart_without_colour():
    assert len(set(look.CLASS_COLOURS)) == len(look.CLASS_COLOURS) == len(set(look.CLASS_MARKERS))


def test_saving_leaves_one_whole_file(registers, shown, tmp_path):
    _, task = shown
    draw(a_result(task), registers, task).save(tmp_path / "result.png")
    assert [path.name for path in tmp_path.iterdir()] == ["result.png"]


def test_a_raster_shows_every_spike_at_its_neuron(shown):
    """Populations need not lie in the order of columns."""
    found, _ = shown
    spikes = {"spike_times_ns": np.array([1_000, 2_000, 3_000, 4_000]), "neurons": np.array([7, 300, 5, 7])}
    axes = Figure().subplots()
    activity.raster(axes, dataclasses.replace(found, **spikes), {"a": np.array([7, 5]), "b": np.array([300])})
    _, a, b = (line for line in axes.lines if line.get_marker() == "|")
    assert a.get_xdata().tolist() == [1.0, 3.0, 4.0] and b.get_xdata().tolist() == [2.0]
    first, second, third = a.get_ydata()
    assert first == third < second < b.get_ydata()[0]


def test_picture_needs_no_display_and_no_global_state():
    code = (
        "import sys\nfrom tests.host.pictures import test_plots as t\n"
        "registers = t.registers.__wrapped__()\n"
        "task = t.tasks.yin_yang()\n"
        "assert t.draw(t.a_result(task), registers, task).png().startswith(b'\\x89PNG')\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment | {"MPLBACKEND": "TkAgg"}, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "reported, expected",
    [
        ([1], [1]),
        (np.array([0], np.uint8), [0]),
        ([], []),
        ([7], []),  # no class of the task
        ([-1], []),
        ([1, 0], []),  # more than there are test samples
        ([[1]], []),
        ([0.5], []),
    ],
)
def test_what_was_reported_is_taken_for_classes_where_it_can_be(reported, expected):
    np.testing.assert_array_equal(TASK.classes_of_test(reported), expected)


def test_decisions_are_shown_of_the_task_s_own_samples_in_their_order(registers):
    assert View(seen(registers, TASK)).has_classes
    assert not View(seen(registers, TASK, TASK.targets[:-1])).has_classes
    assert not View(seen(registers, TASK, [5] * len(TASK.targets))).has_classes


def test_the_check_of_panels_can_fail():
    figure = fitting.new_figure((16, 5), 100, "title")
    full, empty = fitting.add_panels(figure, 2)
    full.plot([1, 2])
    empty.axhline(3)
    empty.plot([], [], label="nothing")
    assert (points_of(full), points_of(empty)) == (2, 0)
    with pytest.raises(AssertionError, match="is empty"):
        assert_sound(figure)
