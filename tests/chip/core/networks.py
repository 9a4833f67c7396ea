"""Small networks and stimuli for the tests of the analog core; the random ones are those of the testing kit."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from chip.testing.networks import open_crossbar as open_crossbar
from chip.testing.networks import random_events as random_events
from chip.testing.networks import random_network as random_network
from chip.testing.networks import with_merged_neurons as with_merged_neurons


def with_plastic_drivers(registers: Registers, seed: int) -> Registers:
    """Give half of the drivers short-term plasticity of any kind, some rows both signs, and neurons a holdoff."""
    rng = np.random.default_rng([seed, 5])
    registers.stp_enabled[:] = rng.random((2, 128)) < 0.5
    for name in ("stp_utilization", "stp_recovery", "stp_offset"):
        getattr(registers, name)[:] = rng.integers(0, 16, (2, 128))
    registers.stp_target_voltages[:] = rng.integers(0, 2, (2, 128))
    registers.row_mode[rng.random((2, 256)) < 0.1] = 3
    share = rng.choice([0.0, 0.0, 0.3, 1.0], (2, 256))
    registers.holdoff_ns[:] = c.EVENT_CLOCK_NS * np.floor(share * registers.refractory_ns / c.EVENT_CLOCK_NS)
    return registers


def one_neuron(tau_mem_ns=6000.0, tau_syn_ns=6000.0, threshold_lsb=125.0, weight=40, efficacy_lsb=4.0,
               **values) -> Registers:  # fmt: skip
    """Neuron 0 of the top hemisphere, driven by label 0 from the FPGA through row 0 (excitatory) with one weight."""
    registers = Registers()
    registers.enabled[0, 0] = True
    registers.tau_mem_ns[:] = tau_mem_ns
    registers.tau_syn_exc_ns[:] = registers.tau_syn_inh_ns[:] = tau_syn_ns
    registers.threshold_lsb[:] = threshold_lsb
    registers.efficacy_lsb[:] = efficacy_lsb
    registers.row_mode[0, 0] = 1
    registers.weights[0, 0, 0] = weight
    registers.crossbar_mask[8, 0] = registers.crossbar_target[8, 0] = 0
    for name, value in values.items():
        getattr(registers, name)[:] = value
    return registers
