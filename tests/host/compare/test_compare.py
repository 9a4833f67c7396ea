"""A comparison does each run once, keeps what is finished, and says of every other run what went wrong."""

import csv
import json
import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor

import pytest

from chip.base.errors import MachineFault
from host import tasks
from host.compare import Plan, Sweep, compare, pictures
from host.compare.progress import State
from host.compare.rows import COLUMNS
from host.compare.workers import ONE_THREAD, Workers
from host.results.result import Result
from ppu_programs import Array, Outcome
from tests.host.inline import Inline
from tests.host.toy import TASK, Toy

PLAN = Plan("yin-yang", chips=["ideal", "typical"], seeds=[1, 2])
NAMES = [run.name for run in PLAN.runs]


class Moody(Toy):
    """A toy that does something else with seed 2: ``mood`` says what."""

    mood = None

    def __init__(self, seed=7, epochs=1, hidden=2):
        exit_code = 3 if seed == 2 and self.mood == "exit code" else 0
        super().__init__(self._tempt, exit_code, seed=seed, epochs=epochs, hidden=hidden)

    def _tempt(self, ppu):
        if self.settings.seed == 2 and isinstance(self.mood, BaseException):
            raise self.mood


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """Make the runs of this process those of a toy on the toy task."""
    monkeypatch.setattr("ppu_programs.load", lambda name: Moody)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    monkeypatch.setattr(Moody, "mood", None)
    return Moody


def again(directory, plan=PLAN, **options):
    """Compare in this process; return the comparison and the names of the runs that were done."""
    executor = Inline()
    return compare(plan, directory, executor=executor, **options), executor.runs()


