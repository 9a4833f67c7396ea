"""What one processor owns of a projection: the rows of its hemisphere, and which of their synapses are whose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chip.base import constants as c
from ppu_programs.network import Sign
from ppu_programs.placement import GraphPlacement


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of a projection in one hemisphere, one for each of its sources there, by rising synapse row.

    Attributes:
        hemisphere: TOP or BOTTOM; sign: of the projection.
        halves: those of its columns that the projection uses, EVEN, ODD or both; none where it has no rows here.
        sources: int64[rows].
        synapse_rows: int64[rows, 2], the excitatory and the inhibitory one, -1 where there is none.
        targets: int64[rows, halves, 128], the neurons that lanes belong to, -1 where the projection has no synapse.
    """

    hemisphere: int
    sign: Sign
    halves: tuple[int, ...]
    sources: np.ndarray
    synapse_rows: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.sources)

    @cached_property
    def mask(self) -> np.ndarray:
        """bool[rows, halves, 128]: where the projection has synapses."""
        return self.targets >= 0

    @cached_property
    def uniform(self) -> bool:
        """Whether all of its rows have synapses in the same lanes."""
        return bool((self.mask == self.mask[:1]).all())

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Return [rows, halves, 128] of values[sources, targets], 0 where there is no synapse."""
        found = values[self.sources[:, None, None], self.targets]
        return np.where(self.mask, found, 0)

    def scatter(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Put [rows, halves, 128] where they belong in values[sources, targets]; the way back of :meth:`gather`."""
        row, half, lane = np.nonzero(self.mask)
        values[self.sources[row], self.targets[row, half, lane]] = rows[row, half, lane]


def sides(placement: GraphPlacement, projection: int) -> tuple[Side, Side]:
    """Return what the top and the bottom processor own of projection k of a network in its place.

    A placement of layers has its own as ``placement.on_chip``. Raises IndexError where there is no such projection.
    """
    at, sign = placement.synapses(projection), placement.graph.projections[projection].sign
    found = []
    for hemisphere in (c.TOP, c.BOTTOM):
        here = at.hemispheres == hemisphere
        sources, first, of_source = np.unique(at.sources[here], return_index=True, return_inverse=True)
        synapse_rows = at.rows[here][first]
        half, lane = at.columns[here] % c.HALVES, at.columns[here] // c.HALVES
        halves = tuple(np.unique(half).tolist())
        targets = np.full((len(sources), len(halves), c.LANES), -1)
        targets[of_source, np.searchsorted(halves, half), lane] = at.targets[here]
        order = np.argsort(synapse_rows[:, sign.rows[0]], kind="stable")
        found.append(Side(hemisphere, sign, halves, sources[order], synapse_rows[order], targets[order]))
    return found[c.TOP], found[c.BOTTOM]
