"""Deliveries as dense matrices: who sends, how much each neuron hears of it, nothing of columns, drivers or labels."""

from __future__ import annotations

import numpy as np

from ppu_programs.network import NetworkGraph, Sign

SIGNS = ((Sign.EXCITATORY, 1), (Sign.INHIBITORY, -1))


class DenseNetwork:
    """What arrives at the neurons of a network, event by event.

    Args:
        graph: the network.
        weights: of each projection, int[sources, targets], as a placement stores them.
    """

    def __init__(self, graph: NetworkGraph, weights: list[np.ndarray]):
        self.graph, self.weights = graph, weights

    def heard(self, target: str, source: str) -> tuple[np.ndarray, np.ndarray]:
        """Excitatory and inhibitory weights, float64[sources, targets] each, from one population to one."""
        shape = self.graph.populations[source].size, self.graph.populations[target].size
        heard = np.zeros(shape), np.zeros(shape)
        for p, weights in zip(self.graph.projections, self.weights, strict=True):
            if (p.source, p.target) == (source, target):
                for matrix, (sign, factor) in zip(heard, SIGNS, strict=True):
                    if p.sign is Sign.SIGNED:
                        matrix += np.maximum(factor * weights, 0)
                    elif p.sign is sign:
                        matrix += weights
        return heard

    def currents(self, target: str, arrivals: dict[str, tuple[np.ndarray, np.ndarray]], at_ns: int) -> np.ndarray:
        """float64[2, targets] excitatory and inhibitory currents in LSB at a time.

        Args:
            arrivals: of each source population, int64[events] times of arrival in ns and int64[events] numbers.
        """
        tau_ns = self.graph.populations[target].tau_syn_ns
        found = np.zeros((2, self.graph.populations[target].size))
        for source, (times_ns, numbers) in arrivals.items():
            past = times_ns < at_ns
            left = np.exp(-(at_ns - times_ns[past]) / tau_ns)
            for row, matrix in enumerate(self.heard(target, source)):
                found[row] += left @ matrix[numbers[past]]
        return self.graph.efficacy_lsb(target) * found

    def synapses_of(self, source: str) -> np.ndarray:
        """int64[sources]: how many synapses take an event of each source, both of a pair."""
        mine = [p for p in self.graph.projections if p.source == source]
        size = self.graph.populations[source].size
        return sum((len(p.sign.rows) * p.mask.sum(axis=1) for p in mine), np.zeros(size, np.int64))
