"""The intermediate form: what a routine is after it was read once; everything else about it is a walk over this.

A routine is a list of nodes. A :class:`Block` is a basic block: instructions that are executed from its first to its
last one, with what they cost, line by line. The other nodes say which blocks follow: :class:`If`, :class:`Loop` (until
it is left), :class:`Count` (a variable over a range), :class:`Leave` (a loop, its present round, the routine), and in
tasks :class:`Call` and :class:`Wait`, where a program may be suspended.

Operands are whole numbers, or names of variables: those of the source begin with ``u_``, what the compiler makes on the
way with ``_t``. Numbers are exact while they are computed, and brought back to 32 bits by instructions that say so
(``wrap``, ``wrap_unsigned``) wherever a result can leave them; an unsigned number is 0..2^32 - 1, a signed one
-2^31..2^31 - 1.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chip.ppu.costs import COSTS

Operand = int | str


class Instruction(NamedTuple):
    """One step of a block.

    Attributes:
        operation: a key of :data:`PURE`; or one of

            - ``load``, ``load unsigned`` target, (region, index): an element as an i32 or a u32; ``store`` (region,
              index, value); ``size`` target, (region,);
            - ``check index`` (region, index, lanes, site), ``check divisor`` (value, site), ``watchdog`` (site): stop
              the program with the fault of that number;
            - ``call`` target, (routine, *values), of a subroutine; ``vector`` (operation, *operands);
            - ``source`` (text,): a line of the source begins here;
            - in tasks ``time`` target, (), the time base; ``table`` target, (number, index), an element of a constant
              table; ``check table``, ``check region`` (index, size, site); ``scheduled`` target, (), which task the
              scheduler has chosen; ``given`` target, (), whether the last routine has returned a number.
        target: the variable that takes the result, or ``""``.
        operands: as the operation has them; regions are :class:`RegionName`.
        line: of the source.
    """

    operation: str
    target: str
    operands: tuple
    line: int


class RegionName(str):
    """An operand that is a region of memory."""

    __slots__ = ()


class Booked(NamedTuple):
    """So many instructions of one kind of the cost table, for one line of the source."""

    line: int
    name: str
    count: int


Place = tuple[ast.AST, str]
"""Where a block begins in the source: a node of the syntax tree, and which part of it."""


@dataclass(eq=False)
class Block:
    """A basic block: all of its cycles are booked when it begins."""

    code: list[Instruction] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)

    def __post_init__(self):
        self.cycles = sum(booked.count * COSTS[booked.name].cycles for booked in self.booked)

    def book(self, line: int, name: str, count: int) -> None:
        """Book ``count`` instructions of the cost table."""
        self.booked.append(Booked(line, name, count))
        self.cycles += count * COSTS[name].cycles

    def shorten(self, count: int) -> None:
        """Forget all bookings but the first ones."""
        del self.booked[count:]
        self.__post_init__()

    @property
    def words(self) -> int:
        """Instruction words of its code."""
        return sum(booked.count * COSTS[booked.name].words for booked in self.booked)

    def absorb(self, other: Block) -> None:
        """Take over what another block, which follows at once and always, does and costs; that one is empty then."""
        self.code += other.code
        self.booked += other.booked
        self.cycles += other.cycles
        other.code, other.booked, other.cycles = [], [], 0


@dataclass(eq=False)
class If:
    """A branch on an operand that is 0 or not. ``shown`` is the condition's text where the source branches there."""

    condition: Operand
    body: list[Node]
    orelse: list[Node]
    line: int
    operation: str = ""  # "if" or "while", where it is one of the source
    shown: str = ""


@dataclass(eq=False)
class Loop:
    """Runs its nodes again and again until a :class:`Leave`."""

    body: list[Node]


@dataclass(eq=False)
class Count:
    """Runs its nodes with a variable that takes every value of a range; the step is a number other than 0."""

    variable: str
    start: Operand
    stop: Operand
    step: int
    body: list[Node]
    line: int
    shown: str  # what the source calls the variable


@dataclass(eq=False)
class Leave:
    """``break``, ``continue``, or ``return``, with a value where the routine has one."""

    how: str
    line: int
    value: Operand | None = None
    shown: bool = True  # it stands in the source


@dataclass(eq=False)
class Call:
    """In a task: run a routine of the program to its end, and go on with what it returns."""

    routine: Any
    target: str
    values: tuple[Operand, ...]
    line: int


@dataclass(eq=False)
class Wait:
    """In a task: an operation of the processor, or a word of SRAM; time passes, others act, then it goes on."""

    request: Any
    target: str
    line: int


Node = Block | If | Loop | Count | Leave | Call | Wait


def parts(node: Node) -> tuple[list[Node], ...]:
    """Return the lists of nodes inside of a node."""
    if isinstance(node, If):
        return node.body, node.orelse
    return (node.body,) if isinstance(node, Loop | Count) else ()


