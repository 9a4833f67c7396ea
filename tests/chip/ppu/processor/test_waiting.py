"""What passes while a processor waits, and how its clock and its watchdog see it."""

import pytest

from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import MachineFault
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu.processor.processor import MOST_SKIPS, WATCHDOG
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from tests.chip.ppu.processor.programs import build, run, sleep


@pytest.mark.parametrize("busy", [True, False])
def test_what_an_operation_brings_is_not_looked_at_before_it_is_yielded(busy):
    def main(ppu):
        conversion = ppu.read_cadc(into="membranes")
        ppu.word("membranes")
        yield conversion
        return 0

    def ticking(ppu):
        for _ in range(200):
            yield ppu.wait(1)
        return 0

    with pytest.raises(MachineFault, match="did not yield it"):
        run(top=main, bottom=ticking if busy else sleep)


def test_what_is_owed_before_a_sleep_passes_while_it_lasts():
    seen = {}

    def main(ppu):
        for _ in range(20):
            ppu.word("word")
        yield ppu.wait_doorbell(1)
        seen["clock"], seen["time base"] = ppu.environment.now // 4, ppu.time_base
        return 0

    def ringing(ppu):
        yield ppu.wait(5_000)
        yield ppu.ring(0, 1)
        return 0

    run(top=main, bottom=ringing)
    assert seen["time base"] - seen["clock"] == 5  # the load that reads the time base


def test_a_doorbell_that_rings_before_what_is_owed_has_passed_waits_for_it():
    seen = {}

    def main(ppu):
        for _ in range(200):
            ppu.word("word")
        yield ppu.wait_doorbell(1)
        seen["clock"] = ppu.environment.now // 4
        yield ppu.wait_doorbell_until((1,), seen["clock"] + 50)  # the ring was answered
        seen["then"] = ppu.environment.now // 4
        return 0

    def ringing(ppu):
        yield ppu.ring(0, 1)
        return 0

    run(top=main, bottom=ringing)
    # the wait begins behind its way there, and the line has rung by then
    assert seen["clock"] == 1_000 + PLAIN_CONTROL_CYCLES and seen["then"] - seen["clock"] == 50


@pytest.mark.parametrize("cycles", [1_000, 10**7, (1 << 48) - 1])
def test_the_watchdog_ends_a_program_that_sleeps_beyond_it_in_time(cycles):
    def main(ppu):
        yield ppu.wait(cycles)
        return 0

    config = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=1_000))
    chip = run(top=main, bottom=sleep, config=config)
    assert [p.exit_code for p in chip.processors] == [WATCHDOG, 0]
    assert chip.now_ns == 4_004


@pytest.mark.parametrize("vectors, acts", [(2, True), (3, False)])
def test_what_has_not_ended_when_the_watchdog_comes_does_not_act(vectors, acts):
    def main(ppu):
        ppu.chip.external.view(BLOCK_RAM_BASE, 384)[...] = 7
        yield ppu.load_external(BLOCK_RAM_BASE, into="membranes", vectors=vectors)  # 391 cycles each
        return 0

    config = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=1_000))
    chip = run(top=main, config=config)
    assert chip.processors[0].exit_code == (0 if acts else WATCHDOG)
    assert (chip.processors[0].regions["membranes"][: 128 * vectors] == 7).all() == acts


def test_a_deadlock_names_every_line_that_nobody_rings():
    def main(ppu):
        yield ppu.wait_doorbell_until((1, 3), None)
        return 0

    with pytest.raises(MachineFault, match="top PPU waits for doorbell line 1 or 3.*, and nobody will ring"):
        run(top=main)


def test_a_run_that_could_reach_the_end_of_time_is_refused():
    config = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=10**13))
    chip = build(top=lambda ppu: (yield ppu.wait(10**13 - 1_000)) or 0, config=config)
    chip.start()
    chip.run()
    with pytest.raises(RuntimeError, match="lower ppu.program_limit_cycles"):
        chip.start()


def test_a_wait_longer_than_the_clock_is_refused():
    def main(ppu):
        yield ppu.wait((1 << 62) - 1)
        return 0

    with pytest.raises(MachineFault, match="a wait of"):
        run(top=main)


def test_who_steps_a_chip_whose_program_is_alone_gets_to_look_at_it():
    """Time is skipped operation by operation, but no more than so many in one step."""
    done = []

    def main(ppu):
        for number in range(4 * MOST_SKIPS):
            yield ppu.wait(10)
            done.append(number)
        return 0

    chip = build(top=main)
    chip.start()
    for step in range(3):
        chip.environment.step()
        assert len(done) == step * (MOST_SKIPS + 1) + MOST_SKIPS
        begun = PLAIN_CONTROL_CYCLES  # the next one has begun, whose end is in the queue
        assert chip.now_ns == (len(done) * (PLAIN_CONTROL_CYCLES + 10) + begun) * 4
    assert chip.simpy_events == 3
