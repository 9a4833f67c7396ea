"""An operation as a value: what a task asks its processor for, with its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from chip.ppu.compiler.tasks.arguments import without_types
from chip.ppu.processor import array, chaining, computing, external, scheduling, sensors, waiting

_ROOMS = {
    computing: ("run",),
    array: (
        *("load_row", "store_row", "load_weights", "store_weights", "reset_neurons", "read_cadc", "sample_membranes"),
        *("read_spike_counters", "inject_event"),
    ),
    sensors: ("connect", "read_correlation", "reset_correlation"),
    external: ("load_external", "store_external", "load_record", "record"),
    waiting: ("wait", "wait_until", "play", "ring", "send", "wait_doorbell", "wait_doorbell_until"),
    chaining: ("chain",),
    scheduling: ("scheduler_pass", "wait_for_tasks", "end_tasks"),
}
TABLE: dict[str, Callable[..., None]] = {name: getattr(room, name) for room, names in _ROOMS.items() for name in names}
"""Every operation by its name: a function of the processor and the arguments, which begins it."""


OFFERED = tuple(name for name in TABLE if name not in _ROOMS[scheduling])
"""The operations that a program may yield; the others are the scheduler's."""


@cache
def signatures() -> dict[str, inspect.Signature]:
    """Return what each operation takes, behind the processor."""
    found = {}
    for name, function in TABLE.items():
        _, *parameters = inspect.signature(function).parameters.values()
        found[name] = inspect.Signature(parameters)
    return found


class Operation(NamedTuple):
    """One operation, not begun: its name and its arguments by position, defaults filled in.

    A chain's arguments are operations. Operations are equal where they ask for the same; they can be logged, replayed,
    drawn and chained.
    """

    name: str
    arguments: tuple[Any, ...] = ()

    def begin(self, ppu) -> None:
        """Begin it on a processor that is at its time, ``ppu.start_ns``."""
        TABLE[self.name](ppu, *self.arguments)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_shown, self.arguments))})"


def operation(name: str, *args: Any, **named: Any) -> Operation:
    """Make an operation.

    Raises:
        TypeError: it does not take these arguments, or there is no such operation.
    """
    if name not in TABLE:
        raise TypeError(f"a PPU has no operation {name!r}; there are: {', '.join(sorted(TABLE))}")
    try:
        bound = signatures()[name].bind(*args, **named)
    except TypeError as error:
        raise TypeError(f"{name}() {error}; it takes {name}{without_types(signatures()[name])}") from None
    bound.apply_defaults()
    return Operation(name, bound.args)


def _shown(argument: Any) -> str:
    return getattr(argument, "name", None) or str(argument)
