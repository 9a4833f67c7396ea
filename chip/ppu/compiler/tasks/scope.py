"""What a task sees, and the parts of it that are read for themselves: statements, operations, calls, tables."""

from __future__ import annotations

import ast
from typing import Any

from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.language import spelled
from chip.ppu.compiler.tasks.calls import Calls
from chip.ppu.compiler.tasks.context import Context
from chip.ppu.compiler.tasks.operations import Operations
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.tasks.statements import TaskStatements
from chip.ppu.compiler.tasks.statics import OperationName
from chip.ppu.compiler.tasks.tables import Tables
from chip.ppu.compiler.tasks.unit import TaskUnit
from chip.ppu.compiler.unit import DIVISION_BY_ZERO
from chip.ppu.compiler.values import Value, constant, time_value
from chip.ppu.compiler.variables import Types, until_types_are_known


def read_routine(unit: TaskUnit, task: TaskRoutine, known: dict[str, Any], numbers: dict[str, Value]) -> None:
    """Read a routine until the types of its variables are known."""
    unsigned = frozenset(name for name, value in numbers.items() if value.unsigned)
    wide = frozenset(name for name, value in numbers.items() if value.wide)

    def read(types: Types, strict: bool) -> None:
        TaskScope(Context(unit, task, known, numbers, types, strict)).read()

    until_types_are_known(read, Types(unsigned, wide), unit.keep)


class TaskScope:
    """The scope of one routine of a program; see :class:`chip.ppu.compiler.statements.StatementScope`."""

    def __init__(self, context: Context):
        self.context, self.routine, self.types_known = context, context.routine, context.types_known
        self.builder, self.variables = context.builder, context.variables
        self.static, self.check_type = context.static, context.check_type
        self.expressions = Expressions(self.builder, self)
        self.statements = TaskStatements(self.builder, self, context)
        tables = Tables(context, self.expressions)
        self.operations = Operations(context, self.expressions, tables)
        self.calls = Calls(context, self.expressions)
        self.subscript, self.call, self.call_of = tables.element, self.calls.call, self.calls.call_of

    def read(self) -> None:
        """Read the routine."""
        context, builder, task = self.context, self.builder, self.context.task
        builder.line = self.routine.tree.lineno
        builder.book("entry")
        for name in sorted(context.changed):
            value = self.expressions.literal(self.routine.tree, context.known[name])
            builder.book_move(value)
            self.statements.set_variable(self.routine.tree, name, value)
        self.statements.read(self.routine.tree.body)
        task.parameters = tuple(context.numbers)
        task.nodes, task.returns = builder.nodes, context.result

    def truth(self, node: ast.expr, known: Any) -> Value:
        return constant(int(bool(known)))

    def variable(self, node: ast.Name) -> Value | None:
        return self.variables.value(self.routine, node)

    def attribute(self, node: ast.Attribute) -> Value:
        if self.context.is_ppu(node.value) and node.attr == "time_base":
            self.builder.book("load")
            self.builder.book("address")
            now = time_value(self.builder.emit("time"))
            self.builder.open_block()  # what follows takes its cycles after this reading
            return now
        self.routine.refuse(node, f"uses {spelled(node)}, which is not known when the program is loaded")

    def divisor(self, node: ast.AST, value: Value) -> None:
        if not value.constant or value.low == 0:
            self.builder.do("check divisor", value.operand, self.context.fault(DIVISION_BY_ZERO, node))

    def watchdog(self, node: ast.stmt) -> None:
        """A loop's next round begins: others may act before it does."""

    def element(self, node: ast.Subscript) -> tuple[str, Any]:
        self.routine.refuse(node, f"writes {spelled(node)}; a task writes no memory, let a kernel do it")

    load = store = element

    def bare(self, node: ast.Expr) -> None:
        """Read an expression that stands as a statement: what is yielded, or a routine."""
        value = node.value
        if isinstance(value, ast.Yield):
            self.operations.wait(node, value.value)
        elif isinstance(value, ast.YieldFrom):
            self.call_of(value.value, handed_on=True)
        elif isinstance(value, ast.Call):
            callee = self.context.statics.look_up(value.func)
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
