"""The network of ``bench_core``: 256 inputs into up to 512 LIF neurons, all to all; and its bare twin on a grid."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.compiled import compiled
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore

INPUTS = 256
RATE_HZ = 15_000.0  # of each input, in hardware time: 15 Hz in biological time
GRID_NS = 100  # of the bare kernel and of Brian2: 0.1 ms in biological time
TAU_MEM_NS, TAU_SYN_NS, REFRACTORY_NS, DISTANCE_LSB = 10_000.0, 5_000.0, 2_000, 45.0


def registers(neurons: int, efficacy_lsb: float, seed: int = 0) -> Registers:
    """All-to-all from 256 inputs to the first columns of both hemispheres; every fifth input inhibits.

    Input 2 d + k is row k of driver d of either hemisphere, on PADI bus d % 4.
    """
    values = Registers()
    values.enabled[:, : neurons // c.HEMISPHERES] = True
    values.tau_mem_ns[:], values.refractory_ns[:] = TAU_MEM_NS, REFRACTORY_NS
    values.tau_syn_exc_ns[:] = values.tau_syn_inh_ns[:] = TAU_SYN_NS
    values.leak_lsb[:] = values.reset_lsb[:] = 80.0
    values.threshold_lsb[:] = 80.0 + DISTANCE_LSB
    values.efficacy_lsb[:] = efficacy_lsb
    values.row_mode[:] = np.where(np.arange(INPUTS) % 5 == 0, ROW_INHIBITORY, ROW_EXCITATORY)
    values.labels[:, 1::2] = 1
    values.weights[:] = np.random.default_rng(seed).integers(0, c.WEIGHT_MAX + 1, values.weights.shape)
    for bus in range(c.PADI_BUSSES):
        values.crossbar_target[c.CROSSBAR_FPGA_IN + bus, [bus, c.PADI_BUSSES + bus]] = 0
    return values


def jumps(values: Registers) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the enabled neurons, and float64[256, n]: signed jump of current by each input."""
    hemisphere, column = np.nonzero(values.enabled)
    sign = np.where(values.row_mode[0] == ROW_EXCITATORY, 1.0, -1.0)
    weights = values.weights[hemisphere, :, column].T * sign[:, None]
    return hemisphere * c.COLUMNS + column, weights * values.efficacy_lsb[hemisphere, column]


def input_labels(inputs: np.ndarray) -> np.ndarray:
    """Return the 16-bit labels with which inputs enter the crossbar."""
    driver, row = np.divmod(inputs, 2)
    return driver % c.PADI_BUSSES << 14 | driver // c.PADI_BUSSES << c.ROW_SELECT_SHIFT | row


def events(duration_ns: int, seed: int = 1, clock_ns: int = c.FPGA_CLOCK_NS) -> tuple[np.ndarray, np.ndarray]:
    """Return int64[e] times of Poisson input, on a clock, ascending, and int64[e] inputs."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(INPUTS * RATE_HZ * duration_ns * 1e-9)
    times = np.sort(rng.integers(0, duration_ns // clock_ns, count)) * clock_ns
    return times, rng.integers(0, INPUTS, count)


def loaded_core(config: ChipConfig, values: Registers, duration_ns: int) -> AnalogCore:
    """Return a core with all events of a time posted."""
    core = AnalogCore(config, values)
    times, inputs = events(duration_ns)
    core.post_events(times, input_labels(inputs))
    return core


class BareNetwork:
    """The same neurons on a grid of 0.1 us and nothing else: a dense update and a row of weights for every event.

    No routing, no labels, no queues, no record of spikes; events and spikes are rounded to the grid.
    """

    def __init__(self, values: Registers, times_ns: np.ndarray, inputs: np.ndarray):
        numbers, jump = jumps(values)
        self.row = np.abs(jump)
        self.excitatory = values.row_mode[0] == ROW_EXCITATORY
        self.inputs = inputs.astype(np.int64)
        self.first = np.searchsorted(times_ns // GRID_NS, np.arange(int(times_ns[-1]) // GRID_NS + 2))
        self.u, self.exc, self.inh, self.wait = np.zeros((4, numbers.size))
        self.step = self.spikes = 0
        d_mem, d_syn = np.exp(-GRID_NS / TAU_MEM_NS), np.exp(-GRID_NS / TAU_SYN_NS)
        gain = TAU_SYN_NS / (TAU_SYN_NS - TAU_MEM_NS) * (d_syn - d_mem)
        self.constants = d_mem, d_syn, gain, REFRACTORY_NS / GRID_NS, DISTANCE_LSB

    def run(self, duration_ns: int) -> None:
        """Go on for a time."""
        last = min(self.step + duration_ns // GRID_NS, self.first.size - 1)
        arguments = self.first, self.inputs, self.row, self.excitatory, self.u, self.exc, self.inh, self.wait
        self.spikes += dense_steps(self.step, last, *arguments, *self.constants)
        self.step = last


@compiled
def dense_steps(
    begin, end, first, inputs, row, excitatory, u, exc, inh, wait, d_mem, d_syn, gain, refractory, distance
):
    """Take grid steps; ``wait`` holds the steps until each neuron is free again. Returns how many spikes there were."""
    spikes = 0
    for step in range(begin, end):
        for e in range(first[step], first[step + 1]):
            i = inputs[e]
            if excitatory[i]:
                for s in range(u.size):
                    exc[s] += row[i, s]
            else:
                for s in range(u.size):
                    inh[s] += row[i, s]
        fired = 0
        for s in range(u.size):
            free = wait[s] <= 0.0
            moved = u[s] * d_mem + (exc[s] - inh[s]) * gain if free else u[s]
            fires = moved >= distance
            u[s] = 0.0 if fires else moved
            wait[s] = refractory if fires else wait[s] - 1.0
            fired += 1 if fires else 0
        for s in range(u.size):
            exc[s] *= d_syn
            inh[s] *= d_syn
        spikes += fired
    return spikes
