"""Populations of equilibrium propagation with a softmax readout, and where they lie.

=============  ====================================================================================================
inputs         from the FPGA, a bias among them; each hidden neuron hears them by rows of its own hemisphere
hidden         two populations, one in each hemisphere, in the first eight of every sixteen lanes, so that one vector of
               halfwords holds them all; what lies between them is switched off
teacher        a train from the FPGA, of one row pair in either hemisphere, whose weights are the nudge
traces         leaky integrators, a population in each hemisphere: each collects the spikes of one hidden neuron of that
               hemisphere, in whose lane it lies, or of one input, in the lanes between. One conversion reads the rates
               of all that meets at the hemisphere's synapses
=============  ====================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.equilibrium_propagation.network import (
    TRACE_LEAK_LSB,
    TRACE_WEIGHT,
    trace_efficacy_lsb,
)
from ppu_programs.equilibrium_softmax.settings import Settings
from ppu_programs.network import LI, LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import HEMISPHERE_NAMES, GraphPlacement, place

GROUP = 8  # lanes of hidden neurons behind each other, and of inputs
INTO_HIDDEN, NUDGES, COLLECT_HIDDEN, COLLECT_INPUTS, PROJECTIONS = range(5)  # of a hemisphere


@dataclass(frozen=True)
class Side:
    """What a processor has of the network, in its hemisphere.

    Attributes:
        hemisphere: it; numbers: of its hidden neurons.
        hidden_half, trace_half: where these neurons lie.
        lanes: int64[hidden], lanes of the hidden neurons, those of their traces, too.
        input_rows: int64[inputs, 2], the rows of each input for either sign; teaching_rows: those of the teacher.
    """

    hemisphere: int
    numbers: range
    hidden_half: int
    trace_half: int
    lanes: np.ndarray
    input_rows: np.ndarray
    teaching_rows: tuple[int, int]


def hidden_lanes(count: int) -> np.ndarray:
    """int64[count]: lanes whose bytes unpack to halfwords 0, 1, ... of the first vector."""
    number = np.arange(count)
    return 2 * GROUP * (number // GROUP) + number % GROUP


def input_lanes(count: int) -> np.ndarray:
    """int64[count]: lanes of the inputs' traces, whose bytes unpack to the second vector."""
    return hidden_lanes(count) + GROUP


