"""A routine of a program's tasks: what it is made of, what it does, and where it is called from."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from chip.ppu.compiler.form import Node
from chip.ppu.compiler.language import Routine
from chip.ppu.compiler.statements import leaves
from chip.ppu.compiler.values import Value


@dataclass(eq=False)
class TaskRoutine:
    """A routine of a program in the intermediate form.

    Attributes:
        number, name: which it is; routine: its source.
        parameters: the names of those that are numbers; done: whether it is read.
        nodes: what it does; returns: what it returns, None where nothing.
    """

    number: int
    name: str
    routine: Routine
    parameters: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list)
    returns: Value | None = None
    done: bool = False

    @property
    def always_returns(self) -> bool:
        """Return whether it returns a number whichever way it goes."""
        found = [node for node in ast.walk(self.routine.tree) if isinstance(node, ast.Return)]
        return leaves(self.routine.tree.body) and not any(returns_nothing(node) for node in found)

    def own(self, name: str) -> str:
        """Return what one of its variables is called among those of all routines."""
        return f"r{self.number}{name}"


@dataclass(frozen=True)
class Caller:
    """Where a routine is called from."""

    routine: Routine
    node: ast.AST


def returns_nothing(node: ast.Return) -> bool:
    """Return whether a return gives no number: it stands alone, or returns None."""
    return node.value is None or isinstance(node.value, ast.Constant) and node.value.value is None
