"""From a network of any shape to its place on the chip, or to the one limit that it exceeds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.network.graph import NetworkGraph
from ppu_programs.placement.columns import BOTH, Columns, NeuronPlace, depths
from ppu_programs.placement.crossbar import CODES, INPUT_MARK, Crossbar, RecordError, crossbar
from ppu_programs.placement.demand import SIGNS, Kind, Source, sources
from ppu_programs.placement.drivers import ROWS_PER_DRIVER
from ppu_programs.placement.graph_placement import GraphPlacement
from ppu_programs.placement.injecting import busses_given_away
from ppu_programs.placement.labels import MOST_CLASS_BITS, Labels, label
from ppu_programs.placement.places import Places, SourcePlace
from ppu_programs.placement.rows import Rows, Seats

FAN_IN = c.ROWS * c.HEMISPHERES


def place_graph(
    graph: NetworkGraph,
    recorded: Iterable[str] | None = None,
    kept: Mapping[str, int] | None = None,
    merged: Collection[str] = (),
) -> GraphPlacement:
    """Find the place of a network.

    Args:
        graph: the network.
        recorded: names of the populations whose spikes are recorded, by default all.
        kept: hemispheres of populations that are kept in one, by name: their neurons lie there, and merged neurons hear
            them by rows of there, so that one processor reaches all synapses from and to them, where those that hear
            them are merged.

    Raises:
        ChipLimitError: it needs more of the chip than there is.
        ValueError: a recorded population does not spike, the crossbar cannot tell the recorded ones from others, or a
            population cannot be kept in a hemisphere.
    """
    names = recorded_populations(graph, recorded)
    failed: list[ChipLimitError] = []
    unrecorded: list[tuple[Arrangement, RecordError]] = []
    for arrangement in arrangements(graph, kept or {}, merged):
        try:
            return _place(graph, names, arrangement, _numbers_in_order(graph))
        except ChipLimitError as error:
            failed.append(error)
        except RecordError as error:
            unrecorded.append((arrangement, error))
    for arrangement, _ in unrecorded:  # with others recorded it has room
        with contextlib.suppress(ChipLimitError, RecordError):
            return _place(graph, names, arrangement, _numbers_by_record(graph, names))
    if unrecorded:
        raise unrecorded[0][1]
    alike = [error for error in failed if error.resource == failed[0].resource]
    raise min(alike, key=lambda error: error.used - error.size)


def recorded_populations(graph: NetworkGraph, recorded: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of the recorded populations, in order; raises ValueError for one that does not spike."""
    spiking = graph.spiking()
    asked = set(spiking if recorded is None else recorded)
    if strange := sorted(asked - set(spiking)):
        raise ValueError(f"population {strange[0]} has no spikes to record; those that spike: {', '.join(spiking)}")
    return tuple(name for name in spiking if name in asked)


def merged_populations(graph: NetworkGraph) -> set[str]:
    """Return the names of populations whose neurons need the rows of both hemispheres: two circuits each.

    Raises ChipLimitError where that is not enough.
    """
    merged = set()
    for name, _ in graph.neurons():
        rows = graph.fan_in(name)
        if rows.max() > FAN_IN:
            where = f"rows of synapses that neuron {int(rows.argmax())} of {name} hears"
            remedy = "project fewer sources onto it; one with signed synapses takes two rows"
            raise ChipLimitError(Resource.ROWS, where, int(rows.max()), FAN_IN, "rows", remedy)
        if rows.max() > c.ROWS:
            merged.add(name)
    return merged


class Arrangement(NamedTuple):
    """One way to try.

    merged: names of the populations whose neurons are two circuits each.
    hemispheres: of all others, by name.
    kept: names of those that nobody may put elsewhere.
    compact: sources share rows from the first on.
    """

    merged: set[str]
    hemispheres: dict[str, int]
    kept: frozenset[str]
    compact: bool


def arrangements(graph: NetworkGraph, kept: Mapping[str, int], asked: Collection[str] = ()) -> list[Arrangement]:
    """What to try, in order; ``kept`` are hemispheres that somebody asks for, ``asked`` whom to merge in any case.

    Others are those by distance from the inputs; then one for all, then by turns; then all other neurons are merged.
    """
    names, merged = [name for name, _ in graph.neurons()], merged_populations(graph) | set(asked)
    _check_merged(names, kept, asked)
    _check_kept(names, merged, kept)
    by_depth = {name: depth % c.HEMISPHERES for name, depth in depths(graph).items()}
    one, turns = dict.fromkeys(names, c.TOP), {name: k % c.HEMISPHERES for k, name in enumerate(names)}
    all_merged = set(names) - set(kept)
    free = [(merged, by_depth), (merged, one), (merged, turns), (all_merged, one)]
    tried = [(joined, hemispheres | dict(kept)) for joined, hemispheres in free]
    different = [one for k, one in enumerate(tried) if one not in tried[:k]]
    return [Arrangement(*one, frozenset(kept), compact) for one in different for compact in (False, True)]


