"""The whole slice: the chip learns Yin-Yang by itself, repeatably, and the command line survives an interrupt."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host, Result, tasks
from host.commands.common import EXIT_INTERRUPTED
from host.pictures.view import view_of
from ppu_programs import EventProp

ROOT = Path(__file__).resolve().parents[3]
SIMPY_EVENTS_PER_SAMPLE = 16

TRAIN_A_LITTLE = """
import sys
from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EventProp

host = Host(Chip(ChipConfig.ideal(seed=int(sys.argv[2]))))
host.load(EventProp(epochs=1, seed=int(sys.argv[2])), tasks.yin_yang().head(train=200, validation=20, test=50))
host.run().save(sys.argv[1])
"""


def trained(epochs: int, **counts: int) -> Result:
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    host.load(EventProp(epochs=epochs, seed=1), tasks.yin_yang().head(**counts))
    return host.run()


@pytest.fixture(scope="module")
def result() -> Result:
    return trained(epochs=2, train=2_000, validation=100, test=500)


@pytest.mark.slow
def test_the_chip_learns(result):
    assert len(result.learning) == 2
    assert result.learning[1] > result.learning[0]
    assert result.accuracy >= 0.8
    assert result.accuracy * 500 == pytest.approx(round(result.accuracy * 500))


@pytest.mark.slow
def test_the_chip_keeps_every_prediction(result):
    task = tasks.yin_yang().head(train=2_000, validation=100, test=500)
    test, validation = result.arrays["test_predictions"], result.arrays["validation_predictions"]
    assert test.dtype == np.uint8 and test.shape == (500,) and validation.shape == (100,)
    assert np.mean(test == task.test.targets) == result.accuracy
    assert np.mean(validation == task.validation.targets) == result.metrics["validation_accuracy"]


@pytest.mark.slow
def test_speed_is_that_of_training_samples_and_its_parts_add_up(result):
    speed = result.speed
    assert speed["samples"] == 2 * 2_000 - 25
    assert 0 < speed["wall_us_per_sample"] * speed["samples"] < result.wall_seconds * 1e6
    assert speed["compile_seconds"] > 0
    assert set(speed["chip_parts"]) == {"top", "bottom"}
    for parts in speed["chip_parts"].values():
        assert sum(parts.values()) == pytest.approx(speed["chip_us_per_sample"])
        assert min(parts.values()) >= 0
        assert {"play", "fetch", "kernel", "write", "wait"} <= set(parts)
    assert 30 < speed["chip_parts"]["bottom"]["play"] < 33 and speed["chip_parts"]["top"]["play"] == 0


@pytest.mark.slow
def test_replay_on_a_second_chip_reads_what_the_ideal_chip_said():
    host = Host(Chip(ChipConfig.ideal(seed=1)))
    task = tasks.yin_yang().head(train=500, validation=1, test=20)
    host.load(EventProp(epochs=1, seed=1), task)
    result = host.run()
    first, seen = task.ranges["test"].start, []
    for index in range(20):
        replay = view_of(result).activity(result.weights, first + index)
        readouts = np.flatnonzero((replay.registers.enabled & ~replay.registers.spiking).reshape(-1))
        seen.append(replay.cadc[readouts].argmax())
        assert replay.target == task.test.targets[index]
    assert seen == result.arrays["test_predictions"].tolist()


@pytest.mark.slow
def test_the_chip_learns_without_the_host_and_loses_nothing(result):
    assert result.host_link["bytes_during"] == 0
    assert result.host_link["bytes_before"] > 0 and result.host_link["bytes_after"] > 0
    assert result.events["lost"] == 0 and not any(result.losses.values())
    assert set(result.ppu["exit_codes"].values()) == {0}


@pytest.mark.slow
def test_load_on_the_chip_and_on_the_simulator_is_bounded(result):
    assert 0 < result.ppu["busy_fraction"] <= 1
    assert 0 < result.ppu["sram_used"] <= result.ppu["sram_size"] == 16_384
    assert result.samples == result.progress["total"] == 2 * 2_000 + 100 + 500


@pytest.mark.slow
def test_a_training_sample_takes_few_simpy_events():
    one, two = (trained(epochs, train=250, validation=1, test=1) for epochs in (1, 2))
    assert two.samples - one.samples == 250
    assert two.simpy_events - one.simpy_events <= SIMPY_EVENTS_PER_SAMPLE * 250


@pytest.mark.slow
def test_same_seed_in_a_fresh_process_is_the_same_bytes(tmp_path):
    for directory, seed in (("first", "1"), ("second", "1"), ("other", "2")):
        code = [sys.executable, "-c", TRAIN_A_LITTLE, str(tmp_path / directory), seed]
        subprocess.run(code, cwd=ROOT, check=True)
    first, second, other = ((tmp_path / name / "result.npz").read_bytes() for name in ("first", "second", "other"))
    assert first == second
    assert first != other


@pytest.mark.slow
@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_writes_the_results_so_far(tmp_path, interrupt):
    command = [sys.executable, "-c", "import sys; from host.cli import main; sys.exit(main())"]
    arguments = ["train", "yin-yang", "--epochs", "20", "--out", str(tmp_path)]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = b""
    while b"train accuracy" not in seen:  # one is over
        piece = process.stderr.read1()
        assert piece, "training ended before it was interrupted"
        seen += piece
    process.send_signal(interrupt)
    out, err = process.communicate(timeout=60)
    assert process.returncode == EXIT_INTERRUPTED
    assert out.startswith(b"INTERRUPTED, incomplete: yin-yang")
    assert b"Traceback" not in err
    assert json.loads((tmp_path / "result.json").read_text())["complete"] is False
    arrays = np.load(tmp_path / "result.npz")
    assert arrays["weights"].shape == (2, 256, 256)
    assert arrays["test_predictions"].shape == (0,)
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")
