"""Where the parts of a network lie: sources, synapses, all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ppu_programs.network.graph import NetworkGraph
from ppu_programs.placement.columns import NeuronPlace
from ppu_programs.placement.demand import SIGNS


@dataclass(frozen=True)
class SourcePlace:
    """Where the events of one population come from, and where they are taken.

    Attributes:
        labels: uint16[sources], 16-bit labels with which events enter the crossbar; those of a processor's do not.
        busses: int64[sources], PADI bus, 0..3.
        row_selects: int64[sources], 0..31.
        synapse_labels: int64[sources], 0..62.
        rows: int64[sources, 2, 2], the excitatory and the inhibitory row in either hemisphere, -1 where there is none.
        merged_sides: int64[sources], the hemisphere by whose rows merged neurons hear them.
    """

    labels: np.ndarray
    busses: np.ndarray
    row_selects: np.ndarray
    synapse_labels: np.ndarray
    rows: np.ndarray
    merged_sides: np.ndarray


@dataclass(frozen=True)
class SynapsePlaces:
    """The synapses of one projection, in the order of sources, then of targets; arrays of int64[synapses].

    Attributes:
        sources, targets: numbers in their populations.
        hemispheres, columns: where they are.
        rows: int64[synapses, 2], excitatory and inhibitory, -1 where the projection has none.
    """

    sources: np.ndarray
    targets: np.ndarray
    hemispheres: np.ndarray
    columns: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Places:
    """Where a network lies.

    Attributes:
        graph: the network.
        neurons: a :class:`NeuronPlace` for each population of neurons, by name.
        sources: a :class:`SourcePlace` for each population that sends events, by name.
    """

    graph: NetworkGraph
    neurons: Mapping[str, NeuronPlace]
    sources: Mapping[str, SourcePlace]

    def synapses(self, projection: int) -> SynapsePlaces:
        """Where the synapses of projection k of the network are; raises IndexError where it has no such one."""
        p = self.graph.projections[projection]
        place, origin = self.neurons[p.target], self.sources[p.source]
        sources, targets = np.nonzero(p.mask)
        hemispheres = origin.merged_sides[sources] if place.merged else place.hemispheres[targets]
        rows = np.full((len(sources), SIGNS), -1)
        rows[:, p.sign.rows] = origin.rows[sources, hemispheres][:, p.sign.rows]
        return SynapsePlaces(sources, targets, hemispheres, place.columns[targets], rows)
