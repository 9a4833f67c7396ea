"""``plasticore compare``: one sentence for bad input, exit codes, what it prints, and real processes."""

import csv
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from host.cli import main
from host.commands.compare import _left_out
from host.compare import Plan
from host.compare.workers import SENTENCE
from tests.host.inline import Inline
from tests.host.toy import TASK, PlayAll, Toy

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = Path(__file__).parents[1] / "example_rule.py"

BAD_INPUT = {
    "no task": ("", "a task is missing, which eventprop learns; valid are yin-yang"),
    "unknown task": ("mnist", "the task 'mnist' is unknown; valid are yin-yang"),
    "unknown rule": (
        "yin-yang --rules eventprop,hebb",
        "the rule 'hebb' is unknown; valid are equilibrium-propagation",
    ),
    "empty rule": ("yin-yang --rules eventprop,", "--rules is 'eventprop,'; it must be names with commas between"),
    "no rule file": ("yin-yang --rules no.py:Rule", "the rule file no.py cannot be read: No such file"),
    "unknown place": ("yin-yang --where moon", "the place 'moon' is unknown; valid are chip"),
    "unknown chip": (
        "yin-yang --chips ideal,perfect",
        "the chip 'perfect' is unknown; valid are ideal, typical, raw and",
    ),
    "chip twice": ("yin-yang --chips ideal,ideal", "--chips has 'ideal' twice; each chip needs a name of its own"),
    "no seeds": ("yin-yang --seeds 0", "--seeds is '0'; it must be a whole number of at least 1"),
    "seeds in words": ("yin-yang --seeds many", "--seeds is 'many'; it must be a whole number of at least 1"),
    "no jobs": ("yin-yang --jobs 0", "--jobs is '0'; it must be a whole number of at least 1"),
    "unknown link": ("yin-yang --link tomorrow", "--link is 'tomorrow'; valid are today, optimistic"),
    "no epochs": ("yin-yang --epochs 0", "--epochs is 0; it must be a whole number of at least 1"),
    "unknown field": ("yin-yang --sweep router.speed=1", "there is no field router.speed of the chip to sweep; valid"),
    "nothing to sweep": (
        "yin-yang --sweep foo=1",
        "valid are strict, the shorthands mismatch and noise, rule.NAME for a setting of the rules, and SECTION.FIELD",
    ),
    "a section to sweep": ("yin-yang --sweep router=1", "router is a section of the chip's settings; name one of"),
    "no values": ("yin-yang --sweep mismatch", "the sweep 'mismatch' is not of the form FIELD=a,b,c"),
    "out of range": ("yin-yang --sweep mismatch=0,2", "tau_mem_relative_std is 2.0; it must lie in 0.0..0.5"),
    "out is nothing": ("yin-yang --out=", "--out is ''; it must name a directory"),
    "out is a file": ("yin-yang --out file", "file is a file; --out names a directory"),
    "out is nowhere": ("yin-yang --out /proc/a/b", "to /proc/a/b: nothing can be made in /proc"),
}


