"""The command line: bad input is one sentence, exit code 2, no work and no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from host.cli import main
from host.results import Result

ROOT = Path(__file__).resolve().parents[2]

BAD_INPUT = {
    "unknown task": ("train mnist", "the task 'mnist' is unknown; valid are yin-yang"),
    "no task": ("train", "the following arguments are required: TASK"),
    "unknown rule": ("train yin-yang --rule hebb", "the rule 'hebb' is unknown; valid are eventprop"),
    "unknown chip": ("train yin-yang --chip perfect", "'perfect' is unknown; valid are ideal, typical and the path"),
    "unknown chip to show": ("chip --show perfect", "'perfect' is unknown; valid are ideal, typical and the path"),
    "chip file to show": ("chip --show {tmp}/range.toml", "must be a multiple of 4"),
    "no chip to show": ("chip", "the following arguments are required: --show"),
    "no chip file": ("train yin-yang --chip {tmp}/no.toml", "cannot be read"),
    "chip directory": ("train yin-yang --chip {tmp}/directory.toml", "cannot be read"),
    "chip file of nonsense": ("train yin-yang --chip {tmp}/nonsense.toml", "is not TOML"),
    "unknown chip setting": ("train yin-yang --chip {tmp}/unknown.toml", "there is no setting colour; valid are seed"),
    "bad chip setting": ("train yin-yang --chip {tmp}/range.toml", "must be a multiple of 4"),
    "no epochs": ("train yin-yang --epochs 0", "--epochs is 0; it must be a whole number of at least 1"),
    "negative epochs": ("train yin-yang --epochs=-3", "--epochs is -3; it must be a whole number of at least 1"),
    "epochs in words": ("train yin-yang --epochs many", "--epochs is 'many'; it must be a whole number"),
    "half epochs": ("train yin-yang --epochs 2.5", "--epochs is '2.5'; it must be a whole number"),
    "negative seed": ("train yin-yang --seed -1", "--seed is -1; it must be a whole number in 0.."),
    "huge seed": ("train yin-yang --seed 99999999999999999999", "it must be a whole number in 0.."),
    "out is a file": ("train yin-yang --out {tmp}/nonsense.toml", "results cannot be written to"),
    "out is below a file": ("train yin-yang --out {tmp}/nonsense.toml/run", "results cannot be written to"),
    "unknown command": ("lern", "invalid choice: 'lern' (choose from 'train', 'chip', 'rules', 'tasks')"),
    "no command": ("", "a command is missing; valid are train, chip, rules, tasks"),
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
    monkeypatch.setattr("host.cli._learn", lambda *_: pytest.fail("work was begun"))
    before = sorted(chip_files.rglob("*"))
    arguments, expected = BAD_INPUT[case]
    assert main(arguments.replace("{tmp}", str(chip_files)).split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("plasticore: ") and err.count("\n") == 1 and err.endswith("\n")
    assert expected in err
    assert sorted(chip_files.rglob("*")) == before


def test_first_refusal_wins_and_nothing_else_is_said(capsys):
    assert main(["train", "mnist", "--rule", "hebb", "--chip", "perfect"]) == 2
    assert capsys.readouterr().err == "plasticore: the task 'mnist' is unknown; valid are yin-yang\n"


def test_interrupt_before_the_chip_runs_is_exit_code_130(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("host.cli._learn", interrupted)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 130
    assert capsys.readouterr().err == "plasticore: interrupted; nothing was written\n"
    assert not (tmp_path / "run").exists()


def test_fault_of_the_chip_is_one_sentence_and_exit_code_1(tmp_path, capsys, monkeypatch):
    from chip.errors import MachineFault

    def faulty(*_):
        raise MachineFault("the top PPU divided by zero")

    monkeypatch.setattr("host.cli._learn", faulty)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err == "plasticore: the top PPU divided by zero\n"


def test_network_that_does_not_fit_is_bad_input(tmp_path, capsys, monkeypatch):
    from chip.errors import ChipLimitError

    def too_big(*_):
        raise ChipLimitError("SRAM of the top PPU", 20_000, 16_384, "bytes", "use fewer hidden neurons")

    monkeypatch.setattr("host.cli._learn", too_big)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "run")]) == 2
    expected = "SRAM of the top PPU: 20000 bytes needed, 16384 available; use fewer hidden neurons"
    assert capsys.readouterr().err == f"plasticore: {expected}\n"


@pytest.fixture
def toy(monkeypatch):
    """Make the command line train the toy firmware on the toy task; returns its constructor's extra arguments."""
    from host import tasks
    from tests.host.toy import TASK, Toy

    extra = {}
    monkeypatch.setattr("ppu_programs.load", lambda name: lambda **settings: Toy(**settings, **extra))
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
    assert (result.seed, result.chip) == (5, shown)
    assert (result.config["seed"], result.config["fpga"]["player_latency_ns"]) == (9, 2000)


def test_default_directory_is_named_after_the_run(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "yin-yang"]) == 0
    assert (tmp_path / "runs" / "yin-yang-eventprop-ideal-seed1" / "result.json").is_file()


@pytest.mark.parametrize("profile", ["ideal", "typical"])
def test_shown_chip_is_a_file_for_train(profile, toy, tmp_path, capsys):
    from chip.config import ChipConfig

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

    monkeypatch.setattr("host.plots.draw", interrupted)
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 130
    expected = "plasticore: interrupted before result.png was drawn; the other results are written\n"
    assert capsys.readouterr().err == expected
    assert Result.load(tmp_path).complete
    assert not (tmp_path / "result.png").exists()


def test_quiet_is_quiet(toy, tmp_path, capsys):
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_interrupted_training_writes_what_there_is_and_exits_with_130(toy, tmp_path, capsys):
    def interrupt(ppu):
        raise KeyboardInterrupt

    toy["temptation"] = interrupt
    assert main(["train", "yin-yang", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().out.startswith("INTERRUPTED, incomplete: toy")
    assert not Result.load(tmp_path).complete


def test_disk_that_fills_up_is_one_sentence_and_exit_code_1(toy, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["train", "yin-yang", "--out", str(tmp_path), "--quiet"]) == 1
    expected = f"plasticore: the results could not be written to {tmp_path}: No space left on device\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "name"), [("rules", "eventprop"), ("tasks", "yin-yang")])
def test_lists_name_and_explain(command, name, capsys):
    assert main([command]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.split()[0] == name and len(line.split()) > 4


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    assert "plasticore train yin-yang --epochs 5 --seed 3" in capsys.readouterr().out


def test_version_names_everything_that_a_result_depends_on(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    words = capsys.readouterr().out.replace(",", "").split()
    assert {"plasticore", "python", "numpy", "numba", "simpy"} <= set(words)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "yin-yang", "--rule", "hebb"], ["rules"], ["chip", "--show", "typical"]]
)
def test_answers_without_work_do_not_load_the_compiler(arguments):
    code = (
        "import sys\nfrom host.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'numba', 'simpy', 'tqdm', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
