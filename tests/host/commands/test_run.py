"""``plasticore run``, and one user's rule through every command that takes one; the pictures of our own examples."""

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from matplotlib.figure import Figure

import ppu_programs
from chip import Chip, ChipConfig
from chip.base.saving import npz_bytes
from host import Host, Result, tasks
from host.cli import main
from host.commands.arguments import show
from host.firmware import rules
from host.pictures.panels import arrays as panels
from host.pictures.view import view_of
from host.results.metrics import in_words
from host.running.interrupts import Interrupts
from tests.host.inline import Inline
from tests.host.results.test_results import make_result
from tests.host.sound_pictures import assert_sound, points_of

ROOT = Path(__file__).resolve().parents[3]
OWN = Path(__file__).parents[1] / "own_rule.py"


@pytest.fixture
def own(tmp_path, imports_are_undone, monkeypatch):
    """A user's directory with a rule's file; return what names the rule."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN.read_text(encoding="utf-8"), encoding="utf-8")
    return "mine.py:Own"


def titles(result):
    return [
        axes.get_title(loc="left").partition(":")[0] for axes in result.plot().figure.axes if axes.get_title("left")
    ]


# ---------------------------------------------------------------------- a user's own


def test_a_rule_of_ones_own_goes_through_every_command(own, capsys, monkeypatch):
    """Those that take firmware without a task; ``train`` says where it belongs."""

    class Here(Inline):
        def __init__(self, jobs):
            super().__init__()

        def end(self):
            pass

    assert main(["run", own, "--set", "updates=4", "--set", "bonus=2", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    directory = Path("runs/mine.Own-ideal-seed3-updates=4-bonus=2")
    assert out.startswith("own rule on chip ideal, seed 3\n  total         ") and "mine.Own: 4 of 4 updates" in err
    assert f"results       {directory}/ result.json, result.npz, result.png" in out
    result = Result.load(directory)
    assert (result.task, result.rule, result.headline, result.step) == (None, "own rule", "total", "update")
    assert result.settings["updates"] == 4 and result.arrays["counts"].shape == (4, 4)
    assert result.value == result.arrays["counts"].sum() + 4 * 4 * 2 and result.complete
    assert (directory / "result.png").read_bytes().startswith(b"\x89PNG")
    assert {"plasticore", "numba"} <= set(result.versions) and result.config["profile"] == "ideal"

    assert main(["inspect", own, "--profile", "--set", "updates=3"]) == 0
    out = capsys.readouterr().out
    assert "own rule on chip ideal, seed 1" in out and "\n  add_up  " in out.replace("add_up      3", "add_up  3")

    monkeypatch.setattr("host.compare.comparing.Workers", Here)
    assert main(["compare", "--rules", own, "--sweep", "rule.bonus=0,1,2", "--seeds", "2", "--set", "updates=3"]) == 0
    out, err = capsys.readouterr()
    assert "own" not in out.splitlines()[0] and "metric" not in out.splitlines()[0]
    assert out.splitlines()[0].split()[:6] == ["rule", "where", "chip", "bonus", "runs", "total"]
    assert "comparing mine.Own: 12 of 12 runs done" in err and "total us" not in out
    with open("runs/compare-mine.Own/comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 and {row["metric"] for row in rows} == {"total"} and all(row["chip_seconds"] for row in rows)
    by_bonus = {row["sweep_value"]: float(row["value"]) for row in rows if (row["chip"], row["seed"]) == ("ideal", "1")}
    assert by_bonus["1"] - by_bonus["0"] == by_bonus["2"] - by_bonus["1"] == 3 * 4
    assert json.loads(Path("runs/compare-mine.Own/comparison.json").read_text())["changes"] == {"updates": "3"}
    assert Path("runs/compare-mine.Own/comparison.png").read_bytes().startswith(b"\x89PNG")

    assert main(["train", "yin-yang", "--rule", own]) == 2
    assert "mine.py:Own learns no task; `plasticore run mine.py:Own` runs it" in capsys.readouterr().err


def test_its_picture_shows_its_populations_and_its_arrays(own):
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(rules.make(rules.load(own, learning=False), {"updates": 4}))
    result = host.run()
    assert titles(result) == [
        *("Total", "Weights", "Counts", "The first spikes", "Membranes of neurons", "Time of the processors")
    ]
    figure = result.plot().figure
    assert_sound(figure)
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == [
        "inputs to cells: 12 synapses, 0.0% at 63"
    ]
    assert "cells (4)" in [tick.get_text() for tick in figure.axes[3].get_yticklabels()]


def test_the_opening_is_what_the_run_did(own):
    host = Host(Chip(ChipConfig.typical(seed=2)))
    host.load(rules.make(rules.load(own, learning=False), {"updates": 4}))
    host.chip.keep_spikes = True
    result = host.run()
    found = view_of(result).activity(result.weights, None)
    times_ns, neurons = host.chip.core.all_spikes(found.start_ns, found.start_ns + found.doorbell_ns)
    assert found.neurons.size and np.array_equal(found.spike_times_ns, times_ns - found.start_ns)
    assert np.array_equal(found.neurons, neurons)


REFUSED = {
    "nothing": (
        "run",
        "a firmware is missing; valid are bandit, bcm, descent, homeostasis, inhibitory-plasticity, lms, pong, "
        "pong-game, rewrite, sign-homeostasis, spiking-lpl, stdp, and",
    ),
    "unknown": ("run hebb", "the rule 'hebb' is unknown; valid are bandit, bcm, "),
    "one that learns": ("run eventprop", "eventprop learns a task; `plasticore train TASK --rule eventprop` gives it"),
    "an unknown setting": (
        "run {own} --set rate=3",
        "firmware Own has no setting rate; the closest is rate_hz; its settings are updates, bonus, rate_hz, seed\n",
    ),
    "out of range": ("run {own} --set bonus=11", "own.bonus is 11; it must lie in 0..10"),
    "no number": ("run {own} --set updates=few", "setting updates of firmware Own is 'few'; it takes a whole number,"),
    "no form": ("run {own} --set updates", "--set is 'updates'; write NAME=VALUE"),
    "twice": ("train yin-yang --epochs 3 --set epochs=4", "--epochs and --set both name epochs, 3 and 4; give one of"),
    "of training": ("train yin-yang --set bach=4", "firmware EventProp has no setting bach; the closest is batch; "),
    "set and swept": ("compare --rules {own} --set bonus=1 --sweep rule.bonus=1,2", "bonus is swept and set; do one"),
    "a seed to set": ("compare --rules {own} --set seed=1", "the setting seed has an argument of its own; give seeds"),
    "swept unknown": (
        "compare --rules {own} --sweep rule.bonuss=1",
        "the rule mine.Own has no setting bonuss to sweep; it has updates, bonus, rate_hz",
    ),
    "swept words": (
        "compare --rules {own} --sweep rule.bonus=few",
        "setting bonus of firmware Own is 'few'; it takes a whole number, by default 0",
    ),
    "from the host": (
        "compare --rules {own} --where host",
        "the rule own rule has no network that can be trained from",
    ),
    "a task and none": ("compare yin-yang --rules bcm", "bcm learns no task; `plasticore run bcm` runs it"),
    "no task": ("compare --rules {own},eventprop", "a task is missing, which eventprop learns; valid are yin-yang"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_sentence_and_no_work(case, own, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("chip.chip.Chip.start", lambda *_: pytest.fail("it runs"))
    arguments, expected = REFUSED[case]
    assert main(arguments.replace("{own}", own).split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("plasticore: ") and err.count("\n") == 1 and expected in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_help_has_examples_that_are_accepted(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "plasticore run homeostasis --set target=20" in out and max(map(len, out.splitlines())) <= 120


# ---------------------------------------------------------------------- interrupts, encodings


def test_an_interrupt_leaves_what_there_is_so_far(own, capsys, monkeypatch):
    loaded = Interrupts.hold_when

    def after_loading(self, holding):
        loaded(self, holding)
        monkeypatch.setattr("host.host.Host.moment", interrupting(Host.moment))

    def interrupting(moment):
        def look(self):
            monkeypatch.setattr(Host, "moment", moment)
            signal.raise_signal(signal.SIGINT)
            return moment(self)

        return look

    monkeypatch.setattr(Interrupts, "hold_when", after_loading)
    assert main(["run", own, "--set", "updates=1000", "--out", "here", "--quiet"]) == 130
    assert "plasticore: interrupted after " in (err := capsys.readouterr().err) and "of 1000 updates" in err
    result = Result.load("here")
    assert not result.complete and result.arrays["counts"].shape[0] < 1000
    assert result.weights.shape == (2, 256, 256) and Path("here/result.png").exists()


def test_a_stdout_that_cannot_write_a_name_gets_its_code(own, tmp_path):
    """The run is saved, the report is there, no traceback: names and units may have any letters."""
    code = "import sys; from host.cli import main; sys.exit(main())"
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", code, "run", own, "--out", "größe-→", "--set", "updates=2"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
    assert "größe-→".encode("ascii", "backslashreplace") in done.stdout
    assert {path.name for path in (tmp_path / "größe-→").iterdir()} == {"result.json", "result.npz", "result.png"}


@given(st.text(), st.sampled_from(["ascii", "latin-1", "cp1252", "koi8-r", "utf-8"]))
def test_any_text_can_be_shown_in_any_encoding(text, encoding):
    stdout = io.TextIOWrapper(shown := io.BytesIO(), encoding, newline="")
    with contextlib.redirect_stdout(stdout):
        show(text)
    assert shown.getvalue() == text.encode(encoding, "backslashreplace") + b"\n"


# ---------------------------------------------------------------------- our examples

SMALL = {
    "homeostasis": {"updates": 3},
    "bcm": {"presentations": 5},
    "stdp": {"updates": 1},
    "rewrite": {"step": 3},
    "bandit": {"pulls": 6},
    "lms": {"trials": 4},
    "pong": {"size": 16, "epochs": 2, "settling": 0, "watched": 1},
    "pong-game": {"positions": 8, "iterations": 200},
    "inhibitory-plasticity": {"updates": 20, "evaluated": 5, "watched": 5},
    "sign-homeostasis": {"updates": 30, "period_ns": 1_000_000, "target_khz": 20.0},
    "spiking-lpl": {"ticks": 400, "evaluated": 400},
}
LONG = pytest.param("descent", marks=pytest.mark.slow)


def test_a_rule_is_found_after_an_example_was_imported():
    """A package and a function of one name would be one attribute."""
    rules.load("bcm", learning=False)
    rules.check("bandit", learning=False)
    with pytest.raises(ValueError, match="bcm learns no task; `plasticore run bcm` runs it"):
        rules.check("bcm", learning=True)


def test_no_example_is_left_out():
    assert {*SMALL, *LONG.values} == set(ppu_programs.example_names())


@pytest.mark.parametrize("name", [*SMALL, LONG])
def test_every_example_runs_and_its_picture_is_sound(name, tmp_path):
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(rules.make(rules.load(name, learning=False), SMALL.get(name, {})))
    result = host.run()
    assert result.complete and result.headline is not None
    assert_sound(result.plot().figure)
    result.save(tmp_path)
    again = Result.load(tmp_path)
    assert again.origin is None
    assert_sound(again.plot().figure)
    more = {in_words(name).capitalize() for name in result.arrays}  # without neurons there is room for them
    assert set(titles(again)) <= set(titles(result)) | {"Time of the processors", "Rest"} | more
    html = result._repr_html_()
    assert html.startswith(f"<table><caption>{result.rule} on chip ideal") and "<script" not in html


# ---------------------------------------------------------------------- a user's own that learns


def test_the_rule_of_the_tutorial_gets_a_picture_of_what_it_has(tmp_path, imports_are_undone, monkeypatch):
    """One layer of readouts, no hidden neurons, no list of its decisions."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "ppu_programs" / "README.md").read_text(encoding="utf-8")
    parts = re.findall(r"^<!-- (?:file|append): learner.py -->\n```python\n(.*?)^```$", text, re.M | re.S)
    Path("learner.py").write_text("".join(parts), encoding="utf-8")
    small = tasks.yin_yang().head(train=100, validation=1, test=20)
    monkeypatch.setattr("host.tasks.load", lambda name: small)
    words = "train yin-yang --rule learner.py:Delta --set epochs=2 --out here --quiet"
    assert main(words.split()) == 0
    result = Result.load("here")
    assert result.epochs == 2 and len(result.learning) == 2 and Path("here/result.png").exists()
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(rules.make(rules.load("learner.py:Delta"), {"epochs": "2"}, seed=1), small)
    again = host.run()
    assert titles(again) == ["Learning curve", "Weights", "One sample", "Readouts", "Time of the processors"]
    assert npz_bytes(again.arrays) == npz_bytes(result.arrays)
    figure = again.plot().figure
    assert_sound(figure)
    assert figure.axes[2].get_title(loc="left") == "One sample: 5 input events"
    (legend,) = (text.get_text() for text in figure.axes[1].get_legend().get_texts())
    assert legend.startswith("top hemisphere: 15 synapses, ")


@given(arrays(st.sampled_from([np.int64, np.float64, np.bool_, np.uint8]), array_shapes(min_dims=0, max_dims=3)))
@settings(max_examples=15)
def test_any_array_of_a_firmware_can_be_drawn_or_is_left_out(values):
    """Numbers that are none, infinite ones, single ones and many."""
    result = make_result(arrays={"mine": values, "curve": np.array([1.0])}, curve="curve", axes={"curve": ["epoch"]})
    shown = "mine" in panels.drawable(result)
    assert not shown or (values.size > 1 and np.isfinite(values.astype(float)).any())
    axes = Figure().subplots()
    if shown:
        panels.array(axes, result, "mine")
        assert points_of(axes) >= 1
        axes.figure.draw_without_rendering()
