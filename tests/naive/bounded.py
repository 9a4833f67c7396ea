"""The slow twin of neurons with limits: from one 4 ns edge to the next, each membrane looked at and set to its bounds.

It has a state, unlike its parent, which sums up histories: what saturates or is bounded has no closed form.
"""

from __future__ import annotations

import numpy as np

from tests.naive.core import CLOCK_NS, NaiveCore
from tests.naive.neuron import response


class NaiveBoundedCore(NaiveCore):
    """As its parent, with limits that may be infinite."""

    def __init__(self, registers, low_lsb, high_lsb, excitation, inhibition, **others):
        """low_lsb, high_lsb: bounds of all membranes. excitation, inhibition: limits of currents in units of weight."""
        super().__init__(registers, **others)
        self.low, self.high = np.minimum(low_lsb, self.leak), np.maximum(high_lsb, self.leak)
        self.reset = np.clip(self.reset, self.low, self.high)
        strength = self.efficacy * self.share
        strength = np.where(self.other == np.arange(len(strength)), strength, strength + strength[self.other])
        self.limits = excitation * strength, inhibition * strength
        self.lsb, self.now = self.leak.copy(), 0
        self.currents = [np.zeros(len(self.leak)), np.zeros(len(self.leak))]
        self.contacts = 0  # with bounds, of a neuron at an edge
        age = float(CLOCK_NS)
        self.to_membrane = [response(age, self.tau_mem, tau) for tau in (self.tau_exc, self.tau_inh)]
        self.decays = [np.exp(-age / tau) for tau in (self.tau_exc, self.tau_inh)]
        self.approach = -np.expm1(-age / self.tau_mem)

    def potentials(self, time_ns):
        """Membranes of the enabled neurons at a time, the next edge or the last one."""
        while self.now < time_ns:
            pull = self.currents[0] * self.to_membrane[0] - self.currents[1] * self.to_membrane[1]
            moved = self.lsb + self.approach * (self.leak - self.lsb) + pull
            moves = self.start <= self.now
            self.lsb = np.where(moves, self.within(moved), self.clamped(self.now + CLOCK_NS))
            self.currents = [current * decay for current, decay in zip(self.currents, self.decays, strict=True)]
            self.now += CLOCK_NS
        return self.lsb.copy()

    def within(self, lsb):
        """Potentials within their bounds."""
        bounded = np.clip(lsb, self.low, self.high)
        self.contacts += int((bounded != lsb).sum())
        return bounded

    def kick(self, time_ns):
        """Noise of the grid step that ends."""
        self.potentials(time_ns)
        kicks = np.where(self.start < time_ns, self.random.at(time_ns), 0.0)
        self.lsb = self.within(self.lsb + kicks)

    def charge(self, time_ns, jump, excites):
        """A row adds to a current of each neuron, and takes away a share of what is left to its limit."""
        which = 0 if excites else 1
        limit = self.limits[which]
        for i in np.flatnonzero(jump):
            current = self.currents[which][i]
            if np.isinf(limit[i]):
                self.currents[which][i] = current + jump[i]
            else:
                self.currents[which][i] = limit[i] - (limit[i] - current) * np.exp(-jump[i] / limit[i])

    def _restart(self, which, at_ns, release_ns):
        super()._restart(which, at_ns, release_ns)
        self.lsb = np.where(which, self.clamped(at_ns), self.lsb)
