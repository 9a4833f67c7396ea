"""A chip that nobody watches takes as much memory after a long run as after a short one."""

import gc
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from numba.core.config import DISABLE_JIT

from chip import ROW_EXCITATORY, Chip, ChipConfig, Program, Registers
from chip.core.core import RECORD_NS
from chip.fpga import SampleSet
from chip.ppu import Memory, u8, u32
from chip.testing.networks import random_events, random_network

pytestmark = pytest.mark.skipif(bool(DISABLE_JIT), reason="whole runs; plain Python is slow")
STATM = Path("/proc/self/statm")
SAMPLE_NS = 12_000
PAGE_BYTES = 4_096


class Play(Program):
    """Plays the first sample again and again, and looks at what comes of it."""

    name, memory = "play", Memory(x=u8[128], record=u32[256])

    def __init__(self, rounds):
        self.rounds = rounds

    def main(self, ppu):
        for _ in range(self.rounds):
            yield ppu.play(0)
            yield ppu.load_record(0, into="record")
            yield ppu.read_cadc("x")
        return 0


class Drive(Program):
    """Drives neurons by itself, as homeostasis does, and plays no sample."""

    name, memory = "drive", Memory(x=u8[128])

    def __init__(self, rounds):
        self.rounds = rounds

    def main(self, ppu):
        for _ in range(self.rounds):
            yield ppu.inject_event((0,), 0, 0)
            yield ppu.wait(5_000)
            yield ppu.read_cadc("x")
        return 0


def playing(rounds):
    chip = Chip(ChipConfig.ideal(strict=False))
    chip.link.write_registers(random_network(3, 12, 1.0))
    times_ns, labels = random_events(1, 12, SAMPLE_NS, clock_ns=8)
    chip.link.write_samples(SampleSet(np.array([0, 12]), times_ns, labels, np.array([0]), SAMPLE_NS))
    chip.link.load_program(0, Play(rounds))
    return chip


def driving(rounds, neurons):
    registers = Registers(padi_from_processor=True)
    registers.enabled[0, :neurons], registers.row_mode[0, :2] = True, ROW_EXCITATORY
    registers.compare_mask[0, 0], registers.weights[0, :2] = 31, 63
    registers.efficacy_lsb[0] = 40.0
    chip = Chip(ChipConfig.ideal())
    chip.link.write_registers(registers)
    chip.link.load_program(0, Drive(rounds))
    return chip


def resident_bytes():
    gc.collect()
    return int(STATM.read_text().split()[1]) * PAGE_BYTES


def logs(chip):
    queues = chip.core._queues
    return {name: getattr(queues, name).size for name in queues._fields}


def grown(chip, first_ns):
    """By what part of it resident memory grows from a time on to the end of the run, in which no array may."""
    chip.start()
    chip.run(until_ns=first_ns)
    chip.counters()
    before, lengths = resident_bytes(), logs(chip)
    chip.run()
    chip.counters()
    assert chip.now_ns > 4 * first_ns and chip.counters()["spikes"] > 10_000
    assert logs(chip) == lengths
    return resident_bytes() / before - 1.0


needs_proc = pytest.mark.skipif(not STATM.is_file(), reason="no /proc here")


@needs_proc
def test_samples_leave_nothing_behind():
    chip = playing(12_000)
    assert grown(chip, 50_000_000) <= 0.01  # compiled by then
    with pytest.raises(
        RuntimeError, match=r"the record of spikes begins at 2\d{8} ns, and those from 0 ns on are asked"
    ):
        chip.core.all_spikes()
    assert chip.core.all_spikes(chip.core.recorded_from_ns)[0].size < chip.counters()["spikes"] / 10


@needs_proc
def test_spikes_without_a_player_leave_nothing_behind():
    """In a hundredth of the time that the record reaches back, and of what follows."""
    with mock.patch("chip.core.core.RECORD_NS", RECORD_NS // 100):
        chip = driving(1_000, neurons=32)
        chip.core._cut_ns = RECORD_NS // 100
        assert grown(chip, 4_000_000) <= 0.01
    assert chip.core.recorded_from_ns > 15_000_000


@needs_proc
@pytest.mark.slow
def test_many_samples_leave_nothing_behind():
    """A dozen bytes of each would be seen."""
    assert grown(playing(250_000), 100_000_000) <= 0.01


@needs_proc
@pytest.mark.slow
def test_a_second_without_a_player_leaves_nothing_behind():
    chip = driving(46_000, neurons=64)
    assert grown(chip, 210_000_000) <= 0.01
    assert chip.now_ns > 1_000_000_000
