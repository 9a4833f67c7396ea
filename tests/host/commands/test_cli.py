"""The command line: bad input is one sentence, exit code 2, no work and no traceback."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host.cli import main
from host.results.result import Result
from ppu_programs import Array, Outcome

ROOT = Path(__file__).resolve().parents[3]

BAD_INPUT = {
    "unknown task": ("train mnist", "the task 'mnist' is unknown; valid are yin-yang"),
    "no task": ("train", "a task is missing; valid are yin-yang"),
    "unknown rule": ("train yin-yang --rule hebb", "the rule 'hebb' is unknown; valid are equilibrium-propagation"),
    "unknown chip": ("train yin-yang --chip perfect", "'perfect' is unknown; valid are ideal, typical, raw and the"),
    "unknown chip to show": ("chip --show perfect", "'perfect' is unknown; valid are ideal, typical, raw and the path"),
    "chip file to show": ("chip --show {tmp}/range.toml", "must be a multiple of 4"),
    "no chip file": (
        "train yin-yang --chip {tmp}/no.toml",
        "/no.toml cannot be read: No such file or directory; valid are ideal, typical, raw and the path of a TOML file",
    ),
    "chip directory": ("train yin-yang --chip {tmp}/directory.toml", "cannot be read: Is a directory; valid are"),
    "chip file of nonsense": ("train yin-yang --chip {tmp}/nonsense.toml", "is not TOML"),
    "unknown chip setting": ("train yin-yang --chip {tmp}/unknown.toml", "there is no setting colour; valid are seed"),
    "bad chip setting": ("train yin-yang --chip {tmp}/range.toml", "must be a multiple of 4"),
    "unknown link": ("train yin-yang --link tomorrow", "--link is 'tomorrow'; valid are today, optimistic"),
    "unknown link to show": ("chip --show ideal --link slow", "--link is 'slow'; valid are today, optimistic"),
    "link without a name": ("train yin-yang --link", "argument --link: expected one argument"),
    "no epochs": ("train yin-yang --epochs 0", "--epochs is 0; it must be a whole number of at least 1"),
    "negative epochs": ("train yin-yang --epochs=-3", "--epochs is -3; it must be a whole number of at least 1"),
    "epochs in words": ("train yin-yang --epochs many", "--epochs is 'many'; it must be a whole number"),
    "half epochs": ("train yin-yang --epochs 2.5", "--epochs is '2.5'; it must be a whole number"),
    "negative seed": ("train yin-yang --seed -1", "--seed is -1; it must be a whole number in 0.."),
    "huge seed": ("train yin-yang --seed 99999999999999999999", "it must be a whole number in 0.."),
    "no neurons in a layer": ("train yin-yang --hidden 60,0", "--hidden is 0; it must be a whole number of at least 1"),
    "layers that are not numbers": ("train yin-yang --hidden 60,", "--hidden is ''; it must be a whole number of at l"),
    "no hidden neurons": ("train yin-yang --hidden 0", "--hidden is 0; it must be a whole number of at least 1"),
    "out is a file": ("train yin-yang --out {tmp}/nonsense.toml", "/nonsense.toml is a file; --out names a directory"),
    "out is nothing": ("train yin-yang --out=", "--out is ''; it must name a directory"),
    "out is below a file": ("train yin-yang --out {tmp}/nonsense.toml/run", "/nonsense.toml is a file; --out names"),
    "out is nowhere": ("train yin-yang --out /proc/a/b", "to /proc/a/b: nothing can be made in /proc"),
    "unknown command": ("trian", "the command 'trian' is unknown; valid are train, run, compare, inspect, "),
    "no command": ("", "a command is missing; valid are train, run, compare, inspect, "),
    "unknown option": ("train yin-yang --fast", "unrecognized arguments: --fast"),
    "abbreviated option": ("train yin-yang --epoch 3", "unrecognized arguments: --epoch"),
    "option without value": ("train yin-yang --seed", "argument --seed: expected one argument"),
}


@pytest.fixture
def chip_files(tmp_path):
    (tmp_path / "directory.toml").mkdir()
    (tmp_path / "nonsense.toml").write_text("= 3")
    (tmp_path / "unknown.toml").write_text('colour = "red"')
    (tmp_path / "range.toml").write_text("[router]\non_chip_latency_ns = 101")
    return tmp_path


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_2(case, chip_files, capsys, monkeypatch):
    monkeypatch.chdir(chip_files)
    monkeypatch.setattr("host.commands.session.learn", lambda *_: pytest.fail("work was begun"))
    before = sorted(chip_files.rglob("*"))
    arguments, expected = BAD_INPUT[case]
    assert main(arguments.replace("{tmp}", str(chip_files)).split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("plasticore: ") and err.count("\n") == 1 and err.endswith("\n")
    assert expected in err
    assert sorted(chip_files.rglob("*")) == before


@pytest.mark.parametrize(("link", "start_us"), [([], 5_000.0), (["--link", "optimistic"], 1_000.0)])
def test_chip_shows_the_settings_of_a_link(link, start_us, capsys):
    assert main(["chip", "--show", "typical", *link]) == 0
    assert f"\nstart_changed_us = {start_us}  # grenade's own test accepts 5 to 100 ms\n" in capsys.readouterr().out


def test_first_refusal_wins_and_nothing_else_is_said(capsys):
    assert main(["train", "mnist", "--rule", "hebb", "--chip", "perfect"]) == 2
    assert capsys.readouterr().err == (
        "plasticore: the task 'mnist' is unknown; valid are yin-yang, moving-bars, two-clusters, digits:DIRECTORY, "
        "digits-8x8:DIRECTORY, moving-digits:DIRECTORY, two-clusters:NOISE, FILE.npz, FILE.py:TASK\n"
    )


def test_interrupt_before_the_chip_runs_is_exit_code_130(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("host.commands.session.learn", interrupted)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 130
    assert capsys.readouterr().err == "plasticore: interrupted; nothing was written\n"
    assert not (tmp_path / "run").exists()


def test_fault_of_the_chip_is_one_sentence_and_exit_code_1(tmp_path, capsys, monkeypatch):
    from chip.base.errors import MachineFault

    def faulty(*_):
        raise MachineFault("the top PPU divided by zero")

    monkeypatch.setattr("host.commands.session.learn", faulty)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err == "plasticore: the top PPU divided by zero\n"


def test_network_that_does_not_fit_is_bad_input(tmp_path, capsys, monkeypatch):
    from chip.base.errors import ChipLimitError, Resource

    def too_big(*_):
        raise ChipLimitError(Resource.SRAM, "SRAM of the top PPU", 20_000, 16_384, "bytes", "use fewer hidden neurons")

    monkeypatch.setattr("host.commands.session.learn", too_big)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 2
    expected = "SRAM of the top PPU: 20000 bytes needed, 16384 available; use fewer hidden neurons"
    assert capsys.readouterr().err == f"plasticore: {expected}\n"


@pytest.fixture
def toy(monkeypatch):
    """Make the command line train the toy firmware on the toy task; returns its constructor's extra arguments."""
    from host import tasks
    from tests.host.toy import TASK, Toy

    extra = {}

    class Extra(Toy):
        def __init__(self, **settings):
            super().__init__(**settings, **extra)

    monkeypatch.setattr("ppu_programs.load", lambda name: Extra)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    return extra


