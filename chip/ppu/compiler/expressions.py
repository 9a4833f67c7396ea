"""Expressions of the language: integers of 32 bits, with their cycles, into instructions.

Each value carries the interval that it lies in, so that the wrap to 32 bits is written only where a result can leave
them. What a name, a call or an element is, the scope says: that of a kernel
(:mod:`chip.ppu.compiler.kernel_scope`) or of a task.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from chip.ppu.compiler.builder import Builder, only_computes
from chip.ppu.compiler.form import If, Operand, signed32, unsigned32
from chip.ppu.compiler.language import MISSING, MixedTypesError, Routine, spelled
from chip.ppu.compiler.scalars import INT32_MIN
from chip.ppu.compiler.values import (
    LATEST,
    LIMITS,
    UINT32_MAX,
    Value,
    any_value,
    constant,
    may_meet,
    time_value,
)
from chip.ppu.vector.operands import Condition, VectorRegister
from chip.ppu.vector.operations import INTRINSICS

_COMPARISONS: dict[type, tuple[str, Callable[[int, int], bool]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
}


class _Operator(NamedTuple):
    symbol: str
    cost: str
    compute: Callable[[int, int], int]


_OPERATORS: dict[type, _Operator] = {
    ast.Add: _Operator("+", "alu", operator.add),
    ast.Sub: _Operator("-", "alu", operator.sub),
    ast.Mult: _Operator("*", "multiply", operator.mul),
    ast.BitAnd: _Operator("&", "alu", operator.and_),
    ast.BitOr: _Operator("|", "alu", operator.or_),
    ast.BitXor: _Operator("^", "alu", operator.xor),
    ast.LShift: _Operator("<<", "alu", operator.lshift),
    ast.RShift: _Operator(">>", "alu", operator.rshift),
}
_REFUSED_OPERATORS = {
    ast.Div: "divides with /, which gives a float; use divide(a, b), 31 cycles",
    ast.FloorDiv: "uses //, which rounds down; the processor truncates: use divide(a, b), 31 cycles, or >>",
    ast.Mod: "uses %; use & for powers of two, or remainder(a, b), which truncates, 36 cycles",
    ast.Pow: "uses **; write a loop or a table in a region",
    ast.MatMult: "uses @; use the vector unit",
}
_INTRINSIC_RANGES = {"saturate8": (-0x80, 0x7F), "saturate16": (-0x8000, 0x7FFF), "count_leading_zeros": (0, 32)}
_SIGNED_INTRINSICS = frozenset({"absolute", "multiply_high"})
_CONVERSIONS = {"i8": "extend 8", "i16": "extend 16", "u8": "low 8", "u16": "low 16"}
_CONVERTED = {"i8": (-0x80, 0x7F), "i16": (-0x8000, 0x7FFF), "u8": (0, 0xFF), "u16": (0, 0xFFFF)}


class Scope(Protocol):
    """What a routine sees outside of its expressions."""

    routine: Routine

    @property
    def types_known(self) -> bool:
        """Return whether it is known what is unsigned; else nothing is refused for its types."""

    def static(self, node: ast.expr) -> Any:
        """Return what an expression is that is known while compiling, or MISSING."""

    def truth(self, node: ast.expr, known: Any) -> Value:
        """Return whether something that is known counts as true."""

    def variable(self, node: ast.Name) -> Value | None:
        """Return the value of a variable of the routine, None where the name is none; refuse one without a value."""

    def attribute(self, node: ast.Attribute) -> Value:
        """Read an attribute that is not known while compiling."""

    def subscript(self, node: ast.Subscript) -> Value:
        """Read an element."""

    def call(self, node: ast.Call) -> Value | None:
        """Read a call of what is no intrinsic; None where it has no value."""

    def call_of(self, node: ast.expr, handed_on: bool) -> Value | None:
        """Read the call of a routine of a task, which it hands on to where the routine may wait."""

    def divisor(self, node: ast.AST, value: Value) -> None:
        """Have the program stop where a value is 0."""


class Expressions:
    """Reads expressions into instructions of a builder."""

    def __init__(self, builder: Builder, scope: Scope):
        self.builder, self.scope = builder, scope
        self.refuse = scope.routine.refuse

    # ------------------------------------------------------------------ values and truth values

    def integer(self, node: ast.expr) -> Value:
        """Read an expression to an integer; one of 32 bits, where it is no time."""
        return self._in_register(self.valued(node))

    def narrow(self, node: ast.expr) -> Value:
        """Read an expression to an integer of 32 bits."""
        value = self.integer(node)
        if value.wide:
            self.refuse(node, f"uses the time {spelled(node)}, a number of 64 bits, here; write i32(...) around it")
        return value

    def _in_register(self, value: Value) -> Value:
        """Return a value as an integer; a truth value has to be made one."""
        if not value.boolean:
            return value
        self.builder.book("alu", 2)  # the condition register into a register, and one bit of that
        return Value(self.builder.named(value), 0, 1)

    def valued(self, node: ast.expr) -> Value:
        """Read an expression that must have a value; a comparison stays a truth value."""
        value = self.expression(node)
        if value is None:
            self.refuse(node, f"uses the value of {spelled(node)}, which has none")
        return value

    def condition(self, node: ast.expr) -> Value:
        """Read an expression to a truth value; a bare integer costs a comparison with 0."""
        known = self.scope.static(node)
        if known is not MISSING:
            return self.scope.truth(node, known)
        value = self.valued(node)
        if value.boolean or value.constant:
            return value
        self.builder.book("alu")
        return Value(self.builder.emit("!=", value.operand, 0), 0, 1, boolean=True)

    def expression(self, node: ast.expr) -> Value | None:
        """Read any expression; a comparison stays a truth value, a call without a value is None."""
        known = self.scope.static(node)
        if known is not MISSING and not (type(known) is int and _folds(node)):
            return self.literal(node, known)
        if isinstance(node, ast.YieldFrom):
            return self.scope.call_of(node.value, handed_on=True)
        self.scope.routine.refuse_kind(node)
        reader = _READERS.get(type(node))
        if reader is None:
            self.refuse(node, f"uses {spelled(node)}, which is not part of the language")
        return reader(self, node)

    def literal(self, node: ast.expr, value: object) -> Value:
        """Return a Python value as an integer constant, or refuse it."""
        if isinstance(value, float | complex):
            self.refuse(node, f"uses the float {spelled(node)}; the processor has no floating point")
        if isinstance(value, VectorRegister):
            what = f"vector register {spelled(node)} as a number; store it to a region and read an element there"
            self.refuse(node, f"uses the {what}")
        if isinstance(value, Condition):
            what = f"condition {spelled(node)} as a number; it can only stand last in an operation that it masks"
            self.refuse(node, f"uses the {what}")
        if isinstance(value, str | bytes):
            self.refuse(node, f"uses the string {spelled(node)}; there are integers only")
        sized = hasattr(value, "__len__") or getattr(value, "ndim", 0)
        if isinstance(value, int) or hasattr(value, "__index__") and not sized:  # an IntFlag has a length
            number = operator.index(value)  # type: ignore[arg-type]
            if not INT32_MIN <= number <= UINT32_MAX:
                self.refuse(node, f"uses {number}, which does not fit in 32 bits")
            return constant(number)
        if hasattr(value, "dtype") or isinstance(value, list | tuple | dict):
            self.refuse(node, f"reads the global array {spelled(node)}; put it into a region of Memory")
        self.refuse(node, f"uses {spelled(node)}, a {type(value).__name__}; there are integers only")

    def _name(self, node: ast.Name) -> Value:
        value = self.scope.variable(node)
        if value is None:
            self.refuse(node, f"uses the unknown name {node.id}; constants are defined above it")
        return value

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.scope.attribute(node)

    def _subscript(self, node: ast.Subscript) -> Value:
        return self.scope.subscript(node)

    # ------------------------------------------------------------------ arithmetic

    def _binop(self, node: ast.BinOp) -> Value:
        terms: list[ast.BinOp] = []  # of a long sum, the last one first: read without a step into each
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and (type(left.op) in _OPERATORS or self.scope.static(left) is MISSING):
            terms.append(left)
            left = left.left
        value = self.integer(left)
        for term in reversed(terms):
            value = self.binary(term, term.op, value, self.integer(term.right))
        return value

    def binary(self, node: ast.AST, kind: ast.operator, left: Value, right: Value) -> Value:
        """Combine two integers; constants fold, everything else books its cycles."""
        if type(kind) in _REFUSED_OPERATORS:
            self.refuse(node, _REFUSED_OPERATORS[type(kind)])
        symbol, cost, compute = _OPERATORS[type(kind)]
        shift = isinstance(kind, ast.LShift | ast.RShift)
        if left.wide or right.wide:
            return self._wide(node, kind, left, right)
        if shift and right.constant and not 0 <= right.low <= 31:
            self.refuse(node, f"shifts by {right.low}; a 32-bit register shifts by 0..31")
        unsigned = left.unsigned if shift else self.common_type(node, left, right)
        if left.constant and right.constant:
            return _folded(compute(left.low, right.low), unsigned)
        self.builder.book(cost)
        self.builder.book_constants(left, right)
        if shift and not right.constant:
            name = ("shift_left" if isinstance(kind, ast.LShift) else "shift_right") + "_unsigned" * unsigned
            return any_value(self.builder.emit(name, left.operand, right.operand), unsigned)
        result = self.builder.emit(symbol, left.operand, right.operand)
        return self._in_32_bits(result, *_bounds(kind, left, right), unsigned)

    def _wide(self, node: ast.AST, kind: ast.operator, left: Value, right: Value) -> Value:
        """Add or subtract times, which are numbers of 64 bits: twice the instructions."""
        if not isinstance(kind, ast.Add | ast.Sub):
            self.refuse(node, f"computes {spelled(node)} with a time, a number of 64 bits; write i32(...) around it")
        symbol, cost, _ = _OPERATORS[type(kind)]
        self.builder.book(cost, 2)
        self.builder.book_constants(left, right)
        low, high = _bounds(kind, left, right)
        result = self.builder.emit(symbol, left.operand, right.operand)
        return time_value(result, max(low, -LATEST), min(high, LATEST))

    def common_type(self, node: ast.AST, left: Value, right: Value) -> bool:
        """Return whether two integers combine as unsigned ones; refuse a negative one beside an unsigned one."""
        if self.scope.types_known and not may_meet(left, right):
            signed = right if left.unsigned else left
            what = f"the constant {signed.low}" if signed.constant else "a signed number"
            self.refuse(
                node,
                f"combines {what} with an unsigned one in {spelled(node)}: as in C the signed one would be taken for "
                "unsigned; write u32(...) or i32(...) around one of them",
                MixedTypesError,
            )
        return left.unsigned or right.unsigned

    def _in_32_bits(self, operand: Operand, low: int, high: int, unsigned: bool) -> Value:
        """Return an exact result as it is where it fits in 32 bits, else wrapped."""
        least, most = LIMITS[unsigned]
        if low >= least and high <= most:
            return Value(operand, low, high, unsigned=unsigned)
        return any_value(self.builder.emit("wrap_unsigned" if unsigned else "wrap", operand), unsigned)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        builder = self.builder
        if isinstance(node.op, ast.Not):
            value = self.condition(node.operand)
            if value.constant:
                return constant(int(not value.low))
            return Value(builder.emit("not", value.operand), 0, 1, boolean=True)
        value = self.narrow(node.operand)
        if isinstance(node.op, ast.UAdd):
            return value
        negate = isinstance(node.op, ast.USub)
        if value.constant:
            number = -value.low if negate else ~value.low
            if negate and isinstance(node.operand, ast.Constant) and number >= INT32_MIN:
                return constant(number)  # -2147483648 is a number, not the negative of an unsigned one
            return _folded(number, value.unsigned)
        builder.book("alu")
        if negate:
            return self._in_32_bits(builder.emit("negate", value.operand), -value.high, -value.low, value.unsigned)
        return self._in_32_bits(builder.emit("invert", value.operand), ~value.high, ~value.low, value.unsigned)

    # ------------------------------------------------------------------ comparisons, and, or

    def _compare(self, node: ast.Compare) -> Value:
        for kind in node.ops:
            if type(kind) not in _COMPARISONS:
                self.refuse(node, f"uses {spelled(node)}; compare integers with < <= > >= == !=")
        if len(node.ops) > 1:
            return self._chain(node)
        left, right = self.integer(node.left), self.integer(node.comparators[0])
        symbol, compute = _COMPARISONS[type(node.ops[0])]
        if left.constant and right.constant:
            return constant(int(compute(left.low, right.low)))
        wide = left.wide or right.wide
        if not wide:
            self._check_comparison(node, symbol, left, right)
        self.builder.book("alu", 3 if wide else 1)  # of times: upper halves, lower halves, both
        self.builder.book_constants(left, right)
        return Value(self.builder.emit(symbol, left.operand, right.operand), 0, 1, boolean=True)

    def _check_comparison(self, node: ast.Compare, symbol: str, left: Value, right: Value) -> None:
        """Refuse to compare where the types leave no question."""
        self.common_type(node, left, right)
        if not self.scope.types_known:
            return
        never = (left.unsigned and right.constant and right.low == 0 and symbol in ("<", ">=")) or (
            right.unsigned and left.constant and left.low == 0 and symbol in (">", "<=")
        )
        if never:
            self.refuse(
                node, f"asks for {spelled(node)}: an unsigned number is never below 0; write i32(...) around it"
            )

    def _chain(self, node: ast.Compare) -> Value:
        """Read a < b < c as a < b and b < c."""
        operands = [node.left, *node.comparators]
        for middle in operands[1:-1]:
            if not isinstance(middle, ast.Name | ast.Constant | ast.Attribute):
                self.refuse(node, f"chains comparisons around {spelled(middle)}; write two, joined with and")
        pairs: list[ast.expr] = []
        for kind, left, right in zip(node.ops, operands[:-1], operands[1:], strict=True):
            pairs.append(ast.copy_location(ast.Compare(left, [kind], [right]), node))
        return self._joint(node, pairs, True)

    def _boolop(self, node: ast.BoolOp) -> Value:
        return self._joint(node, node.values, isinstance(node.op, ast.And))

    def _joint(self, node: ast.expr, operands: list[ast.expr], both: bool) -> Value:
        """Read and, or: one instruction where both operands are truth values, else a branch per operand."""
        builder = self.builder
        result = self.valued(operands[0])
        for number, operand in enumerate(operands[1:], start=1):
            if result.constant:  # decided while compiling
                result = self.valued(operand) if bool(result.low) == both else result
                continue
            value, nodes = builder.captured(
                lambda operand=operand, left=result: self._further(operand, left), node, f"operand {number}"
            )
            if _joins(result, value) and only_computes(nodes):
                builder.block.absorb(nodes[0])
                builder.book("alu")  # crand, cror
                right = bool(value.low) if value.constant else value.operand
                name = builder.emit("and" if both else "or", result.operand, right)
                result = Value(name, 0, 1, boolean=True)
                continue
            result = self._branching(node, number, result, value, nodes, both)
        return result

    def _branching(self, node: ast.expr, number: int, left: Value, right: Value, nodes: list, both: bool) -> Value:
        """Go on with a further operand of and, or where the first one does not decide."""
        builder, name = self.builder, self.builder.temporary()
        builder.set(name, builder.named(left))
        builder.book("alu", 1 if left.boolean else 2)  # what decides into the result; a comparison with 0
        builder.book("branch")
        decided = builder.emit("!=" if both else "==", name, 0)
        outer, builder.nodes, builder.block = (builder.nodes, builder.block), nodes, nodes[-1]
        builder.set(name, builder.named(right))
        builder.nodes, builder.block = outer
        builder.add(If(decided, nodes, [], builder.line))
        builder.open_block(node, f"after {number}")
        self._check_ways(node, left, right)
        return any_value(name, left.unsigned or right.unsigned)

    def _further(self, node: ast.expr, left: Value) -> Value:
        """Read a further operand of and, or, with its way into the register that it shares, where it has to."""
        value = self.valued(node)
        if _joins(left, value) and only_computes(self.builder.nodes):
            return value
        value = self._in_register(value)
        self.builder.book_move(value)
        return value

    def _check_ways(self, node: ast.expr, one: Value, other: Value) -> None:
        if self.scope.types_known and not may_meet(one, other):
            self.refuse(
                node,
                f"is a signed or an unsigned number in {spelled(node)}; write u32(...) or i32(...) around one of them",
                MixedTypesError,
            )

    def _ifexp(self, node: ast.IfExp, target: str = "") -> Value:
        """Read a conditional expression, into a variable where it is the way of another one."""
        builder = self.builder
        condition = self.condition(node.test)
        if condition.constant:
            return self.integer(node.body if condition.low else node.orelse)
        name = target or builder.temporary()
        builder.book("branch")
        ways, values = [], []
        for branch, part in ((node.body, "body"), (node.orelse, "else")):
            value, nodes = builder.captured(lambda branch=branch, part=part: self._way(branch, part, name), node, part)
            ways.append(nodes)
            values.append(value)
        builder.add(If(condition.operand, *ways, builder.line))
        builder.open_block(node, "after")
        self._check_ways(node, *values)
        low, high = min(value.low for value in values), max(value.high for value in values)
        return Value(name, low, high, unsigned=any(value.unsigned for value in values))

    def _way(self, node: ast.expr, part: str, target: str) -> Value:
        """Read one way of a conditional expression into the variable that both share."""
        nested = isinstance(node, ast.IfExp) and self.scope.static(node) is MISSING
        value = self._ifexp(node, target) if nested else self.integer(node)
        self.builder.book_move(value)
        if part == "body":
            self.builder.book("branch")  # over the other way
        if value.operand != target:
            self.builder.set(target, value.operand)
        return value

    # ------------------------------------------------------------------ calls

    def _call(self, node: ast.Call) -> Value | None:
        return self.scope.call(node)

    def intrinsic(self, node: ast.Call, name: str) -> Value:
        """Read a call of an intrinsic of the scalar core."""
        builder = self.builder
        count, instructions = INTRINSICS[name]
        if len(node.args) != count:
            self.refuse(node, f"calls {name} with {len(node.args)} arguments; it takes {count}")
        values = [self.narrow(argument) for argument in node.args]
        if name in _SIGNED_INTRINSICS and any(value.unsigned for value in values):
            self.refuse(node, f"calls {name}, which is signed, with an unsigned number; write i32(...) around it")
        unsigned = self.common_type(node, *values) if count == 2 else False
        for instruction in instructions:
            builder.book(instruction)
        for value in values:
            builder.book_operand(value)
        divides = name in ("divide", "remainder")
        if divides:
            self.scope.divisor(node, values[1])
        operation = f"{name}_unsigned" if divides and unsigned else name
        result = builder.emit(operation, *(value.operand for value in values))
        low, high = _INTRINSIC_RANGES.get(name, LIMITS[unsigned])
        return Value(result, low, high, unsigned=unsigned)

    def conversion(self, node: ast.Call, name: str) -> Value:
        """Read ``u32(x)``, ``i8(x)`` and the like: the low bits of a number, of that type."""
        if len(node.args) != 1:
            self.refuse(node, f"calls {name} with {len(node.args)} arguments; it takes one number")
        builder, value = self.builder, self.integer(node.args[0])
        if name in ("u32", "i32"):
            least, most = LIMITS[name == "u32"]
            if least <= value.low and value.high <= most:
                return value._replace(unsigned=name == "u32")
            if value.constant:
                return _folded(value.low, name == "u32")
            wrap = "wrap_unsigned" if name == "u32" else "wrap"
            return any_value(builder.emit(wrap, value.operand), name == "u32")
        low, high = _CONVERTED[name]
        if low <= value.low and value.high <= high:
            return value._replace(unsigned=False)
        builder.book("alu")  # extsb, extsh, rlwinm
        builder.book_constants(value)
        return Value(builder.emit(_CONVERSIONS[name], value.operand), low, high)


_READERS: dict[type, Callable[[Expressions, Any], Value | None]] = {
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.BinOp: Expressions._binop,
    ast.UnaryOp: Expressions._unaryop,
    ast.Compare: Expressions._compare,
    ast.BoolOp: Expressions._boolop,
    ast.IfExp: Expressions._ifexp,
    ast.Call: Expressions._call,
}


def _folded(number: int, unsigned: bool) -> Value:
    """Return the low 32 bits of a number that was computed from constants, of the type that it has by theirs."""
    bits = unsigned32(number) if unsigned else signed32(number)
    return Value(bits, bits, bits, unsigned=unsigned)


def _folds(node: ast.expr) -> bool:
    """Return whether an expression of constants is computed in 32 bits, as the processor would."""
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS
    return isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not)


def _joins(left: Value, right: Value) -> bool:
    """Return whether two operands of and, or are both truth values; the constants 0 and 1 are, others are not."""
    return left.boolean and (right.boolean or right.constant and right.low in (0, 1))


def _bounds(kind: ast.operator, left: Value, right: Value) -> tuple[int, int]:
    """Return the interval of an exact result."""
    if isinstance(kind, ast.RShift):
        return left.low >> right.low, left.high >> right.low
    if isinstance(kind, ast.LShift):
        return left.low << right.low, left.high << right.low
    if isinstance(kind, ast.BitAnd):
        masks = [side.high for side in (left, right) if side.low >= 0]
        return (0, min(masks)) if masks else LIMITS[False]
    if isinstance(kind, ast.BitOr | ast.BitXor):
        if left.low >= 0 and right.low >= 0:
            return 0, (1 << max(left.high, right.high).bit_length()) - 1
        return LIMITS[False]
    if isinstance(kind, ast.Add):
        return left.low + right.low, left.high + right.high
    if isinstance(kind, ast.Sub):
        return left.low - right.high, left.high - right.low
    products = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    return min(products), max(products)
