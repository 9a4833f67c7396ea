"""LMS: membranes come to what a linear system says, whatever the chip is like; its kernel computes what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import ChipConfig
from chip.base import constants as c
from chip.base.config import PpuConfig
from chip.ppu import VectorUnit, link
from chip.testing import chip_bytes, run_firmware
from ppu_programs.examples import lms
from ppu_programs.examples.lms import INPUTS, LMS, LMSProgram
from ppu_programs.placement import place

STEP = 512  # of `fine`, to a weight


def outcome(firmware, chip):
    return firmware.outcome(chip.link, firmware.build(None, chip.config))


@pytest.mark.parametrize("profile, error_lsb", [("ideal", 0.3), ("typical", 1.3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_membranes_come_to_what_they_should_be(profile, error_lsb, seed):
    """Noise of 1 LSB of the CADC, and of the membranes, is all that is left on a `typical` chip."""
    chip = run_firmware(firmware := LMS(seed=seed), config=getattr(ChipConfig, profile)(seed=seed))
    metrics = outcome(firmware, chip).metrics
    assert metrics["error_lsb"] < error_lsb and metrics["first_error_lsb"] > 7
    assert chip.link.bytes["during"] == 0


def test_without_a_rate_nothing_is_learned():
    chip = run_firmware(firmware := LMS(rate=0, trials=100))
    assert not place(lms.NETWORK).load(chip.weights(), 0).any()
    metrics = outcome(firmware, chip).metrics
    assert metrics["error_lsb"] == pytest.approx(metrics["first_error_lsb"], rel=0.3) and metrics["error_lsb"] > 7


def test_two_runs_give_the_same_bytes_and_another_seed_others():
    first, second, other = (
        chip_bytes(run_firmware(LMS(trials=20, seed=seed), config=ChipConfig.typical(seed=4))) for seed in (1, 1, 2)
    )
    assert first == second != other


def test_a_run_that_ended_early_has_no_metrics_and_says_how_far_it_came():
    firmware, short = LMS(trials=8), ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=50_000))
    stopped = run_firmware(firmware, config=short, exit_code="watchdog")
    built = firmware.build(None, stopped.config)
    status, found = firmware.status(stopped, built), firmware.outcome(stopped.link, built)
    assert 0 < status.done < 8 == status.total and status.unit == "trials"
    assert found.metrics == {"error_lsb": None, "first_error_lsb": None}
    assert len(found.arrays["errors"].values) == status.done


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1 << 30), rate=st.integers(0, 0x7FFF))
def test_the_kernel_moves_weights_as_the_rule_says(seed, rate):
    rng, unit = np.random.default_rng(seed), VectorUnit()
    kernels = {kernel.name: kernel for kernel in LMSProgram.kernels}
    memory = link(LMSProgram.memory, LMSProgram.kernels).views(np.zeros(c.SRAM_BYTES, np.uint8))
    memory["random"][:] = rng.integers(1, 256, c.LANES)
    kernels["begin"].bind(unit, memory)(10**6, rate)
    on = rng.integers(0, 2, INPUTS)
    memory["random"][:INPUTS] = 2 * rng.integers(0, 128, INPUTS) + on
    memory["membranes"][:] = rng.integers(0, 256, c.LANES)
    system = rng.integers(-8, 9, (INPUTS, c.LANES))
    memory["system"][:] = system.ravel()
    before = rng.integers(-0x8000, 0x8000, (INPUTS, c.LANES))
    memory["fine"][:] = halves(before)
    kernels["correct"].bind(unit, memory)(10**6)

    errors = np.clip(on @ system - (memory["membranes"].astype(int) - 128), -128, 127)
    np.testing.assert_array_equal(memory["errors"], errors)
    after = np.clip(before + on[:, None] * (256 * errors * rate >> 15), -0x8000, 0x7FFF)
    np.testing.assert_array_equal(memory["fine"], halves(after))
    weights = np.clip(np.minimum(after + STEP // 2, 0x7FFF) >> 9, -63, 63)
    rows = memory["rows"].reshape(INPUTS, 2, c.LANES)[on == 1]
    np.testing.assert_array_equal(rows[:, 0], np.maximum(weights, 0)[on == 1])
    np.testing.assert_array_equal(rows[:, 1], np.maximum(-weights, 0)[on == 1])


def halves(matrix):
    """Rows of 128 lanes as two vectors of halfwords: of each slice of 16 lanes the first 8, then the last 8."""
    slices = matrix.reshape(INPUTS, -1, 2, 8)
    return slices.transpose(0, 2, 1, 3).ravel()


@pytest.mark.parametrize("settings", [dict(trials=0), dict(rate=0x8000), dict(rate=-1), dict(rate=0.5)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="^LMS\\."):
        LMS(**settings)
