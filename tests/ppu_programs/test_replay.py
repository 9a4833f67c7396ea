"""No oracle: EventProp's programs, replayed on what they read and without a chip, learn the same to the byte."""

import copy

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip import constants as c
from chip.ppu import Memory, kernel, u8, u32
from chip.ppu.program import Program
from chip.ppu.tasks import Timer
from chip.testing import ReplayError, Script, load_firmware, record, replay
from host import Host, tasks
from ppu_programs import EventProp
from ppu_programs.two_layer import update

BATCHES = 3


def loaded(seed=3):
    firmware = EventProp(hidden=20, epochs=1, seed=1)
    host = Host(Chip(ChipConfig.typical(seed=seed)))
    host.load(firmware, tasks.yin_yang().head(BATCHES * firmware.settings.batch, 2, 2))
    return host.chip, firmware


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
    outcome = replay(logs[side], firmware.programs()[side])
    assert outcome == logs[side].outcome
    assert outcome.sram == processor.sram.tobytes() and outcome.exit_code == 0
    assert outcome.cycles == {kind: count for kind, count in sorted(processor.cycles.items()) if count}
    assert int.from_bytes(outcome.vector["record"][:8], "little") == processor.vector.cycles
    start, size = processor.link_map.offset("shadow"), processor.regions["shadow"].nbytes
    learned = np.frombuffer(outcome.sram[start : start + size], processor.regions["shadow"].dtype)
    assert (learned != firmware.programs()[side].image()["shadow"]).mean() > 0.05  # most lanes are empty


def test_recording_changes_nothing(run):
    chip, _, _ = run
    plain, _ = loaded()
    plain.start()
    plain.run()
    assert [p.sram.tobytes() for p in plain.processors] == [p.sram.tobytes() for p in chip.processors]
    assert (plain.now_ns, plain.report()) == (chip.now_ns, chip.report())
    assert (plain.weights() == chip.weights()).all()


def test_a_mutant_kernel_learns_something_else(run, monkeypatch):
    _, logs, firmware = run
    update_kernel = update.update_kernel
    monkeypatch.setattr(update, "update_kernel", lambda rows, shift: update_kernel(rows, shift + 1))
    for side in (c.TOP, c.BOTTOM):
        assert replay(logs[side], firmware.programs()[side]).sram != logs[side].outcome.sram


@pytest.mark.parametrize("operation, side", [("load_record", c.TOP), ("read_cadc", c.BOTTOM), ("load_external", c.TOP)])
def test_another_log_teaches_something_else(run, operation, side):
    _, logs, firmware = run
    log = copy.deepcopy(logs[side])
    changed = 0
    for entry in log.entries:
        if entry.name == operation:
            for _, values in entry.brought:
                values[10::4] ^= 4  # time stamps of events; or readouts, or weights
                changed += 1
    assert changed >= BATCHES
    try:
        assert replay(log, firmware.programs()[side]) != logs[side].outcome
    except ReplayError as error:  # it decided otherwise on the way
        assert "the replay asks for" in str(error)


def test_another_seed_reads_something_else(run):
    _, logs, firmware = run
    chip, _ = loaded(seed=4)
    with record(chip) as others:
        chip.start()
        chip.run()
    assert others[c.TOP].outcome.sram != logs[c.TOP].outcome.sram
    assert replay(others[c.TOP], firmware.programs()[c.TOP]) == others[c.TOP].outcome


# ---------------------------------------------------------------------- what a log holds


def record_script(*mains, **image):
    chip = load_firmware(Chip(), *(Script(main, image=image) for main in mains))
    with record(chip) as logs:
        chip.start()
        chip.run()
    return logs


