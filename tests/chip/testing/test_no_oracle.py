"""Logs and replays: what a log holds, that a replay comes to the same without a chip, and that others are noticed."""

import copy
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import LossError, MachineFault
from chip.chip import Chip
from chip.ppu import V3, V4, V5, Memory, add8_sat, divide, i32, kernel, load8, random8, store8, u8
from chip.ppu.processor.operation import operation
from chip.ppu.program import Program, UncompiledProgram
from chip.ppu.recording import Recording
from chip.ppu.tasks import Doorbell, Timer
from chip.testing import (
    ReplayError,
    Script,
    UncompiledScript,
    chip_bytes,
    configs,
    load_firmware,
    program_pairs,
    record,
    registers,
    replay,
    sample_sets,
)
from chip.testing.log import END, OTHERS
from tests.chip.ppu.processor.programs import two_inputs

MEMORY = Memory(inbox=i32[32], row=u8[256], total=i32[32], times=i32[32])


def recorded(*programs, config=None, runs=1, **load):
    """A chip that has run while it was recorded, and its logs."""
    chip = load_firmware(Chip(config), *programs, **load)
    with record(chip) as logs:
        for _ in range(runs):
            chip.start()
            chip.run()
    return chip, logs


def record_script(*mains, **image):
    return recorded(*(UncompiledScript(main, image=image) for main in mains))[1]


@kernel
def add_up(v, m):
    for i in range(128):
        m.total[0] = m.total[0] + m.row[i]


@kernel
def add_twice(v, m):
    for i in range(128):
        m.total[0] = m.total[0] + 2 * m.row[i]


@kernel
def note(v, m, number, low):
    m.times[number & 31] = low


@kernel
def shake(v, m):
    """Change the registers V3 and V4, and the first half of ``row``, at random."""
    random8(v, V5)
    add8_sat(v, V3, V3, V5)
    add8_sat(v, V4, V4, V5)
    load8(v, V5, m.row)
    add8_sat(v, V5, V5, V3)
    store8(v, V5, m.row)


@kernel
def share(v, m, by):
    m.total[1] = 7
    m.total[2] = divide(100, by)


# ---------------------------------------------------------------------- the law


@settings(max_examples=15)
@given(configs(strict=False), registers(), st.data())
def test_drawn_programs_are_replayed_to_the_byte(config, network, data):
    samples = data.draw(sample_sets())
    programs = data.draw(program_pairs(len(samples)))
    load = {"top": programs[0], "bottom": programs[1], "registers": network, "samples": samples}
    chip, logs = recorded(config=config, **load)
    for side, program in enumerate(programs):
        log = logs[side]
        assert replay(log, program) == log.outcome
        assert [str(effect.operation).partition("(")[0] for effect in log.effects] == [op.name for op in program.steps]
        assert log.outcome.sram == chip.processors[side].sram.tobytes() and log.outcome.exit_code == 0
    plain = load_firmware(Chip(config), **load)
    plain.start()
    plain.run()
    assert chip_bytes(plain) == chip_bytes(chip)  # recording changes nothing


class Listener(Program):
    """Polls a word that the other PPU sends, and looks at the time base: all between two operations."""

    name = "listener"
    memory = MEMORY
    kernels = (note, add_up)
    STEP = 1

    def main(self, ppu):
        heard = 0
        rounds = 0
        while heard < 5:
            rounds = rounds + self.STEP
            word = ppu.word("inbox", 0)
            if word > heard:
                heard = word
                yield ppu.run(note, heard, i32(ppu.time_base))
                yield ppu.run(note, heard + 8, rounds)
                yield ppu.read_cadc(into="row")
                yield ppu.run(add_up)
        return rounds


class Counted(Listener):
    """The same, another way round the loop."""

    STEP = 3


class Patient(Listener):
    """Nothing but the time changes while it polls: whole rounds pass at once."""

    STEP = 0


class Speaker(Program):
    name = "speaker"
    memory = Memory(outbox=i32[32])

    @kernel
    def count(v, m):
        m.outbox[0] = m.outbox[0] + 1

    kernels = (count,)

    def main(self, ppu):
        for i in range(5):
            yield ppu.run(self.count)
            yield ppu.wait(3_000 + 1_000 * i)
            yield ppu.send(c.TOP, source="outbox", into="inbox", line=3)
            yield ppu.wait(60)
        return 0


@pytest.fixture(scope="module")
def polled():
    return recorded(Listener(), Speaker(), config=ChipConfig.typical(seed=1, strict=False))


