"""A program's tasks, compiled: their function, plain or in machine code, and what they take of the memory."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from chip.ppu.compiler.build import load_function, scalar_imports, short
from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.form import PURE, Call, Wait, all_nodes, words
from chip.ppu.compiler.kernel import KernelForm
from chip.ppu.compiler.language import stored_names
from chip.ppu.compiler.tasks.requests import Request
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.tasks.scheduler import task_of
from chip.ppu.compiler.tasks.scope import read_routine
from chip.ppu.compiler.tasks.text import TaskText
from chip.ppu.compiler.tasks.unit import TaskUnit
from chip.ppu.compiler.variables import variable_name
from chip.ppu.costs import INSTRUCTION_BYTES

_ELEMENTS = ("int8", "uint16", "int16", "uint32", "int32")


class TaskForm:
    """What a program's tasks are on one processor.

    Attributes:
        main: the routine of ``main``.
        requests: the operations that they wait for, by the numbers that the function returns.
        tables: their constant tables, int64[n] each.
        words: the elements of SRAM that they read, by the places before which that happens.
        code_sizes: bytes of code by routine; table_bytes: of their constants.
    """

    def __init__(
        self,
        program: Any,
        hemisphere: int,
        signatures: Mapping[str, inspect.Signature],
        scheduled_main: Callable,
    ):
        """Compile the tasks of a program for a processor that has operations of these signatures.

        ``scheduled_main`` is the ``main`` that stands for the scheduler's loop.

        Raises:
            KernelError: a task asks for something that the processor or its language does not have.
        """
        self.unit = TaskUnit(program.memory, hemisphere, signatures, scheduled_main, program.kernels, read_routine)
        self.main = task_of(self.unit, program.main)
        name = program.name
        self.routines = list(self.unit.routines.values())
        self.memory, self.tables = program.memory, self.unit.tables
        with deep(self.main.routine):
            self._text = TaskText(self.routines, self.tables, program.memory, program.code_in == "sram")
        self.requests: list[Request] = self._text.requests
        self.slots, self.state_size = self._text.slots, self._text.size
        self.words = self._text.words
        self.function_name = f"tasks_{short(''.join(c if c.isalnum() else '_' for c in name))}"

    def text(self, offsets: Mapping[str, int]) -> str:
        """Return the text of the function for regions that lie at these offsets in the SRAM."""
        return self._text.function_text(self.function_name, offsets)

    @property
    def code_sizes(self) -> dict[TaskRoutine, int]:
        return {task: INSTRUCTION_BYTES * words(task.nodes) for task in self.routines}

    @property
    def table_bytes(self) -> int:
        return sum(table.size * _width(table) for table in self.tables)

    def variables(self, task: TaskRoutine) -> int:
        """Return how many variables of a routine the program keeps while it waits, parameters among them."""
        names = stored_names(task.routine.tree) | set(task.parameters)
        return sum(task.own(variable_name(name)) in self.slots for name in names)

    def calls(self, task: TaskRoutine) -> list[TaskRoutine]:
        """Return the routines that a routine calls."""
        return [node.routine for node in all_nodes(task.nodes) if isinstance(node, Call)]

    def kernels(self, task: TaskRoutine) -> list[Any]:
        """Return the kernels that a routine runs."""
        requests = [node.request for node in all_nodes(task.nodes) if isinstance(node, Wait)]
        inner = [r for request in requests if isinstance(request, Request) for r in (request, *_chained(request))]
        return [request.arguments[0] for request in inner if request.operation == "run"]

    @property
    def entry_place(self) -> int:
        """The place at which ``main`` begins."""
        return self._text.entries[self.main]

    @property
    def entry_slots(self) -> tuple[int, int]:
        """The elements of the state that say where ``main`` returns to, and what it returned."""
        return self.slots[self.main.own("back")], self.slots.get(self.main.own("result"), -1)

    def shared(self, regions: Iterable[str]) -> int:
        """Return what the state says of regions that others may write."""
        return self._text.shared(regions)

    @property
    def sends(self) -> frozenset[tuple[Any, str]]:
        """Where they send to: the processor, None where only the run knows it, and the region."""
        found = [request.arguments for request in self.requests if request.operation == "send"]
        return frozenset((to if isinstance(to, int) else None, str(into)) for to, _, into, *_ in found)

    def plain_function(self, offsets: Mapping[str, int]) -> Callable:
        """Return the function as plain Python; kernels that it runs are compiled all the same."""
        names: dict[str, Any] = {f"_{name}": pure.compute for name, pure in PURE.items()}
        names |= {"_int64": int, "_load": _load, "_load_unsigned": _load_unsigned}
        names |= {"_wrap8": PURE["extend 8"].compute, "_wrap16": PURE["extend 16"].compute}
        names["_wrap32"] = PURE["wrap"].compute
        names |= {f"_{kind}": np.dtype(kind).type for kind in _ELEMENTS}
        names |= {f"_kernel_{number}": form.function for number, form in enumerate(self._kernel_forms())}
        exec(compile(self.text(offsets), f"<{self.function_name}>", "exec"), names)
        return names[self.function_name]

    def machine_code(self, offsets: Mapping[str, int], *arrays: np.ndarray) -> Callable:
        """Return the function in machine code for these state, image, SRAM and tables."""
        from numba import int64, typeof

        return self._dispatcher(offsets).compile((*map(typeof, arrays), int64, int64))

    def _dispatcher(self, offsets: Mapping[str, int]) -> Any:
        """Return the function to be compiled, from the disk cache where it is there."""
        text = self.text(offsets)
        lines = [f'"""Generated from the tasks of a program; {hashlib.sha256(text.encode()).hexdigest()[:8]}."""', ""]
        lines += [f"from numpy import {kind} as _{kind}" for kind in _ELEMENTS]
        lines += ["from chip.base.compiled import compiled"]
        lines += scalar_imports()
        for number, form in enumerate(self._kernel_forms()):
            lines.append(f"from {form.function.__module__} import {form.lowered.name} as _kernel_{number}")
        return load_function(self.function_name, "\n".join([*lines, "", "", "@compiled", text]))

    def _kernel_forms(self) -> list[KernelForm]:
        """Return the forms of the kernels that the function runs, for the types of the program's regions."""
        unsigned = {name for name, region in self.memory.items() if region.dtype == np.uint32}
        return [kernel.form(frozenset(unsigned & set(kernel.regions))) for kernel in self._text.kernels]


def _load(region: np.ndarray, index: int) -> int:
    return PURE["wrap"].compute(int(region[index]))


def _load_unsigned(region: np.ndarray, index: int) -> int:
    return int(region[index])


def _chained(request: Request) -> list[Request]:
    return [argument for argument in request.arguments if isinstance(argument, Request)]


def _width(table: np.ndarray) -> int:
    """Return the bytes of an element of a constant table: as many as its largest number needs."""
    low, high = int(table.min()), int(table.max())
    negative = low < 0
    return next(n for n in (1, 2, 4) if -(1 << (8 * n - 1)) <= low and high < 1 << (8 * n - negative))
