"""Whole numbers, numbers and truth values of numpy do wherever callers of the host hand over Python's own."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from host import Host, Result, tasks
from host.compare import Plan, Sweep, compare
from host.experiments.outcome import Outcome
from host.numbers import plain, whole
from tests.host.inline import Inline
from tests.host.toy import TASK, Toy

INTEGERS = [getattr(np, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)]


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)


def files(directory):
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.npz")}


@pytest.mark.parametrize("kind", INTEGERS)
def test_a_comparison_of_numbers_of_numpy_is_that_of_pythons(kind, toy, tmp_path):
    both = []
    for number, directory in ((int, tmp_path / "python"), (kind, tmp_path / "numpy")):
        plan = Plan(
            "yin-yang",
            chips={"mine": ChipConfig.ideal(seed=number(4))},
            seeds=[number(1), number(2)],
            epochs=number(2),
            hidden=number(3),
        )
        assert {type(seed) for seed in plan.seeds} == {int} and type(plan.epochs) is type(plan.hidden) is int
        comparison = compare(plan, directory, executor=Inline(), jobs=number(1))
        assert comparison.problems == [] and len(comparison.rows) == 2
        whole_of = json.loads((directory / "comparison.json").read_text())
        for row in whole_of["rows"]:
            row["wall_us_per_sample"] = None  # which is the machine's
        both.append((whole_of, files(directory)))
    assert both[0] == both[1]


def test_seeds_may_be_an_array_and_swept_values_of_numpy(toy, tmp_path):
    sweep = Sweep("rule.hidden", tuple(np.array([2, 5])))
    plan = Plan("yin-yang", chips=["ideal"], seeds=np.arange(1, 3), sweep=sweep)
    assert {type(run.sweep_value) for run in plan.runs} == {int}
    comparison = compare(plan, tmp_path, executor=Inline())
    assert comparison.problems == [] and len(comparison.rows) == 4
    assert Sweep("strict", (np.bool_(True), np.bool_(False))).values == (True, False)
    assert [type(value) for value in Sweep("noise", tuple(np.linspace(0, 0.1, 2))).values] == [float, float]


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_a_run_of_numbers_of_numpy_is_saved(kind, tmp_path):
    task = TASK.head(kind(2), kind(1), kind(1))
    host = Host(Chip(ChipConfig.ideal(seed=kind(3))))
    host.load(Toy(seed=kind(5), epochs=kind(2), hidden=kind(4)), task)
    host.run().save(tmp_path)
    result = Result.load(tmp_path)
    assert (result.seed, result.epochs, result.settings["hidden"], result.chip_seed) == (5, 2, 4, 3)


@given(st.sampled_from(INTEGERS), st.integers(0, 100))
def test_whole_numbers_of_any_type_are_pythons_own(kind, number):
    assert whole("epochs", kind(number), 0) == plain(kind(number)) == number
    assert type(whole("epochs", kind(number), 0)) is type(plain(kind(number))) is int


@pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, np.float64(2.0), "3", None, [1]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="epochs is .*; it must be a whole number of at least 1"):
        whole("epochs", value, 1)
    with pytest.raises(ValueError, match="a seed is .*; it must be a whole number"):
        Plan("yin-yang", seeds=[value])


def test_an_experiment_of_numbers_of_numpy_is_saved(tmp_path):
    summary = {"trials": np.int64(2), "bias": np.float64("nan"), "rates": np.arange(2), "on": [np.bool_(True)]}
    Outcome("mine", "title", summary, {}, "report").save(tmp_path)
    found = json.loads((tmp_path / "mine.json").read_text())
    assert {name: found[name] for name in summary} == {"trials": 2, "bias": None, "rates": [0, 1], "on": [True]}
