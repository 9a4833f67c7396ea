"""BCM: cells become selective, and inhibition spreads them over the images; its kernel computes what it says."""

import ast
import inspect

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.config import PpuConfig
from chip.base.registers import Registers
from chip.ppu import VectorUnit, link
from chip.testing import chip_bytes, load_firmware, run_firmware
from ppu_programs.examples import bcm
from ppu_programs.examples.bcm import BCM, CELLS, DRAWN, EVENTS, IMAGES, PIXELS, BCMProgram, preferred, selectivity
from ppu_programs.placement import place

BEST = 1 - 1 / IMAGES  # a cell that hears one image alone


def responses(firmware, chip, *some):
    return firmware.responses(chip.link, firmware.build(None, chip.config), *some)


@pytest.mark.parametrize("profile", ["ideal", "typical"])
@pytest.mark.parametrize("seed", [1, 2])
def test_cells_become_selective_and_every_image_has_one(profile, seed):
    firmware = BCM(seed=seed)
    chip = run_firmware(firmware, config=getattr(ChipConfig, profile)(seed=seed))
    before, after = (selectivity(responses(firmware, chip, *some)) for some in ((0, DRAWN), (-DRAWN, None)))
    assert before.mean() < 0.35 and after.min() > BEST - 0.06
    outcome = firmware.outcome(chip.link, firmware.build(None, chip.config))
    assert outcome.metrics == {"selectivity": pytest.approx(after.mean()), "images_preferred": IMAGES}
    np.testing.assert_array_equal(outcome.arrays["responses"].values, responses(firmware, chip))
    assert chip.link.bytes["during"] == 0 and chip.counters()["from_fpga"] == 0


def test_without_inhibition_some_image_has_none():
    firmware = BCM(inhibition=0, seed=2)
    chip = run_firmware(firmware)
    assert selectivity(responses(firmware, chip)).min() > BEST - 0.06
    assert len(preferred(responses(firmware, chip))) < IMAGES


def test_a_silent_cell_prefers_no_image():
    some = np.zeros((IMAGES, CELLS))
    assert preferred(some) == set()
    some[2, 3], some[3, 3], some[1, 4] = 5, 4, 1
    assert preferred(some) == {1, 2}


def test_without_events_that_are_heard_no_image_is_preferred():
    """What a chip shows whose cells are all silent: their efficacy is 0."""
    firmware = BCM(presentations=5)
    registers = firmware.build(None, ChipConfig.ideal()).registers
    registers.efficacy_lsb = 0.0
    chip = run_firmware(firmware, registers=registers)
    outcome = firmware.outcome(chip.link, firmware.build(None, chip.config))
    assert outcome.metrics == {"selectivity": 0.0, "images_preferred": 0}


def test_a_run_that_ended_early_has_no_metrics_and_says_how_far_it_came():
    firmware = BCM(presentations=4)
    chip = load_firmware(Chip(ChipConfig.ideal()), firmware)
    built, seen = firmware.build(None, chip.config), []
    chip.start()
    while chip.learning:
        chip.environment.take_steps(1)
        seen.append(firmware.status(chip, built))
    assert [status.done for status in seen] == sorted(status.done for status in seen)
    assert (seen[0].done, seen[-1].done, seen[0].total, seen[0].unit) == (0, 4, 4, "presentations")
    short = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=10_000))
    stopped = run_firmware(firmware, config=short, exit_code="watchdog")
    outcome = firmware.outcome(stopped.link, built)
    assert outcome.metrics == {"selectivity": None, "images_preferred": None}
    assert (outcome.arrays["responses"].values == 0).all() and firmware.status(stopped, built).done == 0


def test_without_learning_the_weights_stay():
    firmware = BCM(eta=0, presentations=DRAWN)
    chip, placement = run_firmware(firmware), place(bcm.NETWORK)
    program = firmware.build(None, chip.config).programs[c.TOP]
    np.testing.assert_array_equal(placement.load(chip.weights(), bcm.LEARNED), program.weights)
    assert (placement.load(chip.weights(), bcm.LATERAL) == 20 * ~np.eye(CELLS, dtype=bool)).all()


def test_two_runs_give_the_same_bytes():
    first, second = (run_firmware(BCM(presentations=20), config=ChipConfig.typical(seed=4)) for _ in range(2))
    assert chip_bytes(first) == chip_bytes(second)


def test_no_register_is_named():
    named = {node.attr for node in ast.walk(ast.parse(inspect.getsource(bcm))) if isinstance(node, ast.Attribute)}
    assert named & set(Registers.__dataclass_fields__) <= {"weights", "labels"}  # of BCM, of SRAM


def test_the_kernel_moves_weights_as_the_rule_says():
    program, rng = BCM().build(None, ChipConfig.ideal()).programs[c.TOP], np.random.default_rng(3)
    memory = link(BCMProgram.memory, [bcm.bcm]).views(np.zeros(c.SRAM_BYTES, np.uint8))
    for name, values in program.image().items():
        memory[name][:] = values
    counts = rng.integers(0, 30, CELLS)
    memory["counts"][:], theta, fine = counts, memory["theta"].copy(), memory["fine"].copy().reshape(PIXELS, CELLS)
    first = 5 * EVENTS
    bcm.bcm.bind(VectorUnit(), memory)(10**6, first, 4)
    x = np.bincount(program.pixels[5], minlength=PIXELS)
    phi = counts * (counts * 256 - theta) >> 8
    expected = np.clip(fine + (x[:, None] * phi * 4 >> 6), 0, 63 * 256)
    np.testing.assert_array_equal(memory["fine"].reshape(PIXELS, CELLS), expected)
    np.testing.assert_array_equal(memory["theta"], theta + ((counts * counts * 64) - theta >> 4))
    rows = memory["rows"].reshape(PIXELS, c.LANES)[:, list(program.lanes)]
    np.testing.assert_array_equal(rows, np.minimum(expected + 128 >> 8, 63))


@pytest.mark.parametrize("settings", [dict(presentations=0), dict(eta=17), dict(inhibition=64), dict(eta=0.5)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="^BCM\\."):
        BCM(**settings)
