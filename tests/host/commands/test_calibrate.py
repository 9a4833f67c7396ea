"""The command ``calibrate`` and its use by ``train``; the ratios that a whole calibration reaches."""

import hashlib
import io
import json
import pickle

import numpy as np
import pytest
from matplotlib.figure import Figure

from chip import ChipConfig, Registers
from chip.calibration.calibration import (
    BOUNDS,
    QUANTITIES,
    Calibration,
    CalibrationWarning,
    trimmed_std,
)
from chip.calibration.procedure import calibrate
from chip.silicon.capmem import FIELDS, PARAMETERS, design_codes, true_values
from host.calibration import picture as calibration_picture
from host.calibration.progress import MeasuringProgress
from host.calibration.report import report
from host.cli import main
from host.results.versions import version
from tests.chip.calibration.test_calibration import perfect

RAW = ChipConfig.raw(seed=7)


@pytest.fixture
def measured(monkeypatch):
    """A calibration that takes no time: curves that are known, spreads that are made up."""
    found = perfect()
    found.after[...] = 0.05 * found.before
    monkeypatch.setattr("chip.calibration.procedure.calibrate", lambda config, progress=None: found)
    return found


def test_it_reports_writes_and_draws(measured, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "new" / "cal.npz"
    assert main(["calibrate", "--chip", "raw", "--seed", "7", "--out", str(path)]) == 0
    out = capsys.readouterr().out
    for name, bound in BOUNDS.items():
        row = next(line for line in out.splitlines() if line.split()[:1] == [name])
        assert "0.050" in row and row.endswith(f"< {bound:.2f}")
    assert "CADC offset" in out and f"written to {path}, histograms to {path.with_suffix('.png')}" in out
    assert sorted(each.name for each in path.parent.iterdir()) == ["cal.npz", "cal.png"]
    assert path.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"
    np.testing.assert_array_equal(Calibration.load(path).slope, measured.slope)


def test_quiet_without_matplotlib_and_where_it_goes_by_default(measured, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    assert main(["calibrate", "--seed", "7", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["calibration-raw-seed7.npz"]


def test_a_spread_that_stays_is_told_and_exit_code_1(measured, tmp_path, capsys):
    index = QUANTITIES.index("tau_mem")
    measured.after[index] = measured.before[index]
    assert main(["calibrate", "--seed", "7", "--quiet", "--out", str(tmp_path / "cal.npz")]) == 1
    assert capsys.readouterr().err == "plasticore: the spread after calibration is too wide for tau_mem\n"
    assert (tmp_path / "cal.npz").exists()
    measured.good[2, 0, :3] = False
    assert "gave no answer and keep the design's codes: threshold of 3" in report(measured, RAW)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["calibrate", "--out", str(tmp_path / "file" / "cal.npz")]) == 2
    expected = f"plasticore: {tmp_path}/file is a file; --out names a file in a directory, as cal.npz\n"
    assert capsys.readouterr().err == expected


def test_an_interrupt_leaves_nothing_behind(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("chip.calibration.procedure.Procedure._channels", interrupted)
    assert main(["calibrate", "--out", str(tmp_path / "cal.npz")]) == 130
    assert capsys.readouterr().err.endswith("plasticore: interrupted; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_it_draws_keeps_the_calibration(measured, tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("host.calibration.picture.histograms", interrupted)
    assert main(["calibrate", "--seed", "7", "--out", str(tmp_path / "cal.npz")]) == 130
    assert "interrupted before the histograms were drawn" in capsys.readouterr().err
    assert Calibration.load(tmp_path / "cal.npz")


NO_CALIBRATION = (
    "is not a calibration of plasticore, or damaged: it is no archive of numpy's, or a piece is missing; "
    "`plasticore calibrate` makes one\n"
)
BAD_INPUT = {
    "no codes": ("calibrate --chip ideal", "the chip ideal needs no calibration: its neurons have no codes"),
    "no npz": ("calibrate --out {tmp}/cal.txt", "/cal.txt'; it must name a file that ends in .npz"),
    "out is nothing": ("calibrate --out=", "--out is ''; it must name a file"),
    "out is a directory": ("calibrate --out {tmp}/directory.npz", "/directory.npz is a directory"),
    "out is below a file": ("calibrate --out {tmp}/nonsense.npz/cal.npz", "/nonsense.npz is a file"),
    "no file": ("train yin-yang --chip raw --calibration {tmp}/no.npz", "/no.npz cannot be read: No such file"),
    "a text": ("train yin-yang --chip raw --calibration {tmp}/nonsense.npz", f"nonsense.npz {NO_CALIBRATION}"),
    "a pickle": ("train yin-yang --chip raw --calibration {tmp}/pickle.npz", f"pickle.npz {NO_CALIBRATION}"),
    "half of one": ("train yin-yang --chip raw --calibration {tmp}/half.npz", f"half.npz {NO_CALIBRATION}"),
    "another archive": (
        "train yin-yang --chip raw --calibration {tmp}/arrays.npz",
        "or damaged: it has no calibration; `plasticore calibrate` makes one\n",
    ),
    "another chip": ("train yin-yang --chip raw --seed 8 --calibration {tmp}/cal.npz", "seed 7, this is the chip of"),
    "a chip without codes": ("train yin-yang --calibration {tmp}/cal.npz", "the chip ideal takes no calibration"),
    "a list inside": ("train yin-yang --chip raw --seed 7 --calibration {tmp}/list.npz", "of the chip are list, not a"),
    "another version": ("train yin-yang --chip raw --seed 7 --calibration {tmp}/old.npz", "by plasticore 0.0.1"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_2(case, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("host.commands.session.learn", lambda *_: pytest.fail("work was begun"))
    monkeypatch.setattr("host.commands.calibrate.measure", lambda *_: pytest.fail("work was begun"))
    perfect().save(tmp_path / "cal.npz")
    perfect(version="0.0.1").save(tmp_path / "old.npz")
    perfect(chip=perfect().chip | {"imperfections": []}).save(tmp_path / "list.npz")
    (tmp_path / "nonsense.npz").write_text("nonsense")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps({"slope": 3}))
    (tmp_path / "half.npz").write_bytes((tmp_path / "cal.npz").read_bytes()[:5000])
    np.savez(tmp_path / "arrays.npz", slope=np.zeros(3))
    (tmp_path / "directory.npz").mkdir()
    before = sorted(tmp_path.rglob("*"))
    arguments, expected = BAD_INPUT[case]
    assert main(arguments.replace("{tmp}", str(tmp_path)).split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("plasticore: ") and err.count("\n") == 1
    assert expected in err
    assert sorted(tmp_path.rglob("*")) == before


def test_progress_is_a_line_a_parameter_in_a_file(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    with MeasuringProgress("calibrating") as progress:
        for done, name in enumerate(("cadc", "cadc", "leak", "leak", "tau_mem")):
            progress.measuring(done, 5, name)
    lines = written.getvalue().splitlines()
    assert lines == [f"calibrating: {n} of 5 measurements, {p}" for n, p in ((1, "CADC offset"), (2, "leak"),
                                                                              (4, "tau_mem"))]  # fmt: skip


def test_train_takes_a_calibration_and_warns_in_sentences(tmp_path, capsys, monkeypatch):
    from host import tasks
    from tests.host.toy import TASK, Toy

    class Leaky(Toy):
        def build(self, task, config):
            built = super().build(task, config)
            built.registers.leak_lsb[...], built.registers.enabled[0, 0] = 30.0, True
            return built

    monkeypatch.setattr("ppu_programs.load", lambda name: Leaky)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    perfect().save(tmp_path / "cal.npz")
    words = f"train yin-yang --chip raw --seed 7 --calibration {tmp_path}/cal.npz --out {tmp_path}/run"
    assert main(words.split()) == 0
    out, err = capsys.readouterr()
    assert "plasticore: Registers.leak_lsb[0, 0] asks for 30 LSB" in err and "Warning" not in err
    written = json.loads((tmp_path / "run" / "result.json").read_text())
    assert written["chip"] == "raw, calibrated" and "chip raw, calibrated" in out
    digest = hashlib.sha256((tmp_path / "cal.npz").read_bytes()).hexdigest()
    used = {
        "file": f"{tmp_path}/cal.npz",
        "sha256": digest,
        "chip": "raw",
        "chip_seed": 7,
        "plasticore": version("plasticore"),
    }
    assert written["calibration"] == used
    assert f"  calibration   {tmp_path}/cal.npz, sha256 {digest[:12]}, of chip raw, seed 7\n" in out


def test_a_chip_whose_neurons_have_codes_and_no_calibration_says_so(tmp_path, capsys, monkeypatch):
    from host import tasks
    from tests.host.toy import TASK, Toy

    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    monkeypatch.setattr(tasks, "load", lambda name: TASK)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    for chip, name in (("raw", "raw, uncalibrated"), ("ideal", "ideal")):
        assert main(f"train yin-yang --chip {chip} --seed 7 --out {tmp_path}".split()) == 0
        out = capsys.readouterr().out
        written = json.loads((tmp_path / "result.json").read_text())
        assert written["chip"] == name and written["calibration"] is None
        assert f"on chip {name}, seed 7" in out and "  calibration " not in out


@pytest.fixture(scope="module")
def calibrated():
    """A whole calibration, and what it told of its progress; half a minute."""
    told = []
    return calibrate(RAW, lambda *words: told.append(words)), told


@pytest.mark.slow
def test_ratios_of_the_source_are_reached_as_measured_and_in_truth(calibrated):
    calibration, told = calibrated
    assert calibration.failed() == [] and calibration.good.all()
    assert all(calibration.ratio(name) < 0.55 * bound for name, bound in BOUNDS.items())
    assert 9.0 < calibration.spread("cadc")[0] < 20.0 and calibration.spread("cadc")[1] < 1.0
    assert [done for done, _, _ in told[:-1]] == list(range(told[0][1])) and told[-1][:2] == (told[0][1],) * 2
    targets = ((80, 80, 125, 10, 10), (55, 155, 215, 60, 30), (155, 55, 60, 0.5, 0.3), (100, 90, 170, 25, 2))
    for values in targets:
        registers = Registers()
        for field, value in zip(FIELDS, (*values, values[-1]), strict=True):
            getattr(registers, field)[...] = value * (1000 if field.endswith("ns") else 1)
        before, after = (true_values(RAW, each) for each in (design_codes(registers), calibration.codes(registers)))
        for name, field in zip(PARAMETERS, FIELDS, strict=True):
            ratio = trimmed_std(after[field]) / trimmed_std(before[field])
            assert ratio < BOUNDS[name], f"{name} at {values}"
            assert np.median(after[field]) == pytest.approx(np.median(getattr(registers, field)), rel=0.015)


@pytest.mark.slow
def test_a_calibrated_chip_learns_better(calibrated):
    """Yin-Yang in short, on one chip with the codes of its design and of its calibration."""
    from chip import Chip
    from host import Host, tasks
    from ppu_programs import EventProp

    accuracy = []
    for use in (None, calibrated[0]):
        chip = Chip(RAW)
        if use is not None:
            chip.link.write_calibration(use)
        host = Host(chip)
        host.load(EventProp(epochs=2, seed=7), tasks.yin_yang().head(2000, 100, 500))
        accuracy.append(host.run().learning[-1])
    assert accuracy[1] > accuracy[0] + 0.02


def test_the_warning_is_python_s_own():
    assert issubclass(CalibrationWarning, UserWarning)


def test_times_in_the_picture_are_in_micro_seconds(measured):
    axes = Figure().subplots()
    for name, unit in (("tau_mem", "µs"), ("leak", "LSB")):
        calibration_picture._panel(axes, measured, name, ("C0", "C1"))
        assert axes.get_xlabel() == unit