def test_a_compiled_program_polls_and_looks_at_its_time_in_a_replay(polled):
    chip, logs = polled
    times = chip.link.read_sram(c.TOP, "times")
    assert (np.diff(times[1:6].astype(int)) > 3_000).all() and (np.diff(times[9:14].astype(int)) > 10).all()
    assert replay(logs[c.TOP], Listener()) == logs[c.TOP].outcome
    assert logs[c.TOP].outcome.exit_code == times[13] and replay(logs[c.BOTTOM], Speaker()) == logs[c.BOTTOM].outcome
    assert {entry.came_to for entry in logs[c.TOP].entries} >= {OTHERS, END}  # it went round until somebody acted


def test_rounds_that_pass_at_once_do_so_in_a_replay():
    _, logs = recorded(Patient(), Speaker(), config=ChipConfig.ideal(strict=False))
    assert replay(logs[c.TOP], Patient()) == logs[c.TOP].outcome
    assert logs[c.TOP].outcome.cycles["control"] > 20_000


def test_the_same_is_replayed_in_machine_code_and_without_any(polled):
    for rounds in (1, 1 << 40):
        with mock.patch("chip.ppu.processor.flows.compiled.ROUNDS_BEFORE_COMPILING", rounds):
            assert replay(polled[1][c.TOP], Listener()) == polled[1][c.TOP].outcome


@pytest.mark.parametrize("what", ["now_ns", "came", "brought"])
def test_times_messages_and_reads_are_what_the_replay_learns_from(polled, what):
    log = copy.deepcopy(polled[1][c.TOP])
    noted = next(i for i, entry in enumerate(log.entries) if "note" in str(entry.came_to))
    if what == "now_ns":
        for entry in log.entries[: noted + 1]:  # the time is read somewhere on the way
            entry.now_ns += 400
            entry.horizon_ns += 400
    elif what == "came":
        log.entries = log.entries[:noted]
        message = next(entry for entry in log.entries if entry.came)
        message.came[0][1][0] = 9
    else:
        next(effect for effect in log.effects if effect.operation.name == "read_cadc").brought[0][1][:] += 1
    try:
        assert replay(log, Listener()).sram != log.outcome.sram
    except ReplayError as error:
        assert "the replay asks for" in str(error)


def test_another_flow_between_the_same_operations_shows(polled):
    with pytest.raises(ReplayError, match=r"is run\(note, 9, \d+\), the replay asks for run\(note, 9, \d+\)"):
        replay(polled[1][c.TOP], Counted())


# ---------------------------------------------------------------------- what a log holds


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
    load, wait, wait_until = log.effects
    assert str(load.operation) == "load_weights((3, 4), 0, row)" and str(wait.operation) == "wait(77)"
    [(offset, row)] = load.brought
    assert row.tolist() == [0] * 256 and offset % 128 == 0  # all of it, though it was 0 before
    [sent] = [values.tolist() for entry in log.entries for _, values in entry.came]
    assert sent == [77]  # what the other PPU sent meanwhile, as far as it changed
    assert load.cycles == {"weights": 2 * (c.WEIGHT_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES)}
    assert wait_until.operation.arguments[0] > 177 and log.entries[-1].came_to == END
    assert replay(log, UncompiledScript(main, image={"word": 77})) == log.outcome


@pytest.mark.parametrize(
    "name, arguments, place",
    [
        ("load_row", {"row": 0, "into": "row"}, (0, 256)),
        ("load_weights", {"rows": [0, 1], "half": 1, "into": "membranes"}, (0, 256)),
        ("read_cadc", {"into": "membranes"}, (0, 128)),
        ("sample_membranes", {"count": 3, "into": "membranes"}, (0, 384)),
        ("read_correlation", {"row": 3, "into": "membranes"}, (0, 512)),
        ("read_spike_counters", {"into": "record", "halves": (1,), "lanes": (3, 5, 7)}, (0, 12)),
        ("load_external", {"address": 0x8000_0000, "into": "membranes", "vectors": 2, "offset": 64}, (64, 256)),
        ("load_record", {"slot": 0, "into": "record"}, (0, 128)),
        ("load_record_piece", {"slot": 0, "piece": 0, "into": "record"}, (0, 128)),
        ("store_external", {"address": 0x8000_0000, "source": "membranes"}, None),
        ("send", {"hemisphere": c.BOTTOM, "source": "row", "into": "row", "line": 1}, None),
    ],
)
def test_a_log_has_all_that_an_operation_wrote_changed_or_not(name, arguments, place):
    network, samples = two_inputs()
    network.correlation_enabled[...] = True

    def main(ppu):
        yield operation("connect", "correlation" if name == "read_correlation" else "membrane")
        yield operation(name, **arguments)
        yield operation(name, **arguments)
        return 0

    def quiet(ppu):
        yield ppu.wait(5_000)
        return 0

    load = {"registers": network, "samples": samples, "config": ChipConfig.ideal(strict=False)}
    chip, logs = recorded(UncompiledScript(main), UncompiledScript(quiet), **load)
    again = logs[c.TOP].effects[2]
    start = chip.processors[0].link_map.offset(arguments["into"]) if place else 0
    assert [(offset - start, values.size) for offset, values in again.brought] == ([place] if place else [])