def test_train_reports_and_writes_both_files(toy, tmp_path, capsys):
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run"), "--seed", "5", "--epochs", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("toy learned by toy rule on chip ideal, seed 5, 3 epochs\n")
    assert f"results       {tmp_path}/run/ result.json, result.npz, result.png" in out
    assert "no picture" not in out
    assert "yin-yang eventprop" in err  # the progress bar
    result = Result.load(tmp_path / "run")
    assert (result.seed, result.epochs, result.config["seed"], result.complete) == (5, 3, 5, True)


@pytest.mark.parametrize(("line", "shown"), [("", "mine.toml"), ('profile = "cold"\n', "cold")])
def test_chip_file_brings_its_own_name_seed_and_settings(toy, tmp_path, line, shown):
    (tmp_path / "mine.toml").write_text(f"seed = 9\n{line}[fpga]\nplayer_latency_ns = 2000\n")
    chip = str(tmp_path / "mine.toml")
    assert main(["train", "yin-yang", "--chip", chip, "--out", str(tmp_path), "--quiet", "--seed", "5"]) == 0
    result = Result.load(tmp_path)
    assert (result.seed, result.chip_seed, result.chip) == (5, 9, shown)
    assert json.loads((tmp_path / "result.json").read_text())["chip_seed"] == 9
    assert (result.config["seed"], result.config["fpga"]["player_latency_ns"]) == (9, 2000)


