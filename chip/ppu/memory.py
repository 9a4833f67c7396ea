"""The memory of a program: the regions of a processor's 16 KiB that it declares.

    memory = Memory(counts=u8[256], shadow=i16[960], seen=u32[1])

:mod:`chip.ppu.linker` places them beside code and stack.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chip.base.declaration import shown


@dataclass(frozen=True)
class Region:
    """A declared region: ``length`` elements of a numpy integer type."""

    dtype: np.dtype
    length: int

    @property
    def size(self) -> int:
        """Return the bytes that its elements take."""
        return self.length * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype.kind}{8 * self.dtype.itemsize}[{self.length}]"


class ElementType:
    """An integer type of memory; ``u8[256]`` is a region of 256 of them."""

    def __init__(self, name: str, dtype: type):
        self.name, self.dtype = name, np.dtype(dtype)

    def __getitem__(self, length: int) -> Region:
        """Return a region of ``length`` >= 1 elements."""
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or length < 1:
            raise ValueError(f"{self.name}[{length}]: a region has one element or more, a whole number")
        return Region(self.dtype, int(length))

    def __repr__(self) -> str:
        return self.name


u8, i8 = ElementType("u8", np.uint8), ElementType("i8", np.int8)
u16, i16 = ElementType("u16", np.uint16), ElementType("i16", np.int16)
u32, i32 = ElementType("u32", np.uint32), ElementType("i32", np.int32)


class Memory(Mapping[str, Region]):
    """The regions of one program, by name, in the order of their declaration."""

    def __init__(self, /, *unnamed: object, **regions: Region):  # a region may be called self
        if unnamed:
            raise ValueError(f"region {unnamed[0]} has no name; declare it as Memory(name=u8[256])")
        for name, region in regions.items():
            if not isinstance(region, Region):
                raise ValueError(f"region {name} is {shown(region)}; declare it as u8[256], i16[64] and the like")
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                raise ValueError(f"region {name!r} cannot be named in a kernel; use letters, digits and underscores")
        self._regions = dict(regions)

    def __getitem__(self, name: str) -> Region:
        return self._regions[name]

    def __iter__(self):
        return iter(self._regions)

    def __len__(self) -> int:
        return len(self._regions)

    def __or__(self, other: Memory) -> Memory:
        """Return the regions of both; the same name twice is refused."""
        twice = sorted(set(self) & set(other))
        if twice:
            raise ValueError(f"region {twice[0]} is declared twice; give one of them another name")
        return Memory(**self, **other)
