"""The stopwatch counts training samples only, and every nanosecond of a PPU has a part."""

import dataclasses
import json

import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.chip import Chip
from host.host import Host
from tests.host.toy import TASK, PlayAll, Toy

SAMPLE_US = 8.0 + 0.6  # the toy's sample, then writer and doorbell


class Slow(PlayAll):
    """Sleeps before the first and behind the third sample, the last one that learns."""

    def main(self, ppu):
        yield ppu.wait(1_000_000)
        for index in range(self.count):
            yield ppu.play(index)
            yield ppu.wait(250 if index < 3 else 500_000)
            self.temptation(ppu)
        return 0


class SlowToy(Toy):
    def __init__(self, timed=range(1, 3), **settings):
        super().__init__(**settings)
        self.timed = timed

    def build(self, task, config):
        programs = None, Slow(task.ranges["test"].stop, self.temptation)
        return dataclasses.replace(super().build(task, config), programs=programs, timed=self.timed)


def speed_of(firmware) -> dict:
    host = Host(Chip(ChipConfig.ideal()))
    host.load(firmware, TASK)
    return host.run().speed


def test_only_training_samples_count():
    speed = speed_of(SlowToy())
    assert speed["samples"] == 2
    assert speed["chip_us_per_sample"] == pytest.approx(1.0 + SAMPLE_US + 1.0, abs=0.5)  # a microsecond of latency
    assert speed["wall_us_per_sample"] > 0 and speed["compile_seconds"] >= 0
    json.dumps(speed, allow_nan=False)


def test_a_sample_that_is_played_in_phases_is_one_sample():
    class Phases(SlowToy):
        def build(self, task, config):
            return dataclasses.replace(super().build(task, config), plays_per_sample=2)

    once, twice = speed_of(SlowToy()), speed_of(Phases())
    assert twice["samples"] == 1
    assert twice["chip_us_per_sample"] == pytest.approx(2 * once["chip_us_per_sample"])
    parts, double = once["chip_parts"]["bottom"], twice["chip_parts"]["bottom"]
    assert double == {part: pytest.approx(2 * us) for part, us in parts.items()}


def test_parts_of_the_only_processor_add_up():
    speed = speed_of(SlowToy())
    assert list(speed["chip_parts"]) == ["bottom"]
    parts = speed["chip_parts"]["bottom"]
    request_us = ChipConfig.ideal().ppu.omnibus_write_cycles * c.PPU_CLOCK_NS * 1e-3
    assert sum(parts.values()) == pytest.approx(speed["chip_us_per_sample"])
    assert parts["play"] == pytest.approx(1.0 + SAMPLE_US + request_us, abs=0.009)  # to the FPGA's clock
    assert parts["wait"] == pytest.approx(1.0, abs=0.01)
    assert parts["fetch"] == parts["kernel"] == parts["write"] == 0.0


def test_interrupted_run_is_timed_up_to_there():
    def interrupt(ppu):
        if ppu.chip.player.played == 2:
            raise KeyboardInterrupt

    speed = speed_of(SlowToy(temptation=interrupt))
    assert speed["samples"] == 1
    assert speed["chip_us_per_sample"] == pytest.approx(1.0 + SAMPLE_US + 1.0, abs=0.5)


@pytest.mark.parametrize("timed", [range(1, 1), range(99, 120)])
def test_without_timed_samples_there_is_no_speed(timed):
    speed = speed_of(SlowToy(timed))
    assert (speed["samples"], speed["wall_us_per_sample"], speed["chip_us_per_sample"]) == (0, None, None)
    assert (speed["compile_seconds"], speed["chip_parts"]) == (None, {})


def test_timing_changes_nothing():
    with_stopwatch, without = Host(Chip(ChipConfig.ideal())), Host(Chip(ChipConfig.ideal()))
    for host, timed in ((with_stopwatch, range(1, 3)), (without, range(0))):
        host.load(SlowToy(timed), TASK)
        host.run()
    assert with_stopwatch.chip.now_ns == without.chip.now_ns
    assert with_stopwatch.chip.simpy_events == without.chip.simpy_events
    assert with_stopwatch.chip.feed.samples == without.chip.feed.samples == []  # it has left
