"""What sources ask of the rows: the columns that hear each of them, by sign and hemisphere.

Sets of columns are Python integers of 256 bits, which are compared and joined at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from ppu_programs.network.graph import NetworkGraph
from ppu_programs.network.population import Injected, Inputs
from ppu_programs.placement.columns import BOTH, NeuronPlace

SIGNS = 2  # rows of a source: excitatory, inhibitory
MERGED = 2  # beside the hemispheres: columns of merged neurons, which either hemisphere's rows reach
Heard = tuple[int, int]  # the columns that hear an excitatory and an inhibitory row


class Kind(IntEnum):
    """Where events come from."""

    NEURON, PROCESSOR, FPGA = range(3)


class Choice(NamedTuple):
    """Rows that a source may take.

    merged_side: the hemisphere by whose rows merged neurons hear it.
    heard: the columns that hear it, by hemisphere, where there are any.
    """

    merged_side: int
    heard: dict[int, Heard]


@dataclass(frozen=True)
class Source:
    """One source of events.

    Attributes:
        population, number: which it is.
        kind: where its events come from.
        output: the event output of a neuron, 0..7, on PADI bus output % 4; -1 for others.
        columns: the columns that hear its two rows in the top and the bottom hemisphere, and of merged neurons.
        sides: the hemispheres by whose rows merged neurons may hear it.
    """

    population: str
    number: int
    kind: Kind
    output: int
    columns: tuple[Heard, Heard, Heard]
    sides: tuple[int, ...] = BOTH

    @property
    def heard(self) -> bool:
        """Whether anybody hears it."""
        return any(exc | inh for exc, inh in self.columns)

    def choices(self) -> list[Choice]:
        """What rows it may take: one choice, or one for each side where merged neurons hear it."""
        merged = self.columns[MERGED]
        choices = []
        for side in self.sides:
            by_side = list(self.columns[: c.HEMISPHERES])
            by_side[side] = (by_side[side][0] | merged[0], by_side[side][1] | merged[1])
            choices.append(Choice(side, {h: heard for h, heard in enumerate(by_side) if any(heard)}))
        return choices if any(merged) else choices[:1]


def sources(graph: NetworkGraph, places: Mapping[str, NeuronPlace], kept: Mapping[str, int]) -> list[Source]:
    """Return all sources: neurons that spike, then those of processors, then inputs; in the order of the network.

    ``kept`` are hemispheres by whose rows populations have to be heard, by name.
    """
    found = []
    for name, population in graph.populations.items():
        kind = {Inputs: Kind.FPGA, Injected: Kind.PROCESSOR}.get(type(population), Kind.NEURON)
        if kind is Kind.NEURON and name not in graph.spiking():
            continue
        sides = (kept[name],) if name in kept else BOTH
        outputs = places[name].outputs.tolist() if kind is Kind.NEURON else [-1] * population.size
        for number, columns in enumerate(_columns(graph, places, name)):
            found.append(Source(name, number, kind, outputs[number], columns, sides))
    return sorted(found, key=lambda source: source.kind)


def _columns(graph: NetworkGraph, places: Mapping[str, NeuronPlace], name: str) -> list[tuple[Heard, Heard, Heard]]:
    size = graph.populations[name].size
    hearing = np.zeros((size, c.HEMISPHERES + 1, SIGNS, c.COLUMNS), bool)
    for projection in graph.projections:
        if projection.source == name:
            at = places[projection.target]
            side = np.full(len(at.columns), MERGED) if at.merged else at.hemispheres
            for row in projection.sign.rows:
                hearing[:, side, row, at.columns] |= projection.mask
    packed = np.packbits(hearing, axis=-1).reshape(size, -1, c.COLUMNS // 8)
    sets = [[int.from_bytes(row.tobytes()) for row in source] for source in packed]
    return [((s[0], s[1]), (s[2], s[3]), (s[4], s[5])) for s in sets]
