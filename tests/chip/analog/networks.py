"""Small networks and stimuli for the tests of the analog core; the random ones are those of the testing kit."""

from __future__ import annotations

from chip.registers import Registers
from chip.testing.networks import open_crossbar as open_crossbar
from chip.testing.networks import random_events as random_events
from chip.testing.networks import random_network as random_network


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