def test_default_directory_is_named_after_the_run(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("seed = 1")
    assert main(["train", "yin-yang"]) == 0
    assert main(["train", "yin-yang", "--chip", str(tmp_path / "mine.toml"), "--epochs", "3", "--hidden", "9"]) == 0
    names = ["yin-yang-eventprop-ideal-seed1-1epochs", "yin-yang-eventprop-mine.toml-seed1-3epochs-9hidden"]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == names
    assert all((tmp_path / "runs" / name / "result.json").is_file() for name in names)


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_shown_chip_is_a_file_for_train(profile, toy, tmp_path, capsys):
    from chip.base.config import ChipConfig

    assert main(["chip", "--show", profile, "--seed", "11"]) == 0
    shown = capsys.readouterr().out
    (tmp_path / "mine.toml").write_text(shown)
    config = getattr(ChipConfig, profile)(seed=11)
    assert ChipConfig.from_toml(tmp_path / "mine.toml") == config
    chip = str(tmp_path / "mine.toml")
    assert main(["train", "yin-yang", "--chip", chip, "--out", str(tmp_path), "--quiet"]) == 0
    result = Result.load(tmp_path)
    assert result.chip == "mine.toml"
    assert result.config == config.to_dict() | {"profile": "mine.toml"}
    assert main(["chip", "--show", chip]) == 0
    assert capsys.readouterr().out == shown.replace(f'profile = "{profile}"', 'profile = "mine.toml"')


def test_profile_is_a_chip_of_its_own(toy, tmp_path):
    assert main(["train", "yin-yang", "--chip", "typical", "--out", str(tmp_path), "--quiet"]) == 0
    result = Result.load(tmp_path)
    assert result.chip == "typical"
    assert any(result.config["imperfections"].values())


def test_without_matplotlib_one_line_names_the_extra(toy, tmp_path, capsys, monkeypatch):
    (tmp_path / "result.png").write_bytes(b"of an earlier run")
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # makes the import fail
    assert main(["train", "yin-yang", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    hint = out.splitlines()[-1]
    assert hint == "  no picture: matplotlib is not installed; pip install 'plasticore[plot]' brings it"
    assert f"results       {tmp_path}/ result.json, result.npz\n" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json", "result.npz"]


def test_interrupt_while_the_picture_is_drawn_keeps_the_results(toy, tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("host.pictures.plots.draw", interrupted)
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 130
    expected = "plasticore: interrupted before result.png was drawn; the other results are written\n"
    assert capsys.readouterr().err == expected
    assert Result.load(tmp_path).complete
    assert not (tmp_path / "result.png").exists()


def test_all_assumptions_are_reported_where_asked_for(toy, tmp_path, capsys):
    assert main(["train", "yin-yang", "--out", str(tmp_path)]) == 0
    few = capsys.readouterr().out
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--assumptions"]) == 0
    every, written = capsys.readouterr().out, json.loads((tmp_path / "result.json").read_text())["assumptions"]
    assert f"assumed       {len(written)} things, all in result.json" in few and "toys are real" not in few
    assert written[-1] == "toys are real" in every and every.count("\n") > few.count("\n") + 20


def test_quiet_is_quiet(toy, tmp_path, capsys):
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_interrupted_training_writes_what_there_is_and_exits_with_130(toy, tmp_path, capsys):
    def interrupt(ppu):
        raise KeyboardInterrupt

    toy["temptation"] = interrupt
    assert main(["train", "yin-yang", "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert out.startswith("INTERRUPTED, incomplete: toy")
    assert "  got to        1 of 5 samples, 1 of 1 epoch\n" in out
    assert err.endswith("plasticore: interrupted after 1 of 5 samples, 1 of 1 epoch\n")
    assert not Result.load(tmp_path).complete


def test_an_interrupt_before_the_first_epoch_has_ended_writes_nothing(toy, tmp_path, capsys, monkeypatch):
    def interrupt(ppu):
        raise KeyboardInterrupt

    nothing = Outcome({"accuracy": None}, {"train_accuracy": Array([], "epoch")}, curve="train_accuracy")
    monkeypatch.setattr("tests.host.toy.Toy.outcome", lambda self, link, built: nothing)
    toy["temptation"] = interrupt
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run"), "--epochs", "3"]) == 130
    out, err = capsys.readouterr()
    expected = "interrupted after 1 of 5 samples, 0 of 3 epochs; nothing was learned, nothing is written\n"
    assert out == "" and err.endswith(f"plasticore: {expected}")
    assert not (tmp_path / "run").exists()


def test_disk_that_fills_up_is_one_sentence_and_exit_code_1(toy, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 1
    expected = f"plasticore: the results could not be written to {tmp_path}: No space left on device\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


def test_exit_code_of_a_program_is_told_and_is_exit_code_1(toy, tmp_path, capsys):
    toy["exit_code"] = 3
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("plasticore: the bottom PPU ended with exit code 3; 0 is success")
    assert not Result.load(tmp_path).complete


def test_watchdog_is_told_and_is_exit_code_1(toy, tmp_path, capsys):
    (tmp_path / "short.toml").write_text("[ppu]\nprogram_limit_cycles = 3000")
    chip = str(tmp_path / "short.toml")
    assert main(["train", "yin-yang", "--chip", chip, "--out", str(tmp_path / "run")]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("STOPPED BY THE WATCHDOG, incomplete: toy")
    assert "the watchdog stopped the bottom PPU after 3000 cycles; raise ppu.program_limit_cycles or train" in err


def test_losses_are_told_and_are_exit_code_1(toy, tmp_path, capsys):
    def lose(ppu):
        ppu.chip.processors[ppu.hemisphere].lost_doorbells += 1

    toy["temptation"] = lose
    (tmp_path / "lax.toml").write_text("strict = false")
    chip = str(tmp_path / "lax.toml")
    assert main(["train", "yin-yang", "--chip", chip, "--out", str(tmp_path / "run"), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("plasticore: lost or late: 5 doorbells; ")
    assert main(["train", "yin-yang", "--out", str(tmp_path / "strict"), "--quiet"]) == 1
    assert not (tmp_path / "strict").exists()  # a run that faulted writes nothing


def test_interrupted_run_keeps_the_earlier_result(toy, tmp_path, capsys):
    def interrupt(ppu):
        raise KeyboardInterrupt

    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 0
    toy["temptation"] = interrupt
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 130
    expected = f"{tmp_path} keeps its earlier complete result, this one is in {tmp_path}/interrupted\n"
    assert capsys.readouterr().err.endswith(expected)
    assert Result.load(tmp_path).complete and not Result.load(tmp_path / "interrupted").complete


def test_second_interrupt_while_saving_does_not_stop_the_saving(toy, tmp_path, capsys, monkeypatch):
    original = Result.save

    def interrupted_save(self, directory):
        signal.raise_signal(signal.SIGINT)
        original(self, directory)

    monkeypatch.setattr("host.running.interrupts.ONE_INTERRUPT_S", 0.0)
    monkeypatch.setattr(Result, "save", interrupted_save)
    toy["temptation"] = lambda ppu: signal.raise_signal(signal.SIGTERM)
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 130
    assert "interrupted before result.png was drawn" in capsys.readouterr().err
    assert Result.load(tmp_path).samples == 1


def test_value_error_of_loading_is_bad_input(toy, tmp_path, capsys, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("toy needs fpga.sample_player, which this chip has off")

    monkeypatch.setattr("host.host.Host.load", refuse)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == "plasticore: toy needs fpga.sample_player, which this chip has off\n"


@pytest.mark.parametrize("option", ["--epochs=2000000", "--hidden=1000"])
def test_what_eventprop_cannot_do_is_bad_input(option, tmp_path, capsys):
    assert main(["train", "yin-yang", option, "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "available; " in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("arguments", ["rules", "tasks", "--help", "chip --show ideal"])
@pytest.mark.parametrize(("redirection", "code"), [("> /dev/full", 1), (">&-", 0), ("| true", 0)])
def test_stdout_that_cannot_be_written_is_no_traceback(arguments, redirection, code):
    run = f"'{sys.executable}' -c 'import sys; from host.cli import main; sys.exit(main())' {arguments} {redirection}"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {run}"], cwd=ROOT, capture_output=True, text=True)
    said = "plasticore: standard output cannot be used: No space left on device\n" if code else ""
    assert (done.returncode, done.stderr) == (code, said)


def test_full_stdout_does_not_cost_the_results(toy, tmp_path, capsys, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    assert main(["train", "yin-yang", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("standard output cannot be used: No space left on device\n")
    assert Result.load(tmp_path).complete


def test_a_second_run_into_the_same_directory_is_refused_while_the_first_is_under_way(toy, tmp_path, capsys):
    out, seen = tmp_path / "run", []

    def second(_):
        code = main(["train", "yin-yang", "--quiet", "--out", str(out)])
        seen.append((code, capsys.readouterr().err))

    toy["temptation"] = second
    assert main(["train", "yin-yang", "--quiet", "--out", str(out)]) == 0
    code, sentence = seen[0]
    assert code == 2 and sentence.startswith(f"plasticore: another run writes into {out}, process ")
    assert sentence.endswith("; wait for its end, or name another directory with --out\n")
    assert sorted(path.name for path in out.iterdir()) == ["result.json", "result.npz", "result.png"]
