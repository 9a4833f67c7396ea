"""Which columns neurons lie in.

A population lies in the hemisphere that its distance from the inputs says, top first, so that a layer and the next one
lie opposite; neurons that need the rows of both hemispheres take a column of both, before others choose. It takes a
half of a hemisphere for itself where one is free, even columns first, which a processor reads as one vector; else what
is left, in the other hemisphere at last. Populations whose events reach the same hemisphere begin behind each other,
lane by lane, since lanes tell which PADI bus the events come on: so they spread over the busses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.network.graph import NetworkGraph
from ppu_programs.network.population import Inputs

LANES_PER_OUTPUT = c.COLUMNS_PER_OUTPUT // c.HALVES
BUS_OF_LANE = np.arange(c.LANES) // LANES_PER_OUTPUT % c.PADI_BUSSES
BOTH = (c.TOP, c.BOTTOM)


@dataclass(frozen=True)
class NeuronPlace:
    """Where the neurons of one population lie.

    Attributes:
        hemispheres: int64[neurons], of their circuits; of a merged neuron, which sends as its top circuit does, top.
        columns: int64[neurons].
        merged: each is the two circuits of its column, with the rows of both hemispheres.
    """

    hemispheres: np.ndarray
    columns: np.ndarray
    merged: bool

    @property
    def halves(self) -> np.ndarray:
        """int64[neurons]: EVEN or ODD, the half of a row that a column belongs to."""
        return self.columns % c.HALVES

    @property
    def lanes(self) -> np.ndarray:
        """int64[neurons]: the lanes in these halves."""
        return self.columns // c.HALVES

    @property
    def outputs(self) -> np.ndarray:
        """int64[neurons]: the event outputs, 0..7, output o leads to PADI bus o % 4."""
        return self.columns // c.COLUMNS_PER_OUTPUT

    def circuits(self) -> list[tuple[int, np.ndarray]]:
        """The hemispheres with circuits of these neurons, and the columns in each."""
        if self.merged:
            return [(hemisphere, self.columns) for hemisphere in BOTH]
        return [(h, self.columns[self.hemispheres == h]) for h in BOTH if (self.hemispheres == h).any()]


def depths(graph: NetworkGraph) -> dict[str, int]:
    """Return how many projections there are, at least, from inputs to each population of neurons, less one.

    Populations that no input reaches are at depth 0.
    """
    found = edge = {name: -1 for name, population in graph.populations.items() if isinstance(population, Inputs)}
    while edge:
        edge = {p.target: edge[p.source] + 1 for p in graph.projections if p.source in edge and p.target not in found}
        found = found | edge
    return {name: found.get(name, 0) for name, _ in graph.neurons()}


class Columns:
    """The columns of a chip, as populations take them.

    Args:
        graph: whose populations they are.
        merged: names of those whose neurons are two circuits.
        hemispheres: of all others, by name.
        given_away: the PADI busses of each hemisphere that its processor feeds, which no neuron's events can take.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        merged: Iterable[str],
        hemispheres: Mapping[str, int],
        given_away: tuple[set[int], set[int]],
    ):
        self.graph, self.merged, self.hemispheres, self.given_away = graph, set(merged), hemispheres, given_away
        self._free = np.ones((c.HEMISPHERES, c.HALVES, c.LANES), bool)

    def place(self) -> dict[str, NeuronPlace]:
        """Return the places of all populations; raises ChipLimitError where there are not enough columns."""
        self._check_circuits()
        names = [name for name, _ in self.graph.neurons()]
        first = [name for name in names if name in self.merged]
        places = {name: self._take(name) for name in [*first, *(n for n in names if n not in self.merged)]}
        return {name: places[name] for name in names}

    def _check_circuits(self) -> None:
        needed = sum(p.size * (1 + (name in self.merged)) for name, p in self.graph.neurons())
        if needed > c.NEURONS:
            names = ", ".join(f"{p.size} of {name}" + self._twice(name) for name, p in self.graph.neurons())
            remedy = "make populations smaller"
            raise ChipLimitError(Resource.NEURONS, f"circuits for {names}", needed, c.NEURONS, "circuits", remedy)

    def _twice(self, name: str) -> str:
        return " (two each, for the rows of both hemispheres)" if name in self.merged else ""

    def _take(self, name: str) -> NeuronPlace:
        size, merged = self.graph.populations[name].size, name in self.merged
        order = np.roll(np.arange(c.LANES), -self._first_lane(name))
        order = order[~np.isin(BUS_OF_LANE[order], sorted(self._barred(name)))]
        free = self._free.all(axis=0, keepdims=True) if merged else self._free
        blocks = [c.TOP] if merged else [self.hemispheres[name], c.BOTTOM - self.hemispheres[name]]
        found = self._whole_half(free[blocks[0]], order, size)
        if found is not None:
            taken = [(blocks[0], *found)]
        else:
            halves = [(h, half, order[free[h, half][order]]) for h in blocks for half in (c.EVEN, c.ODD)]
            roomy = [part for part in halves if len(part[2]) >= size]
            taken = roomy[:1] or halves
        hemispheres, columns = (np.concatenate(part)[:size] for part in zip(*map(_spelled, taken), strict=True))
        self._check_found(name, len(columns), size)
        self._free[slice(None) if merged else hemispheres, columns % c.HALVES, columns // c.HALVES] = False
        return NeuronPlace(hemispheres, columns, merged)

    @staticmethod
    def _whole_half(free: np.ndarray, order: np.ndarray, size: int) -> tuple[int, np.ndarray] | None:
        whole = [half for half in (c.EVEN, c.ODD) if free[half].all()]
        return (whole[0], order[:size]) if whole and len(order) >= size else None

    def _check_found(self, name: str, found: int, size: int) -> None:
        if found < size:
            busses = ", ".join(map(str, sorted(self._barred(name))))
            off = f" off PADI bus {busses}, which a processor feeds" if busses else ""
            remedy = f"make {name} smaller, or inject fewer sources"
            raise ChipLimitError(Resource.NEURONS, f"columns for {name}{off}", size, found, "neurons", remedy)

    def _first_lane(self, name: str) -> int:
        """The lane behind all earlier populations whose events reach a hemisphere that those of this one reach."""
        reached, lane = self._reached(name), 0
        for earlier, population in self.graph.neurons():
            if earlier == name:
                break
            lane += population.size if self._reached(earlier) & reached else 0
        return lane % c.LANES

    def _reached(self, name: str) -> set[int]:
        """The hemispheres in which a population's events are heard, if all of them have room."""
        reached: set[int] = set()
        for projection in self.graph.projections:
            if projection.source == name:
                reached |= set(BOTH) if projection.target in self.merged else {self.hemispheres[projection.target]}
        return reached

    def _barred(self, name: str) -> set[int]:
        return set().union(*(self.given_away[h] for h in self._reached(name)))


def _spelled(part: tuple[int, int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    hemisphere, half, lanes = part
    return np.full(len(lanes), hemisphere), c.HALVES * lanes + half
