"""``plasticore experiment``: files, pictures, bad input."""

import functools
import json
from importlib import import_module

import numpy as np
import pytest

from chip.base.config import ChipConfig
from host.cli import main
from host.experiments import SUMMARIES, gradient, observation, pictures
from host.experiments.outcome import Outcome
from host.pictures import plots

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def small(monkeypatch):
    quick = functools.partial(gradient.run, weights=np.array([40, 50]), trials=2, neurons=2)
    monkeypatch.setattr(gradient, "run", quick)


def test_an_experiment_reports_and_writes_its_files(small, tmp_path, capsys):
    out = tmp_path / "deep" / "here"
    assert main(["experiment", "gradient", "--chip", "ideal", "--seed", "7", "--out", str(out)]) == 0
    text, progress = capsys.readouterr()
    assert text.startswith("gradient of a spike time on chip ideal, seed 7: 2 trials of 2 neurons")
    assert text.endswith(f"written to {out}/ gradient.png, gradient.npz, gradient.json\n")
    assert "weight by weight" in progress
    summary = json.loads((out / "gradient.json").read_text())
    assert summary["settings"]["seed"] == 7 and summary["chip"]["eventprop"]["bias"] < 0.02
    assert "numba" in summary["versions"]
    with np.load(out / "gradient.npz", allow_pickle=False) as arrays:
        assert arrays["chip_spikes_ns"].shape == (2, 2, 2)
    assert (out / "gradient.png").read_bytes().startswith(PNG)


def test_what_cannot_be_said_is_null(tmp_path):
    outcome = gradient.run(ChipConfig.ideal(), np.array([10]), trials=2, neurons=2)
    outcome.save(tmp_path)
    summary = json.loads((tmp_path / "gradient.json").read_text(), parse_constant=pytest.fail)
    assert summary["chip"]["silent"] == 1.0 and summary["chip"]["eventprop"]["bias"] is None
    assert summary["surrogate_factor"] is None and summary["trials"] == 2


def test_without_matplotlib_there_is_no_picture_and_no_earlier_one(small, tmp_path, capsys, monkeypatch):
    (tmp_path / "gradient.png").write_bytes(b"of an earlier run")
    monkeypatch.setattr(plots, "available", lambda: False)
    assert main(["experiment", "gradient", "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradient.json", "gradient.npz"]


def test_the_picture_of_observed_bytes_is_drawn():
    events = np.random.default_rng(1).integers(0, 60, (3, 2, 10, 2))
    found = observation.bytes_of(events, 120, 3, 30_000)
    arrays = {"events": events} | {f"{name}_bytes": values for name, values in found.items()}
    ratio = {"trained": {"mean": 9.0, "std": 1.0}}
    summary = {"ratio": {"traces": ratio, "link_traces": ratio}}
    assert pictures.draw(Outcome("observation", "title", summary, arrays, "")).startswith(PNG)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["sleep"], f"the experiment 'sleep' is unknown; valid are {', '.join(SUMMARIES)}"),
        (["gradient", "--chip", "raw"], "the chip raw needs a calibration; experiments take ideal and typical chips"),
        (["gradient", "--out", " "], "--out is ' '; it must name a directory"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, capsys):
    assert main(["experiment", *arguments]) == 2
    assert capsys.readouterr() == ("", f"plasticore: {sentence}\n")


def test_without_a_name_all_are_listed(capsys):
    assert main(["experiment"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == list(SUMMARIES)
    for name in SUMMARIES:
        module = import_module(f"host.experiments.{name.replace('-', '_')}")
        assert module.NAME == name and callable(module.run)


def test_a_place_that_cannot_be_written_is_refused_first(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["experiment", "gradient", "--out", str(tmp_path / "file")]) == 2
    assert "is a file; --out names a directory" in capsys.readouterr().err