def graph(s: Settings, inputs: int) -> NetworkGraph:
    """Return the network for so many inputs, the bias, which has no trace, behind them."""
    own, shown = hidden_lanes(s.hidden // c.HEMISPHERES), input_lanes(inputs - 1)
    used = np.zeros(c.LANES, bool)
    used[own] = True
    collect_hidden, collect_inputs = np.zeros((c.LANES, c.LANES), bool), np.zeros((inputs, c.LANES), bool)
    collect_hidden[own, own] = True
    collect_inputs[np.arange(inputs - 1), shown] = True
    neurons = LIF(
        c.LANES,
        tau_mem_ns=s.tau_ns,
        tau_syn_ns=s.tau_ns,
        refractory_ns=s.refractory_ns,
        threshold_lsb=s.threshold_lsb,
        leak_lsb=s.leak_lsb,
    )
    traces = LI(c.LANES, tau_mem_ns=s.trace_tau_ns, tau_syn_ns=s.trace_tau_ns, leak_lsb=TRACE_LEAK_LSB)
    populations = {"inputs": Inputs(inputs), "teacher": Inputs(1)}
    projections = []
    for name in HEMISPHERE_NAMES:
        hidden, collecting = _hidden(name), _traces(name)
        populations |= {hidden: neurons, collecting: traces}
        projections += [
            Projection("inputs", hidden, mask=np.tile(used, (inputs, 1)), efficacy_lsb=s.efficacy_lsb),
            Projection("teacher", hidden, mask=used[None]),
            Projection(
                hidden,
                collecting,
                sign=Sign.EXCITATORY,
                mask=collect_hidden,
                efficacy_lsb=trace_efficacy_lsb(s.trace_tau_ns),
            ),
            Projection("inputs", collecting, sign=Sign.EXCITATORY, mask=collect_inputs),
        ]
    return NetworkGraph(populations, *projections)


class SoftmaxPlacement:
    """The network in its place.

    Attributes:
        settings, inputs: what it was made for, the bias among the inputs.
        on_chip: where it is.
        sides: what either processor has of it.
        labels: uint16[inputs + 1], of the inputs' and, behind them, of the teacher's events.

    Raises:
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings, inputs: int):
        self.settings, self.inputs = settings, inputs
        kept = {of(name): side for side, name in enumerate(HEMISPHERE_NAMES) for of in (_hidden, _traces)}
        self.on_chip: GraphPlacement = place(graph(settings, inputs), recorded=(), kept=kept, merged=())
        self.sides = tuple(self._side(hemisphere) for hemisphere in (c.TOP, c.BOTTOM))
        sources = self.on_chip.sources
        self.labels = np.concatenate([sources["inputs"].labels, sources["teacher"].labels])

    def _side(self, hemisphere: int) -> Side:
        name, half, places = HEMISPHERE_NAMES[hemisphere], self.settings.hidden // c.HEMISPHERES, self.on_chip
        hidden, traces = places.neurons[_hidden(name)], places.neurons[_traces(name)]
        if (hidden.lanes != np.arange(c.LANES)).any() or (traces.lanes != np.arange(c.LANES)).any():
            raise RuntimeError("hidden neurons and traces do not lie in lanes from the first on")
        rows = {source: its.rows[:, hemisphere] for source, its in places.sources.items()}
        return Side(
            hemisphere,
            range(hemisphere * half, (hemisphere + 1) * half),
            int(hidden.halves[0]),
            int(traces.halves[0]),
            lanes=hidden_lanes(half),
            input_rows=rows["inputs"],
            teaching_rows=tuple(rows["teacher"][0].tolist()),
        )

    def registers(self, weights: np.ndarray) -> Registers:
        """Registers with these weights, int[inputs, hidden], -63..63; what lies between hidden neurons is off."""
        registers = self.on_chip.registers(inputs_recorded=False)
        for side in self.sides:
            spread = np.zeros((self.inputs, c.LANES), np.int64)
            spread[:, side.lanes] = weights[:, side.numbers.start : side.numbers.stop]
            self.on_chip.store(registers, self.projection(side, INTO_HIDDEN), spread)
            for which in (COLLECT_HIDDEN, COLLECT_INPUTS):
                number = self.projection(side, which)
                mask = self.on_chip.graph.projections[number].mask
                self.on_chip.store(registers, number, TRACE_WEIGHT * mask.astype(np.int64))
            name = HEMISPHERE_NAMES[side.hemisphere]
            for population, used in (
                (_hidden(name), side.lanes),
                (_traces(name), np.concatenate([side.lanes, input_lanes(self.inputs - 1)])),
            ):
                columns = self.on_chip.neurons[population].columns[np.setdiff1d(np.arange(c.LANES), used)]
                registers.enabled[side.hemisphere, columns] = False
        return registers

    @staticmethod
    def projection(side: Side, which: int) -> int:
        """The number of a projection of a hemisphere, INTO_HIDDEN to COLLECT_INPUTS."""
        return PROJECTIONS * side.hemisphere + which

    def load(self, weights: np.ndarray) -> np.ndarray:
        """Return int64[inputs, hidden] of a whole chip's weights."""
        found = [self.on_chip.load(weights, self.projection(side, INTO_HIDDEN))[:, side.lanes] for side in self.sides]
        return np.concatenate(found, axis=1)


def _hidden(name: str) -> str:
    return f"hidden {name}"


def _traces(name: str) -> str:
    return f"traces {name}"
