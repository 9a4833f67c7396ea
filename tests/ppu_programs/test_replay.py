"""No oracle: EventProp's programs, replayed on what they read and without a chip, learn the same to the byte."""

import copy

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.testing import ReplayError, record, replay
from host import Host, tasks
from ppu_programs import EventProp
from ppu_programs.two_layer import update

BATCHES = 3


def loaded(seed=3):
    firmware = EventProp(hidden=20, epochs=1, seed=1)
    host = Host(Chip(ChipConfig.typical(seed=seed)))
    host.load(firmware, task_of(firmware))
    return host.chip, firmware


def task_of(firmware):
    return tasks.yin_yang().head(BATCHES * firmware.settings.batch, 2, 2)


def programs_of(firmware, chip):
    """Built once more, which gives the same."""
    return firmware.build(task_of(firmware), chip.config).programs


@pytest.fixture(scope="module")
def run():
    """A recorded run, its logs, and its firmware."""
    chip, firmware = loaded()
    with record(chip) as logs:
        chip.start()
        chip.run()
    return chip, logs, firmware


@pytest.mark.parametrize("side", [c.TOP, c.BOTTOM])
def test_the_replay_learns_the_same(run, side):
    chip, logs, firmware = run
    processor = chip.processors[side]
    outcome = replay(logs[side], programs_of(firmware, chip)[side])
    assert outcome == logs[side].outcome
    assert outcome.sram == processor.sram.tobytes() and outcome.exit_code == 0
    assert outcome.cycles == {kind: count for kind, count in sorted(processor.cycles.items()) if count}
    assert int.from_bytes(outcome.vector["record"][:8], "little") == processor.vector.cycles
    start, size = processor.link_map.offset("shadow"), processor.regions["shadow"].nbytes
    learned = np.frombuffer(outcome.sram[start : start + size], processor.regions["shadow"].dtype)
    assert (learned != programs_of(firmware, chip)[side].image()["shadow"]).mean() > 0.05  # most lanes are empty


def test_recording_changes_nothing(run):
    chip, _, _ = run
    plain, _ = loaded()
    plain.start()
    plain.run()
    assert [p.sram.tobytes() for p in plain.processors] == [p.sram.tobytes() for p in chip.processors]
    reports = [made.report() | {"simpy_events": 0} for made in (plain, chip)]  # the simulation takes smaller steps
    assert reports[0] == reports[1]
    assert (plain.weights() == chip.weights()).all()


def test_a_mutant_kernel_learns_something_else(run, monkeypatch):
    chip, logs, firmware = run
    update_kernel = update.update_kernel
    monkeypatch.setattr(update, "update_kernel", lambda rows, shift: update_kernel(rows, shift + 1))
    for side in (c.TOP, c.BOTTOM):
        assert replay(logs[side], programs_of(firmware, chip)[side]).sram != logs[side].outcome.sram


@pytest.mark.parametrize("operation, side", [("load_record", c.TOP), ("read_cadc", c.BOTTOM), ("load_external", c.TOP)])
def test_another_log_teaches_something_else(run, operation, side):
    chip, logs, firmware = run
    log = copy.deepcopy(logs[side])
    changed = 0
    for effect in log.effects:
        if effect.operation.name == operation:
            for _, values in effect.brought:
                values[10::4] ^= 4  # time stamps of events; or readouts, or weights
                changed += 1
    assert changed >= BATCHES
    try:
        assert replay(log, programs_of(firmware, chip)[side]) != logs[side].outcome
    except ReplayError as error:  # it decided otherwise on the way
        assert "the replay asks for" in str(error)


def test_another_seed_reads_something_else(run):
    chip, logs, firmware = run
    chip, _ = loaded(seed=4)
    with record(chip) as others:
        chip.start()
        chip.run()
    assert others[c.TOP].outcome.sram != logs[c.TOP].outcome.sram
    assert replay(others[c.TOP], programs_of(firmware, chip)[c.TOP]) == others[c.TOP].outcome
