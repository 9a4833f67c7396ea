"""A bandit: the best arm is found by reward alone, twice; its kernel computes what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import ChipConfig
from chip.base import constants as c
from chip.base.config import PpuConfig
from chip.ppu import VectorUnit, link
from chip.testing import chip_bytes, run_firmware
from ppu_programs.examples import bandit
from ppu_programs.examples.bandit import ARMS, EVENTS, Bandit, BanditProgram

MOST = 63 * 256


def outcome(firmware, chip):
    return firmware.outcome(chip.link, firmware.build(None, chip.config))


@pytest.mark.parametrize("profile", ["ideal", "typical"])
@pytest.mark.parametrize("seed", [2, 3])
def test_the_best_arm_is_found_and_found_again(profile, seed):
    """By chance it is pulled in a quarter of the pulls; the best pays in 0.9, all four in 0.52 of them."""
    chip = run_firmware(firmware := Bandit(seed=seed), config=getattr(ChipConfig, profile)(seed=seed))
    metrics = outcome(firmware, chip).metrics
    assert metrics["best_pulled_before_turn"] > 0.85 and metrics["best_pulled"] > 0.85 and metrics["reward"] > 0.7
    assert chip.link.bytes["during"] == 0


def test_arms_pay_as_their_chances_are_and_without_learning_none_is_preferred():
    chip = run_firmware(firmware := Bandit(eta=0, curiosity=0))
    built = firmware.build(None, chip.config)
    found = firmware.outcome(chip.link, built)
    rewards = chip.link.read_recording(c.TOP, "pulled")["values"][:, 1]
    arms, turned = found.arrays["pulled"].values, np.arange(1000) >= 500
    for arm in range(ARMS):
        for half in (0, 1):
            some = rewards[(arms == arm) & (turned == half)]
            chance = built.plan[half, arm] / 256
            assert abs(some.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(some)), (arm, half)
        assert 0.15 < (arms == arm).mean() < 0.35
    assert (found.arrays["arm_weights"].values == 20).all()


def test_the_chances_change_places_in_the_middle():
    for seed in range(5):
        first, second = Bandit(seed=seed).build(None, ChipConfig.ideal()).plan
        assert sorted(first) == sorted(second) == sorted(bandit.CHANCES)
        assert first.argmax() == second.argmin() and second.argmax() == first.argmin()


def test_two_runs_give_the_same_bytes_and_another_seed_others():
    first, second, other = (
        chip_bytes(run_firmware(Bandit(pulls=20, seed=seed), config=ChipConfig.typical(seed=4))) for seed in (1, 1, 2)
    )
    assert first == second != other


def test_a_run_that_ended_early_has_no_metrics_and_says_how_far_it_came():
    firmware, short = Bandit(pulls=20), ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=200_000))
    stopped = run_firmware(firmware, config=short, exit_code="watchdog")
    built = firmware.build(None, stopped.config)
    status, found = firmware.status(stopped, built), firmware.outcome(stopped.link, built)
    assert 0 < status.done < 10 and (status.total, status.unit) == (20, "pulls")
    assert found.metrics == dict.fromkeys(("best_pulled", "best_pulled_before_turn", "reward"))
    assert len(found.arrays["pulled"].values) == status.done


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 1 << 30), eta=st.integers(0, 64), curiosity=st.integers(0, 64), turned=st.integers(0, 1))
def test_the_kernel_pulls_and_learns_as_the_rule_says(seed, eta, curiosity, turned):
    rng = np.random.default_rng(seed)
    memory = link(BanditProgram.memory, BanditProgram.kernels).views(np.zeros(c.SRAM_BYTES, np.uint8))
    memory["random"][:] = rng.integers(0, 256, c.LANES)
    memory["lanes"][:] = lanes = rng.permutation(c.LANES)[:ARMS]
    memory["counts"][:] = rng.integers(0, 4, ARMS)
    memory["chances"][:] = rng.integers(0, 256, 2 * ARMS)
    memory["fine"][:] = before = rng.integers(0, MOST + 1, ARMS)
    memory["expected"][:] = expected = int(rng.integers(0, 257))
    bandit.pull.bind(VectorUnit(), memory)(10**6, turned, eta, curiosity)

    counts, first = memory["counts"], memory["random"][EVENTS] % ARMS
    arm, reward = memory["pulled"].tolist()
    order = (first + np.arange(ARMS)) % ARMS  # the first of the highest, from an arm that is drawn
    assert arm == order[counts[order].argmax()]
    assert reward == (memory["random"][EVENTS + 1] < memory["chances"][ARMS * turned + arm])
    change = np.where(np.arange(ARMS) == arm, eta * (256 * reward - expected) >> 2, curiosity)
    after = np.clip(before + change, 0, MOST)
    np.testing.assert_array_equal(memory["fine"], after)
    assert memory["expected"][0] == expected + (256 * reward - expected + 8 >> 4)
    np.testing.assert_array_equal(memory["row"][lanes], np.minimum(after + 128 >> 8, 63))


@pytest.mark.parametrize("settings", [dict(pulls=1), dict(eta=65), dict(curiosity=-1), dict(eta=0.5)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="^bandit\\."):
        Bandit(**settings)
