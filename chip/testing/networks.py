"""Random networks and events from a seed: what :mod:`chip.testing.strategies` draws registers and stimuli from."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers


def open_crossbar(registers: Registers) -> None:
    """Let every node that exists pass every label."""
    registers.crossbar_mask[:] = 0
    registers.crossbar_target[:] = 0


def random_network(seed: int, neurons: int = 12, drive: float = 1.0) -> Registers:
    """A recurrent network of a few neurons on both hemispheres, all parameters mixed, some of them leaky only.

    Args:
        seed: same seed, same registers.
        neurons: 0..40, among the first 40 columns of both hemispheres.
        drive: scales all synapses; at 1 an event or two make a neuron spike.
    """
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
    registers.refractory_ns[:] = c.EVENT_CLOCK_NS * rng.integers(10, 150, (2, 256))
    registers.efficacy_lsb[:] = drive * rng.uniform(2.0, 5.0, (2, 256))
    registers.backend_address[:] = rng.integers(0, 256, (2, 256))
    registers.row_mode[:] = rng.choice([0, 1, 1, 2], (2, 256))
    registers.compare_mask[:] = rng.choice([0, 1, 3, 31], (2, 128))
    registers.weights[:] = rng.integers(0, 64, (2, 256, 256))
    registers.labels[:] = rng.integers(0, 64, (2, 256, 256))
    open_crossbar(registers)
    closed = rng.random((20, 12)) < 0.3
    registers.crossbar_target[closed] = 0x3FFF
    registers.event_output[:] = rng.random((2, 256)) < 0.9
    return registers


def with_merged_neurons(registers: Registers, seed: int) -> Registers:
    """Merge two thirds of the neurons of a network with the circuit on the other side, which differs in all it may."""
    rng = np.random.default_rng([seed, 6])
    columns = np.flatnonzero(registers.enabled.any(axis=0))
    columns = rng.choice(columns, 2 * columns.size // 3, replace=False)
    registers.connect_vertical[columns] = registers.enabled[:, columns] = True
    registers.spiking[c.BOTTOM, columns] = False
    for name in ("tau_syn_exc_ns", "tau_syn_inh_ns", "reset_lsb"):
        values = getattr(registers, name)
        values[c.BOTTOM, columns] = values[c.TOP, columns]
    return registers


def random_events(
    seed: int, count: int, end_ns: int, clock_ns: int = c.EVENT_CLOCK_NS
) -> tuple[np.ndarray, np.ndarray]:
    """Events from the FPGA with any label, in time order: int64[count] times below ``end_ns``, uint16[count] labels."""
    rng = np.random.default_rng([seed, 1])
    times = np.sort(rng.integers(0, end_ns // clock_ns, count)) * clock_ns
    return times, rng.integers(0, 1 << 16, count).astype(np.uint16)
