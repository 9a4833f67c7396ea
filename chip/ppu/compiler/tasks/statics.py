"""What is known of a task when its program is loaded: everything that does not depend on what happens on the chip.

``self``, its settings, ranges, kernels, tables: ordinary Python, evaluated once, and from then on constant. Calls are
limited to what cannot change anything: functions and methods written in Python, and a few of Python's own.
"""

from __future__ import annotations

import ast
import builtins
import dis
import itertools
import sysconfig
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chip.ppu.compiler.language import MISSING, KernelError, Routine, spelled, stored_names
from chip.ppu.compiler.values import LIMITS
from chip.ppu.vector.operations import known_call

HARMLESS = (
    *(
        abs,
        bool,
        dict,
        divmod,
        enumerate,
        int,
        isinstance,
        len,
        list,
        max,
        min,
        range,
        reversed,
        sorted,
        sum,
        tuple,
        zip,
    ),
    *(itertools.pairwise, getattr, hasattr, all, any, set, frozenset),
)
HARMLESS_OWNERS = (tuple, range, str, frozenset, np.ndarray, np.integer, types.MappingProxyType)
CHANGING = frozenset(
    {
        *("append", "extend", "insert", "pop", "popitem", "remove", "clear", "sort", "reverse", "add", "discard"),
        *("update", "setdefault", "fill", "put", "itemset", "resize", "__next__", "__setitem__", "__delitem__", "send"),
    }
)
FROZEN = (
    "what a program keeps in Python is frozen when it is loaded: keep a number in a variable, or let a kernel write it "
    "to a region"
)
LIBRARIES = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<frozen"})
LONGEST_LIST = 4096  # elements of what a loop runs over, one after the other


class NotKnown(Exception):
    """Something is not known before the program runs."""


class OperationName:
    """``ppu.name`` in a task, where the processor has such an operation."""

    def __init__(self, name: str):
        self.name = name

    def __call__(self, *_: object, **__: object) -> None:
        raise NotKnown(self.name)


class Ppu:
    """What stands for the processor while a task is read: its operations by name, and its hemisphere."""

    def __init__(self, hemisphere: int, operations: frozenset[str], refusal: Any):
        self.hemisphere = hemisphere
        self._operations, self._refusal = operations, refusal

    def __repr__(self) -> str:
        return "the processor"

    def __getattr__(self, name: str) -> OperationName:
        if name.startswith("__"):  # asked by Python, and by who shows it
            raise AttributeError(name)
        if name in ("word", "time_base"):
            raise NotKnown(name)
        if name not in self._operations:
            raise Forbidden(self._refusal(name))
        return OperationName(name)


class Forbidden(AttributeError):
    """A task asks for something that no task may have; the rest of a sentence."""


