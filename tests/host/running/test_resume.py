"""``train --checkpoint-every`` and ``--resume``: whatever ends a run, it goes on to what it would have come to."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chip.base.locks import CLAIM_NAME
from host import tasks
from host.cli import main
from host.results.result import Result
from host.running.checkpoint import NAME, Checkpoint, Checkpoints

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def train(tmp_path, imports_are_undone, monkeypatch):
    """Return a function that trains a user's rule, looked at after every few steps, into a directory of a name."""
    task = tasks.yin_yang().head(train=100, validation=20, test=40)
    monkeypatch.setattr("host.tasks.load", lambda name: task)
    monkeypatch.setattr("host.pictures.plots.available", lambda: False)
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0.0)
    path = tmp_path / "mine.py"
    path.write_text("from ppu_programs import EventProp\n\n\nclass Mine(EventProp):\n    pass\n")

    def run(name, *options):
        command = ["train", "yin-yang", "--rule", f"{path}:Mine", "--epochs", "2", "--hidden", "8", "--quiet"]
        return main([*command, "--seed", "5", "--out", str(tmp_path / name), *options])

    return run, tmp_path, path


def stop_behind(monkeypatch, checkpoints):
    """Interrupt a run when it has written so many checkpoints."""
    look, written = Checkpoints.look, []

    def interrupting(self, host, done, state):
        look(self, host, done, state)
        if self._written_at == done:
            written.append(done)
        if len(written) == checkpoints:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "look", interrupting)


def test_an_interrupted_run_goes_on_to_the_same_bytes_and_leaves_no_checkpoint(train, monkeypatch, capsys):
    run, directory, _ = train
    assert run("whole") == 0
    checkpoint = directory / "parts" / NAME
    with monkeypatch.context() as patch:
        stop_behind(patch, 2)
        assert run("parts", "--checkpoint-every", "30") == 130
    assert f"; the same command with --resume {checkpoint} goes on\n" in capsys.readouterr().err
    assert 60 <= Checkpoint.load(checkpoint).done < 100
    assert run("parts", "--checkpoint-every", "1", "--resume", str(checkpoint)) == 0
    assert (directory / "parts" / "result.npz").read_bytes() == (directory / "whole" / "result.npz").read_bytes()
    result = Result.load(directory / "parts")
    assert result.complete and len(result.progress["resumed_at"]) == 1
    assert not checkpoint.exists()


def test_what_cannot_be_resumed_is_one_sentence(train, monkeypatch, capsys):
    run, directory, path = train
    with monkeypatch.context() as patch:
        stop_behind(patch, 1)
        assert run("parts", "--checkpoint-every", "30") == 130
    checkpoint, nonsense = directory / "parts" / NAME, directory / "nonsense"
    nonsense.write_text("no archive")
    capsys.readouterr()
    wrong = {
        f"the checkpoint {directory / 'no'} cannot be read: No such file": ["--resume", str(directory / "no")],
        f"checkpoint {nonsense} is damaged, or no file of": ["--resume", str(nonsense)],
        "is of a run with epochs = 2, this one has 3; ": ["--resume", str(checkpoint), "--epochs", "3"],
        "is of a run with seed = 5, this one has 9; ": ["--resume", str(checkpoint), "--seed", "9"],
        "snapshot is of a chip with another ": ["--resume", str(checkpoint), "--chip", "typical"],
        "--checkpoint-every is 0; it must be a whole number of at least 1": ["--checkpoint-every", "0"],
        "--resume is ''; it must name a file": ["--resume="],
    }
    for sentence, options in wrong.items():
        assert run("other", *options) == 2
        err = capsys.readouterr().err
        assert sentence in err and len(err.splitlines()) == 1
    path.write_text(path.read_text() + "\n# edited\n")
    assert run("other", "--resume", str(checkpoint)) == 2
    assert f"checkpoint {checkpoint} was written with another mine.py; begin anew" in capsys.readouterr().err
    assert checkpoint.exists() and not (directory / "other").exists()


def test_a_chip_that_cannot_be_saved_has_no_checkpoints(toy_task, tmp_path, monkeypatch, capsys):
    from tests.host.toy import Toy

    monkeypatch.setattr("ppu_programs.load", lambda name: Toy)
    assert main(["train", "yin-yang", "--out", str(tmp_path / "a"), "--quiet", "--checkpoint-every", "1"]) == 2
    assert "there can be no checkpoints of this run: " in capsys.readouterr().err


def command(out, *options):
    text = "import sys; from host.cli import main; sys.exit(main())"
    train = ["train", "yin-yang", "--chip", "typical", "--hidden", "10", "--epochs", "3", "--quiet", "--out", str(out)]
    return [sys.executable, "-c", text, *train, *options]


def start(out, *options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    return subprocess.Popen(command(out, *options), cwd=ROOT, env=environment, stderr=subprocess.PIPE)


KILLS = 8


@pytest.mark.slow
def test_killed_at_random_moments_a_run_loses_what_it_did_since_its_last_checkpoint(tmp_path):
    for _ in range(2):  # the first one compiles
        with start(tmp_path / "whole") as process:
            claimed_at = when_claimed(tmp_path / "whole", process)
            process.communicate()
            seconds = time.monotonic() - claimed_at
    whole = Result.load(tmp_path / "whole")
    out, choose, kills, resumed = tmp_path / "killed", random.Random(1), 0, 0
    while kills < KILLS:
        shutil.rmtree(out, ignore_errors=True)
        more = killed_until_it_ends(out, choose, seconds, most=KILLS - kills)
        kills += more
        assert (out / "result.npz").read_bytes() == whole.files()["result.npz"]
        assert not list(out.glob(f"{NAME}*"))
        resumed += len(Result.load(out).progress.get("resumed_at", ()))
    assert resumed >= KILLS // 4


def when_claimed(out, process):
    """Wait until a run has its directory for itself, or has ended; return when that was, in seconds."""
    begun = time.monotonic()
    while not (out / CLAIM_NAME).exists() and process.poll() is None and time.monotonic() < begun + 120:
        time.sleep(0.02)
    return time.monotonic()


def killed_until_it_ends(out, choose, seconds, most):
    """Train, killed at random moments and resumed each time, up to so often; return how often that was."""
    checkpoint, kills, done = out / NAME, 0, 0
    while True:
        resume = ["--resume", str(checkpoint)] if checkpoint.exists() else []
        with start(out, "--checkpoint-every", "100", *resume) as process:
            if kills < most:
                when_claimed(out, process)
                time.sleep(choose.uniform(0.2, 1.0) * seconds)  # before that it loads
                process.kill()
            error = process.communicate()[1]
        if process.returncode == 0:
            return kills
        assert process.returncode == -signal.SIGKILL, error
        kills += 1
        if checkpoint.exists():
            now = Checkpoint.load(checkpoint).done  # whole, whenever it was killed
            assert now >= done
            done = now
        elif (out / "result.npz").exists():  # killed behind the end of the run, which was saved
            return kills