def contents(directory):
    return {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def table(directory):
    with open(directory / "comparison.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_one_tidy_row_a_run(tmp_path):
    plan = Plan("yin-yang", chips=["ideal", "typical"], seeds=[1, 2], epochs=3, sweep=Sweep.parse("noise=0,0.1"))
    comparison, done = again(tmp_path, plan)
    rows, whole = table(tmp_path), json.loads((tmp_path / "comparison.json").read_text())
    assert done == [run.name for run in plan.runs] and len(rows) == 8
    assert tuple(rows[0]) == (*COLUMNS, "metric.accuracy", "metric.validation_accuracy")
    row = rows[5]
    assert (row["rule"], row["where"], row["chip"], row["seed"]) == ("eventprop", "chip", "typical", "2")
    assert (row["sweep_field"], row["sweep_value"]) == ("noise", "0.0")
    assert (row["metric"], row["value"], row["curve_end"]) == ("accuracy", "0.25", "0.75")
    assert (row["metric.accuracy"], row["metric.validation_accuracy"]) == ("0.25", "")
    assert (row["epochs"], row["samples"], row["link_bytes_per_sample"]) == ("3", "5", "0.0")
    assert (row["link_us_per_sample"], row["host_us_per_sample"]) == ("0.0", "0.0")
    assert row["total_us_per_sample"] == row["chip_us_per_sample"]
    assert row["complete"] == "True" and row["problem"] == ""
    chip_us = float(row["chip_us_per_sample"])
    assert float(row["energy_low_uj_per_sample"]) == pytest.approx(0.2 * chip_us)
    assert float(row["energy_high_uj_per_sample"]) == pytest.approx(0.7 * chip_us)
    assert float(row["system_energy_high_uj_per_sample"]) == pytest.approx(5.6 * chip_us)
    assert (tmp_path / row["directory"] / "result.json").exists()
    assert [found["seed"] for found in whole["rows"]] == [1, 1, 1, 1, 2, 2, 2, 2]
    assert tuple(whole["rows"][0])[: len(COLUMNS)] == COLUMNS and whole["plan"]["sweep_values"] == [0.0, 0.1]
    assert "toys are real" in whole["assumptions"]
    assert comparison.training_samples == 3 and comparison.rows[0].curve == (0.75,)


def test_a_result_says_how_many_neurons_its_spikes_are_of(tmp_path, monkeypatch):
    again(tmp_path)
    assert Result.load(tmp_path / "runs" / NAMES[0]).events["spiking_neurons"] == 0  # a toy has none


def test_spikes_are_those_of_a_hidden_neuron_and_a_sample(tmp_path, monkeypatch):
    from host.compare.rows import row_of
    from tests.host.results.test_results import make_result

    events = {"from_neurons": 600, "spiking_neurons": 3}
    assert row_of(PLAN.runs[0], make_result(events=events), "", "").spikes_per_hidden_neuron == 2.0
    reported = make_result(events=events, metrics={"accuracy": 0.5, "test_spikes": 0.08})
    assert row_of(PLAN.runs[0], reported, "", "").spikes_per_hidden_neuron == 0.08
    link = {"bytes_before": 1, "bytes_during": 5_000, "bytes_after": 1}
    assert row_of(PLAN.runs[0], make_result(host_link=link), "", "").link_bytes_per_sample == 50
    link["bytes_per_training_sample"] = 70.0
    assert row_of(PLAN.runs[0], make_result(host_link=link), "", "").link_bytes_per_sample == 70


def test_the_second_call_runs_nothing_and_writes_the_same_table(tmp_path):
    first, _ = again(tmp_path)
    before = contents(tmp_path)
    second, done = again(tmp_path)
    assert done == [] and (first.new, second.new) == (4, 0)
    assert contents(tmp_path) == before


def test_a_deleted_run_is_the_only_one_repeated(tmp_path):
    again(tmp_path)
    shutil.rmtree(tmp_path / "runs" / NAMES[2])
    assert again(tmp_path)[1] == [NAMES[2]]


@pytest.mark.parametrize("name", ["result.json", "result.npz"])
def test_a_torn_run_is_repeated(tmp_path, name):
    again(tmp_path)
    (tmp_path / "runs" / NAMES[1] / name).unlink()
    comparison, done = again(tmp_path)
    assert done == [NAMES[1]] and len(comparison.rows) == 4


def test_seeds_and_sweeps_can_be_added(tmp_path):
    again(tmp_path)
    _, done = again(tmp_path, Plan("yin-yang", chips=["typical"], seeds=[1, 2, 3]))
    assert done == ["eventprop-chip-typical-seed3"]
    _, done = again(tmp_path, Plan("yin-yang", chips=["typical"], seeds=[1], sweep=Sweep.parse("noise=0.1")))
    assert done == ["eventprop-chip-typical-noise=0.1-seed1"]


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


FOREIGN = {
    "another version": (
        lambda d: edit(d / "runs" / NAMES[0] / "run.json", versions={"numba": "0.1"}),
        "run.json was written with versions.python = None, now it is",
    ),
    "another state of the code": (
        lambda d: edit(d / "runs" / NAMES[3] / "run.json", code="0" * 16),
        "run.json was written by another state of plasticore's own sources",
    ),
    "another chip": (
        lambda d: edit(d / "runs" / NAMES[3] / "run.json", config={}),
        r"run.json was written with config\.\w+ = None, now it is",
    ),
    "another comparison": (
        lambda d: edit(d / "comparison.json", hidden=50),
        "comparison.json was written with hidden = 50, now it is None",
    ),
    "a table of somebody else's": (
        lambda d: (d / "comparison.json").write_text("[1, 2]"),
        "comparison.json is no file of a plasticore comparison, or damaged",
    ),
    "a table alone": (lambda d: (d / "comparison.json").unlink(), "comparison.csv lies there without comparison.json"),
    "no run of ours": (
        lambda d: (d / "runs" / NAMES[1] / "run.json").unlink(),
        f"{NAMES[1]} holds something else than a run of plasticore",
    ),
    "a damaged run": (
        lambda d: (d / "runs" / NAMES[1] / "run.json").write_bytes(b"\xff{"),
        "run.json is no file of a plasticore comparison, or damaged",
    ),
    "a file for a directory": (
        lambda d: (shutil.rmtree(d / "runs" / NAMES[1]), (d / "runs" / NAMES[1]).write_text("")),
        f"{NAMES[1]} is no directory",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_not_of_this_comparison_is_refused_and_stays(tmp_path, case):
    again(tmp_path)
    change, sentence = FOREIGN[case]
    change(tmp_path)
    before, executor = contents(tmp_path), Inline()
    with pytest.raises(ValueError, match=sentence) as caught:
        compare(PLAN, tmp_path, executor=executor)
    assert "nothing was changed; name another directory" in str(caught.value) and "\n" not in str(caught.value)
    assert executor.calls == [] and contents(tmp_path) == before


def test_sizes_of_several_layers_are_remembered():
    plan = Plan("yin-yang", chips=["ideal"], seeds=[1], hidden=(60, 40))
    assert plan.runs[0].hidden == (60, 40)  # what the rule is made with
    for plain in (plan.settings(), plan.runs[0].settings()):
        assert plain["hidden"] == [60, 40] == json.loads(json.dumps(plain["hidden"]))
    with pytest.raises(ValueError, match="hidden is 0; it must be at least 1"):
        Plan("yin-yang", hidden=(60, 0))


def test_other_epochs_in_the_same_directory_are_refused(tmp_path):
    again(tmp_path)
    with pytest.raises(ValueError, match="comparison.json was written with epochs = None, now it is 5"):
        again(tmp_path, Plan("yin-yang", chips=["raw"], seeds=[9], epochs=5))


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        (MachineFault("the PPU divided by zero"), "the PPU divided by zero"),
        (KeyError("spikes"), "KeyError: 'spikes'"),
        ("exit code", "the bottom PPU ended with exit code 3; "),
    ],
    ids=["fault", "error", "exit code"],
)
def test_a_run_that_fails_is_a_row_and_the_others_go_on(tmp_path, toy, mood, sentence):
    toy.mood = mood
    comparison, done = again(tmp_path)
    assert done == NAMES
    assert [row["complete"] for row in table(tmp_path)] == ["True", "True", "False", "False"]
    assert all(row["problem"].startswith(sentence) for row in table(tmp_path)[2:])
    assert comparison.problems[0].startswith(f"{NAMES[2]}: {sentence}")
    toy.mood = None  # mended
    comparison, done = again(tmp_path)
    assert done == NAMES[2:] and comparison.problems == []


def test_summary_has_mean_and_spread_and_names_groups_without_a_run(tmp_path, toy):
    toy.mood = MachineFault("no")
    comparison, _ = again(tmp_path)
    lines = comparison.summary().splitlines()
    assert lines[0].split()[:6] == ["rule", "where", "chip", "runs", "accuracy", "validation"]
    assert lines[1].startswith("eventprop  chip   ideal    1 of 2  0.2500  ")
    toy.mood = None
    comparison, _ = again(tmp_path)
    assert "eventprop  chip   typical  2 of 2  0.2500 +- 0.0000  -" in comparison.summary()
    toy.mood = MachineFault("no")
    comparison, _ = again(tmp_path, Plan("yin-yang", chips=["raw"], seeds=[2]))
    assert comparison.summary().splitlines()[1].split()[:5] == ["eventprop", "chip", "raw", "0", "of"]


def test_rules_may_end_in_any_metric_and_be_swept(tmp_path, toy, monkeypatch):
    def outcome(self, link, built):
        return Outcome({"reward": -1.5 - self.settings.hidden, "effort": 3.0})

    monkeypatch.setattr(toy, "outcome", outcome)
    comparison, _ = again(
        tmp_path, Plan("yin-yang", chips=["ideal"], seeds=[1, 2], sweep=Sweep.parse("rule.hidden=2,5"))
    )
    lines = comparison.summary().splitlines()
    assert lines[0].split()[3:7] == ["hidden", "runs", "reward", "effort"]
    assert lines[1].split()[3:9] == ["2", "2", "of", "2", "-3.5", "+-"] and "  -6.5 +- 0  3  " in lines[2]
    row = table(tmp_path)[-1]
    assert (row["metric"], row["value"], row["metric.effort"], row["curve_end"]) == ("reward", "-6.5", "3.0", "")
    assert pictures.draw(comparison).png().startswith(b"\x89PNG")
    found = {"ideal": {"accuracy": 0.5}, "raw": {"reward": None}}
    monkeypatch.setattr(toy, "outcome", lambda self, link, built: Outcome(found[link.chip.config.profile]))
    comparison, _ = again(tmp_path / "mixed", Plan("yin-yang", chips=["ideal", "raw"], seeds=[1]))
    lines = comparison.summary().splitlines()
    assert lines[0].split()[4] == "metric" and "accuracy 0.5000" in lines[1] and "reward -" in lines[2]
    assert list(table(tmp_path / "mixed")[0])[-2:] == ["metric.accuracy", "metric.reward"]
    assert pictures.draw(comparison).png().startswith(b"\x89PNG")


def test_an_interrupt_leaves_what_is_finished_and_the_next_call_goes_on(tmp_path, toy):
    toy.mood = KeyboardInterrupt()
    comparison, done = again(tmp_path)
    assert comparison.interrupted and done == NAMES[:3]
    assert [row["seed"] for row in table(tmp_path)] == ["1", "1"]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(NAMES[:2])
    toy.mood = None
    comparison, done = again(tmp_path)
    assert not comparison.interrupted and done == NAMES[2:] and len(table(tmp_path)) == 4


class Fragile(Inline):
    """Breaks as pools do: whatever is asked of it after run ``killer`` fails."""

    killer = NAMES[1]
    made = 0
    without_guard = False

    def __init__(self, jobs=None):
        super().__init__()
        type(self).made += 1
        self.broken = False

    def submit(self, function, /, *arguments, **named):
        if self.broken:
            raise BrokenExecutor("the pool is broken")
        future = super().submit(function, *arguments, **named)
        if function.__name__ == "attempt" and arguments[0].name == self.killer:
            self.broken = True
            future = Future()
            future.set_exception(BrokenExecutor("a process was killed"))
        return future

    def end(self):
        pass


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_a_run_that_ends_its_process_fails_and_the_others_go_on(tmp_path, monkeypatch, jobs):
    monkeypatch.setattr("host.compare.comparing.Workers", Fragile)
    monkeypatch.setattr(Fragile, "made", 0)
    comparison = compare(PLAN, tmp_path, jobs=jobs)
    assert [row.complete for row in comparison.rows] == [True, False, True, True]
    assert comparison.problems == [
        f"{NAMES[1]}: the process that did it, or was to, ended unexpectedly, as for lack of memory"
    ]
    assert 2 <= Fragile.made <= 3


def test_a_given_pool_that_breaks_is_said_in_every_row_that_it_left(tmp_path):
    comparison = compare(PLAN, tmp_path, executor=Fragile(), jobs=1)
    assert [row.complete for row in comparison.rows] == [True, False, False, False]
    assert len(comparison.problems) == 3 and not comparison.interrupted
    assert again(tmp_path)[1] == NAMES[1:]


def test_a_result_that_no_file_can_hold_is_a_failed_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Result, "files", lambda *_: json.dumps(object()))
    comparison, done = again(tmp_path)
    assert done == NAMES and not any(row.complete for row in comparison.rows)
    assert all("the result cannot be saved: " in problem for problem in comparison.problems)


def test_a_rule_that_reads_what_is_no_array_is_a_failed_run(tmp_path, toy, monkeypatch):
    monkeypatch.setattr(toy, "outcome", lambda *_: Outcome({}, {"what": Array([object()], "step")}))
    comparison, done = again(tmp_path)
    assert done == NAMES and not any(row.complete for row in comparison.rows)
    assert all(
        "the values of an Array are [<object object>]; give an array of" in problem for problem in comparison.problems
    )


def test_code_is_compiled_once_before_runs_of_its_kind_begin(tmp_path, monkeypatch):
    monkeypatch.setattr("ppu_programs.names", lambda: ("a", "b"))
    executor = Inline()
    compare(Plan("yin-yang", rules=["b", "a"], seeds=[1, 2]), tmp_path, executor=executor, jobs=2)
    warmed = [[run.chip for run in runs] for function, runs in executor.calls if function == "warm_up"]
    assert warmed == [["ideal", "typical"]] * 2
    calls = [(name, given[0].rule if name == "warm_up" else given.rule) for name, given in executor.calls]
    assert [call for call in calls if call[0] == "warm_up"] == [("warm_up", "b"), ("warm_up", "a")]
    for rule in "ab":
        assert calls.index(("warm_up", rule)) < calls.index(("attempt", rule))
    executor = Inline()
    compare(Plan("yin-yang", rules=["a"], chips=["raw"]), tmp_path, executor=executor, jobs=1)
    assert [function for function, _ in executor.calls] == ["attempt"] * 3  # nobody else could compile the same


def test_a_second_comparison_in_the_same_directory_is_refused_while_the_first_is_under_way(tmp_path, toy, monkeypatch):
    said = []

    def second(ppu):
        with pytest.raises(ValueError, match="another run writes into .*, process .*; wait for its end") as error:
            again(tmp_path)
        said.append(str(error.value))

    monkeypatch.setattr(toy, "_tempt", lambda self, ppu: second(ppu))
    comparison, _ = again(tmp_path)
    assert said and all(row.complete for row in comparison.rows)


def test_threads_do_the_same(tmp_path):
    with ThreadPoolExecutor(2) as executor:
        comparison = compare(PLAN, tmp_path / "threads", executor=executor, jobs=2)
    alone, _ = again(tmp_path / "alone")
    names = [name for name in COLUMNS if not name.startswith("wall")]
    rows = [[[getattr(row, name) for name in names] for row in found.rows] for found in (comparison, alone)]
    assert rows[0] == rows[1]


def test_progress_counts_to_the_end(tmp_path, toy):
    toy.mood, told = MachineFault("no"), []
    again(tmp_path, jobs=2, show=told.append)
    assert told[0].compiling and told[0].remaining_s is None
    assert told[-1] == State(done=4, total=4, running=0, failed=2, compiling="", remaining_s=0)
    assert [state.done for state in told] == sorted(state.done for state in told)


def test_bad_input_is_refused_before_any_work(tmp_path, toy, monkeypatch):
    executor = Inline()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file is a file; --out names a directory"):
        compare(PLAN, tmp_path / "file", executor=executor)
    with pytest.raises(ValueError, match="there are 0 jobs"):
        compare(PLAN, tmp_path / "new", executor=executor, jobs=0)

    def too_many(self, task, config):
        raise ValueError("toys have two inputs; this task has more")

    monkeypatch.setattr(toy, "build", too_many)
    with pytest.raises(ValueError, match="^eventprop-chip-ideal-seed1: toys have two inputs"):
        compare(PLAN, tmp_path / "new", executor=executor)
    assert executor.calls == [] and not (tmp_path / "new").exists()


def test_workers_have_one_thread_and_are_deaf_to_the_keyboard(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    pool, others = Workers(1), set(multiprocessing.active_children())
    try:
        assert [pool.submit(os.getenv, name).result() for name in ONE_THREAD] == ["1"] * len(ONE_THREAD)
        assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ
        assert signal.SIGINT in pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        (worker,) = set(multiprocessing.active_children()) - others
    finally:
        pool.end()
    deadline = time.monotonic() + 60
    while worker.exitcode is None and time.monotonic() < deadline:
        time.sleep(0.01)  # a join is not enough: while the pool's own thread takes note of the end, there is no code
    assert worker.exitcode == -signal.SIGKILL
