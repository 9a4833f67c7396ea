"""The tree of a drawn program: expressions, statements, routines. Frozen, compared by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

Type = Literal["i32", "u32"]
"""What every value is, as C's int32_t and uint32_t."""

WIDTHS = {"i8": 8, "u8": 8, "i16": 16, "u16": 16, "i32": 32, "u32": 32}
"""Bits of an element, by the name of its type."""


# ---------------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Constant:
    """An integer, -2**31 .. 2**32 - 1."""

    value: int


@dataclass(frozen=True)
class Variable:
    """A variable, a parameter or the variable of a loop."""

    name: str


@dataclass(frozen=True)
class Element:
    """One element of a region; ``ppu.word`` in a task."""

    region: str
    index: Expression


@dataclass(frozen=True)
class Length:
    """The number of a region's elements; not in a task."""

    region: str


@dataclass(frozen=True)
class Unary:
    """``-``, ``~`` or ``not``."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    """``+ - * & | ^``, and ``<< >>`` whose right side is the amount."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Comparison:
    """``< <= > >= == !=``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Joint:
    """``and`` or ``or`` between two operands; its value is the deciding one's."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Conditional:
    """``body if test else orelse``."""

    body: Expression
    test: Expression
    orelse: Expression


@dataclass(frozen=True)
class Intrinsic:
    """A call of ``minimum``, ``divide`` and the like."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Conversion:
    """``u8 i8 u16 i16 i32`` cut off to that width and seen as i32, or ``u32``."""

    type: str
    operand: Expression


@dataclass(frozen=True)
class Call:
    """A call of a subroutine; as an expression, of one that returns a value."""

    routine: str
    arguments: tuple[Expression, ...]


Expression = (
    Constant | Variable | Element | Length | Unary | Binary | Comparison | Joint | Conditional | Intrinsic | Conversion
    | Call
)  # fmt: skip


# ---------------------------------------------------------------------- statements


@dataclass(frozen=True)
class Assign:
    """``name = value``."""

    name: str
    value: Expression


@dataclass(frozen=True)
class AugmentedAssign:
    """``name += value``, or another operator of :class:`Binary`."""

    name: str
    operator: str
    value: Expression


@dataclass(frozen=True)
class Store:
    """``m.region[index] = value``: the low bits."""

    region: str
    index: Expression
    value: Expression


@dataclass(frozen=True)
class AugmentedStore:
    """``m.region[index] += value``, or another operator of :class:`Binary`."""

    region: str
    index: Expression
    operator: str
    value: Expression


@dataclass(frozen=True)
class If:
    """``if``; an ``If`` alone in ``orelse`` is an ``elif``."""

    test: Expression
    body: Block
    orelse: Block = ()


@dataclass(frozen=True)
class For:
    """``for name in range(start, stop, step)``; with ``start`` or ``step`` None as Python's shorter forms."""

    name: str
    start: Expression | None
    stop: Expression
    step: int | None
    body: Block


@dataclass(frozen=True)
class While:
    """``while test``."""

    test: Expression
    body: Block


@dataclass(frozen=True)
class Break:
    """``break``."""


@dataclass(frozen=True)
class Continue:
    """``continue``."""


@dataclass(frozen=True)
class Return:
    """``return``; with a value in subroutines only."""

    value: Expression | None = None


@dataclass(frozen=True)
class Do:
    """A call of a subroutine whose value, if it has one, nobody takes."""

    call: Call


@dataclass(frozen=True)
class Run:
    """``yield ppu.run(kernel, *arguments)``, in a task."""

    kernel: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Wait:
    """``yield ppu.wait(cycles)``, in a task."""

    cycles: int


Statement = (
    Assign | AugmentedAssign | Store | AugmentedStore | If | For | While | Break | Continue | Return | Do | Run | Wait
)  # fmt: skip
Block = tuple[Statement, ...]


# ---------------------------------------------------------------------- programs


@dataclass(frozen=True)
class Region:
    """A declared region: ``length`` elements of ``type``, a key of ``WIDTHS``."""

    name: str
    type: str
    length: int


@dataclass(frozen=True)
class Parameter:
    """An integer parameter of a routine."""

    name: str
    type: Type


@dataclass(frozen=True)
class Routine:
    """A kernel, a subroutine or a task.

    Attributes:
        kind: which of them; returns: the type of a subroutine's value, None without one.
        locals: names and types of the variables that are no parameters.
    """

    kind: Literal["kernel", "subroutine", "task"]
    name: str
    parameters: tuple[Parameter, ...]
    returns: Type | None
    locals: tuple[Parameter, ...]
    body: Block


Node = Expression | Statement


def walk(node: Node | Block) -> Iterator[Node]:
    """Yield a node, or the statements of a block, with everything inside."""
    if isinstance(node, tuple):
        for part in node:
            yield from walk(part)
        return
    yield node
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
            yield from walk(value)
