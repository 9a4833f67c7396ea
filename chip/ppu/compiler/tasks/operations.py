"""``yield ppu.operation(...)``: an operation that a task waits for, with its arguments."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chip.base.constants import SRAM_BYTES
from chip.base.declaration import shown
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.form import Wait
from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.language import MISSING, spelled
from chip.ppu.compiler.tasks.arguments import (
    is_taken,
    shown_signature,
    takes_numbers,
    told,
    unknown_region,
)
from chip.ppu.compiler.tasks.context import Context
from chip.ppu.compiler.tasks.requests import Dynamic, Request, Selected
from chip.ppu.compiler.tasks.statics import OperationName
from chip.ppu.compiler.tasks.tables import Tables
from chip.ppu.compiler.values import LIMITS, Value, constant

LARGEST_ADDRESS = SRAM_BYTES - 1


@dataclass(frozen=True)
class Known:
    """An argument that is known already."""

    value: Any


class Operations:
    """Reads the operations that one routine waits for."""

    def __init__(self, context: Context, expressions: Expressions, tables: Tables):
        self.context, self.unit, self.routine, self.tables = context, context.unit, context.routine, tables
        self.statics, self.builder, self.expressions = context.statics, context.builder, expressions

    def wait(self, node: ast.Expr, yielded: ast.expr | None) -> None:
        """Read `yield ppu.operation(...)`."""
        if not isinstance(yielded, ast.Call) or not isinstance(self.statics.look_up(yielded.func), OperationName):
            what = "nothing" if yielded is None else spelled(yielded)
            self.routine.refuse(node, f"yields {what}; it can only yield an operation, `yield ppu.run(kernel)`")
        numbers: list[Value] = []
        request = self._request(yielded, numbers)
        self.builder.add(Wait(request, "", self.builder.line))
        self.builder.open_block()

    def _request(self, node: ast.Call, numbers: list[Value]) -> Request:
        """Read an operation with its arguments."""
        name = self.statics.look_up(node.func).name
        arguments = self._arguments_of(node, name)
        kernel = self._kernel(node, arguments) if name == "run" else None
        found = []
        for position, (parameter, argument) in enumerate(arguments):
            given = len(numbers)
            found.append(self._argument(parameter, argument, numbers, name, node))
            if kernel is not None and position:
                value = numbers[-1] if len(numbers) > given else constant(int(found[-1]))
                self._check_integer(argument if isinstance(argument, ast.expr) else node, value, kernel, position - 1)
        if name != "chain":
            self.builder.book("call")  # each of a chain's operations takes its own
        return Request(name, tuple(found), self.routine.file, node.lineno, self.routine.name)

    def _arguments_of(self, node: ast.Call, name: str) -> list[tuple[inspect.Parameter, Any]]:
        """Return the arguments of an operation by position, with their parameters; defaults as what they are."""
        signature = self.unit.signatures[name]
        positional: list[Any] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                positional += self._starred(argument)
            else:
                positional.append(argument)
        if any(keyword.arg is None for keyword in node.keywords):
            self.routine.refuse(node, f"calls ppu.{name} with **; name each argument")
        try:
            bound = signature.bind(*positional, **{keyword.arg: keyword.value for keyword in node.keywords})
        except TypeError as error:
            self.routine.refuse(node, f"calls ppu.{name} wrongly: {error}; it takes {name}{shown_signature(signature)}")
        bound.apply_defaults()
        found: list[tuple[inspect.Parameter, Any]] = []
        for name_of_it, value in bound.arguments.items():
            parameter = signature.parameters[name_of_it]
            several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
            found += [(parameter, one) for one in (value if several else [value])]
        return found

    def _kernel(self, node: ast.Call, arguments: list[tuple[inspect.Parameter, Any]]) -> Kernel:
        """Return the kernel that is run; refuse what is none of the program's, or another number of arguments."""
        first = arguments[0][1]
        kernel = (
            self.context.must_be_known(first, "which kernel it runs") if isinstance(first, ast.expr) else first.value
        )
        if not isinstance(kernel, Kernel):
            what = spelled(first) if isinstance(first, ast.expr) else repr(kernel)
            self.routine.refuse(node, f"runs {what}, which is no kernel; decorate a function by @kernel")
        if kernel not in self.unit.kernels:
            known = ", ".join(one.name for one in self.unit.kernels) or "none"
            self.routine.refuse(node, f"runs kernel {kernel.name}, which its program's `kernels` do not list: {known}")
        given = len(arguments) - 1
        if given != len(kernel.parameters):
            taken = ", ".join(kernel.parameters) or "none"
            self.routine.refuse(
                node, f"runs kernel {kernel.name} with {given} integers; it takes {len(kernel.parameters)} ({taken})"
            )
        return kernel

    def _check_integer(self, node: ast.AST, value: Value, kernel: Kernel, position: int) -> None:
        """Refuse an integer that a kernel's parameter does not take."""
        name = kernel.parameters[position]
        unsigned = name in kernel.unsigned_parameters
        what = f"parameter {name} of {kernel.name}"
        least, most = LIMITS[unsigned]
        if value.constant and not least <= value.low <= most:
            self.routine.refuse(node, f"gives {value.low} to {what}, which is {'u32' if unsigned else 'i32'}")
        self.context.check_type(node, value, unsigned, what)

    def _starred(self, node: ast.Starred) -> list[Any]:
        found = self.context.must_be_known(node.value, "these arguments")
        if not isinstance(found, Iterable):
            self.routine.refuse(node, f"unpacks {shown(found)}, which is no sequence, into arguments")
        return [Known(value) for value in found]

    def _argument(
        self, parameter: inspect.Parameter, node: Any, numbers: list[Value], operation: str, call: ast.Call
    ) -> Any:
        """Return an argument of an operation: a constant, a number that is known later, or an operation of a chain."""
        if not isinstance(node, ast.expr):
            return self._constant(parameter, node.value, operation, call) if isinstance(node, Known) else node
        if isinstance(node, ast.Call) and isinstance(self.statics.look_up(node.func), OperationName):
            if operation != "chain":
                self.routine.refuse(node, f"gives the operation {spelled(node)} to ppu.{operation}; yield it before")
            return self._request(node, numbers)
        if operation == "chain":
            self.routine.refuse(
                node, f"gives {spelled(node)} to ppu.chain, which takes operations, `ppu.chain(ppu.run(kernel), ...)`"
            )
        known = self.context.static(node)
        if known is not MISSING:
            self.builder.book("alu")
            return self._constant(parameter, known, operation, node)
        if isinstance(node, ast.Subscript) and (selected := self._selected(node, numbers)) is not None:
            for choice in selected.choices:
                self._constant(parameter, choice, operation, node)
            return selected
        if isinstance(node, ast.Tuple | ast.List) or not takes_numbers(parameter):
            self.context.must_be_known(node, f"{parameter.name} of ppu.{operation}")
        value = self.expressions.integer(node)
        if value.wide and operation not in ("wait_until", "wait_doorbell_until"):
            self.routine.refuse(node, f"gives a time to ppu.{operation}; write i32(...) around it")
        return self._dynamic(value, numbers)

    def _constant(self, parameter: inspect.Parameter, value: Any, operation: str, node: ast.AST) -> Any:
        """Return a known argument of an operation; refuse one that cannot be meant."""
        if operation == "run" and isinstance(value, Kernel):
            return value
        if unknown_region(operation, parameter, value, self.unit.memory):
            known = ", ".join(self.unit.memory) or "none"
            self.routine.refuse(
                node,
                f"gives region {shown(value)} to ppu.{operation} as {parameter.name}; the program's regions "
                f"are: {known}",
            )
        if not is_taken(parameter, value):
            self.routine.refuse(
                node, f"gives {shown(value)} to ppu.{operation} as {parameter.name}; that takes {told(parameter)}"
            )
        return value

    def _dynamic(self, value: Value, numbers: list[Value]) -> Dynamic:
        self.builder.book_move(value)
        numbers.append(value)
        return Dynamic(value.operand, len(numbers) - 1)

    def _selected(self, node: ast.Subscript, numbers: list[Value]) -> Selected | None:
        """Return one of several constants, where an element of a known list is no number."""
        if isinstance(node.slice, ast.Slice | ast.Tuple):
            self.context.must_be_known(node, "rows")
        values = self.tables.values(node)
        if isinstance(values, range) or all(isinstance(value, int | np.integer) for value in values):
            return None
        if any(np.asarray(value).dtype.kind not in "iu" for value in values):
            self.context.must_be_known(node, "which one of them")
        index = self.tables.index(node, len(values))
        self.builder.book("address")
        choices = tuple(tuple(np.asarray(value).ravel().tolist()) if np.ndim(value) else value for value in values)
        numbers_of = [np.ravel(choice) if np.ndim(choice) else [_number_of(choice)] for choice in choices]
        self.unit.table(number for row in numbers_of for number in row)
        return Selected(choices, self._dynamic(index, numbers))


def _number_of(choice: Any) -> int:
    """Return what a constant table keeps for one of several constants: a name is the address of what it names."""
    return choice if isinstance(choice, int | np.integer) else LARGEST_ADDRESS
