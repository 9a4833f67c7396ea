"""What a routine of a task is read in: its names, what is known of them, what it returns, where it faults."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from chip.base.declaration import shown
from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.language import MISSING, KernelError, Routine, spelled, stored_names, stores
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.tasks.statics import LONGEST_LIST, Statics
from chip.ppu.compiler.tasks.unit import TaskUnit
from chip.ppu.compiler.unit import Site
from chip.ppu.compiler.values import Value, time_value
from chip.ppu.compiler.variables import Types, Variables, check_type, variable_name


class MustBeKnown(KernelError):
    """An expression has to be known when the program is loaded, and depends on variables.

    Attributes:
        names: those variables.
    """

    def __init__(self, text: str, names: frozenset[str]):
        super().__init__(text)
        self.names = names


class TaskVariables(Variables):
    """The variables of a task's routine, some of which are times."""

    def __init__(self, task: TaskRoutine, names: set[str], parameters: set[str], types: Types):
        super().__init__(names, parameters, types.unsigned)
        self.task, self.wide = task, types.wide

    def value(self, routine: Routine, node: ast.Name) -> Value | None:
        value = super().value(routine, node)
        if value is None:
            return None
        value = value._replace(operand=self.task.own(variable_name(node.id)))
        return time_value(value.operand) if node.id in self.wide else value


class Context:
    """What one routine of a program is read in; the parts of its source are read on it.

    Attributes:
        unit, task, routine: the program's, what the routine becomes, its source.
        builder: takes what is read; statics: what is known; variables: what is not.
        known, numbers: its arguments; changed: those known ones that it assigns to.
        stores: every name that is assigned to, as often as it is.
        types_known: whether it is known what is unsigned; result: what the routine returns, as far as it was read.
    """

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
        self.numbers, self.changed, self.known = numbers, changed, known
        self.result: Value | None = None

    # ------------------------------------------------------------------ what is known

    def static(self, node: ast.expr) -> Any:
        return self.statics.evaluate(node, self.variables.names, self.variables.assigned)

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

    def is_ppu(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.statics.values.get(node.id) is self.unit.ppu

    # ------------------------------------------------------------------ results, types, faults

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

    def fault(self, kind: str, node: ast.AST, region: str = "") -> int:
        """Return the number of a new place where the routine can fault."""
        line = node.lineno  # type: ignore[attr-defined]
        self.unit.sites.append(Site(kind, self.routine.name, self.routine.file, line, region, 1))
        return len(self.unit.sites) - 1

    def check_type(self, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
        """Refuse a number that is no value of a type."""
        if value.wide:
            self.routine.refuse(node, f"gives a time, a number of 64 bits, to {what}; write i32(...) around it")
        if self.types_known:
            check_type(self.routine, node, value, unsigned, what)