def _check_merged(names: Sequence[str], kept: Mapping[str, int], asked: Collection[str]) -> None:
    for name in asked:
        if name not in names:
            raise ValueError(f"population {name} has no neurons to merge; those: {', '.join(names)}")
        if name in kept:
            raise ValueError(f"population {name} is to be kept in a hemisphere and merged of both; leave out one")


def _check_kept(names: Sequence[str], merged: set[str], kept: Mapping[str, int]) -> None:
    for name, hemisphere in kept.items():
        if name not in names:
            raise ValueError(f"population {name} has no neurons to keep in a hemisphere; those: {', '.join(names)}")
        if hemisphere not in BOTH:
            raise ValueError(f"population {name} is to be kept in hemisphere {hemisphere}; valid are 0, top, and 1")
        if name in merged:
            raise ValueError(
                f"population {name} cannot be kept in a hemisphere: its neurons hear more than {c.ROWS} rows, so they "
                "take those of both"
            )


def _numbers_in_order(graph: NetworkGraph) -> dict[str, int]:
    """What tells spiking populations apart in bits 6 and 7 of their labels, 0..3: four in a row differ."""
    return {name: k % CODES for k, name in enumerate(graph.spiking())}


def _numbers_by_record(graph: NetworkGraph, recorded: tuple[str, ...]) -> dict[str, int]:
    """The same, so that the lower bit alone, where drivers compare the other one, tells who is recorded."""
    members = [[name for name in graph.spiking() if (name in recorded) == its] for its in (False, True)]
    return {name: (k % 2) << 1 | its for its, names in enumerate(members) for k, name in enumerate(names)}


def _place(
    graph: NetworkGraph, recorded: tuple[str, ...], arrangement: Arrangement, numbers: Mapping[str, int]
) -> GraphPlacement:
    merged, hemispheres, kept, compact = arrangement
    neurons, given_away = _lie(graph, merged, hemispheres, kept)
    found = sources(graph, neurons, {name: hemispheres[name] for name in kept})
    seats, nodes, its = _tell_apart(found, numbers, partial(Rows, given_away=given_away, compact=compact), recorded)
    made = {
        name: _source_place([n for n, s in enumerate(found) if s.population == name], found, seats, nodes, its)
        for name in dict.fromkeys(source.population for source in found)
    }
    return GraphPlacement(Places(graph, neurons, made), nodes, recorded, its.compare_masks, given_away)


def _lie(
    graph: NetworkGraph, merged: set[str], hemispheres: Mapping[str, int], kept: frozenset[str]
) -> tuple[dict[str, NeuronPlace], tuple[set[int], set[int]]]:
    """Return places of neurons, and the busses that processors feed; again, where somebody lies where none expected."""
    reach = {name: set(BOTH) if name in merged else {hemisphere} for name, hemisphere in hemispheres.items()}
    while True:
        given_away = busses_given_away(graph, merged, reach)
        neurons = Columns(graph, merged, hemispheres, kept, reach, given_away).place()
        there = {name: {hemisphere for hemisphere, _ in place.circuits()} for name, place in neurons.items()}
        if all(there[name] <= reach[name] for name in there):
            return neurons, given_away
        reach = {name: reach[name] | there[name] for name in there}


def _tell_apart(
    found: Sequence[Source], numbers: Mapping[str, int], all_rows: Callable[[list[int]], Rows], recorded: Sequence[str]
) -> tuple[list[Seats], Crossbar, Labels]:
    """Give sources rows, nodes and labels; where labels do not suffice, let drivers compare one bit more."""
    class_bits, short = [0] * c.PADI_BUSSES, None
    while True:
        rows = all_rows(class_bits)
        try:
            seats = rows.place(found)
        except ChipLimitError as error:
            raise short or error from None
        nodes = crossbar(found, seats, class_bits, numbers, recorded)
        its = label(found, seats, rows, numbers, nodes.present)
        short = its.limit(found)
        if short is None:
            return seats, nodes, its
        if max(class_bits[bus] for bus in its.short) == MOST_CLASS_BITS:
            raise short
        class_bits = [bits + (bus in its.short) for bus, bits in enumerate(class_bits)]


def _source_place(
    members: list[int], found: Sequence[Source], seats: Sequence[Seats], nodes: Crossbar, its: Labels
) -> SourcePlace:
    rows = np.full((len(members), c.HEMISPHERES, SIGNS), -1)
    for i, n in enumerate(members):
        for side, seat in seats[n].at.items():
            driver = c.PADI_BUSSES * seat.index + seats[n].bus
            rows[i, side] = [ROWS_PER_DRIVER * driver + row if row >= 0 else -1 for row in seat.rows]
    busses = np.array([seats[n].bus for n in members])
    low = its.row_selects[members] << c.ROW_SELECT_SHIFT | its.synapse_labels[members]
    kind = found[members[0]].kind
    above = 0 if kind is Kind.PROCESSOR else busses << c.SPL1_SHIFT
    above |= (INPUT_MARK | nodes.flags[members]) if kind is Kind.FPGA else 0
    sides = np.array([seats[n].choice.merged_side if seats[n].choice else c.TOP for n in members])
    return SourcePlace(
        (low | above).astype(np.uint16), busses, its.row_selects[members], its.synapse_labels[members], rows, sides
    )
