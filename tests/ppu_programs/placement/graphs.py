"""Networks for tests of placements: drawn ones, weights for them, and what the chip makes of their events."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.core.core import AnalogCore
from chip.neurons.arrays import EXC, INH
from chip.neurons.circuits import membranes
from ppu_programs.network import LI, LIF, Injected, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement

STEP_NS = 1_600  # a block: the core commits at its multiples
END_NS = 10 * STEP_NS
LATENCY_NS = ChipConfig.ideal().router.on_chip_latency_ns


@st.composite
def graphs(draw, neurons=100, kinds=(Inputs, Injected)):
    """Networks of one to four populations of up to 100 neurons in all, and up to three of other sources.

    Projections lead from anybody to any neurons, of any sign, dense or sparse; no row is asked for twice.
    """
    count, total = draw(st.integers(1, 4)), draw(st.integers(4, neurons))
    cuts = sorted(draw(st.lists(st.integers(1, total - 1), min_size=count - 1, max_size=count - 1, unique=True)))
    sizes = np.diff([0, *cuts, total]).tolist()
    populations = {f"n{k}": LIF(size, tau_syn_ns=20_000 + 1_000 * k) for k, size in enumerate(sizes)}
    if draw(st.booleans()):
        populations["out"] = LI(draw(st.integers(1, 10)), tau_syn_ns=25_000)
    for k in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(kinds))
        populations[f"{kind.__name__.lower()}{k}"] = kind(draw(st.integers(1, 40 if kind is Inputs else 6)))
    sources = [name for name, p in populations.items() if not isinstance(p, LI)]
    targets = [name for name, p in populations.items() if isinstance(p, LIF | LI)]
    pairs = st.tuples(st.sampled_from(sources), st.sampled_from(targets))
    projections = []
    for source, target in draw(st.lists(pairs, min_size=1, max_size=8, unique=True)):
        density, seed = draw(st.sampled_from([1.0, 0.5, 0.1])), draw(st.integers(0, 1000))
        mask = np.random.default_rng(seed).random((populations[source].size, populations[target].size)) < density
        signs = draw(st.sampled_from([(sign,) for sign in Sign] + [(Sign.EXCITATORY, Sign.INHIBITORY)]))
        projections += [Projection(source, target, sign=sign, mask=mask, efficacy_lsb=2) for sign in signs]
    order = draw(st.permutations(list(populations)))
    return NetworkGraph({name: populations[name] for name in order}, *projections)


def random_weights(graph: NetworkGraph, seed: int) -> list[np.ndarray]:
    """Weights of all projections, none of them 0 where there is a synapse."""
    rng, weights = np.random.default_rng(seed), []
    for p in graph.projections:
        signs = rng.choice([-1, 1], p.mask.shape) if p.sign is Sign.SIGNED else 1
        weights.append(signs * rng.integers(1, c.WEIGHT_MAX + 1, p.mask.shape) * p.mask)
    return weights


def firing_registers(placement: GraphPlacement, weights: list[np.ndarray], seed: int):
    """Registers with weights, and leak potentials that let each neuron fire every few microseconds by itself."""
    registers, rng = placement.registers(), np.random.default_rng(seed)
    for k, signed in enumerate(weights):
        placement.store(registers, k, signed)
    for name in placement.graph.spiking():
        place = placement.neurons[name]
        for side, columns in place.circuits():
            registers.leak_lsb[side, columns] = registers.threshold_lsb[side, columns] + rng.integers(
                5, 60, len(columns)
            )
            registers.refractory_ns[side, columns] = 8 * rng.integers(50, 300, len(columns))
    return registers


class Played:
    """A network whose neurons fire by themselves, and whose other sources send a few events each.

    Attributes:
        core: at ``END_NS``.
        arrivals: of each population, times in ns and numbers of its events, those of neurons as the FPGA recorded them.
    """

    def __init__(self, placement: GraphPlacement, registers, seed: int):
        self.placement, self.core, self.arrivals = placement, AnalogCore(ChipConfig.ideal(), registers), {}
        self._send(np.random.default_rng([seed, 1]))
        self.core.advance(END_NS)
        self._note_spikes()

    def _send(self, rng) -> None:
        for name, population in self.placement.graph.populations.items():
            if not isinstance(population, Inputs | Injected):
                continue
            numbers = rng.permutation(np.repeat(np.arange(population.size), 2))
            times_ns = np.sort(8 * rng.integers(1, END_NS // 8, numbers.size))
            self.arrivals[name] = times_ns, numbers
            at = self.placement.sources[name]
            if isinstance(population, Inputs):
                self.core.post_events(times_ns, at.labels[numbers].astype(np.int64), 0)
            else:
                self._inject(at, times_ns, numbers)

    def _inject(self, at, times_ns, numbers) -> None:
        heard = (at.rows >= 0).any(axis=2)
        for time_ns, n in zip(times_ns.tolist(), numbers.tolist(), strict=True):
            for side in np.flatnonzero(heard[n]).tolist():
                where = side, 1 << int(at.busses[n]), int(at.row_selects[n]), int(at.synapse_labels[n])
                self.core.post_padi_event(time_ns, *where)

    def _note_spikes(self) -> None:
        times_ns, labels = self.core.spikes(0, END_NS)
        populations, numbers = self.placement.identify(labels)
        for k, name in enumerate(self.placement.graph.populations):
            its = populations == k
            if name in self.placement.graph.spiking():
                self.arrivals[name] = times_ns[its] + LATENCY_NS, numbers[its]
            elif isinstance(self.placement.graph.populations[name], Inputs):
                assert sorted(zip(*(a[its].tolist() for a in (times_ns, numbers)), strict=True)) == sorted(
                    zip(*(a.tolist() for a in self.arrivals[name]), strict=True)
                )

    def currents(self, name: str) -> np.ndarray:
        """float64[2, neurons]: excitatory and inhibitory currents of a population, in LSB, at ``END_NS``."""
        self.core.membranes(END_NS)
        place, neurons = self.placement.neurons[name], self.core._neurons
        slot_of = {int(n): s for s, n in enumerate(neurons.place[:, 0]) if n >= 0}
        slots = [slot_of[n] for n in (c.COLUMNS * place.hemispheres + place.columns).tolist()]
        return self.core._scratch.out[[EXC, INH]][:, membranes(neurons)[slots]]
