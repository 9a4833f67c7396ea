"""Instructions that only compute, as expressions of C."""

from __future__ import annotations

from chip.ppu.compiler.form import Instruction
from chip.ppu.export.ranges import SIGNED, Range, within
from chip.ppu.export.values import UNARY, Value, called, common_type, in_type, operation

_ARITHMETIC = {"+": "+", "-": "-", "*": "*", "&": "&", "|": "|", "^": "^"}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_NARROWED = {"low 8": "uint8_t", "low 16": "uint16_t", "extend 8": "int8_t", "extend 16": "int16_t"}


def computed(instruction: Instruction, values: list[Value], interval: Range, wrapped: bool) -> Value:
    """Return what an instruction computes.

    Args:
        instruction: one of :data:`chip.ppu.compiler.form.PURE`; values: its operands; interval: what it gives lies in.
        wrapped: the next step takes its low 32 bits alone.
    """
    name, first = instruction.operation, values[0]
    if name in ("copy", "integer"):
        return first
    if name in _ARITHMETIC:
        return _arithmetic(name, values, interval, wrapped)
    if name in ("<<", ">>", "negate", "invert"):
        return _of_one(name, values, interval, wrapped)
    if name in _COMPARISONS:
        left, right = in_type(values, common_type(values))
        return operation(name, left, right, "int32_t", interval)
    if name in ("and", "or"):
        return operation("&&" if name == "and" else "||", *values, "int32_t", interval)
    if name == "not":
        return first.with_text(f"!{first.inside(UNARY)}", "int32_t", UNARY).of_range(interval)
    if name in ("wrap", "wrap_unsigned"):
        return first.cast("int32_t" if name == "wrap" else "uint32_t").of_range(interval)
    if name in _NARROWED:
        return first.with_text(f"({_NARROWED[name]}){first.inside(UNARY)}", "int32_t", UNARY).of_range(interval)
    return _function(name, values, interval)


def _type_of(values: list[Value], interval: Range, wrapped: bool) -> tuple[str, Range | None]:
    """Return the type to compute in, and what the result lies in there."""
    kind = common_type(values, interval)
    if kind == "int64_t" and wrapped:  # any 32 bits will do
        unsigned = any(value.type == "uint32_t" for value in values)
        return ("uint32_t" if unsigned else "int32_t"), None
    return kind, interval


def _arithmetic(name: str, values: list[Value], interval: Range, wrapped: bool) -> Value:
    kind, found = _type_of(values, interval, wrapped)
    left, right = in_type(values, kind) if found is not None or kind == "uint32_t" else values
    return operation(_ARITHMETIC[name], left, right, kind, found)


def _of_one(name: str, values: list[Value], interval: Range, wrapped: bool) -> Value:
    """Return what is made of one value: a shift by a number, the negative, the complement."""
    kind, found = _type_of(values[:1], interval, wrapped)
    value = values[0].cast(kind)
    if name in ("<<", ">>"):
        return operation(name, value, values[1], kind, found)
    symbol = "-" if name == "negate" else "~"
    text = value.inside(UNARY) if value.text[0] != "-" else f"({value.text})"
    return value.with_text(f"{symbol}{text}", kind, UNARY).of_range(found)


def _function(name: str, values: list[Value], interval: Range) -> Value:
    """Return a call of a function of the header, or a division that C has."""
    symbol = "/" if name.startswith("divide") else "%"
    if name in ("divide_unsigned", "remainder_unsigned"):
        return operation(symbol, *(value.cast("uint32_t") for value in values), "uint32_t", interval)
    if name in ("divide", "remainder") and _divides_alike(*values):
        return operation(symbol, *(value.cast("int32_t") for value in values), "int32_t", interval)
    if name == "count_leading_zeros":
        return called(name, [values[0].cast("uint32_t")], "int32_t", interval)
    if name.startswith("shift"):
        unsigned = name.endswith("unsigned")
        kind = "uint32_t" if unsigned else "int32_t"
        return called(name, [values[0].cast(kind), values[1].cast("uint32_t")], kind, interval)
    unsigned = not all(within(value.range or SIGNED, SIGNED) for value in values)
    kind = "uint32_t" if unsigned else "int32_t"
    result = "uint32_t" if unsigned and name in ("minimum", "maximum") else "int32_t"
    return called(name + "_unsigned" * unsigned, [value.cast(kind) for value in values], result, interval)


def _divides_alike(left: Value, right: Value) -> bool:
    """Return whether C's division is defined: not the least number by -1."""
    low, high = right.range or SIGNED
    return not low <= -1 <= high or (left.range or SIGNED)[0] > SIGNED[0]
