"""What a task sees: its variables, what is known of it, tables, and where it faults."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from chip.base.declaration import shown
from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.language import MISSING, spelled, stored_names, stores
from chip.ppu.compiler.tasks.calls import Calls
from chip.ppu.compiler.tasks.operations import Operations
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.tasks.statements import MustBeKnown, TaskStatements, TaskVariables
from chip.ppu.compiler.tasks.statics import LONGEST_LIST, OperationName, Statics, as_range
from chip.ppu.compiler.unit import DIVISION_BY_ZERO, OUT_OF_BOUNDS, Site
from chip.ppu.compiler.values import Value, constant, time_value
from chip.ppu.compiler.variables import Types, check_type

if TYPE_CHECKING:
    from chip.ppu.compiler.tasks.unit import TaskUnit


class TaskScope:
    """The scope of one routine of a program; see :class:`chip.ppu.compiler.expressions.Scope`."""

    def __init__(
        self,
        unit: TaskUnit,
        task: TaskRoutine,
        known: dict[str, Any],
        numbers: dict[str, Value],
        types: Types,
        strict: bool,
    ):
        self.types_known = strict
        self.unit, self.task, self.routine = unit, task, task.routine
        self.statics = Statics(task.routine, dict(known))
        names = stored_names(self.routine.tree) | set(numbers)
        self.stores = stores(self.routine.tree)
        changed = {name for name in known if name in names}
        for name in changed:  # a parameter that is assigned to: a variable that begins with a constant
            self.statics.values.pop(name)
        self.builder = Builder(task.own("_"))
        self.variables = TaskVariables(task, names, set(numbers), types)
        self.expressions = Expressions(self.builder, self)
        self.statements = TaskStatements(self.builder, self)
        self.operations, self.calls = Operations(self), Calls(self)
        self.call, self.call_of = self.calls.call, self.calls.call_of
        self.numbers, self.changed, self.known = numbers, changed, known
        self.result: Value | None = None

    def read(self) -> None:
        """Read the routine."""
        builder, task = self.builder, self.task
        builder.line = self.routine.tree.lineno
        builder.book("entry")
        for name in sorted(self.changed):
            value = self.expressions.literal(self.routine.tree, self.known[name])
            builder.book_move(value)
            self.statements.set_variable(self.routine.tree, name, value)
        self.statements.read(self.routine.tree.body)
        task.parameters = tuple(self.numbers)
        task.nodes, task.returns = builder.nodes, self.result

    # ------------------------------------------------------------------ what is known

    def static(self, node: ast.expr) -> Any:
        return self.statics.evaluate(node, self.variables.names, self.variables.assigned)

    def truth(self, node: ast.expr, known: Any) -> Value:
        return constant(int(bool(known)))

    def must_be_known(self, node: ast.expr, what: str) -> Any:
        """Return what an expression is that has to be known when the program is loaded."""
        found = self.static(node)
        if found is MISSING:
            names = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) & self.variables.names
            self.routine.refuse(
                node,
                f"needs to know {what} when it is loaded, and {spelled(node)} is known only when it runs",
                partial(MustBeKnown, names=names),
            )
        return found

    def bind(self, target: ast.expr, value: ast.expr) -> bool:
        """Give names a meaning, where what they are given is known and nothing else is ever assigned to them."""
        names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
        if not isinstance(target, ast.Name | ast.Tuple) or any(self.stores.count(name) > 1 for name in names):
            return False
        found = self.static(value)
        if found is MISSING:
            return False
        self.bind_known(target, found)
        return True

    def known_for_good(self, target: ast.Name, value: ast.expr) -> Any:
        """Return what a name is given that nothing else is ever assigned to, where it is known, or MISSING."""
        return self.static(value) if self.stores.count(target.id) == 1 else MISSING

    def elements_of(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the expressions of a tuple, or None where it is not known how many there are."""
        if isinstance(node, ast.Tuple | ast.List) and not any(isinstance(e, ast.Starred) for e in node.elts):
            return node.elts
        found = self.static(node)
        if not isinstance(found, tuple | list | range | np.ndarray):
            return None
        return [ast.copy_location(ast.Constant(element), node) for element in found]

    def bind_known(self, target: ast.expr, value: Any) -> None:
        """Give the names of a target a meaning."""
        if isinstance(target, ast.Name):
            self.statics.values[target.id] = value
            self.variables.assigned.add(target.id)
        elif isinstance(target, ast.Tuple):
            try:
                values = list(value)
            except TypeError:
                self.routine.refuse(target, f"unpacks {shown(value)}, which is no sequence, into {spelled(target)}")
            if len(values) != len(target.elts):
                self.routine.refuse(target, f"unpacks {len(values)} values into {spelled(target)}")
            for inner, element in zip(target.elts, values, strict=True):
                self.bind_known(inner, element)
        else:
            self.routine.refuse(target, f"assigns to {spelled(target)}; assign to a variable")

    def forget(self, target: ast.expr) -> None:
        """Take names back that have a meaning in a loop, and may have other ones outside of it."""
        for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
            if self.stores.count(name) > 1:
                self.statics.values.pop(name, None)
                self.variables.assigned.discard(name)

    def listed(self, node: ast.For, over: Any) -> Sequence:
        """Return what a loop runs over, one by one."""
        if isinstance(over, range):
            return over
        try:
            values = list(over)
        except TypeError:
            self.routine.refuse(node, f"loops over {spelled(node.iter)}, which is no sequence; loop over range(...)")
        if len(values) > LONGEST_LIST:
            self.routine.refuse(
                node,
                f"loops over {len(values)} elements of {spelled(node.iter)}, one after the other; at most "
                f"{LONGEST_LIST} can be, loop over a range",
            )
        return values

    def variable(self, node: ast.Name) -> Value | None:
        return self.variables.value(self.routine, node)

    def attribute(self, node: ast.Attribute) -> Value:
        if self.is_ppu(node.value) and node.attr == "time_base":
            self.builder.book("load")
            self.builder.book("address")
            now = time_value(self.builder.emit("time"))
            self.builder.open_block()  # what follows takes its cycles after this reading
            return now
        self.routine.refuse(node, f"uses {spelled(node)}, which is not known when the program is loaded")

    def is_ppu(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.statics.values.get(node.id) is self.unit.ppu

    def returns(self, node: ast.Return, value: Value) -> None:
        """Note what the routine returns."""
        if self.result is None:
            self.result = value._replace(operand=self.task.own("result"), boolean=False)
            return
        wide, unsigned = self.result.wide or value.wide, self.result.unsigned or value.unsigned
        if not wide:
            for one in (self.result, value):
                self.check_type(node, one, unsigned, f"the result of {self.task.name}")
        low, high = min(self.result.low, value.low), max(self.result.high, value.high)
        self.result = Value(self.result.operand, low, high, unsigned=unsigned and not wide, wide=wide)

    # ------------------------------------------------------------------ elements and faults

    def subscript(self, node: ast.Subscript) -> Value:
        values = self.table(node)
        counted = as_range(values)
        if counted is not None:
            return self._counted(node, counted)
        if isinstance(values, range):
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}, which reaches beyond 32 bits")
        numbers = [self.expressions.literal(node, value) for value in values]
        unsigned = any(number.unsigned for number in numbers)
        index = self.table_index(node, len(values))
        self.builder.book("address")
        self.builder.book("load")
        table = self.unit.table(number.low for number in numbers)
        result = self.builder.emit("table", table, index.operand)
        low, high = min(number.low for number in numbers), max(number.high for number in numbers)
        return Value(result, low, high, unsigned=unsigned)

    def _counted(self, node: ast.Subscript, counted: range) -> Value:
        """Read an element of a range: computed, not looked up."""
        index = self.table_index(node, len(counted))
        low, high = min(counted[0], counted[-1]), max(counted[0], counted[-1])
        result = index
        if counted.step != 1:
            result = self.expressions.binary(node, ast.Mult(), result, constant(counted.step))
        if counted.start:
            result = self.expressions.binary(node, ast.Add(), result, constant(counted.start))
        return result._replace(low=low, high=high)

    def table(self, node: ast.Subscript) -> list | range:
        """Return the constant sequence that an element is taken from."""
        found = self.must_be_known(node.value, "a table")
        if isinstance(found, range) and found:
            return found
        if not isinstance(found, tuple | list | np.ndarray) or not len(found):
            self.routine.refuse(node, f"takes an element of {spelled(node.value)}; that must be a list of constants")
        return list(found)

    def table_index(self, node: ast.Subscript, size: int) -> Value:
        """Read and check the index into a constant table."""
        index = self.expressions.narrow(node.slice)
        site = self.fault(OUT_OF_BOUNDS, node, spelled(node.value))
        self.builder.do("check table", index.operand, size, site)
        return index

    def fault(self, kind: str, node: ast.AST, region: str = "") -> int:
        """Return the number of a new place where the routine can fault."""
        line = node.lineno  # type: ignore[attr-defined]
        self.unit.sites.append(Site(kind, self.routine.name, self.routine.file, line, region, 1))
        return len(self.unit.sites) - 1

    def divisor(self, node: ast.AST, value: Value) -> None:
        if not value.constant or value.low == 0:
            self.builder.do("check divisor", value.operand, self.fault(DIVISION_BY_ZERO, node))

    def watchdog(self, node: ast.stmt) -> None:
        """A loop's next round begins: others may act before it does."""

    def element(self, node: ast.Subscript) -> tuple[str, Any]:
        self.routine.refuse(node, f"writes {spelled(node)}; a task writes no memory, let a kernel do it")

    load = store = element

    def check_type(self, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
        """Refuse a number that is no value of a type."""
        if value.wide:
            self.routine.refuse(node, f"gives a time, a number of 64 bits, to {what}; write i32(...) around it")
        if self.types_known:
            check_type(self.routine, node, value, unsigned, what)

    # ------------------------------------------------------------------ statements that are expressions

    def bare(self, node: ast.Expr) -> None:
        """Read an expression that stands as a statement: what is yielded, or a routine."""
        value = node.value
        if isinstance(value, ast.Yield):
            self.operations.wait(node, value.value)
        elif isinstance(value, ast.YieldFrom):
            self.call_of(value.value, handed_on=True)
        elif isinstance(value, ast.Call):
            callee = self.statics.look_up(value.func)
            if isinstance(callee, OperationName):
                self.routine.refuse(
                    node, f"makes the operation {spelled(value)} and does not yield it; write `yield` before it"
                )
            if self.calls.gets_ppu(value) or self.calls.is_word(value):
                self.call(value)
            else:
                self.calls.refuse(value, callee)
        else:
            self.routine.refuse(node, f"computes {spelled(value)} and does nothing with it")
