"""An operation as a value: what a task asks its processor for, with its arguments."""

from __future__ import annotations

from typing import Any, NamedTuple


class Operation(NamedTuple):
    """One operation, not begun: its name and its arguments by position, defaults filled in.

    A chain's arguments are operations. Operations are equal where they ask for the same; they can be logged, replayed,
    drawn and chained.
    """

    name: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_shown, self.arguments))})"


def _shown(argument: Any) -> str:
    return getattr(argument, "name", None) or str(argument)
