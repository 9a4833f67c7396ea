"""The rewrite of the whole array: every weight, clipped, and what it takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import VectorUnit, link
from chip.testing import run_firmware, weights
from ppu_programs.rewrite import WEIGHTS, Rewrite, RewriteProgram, add_and_clip, begin

DERIVED_CYCLES = 46_000  # 256 x (2 x 20 + 2 x 20 + ~100), from the vendor's measurements


@pytest.mark.parametrize("step", [5, -7, 64, "random"])
def test_every_weight_of_both_hemispheres_is_rewritten(step):
    rng = np.random.default_rng(8)
    if step == "random":
        step = rng.integers(-64, 65, (c.HEMISPHERES, c.COLUMNS))
    before = rng.integers(0, 64, (c.HEMISPHERES, c.ROWS, c.COLUMNS)).astype(np.uint8)
    chip = run_firmware(Rewrite(step=step, weights=before))
    steps = np.broadcast_to(step, (c.HEMISPHERES, c.COLUMNS))[:, None, :]
    assert (chip.weights() == np.clip(before + steps, 0, 63)).all()
    chip.core.advance(chip.now_ns + 4)  # the last write acts just now
    assert (chip.core.weights() == chip.weights()).all()


def test_an_array_takes_what_it_says():
    """Beside what can be derived from the vendor's measurements."""
    chip = run_firmware(Rewrite(step=1))
    cycles = chip.now_ns // c.PPU_CLOCK_NS
    assert 51_000 < cycles < 52_000
    assert cycles == pytest.approx(DERIVED_CYCLES, rel=0.2)
    assert chip.processors[0].busy_cycles == chip.processors[1].busy_cycles == cycles
    assert chip.report()["ppu"]["sram_used"] < c.SRAM_BYTES


@settings(deadline=None, max_examples=20)
@given(row=weights(c.COLUMNS), step=arrays(np.int8, 256, elements=st.integers(-64, 64)))
def test_the_kernel_adds_and_clips(row, step):
    regions = link(RewriteProgram.memory, [begin, add_and_clip]).views(np.zeros(c.SRAM_BYTES, np.uint8))
    regions["step"][:] = step
    unit, numbers = VectorUnit(), [register.number for register in WEIGHTS]
    unit.state.bytes[numbers] = row.reshape(2, 128)
    begin.bind(unit, regions)(10**6)
    add_and_clip.bind(unit, regions)(10**6)
    assert (unit.state.bytes[numbers].ravel() == np.clip(row + step.astype(int), 0, 63)).all()


@pytest.mark.parametrize("step", [65, -65, 0.5])
def test_a_step_that_leaves_a_signed_byte_is_refused(step):
    with pytest.raises(ValueError, match=r"steps of a rewrite are .*; give whole numbers -64..64"):
        Rewrite(step=step)
