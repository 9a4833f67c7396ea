"""Variables of a routine: which ones it has, where they have a value, and of which type they turn out to be."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from chip.ppu.compiler.language import MixedTypesError, Routine, stores
from chip.ppu.compiler.values import LIMITS, Value, any_value

Read = TypeVar("Read")


@dataclass(frozen=True)
class Types:
    """The variables that are u32, and those that are times; every other one is i32."""

    unsigned: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()


class MoreTypes(Exception):
    """A variable turns out to be u32, or a time: read the routine again, knowing that."""

    def __init__(self, name: str, wide: bool = False):
        super().__init__(name)
        self.name, self.wide = name, wide

    def added_to(self, types: Types) -> Types:
        """Return the types with that of this variable."""
        if self.wide:
            return Types(types.unsigned, types.wide | {self.name})
        return Types(types.unsigned | {self.name}, types.wide)


def until_types_are_known(
    read: Callable[[Types, bool], Read], types: Types, keep: Callable[[], Callable[[], None]]
) -> Read:
    """Return what reading a routine gives, once the types of its variables are known: each round finds one of them.

    Args:
        read: reads the routine with the types found so far; with False it refuses nothing for its types.
        keep: returns what takes back all that a round has left behind.
    """
    while True:
        take_back = keep()
        try:
            return read(types, True)
        except MoreTypes as more:
            types = more.added_to(types)
        except MixedTypesError:
            take_back()
            try:  # a variable may turn out to be unsigned behind the place where it meets an unsigned number
                read(types, False)
            except MoreTypes as more:
                types = more.added_to(types)
            else:
                raise
        take_back()


class Variables:
    """The variables of a routine: their types, and which of them have a value on every way to here.

    Attributes:
        names: all that are assigned somewhere; assigned: those that have a value; parameters: those that get it from
            the caller, who knows their types.
        unsigned: those that are u32; intervals: of variables that loops alone set.
    """

    def __init__(self, names: set[str], parameters: set[str], unsigned: frozenset[str]):
        self.names, self.assigned, self.unsigned = names, set(parameters), unsigned
        self.parameters = frozenset(parameters)
        self.intervals: dict[str, tuple[int, int]] = {}

    def value(self, routine: Routine, node: ast.Name) -> Value | None:
        """Return the value of a variable, None where the name is none."""
        if node.id not in self.names:
            return None
        if node.id not in self.assigned:
            routine.refuse(node, f"may use {node.id} before it has a value; give it one on every way here")
        if node.id in self.intervals:
            return Value(variable_name(node.id), *self.intervals[node.id])
        return any_value(variable_name(node.id), node.id in self.unsigned)


def variable_name(name: str) -> str:
    """Return a variable of the source as the form has it; no name of the compiler's begins so."""
    return f"u_{name}"


def check_type(routine: Routine, node: ast.AST, value: Value, unsigned: bool, what: str) -> None:
    """Refuse a number of 32 bits that is no value of a type."""
    least, most = LIMITS[unsigned]
    if value.unsigned == unsigned or least <= value.low and value.high <= most:
        return
    have, want = ("an unsigned", "i32") if value.unsigned else ("a signed", "u32")
    sentence = f"gives {have} number to {what}, which is {want}; write {want}(...) around it"
    routine.refuse(node, sentence, MixedTypesError)


def counted_names(tree: ast.AST) -> set[str]:
    """Return the names that one loop over a range sets, and nothing else."""
    stored = stores(tree)
    loops = {
        node.target.id for node in ast.walk(tree) if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
    }
    return {name for name in loops if stored.count(name) == 1}
