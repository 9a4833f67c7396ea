"""Drawing statements: every variable has a value before it is read, every loop ends, nothing stands behind a jump."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

from chip.testing.code.expressions import ARITHMETIC, MOST_WORK, Expressions, Scope
from chip.testing.code.rules import INT32_MAX, common, never_constant
from chip.testing.code.tree import (
    Assign,
    AugmentedAssign,
    AugmentedStore,
    Binary,
    Block,
    Break,
    Comparison,
    Constant,
    Continue,
    Do,
    Expression,
    For,
    If,
    Joint,
    Return,
    Routine,
    Run,
    Statement,
    Store,
    Type,
    Variable,
    Wait,
    While,
    walk,
)

T = TypeVar("T")

VARIABLES: dict[str, Type] = {**dict.fromkeys("abcdij", "i32"), **dict.fromkeys("pqr", "u32")}
"""Variables that a routine may have, with their types."""
COUNTERS = ("n0", "n1")
"""Variables that count ``while`` loops down, by how deep the loop is."""
TRIPS = (6, 3)
"""Most trips of a loop, by how deep it is."""
BRANCHES = 3
"""Most levels of branches."""
DEPTH = 3
"""Most levels of an expression."""
WIDE_STEP = 1 << 30
"""A step that makes few trips between any two bounds."""


class Statements(Expressions):
    """Draws statements and blocks of them."""

    kernels: tuple[Routine, ...] = ()  # that a task can run

    def block(self, scope: Scope, mean: int, leave: bool = True, least: int = 0) -> Block:
        """Draw a block of ``least`` statements or more; what leaves ends it, if anything in it may leave it."""
        found: list[Statement] = []

        def rest() -> None:
            goes_on = self.choices.more(mean, len(found)) or len(found) < least
            if not goes_on or scope.left <= 0 or scope.work >= MOST_WORK or leaves(tuple(found)):
                return
            found.extend(self.choices.group("statement", lambda: self.choices.pick(self._ways(scope, leave))(scope)))
            self.choices.group("rest", rest)  # within: to leave out what is before, the rest takes its place

        self.choices.group("rest", rest)
        return tuple(found)

    def _ways(self, scope: Scope, leave: bool) -> list[Callable[[Scope], Block]]:
        task = scope.kind == "task"
        ways: list[Callable[[Scope], Block]] = [self._wait, *[self._run] * 2] if task else [self._store] * 3
        ways += [*[self._assign] * (5 if task else 3), *[self._augmented_assign] * 2]
        if not task:
            ways += [self._augmented_store, self._do]
        if scope.branches < BRANCHES:
            ways += [self._if if leave else self._if_that_goes_on] * 2
        if self._trips(scope):
            ways += [*[self._for] * 2, self._while]
        if leave and not task:
            ways.append(self._return)
        if leave and scope.loops:
            ways += [self._break, self._continue, *[self._guard] * 3]
        return ways

    # ------------------------------------------------------------------ assignments, stores, calls, jumps

    def _target(self, scope: Scope, kind: Type) -> str:
        """Draw a variable to be assigned to: a parameter or another one, none that counts a loop down."""
        known = {name: x for name, x in scope.names.variables.items() if name not in COUNTERS}
        return self.choices.pick(sorted(name for name, x in known.items() if x == kind))

    @staticmethod
    def _count(scope: Scope) -> None:
        scope.work += scope.trips
        scope.left -= 1

    def _assign(self, scope: Scope) -> Block:
        self._count(scope)
        kind = self.choices.pick(self.types)
        name = self._target(scope, kind)
        # the type of a u32 variable comes from its assignments: the first one says it
        draw = self.mixing if name in scope.assigned else self.expression
        value = draw(scope, kind, DEPTH)
        scope.assigned.add(name)
        return (Assign(name, value),)

    def _changed(self, scope: Scope, kind: Type) -> tuple[str, Expression]:
        """Draw operator and value of an augmented assignment to something of this type."""
        operator = self.choices.pick([*ARITHMETIC, "<<", ">>"])
        if operator in ARITHMETIC:
            return operator, self.mixing(scope, kind, DEPTH - 1)
        return operator, self.amount(scope, DEPTH - 1)

    def _augmented_assign(self, scope: Scope) -> Block:
        known = sorted(scope.assigned - scope.locked)
        if not known:
            return self._assign(scope)
        self._count(scope)
        name = self.choices.pick(known)
        return (AugmentedAssign(name, *self._changed(scope, scope.names.variables[name])),)

    def _store(self, scope: Scope) -> Block:
        self._count(scope)
        region = self.choices.pick(scope.regions)
        value = self.expression(scope, self.choices.pick(self.types), DEPTH)
        return (Store(region.name, self.index(scope, region.length, DEPTH - 1), value),)

    def _augmented_store(self, scope: Scope) -> Block:
        self._count(scope)
        region = self.choices.pick(scope.regions)
        index = self.index(scope, region.length, DEPTH - 1)
        return (AugmentedStore(region.name, index, *self._changed(scope, common(region.type))),)

    def _do(self, scope: Scope) -> Block:
        if not scope.callable(("i32", "u32", None)):
            return self._store(scope)
        self._count(scope)
        return (Do(self.call(scope, ("i32", "u32", None), DEPTH - 1)),)

    def _run(self, scope: Scope) -> Block:
        self._count(scope)
        kernel = self.choices.pick(self.kernels)
        return (Run(kernel.name, self.arguments(scope, kernel, DEPTH - 1)),)

    def _wait(self, scope: Scope) -> Block:
        self._count(scope)
        return (Wait(self.choices.integer(1, 50)),)

    def _return(self, scope: Scope) -> Block:
        return (Return(None if scope.returns is None else self.expression(scope, scope.returns, DEPTH - 1)),)

    def _break(self, scope: Scope) -> Block:
        return (Break(),)

    def _continue(self, scope: Scope) -> Block:
        return (Continue(),)

    # ------------------------------------------------------------------ branches

    def _if(self, scope: Scope) -> Block:
        self._count(scope)
        test = self.test(scope, DEPTH - 1)
        before = set(scope.assigned)
        scope.branches += 1
        body = self.block(scope, 2)
        after, scope.assigned = scope.assigned, before
        orelse: Block = ()
        way = self.choices.integer(0, 2)
        if way == 1:
            orelse = self.block(scope, 2)
        elif way == 2 and scope.left > 0 and scope.branches < BRANCHES:
            orelse = self._if(scope)
        scope.branches -= 1
        if leaves(orelse) and never_constant(test):
            scope.assigned = after
        elif not (leaves(body) and never_constant(test)):
            scope.assigned = after & scope.assigned
        return (If(test, body, orelse),)

    def _if_that_goes_on(self, scope: Scope) -> Block:
        """Draw a branch that is left on one way at most."""
        before = set(scope.assigned)
        drawn = self._if(scope)
        if not leaves(drawn):
            return drawn
        scope.assigned = before
        return (dataclasses.replace(drawn[0], orelse=()),)

    def _guard(self, scope: Scope) -> Block:
        """Draw a jump out of a loop or to its next trip, under a condition, and something that it may leave out."""
        self._count(scope)
        test = self.test(scope, DEPTH - 1)
        jump = If(test, (self.choices.pick([Break(), Continue()]),))
        return (jump, *self._assign(scope))

    # ------------------------------------------------------------------ loops

    @staticmethod
    def _trips(scope: Scope) -> int:
        """Return how often a loop here may go round, 0 for no loop."""
        deep = scope.loops + (scope.kind == "subroutine")
        return TRIPS[deep] if deep < len(TRIPS) else 0

    def _within(self, scope: Scope, trips: int, draw: Callable[[], T]) -> T:
        """Draw what belongs to a loop: it is done so many times."""
        around = scope.trips
        scope.loops, scope.trips = scope.loops + 1, around * trips
        drawn = draw()
        scope.loops, scope.trips = scope.loops - 1, around
        return drawn

    def _for(self, scope: Scope) -> Block:
        self._count(scope)
        bounds = self._constant_bounds, self._masked_bounds, self._near_bounds, self._wide_bounds
        start, stop, step, trips = self.choices.pick(bounds)(scope, self.choices.pick(self.types))
        kind = common(*(scope.names.type_of(bound) for bound in (start, stop) if bound is not None))
        name = self._target(scope, kind)
        before = set(scope.assigned)
        scope.assigned.add(name)
        body = self._within(scope, max(trips, 1), lambda: self.block(scope, 2))
        found = For(name, start, stop, step, body)
        if not always_goes_through(found):
            scope.assigned = before
        return (found,)

    def _constant_bounds(self, scope: Scope, kind: Type) -> tuple:
        """Draw bounds that are constants, of i32."""
        trips = self._trips(scope)
        way = self.choices.integer(0, 2)
        if way == 0:
            return None, Constant(self.choices.integer(0, trips)), None, trips
        start = self.choices.number(-(2**31) + 100, INT32_MAX - 100)
        step = self.choices.pick([1, -1, 2, -3]) if way == 2 else None
        stop = start + self.choices.integer(-1, trips) * (step or 1)
        return Constant(start), Constant(stop), step, trips

    def _masked_bounds(self, scope: Scope, kind: Type) -> tuple:
        """Draw bounds that are 0 .. 3 when it runs."""
        stop = self.masked(scope, 3, DEPTH - 1)
        way = self.choices.integer(0, 2)
        if way == 0:
            return None, stop, None, 3
        if way == 1:
            return Constant(self.choices.integer(0, 2)), stop, self.choices.pick([None, 2]), 3
        return self.masked(scope, 3, DEPTH - 1), stop, self.choices.pick([-1, -2]), 3

    def _near_bounds(self, scope: Scope, kind: Type) -> tuple:
        """Draw a variable and what is up to three from it, which may wrap round: then the loop has no trip."""
        known = scope.readable(kind)
        if not known:
            return self._masked_bounds(scope, kind)
        start, down = Variable(self.choices.pick(known)), self.choices.integer(0, 1)
        distance = Binary("&", self.expression(scope, "i32", 1), Constant(3))
        return start, Binary("-" if down else "+", start, distance), -1 if down else 1, 3

    def _wide_bounds(self, scope: Scope, kind: Type) -> tuple:
        """Draw any two bounds, with a step that is wide."""
        start, stop = self._pair(scope, kind, DEPTH - 1)
        return start, stop, self.choices.pick([WIDE_STEP, -WIDE_STEP]), 4

    def _while(self, scope: Scope) -> Block:
        self._count(scope)
        trips, name = self._trips(scope), COUNTERS[scope.loops]
        first = Constant(self.choices.integer(0, trips))
        if self.choices.integer(0, 2) == 2:
            first = Binary("&", self.expression(scope, "i32", DEPTH - 1), Constant(3))
        scope.assigned.add(name)
        scope.locked.add(name)
        before, counter = set(scope.assigned), Variable(name)
        test: Expression = Comparison(">", counter, Constant(0))
        down: Block = (AugmentedAssign(name, "-", Constant(1)),)
        way = self.choices.integer(0, 3)
        if way == 1:
            test = counter
        elif way == 2:
            test = Joint("and", test, self._within(scope, trips + 1, lambda: self.test(scope, DEPTH - 1)))
        elif way == 3:
            test = Constant(1)
            down += (If(Comparison("<", counter, Constant(0)), (Break(),)),)
        body = self._within(scope, trips + 1, lambda: self.block(scope, 2))
        scope.assigned = before
        scope.locked.discard(name)
        return Assign(name, first), While(test, (*down, *body))


def leaves(block: Block) -> bool:
    """Return whether control never runs past the end of a block."""
    match block[-1:]:
        case (Break() | Continue() | Return(),):
            return True
        case (If(_, body, orelse),):
            return leaves(body) and leaves(orelse)
    return False


def always_goes_through(loop: For) -> bool:
    """Return whether a loop runs through its body once or more for certain, so that what it assigns has a value."""
    start = Constant(0) if loop.start is None else loop.start
    if not (isinstance(start, Constant) and isinstance(loop.stop, Constant)):
        return False
    jumps = any(isinstance(node, Break | Continue | Return) for node in walk(loop.body))
    return not jumps and len(range(start.value, loop.stop.value, loop.step or 1)) > 0
