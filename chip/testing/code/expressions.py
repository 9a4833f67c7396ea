"""Drawing expressions that the language accepts: by type, over the variables that have a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chip.testing.code.choices import Choices
from chip.testing.code.rules import INT32_MAX, Names, never_constant
from chip.testing.code.tree import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Constant,
    Conversion,
    Element,
    Expression,
    Intrinsic,
    Joint,
    Length,
    Region,
    Routine,
    Type,
    Unary,
    Variable,
)

INT32_MIN, UINT32_MAX = -(2**31), 2**32 - 1
ARITHMETIC = "+-*&|^"
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MOST_WORK = 2_000
"""Statements that a routine may come to when it runs, with those of loops and calls: a bound for watchdogs."""


@dataclass
class Scope:
    """What is known at one place of a routine while it is drawn.

    Attributes:
        kind, returns: of the routine; names: the types of everything that it can name; regions: those there are.
        assigned: variables that have a value; locked: those that count a loop down and stay as they are.
        callees: subroutines that can be called, with the work of a call.
        loops, branches: how many there are around; trips: how often the loops come to this place at most.
        work: statements that the routine comes to at most; left: statements that may still be drawn.
    """

    kind: str
    returns: Type | None
    names: Names
    regions: tuple[Region, ...]
    callees: list[tuple[Routine, int]] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    loops: int = 0
    branches: int = 0
    trips: int = 1
    work: int = 0
    left: int = 0

    def readable(self, kind: Type) -> list[str]:
        """Return the variables of a type that have a value."""
        return sorted(name for name in self.assigned if self.names.variables[name] == kind)

    def callable(self, returns: tuple[Type | None, ...]) -> list[tuple[Routine, int]]:
        """Return the subroutines that return one of these and can be called here without too much work."""
        left = MOST_WORK - self.work
        return [(r, work) for r, work in self.callees if r.returns in returns and work * self.trips <= left]


class Expressions:
    """Draws expressions; with ``unsigned`` also u32 values and conversions."""

    def __init__(self, choices: Choices, unsigned: bool):
        self.choices, self.unsigned = choices, unsigned

    @property
    def types(self) -> list[Type]:
        """The types that there are."""
        return ["i32", "u32"] if self.unsigned else ["i32"]

    def expression(self, scope: Scope, kind: Type, depth: int) -> Expression:
        """Draw an expression of exactly this type."""
        return self.choices.group("expression", lambda: self._expression(scope, kind, depth))

    def _expression(self, scope: Scope, kind: Type, depth: int) -> Expression:
        # the same ways everywhere, so that a program that hypothesis makes simpler stays itself elsewhere
        ways = [self._constant, *[self._variable] * 3, *[self._element] * 2]
        if depth:
            ways += [self._binary] * 3 + [self._shift] * 2 + [self._unary, *[self._intrinsic] * 2, self._conditional]
            ways += [self._joint, self._call]
            if kind == "i32":
                ways += [self._comparison, self._length]
            if self.unsigned:
                ways += [self._conversion] * (1 if kind == "i32" else 2)
        return self.choices.pick(ways)(scope, kind, depth - 1)

    def mixing(self, scope: Scope, kind: Type, depth: int) -> Expression:
        """Draw an expression that mixes with this type: of it, or for u32 an i32 that is never negative."""
        if kind == "u32" and self.choices.integer(0, 2) == 0:
            return self._never_negative(scope, depth)
        return self.expression(scope, kind, depth)

    def test(self, scope: Scope, depth: int) -> Expression:
        """Draw a condition: mostly a comparison, but any value can be one."""
        value = lambda: self.expression(scope, self.choices.pick(self.types), depth)  # noqa: E731
        compared = lambda: self._comparison(scope, "i32", depth)  # noqa: E731
        ways: list[Callable[[], Expression]] = [value, compared, compared, compared]
        if depth:
            ways.append(lambda: Unary("not", self.test(scope, depth - 1)))
            joint = lambda: Joint(  # noqa: E731
                self.choices.pick(["and", "or"]), self._comparison(scope, "i32", 0), self._comparison(scope, "i32", 0)
            )
            ways += [joint, joint]
        return self.choices.group("expression", lambda: self.choices.pick(ways)())

    def index(self, scope: Scope, length: int, depth: int) -> Expression:
        """Draw an index below ``length``, a power of two."""
        if not depth or self.choices.integer(0, 2) == 0:
            return Constant(self.choices.integer(0, length - 1))
        return self.masked(scope, length - 1, depth)

    def masked(self, scope: Scope, mask: int, depth: int) -> Expression:
        """Draw an expression of 0 .. ``mask``, which is 2**n - 1; of either type."""
        kind = self.choices.pick(self.types)
        return Binary("&", self.expression(scope, kind, depth), Constant(mask))

    def amount(self, scope: Scope, depth: int) -> Expression:
        """Draw the amount of a shift: a constant, something & 31, or anything, of which six bits count."""
        way = self.choices.integer(0, 4)
        variables = [name for kind in self.types for name in scope.readable(kind)]
        if way == 0 or not (depth or variables):
            return Constant(self.choices.integer(0, 31))
        if way <= 2 and depth:
            return self.masked(scope, 31, depth - 1)
        if variables:  # no constant would be accepted here
            return Variable(self.choices.pick(variables))
        return Constant(self.choices.integer(0, 31))

    def arguments(self, scope: Scope, routine: Routine, depth: int) -> tuple[Expression, ...]:
        """Draw what a routine is called with."""
        return tuple(self.mixing(scope, parameter.type, depth) for parameter in routine.parameters)

    def call(self, scope: Scope, returns: tuple[Type | None, ...], depth: int) -> Call:
        """Draw a call of one of the subroutines that return this."""
        routine, work = self.choices.pick(scope.callable(returns))
        scope.work += work * scope.trips
        return Call(routine.name, self.arguments(scope, routine, depth))

    # ------------------------------------------------------------------ the ways of an expression

    @staticmethod
    def _holders(scope: Scope, kind: Type) -> list[Region]:
        return [region for region in scope.regions if (region.type == "u32") == (kind == "u32")]

    def _constant(self, scope: Scope, kind: Type, depth: int) -> Expression:
        if kind == "i32":
            return Constant(self.choices.number(INT32_MIN, INT32_MAX))
        if self.choices.integer(0, 1):
            return Constant(self.choices.number(INT32_MAX + 1, UINT32_MAX))
        return Conversion("u32", Constant(self.choices.number(INT32_MIN, INT32_MAX)))

    def _variable(self, scope: Scope, kind: Type, depth: int) -> Expression:
        known = scope.readable(kind)
        return Variable(self.choices.pick(known)) if known else self._constant(scope, kind, depth)

    def _element(self, scope: Scope, kind: Type, depth: int) -> Expression:
        region = self.choices.pick(self._holders(scope, kind))
        return Element(region.name, self.index(scope, region.length, max(depth, 0)))

    def _pair(self, scope: Scope, kind: Type, depth: int) -> tuple[Expression, Expression]:
        """Draw two operands whose common type is this."""
        if kind == "u32" and self.choices.integer(0, 2) == 2:
            left = self.mixing(scope, "u32", depth)
            return left, self.expression(scope, "u32", depth)
        left = self.expression(scope, kind, depth)
        return left, self.mixing(scope, kind, depth)

    def _binary(self, scope: Scope, kind: Type, depth: int) -> Expression:
        return Binary(self.choices.pick(ARITHMETIC), *self._pair(scope, kind, depth))

    def _shift(self, scope: Scope, kind: Type, depth: int) -> Expression:
        operator = self.choices.pick(["<<", ">>"])
        left = self.expression(scope, kind, depth)
        return Binary(operator, left, self.amount(scope, depth))

    def _unary(self, scope: Scope, kind: Type, depth: int) -> Expression:
        operator = self.choices.pick(["-", "~", "not"] if kind == "i32" else ["-", "~"])
        operand = self.expression(scope, kind if operator != "not" else self.choices.pick(self.types), depth)
        if operator == "-" and isinstance(operand, Constant):  # a minus in front of digits is the number's sign
            operator = "~"
        return Unary(operator, operand)

    def _comparison(self, scope: Scope, kind: Type, depth: int) -> Expression:
        operator = self.choices.pick(COMPARISONS)
        kind = self.choices.pick(self.types)
        left, right = self._pair(scope, kind, depth)
        if kind == "u32" and not (_may_order(left) and _may_order(right)):  # which is refused where one of them is 0
            operator = "!=" if operator in ("<", ">", "!=") else "=="
        return Comparison(operator, left, right)

    def _joint(self, scope: Scope, kind: Type, depth: int) -> Expression:
        left, right = self._pair(scope, kind, depth)
        if not never_constant(left):
            left, right = self._exactly(scope, kind, left), self._exactly(scope, kind, right)
        return Joint(self.choices.pick(["and", "or"]), left, right)

    def _conditional(self, scope: Scope, kind: Type, depth: int) -> Expression:
        test = self.test(scope, depth)
        body, orelse = self._pair(scope, kind, depth)
        if not never_constant(test):
            body, orelse = self._exactly(scope, kind, body), self._exactly(scope, kind, orelse)
        return Conditional(body, test, orelse)

    def _length(self, scope: Scope, kind: Type, depth: int) -> Expression:
        if scope.kind == "task":
            return self._element(scope, kind, depth)
        return Length(self.choices.pick(scope.regions).name)

    def _call(self, scope: Scope, kind: Type, depth: int) -> Expression:
        if scope.callable((kind,)):
            return self.call(scope, (kind,), depth)
        return self._constant(scope, kind, depth)

    def _conversion(self, scope: Scope, kind: Type, depth: int) -> Expression:
        to = "u32" if kind == "u32" else self.choices.pick(["i32", "u8", "i8", "u16", "i16"])
        return Conversion(to, self.expression(scope, self.choices.pick(self.types), depth))

    def _intrinsic(self, scope: Scope, kind: Type, depth: int) -> Expression:
        names = ["minimum", "maximum", "divide"]
        if kind == "i32":
            names += ["absolute", "saturate8", "saturate16", "multiply_high", "count_leading_zeros"]
        name = self.choices.pick(names)
        if name == "divide":
            return Intrinsic(name, self._quotient(scope, kind, depth))
        if name in ("minimum", "maximum", "multiply_high"):
            return Intrinsic(name, self._pair(scope, kind, depth))
        if name == "absolute":
            operand = self.expression(scope, "i32", depth)
            lowest = self.choices.integer(0, 3) == 3  # the number whose magnitude is itself
            return Intrinsic(name, (Binary("|", operand, Constant(INT32_MIN)) if lowest else operand,))
        return Intrinsic(name, (self.expression(scope, self.choices.pick(self.types), depth),))

    def _quotient(self, scope: Scope, kind: Type, depth: int) -> tuple[Expression, Expression]:
        """Draw a dividend and a divisor that is not 0."""
        if self.choices.integer(0, 1):
            left, right = self._pair(scope, kind, depth)
            return left, Binary("|", self._exactly(scope, kind, right), Constant(1))
        divisors = (1, 2, 3, 10, 1000, INT32_MAX, *((-1, -7, INT32_MIN) if kind == "i32" else (2**31, UINT32_MAX)))
        return self.expression(scope, kind, depth), Constant(self.choices.pick(divisors))

    @staticmethod
    def _exactly(scope: Scope, kind: Type, node: Expression) -> Expression:
        return node if scope.names.type_of(node) == kind else Conversion(kind, node)

    def _never_negative(self, scope: Scope, depth: int) -> Expression:
        """Draw an i32 of a kind that is known not to be negative."""
        ways: list[Callable[[], Expression]] = [lambda: Constant(self.choices.number(0, INT32_MAX))]
        if depth:
            mask = lambda: Constant(self.choices.number(0, INT32_MAX))  # noqa: E731
            ways += [
                lambda: Binary("&", self.expression(scope, "i32", depth - 1), mask()),
                lambda: self._comparison(scope, "i32", depth - 1),
                lambda: Intrinsic("count_leading_zeros", (self.expression(scope, "i32", depth - 1),)),
                lambda: Conversion(self.choices.pick(["u8", "u16"]), self.expression(scope, "i32", depth - 1)),
            ]
        return self.choices.group("expression", lambda: self.choices.pick(ways)())


def _may_order(node: Expression) -> bool:
    """Return whether an unsigned number may be asked to be below this or not: it is not the constant 0."""
    return node.value != 0 if isinstance(node, Constant) else never_constant(node)
