"""Drawing whole programs: a kernel with its subroutines, or a task with its kernels; and what they are run with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chip.ppu.compiler.kernel import Kernel
from chip.ppu.memory import Memory
from chip.testing.code.choices import Choices, SeededChoices
from chip.testing.code.code import Code, trimmed
from chip.testing.code.expressions import Scope
from chip.testing.code.loading import kernel_from_text, module_from_text
from chip.testing.code.rules import Names
from chip.testing.code.statements import COUNTERS, DEPTH, VARIABLES, Statements
from chip.testing.code.tree import (
    WIDTHS,
    Assign,
    AugmentedAssign,
    Binary,
    Block,
    Constant,
    Conversion,
    Expression,
    For,
    Parameter,
    Region,
    Return,
    Routine,
    Run,
    Store,
    Type,
    Variable,
    walk,
)

REGIONS = (
    Region("words", "i32", 8),
    Region("sbytes", "i8", 8),
    Region("bytes", "u8", 16),
    Region("shorts", "i16", 4),
    Region("halves", "u16", 8),
)
UNSIGNED = Region("uwords", "u32", 4)
KEPT = Region("kept", "i32", 16)
"""Where a program leaves what its variables have come to; nothing else uses it."""
SIZE = 5
"""Statements of a kernel or a task; at that it compiles in two thirds of a second."""
SUBROUTINES = ("first", "second", "third")


@dataclass(frozen=True, repr=False)
class Case:
    """A program with what its regions hold and what it is called with; prints as Python text.

    Attributes:
        code: the program's tree.
        contents: what regions begin with, by name; what is left out, and the rest of a region, is 0.
        calls: the integers of each call, one after the other on the same regions; a task has none.
    """

    code: Code
    contents: Mapping[str, tuple[int, ...]]
    calls: tuple[tuple[int, ...], ...] = ((),)

    @property
    def kernel(self) -> Kernel:
        """The kernel, checked and translated by the compiler; the same one for the same text."""
        return kernel_from_text(str(self.code), self.code.main.name)

    @property
    def memory(self) -> Memory:
        """The declared regions."""
        return module_from_text(str(self.code)).memory

    def regions(self) -> dict[str, np.ndarray]:
        """Return the regions as they are before the first call, new arrays each time."""
        found = {}
        for name, region in self.memory.items():
            values = self.contents.get(name, ())
            found[name] = np.array([*values, *[0] * (region.length - len(values))], region.dtype)
        return found

    def __repr__(self) -> str:
        contents = {name: list(values) for name, values in self.contents.items()}
        return f"\n{self.code}\n\ncontents = {contents}\ncalls = {list(self.calls)}\n"

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        """Print as text in hypothesis' report too, which shows the fields of a dataclass else."""
        printer.text(repr(self))


