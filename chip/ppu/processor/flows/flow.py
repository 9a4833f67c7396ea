"""What a processor asks of a program that runs, whichever way it does.

A flow is advanced from a time up to a horizon, at which somebody else acts. It comes to an operation, which begins at
``time_ns``; to the horizon, to go on at ``time_ns``; or to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chip.base.errors import MachineFault
from chip.ppu.compiler.tasks.text import ENDED, FAULT, SLEEP
from chip.ppu.processor.value import Operation

__all__ = ["ENDED", "FAULT", "SLEEP", "Flow"]


class Flow:
    """What a processor asks of a program that runs.

    Attributes:
        time_ns: where :meth:`advance` has come to; result: the exit code, at the end.
        control_cycles: booked for the way between operations.
        sends: processors and regions that the program may send to, None for any processor; None: it may be all.
        beginnings: what begins each of its operations, by number.
        where: ``file:line`` of the present operation, or ``""``; doing: a word for it.
    """

    time_ns = 0
    control_cycles = 0
    result: Any = None
    kernel_cycles = 0  # of kernels that it has run itself
    chain_gap_cycles = 0  # between two operations of a chain
    sends: frozenset[tuple[int | None, str]] | None = None
    beginnings: Sequence[Callable[[], None]] = ()
    where = ""
    doing = "an operation"

    def start(self) -> None:
        """Begin the program's ``main``."""
        raise NotImplementedError

    def compile(self) -> None:
        """Have in machine code what can be, now rather than on the way."""

    def advance(self, now_ns: int, horizon_ns: int) -> int:
        """Go on; return the number of an operation, SLEEP, ENDED or FAULT."""
        raise NotImplementedError

    def operation(self, code: int) -> Operation:
        """Return the operation that it has come to."""
        raise NotImplementedError

    def leave(self, code: int) -> None:
        """Take that operation as begun, which a replay has done in the place of its beginning."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """Return where the program is, and its variables.

        Raises:
            RuntimeError: it is plain Python, of which nobody knows that.
        """
        raise NotImplementedError

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`snapshot` returned."""
        raise NotImplementedError

    def fault(self) -> MachineFault:
        """Return what went wrong between two operations."""
        raise NotImplementedError
