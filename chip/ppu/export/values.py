"""Expressions of C while they are put together: text, how tightly it binds, its type, and the interval it lies in."""

from __future__ import annotations

from dataclasses import dataclass, field

from chip.ppu.compiler.form import Operand
from chip.ppu.export.ranges import SIGNED, UNSIGNED, Range, within

PRIMARY, UNARY, PRODUCT, SUM, SHIFT, ORDER, EQUALITY, BITS, LOGIC = range(9, 0, -1)
_BINDING = {
    **dict.fromkeys("*/%", PRODUCT), **dict.fromkeys("+-", SUM), **dict.fromkeys(("<<", ">>"), SHIFT),
    **dict.fromkeys(("<", "<=", ">", ">="), ORDER), **dict.fromkeys(("==", "!="), EQUALITY),
    **dict.fromkeys("&^|", BITS), **dict.fromkeys(("&&", "||"), LOGIC),
}  # fmt: skip
_SIGNED, _UNSIGNED, _WIDE = "int32_t", "uint32_t", "int64_t"
TYPES = {False: _SIGNED, True: _UNSIGNED}


@dataclass(frozen=True)
class Value:
    """A C expression.

    Attributes:
        text, binding: as it stands, and how tightly its operator binds.
        type: of C, after promotion: ``int32_t``, ``uint32_t``, ``int64_t``.
        range: what it lies in; without an interval, None, its low 32 bits count and the next step wraps it.
        operator: the one outside; reads: the variables that it names; memory: it reads a region.
    """

    text: str
    type: str
    range: Range | None
    binding: int = PRIMARY
    operator: str = ""
    reads: frozenset[str] = field(default_factory=frozenset)
    memory: bool = False

    def inside(self, binding: int) -> str:
        """Return the text as an operand of something that binds so tightly."""
        return self.text if self.binding >= binding else f"({self.text})"

    def cast(self, kind: str) -> Value:
        """Return the value converted to a type."""
        return self if self.type == kind else self.with_text(f"({kind}){self.inside(UNARY)}", kind, UNARY)

    def with_text(self, text: str, kind: str, binding: int = PRIMARY) -> Value:
        """Return another text and type for what reads the same."""
        return Value(text, kind, self.range, binding, "", self.reads, self.memory)

    def of_range(self, interval: Range | None) -> Value:
        """Return the value with another interval."""
        return Value(self.text, self.type, interval, self.binding, self.operator, self.reads, self.memory)


def number(operand: Operand | bool) -> Value:
    """Return a number."""
    value = int(operand)
    kind = _SIGNED if within((value, value), SIGNED) else _UNSIGNED if within((value, value), UNSIGNED) else _WIDE
    text = {_SIGNED: str(value), _UNSIGNED: f"{value}u", _WIDE: f"{value}ll"}[kind]
    if value == SIGNED[0]:
        text = "INT32_MIN"
    return Value(text, kind, (value, value), UNARY if text[0] == "-" else PRIMARY)


def common_type(values: list[Value], result: Range | None = None) -> str:
    """Return the narrowest type that holds the values, and their result."""
    intervals = [value.range or SIGNED for value in values] + ([result] if result is not None else [])
    for kind, limits in ((_SIGNED, SIGNED), (_UNSIGNED, UNSIGNED)):
        if all(within(interval, limits) for interval in intervals):
            return kind
    return _WIDE


def in_type(values: list[Value], kind: str) -> list[Value]:
    """Return operands such that C computes with them in a type: what is unsigned there only if it has to be."""
    if kind == _SIGNED or kind == _WIDE:
        return [value.cast(kind) for value in values]
    if any(value.type == kind for value in values):  # C's own conversion
        return values
    return [values[0].cast(kind), *values[1:]]


def operation(symbol: str, left: Value, right: Value, kind: str, interval: Range | None) -> Value:
    """Return an operation of two values that have their types already."""
    binding = _BINDING[symbol]
    return Value(
        f"{_operand(left, symbol, True)} {symbol} {_operand(right, symbol, False)}",
        kind, interval, binding, symbol, left.reads | right.reads, left.memory or right.memory,
    )  # fmt: skip


def called(name: str, arguments: list[Value], kind: str, interval: Range) -> Value:
    """Return a call of a function that only computes."""
    text = f"{name}({', '.join(argument.text for argument in arguments)})"
    reads = frozenset().union(*(argument.reads for argument in arguments))
    return Value(text, kind, interval, reads=reads, memory=any(argument.memory for argument in arguments))


def _operand(value: Value, symbol: str, left: bool) -> str:
    """Return an operand, in parentheses wherever a reader would have to think."""
    clear = value.binding >= UNARY or (
        value.binding > _BINDING[symbol]
        and (_BINDING[symbol] in (ORDER, EQUALITY, LOGIC) and value.binding != BITS or value.binding == PRODUCT)
    )
    same = left and value.operator == symbol and symbol in "+*&^|&&||"
    return value.text if clear or same else f"({value.text})"


def opposite(condition: Value) -> str:
    """Return the text of the opposite of a condition."""
    symbols = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
    other = symbols.get(condition.operator)
    if other is None:
        return f"!{condition.inside(UNARY)}"
    if sum(condition.text.count(f" {symbol} ") for symbol in symbols) > 1:
        return f"!({condition.text})"
    return condition.text.replace(f" {condition.operator} ", f" {other} ", 1)
