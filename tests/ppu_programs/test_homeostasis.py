"""Rate homeostasis: both hemispheres come to the target rate by themselves; its kernels compute what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.errors import LossError
from chip.ppu import VectorUnit, link
from chip.testing import chip_bytes, load_firmware, run_firmware
from ppu_programs.homeostasis import Homeostasis, HomeostasisProgram, aim_and_step, sum_counts

TARGET, TOLERANCE = 12, 1.5  # spikes per update; a step of one changes a rate by about 1.3
CHIPS = [ChipConfig.ideal(), ChipConfig.ideal(seed=9), *(ChipConfig.typical(seed=seed) for seed in (1, 2, 3))]


def rates(config, **settings):
    """Run; return the chip, the first counts and the mean of the last five, float[2, 256]."""
    firmware = Homeostasis(target=TARGET, **settings)
    chip = run_firmware(firmware, config=config)
    counts = firmware.counts(chip.link)
    assert counts.shape == (firmware.settings.updates, c.HEMISPHERES, c.COLUMNS)
    return chip, counts[0].astype(float), counts[-5:].mean(axis=0)


@pytest.mark.parametrize("config", CHIPS, ids=lambda config: f"{config.profile} {config.seed}")
def test_rates_come_to_the_target(config):
    updates = 30 if config.limits.excitation else 20  # where currents saturate, a step of a weight does less
    chip, first, last = rates(config, updates=updates, seed=config.seed + 1)
    assert (abs(first - TARGET) <= TOLERANCE).mean() < 0.3
    assert (abs(last - TARGET) <= TOLERANCE).mean() > 0.99
    assert abs(last.mean(axis=1) - TARGET).max() < 0.5  # the means, which the two tell each other
    assert chip.losses() == dict.fromkeys(chip.losses(), 0)
    report = chip.report()["ppu"]
    assert report["tasks"] == dict.fromkeys(("top", "bottom"), {"update": {"runs": updates, "missed": 0, "dropped": 0}})
    assert report["sram_used"] < c.SRAM_BYTES / 2
    assert chip.link.bytes["during"] == 0 and chip.counters()["from_fpga"] == 0


@pytest.mark.parametrize("config", [ChipConfig.ideal(), ChipConfig.typical(seed=1)], ids=lambda config: config.profile)
def test_without_the_rule_they_stay_where_they_were(config):
    chip, first, last = rates(config, updates=8, learns=False)
    assert (abs(last - TARGET) <= TOLERANCE).mean() < 0.3
    assert abs(last - first).mean() < 0.5
    assert (chip.weights() == Homeostasis().build(None, config).registers.weights).all()


def test_two_runs_give_the_same_bytes():
    first, second = (run_firmware(Homeostasis(updates=4), config=ChipConfig.typical(seed=4)) for _ in range(2))
    assert chip_bytes(first) == chip_bytes(second)
    for hemisphere in (c.TOP, c.BOTTOM):
        assert (
            first.link.read_recording(hemisphere, "counts").tobytes()
            == second.link.read_recording(hemisphere, "counts").tobytes()
        )


def test_each_knows_the_mean_of_the_other():
    firmware = Homeostasis(updates=3)
    registers = firmware.build(None, ChipConfig.ideal()).registers
    registers.weights[c.BOTTOM, :16] //= 2  # so that the hemispheres differ
    chip = run_firmware(firmware, registers=registers)
    means = (firmware.counts(chip.link)[-1].sum(axis=1, dtype=int) >> 5).tolist()
    assert abs(means[0] - means[1]) > 8
    top, bottom = (ppu.regions for ppu in chip.processors)
    assert [top["mine"][0], top["other"][0], bottom["mine"][0], bottom["other"][0]] == [*means, *means[::-1]]


def test_counts_are_those_of_the_analog_core():
    firmware = Homeostasis(updates=2)
    chip = run_firmware(firmware)
    _, neurons = chip.core.all_spikes()
    counted = firmware.counts(chip.link).sum(axis=0, dtype=int).reshape(-1)
    assert np.bincount(neurons, minlength=c.NEURONS).tolist() == counted.tolist()
    stamps = chip.link.read_recording(c.TOP, "counts")["time_cycles"].astype(int)
    assert abs(np.diff(stamps) - 200_000).max() < 1_000


def test_a_period_shorter_than_an_update_is_loud():
    chip = load_firmware(Chip(ChipConfig.ideal()), Homeostasis(updates=3, period_cycles=50_000))
    chip.start()
    with pytest.raises(LossError, match="program homeostasis on the .* PPU missed .* task update"):
        chip.run()


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(target=128), r"homeostasis\.target is 128; it must lie in 0\.\.127"),
        (dict(updates=0), r"homeostasis\.updates is 0"),
        (dict(period_cycles=0), r"homeostasis\.period_cycles is 0"),
        (dict(events=256), r"homeostasis\.events is 256; it must lie in 1\.\.255"),
        (dict(target=1.5), r"homeostasis\.target is 1\.5; it must be of type int"),
    ],
)
def test_settings_that_it_cannot_work_with_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Homeostasis(**settings)


# ---------------------------------------------------------------------- kernels


def bound(kernel):
    regions = link(HomeostasisProgram.memory, [kernel]).views(np.zeros(c.SRAM_BYTES, np.uint8))
    return kernel.bind(VectorUnit(), regions), regions


@settings(deadline=None, max_examples=25)
@given(
    counts=arrays(np.uint8, c.COLUMNS),
    target=st.integers(0, 127),
    means=st.tuples(st.integers(0, 255 * 8), st.integers(0, 255 * 8)),
)
def test_steps_are_half_of_what_is_missing(counts, target, means):
    kernel, regions = bound(aim_and_step)
    regions["counts"][:], regions["mine"][0], regions["other"][0] = counts, *means
    kernel(10**6, target)
    both = sum(means) // 16
    aim = min(max(target + (both - target + 2) // 4, 0), 127)  # a quarter of the way, to the nearest
    for count, step in zip(counts.tolist(), regions["step"].tolist(), strict=True):
        missing = max(aim - min(count, 127), -128)
        assert step == min(max(int(missing / 2), -4), 4)


@settings(deadline=None, max_examples=10)
@given(counts=arrays(np.uint8, c.COLUMNS))
def test_the_mean_crosses_in_eighths(counts):
    kernel, regions = bound(sum_counts)
    regions["counts"][:] = counts
    cycles = kernel(10**6)
    assert regions["mine"][0] == int(counts.sum(dtype=int) / 32)
    assert cycles < 4_000
