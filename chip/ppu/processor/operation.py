"""The operations of a processor by name: what begins each, what it takes, and how to ask for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from chip.ppu.compiler.tasks.arguments import without_types
from chip.ppu.processor import array, computing, external, fabric, scheduling, sensors, waiting
from chip.ppu.processor.chaining import check_chain, run_chain
from chip.ppu.processor.state import ProcessorState
from chip.ppu.processor.value import Operation


def begin(operation: Operation, ppu: ProcessorState) -> None:
    """Begin an operation on a processor that is at its time, ``ppu.start_ns``."""
    TABLE[operation.name](ppu, *operation.arguments)


def chain(ppu: ProcessorState, *operations: Operation) -> None:
    """Do operations one after the other, see :mod:`chip.ppu.processor.chaining`.

    Raises:
        MachineFault: an operation that cannot be in a chain, or not behind the reads before it.
    """
    check_chain(ppu, operations)
    run_chain(ppu, [partial(begin, operation, ppu) for operation in operations])


_ROOMS = {
    computing: ("run",),
    array: (
        *("load_row", "store_row", "load_weights", "store_weights", "reset_neurons", "read_cadc", "sample_membranes"),
        *("read_spike_counters",),
    ),
    fabric: ("inject_event", "write_generator"),
    sensors: ("connect", "read_correlation", "reset_correlation"),
    external: ("load_external", "store_external", "load_record", "load_record_piece", "record"),
    waiting: ("wait", "wait_until", "play", "ring", "send", "wait_doorbell", "wait_doorbell_until"),
}
_OF_THE_SCHEDULER = ("scheduler_pass", "wait_for_tasks", "end_tasks")
TABLE: dict[str, Callable[..., None]] = {
    **{name: getattr(room, name) for room, names in _ROOMS.items() for name in names},
    "chain": chain,
    **{name: getattr(scheduling, name) for name in _OF_THE_SCHEDULER},
}
"""Every operation by its name: a function of the processor and the arguments, which begins it."""

OFFERED = tuple(name for name in TABLE if name not in _OF_THE_SCHEDULER)
"""The operations that a program may yield; the others are the scheduler's."""


@cache
def signatures() -> dict[str, inspect.Signature]:
    """Return what each operation takes, behind the processor."""
    found = {}
    for name, function in TABLE.items():
        _, *parameters = inspect.signature(function).parameters.values()
        found[name] = inspect.Signature(parameters)
    return found


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
