"""The slow twin of the kernel compiler, its expressions: a walk through the source's syntax tree in Python integers.

It knows nothing of the intermediate form but how many cycles a basic block books and which variables are unsigned.
After every operation a number is brought back to 32 bits by its type, which follows from the tree. Every method that
can meet an operation is a generator: it yields events and returns its value.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from chip.ppu.compiler.form import Booked
from chip.ppu.compiler.kernel import KernelForm, Subroutine, stop
from chip.ppu.compiler.language import Routine
from chip.ppu.compiler.unit import DIVISION_BY_ZERO, OUT_OF_BOUNDS, WATCHDOG, Lowered
from chip.ppu.compiler.walk import plain
from chip.ppu.costs import COSTS
from chip.ppu.memory import ElementType
from chip.ppu.vector.operands import ALWAYS, Condition
from chip.ppu.vector.operations import INTRINSIC_NAMES, OPERATION_NAMES, OPERATIONS, Operation
from chip.ppu.vector.unit import VectorUnit


class Event(NamedTuple):
    """An operation that was done: see :class:`chip.ppu.stepping.Step`."""

    routine: Routine
    line: int
    operation: str
    operands: tuple[str, ...]
    result: int | np.ndarray | None = None


@dataclass
class Frame:
    """One call of a routine.

    Attributes:
        routine, lowered: what it is, and what the compiler knows of it.
        names: the values of its variables; line: of the statement that it is at.
        pending: instructions of its basic block that are booked and belong to operations still to come.
    """

    routine: Routine
    lowered: Lowered
    names: dict[str, int]
    line: int = 0
    pending: list[Booked] = field(default_factory=list)


Value = Generator[Event, None, int]


def in_32_bits(number: int, unsigned: bool = False) -> int:
    """Return the low 32 bits of an integer."""
    low = number & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 and not unsigned else low


ARITHMETIC: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: lambda x, amount: x << (amount & 63),  # six bits of the amount count, in both directions
    ast.RShift: lambda x, amount: x >> (amount & 63),
}
_COMPARISONS: dict[type, Callable[[int, int], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_UNARY: dict[type, Callable[[int], int]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}


def is_lowest(node: ast.UnaryOp) -> bool:
    """Return whether a node is -2147483648, a number of its own and not the negative of an unsigned one."""
    operand = node.operand
    return isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant) and operand.value == 1 << 31


def constant_of(value: object) -> int:
    """Return a constant from outside of the routine as an integer."""
    return operator.index(value)  # type: ignore[arg-type]


class Expressions:
    """The part of the walk that knows values, regions, operations, booking and faults.

    Attributes:
        cycles: of the kernel so far; a basic block is booked when it is entered.
        pending: those of them that belong to operations still to come.
    """

    def __init__(self, form: KernelForm, unit: VectorUnit, regions: Mapping[str, np.ndarray], limit_cycles: int):
        self.form, self.unit, self.regions, self.limit = form, unit, regions, limit_cycles
        self.cycles = self.pending = 0

    # ------------------------------------------------------------------ booking and faults

    def _book(self, frame: Frame, node: ast.AST, part: str) -> None:
        """Enter a basic block, if that part of a node begins one."""
        block = frame.lowered.blocks.get((node, part))
        if block is not None and block.cycles:
            self._settle(frame, len(frame.pending))
            frame.pending = list(block.booked)
            self.cycles += block.cycles
            self.pending += block.cycles

    def _settle(self, frame: Frame, count: int) -> None:
        """Take the first pending instructions as executed."""
        self.pending -= sum(booked.count * COSTS[booked.name].cycles for booked in frame.pending[:count])
        del frame.pending[:count]

    def _event(
        self,
        frame: Frame,
        operation: str,
        operands: tuple[str, ...] = (),
        result: int | np.ndarray | None = None,
        instruction: str = "",
    ) -> Event:
        """Note that an operation was done: with its instruction, or else the rest of its statement."""
        pending = frame.pending
        if instruction:
            names = [booked.name for booked in pending]
            count = names.index(instruction) + 1 if instruction in names else 0
        else:
            lines = [booked.line for booked in pending]
            count = len(lines) - lines[::-1].index(frame.line) if frame.line in lines else 0
            if operation == "return":
                count = len(pending)
        self._settle(frame, count)
        return Event(frame.routine, frame.line, operation, operands, result)

    def _fault(self, frame: Frame, node: ast.AST, kind: str, value: int = 0, size: int = 0) -> NoReturn:
        self.unit.record[1:] = frame.lowered.faults[node, kind], value, size
        stop(self.form, self.unit.record, self.cycles, self.limit)

    def _check_watchdog(self, frame: Frame, node: ast.AST) -> None:
        if self.cycles > self.limit:
            self._fault(frame, node, WATCHDOG)

    # ------------------------------------------------------------------ regions

    def _element(self, frame: Frame, node: ast.Subscript) -> Generator[Event, None, tuple[str, int]]:
        """Return the region's name and the index."""
        name = node.value.attr
        index = yield from self._value(frame, node.slice)
        self._check_index(frame, node, name, index, 1)
        return name, index

    def _check_index(self, frame: Frame, node: ast.AST, region: str, index: int, lanes: int) -> None:
        size = self.regions[region].size // lanes
        if not 0 <= index < size:
            self._fault(frame, node, OUT_OF_BOUNDS, index, size)

    def _load(self, frame: Frame, region: str, index: int) -> Value:
        value = in_32_bits(int(self.regions[region][index]), self.regions[region].dtype == np.uint32)
        yield self._event(frame, "load", (f"{region}[{index}]",), value, "load")
        return value

    def _store(self, frame: Frame, region: str, index: int, value: int) -> Event:
        array = self.regions[region]
        array[index] = np.int64(value).astype(array.dtype)  # the low bits
        return self._event(frame, "store", (f"{region}[{index}]",), int(array[index]), "store")

    # ------------------------------------------------------------------ expressions

    def _value(self, frame: Frame, node: ast.expr) -> Value:
        if isinstance(node, ast.Name) and node.id in frame.names:
            return frame.names[node.id]
        if isinstance(node, ast.Constant):
            return int(node.value)
        if isinstance(node, ast.Name | ast.Attribute):  # a constant from outside of the routine
            return constant_of(frame.routine.look_up(node))
        return (yield from getattr(self, f"_{type(node).__name__.lower()}")(frame, node))

    def _binop(self, frame: Frame, node: ast.BinOp) -> Value:
        left = yield from self._value(frame, node.left)
        right = yield from self._value(frame, node.right)
        return in_32_bits(ARITHMETIC[type(node.op)](left, right), self.is_unsigned(frame, node))

    def _unaryop(self, frame: Frame, node: ast.UnaryOp) -> Value:
        if is_lowest(node):
            return -(1 << 31)
        value = int(_UNARY[type(node.op)]((yield from self._value(frame, node.operand))))
        return in_32_bits(value, self.is_unsigned(frame, node))

    def _compare(self, frame: Frame, node: ast.Compare) -> Value:
        left, result = (yield from self._value(frame, node.left)), 1
        for number, (kind, operand) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if result:
                self._book(frame, node, f"operand {number}")
                right = yield from self._value(frame, operand)
                left, result = right, int(_COMPARISONS[type(kind)](left, right))
            self._book(frame, node, f"after {number}")
        return result

    def _boolop(self, frame: Frame, node: ast.BoolOp) -> Value:
        both = isinstance(node.op, ast.And)
        value = yield from self._value(frame, node.values[0])
        for number, operand in enumerate(node.values[1:], start=1):
            if bool(value) == both:
                self._book(frame, node, f"operand {number}")
                value = yield from self._value(frame, operand)
            self._book(frame, node, f"after {number}")
        return value

    def _ifexp(self, frame: Frame, node: ast.IfExp) -> Value:
        condition = yield from self._value(frame, node.test)
        self._book(frame, node, "body" if condition else "else")
        value = yield from self._value(frame, node.body if condition else node.orelse)
        self._book(frame, node, "after")
        return value

    def _subscript(self, frame: Frame, node: ast.Subscript) -> Value:
        name, index = yield from self._element(frame, node)
        return (yield from self._load(frame, name, index))

    def is_unsigned(self, frame: Frame, node: ast.expr) -> bool:
        """Return whether an expression is u32, as it stands in the tree."""
        if isinstance(node, ast.Name) and node.id in frame.names:
            return node.id in frame.lowered.unsigned
        if isinstance(node, ast.Constant | ast.Name | ast.Attribute):
            value = node.value if isinstance(node, ast.Constant) else frame.routine.look_up(node)
            return constant_of(value) >= 1 << 31
        if isinstance(node, ast.Subscript):
            return self.regions[node.value.attr].dtype == np.uint32
        if isinstance(node, ast.BinOp):
            sides = [node.left] if isinstance(node.op, ast.LShift | ast.RShift) else [node.left, node.right]
            return any(self.is_unsigned(frame, side) for side in sides)
        if isinstance(node, ast.UnaryOp):
            truth_or_lowest = isinstance(node.op, ast.Not) or is_lowest(node)
            return not truth_or_lowest and self.is_unsigned(frame, node.operand)
        if isinstance(node, ast.BoolOp | ast.IfExp):
            ways = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return any(self.is_unsigned(frame, way) for way in ways)
        return isinstance(node, ast.Call) and self._returns_unsigned(frame, node)

    def _returns_unsigned(self, frame: Frame, node: ast.Call) -> bool:
        callee = frame.routine.look_up(node.func)
        if isinstance(callee, ElementType):
            return callee.name == "u32"
        if isinstance(callee, Subroutine):
            return bool(self.form.unit.routines[callee].result)
        binary = callee in INTRINSIC_NAMES and INTRINSIC_NAMES[callee] in ("minimum", "maximum", "divide", "remainder")
        return binary and any(self.is_unsigned(frame, argument) for argument in node.args)

    # ------------------------------------------------------------------ calls

    def _call(self, frame: Frame, node: ast.Call) -> Generator[Event, None, int | None]:
        callee = frame.routine.look_up(node.func)
        if callee is len:
            return self.regions[node.args[0].attr].size
        if isinstance(callee, Subroutine):
            integers = yield from self._values(frame, node.args[2:])
            yield self._event(frame, "call", (f"{callee.name}({', '.join(map(str, integers))})",), None, "call")
            return (yield from self._routine(callee, tuple(integers)))
        if callee in INTRINSIC_NAMES:
            integers = yield from self._values(frame, node.args)
            if INTRINSIC_NAMES[callee] in ("divide", "remainder") and integers[1] == 0:
                self._fault(frame, node, DIVISION_BY_ZERO)
            return in_32_bits(plain(callee)(*integers), self.is_unsigned(frame, node))
        if isinstance(callee, ElementType):
            (value,) = yield from self._values(frame, node.args)
            return int(np.int64(value).astype(callee.dtype))
        yield (yield from self._operation(frame, node, OPERATIONS[OPERATION_NAMES[callee]], callee))
        return None

    def _routine(self, key: Any, integers: tuple[int, ...]) -> Generator[Event, None, int | None]:
        raise NotImplementedError

    def _values(self, frame: Frame, nodes: list[ast.expr]) -> Generator[Event, None, list[int]]:
        values = []
        for node in nodes:
            values.append((yield from self._value(frame, node)))
        return values

    def _operation(
        self, frame: Frame, node: ast.Call, operation: Operation, function: Callable
    ) -> Generator[Event, None, Event]:
        """Do a vector operation; return its event."""
        arguments: list[Any] = []
        shown, region, first, amount = [], "", 0, None
        for kind, argument in zip(operation.operands, node.args[1:], strict=False):
            if kind == "region":
                region = argument.attr
                arguments.append(self.regions[region])
                continue
            if kind in ("register", "code"):
                named = frame.routine.look_up(argument)
                arguments.append(named.code if isinstance(named, Condition) else named.number)
                shown += [] if named is ALWAYS else [str(named)]
                continue
            value = yield from self._value(frame, argument)
            arguments.append(value)
            if kind == "index":
                first = value
                self._check_index(frame, node, region, value, operation.lanes)
            else:
                shown.append(str(value))
                amount = value if kind.startswith("amount") else None
        left_out = operation.operands[len(node.args) - 1 :]
        shown += ["0" for kind in left_out if kind.startswith("amount")]
        if region:
            shown.append(f"{region}[{first * operation.lanes}:{(first + 1) * operation.lanes}]")
        plain(function)(self.unit.state, *arguments)
        result = self._written(operation, arguments, first)
        return self._event(frame, operation.name, tuple(shown), result, operation.instructions_with(amount)[-1])

    def _written(self, operation: Operation, arguments: list[Any], index: int) -> np.ndarray:
        """Return a copy of what an operation has written: lanes, conditions, accumulator or memory."""
        state, halfwords = self.unit.state, "16" in operation.name or operation.name.startswith("unpack")
        if operation.name.startswith("store"):
            return arguments[1][operation.lanes * index :][: operation.lanes].copy()
        if operation.name.startswith("compare"):
            return state.conditions[:: 2 if halfwords else 1].copy()
        if "to_accumulator" in operation.name:
            return (state.accumulator32 if halfwords else state.accumulator16).copy()
        return (state.halfwords if halfwords else state.bytes)[arguments[0]].copy()
