"""What reaches outside of an expression: regions of memory, vector operations, intrinsics, subroutines, faults."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chip.ppu.compiler.language import HINTS, MISSING, Routine, spelled
from chip.ppu.compiler.scalars import INT32_MAX, INT32_MIN
from chip.ppu.compiler.text import NOTHING, Block, Place, Text, Value
from chip.ppu.vector.operands import Condition, VectorRegister
from chip.ppu.vector.operations import INTRINSIC_NAMES, INTRINSICS, OPERATION_NAMES, OPERATIONS, Operation

if TYPE_CHECKING:
    from chip.ppu.compiler.kernel import Subroutine

OUT_OF_BOUNDS, DIVISION_BY_ZERO, WATCHDOG = "out of bounds", "division by zero", "watchdog"


@dataclass(frozen=True)
class Site:
    """A place where a kernel can fault: what, in which routine, where, on which region."""

    kind: str
    routine: str
    file: str
    line: int
    region: str = ""
    lanes: int = 0


@dataclass(frozen=True)
class Requirement:
    """What a region must be for a kernel to run on it.

    Attributes:
        region: its name; elements: how many it must have at least; width: bytes per element, 0 for any.
        where: file:line that asks for it; operation: on whose behalf.
    """

    region: str
    elements: int
    width: int
    where: str
    operation: str


@dataclass
class Unit:
    """Everything that one kernel is compiled from: its own text and its subroutines', sites, requirements."""

    sites: list[Site] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)
    routines: dict[Any, Translated] = field(default_factory=dict)


@dataclass
class Translated:
    """A translated routine.

    Attributes:
        name, text: its Python name and text; regions: those that it uses; words: its size in instruction words.
        returns_value: whether it does.
        booked: its basic blocks, in the order in which the text books them.
        blocks: the same by where they begin in the source; faults: number of the site, by node and kind of fault.
    """

    name: str
    text: str
    regions: list[str]
    words: int
    returns_value: bool
    booked: list[Block]
    blocks: dict[Place, Block]
    faults: dict[Place, int]


_VALUE_RANGES = {
    "saturate8": (-0x80, 0x7F),
    "saturate16": (-0x8000, 0x7FFF),
    "count_leading_zeros": (0, 32),
}


