"""A walk through the intermediate form in Python integers, operation by operation: what ``chip.ppu.stepping`` shows."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CellType, FunctionType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from chip.ppu.compiler import scalars
from chip.ppu.compiler.form import (
    PURE,
    Block,
    Booked,
    Count,
    If,
    Instruction,
    Leave,
    Loop,
    Node,
    Operand,
    RegionName,
    signed32,
    unsigned32,
)
from chip.ppu.compiler.kernel import KernelForm, stop
from chip.ppu.compiler.language import Routine
from chip.ppu.compiler.unit import Lowered
from chip.ppu.compiler.variables import variable_name
from chip.ppu.costs import COSTS
from chip.ppu.vector.operands import ALWAYS, Condition, VectorRegister
from chip.ppu.vector.operations import FUNCTIONS, OPERATIONS, Operation
from chip.ppu.vector.unit import VectorUnit

NEXT = Leave("next", 0)  # control goes on behind a node


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
        routine, lowered: what it is; values: of its variables.
        pending: instructions of its basic block that are booked and belong to operations still to come.
    """

    routine: Routine
    lowered: Lowered
    values: dict[str, int]
    pending: list[Booked] = field(default_factory=list)

    def value(self, operand: Operand) -> int:
        return operand if isinstance(operand, int) else self.values[operand]


Way = Generator[Event, None, Leave]


@functools.cache
def plain(function: Callable) -> Callable:
    """Return a function that numba would compile as plain Python, and what it calls as well."""
    python = getattr(function, "py_func", function)
    if not isinstance(python, FunctionType):
        return function

    def translated(value: Any) -> Any:
        if value is scalars.int64:
            return int
        return plain(value) if hasattr(value, "py_func") else value

    used = {name: python.__globals__[name] for name in python.__code__.co_names if name in python.__globals__}
    names = {name: translated(value) for name, value in used.items()} | {"__builtins__": builtins}
    cells = tuple(CellType(translated(cell.cell_contents)) for cell in python.__closure__ or ())
    return FunctionType(python.__code__, names, python.__name__, python.__defaults__, cells)