def test_a_log_tells_what_was_read():
    def main(ppu):
        yield ppu.load_weights([3, 4], 0, into="row")
        yield ppu.wait(ppu.word("word"))
        yield ppu.wait_until(ppu.time_base + 100)
        return 0

    def sender(ppu):
        yield ppu.wait(40)
        yield ppu.send(c.TOP, source="word", into="record", line=1)
        return 0

    log = record_script(main, sender, word=77)[c.TOP]
    assert [entry.name for entry in log.entries] == ["load_weights", "word", "wait", "time_base", "wait_until"]
    assert str(log.entries[0]) == "load_weights(rows=(3, 4), half=0, into='row')"
    [(offset, row), (_, sent)] = log.entries[0].brought
    assert row.tolist() == [0] * 256 and offset % 128 == 0  # all of it, though it was 0 before
    assert sent.tolist() == [77]  # what the other PPU sent meanwhile, as far as it changed
    assert log.entries[1].value == 77 and log.entries[3].value > 77


def test_the_chip_itself_is_not_in_a_log():
    def cheat(ppu):
        membranes = ppu.chip.core.membranes(ppu.environment.now)
        yield ppu.wait(int(membranes[0, 0]))
        return 0

    log = record_script(cheat)[c.TOP]
    with pytest.raises(ReplayError, match="program script asks for ppu.chip, which is no operation of a PPU"):
        replay(log, Script(cheat))


def test_what_a_program_knows_from_elsewhere_shows():
    secret = iter([10, 20])

    def cheat(ppu):
        yield ppu.wait(next(secret))
        return 0

    log = record_script(cheat)[c.TOP]
    with pytest.raises(ReplayError, match=r"its log is wait\(cycles=10\), the replay asks for wait\(cycles=20\)"):
        replay(log, Script(cheat))


@pytest.mark.parametrize("count, words", [(1, "is wait.* asks for the end of main"), (3, "is the end of main, the")])
def test_a_shorter_or_longer_program_is_another_one(count, words):
    def waits(times):
        def main(ppu):
            for _ in range(times):
                yield ppu.wait(1)
            return 0

        return main

    log = record_script(waits(2))[c.TOP]
    assert replay(log, Script(waits(2))) == log.outcome
    with pytest.raises(ReplayError, match=words):
        replay(log, Script(waits(count)))


def test_what_leaves_sram_is_compared_too():
    def main(ppu):
        yield ppu.store_weights(0, 0, source="row")
        yield ppu.load_external(0x8000_0000, into="row", vectors=2)
        return 0

    log = record_script(main, row=5)[c.TOP]
    other = replay(log, Script(main, image={"row": 6}))
    assert other.sram == log.outcome.sram and other.written != log.outcome.written


@kernel
def add_up(v, m):
    for i in range(128):
        m.total[0] = m.total[0] + m.row[i]


class Periodic(Program):
    """Tasks instead of a main: the scheduler is replayed as well."""

    name = "periodic"
    memory = Memory(row=u8[128], total=u32[32])
    kernels = (add_up,)
    tasks = (Timer(start=100, period=5_000, count=4, task="read"),)

    def read(self, ppu):
        yield ppu.read_cadc(into="row")
        yield ppu.run(add_up)


def test_tasks_are_replayed():
    chip = load_firmware(Chip(), Periodic())
    with record(chip) as logs:
        chip.start()
        chip.run()
    assert chip.link.read_sram(c.TOP, "total")[0] == 4 * 128 * 80
    assert replay(logs[c.TOP], Periodic()) == logs[c.TOP].outcome


def test_recording_begins_before_the_start():
    chip = load_firmware(Chip())
    with pytest.raises(RuntimeError, match="no PPU has a program to record"), record(chip):
        pass
    chip.link.load_program(c.BOTTOM, Periodic())
    chip.start()
    with pytest.raises(RuntimeError, match="started already; open record"), record(chip):
        pass


def test_a_run_that_faults_is_kept():
    def main(ppu):
        yield ppu.load_weights(999, 0, into="row")
        return 0

    chip = load_firmware(Chip(), Script(main))
    with pytest.raises(RuntimeError), record(chip) as logs:
        chip.start()
        chip.run()
    assert logs[c.TOP].outcome.exit_code is None
    assert isinstance(chip.processors[0].program, Script)
