"""The core against Brian2: random networks of 50 neurons with 50 inputs, feed-forward and recurrent.

Brian2 is told the equations and who is connected to whom; the core gets the same as registers, so its routing by
crossbar, PADI busses, drivers and labels is in question as well as its neurons. Brian2 integrates exactly, in steps of
the core's comparators.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore
from tests.chip.core.brian2_network import Brian2Network

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("brian2") is None, reason="brian2 is not installed; the extra `test` brings it"
    ),
    pytest.mark.filterwarnings("ignore"),  # those of other people's packages
]

NEURONS, INPUTS = 50, 50
END_NS = 20_000
COMPARED, TOLERANCE_NS = 20, 100  # what is asked for
LATENCY_NS = ChipConfig.ideal().router.on_chip_latency_ns
FIRST_RECURRENT_DRIVER = 28  # of each hemisphere: 7 drivers of each bus are left to the inputs


class RandomNetwork:
    """Registers of 50 neurons anywhere on the chip, and the connections that they are meant to make.

    Input i has row i of either hemisphere, excitatory or inhibitory there; synapses of even rows know label 0, those of
    odd rows label 1. A neuron that is the n-th on its PADI bus has a row of that bus to itself, on either hemisphere,
    with label 2 + n; the drivers of these rows take whatever the bus carries.

    Attributes:
        neurons: int64[50], ``hemisphere * 256 + column``, ascending.
        input_lsb, recurrent_lsb: float64[50, 50], jumps of current [from, to], negative where they inhibit.
        times_ns, inputs, labels: int64[e], events from the FPGA.
    """

    def __init__(self, seed: int, recurrent: bool):
        rng = np.random.default_rng([seed, 4])
        self.registers = registers = Registers()
        self.neurons = np.sort(rng.choice(c.NEURONS, NEURONS, replace=False))
        self.hemisphere, self.column = np.divmod(self.neurons, c.COLUMNS)
        registers.enabled[self.hemisphere, self.column] = True
        registers.leak_lsb[:] = rng.uniform(60, 90, (2, 256))
        registers.reset_lsb[:] = rng.uniform(50, 80, (2, 256))
        registers.threshold_lsb[:] = rng.uniform(100, 130, (2, 256))
        registers.tau_mem_ns[:] = rng.uniform(3_000, 15_000, (2, 256))
        registers.tau_syn_exc_ns[:] = rng.uniform(1_000, 8_000, (2, 256))
        registers.tau_syn_inh_ns[:] = rng.uniform(1_000, 8_000, (2, 256))
        registers.refractory_ns[:] = c.EVENT_CLOCK_NS * rng.integers(10, 1000, (2, 256))
        registers.efficacy_lsb[:] = rng.uniform(0.5, 2.0, (2, 256))
        for bus in range(c.PADI_BUSSES):  # SPL1 address b to PADI bus b of either hemisphere
            registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, [bus, c.PADI_BUSSES + bus]] = 0
        self.input_lsb = self._connect(rng, np.tile(np.arange(INPUTS), (2, 1)), np.arange(INPUTS) % 2)
        self.recurrent_lsb = self._recurrence(rng) if recurrent else None
        times = np.concatenate([rng.choice(END_NS // c.FPGA_CLOCK_NS, 4, replace=False) for _ in range(INPUTS)])
        self.times_ns, self.inputs = times * c.FPGA_CLOCK_NS, np.repeat(np.arange(INPUTS), 4)
        driver, row_of_driver = np.divmod(self.inputs, 2)
        bus, index = driver % c.PADI_BUSSES, driver // c.PADI_BUSSES
        self.labels = bus << 14 | index << c.ROW_SELECT_SHIFT | row_of_driver

    def _recurrence(self, rng) -> np.ndarray:
        bus = self.column // c.COLUMNS_PER_OUTPUT % c.PADI_BUSSES
        on_bus = np.array([np.sum(bus[:k] == bus[k]) for k in range(NEURONS)])
        row = 2 * (FIRST_RECURRENT_DRIVER + bus + c.PADI_BUSSES * (on_bus // 2)) + on_bus % 2
        self.registers.crossbar_target[: c.NEURON_OUTPUTS, : 2 * c.PADI_BUSSES] = 0
        self.registers.backend_address[self.hemisphere, self.column] = 2 + on_bus
        self.registers.compare_mask[:, FIRST_RECURRENT_DRIVER:] = 0
        return self._connect(rng, np.tile(row, (2, 1)), 2 + on_bus)

    def _connect(self, rng, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Give each source a row of either hemisphere with random sign and weights, and its label."""
        weights = np.zeros((rows.shape[1], NEURONS))
        for hemisphere in (c.TOP, c.BOTTOM):
            here = np.flatnonzero(self.hemisphere == hemisphere)
            columns = self.column[here]
            for source, row in enumerate(rows[hemisphere]):
                mode = int(rng.choice([ROW_EXCITATORY, ROW_EXCITATORY, ROW_INHIBITORY]))
                values = rng.integers(0, c.WEIGHT_MAX + 1, here.size) * (rng.random(here.size) < 0.6)
                self.registers.row_mode[hemisphere, row] = mode
                self.registers.weights[hemisphere, row, columns] = values
                self.registers.labels[hemisphere, row, :] = labels[source]
                weights[source, here] = values if mode == ROW_EXCITATORY else -values
        return weights * self.registers.efficacy_lsb[self.hemisphere, self.column]

    def on_the_chip(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return times, indices of neurons, and membranes above leak at the last edge."""
        core = AnalogCore(ChipConfig.ideal(), self.registers)
        core.post_events(self.times_ns, self.labels)
        last = core.membranes(END_NS - c.EVENT_CLOCK_NS) - self.registers.leak_lsb
        times, neurons = core.all_spikes(0, END_NS)
        return times, np.searchsorted(self.neurons, neurons), last.reshape(-1)[self.neurons]

    def in_brian2(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same by Brian2."""
        arguments = self.registers, self.neurons, self.input_lsb, self.recurrent_lsb, self.times_ns, self.inputs
        network = Brian2Network(*arguments, latency_ns=LATENCY_NS, step_ns=c.EVENT_CLOCK_NS)
        network.run(END_NS)
        return *network.spikes(), network.membranes()


@pytest.mark.parametrize("recurrent", [False, True], ids=["feed-forward", "recurrent"])
@pytest.mark.parametrize("seed", range(3))
def test_spikes_are_those_of_brian2(seed, recurrent):
    network = RandomNetwork(seed, recurrent)
    times, neurons, last = network.on_the_chip()
    expected_times, expected_neurons, expected_last = network.in_brian2()
    assert len(set(expected_neurons[:COMPARED].tolist())) > COMPARED // 2
    np.testing.assert_array_equal(neurons[:COMPARED], expected_neurons[:COMPARED])
    assert np.abs(times - expected_times)[:COMPARED].max() <= TOLERANCE_NS
    # more than is asked for: every spike is on the same edge, and what is left at the end is the same
    np.testing.assert_array_equal(neurons, expected_neurons)
    np.testing.assert_array_equal(times, expected_times)
    silent = ~np.isin(np.arange(NEURONS), neurons[times == END_NS - c.EVENT_CLOCK_NS])
    np.testing.assert_allclose(last[silent], expected_last[silent], rtol=0, atol=1e-8)


def test_recurrence_and_inhibition_matter():
    """What the other test compares is not one thing by chance: without a part of the network the spikes are others."""
    network = RandomNetwork(0, recurrent=True)
    _, full, _ = network.in_brian2()
    network.recurrent_lsb, recurrent_lsb = None, network.recurrent_lsb
    _, open_loop, _ = network.in_brian2()
    network.recurrent_lsb = np.maximum(recurrent_lsb, 0.0)
    _, excited, _ = network.in_brian2()
    assert full[:COMPARED].tolist() != open_loop[:COMPARED].tolist() != excited[:COMPARED].tolist()