class Walk:
    """One call of a kernel.

    Attributes:
        cycles: booked so far, of whole basic blocks; pending: those of them that belong to operations still to come.
    """

    def __init__(self, form: KernelForm, unit: VectorUnit, regions: Mapping[str, np.ndarray], limit_cycles: int):
        self.form, self.unit, self.regions, self.limit = form, unit, regions, limit_cycles
        self.cycles = self.pending = 0

    def kernel_events(self, integers: tuple[int, ...]) -> Generator[Event, None, None]:
        """Walk through the kernel and book its cycles on the unit."""
        yield from self._routine(self.form.kernel, integers)
        self.unit.record[0] += self.cycles

    def _routine(self, key: Any, integers: Sequence[int]) -> Generator[Event, None, int | None]:
        routine, lowered = key.routine, self.form.unit.routines[key]
        names = [variable_name(name) for name in lowered.parameters]
        frame = Frame(routine, lowered, dict(zip(names, integers, strict=True)))
        left = yield from self._nodes(frame, lowered.nodes)
        if left is NEXT:
            yield self._event(frame, routine.tree.end_lineno or routine.first_line, "return")
            return None
        return None if left.value is None else frame.value(left.value)

    # ------------------------------------------------------------------ nodes

    def _nodes(self, frame: Frame, nodes: Sequence[Node]) -> Way:
        waiting = list(reversed(nodes))  # not one within the other: an elif may have hundreds of ways
        while waiting:
            node = waiting.pop()
            if isinstance(node, Block):
                self._book(frame, node)
                for instruction in node.code:
                    yield from self._instruction(frame, instruction)
            elif isinstance(node, If):
                condition = frame.value(node.condition)
                if node.operation:
                    yield self._event(frame, node.line, node.operation, (node.shown,), int(condition != 0))
                waiting += reversed(node.body if condition else node.orelse)
            else:
                left = yield from self._control(frame, node)
                if left is not NEXT:
                    return left
        return NEXT

    def _control(self, frame: Frame, node: Node) -> Way:
        if isinstance(node, Loop):
            while True:
                left = yield from self._nodes(frame, node.body)
                if left.how in ("break", "return"):
                    return NEXT if left.how == "break" else left
        if isinstance(node, Count):
            return (yield from self._count(frame, node))
        assert isinstance(node, Leave)
        if node.shown:
            value = None if node.value is None else frame.value(node.value)
            yield self._event(frame, node.line, node.how, (), value)
        return node

    def _count(self, frame: Frame, node: Count) -> Way:
        for value in range(frame.value(node.start), frame.value(node.stop), node.step):
            frame.values[node.variable] = value
            head = node.body[0]
            assert isinstance(head, Block)
            self._book(frame, head)
            for instruction in head.code:
                yield from self._instruction(frame, instruction)
            yield self._event(frame, node.line, "for", (node.shown,), value)
            left = yield from self._nodes(frame, node.body[1:])
            if left.how in ("break", "return"):
                return NEXT if left.how == "break" else left
        return NEXT

    # ------------------------------------------------------------------ cycles and faults

    def _book(self, frame: Frame, block: Block) -> None:
        """Enter a basic block; what the one before has booked is over."""
        if block.cycles:
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
        line: int,
        operation: str,
        operands: tuple[str, ...] = (),
        result: int | np.ndarray | None = None,
        instruction: str = "",
    ) -> Event:
        """Note that an operation was done: up to its last instruction, or else the rest of its statement."""
        pending = frame.pending
        if instruction:
            names = [booked.name for booked in pending]
            count = names.index(instruction) + 1 if instruction in names else 0
        else:
            lines = [booked.line for booked in pending]
            count = len(lines) - lines[::-1].index(line) if line in lines else 0
            if operation == "return":
                count = len(pending)
        self._settle(frame, count)
        return Event(frame.routine, line, operation, operands, result)

    def _fault(self, site: int, value: int = 0, size: int = 0) -> NoReturn:
        self.unit.record[1:] = site, value, size
        stop(self.form, self.unit.record, self.cycles, self.limit)

    # ------------------------------------------------------------------ instructions

    def _instruction(self, frame: Frame, instruction: Instruction) -> Generator[Event, None, None]:
        operation, target, operands, line = instruction
        if operation in PURE:
            value = int(PURE[operation].compute(*map(frame.value, operands)))
            frame.values[target] = value
            if operation == "copy" and target.startswith("u_"):
                yield self._event(frame, line, "set", (target[2:],), value)
        elif operation == "call":
            yield from self._call(frame, instruction)
        elif operation == "vector":
            yield self._vector(frame, instruction)
        elif operation in ("load", "load unsigned"):
            name, index = operands[0], frame.value(operands[1])
            bits = unsigned32 if operation == "load unsigned" else signed32
            frame.values[target] = value = bits(int(self.regions[name][index]))
            yield self._event(frame, line, "load", (f"{name}[{index}]",), value, "load")
        elif operation == "store":
            name, index, value = operands[0], frame.value(operands[1]), frame.value(operands[2])
            array = self.regions[name]
            array[index] = np.int64(value).astype(array.dtype)  # the low bits
            yield self._event(frame, line, "store", (f"{name}[{index}]",), int(array[index]), "store")
        elif operation == "size":
            frame.values[target] = self.regions[operands[0]].size
        else:
            self._check(frame, operation, operands)

    def _check(self, frame: Frame, operation: str, operands: tuple) -> None:
        if operation == "watchdog" and self.cycles > self.limit:
            self._fault(operands[0])
        if operation == "check divisor" and frame.value(operands[0]) == 0:
            self._fault(operands[1])
        if operation == "check index":
            region, index, lanes, site = operands
            size = self.regions[region].size // lanes
            if not 0 <= frame.value(index) < size:
                self._fault(site, frame.value(index), size)

    def _call(self, frame: Frame, instruction: Instruction) -> Generator[Event, None, None]:
        callee, *values = instruction.operands
        integers = [frame.value(value) for value in values]
        shown = f"{callee.name}({', '.join(map(str, integers))})"
        yield self._event(frame, instruction.line, "call", (shown,), None, "call")
        result = yield from self._routine(callee, integers)
        if instruction.target:
            assert result is not None
            frame.values[instruction.target] = result

    def _vector(self, frame: Frame, instruction: Instruction) -> Event:
        """Do a vector operation; return its event."""
        name, *operands = instruction.operands
        operation = OPERATIONS[name]
        arguments: list[Any] = []
        shown, region, first, amount = [], "", 0, None
        for kind, operand in zip(operation.operands, operands, strict=False):
            if isinstance(operand, RegionName):
                region = operand
                arguments.append(self.regions[region])
                continue
            value = frame.value(operand)
            arguments.append(value)
            if kind == "index":
                first = value
            elif kind == "register":
                shown.append(str(VectorRegister(value)))
            elif kind == "code":
                shown += [] if value == ALWAYS.code else [str(Condition(value))]
            else:
                shown.append(str(value))
                amount = value if kind.startswith("amount") else None
        if region:
            shown.append(f"{region}[{first * operation.lanes}:{(first + 1) * operation.lanes}]")
        plain(FUNCTIONS[name])(self.unit.state, *arguments)
        result = self._written(operation, arguments, first)
        last = operation.instructions_with(amount)[-1]
        return self._event(frame, instruction.line, name, tuple(shown), result, last)

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
