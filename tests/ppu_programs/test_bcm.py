"""BCM: cells become selective, and inhibition spreads them over the images; its kernel computes what it says."""

import ast
import inspect

import numpy as np
import pytest

from chip import ChipConfig
from chip.base import constants as c
from chip.base.registers import Registers
from chip.ppu import VectorUnit, link
from chip.testing import chip_bytes, run_firmware
from ppu_programs import bcm
from ppu_programs.bcm import BCM, CELLS, DRAWN, EVENTS, IMAGES, PIXELS, BCMProgram, selectivity

BEST = 1 - 1 / IMAGES  # a cell that hears one image alone


def covered(responses):
    """How many images some cell prefers."""
    return len(set(responses.argmax(axis=0).tolist()))


@pytest.mark.parametrize("profile", ["ideal", "typical"])
@pytest.mark.parametrize("seed", [1, 2])
def test_cells_become_selective_and_every_image_has_one(profile, seed):
    firmware = BCM(seed=seed)
    chip = run_firmware(firmware, config=getattr(ChipConfig, profile)(seed=seed))
    before, after = (selectivity(firmware.responses(chip.link, *some)) for some in ((0, DRAWN), (-DRAWN, None)))
    assert before.mean() < 0.35 and after.min() > BEST - 0.06
    assert covered(firmware.responses(chip.link)) == IMAGES
    assert chip.link.bytes["during"] == 0 and chip.counters()["from_fpga"] == 0


def test_without_inhibition_some_image_has_none():
    firmware = BCM(inhibition=0, seed=2)
    chip = run_firmware(firmware)
    assert selectivity(firmware.responses(chip.link)).min() > BEST - 0.06
    assert covered(firmware.responses(chip.link)) < IMAGES


def test_without_learning_the_weights_stay():
    firmware = BCM(eta=0, presentations=DRAWN)
    chip = run_firmware(firmware)
    np.testing.assert_array_equal(firmware.placement.load(chip.weights(), bcm.LEARNED), firmware.weights)
    assert (firmware.placement.load(chip.weights(), bcm.LATERAL) == 20 * ~np.eye(CELLS, dtype=bool)).all()


def test_two_runs_give_the_same_bytes():
    first, second = (run_firmware(BCM(presentations=20), config=ChipConfig.typical(seed=4)) for _ in range(2))
    assert chip_bytes(first) == chip_bytes(second)


def test_no_register_is_named():
    named = {node.attr for node in ast.walk(ast.parse(inspect.getsource(bcm))) if isinstance(node, ast.Attribute)}
    assert named & set(Registers.__dataclass_fields__) <= {"weights", "labels"}  # of BCM, of SRAM


def test_the_kernel_moves_weights_as_the_rule_says():
    firmware, rng = BCM(), np.random.default_rng(3)
    memory = link(BCMProgram.memory, [bcm.bcm]).views(np.zeros(c.SRAM_BYTES, np.uint8))
    for name, values in firmware.program.image().items():
        memory[name][:] = values
    counts = rng.integers(0, 30, CELLS)
    memory["counts"][:], theta, fine = counts, memory["theta"].copy(), memory["fine"].copy().reshape(PIXELS, CELLS)
    first = 5 * EVENTS
    bcm.bcm.bind(VectorUnit(), memory)(10**6, first, 4)
    x = np.bincount(firmware.program.pixels[5], minlength=PIXELS)
    phi = counts * (counts * 256 - theta) >> 8
    expected = np.clip(fine + (x[:, None] * phi * 4 >> 6), 0, 63 * 256)
    np.testing.assert_array_equal(memory["fine"].reshape(PIXELS, CELLS), expected)
    np.testing.assert_array_equal(memory["theta"], theta + ((counts * counts * 64) - theta >> 4))
    rows = memory["rows"].reshape(PIXELS, c.LANES)[:, list(firmware.program.lanes)]
    np.testing.assert_array_equal(rows, np.minimum(expected + 128 >> 8, 63))


@pytest.mark.parametrize("settings", [dict(presentations=0), dict(eta=17), dict(inhibition=64), dict(eta=0.5)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"^BCM\.\w+ is"):
        BCM(**settings)