@pytest.fixture
def toy(monkeypatch):
    """Runs are those of a toy, in this process."""

    class Here(Inline):
        def __init__(self, jobs):
            super().__init__()

        def end(self):
            pass

    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr("host.tasks.load", lambda name: TASK)
    monkeypatch.setattr("host.compare.comparing.Workers", Here)


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_2(case, toy, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.compare.comparing._Session.work", lambda *_: pytest.fail("work was begun"))
    (tmp_path / "file").write_text("")
    arguments, expected = BAD_INPUT[case]
    assert main(["compare", *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("plasticore: ") and err.count("\n") == 1 and err.endswith("\n")
    assert expected in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--hidden 5000", "available"),
        ("--sweep fpga.sample_player=true,false", "eventprop needs fpga.sample_player, which this chip has off"),
    ],
    ids=["too many neurons", "no player"],
)
def test_a_rule_that_cannot_work_on_a_chip_is_refused(options, expected, tmp_path, capsys):
    assert main(["compare", "yin-yang", *options.split(), "--out", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    answers = [line for line in err.splitlines() if not line.startswith("comparing ")]  # with a cold code cache
    assert out == "" and len(answers) == 1 and expected in answers[0]
    assert not (tmp_path / "new").exists()


def test_a_mistake_in_a_rule_of_ones_own_is_told_with_its_line(mine, tmp_path, capsys):
    path = mine(("= Registers()", "= Registrars()"))
    assert main(["compare", "yin-yang", "--rules", f"{path}:Mine", "--out", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and not (tmp_path / "new").exists()
    assert err.startswith(f"plasticore: mine.Mine-chip-ideal-seed1: {path}:") and "NameError" in err


def test_it_compares_prints_and_draws(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("seed = 9\n[fpga]\nplayer_latency_ns = 2000\n")
    assert main("compare yin-yang --chips ideal,mine.toml --seeds 2 --sweep noise=0,0.1 --jobs 2".split()) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].startswith("eventprop  chip   ideal      0.0    2 of 2  0.2500 +- 0.0000")
    assert "8 runs: runs/compare-yin-yang/ comparison.csv, comparison.json, comparison.png" in out
    assert "comparing yin-yang: 8 of 8 runs done, 0 running" in err
    with open("runs/compare-yin-yang/comparison.csv", newline="") as file:
        assert {row["chip"] for row in csv.DictReader(file)} == {"ideal", "mine.toml"}
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    assert main("compare yin-yang --chips ideal,mine.toml --seeds 2 --sweep noise=0,0.1".split()) == 0
    assert "8 runs, 8 of them from before: " in capsys.readouterr().out
    assert main("compare yin-yang --chips ideal --seeds 3 --quiet".split()) == 0
    assert capsys.readouterr() == ("", "")


def test_a_failing_run_is_exit_code_1_and_the_others_are_there(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: FailsWithSeed2)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    assert main(["compare", "yin-yang", "--chips", "raw", "--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "2 of 3" in out
    assert "plasticore: eventprop-chip-raw-seed2: the bottom PPU ended with exit code 3; " in err


class FailsWithSeed2(Toy):
    def __init__(self, seed):
        super().__init__(seed=seed, exit_code=3 * (seed == 2))


def test_an_interrupt_is_exit_code_130_and_leaves_the_table(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: InterruptedWithSeed2)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    assert main(["compare", "yin-yang", "--chips", "ideal", "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert "1 run: " in out and "1 of 3" in out
    assert err.endswith("plasticore: interrupted after 1 of 3 runs; the same command goes on\n")
    assert (tmp_path / "comparison.csv").read_text().count("\n") == 2


def test_an_interrupt_before_any_run_is_saved_is_exit_code_130(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: InterruptedAtOnce)
    assert main(["compare", "yin-yang", "--chips", "ideal", "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert "0 runs: " in out and "0 of 3" in out
    assert err.endswith("plasticore: interrupted after 0 of 3 runs; the same command goes on\n")


def test_when_every_run_fails_there_is_the_table_and_exit_code_1(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ppu_programs.load", lambda name: Deadlocks)
    assert main(["compare", "yin-yang", "--chips", "ideal", "--seeds", "2", "--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "0 of 2" in out and "2 runs: " in out and "comparison.csv" in out
    assert "cannot be used" not in err and err.count("eventprop-chip-ideal-seed") == 2
    assert not (tmp_path / "runs").exists() and (tmp_path / "comparison.csv").exists()


def test_a_comparison_keeps_out_of_the_result_of_a_run(toy, tmp_path, capsys):
    assert main(["train", "yin-yang", "--quiet", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert main(["compare", "yin-yang", "--out", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert f"{tmp_path} holds the result of `plasticore train`, result.json; nothing was changed; name another" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_keeps_out_of_a_comparison_and_of_its_runs(toy, tmp_path, capsys):
    assert main(["compare", "yin-yang", "--chips", "ideal", "--seeds", "1", "--quiet", "--out", str(tmp_path)]) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    for directory, name in ((tmp_path, "comparison.json"), (next((tmp_path / "runs").iterdir()), "run.json")):
        capsys.readouterr()
        assert main(["train", "yin-yang", "--out", str(directory)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
        assert f"{directory} holds files of `plasticore compare`, {name}; nothing was changed; name another" in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


class InterruptedAtOnce(Toy):
    def __init__(self, seed, epochs=1):
        super().__init__(self._interrupt, seed=seed)

    def _interrupt(self, ppu):
        raise KeyboardInterrupt


class WaitsForever(PlayAll):
    def main(self, ppu):
        yield ppu.wait_doorbell(1)


class Deadlocks(Toy):
    """A rule whose program waits for a word of the other PPU, which is asleep."""

    def build(self, task, config):
        return dataclasses.replace(super().build(task, config), programs=(None, WaitsForever(0, self.temptation)))


class InterruptedWithSeed2(Toy):
    def __init__(self, seed, epochs=1):
        super().__init__(self._interrupt, seed=seed)

    def _interrupt(self, ppu):
        if self.settings.seed == 2:
            raise KeyboardInterrupt


def test_without_matplotlib_there_is_a_table_and_a_hint(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    (tmp_path / "out").mkdir()
    assert main(["compare", "yin-yang", "--out", str(tmp_path / "out")]) == 0
    assert "no picture: matplotlib is not installed" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["comparison.csv", "comparison.json", "runs"]


def test_help_has_examples_and_says_what_mismatch_means(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "--sweep mismatch=0,0.1,0.2,0.5" in out and "are scaled in proportion" in " ".join(out.split())


def command(tmp_path, *options):
    shutil.copy(EXAMPLE, tmp_path / "mine.py")
    code = "import sys; from host.cli import main; sys.exit(main())"
    arguments = ["compare", "yin-yang", "--rules", "mine.py:Mine", "--chips", "ideal", "--out", "out", *options]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def members(session):
    """The processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, number = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(number) == session and state != "Z":
                found.append(int(entry.name))
    return found


def nobody_stays(session):
    """All processes of a session come to an end; the killed ones take a moment."""
    until = time.monotonic() + 30
    while members(session):
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_two_processes_make_the_table(tmp_path):
    process = command(tmp_path, "--seeds", "3", "--jobs", "2")
    assert process.communicate(timeout=300)[1].endswith("\n") and process.returncode == 0
    with open(tmp_path / "out" / "comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rule"], row["seed"], row["complete"]) for row in rows] == [("mine.Mine", s, "True") for s in "123"]
    nobody_stays(process.pid)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_when_it_is_stopped_no_process_stays_and_the_table_does(tmp_path, ending):
    process = command(tmp_path, "--seeds", "500", "--jobs", "2")
    until = time.monotonic() + 240
    while len(list(tmp_path.glob("out/runs/*/result.json"))) < 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    if ending == signal.SIGINT:
        os.killpg(process.pid, ending)  # as a terminal does
    else:
        process.send_signal(ending)
    _, err = process.communicate(timeout=60)
    nobody_stays(process.pid)
    if ending == signal.SIGKILL:
        return
    assert process.returncode == 130 and "Traceback" not in err
    with open(tmp_path / "out" / "comparison.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(list(tmp_path.glob("out/runs/*/result.json"))) >= 2


@pytest.mark.slow
def test_a_killed_process_is_replaced_and_every_run_is_done(tmp_path):
    process = command(tmp_path, "--seeds", "12", "--jobs", "2")
    until = time.monotonic() + 240
    while len(list(tmp_path.glob("out/runs/*/result.json"))) < 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.1)
    lines = {number: Path(f"/proc/{number}/cmdline").read_bytes() for number in members(process.pid)}
    os.kill(next(number for number, line in lines.items() if b"spawn_main" in line), signal.SIGKILL)
    process.communicate(timeout=240)
    assert process.returncode == 0
    assert len(list(tmp_path.glob("out/runs/*/result.json"))) == 12


def test_a_table_counts_the_runs_that_it_leaves_out(tmp_path):
    (tmp_path / "runs" / "another-chip-ideal-seed1").mkdir(parents=True)
    comparison = SimpleNamespace(plan=Plan("yin-yang", chips=["ideal"], seeds=[1]))
    assert _left_out(comparison, tmp_path) == 1
    (tmp_path / "runs" / comparison.plan.runs[0].name).mkdir()
    assert _left_out(comparison, tmp_path) == 1


def test_a_script_without_a_guard_ends_with_a_sentence(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "from host.compare import Plan, compare\n"
        f"compare(Plan('yin-yang', chips=['ideal'], seeds=[1, 2], epochs=1), {str(tmp_path / 'out')!r}, jobs=2)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines() == [f"plasticore: {SENTENCE}"]
    assert not (tmp_path / "out").exists()
