"""The text that the kernel compiler writes: values, lines, and blocks that carry their cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass
class Block:
    """A basic block: a place in the text where the cycles of its instructions are booked, all at once."""

    cycles: int = 0


Line = tuple[int, "str | Block"]


class Text:
    """Lines under construction, with indentation, temporaries and the current basic block."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.indent = 1
        self.words = 0  # instruction words so far
        self._temporaries = 0
        self.pool: dict[str, int] = {}  # constants that are passed to functions, by name
        self.open_block()

    def emit(self, line: str) -> None:
        """Add one line at the current indentation."""
        self.lines.append((self.indent, line))

    def open_block(self) -> None:
        """Begin a new basic block here."""
        self.block = Block()
        self.lines.append((self.indent, self.block))

    def book(self, name: str, count: int = 1) -> None:
        """Book ``count`` instructions of the cost table in the current block."""
        cost = COSTS[name]
        self.block.cycles += count * cost.cycles
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

    def captured(self, translate: Callable[[], Value]) -> tuple[Value, list[Line]]:
        """Translate something into lines of its own, one level further in; the first line is its block."""
        lines, block = self.lines, self.block
        self.lines = []
        self.indent += 1
        self.open_block()
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
