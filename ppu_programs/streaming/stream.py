"""The window of one processor, and the walk over its rows: what a program's tasks hand on to."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction, Weight
from chip.base.declaration import whole_number
from chip.base.errors import ChipLimitError, Resource
from chip.ppu import Kernel, Memory, minimum, u32
from chip.ppu.memory import Region
from ppu_programs.network import Sign
from ppu_programs.placement import HEMISPHERE_NAMES
from ppu_programs.streaming.layout import MASK, Layout
from ppu_programs.streaming.synapses import INHIBITORY, ROW, merge_kernel

SHARED_LINK = Assumption(
    "either PPU reaches external memory as fast as if it were alone",
    "assumed; faster than the chip",
    Direction.FASTER,
    Weight.COST_BELOW,
)
"""What a firmware that streams on both processors takes for granted, for :meth:`ppu_programs.Firmware.assumptions`."""


class Stream:
    """What one processor streams of a projection; a program takes its memory and its kernels.

    Args:
        layout: in external memory; hemisphere: whose processor it is.
        window: rows that SRAM has room for at a time, 1 or more.

    Attributes:
        side: what the processor owns; count: how many rows that are, 1 or more.
        memory: the window in SRAM, a region of the same name and type for each of the layout's, with as many elements
            as ``window`` rows have; and ``synapse_mask``.
        kernels: for the program's list, beside the rule's own.

    Raises:
        ChipLimitError: the window alone is larger than SRAM; what else a program has in it the linker adds.
        ValueError: the projection has no rows in this hemisphere, or the window none.
    """

    def __init__(self, layout: Layout, hemisphere: int, window: int = 1):
        self.layout, self.side, name = layout, layout.sides[hemisphere], HEMISPHERE_NAMES[hemisphere]
        self.count = len(self.side)
        if not self.count:
            raise ValueError(f"{layout.name} has no rows in the {name} hemisphere; its processor has nothing to stream")
        self.window = min(whole_number("", "a window's number of rows", window, 1, c.ROWS), self.count)
        regions = layout.types
        self.names = tuple(layout.regions)
        self.base = {region: layout.address_of(hemisphere, region) for region in regions}
        self.row_bytes = {region: layout.row_bytes(self.side, region) for region in regions}
        self.row_vectors = {region: nbytes // c.VECTOR_BYTES for region, nbytes in self.row_bytes.items()}
        lanes = len(self.side.halves) * c.LANES
        rows = {region: min(self.window, layout.rows(self.side, region)) for region in regions}
        self.memory = Memory(**{region: kind[rows[region] * lanes] for region, kind in regions.items()})
        self._check_window(name)
        self.signed = self.side.sign is Sign.SIGNED
        self.merge = merge_kernel(self.signed, self.side.halves)
        self.kernels = (self.merge,)
        self.mask_stride = 0 if self.side.uniform else len(self.side.halves)  # vectors from row to row in the window
        first, last = self.side.sign.rows[0], self.side.sign.rows[-1]
        self.synapse_rows, self.inhibitory_rows = (tuple(self.side.synapse_rows[:, k].tolist()) for k in (first, last))

    def _check_window(self, name: str) -> None:
        used = sum(region.size for region in self.memory.values())
        if used > c.SRAM_BYTES:
            where = f"window of {self.window} rows of {self.layout.name} in SRAM of the {name} PPU"
            remedy = "let it have fewer rows, stream fewer regions, or narrower elements"
            raise ChipLimitError(Resource.SRAM, where, used, c.SRAM_BYTES, "bytes", remedy)

    # ------------------------------------------------------------------ tasks

    def walk(
        self,
        ppu,
        kernel: Kernel,
        read: Sequence[str] | None = None,
        written: Sequence[str] = (),
        synapses: bool = True,
    ) -> Generator:
        """Have the rule's kernel go through all rows, a window at a time; ``yield from`` it in a task.

        Args:
            kernel: takes ``(v, m, slot, row)``, the row's place in the window and its number on this side.
            read: regions that are loaded, all by default.
            written: regions that are stored behind the kernel.
            synapses: the kernel leaves weights in V0, and V1, which go into the synapses; else these are left alone.
        """
        if synapses:
            yield from self.begin(ppu)
        for first in range(0, self.count, self.window):
            count = minimum(self.window, self.count - first)
            yield from self.visit(ppu, first, count, kernel, read, written, synapses)

    def begin(self, ppu) -> Generator:
        """Load what all rows share, the mask of their synapses; before visits that write synapses."""
        if self.side.uniform:
            yield ppu.load_external(self.base[MASK], into=MASK, vectors=len(self.side.halves))

    def visit(
        self,
        ppu,
        first: int,
        count: int,
        kernel: Kernel,
        read: Sequence[str] | None = None,
        written: Sequence[str] = (),
        synapses: bool = True,
    ) -> Generator:
        """The same for ``count`` rows from ``first`` on, 1..window of them: visits reach rows in any order.

        :meth:`begin` comes before the first one. Both numbers may be known only when the program runs: a loop over a
        list that is known reads them from it, ``self.firsts[k]``, so that one routine serves them all. Rows that there
        are not lie in other regions.
        """
        for name in self.loaded(read, synapses):
            address = u32(first * self.row_bytes[name]) + self.base[name]
            yield ppu.load_external(address, into=name, vectors=count * self.row_vectors[name])
        for slot in range(count):
            row = first + slot
            if not synapses:
                yield ppu.run(kernel, slot, row)
            elif self.signed:
                yield ppu.chain(
                    ppu.run(kernel, slot, row),
                    ppu.load_row(self.synapse_rows[row], into=ROW),
                    ppu.load_row(self.inhibitory_rows[row], into=INHIBITORY),
                    ppu.run(self.merge, self.mask_stride * slot),
                    ppu.store_row(self.synapse_rows[row], source=ROW),
                    ppu.store_row(self.inhibitory_rows[row], source=INHIBITORY),
                )
            else:
                yield ppu.chain(
                    ppu.run(kernel, slot, row),
                    ppu.load_row(self.synapse_rows[row], into=ROW),
                    ppu.run(self.merge, self.mask_stride * slot),
                    ppu.store_row(self.synapse_rows[row], source=ROW),
                )
        for name in written:
            address = u32(first * self.row_bytes[name]) + self.base[name]
            yield ppu.store_external(address, source=name, vectors=count * self.row_vectors[name])

    def loaded(self, read: Sequence[str] | None, synapses: bool) -> tuple[str, ...]:
        """Names of the regions that a walk loads: those that it reads, and the mask where it is needed and streamed."""
        names = self.names if read is None else tuple(read)
        return (*names, MASK) if synapses and not self.side.uniform else names


def shared_memory(*streams: Stream) -> Memory:
    """The window of a program that walks over several projections in turn: each region as long as the longest.

    Raises:
        ValueError: two of them have regions of one name and different types.
    """
    found: dict[str, Region] = {}
    for stream in streams:
        for name, region in stream.memory.items():
            other = found.setdefault(name, region)
            if other.dtype != region.dtype:
                raise ValueError(
                    f"region {name} is {other} in one stream and {region} in another; give it one type, or two names"
                )
            found[name] = max(other, region, key=lambda one: one.length)
    return Memory(**found)
