"""The slow twin of the kernel compiler, its statements: a walk through the syntax tree of the source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator

from chip.ppu.compiler.kernel import Kernel, Subroutine
from tests.naive.kernel_expressions import ARITHMETIC, Event, Expressions, Frame, Value, in_32_bits

NEXT, BREAK, CONTINUE = "next", "break", "continue"  # how control leaves a statement; else a Left


class Left:
    """Control leaves the routine, with a value or None."""

    def __init__(self, value: int | None):
        self.value = value


Way = Generator[Event, None, "str | Left"]


class Walk(Expressions):
    """One call of a kernel; statements are generators that yield events and return how control leaves them."""

    def kernel_events(self, integers: tuple[int, ...]) -> Generator[Event, None, None]:
        """Walk through the kernel and book its cycles on the unit."""
        yield from self._routine(self.form.kernel, integers)
        self.unit.record[0] += self.cycles

    def _routine(self, key: Kernel | Subroutine, integers: tuple[int, ...]) -> Generator[Event, None, int | None]:
        routine = key.routine
        frame = Frame(routine, self.form.unit.routines[key], dict(zip(routine.parameters, integers, strict=True)))
        self._book(frame, routine.tree, "entry")
        left = yield from self._statements(frame, routine.tree.body)
        if isinstance(left, Left):
            return left.value
        frame.line = routine.tree.end_lineno or routine.first_line
        yield self._event(frame, "return")
        return None

    def _statements(self, frame: Frame, nodes: list[ast.stmt]) -> Way:
        for node in nodes:
            frame.line = node.lineno
            left = yield from getattr(self, f"_{type(node).__name__.lower()}_statement")(frame, node)
            if left != NEXT:
                return left
        return NEXT

    def _pass_statement(self, frame: Frame, node: ast.Pass) -> Way:
        yield from ()
        return NEXT

    def _break_statement(self, frame: Frame, node: ast.Break) -> Way:
        yield self._event(frame, "break")
        return BREAK

    def _continue_statement(self, frame: Frame, node: ast.Continue) -> Way:
        yield self._event(frame, "continue")
        return CONTINUE

    def _expr_statement(self, frame: Frame, node: ast.Expr) -> Way:
        if not isinstance(node.value, ast.Constant):
            yield from self._call(frame, node.value)
        return NEXT

    def _return_statement(self, frame: Frame, node: ast.Return) -> Way:
        value = None
        if node.value is not None:
            value = yield from self._value(frame, node.value)
        yield self._event(frame, "return", (), value)
        return Left(value)

    def _assign_statement(self, frame: Frame, node: ast.Assign) -> Way:
        value = yield from self._value(frame, node.value)
        yield from self._assign(frame, node.targets[0], value)
        return NEXT

    def _annassign_statement(self, frame: Frame, node: ast.AnnAssign) -> Way:
        value = yield from self._value(frame, node.value)
        yield from self._assign(frame, node.target, value)
        return NEXT

    def _augassign_statement(self, frame: Frame, node: ast.AugAssign) -> Way:
        combine = ARITHMETIC[type(node.op)]
        if isinstance(node.target, ast.Name):
            current = frame.names[node.target.id]
            value = yield from self._value(frame, node.value)
            yield from self._assign(frame, node.target, self._combined(frame, node, combine, current, value))
            return NEXT
        name, index = yield from self._element(frame, node.target)
        current = yield from self._load(frame, name, index)
        value = yield from self._value(frame, node.value)
        yield self._store(frame, name, index, in_32_bits(combine(current, value)))
        return NEXT

    def _combined(self, frame: Frame, node: ast.AugAssign, combine: Callable, current: int, value: int) -> int:
        name = ast.Name(node.target.id, ast.Load())
        return in_32_bits(combine(current, value), self.is_unsigned(frame, ast.BinOp(name, node.op, node.value)))

    def _assign(self, frame: Frame, target: ast.expr, value: int) -> Generator[Event, None, None]:
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
            yield self._event(frame, "set", (target.id,), value)
        else:
            name, index = yield from self._element(frame, target)
            yield self._store(frame, name, index, value)

    def _if_statement(self, frame: Frame, node: ast.If) -> Way:
        condition = yield from self._condition(frame, node.test, "if")
        self._book(frame, node, "body" if condition else "else")
        left = yield from self._statements(frame, node.body if condition else node.orelse)
        if left == NEXT:
            self._book(frame, node, "after")
        return left

    def _while_statement(self, frame: Frame, node: ast.While) -> Way:
        while True:
            frame.line = node.lineno
            self._book(frame, node, "head")
            self._check_watchdog(frame, node)
            if not (yield from self._condition(frame, node.test, "while")):
                break
            left = yield from self._body(frame, node)
            if left == BREAK:
                break
            if left != NEXT:
                return left
        self._book(frame, node, "after")
        return NEXT

    def _for_statement(self, frame: Frame, node: ast.For) -> Way:
        bounds = []
        for argument in node.iter.args:
            bounds.append((yield from self._value(frame, argument)))
        for index in range(*bounds):
            frame.names[node.target.id] = index
            self._book(frame, node, "head")
            self._check_watchdog(frame, node)
            frame.line = node.lineno
            yield self._event(frame, "for", (node.target.id,), index)
            left = yield from self._body(frame, node)
            if left == BREAK:
                break
            if left != NEXT:
                return left
        self._book(frame, node, "after")
        return NEXT

    def _body(self, frame: Frame, node: ast.For | ast.While) -> Way:
        """Walk through a loop's body once; the next iteration is NEXT."""
        self._book(frame, node, "body")
        left = yield from self._statements(frame, node.body)
        return NEXT if left == CONTINUE else left

    def _condition(self, frame: Frame, node: ast.expr, operation: str) -> Value:
        value = yield from self._value(frame, node)
        yield self._event(frame, operation, (ast.unparse(node),), int(value != 0))
        return value