def all_nodes(nodes: list[Node]) -> Iterator[Node]:
    """Yield all nodes, at any depth, in the order of the source."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        yield node
        for inner in reversed(parts(node)):
            waiting += reversed(inner)


def blocks(nodes: list[Node]) -> Iterator[Block]:
    """Yield all blocks, in the order of the source."""
    return (node for node in all_nodes(nodes) if isinstance(node, Block))


def last_block(nodes: list[Node]) -> Block:
    """Return the last block of a list that has one."""
    return next(node for node in reversed(nodes) if isinstance(node, Block))


def words(nodes: list[Node]) -> int:
    """Return the instruction words of all blocks."""
    return sum(block.words for block in blocks(nodes))


def signed32(number: int) -> int:
    """Return the low 32 bits of an integer, signed."""
    return (number + 0x80000000) % 0x100000000 - 0x80000000


def unsigned32(number: int) -> int:
    """Return the low 32 bits of an integer, unsigned."""
    return number & 0xFFFFFFFF


def _extended(bits: int) -> Callable[[int], int]:
    half = 1 << (bits - 1)
    return lambda x: ((x + half) & (2 * half - 1)) - half


def _shift_left(x: int, amount: int) -> int:
    return signed32(x << (amount & 63))


def _shift_left_unsigned(x: int, amount: int) -> int:
    return unsigned32(x << (amount & 63))


def _divide(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return signed32(-quotient if (a < 0) != (b < 0) else quotient)


def _remainder(a: int, b: int) -> int:
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


class Pure(NamedTuple):
    """An instruction that only computes: its text with the operands' places, and the same on Python integers."""

    text: str
    compute: Callable[..., int]


PURE: dict[str, Pure] = {
    "copy": Pure("{0}", lambda a: a),
    "integer": Pure("_int64({0})", int),  # of a truth value
    "+": Pure("{0} + {1}", operator.add),
    "-": Pure("{0} - {1}", operator.sub),
    "*": Pure("{0} * {1}", operator.mul),
    "&": Pure("{0} & {1}", operator.and_),
    "|": Pure("{0} | {1}", operator.or_),
    "^": Pure("{0} ^ {1}", operator.xor),
    "<<": Pure("{0} << {1}", operator.lshift),
    ">>": Pure("{0} >> {1}", operator.rshift),
    "negate": Pure("-{0}", operator.neg),
    "invert": Pure("~{0}", operator.invert),
    "wrap": Pure("_wrap32({0})", signed32),
    "wrap_unsigned": Pure("{0} & 0xFFFFFFFF", unsigned32),
    "low 8": Pure("{0} & 0xFF", lambda x: x & 0xFF),
    "low 16": Pure("{0} & 0xFFFF", lambda x: x & 0xFFFF),
    "extend 8": Pure("_wrap8({0})", _extended(8)),
    "extend 16": Pure("_wrap16({0})", _extended(16)),
    "<": Pure("{0} < {1}", operator.lt),
    "<=": Pure("{0} <= {1}", operator.le),
    ">": Pure("{0} > {1}", operator.gt),
    ">=": Pure("{0} >= {1}", operator.ge),
    "==": Pure("{0} == {1}", operator.eq),
    "!=": Pure("{0} != {1}", operator.ne),
    "not": Pure("not {0}", operator.not_),
    "and": Pure("{0} and {1}", lambda a, b: a and b),
    "or": Pure("{0} or {1}", lambda a, b: a or b),
    "shift_left": Pure("_shift_left({0}, {1})", _shift_left),
    "shift_left_unsigned": Pure("_shift_left_unsigned({0}, {1})", _shift_left_unsigned),
    "shift_right": Pure("_shift_right({0}, {1})", lambda x, amount: x >> (amount & 63)),
    "shift_right_unsigned": Pure("_shift_right_unsigned({0}, {1})", lambda x, amount: x >> (amount & 63)),
    "saturate8": Pure("_saturate8({0})", lambda x: min(max(x, -0x80), 0x7F)),
    "saturate16": Pure("_saturate16({0})", lambda x: min(max(x, -0x8000), 0x7FFF)),
    "minimum": Pure("_minimum({0}, {1})", min),
    "maximum": Pure("_maximum({0}, {1})", max),
    "absolute": Pure("_absolute({0})", lambda x: signed32(abs(x))),
    "multiply_high": Pure("_multiply_high({0}, {1})", lambda a, b: (a * b) >> 32),
    "count_leading_zeros": Pure("_count_leading_zeros({0})", lambda x: 32 - unsigned32(x).bit_length()),
    "divide": Pure("_divide({0}, {1})", _divide),
    "divide_unsigned": Pure("_divide_unsigned({0}, {1})", operator.floordiv),
    "remainder": Pure("_remainder({0}, {1})", _remainder),
    "remainder_unsigned": Pure("_remainder_unsigned({0}, {1})", operator.mod),
}
