"""What learns by no gradients needs no gateware that does not exist: no player of samples, no writer of spikes."""

import numpy as np
import pytest

import ppu_programs
from chip import ChipConfig
from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.testing import chip_bytes, run_firmware
from ppu_programs import trains
from ppu_programs.stdp import PairSTDP

TODAY = FpgaConfig(sample_player=False, spike_writer=False)
SHORTER = {
    "inhibitory-plasticity": {"updates": 40, "evaluated": 10},
    "pong": {"size": 16, "epochs": 2, "settling": 1, "watched": 1},
    "pong-game": {"positions": 8, "iterations": 100},
    "sign-homeostasis": {"updates": 10},
    "spiking-lpl": {
        "ticks": 400,
        "evaluated": 400,
        "ablation": "inhibition",
    },  # or membranes leave the range of the CADC
}  # of runs that would take long
PERIOD_NS, PAIRS = 150_000, 20
BEFORE, DRIVE, BEHIND = range(3)  # sources, each on a PADI bus and a driver of its own


@pytest.mark.parametrize("name", ppu_programs.example_names())
def test_every_example_runs_on_todays_chip(name):
    """The gateware is not used where there is any: no sample is played, and every byte is what it is without."""
    today, later = (
        run_firmware(ppu_programs.load(name)(**SHORTER.get(name, {})), config=ChipConfig.ideal(fpga=fpga))
        for fpga in (TODAY, FpgaConfig())
    )
    assert later.config.fpga.sample_player and later.config.fpga.spike_writer
    assert today.player.played == later.player.played == later.writer.written == 0
    assert chip_bytes(today) == chip_bytes(later)


def stdp_registers():
    """The drive makes all neurons of both hemispheres fire; the others are sensed, and too weak to."""
    made = Registers()
    made.correlation_enabled[...] = made.enabled[...] = True
    made.correlation_tau_ns[...], made.correlation_amplitude_lsb[...] = 8_000, 2.0
    made.leak_lsb[...], made.reset_lsb[...], made.threshold_lsb[...] = 80.0, 60.0, 85.0
    made.tau_mem_ns[...], made.tau_syn_exc_ns[...], made.refractory_ns[...] = 2_000, 500, 8_000
    made.labels[...] = c.LABEL_MAX
    for source in (BEFORE, DRIVE, BEHIND):
        made.row_mode[:, 2 * source] = ROW_EXCITATORY
        made.labels[:, 2 * source] = source
        made.weights[:, 2 * source] = 63 if source == DRIVE else 10
        for output in (source, c.PADI_BUSSES + source):
            made.crossbar_mask[c.CROSSBAR_FPGA_IN + source, output] = 0
            made.crossbar_target[c.CROSSBAR_FPGA_IN + source, output] = 0
    made.efficacy_lsb[...] = 0.5
    return made


def test_stdp_learns_from_a_playback_program():
    """What comes before the drive is strengthened, what comes behind it is weakened, on both hemispheres."""
    firsts = np.array([100_000, 103_000, 106_000])
    train = trains.regular(1e9 / PERIOD_NS, 3, PAIRS * PERIOD_NS + 100_000, first_ns=firsts)
    assert len(train) == 3 * PAIRS
    labels = np.array([source << 14 | source for source in (BEFORE, DRIVE, BEHIND)])
    learner = PairSTDP(period=400_000, updates=2, rows=(0, 2, 4))
    chip = run_firmware(
        *(learner, learner, stdp_registers()), playback=train.program(labels), config=ChipConfig.ideal(fpga=TODAY)
    )
    assert chip.counters()["from_neurons"] == 512 * PAIRS
    weights = chip.weights()
    assert (weights[:, 2 * BEFORE] > 15).all() and (weights[:, 2 * BEHIND] < 5).all()
    assert chip.link.bytes["during"] == 0
