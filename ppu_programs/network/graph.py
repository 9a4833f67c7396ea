"""Networks of any shape: populations by name, and projections between them.

    >>> cells = NetworkGraph(
    ...     {"images": Inputs(16), "cells": LIF(8), "teacher": Injected(2)},
    ...     Projection("images", "cells", sign="excitatory"),
    ...     Projection("cells", "cells", sign="inhibitory", mask=~np.eye(8, dtype=bool)),
    ...     Projection("teacher", "cells"),
    ... )
    >>> cells.weight_count
    200

Layers in turn, :class:`ppu_programs.network.layers.Network`, are its short form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np

from chip.base.declaration import shown
from ppu_programs.network.neurons import LI, LIF
from ppu_programs.network.population import Injected, Inputs, Population
from ppu_programs.network.projection import Projection
from ppu_programs.network.written import layer_from, layer_table, projection_from, projection_table

KINDS = {kind.__name__: kind for kind in (LIF, LI, Inputs, Injected)}


class NetworkGraph:
    """Populations and projections; never changes.

    Attributes:
        populations: by name, in order.
        projections: in order, each with its mask; projection k means the one at place k, from 0.
        weight_count: synapses in all, a signed pair counts once.

    Raises:
        ValueError: a projection's population is missing, cannot send or cannot be projected on; two projections want
            the same synapses; those onto one population ask for different efficacies; there are no neurons.
    """

    projections: tuple[Projection, ...]
    weight_count: int

    def __init__(self, populations: Mapping[str, Population], *projections: Projection):
        self._populations = dict(populations)
        self._check_populations()
        self.projections = tuple(self._settled(projection) for projection in projections)
        self._check_pairs()
        self._efficacy = {name: self._efficacy_of(name, neurons) for name, neurons in self.neurons()}
        self.weight_count = sum(int(projection.mask.sum()) for projection in self.projections)

    def __repr__(self) -> str:
        parts = [f"{name} {population}" for name, population in self.populations.items()]
        parts += [f"{p.source} > {p.target} {p.sign}" for p in self.projections]
        return f"NetworkGraph({', '.join(parts)})"

    @property
    def populations(self) -> Mapping[str, Population]:
        """Populations by name, in order."""
        return MappingProxyType(self._populations)

    def neurons(self) -> Iterator[tuple[str, LIF | LI]]:
        """Names and populations of neurons, in order."""
        return ((name, p) for name, p in self.populations.items() if isinstance(p, LIF | LI))

    def spiking(self) -> tuple[str, ...]:
        """Names of populations of neurons that spike, in order."""
        return tuple(name for name, population in self.neurons() if population.spikes)

    def onto(self, name: str) -> list[Projection]:
        """The projections that a population hears."""
        return [projection for projection in self.projections if projection.target == name]

    def efficacy_lsb(self, name: str) -> float:
        """Synaptic current in LSB that a weight of 1 brings to a neuron of a population."""
        return self._efficacy[name]

    def fan_in(self, name: str) -> np.ndarray:
        """int64[neurons]: how many rows of synapses each neuron of a population hears."""
        heard = [len(projection.sign.rows) * projection.mask.sum(axis=0) for projection in self.onto(name)]
        return sum(heard, np.zeros(self.populations[name].size, np.int64))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: ``populations`` by name, and ``projections`` with their masks.

        A mask is "everywhere", or a text of 0 and 1 for each source, a digit for each target.
        """
        populations = {name: layer_table(population) for name, population in self.populations.items()}
        return {"populations": populations, "projections": [projection_table(p) for p in self.projections]}

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> NetworkGraph:
        """Build from what :meth:`to_dict` returns; raises ValueError that says which entry is wrong."""
        parts = [table.get(name) for name in ("populations", "projections")] if isinstance(table, dict) else []
        if not parts or not isinstance(parts[0], dict) or not isinstance(parts[1], list):
            raise ValueError(
                f"a network is written as {shown(table)}; it must be a table of populations, by name, and a list of "
                "projections"
            )
        populations = {name: layer_from(entry, f"population {name}", KINDS) for name, entry in parts[0].items()}
        projections = (projection_from(entry, f"projection {n}") for n, entry in enumerate(parts[1]))
        return cls(populations, *projections)

    def _check_populations(self) -> None:
        for name, population in self.populations.items():
            if not isinstance(name, str) or not name:
                raise ValueError(f"a population's name is {name!r}; it must be a text")
            if not isinstance(population, Population):
                raise ValueError(f"population {name} is {population!r}; it must be LIF, LI, Inputs or Injected")
        if not any(True for _ in self.neurons()):
            raise ValueError(f"the network has no neurons among {list(self.populations)}; give it a LIF or LI")

    def _settled(self, projection: Projection) -> Projection:
        if not isinstance(projection, Projection):
            raise ValueError(f"a network has projections between its populations, not {projection!r}")
        for name in (projection.source, projection.target):
            if name not in self.populations:
                raise ValueError(f"{projection} needs a population {name!r}; there are {', '.join(self.populations)}")
        source, target = self.populations[projection.source], self.populations[projection.target]
        if isinstance(source, LI):
            raise ValueError(f"{projection} comes from {source}, which does not spike; use LIF")
        if isinstance(target, Inputs | Injected):
            raise ValueError(f"{projection} leads to {target}, which has no synapses; project onto neurons")
        return projection.between(source.size, target.size)

    def _check_pairs(self) -> None:
        for one, other in combinations(self.projections, 2):
            same = (one.source, one.target) == (other.source, other.target)
            if same and set(one.sign.rows) & set(other.sign.rows):
                raise ValueError(
                    f"{one} is there twice, {one.sign} and {other.sign}, which share rows of synapses; make it one"
                )

    def _efficacy_of(self, name: str, neurons: LIF | LI) -> float:
        asked = {projection.efficacy_lsb for projection in self.onto(name)} - {None}
        if len(asked) > 1:
            raise ValueError(
                f"projections onto {name} ask for efficacies of {' and '.join(map(str, sorted(asked)))} LSB; a neuron "
                f"has one, so ask for the same"
            )
        return asked.pop() if asked else neurons.synapses.efficacy_lsb
