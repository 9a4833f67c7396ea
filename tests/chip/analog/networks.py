"""Small random networks and stimuli for the tests of the analog core."""

from __future__ import annotations

import numpy as np

from chip.registers import Registers

CLOCK_NS = 4


def open_crossbar(registers: Registers) -> None:
    """Let every node that exists pass every label."""
    registers.crossbar_mask[:] = 0
    registers.crossbar_target[:] = 0


def random_network(seed: int, neurons: int = 12, drive: float = 1.0) -> Registers:
    """A recurrent network of a few neurons on both hemispheres, all parameters mixed, some of them leaky only."""
    rng = np.random.default_rng(seed)
    registers = Registers()
    columns = rng.choice(40, neurons, replace=False)
    side = rng.integers(0, 2, neurons)
    registers.enabled[side, columns] = True
    registers.spiking[:] = rng.random((2, 256)) < 0.85
    registers.leak_lsb[:] = rng.uniform(60, 90, (2, 256))
    registers.reset_lsb[:] = rng.uniform(50, 90, (2, 256))
    registers.threshold_lsb[:] = rng.uniform(100, 130, (2, 256))
    taus = rng.choice([1500.0, 3000.0, 6000.0, 7123.4], (3, 2, 256))
    registers.tau_mem_ns[:], registers.tau_syn_exc_ns[:], registers.tau_syn_inh_ns[:] = taus
    registers.refractory_ns[:] = 4 * rng.integers(10, 150, (2, 256))
    registers.efficacy_lsb[:] = drive * rng.uniform(2.0, 5.0, (2, 256))
    registers.backend_address[:] = rng.integers(0, 256, (2, 256))
    registers.row_mode[:] = rng.choice([0, 1, 1, 2], (2, 256))
    registers.compare_mask[:] = rng.choice([0, 1, 3, 31], (2, 128))
    registers.weights[:] = rng.integers(0, 64, (2, 256, 256))
    registers.labels[:] = rng.integers(0, 64, (2, 256, 256))
    open_crossbar(registers)
    closed = rng.random((20, 12)) < 0.3
    registers.crossbar_target[closed] = 0x3FFF
    return registers


def random_events(seed: int, count: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Events from the FPGA with any label, in time order."""
    rng = np.random.default_rng([seed, 1])
    times = np.sort(rng.integers(0, end_ns // CLOCK_NS, count)) * CLOCK_NS
    return times, rng.integers(0, 1 << 16, count).astype(np.uint16)


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