class Programs(Statements):
    """Draws programs and cases; a kernel or a task has about ``size`` statements, nested ones not counted."""

    def __init__(self, choices: Choices, unsigned: bool, size: int):
        super().__init__(choices, unsigned)
        self.size = size

    def kernel_case(self) -> Case:
        """Draw a kernel, contents of its regions, and one call of it or more."""
        code = self.kernel_code()
        calls = [self._call_integers(code.main)]
        while len(calls) < 4 and self.choices.more(1, len(calls)):
            calls.append(self._call_integers(code.main))
        return Case(code, self._contents(code), tuple(calls))

    def task_case(self) -> Case:
        """Draw a task with its kernels and contents of its regions."""
        code = self.task_code()
        return Case(code, self._contents(code), ())

    def kernel_code(self) -> Code:
        """Draw a kernel and its subroutines; its variables end in the region ``kept``."""
        routines = self._subroutines()
        routines.append(self._kernel("drawn", routines, self.size))
        return trimmed((*self._regions(), KEPT), tuple(routine for routine, _ in routines))

    def task_code(self) -> Code:
        """Draw a task that reads regions by ``ppu.word`` and runs kernels; its variables end in the region ``kept``."""
        routines = self._subroutines()
        kernel, _ = self._kernel("drawn", routines, self.size // 2)
        self.kernels = (kernel, KEEP)
        scope = self._scope("task", None, (), [], self.size)
        body = self.block(scope, self.size, leave=False, least=1)
        body += tuple(
            Run(KEEP.name, (Constant(place), _signed(Variable(name), scope.names.variables[name])))
            for place, name in enumerate(sorted(scope.assigned))
        )
        task = Routine("task", "task", (), None, _locals(body, ()), (*body, Return(Constant(0))))
        return trimmed((*self._regions(), KEPT), (*(routine for routine, _ in routines), kernel, KEEP, task))

    # ------------------------------------------------------------------ routines

    def _regions(self) -> tuple[Region, ...]:
        return (*REGIONS, UNSIGNED) if self.unsigned else REGIONS

    def _subroutines(self) -> list[tuple[Routine, int]]:
        """Draw subroutines with their work; those behind the first one may call it."""
        found: list[tuple[Routine, int]] = []
        for name in SUBROUTINES:
            if not self.choices.more(2, len(found)):
                break
            found.append(self._subroutine(name, found[:1]))
        return found

    def _subroutine(self, name: str, callees: list[tuple[Routine, int]]) -> tuple[Routine, int]:
        parameters = self._parameters(2)
        returns = self.choices.pick([*self.types, None])
        scope = self._scope("subroutine", returns, parameters, callees, self.size // 2)
        body = self.block(scope, self.size // 2, leave=False)
        if returns is not None:
            body += (Return(self.expression(scope, returns, DEPTH - 1)),)
        return Routine("subroutine", name, parameters, returns, _locals(body, parameters), body), scope.work

    def _kernel(self, name: str, callees: list[tuple[Routine, int]], size: int) -> tuple[Routine, int]:
        parameters = self._parameters(3)
        scope = self._scope("kernel", None, parameters, callees, size)
        body = self.block(scope, size, leave=False, least=1)
        variables = sorted(scope.assigned - {parameter.name for parameter in parameters})
        body += tuple(Store(KEPT.name, Constant(place), Variable(x)) for place, x in enumerate(variables))
        return Routine("kernel", name, parameters, None, _locals(body, parameters), body), scope.work

    def _parameters(self, most: int) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        while len(found) < most and self.choices.more(2, len(found)):
            found.append(Parameter("xyz"[len(found)], self.choices.pick(self.types)))
        return tuple(found)

    def _scope(
        self,
        kind: str,
        returns: Type | None,
        parameters: tuple[Parameter, ...],
        callees: list[tuple[Routine, int]],
        size: int,
    ) -> Scope:
        types: dict[str, Type] = {name: x for name, x in VARIABLES.items() if x in self.types}
        types |= dict.fromkeys(COUNTERS, "i32") | {parameter.name: parameter.type for parameter in parameters}
        regions = self._regions()
        names = Names(
            types,
            {region.name: region.type for region in regions},
            {routine.name: routine.returns for routine, _ in callees},
        )
        assigned = {parameter.name for parameter in parameters}
        return Scope(kind, returns, names, regions, callees, assigned, left=2 * size)

    # ------------------------------------------------------------------ what a program is run with

    def _call_integers(self, routine: Routine) -> tuple[int, ...]:
        return tuple(self._number(parameter.type) for parameter in routine.parameters)

    def _number(self, kind: str) -> int:
        bits = WIDTHS[kind]
        return self.choices.number(*((0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)))

    def _contents(self, code: Code) -> dict[str, tuple[int, ...]]:
        found = {}
        for region in code.regions:
            values: list[int] = []
            while region != KEPT and len(values) < region.length and self.choices.more(15, len(values)):
                values.append(self._number(region.type))
            if values:
                found[region.name] = tuple(values)
        return found


KEEP = Routine(
    "kernel",
    "keep",
    (Parameter("x", "i32"), Parameter("y", "i32")),
    None,
    (),
    (Store(KEPT.name, Binary("&", Variable("x"), Constant(KEPT.length - 1)), Variable("y")),),
)
"""The kernel by which a task shows what its variables have come to."""


def _signed(node: Expression, kind: Type) -> Expression:
    return Conversion("i32", node) if kind == "u32" else node


def _locals(body: Block, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Return the variables that a body assigns to and that are no parameters."""
    known = {parameter.name for parameter in parameters}
    found = {node.name for node in walk(body) if isinstance(node, Assign | AugmentedAssign | For)} - known
    return tuple(Parameter(name, VARIABLES.get(name, "i32")) for name in sorted(found))


def seeded_kernel(seed: int, unsigned: bool = False, size: int = SIZE) -> Case:
    """Return the kernel of a seed, the same one at all times, with what it is run with; see :class:`Programs`."""
    return Programs(SeededChoices(seed), unsigned, size).kernel_case()


def seeded_task(seed: int, unsigned: bool = False, size: int = SIZE) -> Case:
    """Return the task of a seed, the same one at all times, with what its regions hold; see :class:`Programs`."""
    return Programs(SeededChoices(seed), unsigned, size).task_case()
