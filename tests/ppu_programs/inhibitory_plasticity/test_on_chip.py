"""Inhibitory plasticity on the chip: rates come to the target, inhibition is tuned as excitation is."""

import pytest

from chip import ChipConfig
from chip.testing import run_firmware
from ppu_programs.inhibitory_plasticity.firmware import InhibitoryPlasticity


def metrics(**settings):
    firmware = InhibitoryPlasticity(**settings)
    chip = run_firmware(firmware, config=ChipConfig.typical(seed=settings.get("seed", 1)))
    return firmware.outcome(chip.link, firmware.build(None, chip.config)).metrics


def test_in_a_short_run_rates_have_come_close_and_weights_are_recorded():
    found = metrics(updates=120, evaluated=40, watched=20)
    assert found["rate_error"] < 0.2 and found["tuning_correlation_before"] > 0.3
    assert found["tuning_correlation_at_change"] < 0


@pytest.mark.slow
def test_rates_and_tuning_come_back_behind_a_change_and_truncation_fails():
    found = metrics(seed=2)
    assert found["rate_error"] < 0.03
    assert min(found["tuning_correlation_before"], found["tuning_correlation_after"]) > 0.9
    assert found["tuning_correlation_at_change"] < 0
    assert metrics(seed=2, rounding="truncate")["rate_error"] > 0.2