def test_a_log_holds_plain_values_whatever_a_program_writes():
    mask = np.zeros(128, np.uint8)

    def main(ppu):
        yield ppu.load_weights(np.arange(2), np.int64(1), into="row")
        yield ppu.store_weights(range(2), 1, source="row")
        yield ppu.reset_neurons([0], mask=mask)
        return 0

    def the_same(ppu):
        yield ppu.load_weights((0, 1), 1, "row")
        yield ppu.store_weights([0, 1], half=1, source="row")
        yield ppu.reset_neurons((0,), mask=[0] * 128)
        return 0

    log = record_script(main)[c.TOP]
    assert hash(tuple(effect.operation for effect in log.effects))
    assert replay(log, UncompiledScript(the_same)) == log.outcome


def test_chains_and_vector_registers_are_replayed():
    network, samples = two_inputs()
    network.correlation_enabled[...] = True
    network.weights[:, :, ::3] = 21

    def main(self, ppu):
        yield ppu.connect("correlation")
        for row in range(3):
            yield ppu.chain(
                ppu.load_row(row, into=(V3, V4)),
                ppu.run(shake),
                ppu.load_row(row, into="row"),
                ppu.run(shake),
                ppu.reset_correlation(row),
                ppu.read_correlation(row, into=(V3, V4), branches=("causal",)),
            )
            yield ppu.run(shake)
            yield ppu.load_row(row, into=(V4, V3))
        return 0

    def made(base):
        return type("Chains", (base,), {"main": main, "memory": MEMORY, "kernels": (shake,), "name": "chains"})()

    for base in (Program, UncompiledProgram):
        chip, logs = recorded(made(base), registers=network, samples=samples, config=ChipConfig.typical(seed=2))
        log = logs[c.TOP]
        assert replay(log, made(base)) == log.outcome
        assert log.outcome.vector["bytes"] == chip.processors[0].vector.state.bytes.tobytes()
        assert [effect.operation.name for effect in log.effects][1:7] == [
            *("load_row", "run", "load_row", "run", "reset_correlation", "read_correlation"),
        ]
        for number in (17, 22, 24):  # of the last row: each operation with what it brought into registers
            other = copy.deepcopy(log)
            other.effects[number].registers[0][1][:] ^= 32
            assert replay(other, made(base)) != log.outcome


@pytest.mark.parametrize(
    "leaving", [operation("store_weights", 0, 0, "row"), operation("reset_neurons", (0,), mask="row")]
)
def test_what_leaves_sram_is_compared_too(leaving):
    def main(ppu):
        yield leaving
        yield ppu.load_external(0x8000_0000, into="row", vectors=2)
        return 0

    log = record_script(main, row=5)[c.TOP]
    other = replay(log, UncompiledScript(main, image={"row": 6}))
    assert other.sram == log.outcome.sram and other.written != log.outcome.written


class Recorded(Program):
    """Writes down a word that it overwrites afterwards."""

    name = "recorded"
    memory = MEMORY
    kernels = (add_up,)
    recordings = (Recording("total", region="total", element=0, count=1),)

    def __init__(self, first):
        self.first = first

    def image(self):
        return {"total": np.array([self.first] + [0] * 31)}

    def main(self, ppu):
        yield ppu.record("total")
        yield ppu.load_external(0x8000_0000, into="total")
        return 0


def test_what_is_recorded_is_compared_too():
    log = recorded(Recorded(3))[1][c.TOP]
    assert replay(log, Recorded(3)) == log.outcome
    other = replay(log, Recorded(4))
    assert other.sram == log.outcome.sram and other.written != log.outcome.written


def test_what_the_host_wrote_before_is_in_the_log():
    def main(ppu):
        yield ppu.wait(ppu.word("word"))
        return 0

    chip = load_firmware(Chip(), UncompiledScript(main, image={"word": 5}))
    chip.link.write_sram(c.TOP, "word", np.array([6]))
    with record(chip) as logs:
        chip.start()
        chip.run()
    assert replay(logs[c.TOP], UncompiledScript(main, image={"word": 5})) == logs[c.TOP].outcome
    assert [values.tolist() for _, values in logs[c.TOP].host] == [[6]]


