"""The picture of a comparison shows what its table says, whatever is missing in it."""

import dataclasses
import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from host.compare import Comparison, Plan, Sweep, panels, pictures
from host.compare.look import Look
from host.compare.rows import COLUMNS, row_of
from tests.host.sound_pictures import assert_sound, assert_ticks_apart

SEEDS = (1, 2, 3)
NUMBERS = [name for name in COLUMNS if name.endswith(("value", "sample", "neuron"))]


def made(sweep=None, chips=("ideal", "typical"), seeds=SEEDS, where=("chip",), **missing):
    """A comparison of made-up rows: accuracy falls with the seed, and with the swept value."""
    plan = Plan("yin-yang", chips=chips, seeds=seeds, where=where, sweep=sweep and Sweep.parse(sweep))
    rows = []
    for run in plan.runs:
        value = run.sweep_value if isinstance(run.sweep_value, float) else 0.0
        accuracy = 0.98 - 0.01 * run.seed - value
        figures = {
            "metric": "accuracy",
            "value": accuracy,
            "chip_us_per_sample": 200.0 + run.seed,
            "link_us_per_sample": 100.0,
            "host_us_per_sample": 50.0,
            "total_us_per_sample": 350.0 + run.seed,
            "link_bytes_per_sample": 0.0,
            "energy_low_uj_per_sample": 40.0,
            "energy_high_uj_per_sample": 140.0,
            "system_energy_low_uj_per_sample": 1120.0,
            "system_energy_high_uj_per_sample": 1120.0,
            "spikes_per_hidden_neuron": 0.4,
            "epochs": 2,
            "curve": (accuracy - 0.2, accuracy),
            "complete": True,
        }
        rows.append(dataclasses.replace(row_of(run, None, "", ""), **(figures | missing)))
    return Comparison(plan, rows, training_samples=5000)


@pytest.mark.parametrize(
    ("options", "height"),
    [
        ({}, 1100),
        ({"sweep": "mismatch=0,0.1,0.5"}, 1100),
        ({"sweep": "noise=" + ",".join(f"0.0{digits}" for digits in range(10, 25)), "chips": ("ideal",)}, 1460),
        ({"where": ("chip", "host"), "link_bytes_per_sample": 449.0}, 1100),
    ],
    ids=["plain", "swept", "many", "with bytes"],
)
def test_picture_is_sound_and_of_the_promised_size(options, height):
    picture = pictures.draw(made(**options))
    assert_sound(picture.figure)
    assert imread(io.BytesIO(picture.png())).shape[:2] == (height, 1800)


@pytest.mark.parametrize("missing", ["value", "total_us_per_sample", "spikes_per_hidden_neuron", "curve"])
def test_what_no_run_has_is_not_shown(missing):
    figure = pictures.draw(made(**{missing: () if missing == "curve" else None})).figure
    assert_sound(figure)
    assert all(axes.get_title(loc="left") for axes in figure.axes)


