"""Populations of equilibrium propagation, and where they lie: each processor has half of the hidden neurons.

=============  ====================================================================================================
inputs         from the FPGA, a bias among them; each hidden neuron hears them by rows of its own hemisphere
hidden         two populations, one in each hemisphere; they hear the outputs, and the outputs hear them, by the same
               weights: the rows of the outputs, a lane for each hidden neuron, and the rows of the hidden neurons
outputs        merged neurons, which hear the rows of both hemispheres; so each processor has all synapses from and to
               its hidden neurons
teacher        a train from the FPGA, of one row pair onto the outputs, whose weights are the nudge
traces         leaky integrators, a population in each hemisphere: each collects the spikes of one output, of one hidden
               neuron of that hemisphere, in whose lane it lies, or of one input. One conversion reads the rates of all
               that meets at the hemisphere's synapses
=============  ====================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.equilibrium_propagation.settings import Settings
from ppu_programs.network import LI, LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import HEMISPHERE_NAMES, GraphPlacement, place

TRACE_LEAK_LSB = 40  # low, so that traces have the range above it, up to the bound of membranes
HIGHEST_TRACE_LSB = 170  # above that, for the highest rate that is expected
TRACE_WEIGHT = c.WEIGHT_MAX
HIGHEST_KHZ = 450.0
INTO_HIDDEN, INTO_OUTPUTS, BACK, COLLECT_HIDDEN, COLLECT_INPUTS, COLLECT_OUTPUTS = range(6)  # of a hemisphere


@dataclass(frozen=True)
class Side:
    """What a processor has of the network, in its hemisphere.

    Attributes:
        hemisphere: it; numbers: of its hidden neurons.
        hidden_half, trace_half, output_half: where these neurons lie.
        lanes: int64[hidden], lanes of the hidden neurons, those of their traces, too.
        input_lanes, output_trace_lanes: of the other traces; output_lanes: of the outputs.
        input_rows, hidden_rows, output_rows: int64[n, 2], the rows of each source for either sign.
    """

    hemisphere: int
    numbers: range
    hidden_half: int
    trace_half: int
    output_half: int
    lanes: np.ndarray
    input_lanes: np.ndarray
    output_trace_lanes: np.ndarray
    output_lanes: np.ndarray
    input_rows: np.ndarray
    hidden_rows: np.ndarray
    output_rows: np.ndarray


def trace_efficacy_lsb(trace_tau_ns: int) -> float:
    """Current per weight of traces, with which the highest rate lifts them by so many LSB."""
    return HIGHEST_TRACE_LSB / (TRACE_WEIGHT * HIGHEST_KHZ * 1e-6 * trace_tau_ns)


def trace_lsb(rate_khz: float) -> float:
    """What a rate lifts a trace by."""
    return HIGHEST_TRACE_LSB * rate_khz / HIGHEST_KHZ


def graph(s: Settings, inputs: int, outputs: int) -> NetworkGraph:
    """Return the network for so many inputs, the bias among them, and outputs."""
    half, neurons = s.hidden // c.HEMISPHERES, _neurons(s)
    traces = LI(half + inputs + outputs, tau_mem_ns=s.trace_tau_ns, tau_syn_ns=s.trace_tau_ns, leak_lsb=TRACE_LEAK_LSB)
    populations = {"inputs": Inputs(inputs), "teacher": Inputs(1), "outputs": LIF(outputs, **neurons)}
    populations |= {_hidden(name): LIF(half, **neurons) for name in HEMISPHERE_NAMES}
    populations |= {_traces(name): traces for name in HEMISPHERE_NAMES}
    projections = []
    for name in HEMISPHERE_NAMES:
        hidden, collecting = _hidden(name), _traces(name)
        projections += [
            Projection("inputs", hidden, efficacy_lsb=s.efficacy_lsb),
            Projection(hidden, "outputs", efficacy_lsb=s.output_efficacy_lsb),
            Projection("outputs", hidden),
            _collecting(hidden, half, collecting, traces.size, outputs, trace_efficacy_lsb(s.trace_tau_ns)),
            _collecting("inputs", inputs, collecting, traces.size, outputs + half),
            _collecting("outputs", outputs, collecting, traces.size, 0),
        ]
    return NetworkGraph(populations, *projections, Projection("teacher", "outputs"))


class EquilibriumPlacement:
    """The network in its place.

    Attributes:
        settings, inputs, outputs: what it was made for.
        on_chip: where it is.
        sides: what either processor has of it.
        conductor: the hemisphere with the teacher's rows; teaching_rows: these.
        labels: uint16[inputs + 1], of the inputs' and, behind them, of the teacher's events.

    Raises:
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings, inputs: int, outputs: int):
        self.settings, self.inputs, self.outputs = settings, inputs, outputs
        kept = {of(name): side for side, name in enumerate(HEMISPHERE_NAMES) for of in (_hidden, _traces)}
        self.on_chip: GraphPlacement = place(
            graph(settings, inputs, outputs), recorded=(), kept=kept, merged=("outputs",)
        )
        self.sides = tuple(self._side(hemisphere) for hemisphere in (c.TOP, c.BOTTOM))
        teacher = self.on_chip.sources["teacher"]
        self.conductor = int(teacher.merged_sides[0])
        self.teaching_rows = tuple(teacher.rows[0, self.conductor].tolist())
        self.labels = np.concatenate([self.on_chip.sources["inputs"].labels, teacher.labels])

    def _side(self, hemisphere: int) -> Side:
        name, half, places = HEMISPHERE_NAMES[hemisphere], self.settings.hidden // c.HEMISPHERES, self.on_chip
        hidden, traces = places.neurons[_hidden(name)], places.neurons[_traces(name)]
        outputs = places.neurons["outputs"]
        behind = self.outputs + half
        if (hidden.lanes != traces.lanes[self.outputs : behind]).any():
            raise RuntimeError("traces of hidden neurons do not lie in the lanes of these")
        rows = {source: its.rows[:, hemisphere] for source, its in places.sources.items()}
        return Side(
            hemisphere,
            range(hemisphere * half, (hemisphere + 1) * half),
            *(int(its.halves[0]) for its in (hidden, traces, outputs)),
            lanes=hidden.lanes,
            input_lanes=traces.lanes[behind:],
            output_trace_lanes=traces.lanes[: self.outputs],
            output_lanes=outputs.lanes,
            input_rows=rows["inputs"],
            hidden_rows=rows[_hidden(name)],
            output_rows=rows["outputs"],
        )

    # ------------------------------------------------------------------ registers and weights

    def registers(self, hidden: np.ndarray, output: np.ndarray) -> Registers:
        """Registers with these weights, int[inputs, hidden] and int[hidden, outputs], -63..63; both copies of them."""
        registers = self.on_chip.registers(inputs_recorded=False)
        for side in self.sides:
            own = slice(side.numbers.start, side.numbers.stop)
            for projection, weights in (
                (INTO_HIDDEN, hidden[:, own]),
                (INTO_OUTPUTS, output[own]),
                (BACK, output[own].T),
            ):
                self.on_chip.store(registers, self.projection(side, projection), weights)
            for projection in (COLLECT_HIDDEN, COLLECT_INPUTS, COLLECT_OUTPUTS):
                number = self.projection(side, projection)
                mask = self.on_chip.graph.projections[number].mask
                self.on_chip.store(registers, number, TRACE_WEIGHT * mask.astype(np.int64))
        outputs = self.on_chip.neurons["outputs"]
        s = self.settings
        registers.leak_lsb[:, outputs.columns] = s.leak_lsb + s.output_leak * s.threshold_lsb
        return registers

    @staticmethod
    def projection(side: Side, which: int) -> int:
        """The number of a projection of a hemisphere, INTO_HIDDEN to COLLECT_OUTPUTS."""
        return 6 * side.hemisphere + which

    def load(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return int64[inputs, hidden], [hidden, outputs] and, of the way back, [outputs, hidden] of a whole chip."""
        found = [
            [self.on_chip.load(weights, self.projection(side, which)) for side in self.sides]
            for which in (INTO_HIDDEN, INTO_OUTPUTS, BACK)
        ]
        into_hidden, into_outputs, back = found
        return np.concatenate(into_hidden, axis=1), np.concatenate(into_outputs), np.concatenate(back, axis=1)


def _neurons(s: Settings) -> dict[str, int]:
    return {
        "tau_mem_ns": s.tau_ns,
        "tau_syn_ns": s.tau_ns,
        "refractory_ns": s.refractory_ns,
        "threshold_lsb": s.threshold_lsb,
        "leak_lsb": s.leak_lsb,
    }


def _hidden(name: str) -> str:
    return f"hidden {name}"


def _traces(name: str) -> str:
    return f"traces {name}"


def _collecting(source: str, sources: int, target: str, targets: int, first: int, efficacy: float | None = None):
    """One synapse of each source, onto the traces from ``first`` on."""
    mask = np.zeros((sources, targets), bool)
    mask[np.arange(sources), first + np.arange(sources)] = True
    return Projection(source, target, sign=Sign.EXCITATORY, mask=mask, efficacy_lsb=efficacy)
