"""What a log of :mod:`chip.testing.no_oracle` is made of: entries for what a program asked for, and its outcome."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from chip.config import ChipConfig
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.processor.processor import Processor
from chip.ppu.vector.operands import VectorRegister
from chip.ppu.vector.unit import VectorUnit


@dataclass
class Entry:
    """One thing that ``main`` asked its PPU for.

    Attributes:
        name: of the operation or property; arguments: by name, as plain values.
        value: what it returned, for what is not yielded. yielded: it is an operation that takes time.
        brought: (offset in SRAM, uint8[n]) for everything that stood in SRAM when it ended and no kernel wrote.
        registers: (number, int8[128]) for every vector register that it wrote.
        cycles: what it booked, by kind; without the cycles of a kernel, which a replay counts itself.
    """

    name: str
    arguments: dict[str, object]
    value: object = None
    yielded: bool = False
    brought: list[tuple[int, np.ndarray]] = field(default_factory=list)
    registers: list[tuple[int, np.ndarray]] = field(default_factory=list)
    cycles: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"

    def bring(self, sram: np.ndarray, vector: VectorUnit) -> None:
        """Put what it brought where it belongs."""
        for offset, values in self.brought:
            sram[offset : offset + values.size] = values
        for number, values in self.registers:
            vector.state.bytes[number] = values


@dataclass(frozen=True)
class Outcome:
    """What a program has come to; two of them are equal where every byte is.

    Attributes:
        exit_code: None where it has not ended.
        sram: all 16 KiB of it. vector: the arrays of the vector unit, its cycles among them.
        cycles: busy cycles by kind.
        written: SHA-256 of everything that left its SRAM, in order, with where it went.
    """

    exit_code: int | None
    sram: bytes
    vector: dict[str, bytes]
    cycles: dict[str, int]
    written: str


@dataclass
class Log:
    """What one program asked for and got, from its start to its end; ``outcome`` is filled when recording ends."""

    program: str
    hemisphere: int
    config: ChipConfig
    vector: dict[str, np.ndarray]
    entries: list[Entry] = field(default_factory=list)
    outcome: Outcome | None = None


def is_operation(name: str) -> bool:
    return inspect.isfunction(inspect.getattr_static(Processor, name, None))


def named_operation(call, name: str):
    """Return what a program calls by a name, which a chain asks for."""
    operation = partial(call, name)
    operation.__name__ = name  # type: ignore[attr-defined]
    return operation


@cache
def _signature(name: str) -> inspect.Signature:
    return inspect.signature(getattr(Processor, name))


def bound_arguments(name: str, args: tuple, named: dict) -> dict[str, object]:
    """The arguments of an operation by name, defaults filled in, as values that compare equal when they are."""
    bound = _signature(name).bind(None, *args, **named)
    bound.apply_defaults()
    return {key: _plain(value) for key, value in list(bound.arguments.items())[1:]}


def _plain(value: object) -> object:
    if isinstance(value, Kernel):
        return value.name
    if isinstance(value, np.ndarray | np.integer):
        return _plain(value.tolist())
    if isinstance(value, range | list | tuple):
        return tuple(_plain(element) for element in value)
    return value.__name__ if isinstance(value, partial) else value  # an operation of a chain


def named_registers(place: object) -> tuple[int, ...]:
    """The numbers of the registers that an argument ``into`` or ``source`` names, none for a region."""
    named = place if isinstance(place, tuple) else (place,)
    return tuple(register.number for register in named if isinstance(register, VectorRegister))


def update_digest(digest, entry: Entry, ppu) -> None:
    """Take in what an operation with a ``source`` or a ``mask`` sends out of SRAM or registers, and where it goes."""
    source = entry.arguments.get("source")
    for region in (source, entry.arguments.get("mask")):
        if isinstance(region, str) and region in ppu.regions:
            digest.update(str(entry).encode() + ppu.regions[region].tobytes())
    for register in named_registers(source):
        digest.update(str(entry).encode() + ppu.vector.state.bytes[register].tobytes())


def vector_bytes(vector) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in vector.snapshot().items()}
