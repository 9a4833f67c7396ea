"""What the tasks of a program are compiled from: their routines, the places where they can fault, their tables."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from chip.base.spelling import closest
from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.language import Routine
from chip.ppu.compiler.tasks.routine import Caller, TaskRoutine
from chip.ppu.compiler.tasks.statics import Ppu, key_of
from chip.ppu.compiler.unit import Site
from chip.ppu.compiler.values import Value
from chip.ppu.memory import Memory

MOST_RECURSION = 32  # calls of a function within each other, with arguments that are known and others each time

HINTS = {
    "regions": "reads memory past its booking; read one element by ppu.word(region, index), or let a kernel do it",
    "chip": "reaches for the chip around its processor; a program sees what its operations read",
    "environment": "reaches for the simulation's clock; read ppu.time_base",
    "vector": "reaches into the vector unit; let a kernel do it",
    "config": "reads the chip's settings; give the program what it needs when it is made",
    "sram": "reads memory past its booking; read one element by ppu.word(region, index), or let a kernel do it",
}


Reader = Callable[["TaskUnit", TaskRoutine, dict[str, Any], dict[str, Value]], None]
"""Reads a routine with known arguments, and with numbers for the others; it asks the unit for those that it calls."""


class TaskUnit:
    """Everything that the tasks of a program are compiled from.

    Attributes:
        routines: by what tells them apart; sites: places that can fault, by their numbers.
        tables: constant tables, int64[n] each; memory: the program's regions; kernels: those that it may run.
        signatures: the operations of the processor, with what they take.
        scheduled_main: the function ``main`` that stands for the scheduler's loop.
    """

    def __init__(
        self,
        memory: Memory,
        hemisphere: int,
        signatures: Mapping[str, inspect.Signature],
        scheduled_main: Callable,
        kernels: Sequence[Kernel],
        read: Reader,
    ):
        """Begin with no routine; ``read`` fills one in from its source."""
        self._read = read
        self.memory, self.signatures, self.scheduled_main = memory, signatures, scheduled_main
        self.kernels = tuple(kernels)
        self.ppu = Ppu(hemisphere, frozenset(signatures), self._refusal)
        self.routines: dict[Any, TaskRoutine] = {}
        self.sites: list[Site] = []
        self.tables: list[np.ndarray] = []
        self._reading: list[types.CodeType] = []
        self.held: list[Any] = []  # whatever keys name by their identity lives as long as they do

    def _refusal(self, name: str) -> str:
        if name in HINTS:
            return f"uses ppu.{name}, which {HINTS[name]}"
        known = closest(name, self.signatures) or f"its operations are: {', '.join(sorted(self.signatures))}"
        return f"uses ppu.{name}, which no processor has; {known}"

    def keep(self) -> Callable[[], None]:
        """Return what takes the unit back to where it stands now."""
        routines, sites, tables = dict(self.routines), len(self.sites), len(self.tables)

        def take_back() -> None:
            self.routines.clear()
            self.routines.update(routines)
            del self.sites[sites:], self.tables[tables:]

        return take_back

    def table(self, numbers: Iterable[int]) -> int:
        """Return the number of a table of constants; equal ones are there once."""
        table = np.fromiter(numbers, np.int64)
        for number, known in enumerate(self.tables):
            if np.array_equal(known, table):
                return number
        self.tables.append(table)
        return len(self.tables) - 1

    def known(self, key: Any, caller: Caller | None) -> TaskRoutine | None:
        """Return a routine that was read before; refuse one that is being read, which calls itself."""
        found = self.routines.get(key)
        if found is not None and not found.done:
            _refuse_recursion(found.name, caller or Caller(found.routine, found.routine.tree))
        return found

    def routine(
        self, function: types.FunctionType, known: dict[str, Any], numbers: dict[str, Value], caller: Caller | None
    ) -> TaskRoutine:
        """Return the routine of a function with known arguments, and with numbers for the others; read once."""
        types_of = tuple((name, value.unsigned, value.wide) for name, value in numbers.items())
        key = function.__code__, tuple((name, key_of(value)) for name, value in known.items()), types_of
        found = self.known(key, caller)
        if self._reading.count(function.__code__) >= MOST_RECURSION and caller is not None:
            _refuse_recursion(function.__name__, caller)
        if found is None:
            self.held += known.values()
            found = self.routines[key] = TaskRoutine(len(self.routines), function.__name__, Routine(function, "task"))
            self._reading.append(function.__code__)
            try:
                with deep(found.routine):
                    self._read(self, found, known, numbers)
            finally:
                self._reading.pop()
            found.done = True
        return found


def _refuse_recursion(name: str, caller: Caller) -> NoReturn:
    caller.routine.refuse(caller.node, f"calls {name}, which calls it again; the stack does not allow recursion")
