"""Spiking latent predictive learning on the chip: in time, and neurons find the slow signal."""

import pytest

from chip import Chip, ChipConfig
from chip.testing import load_firmware
from ppu_programs.spiking_lpl.firmware import SpikingLPL


def metrics(**settings):
    """Of a run in which membranes may be at the lower end of the CADC, where the surrogate is 0 anyway."""
    firmware = SpikingLPL(**settings)
    chip = load_firmware(Chip(ChipConfig.typical(seed=settings.get("seed", 1))), firmware)
    chip.start()
    chip.run()
    return firmware.outcome(chip.link, firmware.build(None, chip.config)).metrics


def test_no_tick_is_missed_and_all_is_measured():
    found = metrics(ticks=400, evaluated=400)
    assert found["missed_ticks"] == 0 and 5 < found["rate_khz"] < 60
    assert all(value is not None for value in found.values())


@pytest.mark.slow
def test_neurons_find_the_slow_signal_and_inhibition_keeps_them_apart():
    found = metrics(seed=2)
    assert found["slowness"] > 0.35 and found["weight_ratio"] > 3 and found["correlation"] < 0.3
    assert found["missed_ticks"] == 0
    without = metrics(seed=2, ablation="inhibition")["correlation"]
    assert without > 0.8
