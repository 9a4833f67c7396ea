"""Which columns neurons lie in.

A population lies in the hemisphere that its distance from the inputs says, top first, so that a layer and the next one
lie opposite; neurons that need the rows of both hemispheres take a column of both, before others choose. It takes a
half of a hemisphere for itself where one is free, even columns first, which a processor reads as one vector; else of
what is left, in the other hemisphere at last. Populations that somebody wants to keep in a hemisphere choose first of
all, and lie nowhere else. Lanes tell which PADI bus events come on. So that these spread over the
busses, populations whose events reach the same hemisphere begin behind each other, lane by lane, or get what is left
dealt by bus.
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
HEMISPHERE_NAMES = ("top", "bottom")


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
        hemispheres: where all others should lie, by name.
        kept: names of those of them that must lie there.
        reach: the hemispheres where rows of each population may be, by name.
        given_away: the PADI busses of each hemisphere that its processor feeds, which no neuron's events can take.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        merged: Iterable[str],
        hemispheres: Mapping[str, int],
        kept: frozenset[str],
        reach: Mapping[str, set[int]],
        given_away: tuple[set[int], set[int]],
    ):
        self.graph, self.merged, self.hemispheres, self.kept = graph, set(merged), hemispheres, kept
        self.reach, self.given_away = reach, given_away
        self._free = np.ones((c.HEMISPHERES, c.HALVES, c.LANES), bool)
        self._load = np.zeros((c.HEMISPHERES, c.PADI_BUSSES), np.int64)  # neurons whose events come on a bus

    def place(self) -> dict[str, NeuronPlace]:
        """Return the places of all populations; raises ChipLimitError where there are not enough columns."""
        self._check_circuits()
        names = [name for name, _ in self.graph.neurons()]
        order = sorted(names, key=lambda name: (name not in self.kept, name not in self.merged))
        places = {name: self._take(name) for name in order}
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
        size, merged, reached = self.graph.populations[name].size, name in self.merged, sorted(self._reached(name))
        lanes = np.roll(np.arange(c.LANES), -self._first_lane(name))
        lanes = lanes[~np.isin(BUS_OF_LANE[lanes], sorted(self._barred(name)))]
        found = self._half_of_its_own(name, lanes) if len(lanes) >= size else None
        taken = self._dealt(name, lanes, reached) if found is None else found
        hemispheres, halves, lanes = taken[:, :size]
        self._check_found(name, len(lanes), size)
        self._free[slice(None) if merged else hemispheres, halves, lanes] = False
        self._load[reached] += np.bincount(BUS_OF_LANE[lanes], minlength=c.PADI_BUSSES)
        return NeuronPlace(hemispheres, c.HALVES * lanes + halves, merged)

    def _half_of_its_own(self, name: str, lanes: np.ndarray) -> np.ndarray | None:
        """Hemispheres, halves and lanes of a half that nobody is in, in the hemisphere where a population belongs."""
        hemisphere, *_ = self._blocks(name)
        whole = [half for half in (c.EVEN, c.ODD) if self._room(name)[hemisphere, half].all()]
        return _spelled(hemisphere, whole[0], lanes) if whole else None

    def _dealt(self, name: str, lanes: np.ndarray, reached: list[int]) -> np.ndarray:
        """The same of what is left: of one half, one hemisphere or both; dealt so that PADI busses are loaded alike."""
        room, size = self._room(name), self.graph.populations[name].size
        halves = [
            _spelled(h, half, lanes[room[h, half, lanes]]) for h in self._blocks(name) for half in (c.EVEN, c.ODD)
        ]
        choices = [*halves, np.concatenate(halves[: c.HALVES], axis=1), np.concatenate(halves, axis=1)]
        left = next((choice for choice in choices if choice.shape[1] >= size), choices[-1])
        load = self._load[reached].max(axis=0, initial=0)
        turn = np.empty(left.shape[1], np.int64)  # when a column is dealt: at what load of its bus
        for bus in range(c.PADI_BUSSES):
            its = BUS_OF_LANE[left[2]] == bus
            turn[its] = load[bus] + np.arange(its.sum())
        return left[:, np.sort(np.argsort(turn, kind="stable")[:size])]

    def _blocks(self, name: str) -> list[int]:
        """The hemispheres where a population may lie, the better one first; a merged one has its top circuits there."""
        if name in self.merged:
            return [c.TOP]
        hemisphere = self.hemispheres[name]
        return [hemisphere] if name in self.kept else [hemisphere, c.BOTTOM - hemisphere]

    def _room(self, name: str) -> np.ndarray:
        """bool[2, 2, 128], [hemisphere, half, lane]: the free columns, for merged neurons those free on both sides."""
        return self._free & self._free[::-1] if name in self.merged else self._free

    def _check_found(self, name: str, found: int, size: int) -> None:
        if found < size:
            busses = ", ".join(map(str, sorted(self._barred(name))))
            off = f" off PADI bus {busses}, which a processor feeds" if busses else ""
            remedy = f"make {name} smaller, or inject fewer sources"
            where = f" of the {HEMISPHERE_NAMES[self.hemispheres[name]]} hemisphere" if name in self.kept else ""
            raise ChipLimitError(Resource.NEURONS, f"columns{where} for {name}{off}", size, found, "neurons", remedy)

    def _first_lane(self, name: str) -> int:
        """The lane behind all earlier populations whose events reach a hemisphere that those of this one reach."""
        reached, lane = self._reached(name), 0
        for earlier, population in self.graph.neurons():
            if earlier == name:
                break
            lane += population.size if self._reached(earlier) & reached else 0
        return lane % c.LANES

    def _reached(self, name: str) -> set[int]:
        """The hemispheres in which a population's events are heard."""
        onto = {p.target for p in self.graph.projections if p.source == name}
        by_side = {self.hemispheres[name]} if name in self.kept else set(BOTH)  # of merged neurons' rows
        return set().union(*(by_side if target in self.merged else self.reach[target] for target in onto))

    def _barred(self, name: str) -> set[int]:
        return set().union(*(self.given_away[h] for h in self._reached(name)))


def _spelled(hemisphere: int, half: int, lanes: np.ndarray) -> np.ndarray:
    """Return int64[3, n]: hemisphere, half and lane of columns."""
    return np.stack([np.full(len(lanes), hemisphere), np.full(len(lanes), half), lanes])
