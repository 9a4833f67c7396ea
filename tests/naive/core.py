"""The analog core on a dense 4 ns lattice: every neuron looked at on every edge, every event routed by loops.

With noise it never jumps over a block, so it is the twin of a core in which something happens in each of them.
At one edge: kicks of the noise, looks, weight writes, neuron resets, comparators, events from the FPGA, on-chip events.
"""

from __future__ import annotations

import numpy as np

from tests.naive.neuron import currents_left, membrane
from tests.naive.noise import GRID_NS, Kicks
from tests.naive.router import neuron_input, passed_targets, route, taking_drivers
from tests.naive.stp import Driver

CLOCK_NS = 4


class NaiveCore:
    """Run once from time 0 to an end; only enabled neurons are kept, as columns of small arrays."""

    def __init__(self, registers, latency_ns=100, noise=None, factor=None, reset_tau_ns=0.0):
        """noise: (standard deviations in LSB, keys), [2, 256] each. factor: [2, 256, 256], on efficacies."""
        self.reset_tau_ns = reset_tau_ns  # 0: at once
        self.registers, self.latency_ns = registers, latency_ns
        self.weights = registers.weights.astype(float)
        self.hemisphere, self.column = np.nonzero(registers.enabled)
        at = (self.hemisphere, self.column)
        self.leak, self.reset, self.threshold = (
            getattr(registers, name)[at] for name in ("leak_lsb", "reset_lsb", "threshold_lsb")
        )
        self.tau_mem, self.tau_exc, self.tau_inh = (
            getattr(registers, name)[at] for name in ("tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns")
        )
        self.spiking, self.refractory, self.holdoff, self.efficacy = (
            getattr(registers, name)[at] for name in ("spiking", "refractory_ns", "holdoff_ns", "efficacy_lsb")
        )
        on = zip(*np.nonzero(registers.stp_enabled), strict=True)
        self.drivers = {(int(h), int(d)): Driver(registers, h, d) for h, d in on}  # those with short-term plasticity
        self.factor = np.ones((2, 256, 256)) if factor is None else factor
        self.kicks = []  # (time, what is left to each membrane)
        self.noise = None if noise is None else (noise[0][at], noise[1][at])
        self._merge()
        self.random = None if noise is None else Kicks(*self.noise, self.tau_mem)
        n = len(self.column)
        self.start = np.zeros(n)  # since when a membrane moves; clamped until then
        self.start_lsb = self.leak.copy()
        self.last_spike = np.full(n, -np.inf)
        self.fired_lsb = self.leak.copy()
        self.history = ([], [], [], [])  # times, jumps, time constants, signs
        self.left = None  # of the history's currents since membranes move, until either changes
        self.flights = []  # (arrival, crossbar input, label)
        self.spikes, self.recorded, self.synaptic_events, self.sent = [], [], 0, 0

    def _merge(self):
        """Both circuits of a connected column get the parameters of one membrane, of capacitance 2 and both leaks."""
        self.other = np.arange(len(self.column))  # the circuit on the same membrane, else the circuit itself
        self.share = np.ones(len(self.column))  # of the membrane's leak that is the circuit's own
        for column in np.flatnonzero(self.registers.connect_vertical):
            top, bottom = np.flatnonzero(self.column == column)  # in the order of hemispheres
            self.other[[top, bottom]] = bottom, top
            leaks = 1 / self.tau_mem[[top, bottom]]
            if self.noise is not None:  # current noise of density 2 sigma^2 leak, in a circuit of capacitance 1
                density = 2 * np.sum(self.noise[0][[top, bottom]] ** 2 * leaks)
                self.noise[0][[top, bottom]] = np.sqrt(density / 2 / (2 * leaks.sum()))
                self.noise[1][bottom] = self.noise[1][top]
            self.share[[top, bottom]] = leaks / leaks.sum()
            self.leak[[top, bottom]] = np.sum(leaks * self.leak[[top, bottom]]) / leaks.sum()
            self.tau_mem[[top, bottom]] = 2 / leaks.sum()
            for tau in (self.tau_exc, self.tau_inh):
                tau[[top, bottom]] = np.mean(tau[[top, bottom]])
            for of_the_neuron in (self.reset, self.threshold, self.refractory, self.holdoff):
                of_the_neuron[bottom] = of_the_neuron[top]

    def potentials(self, time_ns):
        """Membranes of the enabled neurons at a time."""
        if self.left is None:
            shapes = (1, *[len(self.leak)] * 3)
            history = (np.array(one, float).reshape(-1, n) for one, n in zip(self.history, shapes, strict=True))
            self.left = currents_left(self.start, *history)
        after = np.maximum(time_ns, self.start)
        moving = membrane(after, self.start, self.start_lsb, self.leak, self.tau_mem, self.left)
        if self.kicks:
            times, kicks = (np.array(one) for one in zip(*self.kicks, strict=True))
            moving += np.sum(kicks * np.exp(-(time_ns - times[:, None]) / self.tau_mem), axis=0)
        return np.where(time_ns <= self.start, self.clamped(time_ns), moving)

    def clamped(self, time_ns):
        """Membranes on their way from where they fired to their reset potential; at rest if they never did."""
        left = (
            np.exp((self.last_spike - time_ns) / self.reset_tau_ns) if self.reset_tau_ns else np.zeros(len(self.leak))
        )
        return np.where(np.isfinite(self.last_spike), self.reset + (self.fired_lsb - self.reset) * left, self.leak)

    def kick(self, time_ns):
        """Noise of the grid step that ends."""
        self.kicks.append((time_ns, np.where(self.start < time_ns, self.random.at(time_ns), 0.0)))

    def arrive(self, time_ns, source, label):
        """One event enters the crossbar and reaches its synapses at once."""
        rows, busses, recorded = route(self.registers, source, label)
        for side, bus in passed_targets(self.registers, source, label):
            if side != "fpga":
                for where in taking_drivers(self.registers, side, bus, label):
                    if where in self.drivers:
                        self.drivers[where].take(time_ns)
        for hemisphere, row in rows:
            hit = (self.hemisphere == hemisphere) & (self.registers.labels[hemisphere, row, self.column] == label & 63)
            self.synaptic_events += int(hit.sum())
            strength = self.efficacy * self.factor[hemisphere, row, self.column]
            driver = self.drivers.get((hemisphere, row // 2))
            strength = strength if driver is None else strength * driver.pulse()
            jump = np.where(hit, self.weights[hemisphere, row, self.column] * strength, 0.0) * self.share
            jump = np.maximum(jump, jump[self.other])  # a row drives one of the two
            if not jump.any():
                continue
            mode = self.registers.row_mode[hemisphere, row]
            if mode in (1, 3):
                self.charge(time_ns, jump, True)
            if mode in (2, 3):
                self.charge(time_ns, jump, False)
        return busses, recorded

    def charge(self, time_ns, jump, excites):
        """A row adds to a current of each neuron."""
        tau, sign = (self.tau_exc, 1.0) if excites else (self.tau_inh, -1.0)
        for entry, value in zip(self.history, (time_ns, jump, tau, np.full(len(jump), sign)), strict=True):
            entry.append(value)
        self.left = None

    def run(self, end_ns, events=(), resets=(), writes=(), looks=()):
        """Run to ``end_ns``; returns potentials at the times of ``looks``, [look, neuron].

        events: (time, label). resets: (time, hemisphere, half, mask). writes: (time, hemisphere, row, half, values).
        """
        due = {}
        for rank, items in enumerate((writes, resets, events)):
            for item in items:
                due.setdefault(item[0], ([], [], []))[rank].append(item[1:])
        seen = {}
        for time_ns in range(0, end_ns, CLOCK_NS):
            if self.noise is not None and time_ns and time_ns % GRID_NS == 0:
                self.kick(time_ns)
            potentials = self.potentials(time_ns)
            if time_ns in looks:
                seen[time_ns] = potentials.copy()
            now_writes, now_resets, now_events = due.get(time_ns, ([], [], []))
            for hemisphere, row, half, values in now_writes:
                self.weights[hemisphere, row, half::2] = values
            fire = np.zeros(len(self.column), bool)
            for hemisphere, half, mask in now_resets:
                byte = mask.astype(int)[self.column // 2]
                fire |= (self.hemisphere == hemisphere) & (self.column % 2 == half) & (0 < byte) & (byte < 128)
            free = time_ns > self.last_spike + self.refractory
            fire |= self.spiking & free & (potentials >= self.threshold)
            fire |= fire[self.other]
            if fire.any():
                self._restart(fire, time_ns, time_ns + self.refractory - self.holdoff)
            for i in np.flatnonzero(fire & (self.other >= np.arange(fire.size))):  # of a merged neuron the top circuit
                self._send(time_ns, int(self.hemisphere[i]), int(self.column[i]))
            for (label,) in sorted(now_events):
                busses, recorded = self.arrive(time_ns, 8 + (label >> 14), label)
                self.sent += busses
                if recorded:
                    self.recorded.append((time_ns, label))
            for arrival, source, label in [flight for flight in self.flights if flight[0] == time_ns]:
                self.arrive(arrival, source, label)
        return np.array([seen[time_ns] for time_ns in sorted(seen)])

    def _restart(self, which, at_ns, release_ns):
        self.fired_lsb = np.where(which, self.potentials(at_ns), self.fired_lsb)
        self.last_spike = np.where(which, at_ns, self.last_spike)
        self.start_lsb = np.where(which, self.clamped(release_ns), self.start_lsb)
        self.start = np.where(which, release_ns, self.start)
        self.left = None
        self.kicks = [(time_ns, np.where(which, 0.0, kick)) for time_ns, kick in self.kicks]

    def _send(self, time_ns, hemisphere, column):
        source = neuron_input(column)
        label = int(self.registers.backend_address[hemisphere, column]) | source << 8 | source % 4 << 14
        self.spikes.append((time_ns, hemisphere * 256 + column))
        if not self.registers.event_output[hemisphere, column]:
            return
        _, busses, recorded = route(self.registers, source, label)
        self.sent += busses
        if recorded:
            self.recorded.append((time_ns, label))
        self.flights.append((time_ns + self.latency_ns, source, label))
