"""Where the rows of a projection lie in the DRAM, what the host writes there, and what it reads back.

The regions of the top processor come first, then those of the bottom one; in each the rows lie one after the other,
one of bytes, halfwords or words: ``[rows, halves, 128]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from chip.fpga.memory import DRAM_BASE
from chip.fpga.samples import SampleSet
from chip.ppu import i8
from chip.ppu.memory import ElementType
from ppu_programs.placement import GraphPlacement
from ppu_programs.streaming.side import Side, sides
from ppu_programs.two_layer.layout import positions

if TYPE_CHECKING:
    from chip.link import HostLink

MASK = "synapse_mask"  # bytes of 1 where the projection has synapses: one row for all, or one for each that differs
DRAM_END = DRAM_BASE + c.DRAM_BYTES


def behind(samples: SampleSet) -> int:
    """The first address of the DRAM that is free where it holds samples for the player."""
    return DRAM_BASE + -(-samples.nbytes // c.VECTOR_BYTES) * c.VECTOR_BYTES


class Layout:
    """The regions of one projection in external memory.

    Args:
        placement: of the network; projection: which of its projections.
        regions: their element types by name, ``{"shadow": i16}``; every synapse of the projection has an element in
            each.
        address: of the first byte, a multiple of 128 in the DRAM. Samples lie at the beginning of the DRAM
            (:func:`behind`), recordings at its end.

    Attributes:
        sides: what the top and the bottom processor own, :class:`Side`.
        types: element types by name, with that of ``synapse_mask``.
        end: the first address behind it, where another one can begin; nbytes: what it takes.

    Raises:
        ChipLimitError: it does not fit the DRAM.
        ValueError: there are no regions, a name is taken, or the address is no beginning of a vector there.
    """

    def __init__(
        self, placement: GraphPlacement, projection: int, regions: Mapping[str, ElementType], address: int = DRAM_BASE
    ):
        self.name = str(placement.graph.projections[projection])
        self.shape = placement.graph.projections[projection].mask.shape
        self.sides, self.regions, self.address = sides(placement, projection), dict(regions), address
        self._check()
        self.types = {**self.regions, MASK: i8}
        self._addresses: dict[tuple[int, str], int] = {}
        self.end = address
        for side in self.sides:
            for name in self.types:
                self._addresses[side.hemisphere, name] = self.end
                self.end += self.rows(side, name) * self.row_bytes(side, name)
        self.nbytes = self.end - address
        self._check_room()

    def _check(self) -> None:
        if not self.regions:
            raise ValueError(f"{self.name} streams no regions; name one at least, with its type, as shadow and i16")
        for name, kind in self.regions.items():
            if name == MASK:
                raise ValueError(f"a region of {self.name} is called {MASK}, which the library has; rename it")
            if not isinstance(kind, ElementType):
                raise ValueError(f"region {name} of {self.name} is {kind!r}; give its element type, i8, i16 or i32")
        if self.address % c.VECTOR_BYTES or not DRAM_BASE <= self.address < DRAM_END:
            raise ValueError(
                f"regions of {self.name} begin at 0x{self.address:08x}; give a multiple of {c.VECTOR_BYTES} in the "
                f"DRAM, from 0x{DRAM_BASE:08x} on"
            )

    def _check_room(self) -> None:
        if self.end > DRAM_END:
            where = f"DRAM from 0x{self.address:08x} on for regions {', '.join(self.regions)} of {self.name}"
            remedy = "begin at a lower address, stream fewer regions, or narrower elements"
            raise ChipLimitError(Resource.DRAM, where, self.nbytes, DRAM_END - self.address, "bytes", remedy)

    # ------------------------------------------------------------------ where things are

    def rows(self, side: Side, name: str) -> int:
        """Rows of a region; of the mask there is one where all are alike."""
        return min(len(side), 1) if name == MASK and side.uniform else len(side)

    def row_bytes(self, side: Side, name: str) -> int:
        """Bytes of one row of a region, whole vectors."""
        return len(side.halves) * c.LANES * self.types[name].dtype.itemsize

    def address_of(self, hemisphere: int, name: str) -> int:
        """Address of the first row of a region of one side."""
        return self._addresses[hemisphere, name]

    # ------------------------------------------------------------------ the host's part

    def image(self, **values: np.ndarray) -> dict[int, np.ndarray]:
        """Return what external memory is to begin with, uint8[n] by address: int[sources, targets] of named regions.

        Elements without a synapse are 0. Regions that are not named are left as they are.

        Raises:
            ValueError: an unknown region, another shape, or values that its elements do not hold.
        """
        found = {}
        for side in self.sides:
            for name, given in values.items():
                kind = self._checked(name, np.asarray(given))
                found[self._addresses[side.hemisphere, name]] = to_vectors(side.gather(np.asarray(given)), kind)
            mask = side.mask[: self.rows(side, MASK)]
            found[self._addresses[side.hemisphere, MASK]] = to_vectors(mask, i8)
        return {address: vectors for address, vectors in found.items() if vectors.size}

    def read(self, link: HostLink, name: str) -> np.ndarray:
        """Return int64[sources, targets] of a region as it is now, 0 where there is no synapse."""
        found, kind = np.zeros(self.shape, np.int64), self._kind(name)
        for side in self.sides:
            nbytes = len(side) * self.row_bytes(side, name)
            vectors = link.read_external(self._addresses[side.hemisphere, name], nbytes) if nbytes else np.zeros(0)
            side.scatter(from_vectors(vectors, kind, side.targets.shape), found)
        return found

    def _kind(self, name: str) -> ElementType:
        if name not in self.regions:
            raise ValueError(f"{self.name} streams no region {name!r}; there are: {', '.join(self.regions)}")
        return self.regions[name]

    def _checked(self, name: str, values: np.ndarray) -> ElementType:
        kind = self._kind(name)
        limits = np.iinfo(kind.dtype)
        if values.shape != self.shape or values.dtype.kind not in "iu":
            raise ValueError(
                f"region {name} of {self.name} gets {values.dtype}{list(values.shape)}; it takes whole numbers, "
                f"{list(self.shape)} of [sources, targets]"
            )
        if not limits.min <= values.min() <= values.max() <= limits.max:
            raise ValueError(
                f"region {name} of {self.name} gets {values.min()}..{values.max()}; {kind!r} takes "
                f"{limits.min}..{limits.max}"
            )
        return kind


def to_vectors(rows: np.ndarray, kind: ElementType) -> np.ndarray:
    """Return uint8[n], the vectors of [rows, halves, 128] by lane: bytes in this order, wider ones in that of packs."""
    values = rows.astype(kind.dtype)
    if kind.dtype.itemsize > 1:
        values = np.empty_like(values)
        values[..., positions()] = rows
    return values.ravel().view(np.uint8)


def from_vectors(vectors: np.ndarray, kind: ElementType, shape: tuple[int, ...]) -> np.ndarray:
    """Return [rows, halves, 128] by lane, the way back of :func:`to_vectors`."""
    rows = vectors.view(kind.dtype).reshape(shape)
    return rows[..., positions()] if kind.dtype.itemsize > 1 else rows
