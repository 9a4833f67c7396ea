"""A chip that is started again: several runs do what one long run does, and the link counts what they needed."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import LinkError, MachineFault
from chip.chip import Chip
from tests.chip.ppu.processor.programs import build, sleep, two_inputs

SAMPLES = 6


def strong():
    registers, samples = two_inputs(weights=((63, 63), (40, 50)))
    registers.efficacy_lsb[0] = 2.0
    return registers, samples


def player(count):
    def main(ppu):
        for _ in range(count):
            yield ppu.play(0)
            yield ppu.load_record(0, into="record")
            yield ppu.read_cadc(into="membranes")
            yield ppu.load_weights(int(ppu.time_base) % 5, c.EVEN, into="row")
            yield ppu.store_weights(0, c.EVEN, source="row")
        return count

    return main


def neighbour(ppu):
    for _ in range(3):
        yield ppu.wait(700)
        yield ppu.read_cadc(into="membranes")
    return 0


def state(chip):
    """Everything that a run leaves behind."""
    core = chip.core.snapshot()
    return (
        [p.sram.tobytes() for p in chip.processors],
        [p.busy_cycles for p in chip.processors],
        chip.counters(),
        chip.weights().tobytes(),
        {name: values.tobytes() for name, values in core.items()},
    )


def after(runs, config):
    registers, samples = strong()
    chip = build(player(SAMPLES // runs), registers=registers, samples=samples, config=config)
    for _ in range(runs):
        chip.start()
        chip.run()
        assert chip.finished
    return chip


@pytest.mark.parametrize("runs", [2, 3, 6])
def test_several_runs_equal_one(runs):
    config = ChipConfig.typical(seed=3)
    one, several = after(1, config), after(runs, config)
    assert several.now_ns == one.now_ns and several.player.played == SAMPLES
    assert several.processors[0].regions["record"][:4].any()
    assert state(several) == state(one)


def test_both_programs_begin_again_on_the_memory_that_they_left():
    chip = build(player(2), neighbour, *strong())
    for run in range(3):
        begun_ns = chip.now_ns
        chip.processors[1].regions["word"][0] = run
        chip.start()
        assert chip.processors[0].exit_code is None
        chip.run()
        assert chip.now_ns > begun_ns and [p.exit_code for p in chip.processors] == [2, 0]
        assert chip.processors[1].regions["word"][0] == run
    assert sum(chip.losses().values()) == 0
    counters = chip.counters()
    assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]


def test_a_ring_that_nobody_answered_is_forgotten():
    def ring(ppu):
        yield ppu.ring(c.BOTTOM, 2)
        return 0

    chip = build(ring, sleep)
    for _ in range(3):  # not forgotten, the second ring would be lost, an error on a strict chip
        chip.start()
        chip.run()


def test_the_link_is_closed_in_every_run_and_counts_what_lay_between():
    chip = build(top=sleep)
    with pytest.raises(LinkError):
        chip.start()
        chip.link.read_weights()
    chip.run()
    chip.link.read_weights()
    assert (chip.link.bytes["during"], chip.link.bytes["after"]) == (0, 4 << 17)
    chip.start()
    with pytest.raises(LinkError):
        chip.link.write_sram(0, "row", np.zeros(1, np.uint8))
    assert (chip.link.bytes["during"], chip.link.bytes["after"]) == (4 << 17, 0)
    chip.run()
    chip.link.read_sram(0, "row", 3)
    assert (chip.link.bytes["during"], chip.link.bytes["after"]) == (4 << 17, 16)
    assert (chip.link.runs, chip.link.refused) == (2, 2)


def test_every_run_has_the_watchdogs_whole_time():
    def main(ppu):
        yield ppu.wait(600)
        return 0

    chip = build(main, config=ChipConfig(ppu=PpuConfig(program_limit_cycles=1_000)))
    for _ in range(3):
        chip.start()
        chip.run()
    assert chip.now_ns > 4_000


def test_a_chip_that_did_not_end_by_itself_is_not_started_again():
    def fault(ppu):
        yield ppu.load_row(999, into="row")
        return 0

    def forever(ppu):
        while True:
            yield ppu.wait(100)

    chip = build(fault)
    chip.start()
    with pytest.raises(MachineFault):
        chip.run()
    with pytest.raises(RuntimeError, match="stopped before its programs ended"):
        chip.start()
    chip = build(forever, config=ChipConfig(ppu=PpuConfig(program_limit_cycles=1_000)))
    chip.start()
    chip.run()
    with pytest.raises(RuntimeError, match="stopped before its programs ended"):
        chip.start()


def test_a_first_start_still_needs_everything():
    with pytest.raises(RuntimeError, match="no registers"):
        Chip().start()
