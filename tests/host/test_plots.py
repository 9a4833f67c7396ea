"""The picture is a PNG of the promised size, drawn without a display, and shows what the run reported."""

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.core import core
from chip.fpga.samples import SampleSet
from host import panels, plots, tasks
from host.replay import replay, signed_weights
from ppu_programs.network import LIF, Linear, Network
from ppu_programs.placement import place, two_layers
from tests.host.test_results import make_result
from tests.host.toy import TASK

ROOT = Path(__file__).resolve().parents[2]
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


def a_result(task, wrong=3, **changes):
    predictions = task.test.targets.copy()
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


def test_signed_weights_are_those_that_were_stored(registers):
    hidden = signed_weights(registers, c.TOP)
    assert hidden.tolist() == [[63, 5, 0], [0, 0, -7]]
    assert sorted(signed_weights(registers, c.BOTTOM).ravel().tolist()) == [-6, 0, 0, 0, 0, 0, 0, 0, 5]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"complete": False, "accuracy": None, "trained": []},
        {"trained": [0.5] * 30, "speed": {"chip_us_per_sample": None}},
    ],
    ids=["finished", "interrupted at once", "long"],
)
def test_picture_is_a_png_of_the_promised_size(shown, changes):
    found, task = shown
    png = plots.draw(a_result(task, **changes), task, found)
    assert imread(io.BytesIO(png)).shape[:2] == (1_000, 1_600)


def test_picture_of_a_task_that_is_not_in_the_plane(shown):
    found, _ = shown
    result = make_result(arrays={"test_predictions": np.array([0], np.uint8)}, curve=None)
    png = plots.draw(result, TASK, dataclasses.replace(found, sample=TASK.ranges["test"].start, target=1))
    assert imread(io.BytesIO(png)).shape[:2] == (1_000, 1_600)


def test_map_counts_and_rings_the_wrong_ones(shown):
    _, task = shown
    axes = Figure().subplots()
    panels.decisions(axes, a_result(task, wrong=3), task)
    assert axes.get_title(loc="left") == "Decisions of the chip: 3 of 1000 test samples wrong"
    rings = next(line for line in axes.lines if line.get_label() == "wrong")
    assert np.array_equal(rings.get_xydata(), task.test.inputs[:3, :2])
    assert sum(len(line.get_xdata()) for line in axes.lines) == 1_000 + 3


def test_map_without_predictions_says_so(shown):
    _, task = shown
    axes = Figure().subplots()
    panels.decisions(axes, make_result(arrays={}, curve=None), task)
    assert axes.get_title(loc="left").endswith("not reached")


def test_a_decision_that_noise_turned_is_named(shown):
    found, task = shown
    axes = Figure().subplots()
    panels.readout_membranes(axes, found, task, "dot")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said dot, this time yang"
    panels.readout_membranes(axes, found, task, "yang")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said yang"


def test_readouts_that_spike_are_told_from_hidden_neurons_and_the_first_one_decides(shown):
    found, task = shown
    registers = place(Network(Linear(2, 3), LIF(3), Linear(3, 3), LIF(3))).routing()
    spikes = {"spike_times_ns": np.array([2_000, 4_000, 5_000]), "neurons": np.array([0, 260, 258])}
    spiking = dataclasses.replace(found, registers=registers, **spikes)
    assert [layer.tolist() for layer in spiking.layers] == [[0, 2, 4], [256, 258, 260]]
    axes = Figure().subplots()
    panels.raster(axes, spiking)
    assert axes.get_title(loc="left") == "One sample: 1 spike of 1 of 3 hidden neurons"
    panels.readout_membranes(axes, spiking, task, "yang")
    assert axes.get_title(loc="left") == "Readouts: class dot, the chip said yang, this time dot"


def test_the_name_of_the_only_neuron_stays_below_the_title(shown):
    found, _ = shown
    registers = place(Network(Linear(2, 1), LIF(1), Linear(1, 3), LIF(3))).routing()
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    panels.hidden_membranes(axes, dataclasses.replace(found, registers=registers))
    figure.draw_without_rendering()
    assert [text.get_text() for text in axes.texts] == ["neuron 0"]
    assert axes.texts[0].get_window_extent().y1 < axes.bbox.y1


def test_the_legend_of_the_learning_curve_covers_nothing(shown):
    _, task = shown
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    panels.learning_curve(axes, a_result(task, trained=[0.33], accuracy=0.35))
    figure.draw_without_rendering()
    assert len(axes.get_legend().get_texts()) == 3
    assert axes.get_legend().get_window_extent().y1 < axes.xaxis.label.get_window_extent().y0


def test_class_colours_stay_apart_without_colour():
    assert len(set(panels.CLASS_COLOURS)) == len(panels.CLASS_COLOURS) == len(set(panels.CLASS_MARKERS))


def test_saving_leaves_one_whole_file(shown, tmp_path):
    found, task = shown
    plots.save(tmp_path, a_result(task), task, found)
    assert [path.name for path in tmp_path.iterdir()] == ["result.png"]


def test_picture_needs_no_display_and_no_global_state():
    code = (
        "import sys\nfrom tests.host import test_plots as t\n"
        "registers = t.registers.__wrapped__()\n"
        "found, task = t.shown.__wrapped__(registers)\n"
        "assert t.plots.draw(t.a_result(task), task, found).startswith(b'\\x89PNG')\n"
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


def test_a_picture_needs_the_task_s_own_samples_in_their_order():
    def host_with(tags):
        samples = SampleSet(np.zeros(len(tags) + 1, int), np.zeros(0, int), np.zeros(0, int), np.array(tags), 8_000)
        return SimpleNamespace(built=SimpleNamespace(stimuli=samples), task=TASK)

    assert plots.can_draw(host_with(TASK.targets.tolist()))
    assert not plots.can_draw(host_with(TASK.targets.tolist()[:-1]))
    assert not plots.can_draw(host_with([5] * len(TASK.targets)))