class Periodic(Program):
    """Tasks instead of a main: the scheduler is replayed as well."""

    name = "periodic"
    memory = MEMORY
    kernels = (add_up, note)
    tasks = (Timer(start=100, period=5_000, count=4, task="read"), Doorbell(line=2, task="hear"))

    def __init__(self, sum_up=add_up):
        self.sum_up, self.kernels = sum_up, (sum_up, note)

    def read(self, ppu):
        yield ppu.read_cadc(into="row")
        yield ppu.run(self.sum_up)

    def hear(self, ppu):
        yield ppu.run(note, ppu.word("total", 0), i32(ppu.time_base))


def bell(ppu):
    yield ppu.wait(7_000)
    yield ppu.ring(c.TOP, 2)
    return 0


def test_tasks_are_replayed():
    chip, logs = recorded(Periodic(), UncompiledScript(bell))
    assert chip.link.read_sram(c.TOP, "total")[0] == 4 * 128 * 80 and chip.link.read_sram(c.TOP, "times").any()
    assert replay(logs[c.TOP], Periodic()) == logs[c.TOP].outcome
    choices = [effect.choice for effect in logs[c.TOP].effects if effect.choice is not None]
    assert choices.count(0) == 4 and choices.count(1) == 1


def test_another_kernel_of_the_same_name_shows():
    log = recorded(Periodic())[1][c.TOP]
    with mock.patch.object(add_twice, "name", "add_up"):
        other = replay(log, Periodic(add_twice))
    assert other.sram != log.outcome.sram and other.cycles["kernel"] != log.outcome.cycles["kernel"]


def test_several_runs_are_one_log():
    def main(ppu):
        yield ppu.wait(100 + ppu.word("total"))
        yield ppu.read_cadc(into="row")
        yield ppu.run(add_up)
        return ppu.word("total")

    program = Script(main, [add_up], MEMORY)
    chip, logs = recorded(program, runs=3)
    assert [entry.came_to for entry in logs[c.TOP].entries].count(END) == 3
    assert replay(logs[c.TOP], program) == logs[c.TOP].outcome
    assert logs[c.TOP].outcome.exit_code == 3 * 128 * 80


# ---------------------------------------------------------------------- what knows more than its log


def test_the_chip_itself_is_not_in_a_log():
    def cheat(ppu):
        membranes = ppu.chip.core.membranes(ppu.environment.now)
        yield ppu.wait(int(membranes[0, 0]))
        return 0

    log = record_script(cheat)[c.TOP]
    with pytest.raises(ReplayError, match="program script asks for ppu.chip, which is no operation of a PPU"):
        replay(log, UncompiledScript(cheat))


def test_what_a_program_knows_from_elsewhere_shows():
    secret = iter([10, 20])

    def cheat(ppu):
        yield ppu.wait(next(secret))
        return 0

    log = record_script(cheat)[c.TOP]
    with pytest.raises(ReplayError, match=r"its log is wait\(10\), the replay asks for wait\(20\)"):
        replay(log, UncompiledScript(cheat))


def test_what_a_plain_program_writes_by_itself_is_not_taken_from_the_log():
    secret = iter([10, 20])

    def cheat(ppu):
        yield ppu.wait(1)
        ppu.regions["word"][0] = next(secret)
        yield ppu.wait(1)
        return 0

    log = record_script(cheat)[c.TOP]
    assert replay(log, UncompiledScript(cheat)).sram != log.outcome.sram


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("count, words", [(1, "is wait.* asks for the end of main"), (3, "is the end of main, the")])
def test_a_shorter_or_longer_program_is_another_one(count, words, compiled):
    def waits(times):
        def main(ppu):
            for _ in range(times):
                yield ppu.wait(1)
            return 0

        return (Script if compiled else UncompiledScript)(main)

    log = recorded(waits(2))[1][c.TOP]
    assert replay(log, waits(2)) == log.outcome
    with pytest.raises(ReplayError, match=words):
        replay(log, waits(count))


def test_recording_begins_before_the_start():
    chip = load_firmware(Chip())
    with pytest.raises(RuntimeError, match="no PPU has a program to record"), record(chip):
        pass
    chip.link.load_program(c.BOTTOM, Periodic())
    chip.start()
    with pytest.raises(RuntimeError, match="started already; open record"), record(chip):
        pass


# ---------------------------------------------------------------------- runs that do not end by themselves


