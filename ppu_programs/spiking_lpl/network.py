"""Populations and where they lie, all in the top hemisphere.

===========  ===========================================================================================================
slow,        inputs from the FPGA, onto excitatory neurons, and each onto a trace
shuffled,
constant
excitatory   they learn the inputs; their spikes drive the inhibitory ones
inhibitory   they inhibit all excitatory ones, with synapses that learn
traces       leaky integrators, one for each input: one conversion reads how much of all inputs there was of late,
             and the membranes of the excitatory neurons
===========  ===========================================================================================================
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.network import LI, LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place
from ppu_programs.spiking_lpl.settings import INHIBITION, Settings

GROUPS = ("slow", "shuffled", "constant")  # of inputs
LEARNED = (0, 1, 2)  # projections: of each group
ONTO_INHIBITORY, FROM_INHIBITORY = 3, 4
COLLECTED = (5, 6, 7)  # of each group, onto traces
TRACE_LEAK_LSB = 40
TRACE_WEIGHT = c.WEIGHT_MAX


def graph(s: Settings) -> NetworkGraph:
    """Return the network."""
    neurons = {
        "tau_mem_ns": s.tau_mem_ns,
        "tau_syn_ns": s.tau_syn_ns,
        "refractory_ns": s.refractory_ns,
        "threshold_lsb": s.threshold_lsb,
        "leak_lsb": s.leak_lsb,
    }
    trace = s.trace_lsb / (TRACE_WEIGHT * s.mean_khz * 1e-6 * s.trace_tau_ns)
    traces = LI(s.inputs, tau_mem_ns=s.trace_tau_ns, tau_syn_ns=s.trace_tau_ns, leak_lsb=TRACE_LEAK_LSB)
    onto_traces = by_group(s, np.eye(s.inputs, dtype=bool))
    return NetworkGraph(
        {name: Inputs(size) for name, size in zip(GROUPS, group_sizes(s), strict=True)}
        | {
            "excitatory": LIF(s.excitatory, **neurons),
            "traces": traces,
            "inhibitory": LIF(s.inhibitory, **neurons),
        },
        *(Projection(name, "excitatory", sign=Sign.EXCITATORY, efficacy_lsb=s.efficacy_lsb) for name in GROUPS),
        Projection("excitatory", "inhibitory", sign=Sign.EXCITATORY, efficacy_lsb=s.inhibitory_efficacy_lsb),
        Projection("inhibitory", "excitatory", sign=Sign.INHIBITORY),
        *(
            Projection(name, "traces", sign=Sign.EXCITATORY, mask=mask, efficacy_lsb=trace)
            for name, mask in zip(GROUPS, onto_traces, strict=True)
        ),
    )


def group_sizes(s: Settings) -> tuple[int, ...]:
    """Inputs of each group."""
    return s.slow, s.shuffled, s.constant


def by_group(s: Settings, of_inputs: np.ndarray) -> list[np.ndarray]:
    """What an array has of the inputs of each group; its first axis are all inputs."""
    return np.split(of_inputs, np.cumsum(group_sizes(s))[:-1])


class LPLPlacement:
    """The network in its place.

    Attributes:
        on_chip: where it is.
        half, lanes: of the excitatory neurons, lanes as a tuple; trace_half, trace_lanes: of the traces.
        inhibitory_half, inhibitory_lanes: of the inhibitory neurons.
        rows, inhibitory_rows: of the inputs' and of the inhibitory neurons' synapses, tuples.
        labels: uint16[inputs], of the inputs' events.

    Raises:
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        kept = dict.fromkeys(("excitatory", "traces", "inhibitory"), c.TOP)
        self.on_chip: GraphPlacement = place(graph(settings), recorded=(), kept=kept)
        self.half, self.lanes = self._vector("excitatory")
        self.trace_half, self.trace_lanes = self._vector("traces")
        self.inhibitory_half, self.inhibitory_lanes = self._vector("inhibitory")
        if self.half == self.trace_half:
            raise RuntimeError("traces lie in the half of the excitatory neurons; a conversion of each is needed")
        sources = self.on_chip.sources
        inputs = [sources[name] for name in GROUPS]
        self.rows = tuple(np.concatenate([its.rows[:, c.TOP, 0] for its in inputs]).tolist())
        self.inhibitory_rows = tuple(sources["inhibitory"].rows[:, c.TOP, 1].tolist())
        self.labels = np.concatenate([its.labels for its in inputs])

    def _vector(self, name: str) -> tuple[int, tuple[int, ...]]:
        it = self.on_chip.neurons[name]
        if len(set(it.halves.tolist())) > 1:
            raise RuntimeError(f"{name} neurons lie in both halves; a vector has those of one")
        return int(it.halves[0]), tuple(it.lanes.tolist())

    def registers(self, learned: np.ndarray, onto: np.ndarray, of: np.ndarray) -> Registers:
        """Registers with weights from inputs, onto and from inhibitory neurons, int[sources, targets], 0..63."""
        s, places = self.settings, self.on_chip
        registers = places.registers(inputs_recorded=False)
        registers.tau_syn_inh_ns = s.tau_inh_ns
        for k, weights in zip(LEARNED, by_group(s, learned), strict=True):
            places.store(registers, k, weights)
        for k, weights in zip(COLLECTED, by_group(s, TRACE_WEIGHT * np.eye(s.inputs, dtype=np.int64)), strict=True):
            places.store(registers, k, weights)
        places.store(registers, ONTO_INHIBITORY, onto)
        places.store(registers, FROM_INHIBITORY, of * (not s.without(INHIBITION)))
        return registers

    def learned(self, weights: np.ndarray) -> np.ndarray:
        """int64[inputs, excitatory]: the excitatory neurons' weights, of all of a chip's, uint8[2, 256, 256]."""
        return np.concatenate([self.on_chip.load(weights, k) for k in LEARNED])
