"""Neurons with limits against a general solver of differential equations, which knows no clock but the comparator's.

At a bound the membrane stands still while its drive lies beyond, to the moment at which it returns: the projection of
the equation. The core looks at edges of 4 ns only; what it is off by is of second order in them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from chip.base.config import ChipConfig
from chip.base.config.limits import LimitConfig
from chip.core.core import AnalogCore
from tests.chip.core.test_against_ode import (
    ACCURATE,
    EDGE_NS,
    NEURONS,
    Neuron,
    integrate,
    random_registers,
    random_train,
)

LIMITS = LimitConfig(
    inhibition=True,
    inhibition_limit_weights=90.0,
    excitation=True,
    excitation_limit_weights=200.0,
    upper_bound=True,
    upper_bound_lsb=135.0,
    lower_bound=True,
    lower_bound_lsb=50.0,
)


class LimitedNeuron(Neuron):
    """One neuron: what its equations say between bounds."""

    def __init__(self, registers, column, limits):
        super().__init__(registers, column)
        self.low, self.high = limits.limit("lower_bound"), limits.limit("upper_bound")
        efficacy = float(registers.efficacy_lsb[0, column])
        self.limit = [limits.limit("excitation") * efficacy, limits.limit("inhibition") * efficacy]
        self.contacts = 0

    def drive(self, state):
        """Where the membrane is drawn to."""
        return self.leak + state[1] - state[2]

    def part(self, start, stop, state, moves, spiking):
        """Follow the equations up to a time, or to what happens before: the time, the state, and what it is."""
        bound = next((lsb for lsb in (self.low, self.high) if state[0] == lsb), None)
        held = bound is not None and (self.drive(state) - bound) * (1 if bound == self.high else -1) > 0.0
        if not moves or held:
            slope, ends = self.slope_clamped, {}
            if moves:
                ends["leaves"] = lambda _, y: self.drive(y) - bound
        else:
            slope = self.slope
            ends = {"above": lambda _, y: y[0] - self.high, "below": lambda _, y: self.low - y[0]}
            if spiking:
                ends["spikes"] = lambda _, y: y[0] - self.threshold
        for name, end in ends.items():
            end.terminal, end.direction = True, 0 if name == "leaves" else 1
        found = integrate.solve_ivp(slope, (start, stop), state, events=list(ends.values()) or None, **ACCURATE)
        time, state, what = found.t[-1], found.y[:, -1].copy(), "goes on"
        for name, times in zip(ends, found.t_events or [], strict=True):
            if times.size and times[0] == time:
                what = name
        if what in ("above", "below"):
            state[0] = self.high if what == "above" else self.low
            self.contacts += 1
        if what == "leaves":  # a little further, so that the same end is not found again
            time, state[0] = time + 1e-6, bound
            state[1:] *= np.exp(-1e-6 / self.tau_syn)
        return time, state, what

    def to(self, start, stop, state, moves, spiking):
        """Follow the equations up to a time, or to the edge behind a crossing of the threshold: the time, the state."""
        now = start
        while now < stop:
            now, state, what = self.part(now, stop, state, moves, spiking)
            if what == "spikes":
                edge = int(-(-now // EDGE_NS) * EDGE_NS)
                state = self.to(now, edge, state, moves, False)[1]
                return edge, state, True
        return stop, state, False

    def run(self, times_ns, labels, end_ns, spiking, look_ns=()):
        state, now, release, seen, spikes = np.array([self.leak, 0.0, 0.0]), 0, 0, [], []
        for stop in sorted({*times_ns.tolist(), *look_ns, end_ns}):
            while now < stop:
                until = min(stop, release) if now < release else stop
                now, state, spike = self.to(now, until, state, now >= release, spiking)
                if spike:
                    state[0], release = self.reset, now + self.refractory_ns
                    spikes.append(now)
            if stop in look_ns:
                seen.append(state[0])
            for label in labels[times_ns == stop]:
                limit = self.limit[label]
                left = limit - state[1 + label]
                state[1 + label] = limit - left * np.exp(-self.jump[label] / limit)
        return np.array(seen), spikes


@pytest.mark.parametrize("seed", range(3))
def test_membranes_between_bounds(seed):
    registers = random_registers(seed, spiking=False)
    registers.efficacy_lsb[:] *= 3.0
    times, labels = random_train(seed, 24, 40_000)
    looks = [4, 1600, 9_996, 20_004, 24_000, 31_004, 39_900, 60_000]
    core = AnalogCore(ChipConfig(limits=LIMITS), registers)
    core.post_events(times, labels)
    seen = np.array([core.membranes(time_ns)[0, : 2 * NEURONS : 2] for time_ns in looks])
    contacts = 0
    for k in range(NEURONS):
        neuron = LimitedNeuron(registers, 2 * k, LIMITS)
        expected, _ = neuron.run(times, labels, 60_000, False, looks)
        np.testing.assert_allclose(seen[:, k], expected, rtol=0, atol=1e-4)
        contacts += neuron.contacts
    assert contacts > 10


@pytest.mark.parametrize("bounds", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_spikes_of_limited_neurons(seed, bounds):
    limits = dataclasses.replace(LIMITS, upper_bound=bounds, lower_bound=bounds)
    registers = random_registers(seed, spiking=True)
    times, labels = random_train(seed, 24, 20_000)
    core = AnalogCore(ChipConfig(limits=limits), registers)
    core.post_events(times, labels)
    spike_ns, source = core.all_spikes(0, 20_000)
    total, contacts = 0, 0
    for k in range(NEURONS):
        neuron = LimitedNeuron(registers, 2 * k, limits)
        _, expected = neuron.run(times, labels, 20_000, True)
        assert spike_ns[source == 2 * k].tolist() == [time_ns for time_ns in expected if time_ns < 20_000]
        total, contacts = total + len(expected), contacts + neuron.contacts
    assert total >= 10
    assert (contacts > 0) == bounds
