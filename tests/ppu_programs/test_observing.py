"""What a host observes by: programs that play what they are told, keep what is asked for, wait as rules do."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.ppu.costs import issue_cycles
from host import tasks
from ppu_programs import EventProp
from ppu_programs.observing import Observing

TASK = tasks.yin_yang().head(50, 20, 30)
SETTLED_LSB = 5  # what currents of the readouts, of 15 us, leave of a sample after 60 us


def apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


def loaded(observing: Observing) -> tuple[Chip, EventProp]:
    chip, rule = Chip(ChipConfig.ideal(seed=1)), EventProp(epochs=1, seed=1)
    built = rule.build(TASK, chip.config)
    chip.link.write_samples(built.stimuli)
    chip.link.write_registers(built.registers)
    for hemisphere, program in enumerate(observing.programs(chip.config)):
        if program is not None:
            chip.link.load_program(hemisphere, program)
    return chip, rule


def played(chip: Chip, observing: Observing, numbers) -> np.ndarray:
    observing.prepare(chip.link, np.array(numbers))
    chip.link.run()
    return observing.read_readings(chip.link, len(numbers))


def test_it_plays_the_samples_that_it_is_told_in_their_order():
    observing = Observing(room=8, readouts=3, settle_ns=60_000)
    chip, _ = loaded(observing)
    first = played(chip, observing, [4, 9, 2, 30])
    assert first.shape == (4, 3) and len(np.unique(first, axis=0)) == 4
    assert apart(played(chip, observing, [30, 4]), first[[3, 0]]) <= SETTLED_LSB
    assert chip.player.played == 6 and chip.processors[c.TOP].program is None
    with pytest.raises(ValueError, match="region samples takes up to 8"):
        observing.prepare(chip.link, np.arange(9))


def test_membranes_on_their_way_are_kept_sample_by_sample():
    plain, traced = (Observing(room=4, readouts=3, settle_ns=60_000, **more) for more in ({}, {"conversions": 5}))
    one, other = loaded(plain)[0], loaded(traced)[0]
    readings = played(one, plain, [4, 9, 2])
    assert (played(other, traced, [4, 9, 2]) == readings).all()  # to look changes nothing
    conversions = traced.read_conversions(other.link, 3)
    assert conversions.shape == (3, 5, c.LANES) and (conversions[:, :, :120] != 80).any(axis=(1, 2)).all()
    again = played(other, traced, [2, 4])
    assert apart(again, readings[[2, 0]]) <= SETTLED_LSB
    assert apart(traced.read_conversions(other.link, 2), conversions[[2, 0]]) <= 1


def test_without_readings_it_waits_just_as_long_and_resets_nobody():
    spans = []
    for readouts in (3, 0):
        observing = Observing(room=4, readouts=readouts, settle_ns=60_000)
        chip, rule = loaded(observing)
        observing.prepare(chip.link, np.array([1, 2, 3, 4]))
        chip.link.run()
        spans.append(chip.now_ns)
        per_sample = chip.now_ns / 4 - rule.settings.duration_ns - 60_000
        assert 0 < per_sample < 1_500
        assert ("neuron reset" in chip.processors[c.BOTTOM].cycles) == (readouts > 0)
    resets_ns = 4 * (issue_cycles(1) + c.NEURON_RESET_CYCLES) * c.PPU_CLOCK_NS
    assert abs(spans[0] - resets_ns - spans[1]) < 4 * 100
