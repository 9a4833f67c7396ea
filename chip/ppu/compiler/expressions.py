"""Expressions of the kernel language: 32-bit integers, loads, intrinsics, subroutine calls, with their cycles.

A translated expression is a piece of Python text without side effects. Whatever can fault or must happen in order, a
load or a call, becomes a statement before it and leaves its result in a temporary. Each value carries the interval that
it lies in, so that the wrap to 32 bits is written only where a result can leave them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from chip.ppu.compiler.calls import Calls
from chip.ppu.compiler.language import MISSING, REFUSED_EXPRESSIONS, spelled
from chip.ppu.compiler.scalars import INT32_MAX, INT32_MIN
from chip.ppu.compiler.text import Line, Value, constant
from chip.ppu.vector.operands import Condition, VectorRegister

_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def _wrap(number: int) -> int:
    """Return the low 32 bits of a Python integer, signed; the compiler runs before anything is compiled."""
    return (number + 0x80000000) % 0x100000000 - 0x80000000


@dataclass(frozen=True)
class _Operator:
    symbol: str
    cost: str
    fold: Callable[[int, int], int]


_OPERATORS = {
    ast.Add: _Operator("+", "alu", lambda a, b: _wrap(a + b)),
    ast.Sub: _Operator("-", "alu", lambda a, b: _wrap(a - b)),
    ast.Mult: _Operator("*", "multiply", lambda a, b: _wrap(a * b)),
    ast.BitAnd: _Operator("&", "alu", lambda a, b: a & b),
    ast.BitOr: _Operator("|", "alu", lambda a, b: a | b),
    ast.BitXor: _Operator("^", "alu", lambda a, b: a ^ b),
    ast.LShift: _Operator("<<", "alu", lambda a, b: _wrap(a << b)),
    ast.RShift: _Operator(">>", "alu", lambda a, b: a >> b),
}
_REFUSED_OPERATORS = {
    ast.Div: "divides with /, which gives a float; use divide(a, b), 31 cycles",
    ast.FloorDiv: "uses //, which rounds down; the processor truncates: use divide(a, b), 31 cycles, or >>",
    ast.Mod: "uses %; use & for powers of two, or a - b * divide(a, b)",
    ast.Pow: "uses **; write a loop or a table in a region",
    ast.MatMult: "uses @; use the vector unit",
}


class Expressions(Calls):
    """The part of the translator that turns expressions into text and books their cycles."""

    def integer(self, node: ast.expr) -> Value:
        """Translate an expression to a 32-bit integer."""
        return self._in_register(self._valued(node))

    def _in_register(self, value: Value) -> Value:
        """Return a value as an integer; a truth value has to be made one."""
        if not value.boolean:
            return value
        self.book("alu", 2)  # the condition register into a register, and one bit of that
        return Value(f"_int64({value.code})", 0, 1)

    def _valued(self, node: ast.expr) -> Value:
        """Translate an expression that must have a value; a comparison stays a truth value."""
        value = self.expression(node)
        if value.code == "":
            self.routine.refuse(node, f"uses the value of {spelled(node)}, which has none")
        return value

    def condition(self, node: ast.expr) -> Value:
        """Translate an expression to a truth value; a bare integer costs a comparison with 0."""
        value = self._valued(node)
        if value.boolean or value.constant:
            return value
        self.book("alu")
        return Value(f"{value.code} != 0", 0, 1, boolean=True)

    def expression(self, node: ast.expr) -> Value:
        """Translate any expression; a comparison stays a truth value."""
        if type(node) in REFUSED_EXPRESSIONS:
            self.routine.refuse(node, REFUSED_EXPRESSIONS[type(node)])
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            self.routine.refuse(node, f"uses {spelled(node)}, which is not part of the kernel language")
        return handler(node)

    def _constant(self, node: ast.Constant) -> Value:
        return self._literal(node, node.value)

    def _literal(self, node: ast.expr, value: object) -> Value:
        """Return a Python value as an integer constant, or refuse it."""
        if isinstance(value, float | complex):
            self.routine.refuse(node, f"uses the float {spelled(node)}; the processor has no floating point")
        if isinstance(value, str | bytes):
            self.routine.refuse(node, f"uses the string {spelled(node)}; kernels have integers only")
        if isinstance(value, VectorRegister):
            what = f"vector register {spelled(node)} as a number; store it to a region and read an element there"
            self.routine.refuse(node, f"uses the {what}")
        if isinstance(value, Condition):
            what = f"condition {spelled(node)} as a number; it can only stand last in an operation that it masks"
            self.routine.refuse(node, f"uses the {what}")
        if hasattr(value, "__index__") and not hasattr(value, "__len__") and getattr(value, "ndim", 0) == 0:
            number = int(value)  # type: ignore[call-overload]
            if not INT32_MIN <= number <= 0xFFFFFFFF:
                self.routine.refuse(node, f"uses {number}, which does not fit in 32 bits")
            return constant(_wrap(number))
        if hasattr(value, "dtype") or isinstance(value, list | tuple | dict):
            self.routine.refuse(node, f"reads the global array {spelled(node)}; put it into a region of Memory")
        self.routine.refuse(node, f"uses {spelled(node)}, a {type(value).__name__}; kernels have integers only")

    def _name(self, node: ast.Name) -> Value:
        if node.id in self.local_names:
            if node.id not in self.assigned:
                self.routine.refuse(node, f"may use {node.id} before it has a value; give it one on every way here")
            return Value(self.python_name(node.id), INT32_MIN, INT32_MAX)
        if node.id in (self.routine.vector, self.routine.memory):
            self.routine.refuse(node, f"uses {node.id} as a value; it can only be passed on")
        found = self.routine.look_up(node)
        if found is MISSING:
            self.routine.refuse(node, f"uses the unknown name {node.id}; constants are defined above the kernel")
        return self._literal(node, found)

    def _attribute(self, node: ast.Attribute) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id == self.routine.memory:
            self.routine.refuse(node, f"uses the region {spelled(node)} as a value; read one element of it")
        found = self.routine.look_up(node)
        if found is MISSING:
            self.routine.refuse(node, f"uses the unknown name {spelled(node)}")
        return self._literal(node, found)

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.integer(node.left), self.integer(node.right)
        return self.binary(node, node.op, left, right)

    def binary(self, node: ast.AST, kind: ast.operator, left: Value, right: Value) -> Value:
        """Combine two integers; constants fold, everything else books its cycles."""
        if type(kind) in _REFUSED_OPERATORS:
            self.routine.refuse(node, _REFUSED_OPERATORS[type(kind)])
        operator = _OPERATORS[type(kind)]
        if isinstance(kind, ast.LShift | ast.RShift) and right.constant and not 0 <= right.low <= 31:
            self.routine.refuse(node, f"shifts by {right.low}; a 32-bit register shifts by 0..31")
        if left.constant and right.constant:
            return constant(operator.fold(left.low, right.low))
        self.book(operator.cost)
        self.book_constants(left, right)
        code = f"({left.code} {operator.symbol} {right.code})"
        if isinstance(kind, ast.RShift):
            if right.constant:
                return Value(code, left.low >> right.low, left.high >> right.low)
            return Value(f"_shift_right({self.argument(left)}, {right.code})", INT32_MIN, INT32_MAX)
        if isinstance(kind, ast.LShift):
            if not right.constant:
                return Value(f"_shift_left({self.argument(left)}, {right.code})", INT32_MIN, INT32_MAX)
            return self._wrapped(code, [left.low << right.low, left.high << right.low])
        if isinstance(kind, ast.BitAnd):
            masks = [side.high for side in (left, right) if side.low >= 0]
            return Value(code, 0, min(masks)) if masks else Value(code, INT32_MIN, INT32_MAX)
        if isinstance(kind, ast.BitOr | ast.BitXor):
            if left.low >= 0 and right.low >= 0:
                return Value(code, 0, (1 << max(left.high, right.high).bit_length()) - 1)
            return Value(code, INT32_MIN, INT32_MAX)
        if isinstance(kind, ast.Add):
            return self._wrapped(code, [left.low + right.low, left.high + right.high])
        if isinstance(kind, ast.Sub):
            return self._wrapped(code, [left.low - right.high, left.high - right.low])
        return self._wrapped(code, [a * b for a in (left.low, left.high) for b in (right.low, right.high)])

    def _wrapped(self, code: str, bounds: list[int]) -> Value:
        """Return an exact result as it is where it fits in 32 bits, else wrapped."""
        if min(bounds) >= INT32_MIN and max(bounds) <= INT32_MAX:
            return Value(code, min(bounds), max(bounds))
        return Value(f"_wrap32{code}" if code[0] == "(" else f"_wrap32({code})", INT32_MIN, INT32_MAX)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            value = self.condition(node.operand)
            if value.constant:
                return constant(int(not value.low))
            return Value(f"(not ({value.code}))", 0, 1, boolean=True)
        value = self.integer(node.operand)
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(node.op, ast.USub):
            if value.constant:
                return constant(_wrap(-value.low))
            self.book("alu")
            return self._wrapped(f"(-{value.code})", [-value.low, -value.high])
        if value.constant:
            return constant(~value.low)
        self.book("alu")
        return Value(f"(~{value.code})", ~value.high, ~value.low)

    def _compare(self, node: ast.Compare) -> Value:
        for kind in node.ops:
            if type(kind) not in _COMPARISONS:
                self.routine.refuse(node, f"uses {spelled(node)}; compare integers with < <= > >= == !=")
        if len(node.ops) > 1:
            return self._chain(node)
        left, right = self.integer(node.left), self.integer(node.comparators[0])
        symbol = _COMPARISONS[type(node.ops[0])]
        if left.constant and right.constant:
            return constant(int(eval(f"{left.low} {symbol} {right.low}")))  # noqa: S307 - two integers
        self.book("alu")
        self.book_constants(left, right)
        return Value(f"({left.code} {symbol} {right.code})", 0, 1, boolean=True)

    def _chain(self, node: ast.Compare) -> Value:
        """Translate a < b < c as a < b and b < c."""
        operands = [node.left, *node.comparators]
        for middle in operands[1:-1]:
            if not isinstance(middle, ast.Name | ast.Constant | ast.Attribute):
                self.routine.refuse(node, f"chains comparisons around {spelled(middle)}; write two, joined with and")
        pairs = zip(operands, node.ops, operands[1:], strict=False)
        parts = [ast.copy_location(ast.Compare(a, [kind], [b]), node) for a, kind, b in pairs]
        return self._joint(node, list(parts), both=True)

    def _boolop(self, node: ast.BoolOp) -> Value:
        return self._joint(node, node.values, isinstance(node.op, ast.And))

    def _joint(self, node: ast.expr, operands: list[ast.expr], both: bool) -> Value:
        """Translate and, or: one piece of text where all operands are truth values, else a branch per operand."""
        result = self._valued(operands[0])
        for number, operand in enumerate(operands[1:], start=1):
            if result.constant:  # decided while compiling
                result = self._valued(operand) if bool(result.low) == both else result
                continue
            value, lines = self.captured(
                lambda operand=operand, left=result: self._operand(operand, left), node, f"operand {number}"
            )
            if self._joins(result, value, lines):
                self.absorb(lines)
                self.book("alu")  # crand, cror
                joined = f"({result.code} {'and' if both else 'or'} {value.code if value.boolean else value.low != 0})"
                result = Value(joined, 0, 1, boolean=True)
                continue
            name = self.temporary()
            self.emit(f"{name} = {self.as_integer(result)}")
            self.book("alu", 1 if result.boolean else 2)  # what decides into the result; a comparison with 0
            self.book("branch")
            self.emit(f"if {name} {'!=' if both else '=='} 0:")
            self.append(lines)
            self.emit(f"    {name} = {self.as_integer(value)}")
            self.open_block(node, f"after {number}")
            result = Value(name, INT32_MIN, INT32_MAX)
        return result

    @staticmethod
    def _joins(left: Value, value: Value, lines: list[Line]) -> bool:
        """Return whether two operands of and, or can be one piece of text: truth values, the second one without lines.

        The constants 0 and 1 are truth values; the result of any other constant is the constant itself.
        """
        truth = value.boolean or value.constant and value.low in (0, 1)
        return left.boolean and truth and len(lines) == 1

    def _operand(self, node: ast.expr, left: Value) -> Value:
        """Translate a further operand of and, or."""
        value = self._valued(node)
        return value if self._joins(left, value, self.lines) else self._chosen(value)

    def _chosen(self, value: Value) -> Value:
        """Book the way of a value into the register that it shares with what it stands in for."""
        value = self._in_register(value)
        self.book_move(value)
        return value

    def _ifexp(self, node: ast.IfExp) -> Value:
        condition = self.condition(node.test)
        if condition.constant:
            return self.integer(node.body if condition.low else node.orelse)
        name = self.temporary()
        self.book("branch")
        self.emit(f"if {condition.code}:")
        low, high = INT32_MAX, INT32_MIN
        for branch, part in ((node.body, "body"), (node.orelse, "else")):
            if part == "else":
                self.emit("else:")
            value, lines = self.captured(lambda branch=branch: self._way(branch, branch is node.body), node, part)
            self.append(lines)
            self.emit(f"    {name} = {self.as_integer(value)}")
            low, high = min(low, value.low), max(high, value.high)
        self.open_block(node, "after")
        return Value(name, low, high) if low < high else Value(name, INT32_MIN, INT32_MAX)

    def _way(self, node: ast.expr, first: bool) -> Value:
        """Translate one way of a conditional expression."""
        value = self._chosen(self._valued(node))
        if first:
            self.book("branch")  # over the other way
        return value