def cut_off(error, program, *others, config=None):
    """The log of a run that ends with an error, or by the watchdog."""
    chip = load_firmware(Chip(config), program, *others)
    flow = chip.processors[0].flow
    with record(chip) as logs:
        chip.start()
        if error is None:
            chip.run()
        else:
            with pytest.raises(error):
                chip.run()
    assert chip.processors[0].flow is flow  # the chip is as it was
    assert not any(chip.feed.programs) and not any(chip.feed.places)
    return logs[c.TOP]


@pytest.mark.parametrize("script", [Script, UncompiledScript])
def test_a_run_that_the_watchdog_ends_is_replayed_up_to_there(script):
    def forever(ppu):
        while True:
            yield ppu.read_cadc(into="row")
            yield ppu.run(add_up)

    program = script(forever, [add_up], MEMORY)
    log = cut_off(None, program, config=ChipConfig.from_dict({"ppu": {"program_limit_cycles": 30_000}}))
    assert log.outcome.exit_code == "watchdog"
    assert replay(log, program) == log.outcome


@pytest.mark.parametrize("script", [Script, UncompiledScript])
def test_a_run_that_an_operation_ends_is_replayed_up_to_there(script):
    def main(ppu):
        yield ppu.load_weights(1, 0, into="row")
        yield ppu.chain(ppu.run(add_up), ppu.load_weights(0, 0, into="row"), ppu.load_weights(999, 0, into="row"))
        return 0

    program = script(main, [add_up], MEMORY)
    log = cut_off(MachineFault, program)
    assert log.outcome.exit_code == "fault" and [effect.done for effect in log.effects] == [True, True, True, False]
    assert replay(log, program) == log.outcome


def test_a_loss_on_a_strict_chip_is_replayed_up_to_there():
    def main(ppu):
        yield ppu.store_weights(0, 0, source="row")
        return 0

    program = Script(main, memory=MEMORY, image={"row": np.full(256, 64)})
    log = cut_off(LossError, program)
    assert log.outcome.exit_code is None
    assert replay(log, program) == log.outcome


def test_a_loss_in_a_pass_of_the_scheduler_is_replayed_with_its_cycles():
    class Late(Program):
        name = "late"
        memory = MEMORY
        tasks = (Timer(0, 50, 5),)

        def on_timer(self, ppu):
            yield ppu.wait(60)

    log = cut_off(LossError, Late())
    assert log.outcome.cycles["scheduler"] > 0
    assert replay(log, Late()) == log.outcome


def test_a_fault_of_the_program_is_one_in_a_replay():
    def in_kernel(ppu):
        yield ppu.run(share, ppu.word("total", 0))
        return 0

    def between(ppu):
        yield ppu.wait(1 + divide(5, ppu.word("total", 0)))
        return 0

    for main in (in_kernel, between):
        program = Script(main, [share], MEMORY)
        log = cut_off(MachineFault, program)
        with pytest.raises(MachineFault, match="divided by zero"):
            replay(log, program)


def test_a_kernel_that_does_not_fault_where_the_logged_one_did_shows():
    def main(ppu):
        yield ppu.run(share, 0)
        return 0

    @kernel
    def harmless(v, m, by):
        m.total[1] = 7

    log = cut_off(MachineFault, Script(main, [share], MEMORY))

    def mutant(ppu):
        yield ppu.run(harmless, 0)
        return 0

    with mock.patch.object(harmless, "name", "share"), pytest.raises(ReplayError, match="ends with a fault of run"):
        replay(log, Script(mutant, [harmless], MEMORY))


def test_a_kernel_that_works_on_a_half_written_region_is_replayed():
    """A race, on a chip that is not strict: what had arrived by then is in the log."""

    @kernel
    def take(v, m):
        for i in range(32):
            m.total[0] = m.total[0] + m.inbox[i]

    def main(ppu):
        for _ in range(6):
            yield ppu.wait(50)
            yield ppu.run(take)
        yield ppu.wait(5_000)
        return 0

    def sender(ppu):
        yield ppu.send(c.TOP, source="inbox", into="inbox", line=1)
        return 0

    program = Script(main, [take], MEMORY)
    other = Script(sender, memory=MEMORY, image={"inbox": np.arange(1, 33)})
    chip, logs = recorded(program, other, config=ChipConfig.ideal(strict=False))
    log = logs[c.TOP]
    assert chip.losses()["races between PPUs"] and any(entry.came for entry in log.entries)
    assert chip.link.read_sram(c.TOP, "total")[0] not in (0, 6 * 33 * 16)
    assert replay(log, program) == log.outcome
