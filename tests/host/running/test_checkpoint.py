"""A run goes on from its checkpoint to the same bytes, in another process too, and from no other run's."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from chip.base.saving import pack, unpack
from chip.snapshot import FORMAT
from host import Host, tasks
from host.loop.host_loop import HostLoop
from host.running.checkpoint import Checkpoint, Checkpoints
from ppu_programs import EventProp, FastAndDeep, SuperSpike

ROOT = Path(__file__).resolve().parents[3]
COUNTS = {"train": 100, "validation": 20, "test": 40}


class Always(Checkpoints):
    """Keeps the checkpoint of every look, in memory."""

    def __init__(self, tmp_path):
        super().__init__(tmp_path / "run.checkpoint", 1)
        self.kept = []

    def look(self, host, done, state):
        self.kept.append(Checkpoint(unpack(pack(Checkpoint.of(host, {"done": done, **state()}).tree), "it"), "it"))


def loaded(kind=Host, rule=EventProp, config=None, counts=COUNTS, compiling=True, **settings):
    host = kind(Chip(config or ChipConfig.typical(seed=2)))
    host.load(
        rule(**{"hidden": 8, "epochs": 2, "seed": 5} | settings), tasks.yin_yang().head(**counts), compiling=compiling
    )
    return host


def same(one, other):
    """Assert that two results are equal, but for the wall time that they took."""
    assert one.files()["result.npz"] == other.files()["result.npz"]
    for name in (
        "metrics",
        "chip_seconds",
        "ppu",
        "events",
        "losses",
        "host_link",
        "samples",
        "simpy_events",
        "config",
    ):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("samples", "chip_us_per_sample", "chip_parts", "link_us_per_sample"):
        assert one.speed[name] == other.speed[name], name


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """Return the result of a run on the chip, and checkpoints at many steps of it."""
    import chip.machine

    patch = pytest.MonkeyPatch()
    patch.setattr(chip.machine, "PROGRESS_EVERY_S", 0.0)
    patch.setattr(chip.machine, "STEPS_BETWEEN_CLOCK_LOOKS", 97)
    host, kept = loaded(), Always(tmp_path_factory.mktemp("checkpoints"))
    try:
        return host.run(checkpoints=kept), kept.kept
    finally:
        patch.undo()


@settings(max_examples=6)
@given(data=st.data())
def test_from_any_step_a_chip_that_learns_goes_on_to_the_same_bytes(looked_at, data):
    result, kept = looked_at
    checkpoint = kept[data.draw(st.integers(0, len(kept) - 1))]
    host = loaded()
    host.resume(checkpoint)
    resumed = host.run()
    same(resumed, result)
    assert resumed.progress["resumed_at"] == [checkpoint.done] and "resumed_at" not in result.progress


@pytest.mark.parametrize("rule", [EventProp, FastAndDeep, SuperSpike])
def test_from_any_batch_a_host_goes_on_to_the_same_bytes(rule, tmp_path):
    counts = {"train": 75, "validation": 260, "test": 20}  # evaluation in pieces, too
    host, kept = loaded(HostLoop, rule, counts=counts), Always(tmp_path)
    result = host.run(checkpoints=kept)
    assert len(kept.kept) == 2 * 3 + 2 + 1
    for checkpoint in kept.kept[::4]:
        again = loaded(HostLoop, rule, counts=counts)
        again.resume(checkpoint)
        same(again.run(), result)


RESUME = """
import sys
from host.running.checkpoint import Checkpoint
from tests.host.running.test_checkpoint import loaded
host = loaded(compiling=False)
host.resume(Checkpoint.load(sys.argv[1]))
host.compile()
host.run().save(sys.argv[2])
"""


def test_another_process_goes_on_to_the_same_bytes(looked_at, tmp_path):
    result, kept = looked_at
    kept[len(kept) // 3].save(tmp_path / "run.checkpoint")
    command = [sys.executable, "-c", RESUME, str(tmp_path / "run.checkpoint"), str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert (tmp_path / "out" / "result.npz").read_bytes() == result.files()["result.npz"]


def test_a_run_may_be_resumed_again_and_again(looked_at):
    result, kept = looked_at
    host, later = loaded(), None
    host.resume(kept[3])
    host.chip.environment.take_steps(500)
    later = Checkpoint.of(host, {**kept[3].tree["host"], "done": 99, "resumed_at": host.resumed_at})
    host = loaded()
    host.resume(Checkpoint(unpack(pack(later.tree), "it")))
    again = host.run()
    assert again.files()["result.npz"] == result.files()["result.npz"]
    assert again.progress["resumed_at"] == [kept[3].done, 99]


def other(*arguments, **named):
    return loaded(*arguments, compiling=False, **named)


OTHERS = {
    "rule": (lambda: other(rule=SuperSpike), "is of a run with rule = eventprop, this one has superspike; resume it"),
    "setting": (lambda: other(hidden=9), "is of a run with hidden = 8, this one has 9; resume it with the same"),
    "seed": (lambda: other(seed=6), "is of a run with seed = 5, this one has 6; resume it with the same command"),
    "task": (lambda: other(counts=COUNTS | {"test": 41}), "is of a run with samples = "),
    "chip": (lambda: other(config=ChipConfig.typical(seed=3)), "it is of another run: the snapshot is of a chip with"),
    "place": (lambda: other(HostLoop), "it is of a run with where = chip, this one has host"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_checkpoint_of_another_run_is_refused(looked_at, case):
    make, sentence = OTHERS[case]
    host = make()
    with pytest.raises(ValueError, match=sentence):
        host.resume(looked_at[1][0])
    assert host.chip.now_ns == 0 and not host.chip.started


@pytest.mark.parametrize("name", ["plasticore", "numba"])
def test_a_checkpoint_of_another_version_is_refused(looked_at, name):
    tree = looked_at[1][0].tree
    made_by = tree["made_by"]
    older = {**tree, "made_by": {**made_by, "versions": {**made_by["versions"], name: "0.0.1"}}}
    with pytest.raises(ValueError, match=f"checkpoint old is of a run with {name} = 0.0.1, this one has "):
        other().resume(Checkpoint(older, "old"))


def test_a_checkpoint_of_other_sources_is_refused(looked_at):
    tree = looked_at[1][0].tree
    code = {**tree["made_by"]["code"], "ours": "0" * 16}
    with pytest.raises(ValueError, match="was written by another state of plasticore's own sources; begin anew"):
        other().resume(Checkpoint({**tree, "made_by": {**tree["made_by"], "code": code}}, "old"))


def test_what_is_no_checkpoint_is_refused(looked_at, tmp_path):
    path = tmp_path / "x"
    looked_at[1][0].save(path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:1000], bytes([*whole[:3000], whole[3000] ^ 1, *whole[3001:]])):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="checkpoint .*x is (damaged|no)"):
            Checkpoint.load(path)
    host = loaded()
    host.chip.snapshot().save(path)
    with pytest.raises(ValueError, match=f"x is no checkpoint that this version reads: its format is {FORMAT}, not"):
        Checkpoint.load(path)


def test_a_host_resumes_once_and_not_behind_its_run(looked_at):
    host = loaded()
    with pytest.raises(RuntimeError, match="loaded nothing yet"):
        Host(Chip()).resume(looked_at[1][0])
    host.run()
    with pytest.raises(RuntimeError, match="was started already"):
        host.resume(looked_at[1][0])


def test_a_full_disk_is_told_and_the_run_goes_on(looked_at, tmp_path, monkeypatch):
    told = []

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr("host.running.checkpoint.replace_together", full)
    host = loaded()
    same(host.run(checkpoints=Checkpoints(tmp_path / "x", 100, told.append)), looked_at[0])
    assert 1 <= len(told) <= 3
    assert told[0].endswith("x could not be written: No space left on device; the run goes on")


def test_checkpoints_are_as_many_as_were_asked_for(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("chip.machine.PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr(Checkpoint, "save", lambda self, path: written.append(self.done))
    loaded().run(checkpoints=Checkpoints(tmp_path / "x", 50))
    assert 3 <= len(written) <= 5 and (np.diff(written) >= 50).all()
    with pytest.raises(ValueError, match="the distance of checkpoints is 0; it must be at least 1"):
        Checkpoints(tmp_path, 0)
