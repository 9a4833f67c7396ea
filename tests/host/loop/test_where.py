"""``plasticore train ... --where host``: the same command, the other place."""

import json

import pytest

from host import Result, tasks
from host.cli import main
from host.loop.host_loop import HostLoop
from tests.host import toy as toys


@pytest.fixture
def few(monkeypatch):
    """Fifty training samples of the task."""
    task = tasks.yin_yang().head(50, 20, 30)
    monkeypatch.setattr(tasks, "load", lambda name: task)


def test_a_host_trains_reports_and_writes_all_files(few, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "yin-yang", "--where", "host", "--epochs", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("yin-yang learned by eventprop from the host on chip ideal, seed 1, 1 epoch\n")
    assert "link time" in out and "100 of 100 samples" in err
    directory = tmp_path / "runs" / "yin-yang-eventprop-ideal-seed1-1epochs-host"
    assert sorted(path.name for path in directory.iterdir()) == ["result.json", "result.npz", "result.png"]
    summary = json.loads((directory / "result.json").read_text())
    assert summary["where"] == "host" and set(summary["time"]) == {"chip_s", "link_s", "host_s"}
    assert Result.load(directory).host_link["bytes_during"] > 0


def test_a_host_trains_over_another_link(few, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("seed = 1\n[link]\nround_trip_us = 3.0\n")
    for link, preset in (("optimistic", "optimistic"), ("today", "today"), (None, "own settings")):
        chosen = [] if link is None else ["--link", link]
        assert main(["train", "yin-yang", "--where", "host", "--epochs", "1", "--chip", "mine.toml", *chosen]) == 0
        out = capsys.readouterr().out
        assert f" ({preset}) or " in out and out.count("(optimistic)") == out.count("(today)") == 3
        name = f"yin-yang-eventprop-mine.toml-seed1-1epochs-host{f'-{link}' if link else ''}"
        result = Result.load(tmp_path / "runs" / name)
        assert result.host_link["preset"] == preset
        assert result.config["link"]["round_trip_us"] == (100.0 if link else 3.0)


def test_a_rule_that_a_host_has_no_method_for_is_bad_input(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ppu_programs.load", lambda name: toys.Toy)
    monkeypatch.setattr(tasks, "load", lambda name: toys.TASK)
    assert main(["train", "yin-yang", "--where", "host", "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert "plasticore: the rule toy rule has no network that can be trained from the host; rules that can" in err
    assert not (tmp_path / "run").exists()


def test_another_place_is_bad_input(capsys):
    assert main(["train", "yin-yang", "--where", "moon"]) == 2
    assert "'moon'" in capsys.readouterr().err


def test_an_interrupt_writes_what_there_is(few, tmp_path, monkeypatch, capsys):
    moment = HostLoop.moment

    def interrupted(host):
        if not host.over and host.learner.train_accuracy:
            raise KeyboardInterrupt
        return moment(host)

    monkeypatch.setattr("host.loop.host_loop.PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr(HostLoop, "moment", interrupted)
    assert main(["train", "yin-yang", "--where", "host", "--epochs", "2", "--out", str(tmp_path), "--quiet"]) == 130
    result = Result.load(tmp_path)
    assert not result.complete and result.samples == 75 and result.accuracy is None and result.weights.any()
    assert "interrupted after 75 of 150 samples, 1 of 2 epochs" in capsys.readouterr().err


def test_interrupts_are_held_when_learning_is_over_and_not_between_runs(few):
    """The chip has finished behind every batch; an interrupt must still come through."""
    from chip import Chip, ChipConfig
    from ppu_programs import EventProp

    host = HostLoop(Chip(ChipConfig.ideal(seed=1)))
    host.load(EventProp(epochs=1, seed=1), tasks.load("yin-yang"))
    seen = []
    host.learner.learn(lambda: seen.append((host.chip.finished, host.over)))
    assert seen and set(seen) == {(True, False)}