class Statics:
    """Evaluates expressions of one routine that are known.

    Attributes:
        values: what names of the routine stand for, where that is known.
    """

    def __init__(self, routine: Routine, values: dict[str, Any]):
        self.routine, self.values = routine, values

    def evaluate(self, node: ast.expr, variables: set[str], assigned: set[str]) -> Any:
        """Return what an expression is, or MISSING.

        ``variables`` are all names that the routine assigns to, ``assigned`` those that have a value here.
        """
        if isinstance(node, ast.Constant):
            return node.value
        own = stored_names(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in variables and inner.id not in own:
                if inner.id not in self.values or inner.id not in assigned:
                    return MISSING
            if isinstance(inner, ast.Yield | ast.YieldFrom | ast.Await | ast.NamedExpr | ast.Lambda):
                return MISSING
        try:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    self._check_call(inner)
            return eval(compile(ast.Expression(body=node), "<task>", "eval"), self._names(node))  # noqa: S307
        except NotKnown:
            return MISSING
        except Forbidden as forbidden:
            self.routine.refuse(node, str(forbidden))
        except KernelError:
            raise
        except Exception as error:
            self.routine.refuse(
                node, f"cannot compute {spelled(node)} when it is loaded: {type(error).__name__}: {error}"
            )

    def look_up(self, node: ast.expr) -> Any:
        """Return what a name, or a name in something, is, or MISSING."""
        if isinstance(node, ast.Name):
            return self.values[node.id] if node.id in self.values else self.routine.look_up(node)
        if isinstance(node, ast.Attribute):
            owner = self.look_up(node.value)
            if owner is not MISSING:
                try:
                    return getattr(owner, node.attr)
                except Forbidden as forbidden:
                    self.routine.refuse(node, str(forbidden))
                except (NotKnown, AttributeError):
                    return MISSING
        return MISSING

    def _names(self, node: ast.expr) -> dict[str, Any]:
        names: dict[str, Any] = {"__builtins__": builtins}
        own = stored_names(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id not in own:
                found = self.look_up(inner)
                if found is MISSING:
                    self.routine.refuse(inner, f"uses the unknown name {inner.id}")
                names[inner.id] = found
        return names

    def _check_call(self, node: ast.Call) -> None:
        """Refuse to call what might change something, or be different the next time."""
        if isinstance(node.func, ast.Call):
            return  # of what it returns
        callee = self.look_up(node.func)
        if callee is MISSING and isinstance(node.func, ast.Attribute):
            if node.func.attr in CHANGING:
                raise Forbidden(changes(spelled(node.func)))
            return  # a method of something computed
        if known_call(callee)[1]:
            raise NotKnown(spelled(node.func))  # computed in 32 bits, as the processor does it
        if isinstance(callee, OperationName) or callee is super:
            return
        if isinstance(callee, types.FunctionType | types.MethodType) and not is_foreign(callee):
            stored = _stores_outside(callee)
            if stored:
                raise Forbidden(f"calls {spelled(node.func)}, which sets {stored}; {FROZEN}")
            return
        if any(callee is harmless for harmless in HARMLESS):
            return
        owner = getattr(callee, "__self__", None)
        if isinstance(callee, types.BuiltinFunctionType) and isinstance(owner, HARMLESS_OWNERS):
            return
        if callee is MISSING:
            return  # refused where it is read
        raise NotKnown(spelled(node.func))


def changes(name: str) -> str:
    """Return the sentence for a call that changes what a program keeps in Python."""
    return (
        f"calls {name}: nothing that a program keeps in Python changes once it is loaded; keep numbers in variables, "
        "and let a kernel write a region"
    )


def _stores_outside(function: Callable) -> str:
    """Return what a function sets that outlives its call, an attribute or a global variable, or an empty text."""
    stored = {"STORE_ATTR": "the attribute", "STORE_GLOBAL": "the global variable"}
    for instruction in dis.get_instructions(function):
        if instruction.opname in stored:
            return f"{stored[instruction.opname]} {instruction.argval}"
    return ""


def is_foreign(function: Callable) -> bool:
    """Return whether a function comes with Python itself: it may be another one each time, as in ``random``."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename.startswith(LIBRARIES) and "site-packages" not in code.co_filename


def key_of(value: Any) -> Any:
    """Return what tells two known values apart: themselves where they are plain, else which object it is."""
    if isinstance(value, int | str | bool | float | bytes | range | types.NoneType):
        return type(value), value
    if isinstance(value, tuple):
        return tuple(key_of(element) for element in value)
    return "object", id(value)


def as_range(values: Sequence) -> range | None:
    """Return the range that whole numbers are which count in signed 32 bits, or None."""
    if isinstance(values, range):
        return values if _counts_in_32_bits(values) else None
    if not values or not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        return None
    step = int(values[1]) - int(values[0]) if len(values) > 1 else 1
    if step == 0:
        return None
    found = range(int(values[0]), int(values[-1]) + (1 if step > 0 else -1), step)
    if not _counts_in_32_bits(found) or len(found) != len(values):
        return None
    return found if all(int(value) == counted for value, counted in zip(values, found, strict=True)) else None


def _counts_in_32_bits(counted: range) -> bool:
    low, high = LIMITS[False]
    return all(low <= number <= high for number in (counted.start, counted.stop, counted.step))
