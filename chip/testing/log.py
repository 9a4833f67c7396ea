"""What a log of :mod:`chip.testing.no_oracle` is made of: the operations that a program came to, and its outcome.

Operations stand in a log as plain values, the same for whoever makes them: a kernel is its name, and rows or masks are
tuples of numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chip.base.config import ChipConfig
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.processor.chaining import check_chain, run_chain
from chip.ppu.processor.flows.flow import ENDED, FAULT, SLEEP, Flow
from chip.ppu.processor.operation import Operation, signatures
from chip.ppu.processor.processor import Processor
from chip.ppu.vector.operands import VectorRegister
from chip.ppu.vector.unit import VectorUnit

Bytes = tuple[int, np.ndarray]
"""Bytes in SRAM: their offset, and uint8[n]."""

# what a program comes to beside an operation
OTHERS, END, FAULTED = "the time at which somebody else acts", "the end of main", "a fault between two operations"
NOWHERE = {SLEEP: OTHERS, ENDED: END, FAULT: FAULTED}


@dataclass
class Effect:
    """What one operation did to its own PPU.

    Attributes:
        operation: which one, as a plain value.
        brought: what it wrote into SRAM, changed or not; not what a kernel wrote, which a replay computes.
        registers: (number, int8[128]) for every vector register that it wrote; no kernel's.
        arrived: of a region that a kernel uses while somebody writes it, a race: what had come there by then.
        cycles: what it booked, by kind; not a kernel's, which a replay counts.
        choice: what a pass of the scheduler has decided, None for all others.
        done: it has begun; False where it faulted, which ends the log.
    """

    operation: Operation
    brought: list[Bytes] = field(default_factory=list)
    registers: list[Bytes] = field(default_factory=list)
    arrived: list[Bytes] = field(default_factory=list)
    cycles: Counter[str] = field(default_factory=Counter)
    choice: int | None = None
    done: bool = False

    def bring(self, sram: np.ndarray, vector: VectorUnit) -> None:
        """Put what it brought where it belongs."""
        put(self.brought, sram)
        for number, values in self.registers:
            vector.state.bytes[number] = values


@dataclass
class Entry:
    """One stretch of a program: from when it could go on to what it came to.

    Attributes:
        now_ns, horizon_ns: when it went on, and when somebody else acted next.
        came_to: an operation as a plain value, or :data:`OTHERS`, :data:`END`, :data:`FAULTED`.
        effects: of that operation, or of each operation of that chain.
        came: what others had written into SRAM when it went on again, or when the recording ended, as far as it
            changed.
    """

    now_ns: int
    horizon_ns: int
    came_to: Operation | str
    effects: list[Effect] = field(default_factory=list)
    came: list[Bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What a program has come to; two of them are equal where every byte is.

    Attributes:
        exit_code: as :attr:`chip.ppu.processor.processor.Processor.exit_code`.
        sram: all 16 KiB of it. vector: the arrays of the vector unit, its cycles among them.
        cycles: busy cycles by kind.
        written: SHA-256 of everything that left its SRAM, in order, with where it went.
    """

    exit_code: int | str | None
    sram: bytes
    vector: dict[str, bytes]
    cycles: dict[str, int]
    written: str


@dataclass
class Log:
    """What one program came to and got, from its start to its end; ``outcome`` is filled when recording ends.

    Attributes:
        program, hemisphere, config: whose it is, where, and on which chip.
        vector: the vector unit at the start.
        host: what the host had written into SRAM before the start, as far as it differs from the program's image.
        entries: in order; where the program was started again behind its end, they go on with that run.
    """

    program: str
    hemisphere: int
    config: ChipConfig
    vector: dict[str, np.ndarray]
    host: list[Bytes] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def effects(self) -> list[Effect]:
        """Every operation with its effect, in order, those of chains one by one."""
        return [effect for entry in self.entries for effect in entry.effects]


def outcome_of(ppu: Processor, exit_code: int | str | None, written) -> Outcome:
    """Return what a processor has come to; ``written`` is the digest of what left its SRAM."""
    cycles = {kind: count for kind, count in sorted(ppu.cycles.items()) if count}
    vector = {name: array.tobytes() for name, array in ppu.vector.snapshot().items()}
    return Outcome(exit_code, ppu.sram.tobytes(), vector, cycles, written.hexdigest())


def put(some: list[Bytes], sram: np.ndarray) -> None:
    """Write bytes where they belong."""
    for offset, values in some:
        sram[offset : offset + values.size] = values


# ---------------------------------------------------------------------- operations


def came_to(flow: Flow, code: int) -> Operation | str:
    """Return what a flow has come to, by what :meth:`chip.ppu.processor.flows.flow.Flow.advance` returned."""
    return plain(flow.operation(code)) if code >= 0 else NOWHERE[code]


def plain(operation: Operation) -> Operation:
    """Return an operation as a plain value."""
    return Operation(operation.name, tuple(_plain(argument) for argument in operation.arguments))


def _plain(value: object) -> object:
    if isinstance(value, Operation):
        return plain(value)
    if isinstance(value, Kernel):
        return value.name
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return tuple(_plain(element) for element in value) if isinstance(value, range | list | tuple) else value


def begin(ppu: Processor, operation: Operation, do: Callable[[Operation], None]) -> None:
    """Begin an operation by ``do``, or each operation of a chain."""
    if operation.name != "chain":
        do(operation)
        return
    check_chain(ppu, operation.arguments)
    run_chain(ppu, [partial(do, one) for one in operation.arguments])


def argument(operation: Operation, name: str) -> Any:
    """Return an argument by its name, None where an operation has none of that name."""
    return dict(zip(signatures()[operation.name].parameters, operation.arguments, strict=False)).get(name)


def registers_at(place: Any) -> Iterator[int]:
    """Yield the numbers of the vector registers that an argument names, none for a region."""
    for register in place if isinstance(place, tuple | list) else (place,):
        if isinstance(register, VectorRegister):
            yield register.number


def update_digest(written, operation: Operation, ppu: Processor) -> None:
    """Take in what an operation sends out of SRAM or vector registers, and where it goes."""
    source = argument(operation, "source")
    regions = [source, argument(operation, "mask")]
    if operation.name == "record":
        regions += [one.region for one in ppu.program.recordings if one.name == operation.arguments[0]]
    sent = [ppu.regions[region] for region in regions if isinstance(region, str) and region in ppu.regions]
    sent += [ppu.vector.state.bytes[number] for number in registers_at(source)]
    for values in sent:
        written.update(str(plain(operation)).encode() + values.tobytes())