def test_firmware_without_samples_has_its_metric_curve_and_chip_time():
    nothing = dict.fromkeys([name for name in NUMBERS if name not in ("value", "sweep_value")])
    figure = pictures.draw(made(**nothing, metric="rate_error", chip_seconds=0.25)).figure
    titles = ["Rate error", "Learning: rate error while learning", "Chip time of a run"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == titles
    assert_sound(figure)


def test_metrics_behind_the_headline_have_panels_of_their_own_and_the_spikes_of_a_sample_another():
    metrics = {"accuracy": 0.9, "test_spikes": 0.4, "shuffled_accuracy": 0.5, "rate_error_hz": 3.0, "unknown": None}
    figure = pictures.draw(made(metrics=metrics)).figure
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[-2:] == ["Shuffled accuracy", "Rate error [Hz]"] and "Test spikes" not in titles
    assert_sound(figure)
    shown = {text.get_text() for axes in figure.axes[-2:] for text in axes.texts}
    assert shown == {"0.5000 ± 0.0000", "3 ± 0"}


def test_no_more_than_twelve_panels_however_many_metrics():
    figure = pictures.draw(made(metrics={f"rate_{n}": float(n) for n in range(20)})).figure
    assert len(figure.axes) <= 12
    assert_sound(figure)


def test_nothing_complete_or_known_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no run is complete"):
        pictures.draw(made(complete=False))
    with pytest.raises(ValueError, match="no run has a number"):
        pictures.draw(made(**dict.fromkeys(NUMBERS), curve=()))


def panel(draw, comparison, *more):
    axes = Figure().subplots()
    draw(axes, comparison.groups(), Look(comparison), *more)
    return axes


def test_accuracies_are_seeds_with_their_mean_and_spread():
    axes = panel(panels.headlines, made(chips=("ideal",)))
    seeds, mean = axes.lines[0], axes.lines[1]
    assert np.allclose(seeds.get_xdata(), [0.97, 0.96, 0.95])
    assert mean.get_xdata() == pytest.approx([0.96])
    assert axes.texts[0].get_text() == "0.9600 ± 0.0100"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["eventprop"]


def test_other_metrics_are_called_by_their_name_and_shown_as_they_are():
    axes = panel(panels.headlines, made(chips=("ideal",), metric="rate_error", value=0.51234))
    assert axes.get_title(loc="left") == "Rate error" and axes.texts[0].get_text() == "0.5123 ± 0"
    comparison = made(chips=("ideal",), metric="rate_error")
    comparison.rows[0] = dataclasses.replace(comparison.rows[0], metric="reward")
    axes = panel(panels.learning_curves, comparison, 0)
    assert axes.get_ylabel() == "first metric of each rule" and axes.get_xlabel() == "epoch"


def test_a_curve_whose_points_are_no_epochs_says_what_they_are():
    axes = panel(panels.learning_curves, made(chips=("ideal",), step="look"), 5000)
    assert axes.get_xlabel() == "look" and axes.lines[0].get_xdata().tolist() == [1, 2]
    axes = panel(panels.learning_curves, made(chips=("ideal",)), 5000)
    assert axes.get_xlabel() == "training samples seen" and axes.lines[0].get_xdata().tolist() == [5000, 10000]


def test_learning_curves_count_samples():
    axes = panel(panels.learning_curves, made(), 5000)
    line = axes.lines[0]
    assert np.allclose(line.get_xydata(), [[5000, 0.76], [10_000, 0.96]])
    assert line.get_label() == "eventprop, ideal" and len(axes.collections) == 2


def test_robustness_is_the_first_metric_against_the_swept_value():
    axes = panel(panels.swept, made("mismatch=0,0.1,0.5"), "mismatch")
    assert np.allclose(axes.lines[0].get_xydata(), [[0, 0.96], [0.1, 0.86], [0.5, 0.46]])
    assert axes.get_xlabel() == "mismatch"
    switched = panel(panels.swept, made("strict=true,false"), "strict")
    assert np.allclose(switched.lines[0].get_xdata(), [0, 1])
    named = panel(panels.swept, made("rule.order=same,shuffled"), "rule.order")
    assert [tick.get_text() for tick in named.get_xticklabels()] == ["same", "shuffled"]


@pytest.mark.parametrize(
    ("swept", "expected"),
    [
        ("rule.batch=2,5,10", ["2", "5", "10"]),
        ("rule.batch=10,2", ["2", "10"]),
        ("rule.batch=7", ["7"]),
        ("mismatch=0,0.1,0.5", ["0", "0.1", "0.5"]),
    ],
)
def test_ticks_of_a_sweep_are_at_its_values(swept, expected):
    figure = pictures.draw(made(swept, chips=("ideal",))).figure
    assert_sound(figure)
    (axes,) = (axes for axes in figure.axes if axes.get_title(loc="left").startswith(("Setting", "Robustness")))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == expected
    assert np.allclose(axes.get_xticks(), [float(text) for text in expected])


def test_ticks_of_a_sweep_with_no_room_for_its_values_are_whole_where_these_are():
    axes = panel(panels.swept, made("rule.batch=1,2,3,1000", chips=("ideal",)), "rule.batch")
    axes.figure.draw_without_rendering()
    assert all(tick % 1 == 0 for tick in axes.get_xticks())
    assert_ticks_apart(axes)


@pytest.mark.parametrize(("seeds", "expected"), [((1,), "accuracy"), (SEEDS, "mean and spread")])
def test_mean_and_spread_are_named_where_there_are_several_seeds(seeds, expected):
    assert panel(panels.headlines, made(seeds=seeds)).get_xlabel().endswith(expected)


@pytest.mark.parametrize("options", [{"sweep": "mismatch=0,0.1,0.5"}, {"curve": (0.5,), "epochs": 1}])
def test_legends_cover_no_axes(options):
    for draw, *more in ((panels.learning_curves, 5000), (panels.swept, "mismatch"), (panels.sparseness,)):
        axes = panel(draw, made(**options), *more)
        FigureCanvasAgg(axes.figure)
        axes.figure.draw_without_rendering()
        if (legend := axes.get_legend()) is not None:
            assert legend.get_window_extent().y1 < axes.xaxis.label.get_window_extent().y0
        assert legend is not None or len(made(**options).groups()) > panels.LEGEND_GROUPS


def test_labels_say_what_their_values_are():
    axes = panel(panels.learning_curves, made("mismatch=0,0.1,0.5"), 5000)
    assert axes.get_legend().get_title().get_text() == "rule, chip, mismatch"
    assert axes.get_legend().get_texts()[0].get_text() == "eventprop, ideal, 0.0"
    for draw in (panels.headlines, panels.times, panels.energies):
        assert panel(draw, made("rule.batch=10,25", chips=("ideal",))).get_ylabel() == "rule, batch"
        assert panel(draw, made()).get_ylabel() == ""


@pytest.mark.parametrize(("seeds", "bars"), [((1,), 0), (SEEDS, 2)])
def test_a_single_seed_has_no_error_bar(seeds, bars):
    comparison = made(chips=("ideal",), seeds=seeds, where=("chip", "host"))
    assert sum(len(c.get_segments()) for c in panel(panels.headlines, comparison).collections) == bars
    assert sum(len(c.get_segments()) for c in panel(panels.times, comparison).collections) == bars
    links = panel(panels.cost, comparison, "link_bytes_per_sample", "", "")
    assert sum(len(c.get_segments()) for c in links.collections) == bars
    swept = panel(panels.swept, made("mismatch=0,0.5", chips=("ideal",), seeds=seeds), "mismatch")
    assert sum(len(c.get_segments()) for c in swept.collections) == bars


def test_time_is_stacked_of_chip_link_and_host():
    axes = panel(panels.times, made(chips=("ideal",)))
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0, 202), (202, 100), (302, 50)]
    assert [text.get_text().strip() for text in axes.texts] == ["352"]
    assert "total us" in made().summary() and "352 = 202+100+50" in made().summary()


