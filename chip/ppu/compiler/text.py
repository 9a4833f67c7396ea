"""The text that the kernel compiler writes: values, lines, and blocks that carry their cycles."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from chip.ppu.costs import COSTS


@dataclass(frozen=True)
class Value:
    """A translated expression: its text and the interval, both ends included, that it lies in."""

    code: str
    low: int
    high: int
    boolean: bool = False

    @property
    def constant(self) -> bool:
        """Return whether the value is known while compiling."""
        return self.low == self.high and not self.boolean and self.code != ""


NOTHING = Value("", 0, 0)


def constant(number: int) -> Value:
    """Return the value of a known integer."""
    return Value(str(number) if number >= 0 else f"({number})", number, number)


class Booked(NamedTuple):
    """So many instructions of one kind of the cost table, for one line of the source."""

    line: int
    name: str
    count: int


@dataclass
class Block:
    """A basic block: a place in the text where the cycles of its instructions are booked, all at once."""

    cycles: int = 0
    instructions: list[Booked] = field(default_factory=list)


Place = tuple[ast.AST, str]
"""Where a block begins in the source: a node of the syntax tree, and which part of it."""


Line = tuple[int, "str | Block"]


class Text:
    """Lines under construction, with indentation, temporaries and the current basic block."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.indent = 1
        self.words = 0  # instruction words so far
        self.line = 0  # of the source, that is being translated
        self._temporaries = 0
        self.blocks: dict[Place, Block] = {}
        self.pool: dict[str, int] = {}  # constants that are passed to functions, by name
        self.open_block()

    def emit(self, line: str) -> None:
        """Add one line at the current indentation."""
        self.lines.append((self.indent, line))

    def open_block(self, node: ast.AST | None = None, part: str = "") -> None:
        """Begin a new basic block here, which is where that part of a node begins in the source."""
        self.block = Block()
        if node is not None:
            self.blocks[node, part] = self.block
        self.lines.append((self.indent, self.block))

    def book(self, name: str, count: int = 1) -> None:
        """Book ``count`` instructions of the cost table in the current block."""
        cost = COSTS[name]
        self.block.cycles += count * cost.cycles
        self.block.instructions.append(Booked(self.line, name, count))
        self.words += count * cost.words

    def book_constants(self, *values: Value) -> None:
        """Book the two instructions that bring a constant of more than 16 bits into a register."""
        for value in values:
            if value.constant and not -0x8000 <= value.low <= 0x7FFF:
                self.book("alu", 2)

    def temporary(self) -> str:
        """Return a new name."""
        self._temporaries += 1
        return f"_t{self._temporaries}"

    def pooled(self, number: int, prefix: str = "k") -> str:
        """Return the name of a constant, defined once at the head of the function.

        numba would compile the callee anew for every literal number that it is called with.
        """
        name = f"_{prefix}{number}" if number >= 0 else f"_{prefix}m{-number}"
        self.pool[name] = number
        return name

    def argument(self, value: Value) -> str:
        """Return the text of a value as the argument of a function."""
        return self.pooled(value.low) if value.constant else value.code

    def captured(self, translate: Callable[[], Value], node: ast.AST, part: str) -> tuple[Value, list[Line]]:
        """Translate a part of a node into lines of its own, one level further in; the first line is its block."""
        lines, block = self.lines, self.block
        self.lines = []
        self.indent += 1
        self.open_block(node, part)
        value = translate()
        self.indent -= 1
        inner, self.lines, self.block = self.lines, lines, block
        return value, inner

    def append(self, lines: list[Line]) -> None:
        """Add captured lines here."""
        self.lines += lines

    def absorb(self, lines: list[Line]) -> None:
        """Book what a captured block without statements costs in the current block."""
        block = lines[0][1]
        assert isinstance(block, Block)
        self.block.cycles += block.cycles
        self.block.instructions += block.instructions
        block.cycles = 0  # it is no block of its own

    def booked_blocks(self) -> list[Block]:
        """Return the blocks that the finished lines book, in their order."""
        return [line for _, line in self.lines if isinstance(line, Block) and line.cycles]

    def text(self) -> str:
        """Return the finished lines; blocks become additions to the cycle counter."""
        finished = [f"    {name} = _int64({number})" for name, number in sorted(self.pool.items())]
        for indent, line in self.lines:
            if isinstance(line, Block):
                if line.cycles == 0:
                    continue
                line = f"_cy += {line.cycles}"
            finished.append("    " * indent + line)
        return "\n".join(finished)
