"""What a kernel sees: its variables, regions of memory, vector operations, intrinsics, subroutines; where it faults."""

from __future__ import annotations

import ast
from typing import Any

from chip.base.constants import VECTOR_BYTES
from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.form import Operand, RegionName
from chip.ppu.compiler.language import HINTS, MISSING, REFUSED_EXPRESSIONS, Routine, spelled
from chip.ppu.compiler.unit import (
    DIVISION_BY_ZERO,
    OUT_OF_BOUNDS,
    WATCHDOG,
    Declared,
    Requirement,
    Site,
    Unit,
)
from chip.ppu.compiler.values import Value, any_value, constant
from chip.ppu.compiler.variables import Variables, check_type
from chip.ppu.memory import ElementType
from chip.ppu.vector.operands import Condition, VectorRegister
from chip.ppu.vector.operations import OPERATIONS, Operation, known_call


class KernelScope:
    """The scope of one kernel or subroutine; see :class:`chip.ppu.compiler.expressions.Scope`."""

    def __init__(self, routine: Routine, unit: Unit, builder: Builder, variables: Variables, strict: bool = True):
        self.types_known = strict and unit.unsigned_regions is not None
        self.routine, self.unit, self.builder, self.variables = routine, unit, builder, variables
        self.regions: list[str] = []
        self.expressions = Expressions(builder, self)

    # ------------------------------------------------------------------ names

    def static(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if node.id in self.variables.names:
                return MISSING
            if node.id in (self.routine.vector, self.routine.memory):
                self.routine.refuse(node, f"uses {node.id} as a value; it can only be passed on")
            return self.routine.look_up(node)
        if isinstance(node, ast.Attribute) and not self._is_region(node) and self._begins_outside(node):
            return self.routine.look_up(node)
        return MISSING

    def _begins_outside(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id not in self.variables.names

    def _is_region(self, node: ast.Attribute) -> bool:
        return isinstance(node.value, ast.Name) and node.value.id == self.routine.memory

    def truth(self, node: ast.expr, known: Any) -> Value:
        return constant(int(bool(self.expressions.literal(node, known).low)))

    def call_of(self, node: ast.expr, handed_on: bool) -> Value | None:
        self.routine.refuse(node, REFUSED_EXPRESSIONS[ast.YieldFrom])

    def variable(self, node: ast.Name) -> Value | None:
        return self.variables.value(self.routine, node)

    def attribute(self, node: ast.Attribute) -> Value:
        if self._is_region(node):
            self.routine.refuse(node, f"uses the region {spelled(node)} as a value; read one element of it")
        self.routine.refuse(node, f"uses the unknown name {spelled(node)}")

    # ------------------------------------------------------------------ faults

    def fault(self, kind: str, node: ast.AST, region: str = "", lanes: int = 0) -> int:
        """Return the number of a new place where the routine can fault."""
        routine = self.routine
        self.unit.sites.append(Site(kind, routine.name, routine.file, node.lineno, region, lanes))  # type: ignore[attr-defined]
        self.builder.sites[node, kind] = len(self.unit.sites) - 1
        return len(self.unit.sites) - 1

    def divisor(self, node: ast.AST, value: Value) -> None:
        if not value.constant or value.low == 0:
            self.builder.do("check divisor", value.operand, self.fault(DIVISION_BY_ZERO, node))

    def watchdog(self, node: ast.stmt) -> None:
        """Have the watchdog look, once in every round of a loop."""
        self.builder.do("watchdog", self.fault(WATCHDOG, node))

    # ------------------------------------------------------------------ regions

    def region(self, node: ast.expr) -> str:
        """Return the name of the region that ``m.name`` stands for."""
        if isinstance(node, ast.Attribute) and self._is_region(node) and node.value.id not in self.variables.names:
            if node.attr not in self.regions:
                self.regions.append(node.attr)
            return RegionName(node.attr)
        if isinstance(node, ast.Name) and node.id not in self.variables.names:
            found = self.routine.look_up(node)
            if found is not MISSING and (hasattr(found, "dtype") or isinstance(found, list | tuple | dict)):
                self.routine.refuse(node, f"uses the global array {node.id}; put it into a region of Memory")
        self.routine.refuse(node, f"needs a region such as {self.routine.memory}.weights here, not {spelled(node)}")

    def element(self, node: ast.Subscript) -> tuple[str, Operand]:
        """Check a region's index; return the region's name and the index."""
        name = self.region(node.value)
        if isinstance(node.slice, ast.Slice | ast.Tuple):
            self.routine.refuse(node, f"takes a slice, {spelled(node)}; read one element, or a vector with load8")
        return name, self.index(node, name, self.expressions.integer(node.slice), 1, 0, "element")

    def index(self, node: ast.AST, region: str, index: Value, lanes: int, width: int, operation: str) -> Operand:
        """Check an index into a region in units of ``lanes`` elements, now where it is known, else when it runs."""
        where = f"{self.routine.file}:{node.lineno}"  # type: ignore[attr-defined]
        needed = lanes * (index.low + 1) if index.constant else lanes
        if index.constant and index.low < 0:
            self.routine.refuse(node, f"uses the index {index.low} of region {region}; indices begin at 0")
        self.unit.requirements.append(Requirement(region, needed, width, where, operation))
        if not index.constant:
            self.builder.book("address")
            site = self.fault(OUT_OF_BOUNDS, node, region, lanes)
            self.builder.do("check index", region, index.operand, lanes, site)
        return index.operand

    def subscript(self, node: ast.Subscript) -> Value:
        name, index = self.element(node)
        return self.load(name, index)

    def load(self, name: str, index: Operand) -> Value:
        """Read one element of a region, whose index is checked."""
        self.builder.book("load")
        unsigned = name in (self.unit.unsigned_regions or ())
        return any_value(self.builder.emit("load unsigned" if unsigned else "load", name, index), unsigned)

    def store(self, name: str, index: Operand, value: Value) -> None:
        """Write one element of a region, whose index is checked."""
        self.builder.book_operand(value)
        self.builder.book("store")
        self.builder.do("store", name, index, value.operand)

    # ------------------------------------------------------------------ calls

    def bare(self, node: ast.Expr) -> None:
        """Read an expression that stands as a statement."""
        if not isinstance(node.value, ast.Call) and type(node.value) not in REFUSED_EXPRESSIONS:
            self.routine.refuse(node, f"computes {spelled(node)} and does nothing with it")
        self.expressions.expression(node.value)

    def call(self, node: ast.Call) -> Value | None:
        routine, name = self.routine, node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords:
            routine.refuse(node, f"calls {spelled(node.func)} with a keyword; name arguments by position")
        if name in self.variables.names:
            routine.refuse(node, f"calls its variable {name}")
        callee = routine.look_up(node.func)
        calls_itself = callee is routine.function or (name == routine.name and not callable(callee))
        if calls_itself:
            routine.refuse(node, "calls itself; the processor's stack does not allow recursion, write a loop")
        if isinstance(callee, Declared):
            if callee.routine.kind == "kernel":
                routine.refuse(node, f"calls the kernel {callee.name}; only a @subroutine can be called")
            return self._subroutine(node, callee)
        if isinstance(callee, ElementType):
            return self.expressions.conversion(node, callee.name)
        if callee is len and len(node.args) == 1:
            return self._length(node.args[0])
        operation, intrinsic = known_call(callee)
        if operation:
            self._operation(node, OPERATIONS[operation])
            return None
        if intrinsic:
            return self.expressions.intrinsic(node, intrinsic)
        if name == routine.name:
            routine.refuse(node, "calls itself; the processor's stack does not allow recursion, write a loop")
        hint = HINTS.get(
            spelled(node.func), "kernels call vector operations, intrinsics such as saturate16, and subroutines"
        )
        routine.refuse(node, f"calls {spelled(node.func)}, which the processor does not have; {hint}")

    def _length(self, node: ast.expr) -> Value:
        """Read len(m.region), which the linker knows: a load immediate."""
        self.builder.book("alu")
        return Value(self.builder.emit("size", self.region(node)), 1, 0xFFFF)

    def _arguments(self, node: ast.Call, expected: int, optional: int = 0) -> list[ast.expr]:
        given = len(node.args)
        if not expected - optional <= given <= expected:
            wanted = f"{expected}" if not optional else f"{expected - optional} to {expected}"
            self.routine.refuse(node, f"calls {spelled(node.func)} with {given} arguments; it takes {wanted}")
        return node.args

    def _unit_argument(self, node: ast.Call, position: int, name: str) -> None:
        if len(node.args) <= position or not (
            isinstance(node.args[position], ast.Name) and node.args[position].id == name  # type: ignore[attr-defined]
        ):
            self.routine.refuse(node, f"calls {spelled(node.func)} without {name} as argument {position + 1}")

    def _immediate(self, node: ast.expr, kind: str, limit: int) -> int:
        value = self.expressions.integer(node)
        if not value.constant:
            self.routine.refuse(node, f"uses {spelled(node)} as {kind}, part of the instruction: it must be constant")
        if not 0 <= value.low <= limit:
            self.routine.refuse(node, f"uses {value.low} as {kind}, which must be 0..{limit}")
        return value.low

    def _named_operand(self, node: ast.expr, kind: type[VectorRegister] | type[Condition]) -> Any:
        """Return the register or the condition that an operation names; refuse everything else in its place."""
        local = isinstance(node, ast.Name) and node.id in self.variables.names
        found = MISSING if local else self.routine.look_up(node)
        if isinstance(found, kind):
            return found
        number, given = None, f"its variable {spelled(node)}" if local else spelled(node)
        if not isinstance(found, VectorRegister | Condition):
            value = self.expressions.integer(node)  # refuses what is no number either
            if value.constant:
                number, given = value.low, f"the number {value.low}"
        meant = kind(number) if number in range(len(kind)) else None
        if kind is Condition:
            self.routine.refuse(node, f"uses {given} as a condition; write {meant or 'ALWAYS, GREATER, LESS or EQUAL'}")
        self.routine.refuse(
            node,
            f"uses {given} as a vector register; write {meant or 'V0 to V31'} for the register; for "
            f"{'a number' if number is None else given} splat it into a register first",
        )

    def _operation(self, node: ast.Call, operation: Operation) -> None:
        self._unit_argument(node, 0, self.routine.vector)
        arguments = self._arguments(node, 1 + len(operation.operands), operation.defaults)[1:]
        operands: list[Any] = []
        region, amount = "", None
        for kind, argument in zip(operation.operands, [*arguments, *[None] * operation.defaults], strict=False):
            if kind == "region":
                region = self.region(argument)  # type: ignore[arg-type]
                operands.append(region)
            elif kind == "index":
                index = self.expressions.integer(argument) if argument is not None else Value(0, 0, 0)
                width = VECTOR_BYTES // operation.lanes
                operands.append(self.index(node, region, index, operation.lanes, width, operation.name))
                self.builder.book("alu")  # the region's address
            elif kind == "scalar":
                value = self.expressions.integer(argument)  # type: ignore[arg-type]
                self.builder.book_operand(value)
                operands.append(value.operand)
            elif argument is None:
                operands.append(0)
            elif kind == "register":
                operands.append(self._named_operand(argument, VectorRegister).number)
            elif kind == "code":
                operands.append(self._named_operand(argument, Condition).code)
            else:
                amount = self._immediate(argument, "a shift amount", int(kind.removeprefix("amount")))
                operands.append(amount)
        for instruction in operation.instructions_with(amount):
            self.builder.book(instruction)
        self.builder.do("vector", operation.name, *operands)

    def _subroutine(self, node: ast.Call, callee: Declared) -> Value | None:
        self._unit_argument(node, 0, self.routine.vector)
        self._unit_argument(node, 1, self.routine.memory)
        parameters = callee.routine.parameters
        arguments = self._arguments(node, 2 + len(parameters))[2:]
        values = [self.expressions.integer(argument) for argument in arguments]
        lowered = callee.lower(self.unit)
        for name, value, argument in zip(parameters, values, arguments, strict=True):
            self.check_type(argument, value, name in lowered.unsigned, f"parameter {name} of {callee.name}")
        for name in lowered.regions:
            if name not in self.regions:
                self.regions.append(name)
        self.builder.book("call")
        self.builder.book("alu", len(values))
        self.builder.book_constants(*values)
        operands = (callee, *(value.operand for value in values))
        if lowered.result is None:
            self.builder.do("call", *operands)
            return None
        return any_value(self.builder.emit("call", *operands), lowered.result)

    def check_type(self, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
        """Refuse a number that is no value of a type."""
        if self.types_known:
            check_type(self.routine, node, value, unsigned, what)