class Calls(Text):
    """The part of the translator that knows regions, operations and subroutines."""

    def __init__(self, routine: Routine, unit: Unit):
        super().__init__()
        self.routine, self.unit = routine, unit
        self.regions: list[str] = []
        self.local_names: set[str] = set()
        self.assigned: set[str] = set()
        self.faults: dict[Place, int] = {}

    @staticmethod
    def python_name(name: str) -> str:
        """Return a variable of the user's as it is in the generated text; no name of the compiler's begins so."""
        return f"u_{name}"

    @staticmethod
    def as_integer(value: Value) -> str:
        """Return the text of a value as an integer."""
        return f"_int64({value.code})" if value.boolean or value.constant else value.code

    def book_move(self, value: Value) -> None:
        """Book the way of a value into a register of its own; a computed one is in one already."""
        if value.constant or value.code.isidentifier() and not value.code.startswith("_t"):
            self.book("alu")  # load immediate, or move
            self.book_constants(value)

    def named(self, value: Value) -> Value:
        """Return a value that is a name or a number, so that its text can be repeated."""
        if value.constant or value.code.isidentifier():
            return value
        name = self.temporary()
        self.emit(f"{name} = {value.code}")
        return Value(name, value.low, value.high)

    # ------------------------------------------------------------------ faults
    def fault(self, kind: str, node: ast.AST, condition: str, value: str = "", size: str = "", **where: Any) -> None:
        """Write a check that stops the kernel with a fault."""
        line = node.lineno  # type: ignore[attr-defined]
        self.unit.sites.append(Site(kind, self.routine.name, self.routine.file, line, **where))
        self.faults[node, kind] = len(self.unit.sites) - 1
        self.emit(f"if {condition}:")
        site, zero = self.pooled(len(self.unit.sites) - 1), self.pooled(0)
        self.emit(f"    {self.leave(f'_fault(_record, _cy, {site}, {value or zero}, {size or zero})')}")

    def leave(self, cycles: str, value: str = "0") -> str:
        """Return the statement that leaves the routine: a kernel returns its cycles, a subroutine value and cycles."""
        return f"return {cycles}" if self.routine.kind == "kernel" else f"return {value}, {cycles}"

    # ------------------------------------------------------------------ regions
    def region(self, node: ast.expr) -> str:
        """Return the name of the region that ``m.name`` stands for."""
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == self.routine.memory
            and node.value.id not in self.local_names
        ):
            if node.attr not in self.regions:
                self.regions.append(node.attr)
            return node.attr
        if isinstance(node, ast.Name) and node.id not in self.local_names:
            found = self.routine.look_up(node)
            if found is not MISSING and (hasattr(found, "dtype") or isinstance(found, list | tuple | dict)):
                self.routine.refuse(node, f"uses the global array {node.id}; put it into a region of Memory")
        self.routine.refuse(node, f"needs a region such as {self.routine.memory}.weights here, not {spelled(node)}")

    def element(self, node: ast.Subscript) -> tuple[str, str]:
        """Check a region's index; return the region's name and the text of the index."""
        name = self.region(node.value)
        if isinstance(node.slice, ast.Slice | ast.Tuple):
            self.routine.refuse(node, f"takes a slice, {spelled(node)}; read one element, or a vector with load8")
        return name, self.index(node, name, self.integer(node.slice), 1, 0, "element")

    def index(self, node: ast.AST, region: str, index: Value, lanes: int, width: int, operation: str) -> str:
        """Check an index into a region in units of ``lanes`` elements, now where it is known, else when it runs."""
        where = f"{self.routine.file}:{node.lineno}"  # type: ignore[attr-defined]
        needed = lanes * (index.low + 1) if index.constant else lanes
        if index.constant and index.low < 0:
            self.routine.refuse(node, f"uses the index {index.low} of region {region}; indices begin at 0")
        self.unit.requirements.append(Requirement(region, needed, width, where, operation))
        if index.constant:
            return self.argument(index)
        self.book("address")
        index = self.named(index)
        limit = f"_m_{region}.size" if lanes == 1 else f"_m_{region}.size // {lanes}"
        condition = f"{index.code} < 0 or {index.code} >= {limit}"
        self.fault(OUT_OF_BOUNDS, node, condition, index.code, limit, region=region, lanes=lanes)
        return index.code

    def _subscript(self, node: ast.Subscript) -> Value:
        name, index = self.element(node)
        self.book("load")
        result = self.temporary()
        self.emit(f"{result} = _load(_m_{name}, {index})")
        return Value(result, INT32_MIN, INT32_MAX)

    def store(self, name: str, index: str, value: Value) -> None:
        """Write one element of a region."""
        if value.constant:
            self.book("alu")  # the constant's way into a register
            self.book_constants(value)
        self.book("store")
        self.emit(f"_store(_m_{name}, {index}, {self.argument(value)})")

    # ------------------------------------------------------------------ calls
    def _call(self, node: ast.Call) -> Value:
        from chip.ppu.compiler.kernel import Kernel, Subroutine  # the two modules describe each other

        if node.keywords:
            self.routine.refuse(node, f"calls {spelled(node.func)} with a keyword; name arguments by position")
        callee = self.routine.look_up(node.func)
        if isinstance(node.func, ast.Name) and node.func.id in self.local_names:
            self.routine.refuse(node, f"calls its variable {node.func.id}")
        if isinstance(node.func, ast.Name) and node.func.id == self.routine.name and not callable(callee):
            self.routine.refuse(node, "calls itself; the processor's stack does not allow recursion, write a loop")
        if isinstance(callee, Subroutine):
            return self._subroutine(node, callee)
        if isinstance(callee, Kernel):
            self.routine.refuse(node, f"calls the kernel {callee.name}; only a @subroutine can be called")
        try:
            operation, intrinsic = OPERATION_NAMES.get(callee), INTRINSIC_NAMES.get(callee)
        except TypeError:  # something unhashable cannot be an operation
            operation = intrinsic = None
        if operation:
            return self._operation(node, OPERATIONS[operation])
        if intrinsic:
            return self._intrinsic(node, intrinsic)
        if callee is len and len(node.args) == 1:
            return self._length(node.args[0])
        if callee is self.routine.function or (isinstance(node.func, ast.Name) and node.func.id == self.routine.name):
            self.routine.refuse(node, "calls itself; the processor's stack does not allow recursion, write a loop")
        name = spelled(node.func)
        hint = HINTS.get(name, "kernels call vector operations, intrinsics such as saturate16, and subroutines")
        self.routine.refuse(node, f"calls {name}, which the processor does not have; {hint}")

    def _length(self, node: ast.expr) -> Value:
        """Translate len(m.region), which the linker knows: a load immediate."""
        self.book("alu")
        return Value(f"_m_{self.region(node)}.size", 1, 0xFFFF)

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
        value = self.integer(node)
        if not value.constant:
            self.routine.refuse(node, f"uses {spelled(node)} as {kind}, part of the instruction: it must be constant")
        if not 0 <= value.low <= limit:
            self.routine.refuse(node, f"uses {value.low} as {kind}, which must be 0..{limit}")
        return value.low

    def _named_operand(self, node: ast.expr, kind: type[VectorRegister] | type[Condition]) -> Any:
        """Return the register or the condition that an operation names; refuse everything else in its place."""
        local = isinstance(node, ast.Name) and node.id in self.local_names
        found = MISSING if local else self.routine.look_up(node)
        if isinstance(found, kind):
            return found
        number, given = None, f"its variable {spelled(node)}" if local else spelled(node)
        if not isinstance(found, VectorRegister | Condition):
            value = self.integer(node)  # refuses what is no number either
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

    def _operation(self, node: ast.Call, operation: Operation) -> Value:
        self._unit_argument(node, 0, self.routine.vector)
        arguments = self._arguments(node, 1 + len(operation.operands), operation.defaults)[1:]
        texts, region, amount = ["v"], "", None
        for kind, argument in zip(operation.operands, [*arguments, *[None] * operation.defaults], strict=False):
            if kind == "region":
                region = self.region(argument)  # type: ignore[arg-type]
                texts.append(f"_m_{region}")
            elif kind == "index":
                index = self.integer(argument) if argument is not None else Value("0", 0, 0)
                width = 128 // operation.lanes
                texts.append(self.index(node, region, index, operation.lanes, width, operation.name))
                self.book("alu")  # the region's address
            elif kind == "scalar":
                value = self.integer(argument)  # type: ignore[arg-type]
                if value.constant:
                    self.book("alu")
                    self.book_constants(value)
                texts.append(self.argument(value))
            elif argument is None:
                texts.append(self.pooled(0))
            elif kind == "register":
                texts.append(self.pooled(self._named_operand(argument, VectorRegister).number, "V"))
            elif kind == "code":
                texts.append(self.pooled(self._named_operand(argument, Condition).code))
            else:
                amount = self._immediate(argument, "a shift amount", int(kind.removeprefix("amount")))
                texts.append(self.pooled(amount))
        for instruction in operation.instructions_with(amount):
            self.book(instruction)
        self.unit.operations.add(operation.name)
        self.emit(f"_{operation.name}({', '.join(texts)})")
        return NOTHING

    def _intrinsic(self, node: ast.Call, name: str) -> Value:
        count, instructions = INTRINSICS[name]
        values = [self.integer(argument) for argument in self._arguments(node, count)]
        for instruction in instructions:
            self.book(instruction)
        for value in values:
            if value.constant:
                self.book("alu")
                self.book_constants(value)
        if name == "divide":
            values[1] = divisor = self.named(values[1])
            if not divisor.constant or divisor.low == 0:
                self.fault(DIVISION_BY_ZERO, node, f"{divisor.code} == 0")
        low, high = _VALUE_RANGES.get(name, (INT32_MIN, INT32_MAX))
        return Value(f"_{name}({', '.join(self.argument(value) for value in values)})", low, high)

    def _subroutine(self, node: ast.Call, callee: Subroutine) -> Value:
        self._unit_argument(node, 0, self.routine.vector)
        self._unit_argument(node, 1, self.routine.memory)
        arguments = self._arguments(node, 2 + len(callee.routine.parameters))[2:]
        values = [self.integer(argument) for argument in arguments]
        translated = callee.translate(self.unit)
        for name in translated.regions:
            if name not in self.regions:
                self.regions.append(name)
        self.book("call")
        self.book("alu", len(values))
        self.book_constants(*values)
        passed = ["v", "_record", "_limit", "_cy"]
        passed += [f"_m_{name}" for name in translated.regions] + [self.argument(value) for value in values]
        result = self.temporary()
        self.emit(f"{result}, _cy = {translated.name}({', '.join(passed)})")
        self.emit("if _cy < 0:")
        self.emit(f"    {self.leave('_cy')}")
        return Value(result, INT32_MIN, INT32_MAX) if translated.returns_value else NOTHING
