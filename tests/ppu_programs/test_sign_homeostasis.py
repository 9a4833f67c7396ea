"""Homeostasis by the sign rule: its kernel, and neurons that come to the target while the host plays their input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from chip import ChipConfig
from chip.base import constants as c
from chip.ppu import VectorUnit
from chip.testing import run_firmware
from ppu_programs.sign_homeostasis import MOST_COUNT, Settings, SignHomeostasis, find_signs


@settings(deadline=None, max_examples=25)
@given(arrays(np.uint8, c.COLUMNS))
def test_a_step_is_the_sign_of_what_is_missing(counts):
    for target in (1, 60, 126):
        used = {"counts": counts.copy(), "step": np.zeros(c.COLUMNS, np.int8)}
        find_signs.bind(VectorUnit(), used)(100_000, target)
        assert used["step"].tolist() == [int(np.sign(target - min(int(n), MOST_COUNT))) for n in counts]


def test_both_hemispheres_rise_until_neurons_spike_as_they_should():
    firmware = SignHomeostasis(updates=60, period_ns=1_000_000, target_khz=20.0, efficacy_lsb=1.5)
    chip = run_firmware(firmware, config=ChipConfig.typical(seed=1))
    built = firmware.build(None, chip.config)
    found = firmware.outcome(chip.link, built)
    weights, rates = found.arrays["synapse_weights"].values, found.arrays["mean_rates"].values
    assert weights.shape == (60, c.HEMISPHERES, c.COLUMNS)
    assert (weights[0] == 1).all() and abs(np.diff(weights.astype(int), axis=0)).max() == 1
    for side in (c.TOP, c.BOTTOM):
        row = int(built.placement.sources["source"].rows[0, side, 0])
        assert (chip.weights()[side, row] == weights[-1, side]).all()
        assert abs(weights[-10:, side].mean() - weights[-10:].mean()) < 3
    assert abs(rates[-20:].mean() - 20.0) < 3.0 and rates[:5].max() < 1.0
    assert found.metrics["target_ms"] == np.flatnonzero(rates >= 19.0)[0] + 1
    assert chip.link.bytes["during"] == 0


@pytest.mark.parametrize(
    "changes, words",
    [({"target_khz": 20.0}, "200 spikes between two updates"), ({"threshold_lsb": 70}, "would never rest")],
)
def test_settings_that_clash_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings(**changes)
