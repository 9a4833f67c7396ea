"""Statements of a task: those of a kernel, names whose meaning is known, loops that are unrolled."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.language import MISSING, spelled
from chip.ppu.compiler.statements import Statements, StatementScope
from chip.ppu.compiler.tasks.context import Context, MustBeKnown
from chip.ppu.compiler.tasks.routine import returns_nothing
from chip.ppu.compiler.tasks.statics import FROZEN, LONGEST_LIST, as_range
from chip.ppu.compiler.values import Value, constant
from chip.ppu.compiler.variables import MoreTypes, variable_name


class TaskStatements(Statements):
    """Statements of a task's routine: those of a kernel, and names and loops that are known."""

    def __init__(self, builder: Builder, scope: StatementScope, context: Context):
        super().__init__(builder, scope)
        self.context = context

    def name_of(self, name: str) -> str:
        return self.context.task.own(variable_name(name))

    def _assign_statement(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if len(node.targets) == 1 and self.context.bind(target, node.value):
            return
        if len(node.targets) == 1 and isinstance(target, ast.Tuple | ast.List):
            self._assign_several(node, target)
            return
        super()._assign_statement(node)

    def _assign_several(self, node: ast.Assign, targets: ast.Tuple | ast.List) -> None:
        """Read `a, b = b, a`: all values first, then the assignments."""
        pairs = list(self._pairs(node, targets, node.value))
        names = {self.name_of(target.id) for target, _ in pairs}
        known: list[tuple[ast.Name, Any]] = []
        read: list[tuple[ast.Name, Value]] = []
        for target, expression in pairs:
            found = self.context.known_for_good(target, expression)
            if found is not MISSING:
                known.append((target, found))
                continue
            value = self.expressions.integer(expression)
            if value.operand in names:  # before it gets another value
                self.builder.book("alu")
                value = value._replace(operand=self.builder.emit("copy", value.operand))
            read.append((target, value))
        for target, value in read:
            self.assign(node, target, value)
        for target, found in known:
            self.context.bind_known(target, found)

    def _pairs(self, node: ast.Assign, target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Name, ast.expr]]:
        """Yield each name that is assigned to, with what it is given."""
        if isinstance(target, ast.Name):
            yield target, value
        elif not isinstance(target, ast.Tuple | ast.List):
            self.refuse_target(node, target)
        else:
            parts = self.context.elements_of(value)
            if parts is None:
                self.routine.refuse(
                    node, f"assigns {spelled(value)} to {spelled(target)}; write a value for each name, `a, b = x, y`"
                )
            if len(parts) != len(target.elts):
                self.routine.refuse(node, f"unpacks {len(parts)} values into {spelled(target)}")
            for inner, part in zip(target.elts, parts, strict=True):
                yield from self._pairs(node, inner, part)

    def refuse_target(self, node: ast.stmt, target: ast.expr) -> NoReturn:
        if isinstance(target, ast.Attribute):
            self.routine.refuse(
                node,
                f"sets {spelled(target)}; {FROZEN}",
            )
        self.routine.refuse(node, f"assigns to {spelled(target)}; assign to a variable")

    def check_variable(self, node: ast.AST, name: str, value: Value) -> None:
        self.context.statics.values.pop(name, None)  # what a loop over known things has called so is over
        if value.wide and name not in self.context.variables.wide:
            raise MoreTypes(name, wide=True)
        if name not in self.context.variables.wide:
            super().check_variable(node, name, value)

    def _return(self, node: ast.Return) -> None:
        value = None if returns_nothing(node) else self.expressions.integer(node.value)
        if value is not None:
            self.builder.book_move(value)
            self.context.returns(node, value)
        self.leave_routine(node, value)

    def _for(self, node: ast.For) -> bool:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        over = self.context.static(node.iter)
        if over is MISSING:
            if not isinstance(node.iter, ast.Call) or self.routine.look_up(node.iter.func) is not range:
                self.context.must_be_known(node.iter, "what it loops over, unless it is range(...),")
            super()._for(node)
            return False
        if isinstance(over, range):
            for number in (over.start, over.stop, over.step):
                self.expressions.literal(node.iter, number)  # refuses what does not fit in 32 bits
        values = self.context.listed(node, over)
        counted = over if isinstance(over, range) else as_range(values)
        if counted is not None and isinstance(node.target, ast.Name) and len(counted):
            try:
                self._count_known(node, node.target.id, counted)
                return False
            except MustBeKnown as needed:
                if node.target.id not in needed.names or len(counted) > LONGEST_LIST:
                    raise
        return self._unroll(node, values)

    def _count_known(self, node: ast.For, name: str, counted: range) -> None:
        """Loop over a range that is known, with a variable; take everything back where that has to be known."""
        builder, variables = self.builder, self.variables
        take_back, kept = self.context.unit.keep(), builder.keep()
        assigned, values = set(variables.assigned), dict(self.context.statics.values)
        try:
            start, stop = constant(counted.start), constant(counted.stop)
            self.count(node, name, start, stop, counted.step)
        except MustBeKnown:
            take_back()
            kept()
            variables.assigned, self.context.statics.values = assigned, values
            raise

    def _unroll(self, node: ast.For, values: Sequence) -> bool:
        """Read the body once for each value; return whether control never runs past it."""
        if not len(values):
            return False
        jump = next(_jumps(node.body), None)
        if jump is not None:
            how = "break" if isinstance(jump, ast.Break) else "continue"
            self.routine.refuse(
                jump, f"uses {how} in a loop over {spelled(node.iter)}, which is unrolled; loop over a range"
            )
        for value in values:
            self.context.bind_known(node.target, value)
            if self.read(node.body):
                return True
        self.context.forget(node.target)
        return False


def _jumps(statements: list[ast.stmt]) -> Iterator[ast.Break | ast.Continue]:
    """Yield what leaves a round of the loop whose statements these are; inner loops have their own."""
    waiting: deque[ast.AST] = deque(statements)
    while waiting:
        node = waiting.popleft()
        if isinstance(node, ast.Break | ast.Continue):
            yield node
        elif not isinstance(node, ast.For | ast.While):
            waiting += ast.iter_child_nodes(node)