def test_energy_is_a_range():
    axes = panel(panels.energies, made(chips=("ideal",)))
    assert [text.get_text().strip() for text in axes.texts] == ["40 to 140 µJ", "1120 µJ"]
    chip, _ = axes.patches
    assert (chip.get_x(), chip.get_width()) == (40, 100)


def test_saving_leaves_one_whole_file(tmp_path):
    pictures.save(tmp_path, made())
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.png"]


def test_the_bar_of_a_host_has_its_time_on_the_other_link_beside_it():
    either = {
        "link_today_us_per_sample": 108.0,
        "total_today_us_per_sample": 360.0,
        "total_optimistic_us_per_sample": 190.0,
    }
    for preset, said in (("today", "; optimistic 190"), ("optimistic", "; today 360")):
        axes = panel(panels.times, made(chips=("ideal",), where=("host",), link_preset=preset, **either))
        assert [text.get_text() for text in axes.texts] == [f"  352{said}"]
    own = panel(panels.times, made(chips=("ideal",), where=("host",), link_preset="own settings", **either))
    assert own.texts[0].get_text() == "  352; today 360; optimistic 190"
    alone = panel(
        panels.times, made(chips=("ideal",), link_preset="today", **either | {"link_today_us_per_sample": 0.0})
    )
    assert "today" not in alone.texts[0].get_text()
