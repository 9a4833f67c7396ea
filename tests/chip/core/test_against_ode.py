"""The core against a general solver of differential equations: random current trains, and a neuron that spikes.

``scipy.integrate.solve_ivp`` knows nothing of exponentials; it goes from event to event in small steps of its own and
finds crossings of the threshold by bisection.
"""

from __future__ import annotations

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.core.core import AnalogCore

integrate = pytest.importorskip("scipy.integrate")

EDGE_NS = c.EVENT_CLOCK_NS
NEURONS = 8
ACCURATE = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-11}


def random_registers(seed: int, spiking: bool) -> Registers:
    """Eight neurons of the top hemisphere, columns 0, 2, .., 14, with mixed constants.

    Row 0 excites with label 0, row 1 inhibits with label 1; both hang on driver 0.
    """
    rng = np.random.default_rng([seed, 5])
    registers = Registers()
    registers.enabled[0, : 2 * NEURONS : 2] = True
    registers.spiking[:] = spiking
    registers.leak_lsb[:] = rng.uniform(60, 100, (2, 256))
    registers.reset_lsb[:] = rng.uniform(50, 70, (2, 256))
    registers.threshold_lsb[:] = rng.uniform(110, 130, (2, 256))
    registers.tau_mem_ns[:] = 10 ** rng.uniform(np.log10(500), np.log10(60_000), (2, 256))
    for name in ("tau_syn_exc_ns", "tau_syn_inh_ns"):
        getattr(registers, name)[:] = 10 ** rng.uniform(np.log10(300), np.log10(30_000), (2, 256))
    registers.tau_syn_exc_ns[0, 0] = registers.tau_syn_inh_ns[0, 0] = registers.tau_mem_ns[0, 0] = 6000.0
    registers.refractory_ns[:] = EDGE_NS * rng.integers(10, 500, (2, 256))
    registers.efficacy_lsb[:] = rng.uniform(2.0, 4.0, (2, 256)) if spiking else rng.uniform(0.2, 1.0, (2, 256))
    registers.row_mode[0, :2] = ROW_EXCITATORY, ROW_INHIBITORY
    registers.weights[0, :2] = rng.integers(10, 64, (2, 256))
    registers.labels[0, 1] = 1
    registers.crossbar_target[c.CROSSBAR_FPGA_IN, 0] = 0
    return registers


def random_train(seed: int, count: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return int64[count] ascending times, some of them at once, and int64[count] labels; two thirds excite."""
    rng = np.random.default_rng([seed, 6])
    times = np.sort(rng.integers(0, end_ns // EDGE_NS, count)) * EDGE_NS
    times[count // 2] = times[count // 2 - 1]
    return times, (rng.random(count) < 1 / 3).astype(np.int64)


class Neuron:
    """One neuron: what its equations say."""

    def __init__(self, registers: Registers, column: int):
        def of(name):
            return float(getattr(registers, name)[0, column])

        self.leak, self.reset, self.threshold = of("leak_lsb"), of("reset_lsb"), of("threshold_lsb")
        self.tau_mem, self.tau_syn = of("tau_mem_ns"), np.array([of("tau_syn_exc_ns"), of("tau_syn_inh_ns")])
        self.refractory_ns = int(of("refractory_ns"))
        self.jump = of("efficacy_lsb") * registers.weights[0, :2, column].astype(float)

    def slope(self, _, state):
        v, exc, inh = state
        return [(self.leak - v + exc - inh) / self.tau_mem, -exc / self.tau_syn[0], -inh / self.tau_syn[1]]

    def slope_clamped(self, _, state):
        return [0.0, -state[1] / self.tau_syn[0], -state[2] / self.tau_syn[1]]

    def above_threshold(self, _, state):
        return state[0] - self.threshold

    above_threshold.terminal, above_threshold.direction = True, 1

    def run(self, times_ns, labels, end_ns, spiking, look_ns=()):
        """Return membranes at multiples of 4 ns, and spike times."""
        state, now, release, seen, spikes = np.array([self.leak, 0.0, 0.0]), 0, 0, [], []
        for stop in sorted({*times_ns.tolist(), *look_ns, end_ns}):
            while now < stop:
                if now < release:
                    until, slope, events = min(stop, release), self.slope_clamped, None
                else:
                    until, slope, events = stop, self.slope, self.above_threshold if spiking else None
                part = integrate.solve_ivp(slope, (now, until), state, events=events, **ACCURATE)
                if events and part.t_events[0].size:  # the comparator sees it at the next edge
                    edge = int(-(-part.t_events[0][0] // EDGE_NS) * EDGE_NS)
                    state = integrate.solve_ivp(slope, (now, edge), state, **ACCURATE).y[:, -1]
                    state[0] = self.reset
                    spikes.append(edge)
                    now, release = edge, edge + self.refractory_ns
                else:
                    now, state = until, part.y[:, -1]
            if stop in look_ns:
                seen.append(state[0])
            for label in labels[times_ns == stop]:
                state[1 + label] += self.jump[label]
        return np.array(seen), spikes


@pytest.mark.parametrize("seed", range(3))
def test_membranes_under_a_random_current_train(seed):
    registers = random_registers(seed, spiking=False)
    times, labels = random_train(seed, 24, 40_000)
    looks = [4, 1600, 9_996, 20_004, 39_900, 60_000]
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(times, labels)
    seen = np.array([core.membranes(time_ns)[0, : 2 * NEURONS : 2] for time_ns in looks])
    for k in range(NEURONS):
        expected, _ = Neuron(registers, 2 * k).run(times, labels, 60_000, False, looks)
        np.testing.assert_allclose(seen[:, k], expected, rtol=0, atol=1e-7)
    assert np.ptp(seen, axis=0).max() > 10


@pytest.mark.parametrize("seed", range(3))
def test_spikes_under_a_random_current_train(seed):
    registers = random_registers(seed, spiking=True)
    times, labels = random_train(seed, 16, 20_000)
    core = AnalogCore(ChipConfig.ideal(), registers)
    core.post_events(times, labels)
    spike_ns, source = core.all_spikes(0, 20_000)
    total = 0
    for k in range(NEURONS):
        _, expected = Neuron(registers, 2 * k).run(times, labels, 20_000, True)
        assert spike_ns[source == 2 * k].tolist() == [time_ns for time_ns in expected if time_ns < 20_000]
        total += len(expected)
    assert total >= 10
