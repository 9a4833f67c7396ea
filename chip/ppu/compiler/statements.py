"""Statements of the language: assignments, branches, loops; which variables have a value where, and of which type."""

from __future__ import annotations

import ast
from typing import Any, NoReturn, Protocol

from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.expressions import Expressions, Scope
from chip.ppu.compiler.form import Count, If, Leave, Loop, Node, last_block
from chip.ppu.compiler.language import Routine, spelled
from chip.ppu.compiler.values import Value
from chip.ppu.compiler.variables import MoreTypes, Variables, counted_names, variable_name
from chip.ppu.memory import i32, u32

RESERVED = {"range", "len"}  # the language's own


class StatementScope(Scope, Protocol):
    """What statements ask of a scope beside what expressions do."""

    variables: Variables
    expressions: Expressions

    def element(self, node: ast.Subscript) -> tuple[str, Any]:
        """Check an element that is assigned to; return its region and the index."""

    def load(self, name: str, index: Any) -> Value:
        """Read an element."""

    def store(self, name: str, index: Any, value: Value) -> None:
        """Write an element."""

    def watchdog(self, node: ast.stmt) -> None:
        """Note that a loop begins its next round."""

    def bare(self, node: ast.Expr) -> None:
        """Read an expression that stands as a statement."""

    def check_type(self, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
        """Refuse a number that is no value of a type."""


def leaves(statements: list[ast.stmt]) -> bool:
    """Return whether control never runs past the end of these statements."""
    for node in statements:
        if isinstance(node, ast.Return | ast.Break | ast.Continue):
            return True
        if isinstance(node, ast.If) and node.orelse and leaves(node.body) and leaves(node.orelse):
            return True
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value:
            if not _has(node.body, ast.Break):
                return True
    return False


def _has(statements: list[ast.stmt], *kinds: type) -> bool:
    """Return whether one of these kinds of statement occurs, at any depth."""
    return any(isinstance(node, kinds) for statement in statements for node in ast.walk(statement))


class Statements:
    """Reads the statements of one routine into nodes of a builder.

    Attributes:
        result: whether what the routine returns is unsigned; None until it has returned a number.
    """

    def __init__(self, builder: Builder, scope: StatementScope):
        self.builder, self.scope, self.variables = builder, scope, scope.variables
        self.routine: Routine = scope.routine
        self.expressions = scope.expressions
        self.counted = counted_names(self.routine.tree)
        self.result: bool | None = None

    def read(self, nodes: list[ast.stmt]) -> bool:
        """Read a list of statements; what follows a return, break or continue is left out.

        Returns whether control never runs past their end.
        """
        for node in nodes:
            self.routine.refuse_kind(node)
            reader = _READERS.get(type(node))
            if reader is None:
                self.routine.refuse(node, f"uses {spelled(node)}, which is not part of the language")
            self.builder.do("source", self.routine.text_of(node))
            self.builder.line = node.lineno
            if getattr(self, reader)(node) or leaves([node]):
                return True
        return False

    def _nested(self, node: ast.stmt, part: str, nodes: list[ast.stmt]) -> tuple[list[Node], set[str]]:
        """Read one part of a branch or loop; return its nodes, and the names that have a value after it."""
        before = set(self.variables.assigned)
        inner = self.builder.nested(lambda: self.read(nodes), node, part)
        after, self.variables.assigned = self.variables.assigned, before
        return inner, self.variables.names if leaves(nodes) else after

    # ------------------------------------------------------------------ assignments

    def _pass(self, node: ast.Pass) -> None:
        pass

    def _expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # the docstring
        self.scope.bare(node)

    def _assign_statement(self, node: ast.Assign) -> None:
        if len(node.targets) > 1:
            self.routine.refuse(node, "assigns to several names at once; write one assignment per line")
        self.assign(node, node.targets[0], self.expressions.integer(node.value))

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            self.routine.refuse(node, f"declares {spelled(node.target)} without a value")
        value = self.expressions.integer(node.value)
        declared = declared_type(self.routine, node.annotation)
        if declared is not None and isinstance(node.target, ast.Name):
            name = node.target.id
            if declared and name not in self.variables.unsigned:
                self._more_unsigned(node, name)
            if not declared and name in self.variables.unsigned:
                self.routine.refuse(
                    node,
                    f"declares {name} as i32, and gives it unsigned numbers elsewhere; write i32(...) around those",
                )
            self.scope.check_type(node, value, declared, f"variable {node.target.id}")
            value = value._replace(unsigned=declared)
        self.assign(node, node.target, value)

    def assign(self, node: ast.stmt, target: ast.expr, value: Value) -> None:
        """Assign a value to a variable or an element."""
        if isinstance(target, ast.Subscript):
            name, index = self.scope.element(target)
            self.scope.store(name, index, value)
        elif isinstance(target, ast.Name):
            self.builder.book_move(value)
            self.set_variable(node, target.id, value)
        else:
            self.refuse_target(node, target)

    def refuse_target(self, node: ast.stmt, target: ast.expr) -> NoReturn:
        """Refuse to assign to what is no variable and no element."""
        self.routine.refuse(node, f"assigns to {spelled(target)}; assign to a variable or an element of a region")

    def set_variable(self, node: ast.AST, name: str, value: Value) -> None:
        """Have a variable take a value that is in a register already."""
        self.check_variable(node, name, value)
        self.builder.set(self.name_of(name), value.operand)
        self.variables.assigned.add(name)

    def name_of(self, name: str) -> str:
        """Return what a variable of the source is called in the form."""
        return variable_name(name)

    def check_variable(self, node: ast.AST, name: str, value: Value) -> None:
        """Refuse a number of another type than the variable's, or find out that it is unsigned."""
        if value.unsigned and name not in self.variables.unsigned:
            self._more_unsigned(node, name)
        self.scope.check_type(node, value, name in self.variables.unsigned, f"variable {name}")

    def _more_unsigned(self, node: ast.AST, name: str) -> NoReturn:
        """Read the routine again, where a variable is unsigned; a parameter is what the routine says itself."""
        if name in self.variables.parameters:
            self.routine.refuse(
                node,
                f"gives an unsigned number to parameter {name}, which is i32; declare {name}: u32, write i32(...) "
                "around the number, or take another variable",
            )
        raise MoreTypes(name)

    def _augassign(self, node: ast.AugAssign) -> None:
        target, expressions = node.target, self.expressions
        if isinstance(target, ast.Name):
            current = expressions.integer(ast.copy_location(ast.Name(target.id, ast.Load()), target))
            self.assign(node, target, expressions.binary(node, node.op, current, expressions.integer(node.value)))
        elif isinstance(target, ast.Subscript):
            name, index = self.scope.element(target)
            current = self.scope.load(name, index)
            self.scope.store(name, index, expressions.binary(node, node.op, current, expressions.integer(node.value)))
        else:
            self.refuse_target(node, target)

    # ------------------------------------------------------------------ leaving

    def _return(self, node: ast.Return) -> None:
        value = None if node.value is None else self.expressions.integer(node.value)
        if value is not None:
            self.builder.book_move(value)
            self.result = self._common_result(node, value)
        self.leave_routine(node, value)

    def leave_routine(self, node: ast.Return, value: Value | None) -> None:
        """Return a value that is in its register, or nothing."""
        if node is not self.routine.tree.body[-1]:
            self.builder.book("branch")  # to the end
        self.builder.add(Leave("return", node.lineno, None if value is None else value.operand))

    def _common_result(self, node: ast.Return, value: Value) -> bool:
        """Return whether the routine returns unsigned numbers, as far as it is known by now."""
        if self.result is not None and self.result != value.unsigned:
            self.scope.check_type(node, value._replace(unsigned=False), True, f"the result of {self.routine.name}")
        return value.unsigned or bool(self.result)

    def _break(self, node: ast.Break) -> None:
        self.builder.book("branch")
        self.builder.add(Leave("break", node.lineno))

    def _continue(self, node: ast.Continue) -> None:
        self.builder.book("branch")
        self.builder.add(Leave("continue", node.lineno))

    # ------------------------------------------------------------------ control flow

    def _if(self, node: ast.If) -> bool:
        builder, variables = self.builder, self.variables
        condition = self.expressions.condition(node.test)
        if condition.constant:  # a constant of the program: only the chosen way is compiled
            return self.read(node.body if condition.low else node.orelse)
        builder.book("branch")
        body, after_body = self._nested(node, "body", node.body)
        orelse: list[Node] = []
        after_else = set(variables.assigned)
        if node.orelse:
            builder.line = node.lineno
            last_block(body).book(node.lineno, "branch", 1)  # the jump over the other way
            orelse, after_else = self._nested(node, "else", node.orelse)
        builder.add(If(condition.operand, body, orelse, node.lineno, "if", ast.unparse(node.test)))
        variables.assigned = after_body & after_else
        builder.open_block(node, "after")
        return False

    def _while(self, node: ast.While) -> None:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        builder, before = self.builder, set(self.variables.assigned)

        def read_round() -> None:
            self.scope.watchdog(node)
            condition = self.expressions.condition(node.test)
            builder.book("branch")
            body, _ = self._nested(node, "body", node.body)
            leave: list[Node] = [Leave("break", node.lineno, shown=False)]
            builder.add(If(condition.operand, body, leave, node.lineno, "while", ast.unparse(node.test)))

        builder.add(Loop(builder.nested(read_round, node, "head")))
        self.variables.assigned = before
        builder.open_block(node, "after")

    def _for(self, node: ast.For) -> None:
        if node.orelse:
            self.routine.refuse(node, "uses else after a loop; use a variable")
        if not isinstance(node.target, ast.Name):
            self.routine.refuse(node, f"loops over {spelled(node.target)}; loop with one variable")
        call = node.iter
        if not (isinstance(call, ast.Call) and self.routine.look_up(call.func) is range and not call.keywords):
            self.routine.refuse(node, f"loops over {spelled(call)}; loop over range(...)")
        if not 1 <= len(call.args) <= 3:
            self.routine.refuse(node, f"calls range with {len(call.args)} arguments; it takes 1 to 3")
        bounds = [self.expressions.narrow(argument) for argument in call.args]
        if len(bounds) == 1:
            bounds.insert(0, Value(0, 0, 0))
        step = bounds[2] if len(bounds) == 3 else Value(1, 1, 1)
        if not step.constant or step.low == 0:
            self.routine.refuse(
                node, f"loops with the step {spelled(call.args[-1])}; the step must be a constant other than 0"
            )
        self.count(node, node.target.id, bounds[0], bounds[1], step.low)

    def count(self, node: ast.For, name: str, start: Value, stop: Value, step: int) -> None:
        """Loop over a range with a variable."""
        builder, variables = self.builder, self.variables
        unsigned = self.expressions.common_type(node.iter, start, stop)
        builder.book("alu", 2)  # first index and count
        builder.book_constants(start, stop)
        if not (start.constant and stop.constant):
            builder.book("alu", 2)  # the count is a difference, and may be none
        self.check_variable(node, name, Value(start.operand, start.low, start.high, unsigned=unsigned))
        if name in self.counted and name not in variables.unsigned and start.constant and start.low >= 0 and step > 0:
            variables.intervals[name] = (start.low, max(start.low, stop.high - 1))
        before = set(variables.assigned)
        variables.assigned.add(name)

        def read_round() -> set[str]:
            builder.book("alu")  # the index's step
            builder.book("branch")
            self.scope.watchdog(node)
            inner, after = self._nested(node, "body", node.body)
            builder.nodes += inner
            return after

        after, round_nodes = builder.captured(read_round, node, "head")
        builder.add(Count(self.name_of(name), start.operand, stop.operand, step, round_nodes, node.lineno, name))
        variables.assigned = before
        certain = start.constant and stop.constant and len(range(start.low, stop.low, step)) > 0
        if certain and not _has(node.body, ast.Break, ast.Continue, ast.Return):
            variables.assigned = after
        builder.open_block(node, "after")


_READERS: dict[type, str] = {
    ast.Pass: "_pass",
    ast.Expr: "_expr",
    ast.Assign: "_assign_statement",
    ast.AnnAssign: "_annassign",
    ast.AugAssign: "_augassign",
    ast.Return: "_return",
    ast.Break: "_break",
    ast.Continue: "_continue",
    ast.If: "_if",
    ast.While: "_while",
    ast.For: "_for",
}


def declared_type(routine: Routine, annotation: ast.expr) -> bool | None:
    """Return whether an annotation says u32 or i32; None for int; refuse any other."""
    found = routine.look_up(annotation)
    if found is u32 or found is i32:
        return found is u32
    if found is int:
        return None
    routine.refuse(annotation, f"declares {spelled(annotation)}; a variable is u32 or i32")
