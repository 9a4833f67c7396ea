"""The PADI busses that processors feed: such a bus takes no other events, so its drivers are theirs alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.network.graph import NetworkGraph
from ppu_programs.network.population import Injected
from ppu_programs.placement.columns import HEMISPHERE_NAMES
from ppu_programs.placement.drivers import BUS_ROWS


def busses_given_away(
    graph: NetworkGraph, merged: Collection[str], reach: Mapping[str, set[int]]
) -> tuple[set[int], set[int]]:
    """Return the busses of either hemisphere that its processor feeds, the last ones, as many as its sources need.

    Merged neurons hear the top processor.

    Args:
        merged: names of populations whose neurons are merged.
        reach: the hemispheres where rows of each population may be, by name.

    Raises:
        ChipLimitError: these sources need more rows than there are.
    """
    top, bottom = (_busses(graph, hemisphere, merged, reach) for hemisphere in (c.TOP, c.BOTTOM))
    return top, bottom


def _busses(graph: NetworkGraph, hemisphere: int, merged: Collection[str], reach: Mapping[str, set[int]]) -> set[int]:
    needed, sides = {}, {name: {c.TOP} if name in merged else found for name, found in reach.items()}
    for source, population in graph.populations.items():
        if isinstance(population, Injected):
            heard = [p for p in graph.projections if p.source == source and hemisphere in sides[p.target]]
            needed[source] = population.size * len({row for p in heard for row in p.sign.rows})
    rows = sum(needed.values())
    if rows > c.ROWS:
        names = " and ".join(name for name, count in needed.items() if count)
        where = (
            f"synapse rows of the {HEMISPHERE_NAMES[hemisphere]} hemisphere, for what its processor sends as {names}"
        )
        raise ChipLimitError(Resource.ROWS, where, rows, c.ROWS, "rows", "inject fewer sources")
    return set(range(c.PADI_BUSSES - -(-rows // BUS_ROWS), c.PADI_BUSSES))
