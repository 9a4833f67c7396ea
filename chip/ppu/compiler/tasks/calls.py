"""Calls of a task: routines of the program, words of SRAM; and what a task cannot call."""

from __future__ import annotations

import ast
import inspect
import types
from typing import Any, NoReturn

import numpy as np

from chip.base.declaration import shown
from chip.ppu.compiler.expressions import Expressions
from chip.ppu.compiler.form import Call, Wait
from chip.ppu.compiler.kernel import Kernel, Subroutine
from chip.ppu.compiler.language import HINTS, MISSING, spelled
from chip.ppu.compiler.tasks.arguments import shown_signature
from chip.ppu.compiler.tasks.context import Context
from chip.ppu.compiler.tasks.methods import bound
from chip.ppu.compiler.tasks.requests import Word
from chip.ppu.compiler.tasks.routine import Caller, TaskRoutine
from chip.ppu.compiler.tasks.scheduler import scheduler
from chip.ppu.compiler.tasks.statics import CHANGING, OperationName, changes, is_foreign
from chip.ppu.compiler.unit import OUT_OF_BOUNDS
from chip.ppu.compiler.values import Value, any_value, constant, time_value
from chip.ppu.memory import ElementType
from chip.ppu.vector.operations import known_call

CALL_HINTS = HINTS | {
    "print": "have the program record what you want to see, `yield ppu.record(name)`, or return it as the exit code",
    "int": "numbers are integers already; u32(x) and i32(x) convert",
    "bool": "compare with 0",
}


class Calls:
    """Reads the calls of one routine."""

    def __init__(self, context: Context, expressions: Expressions):
        self.context, self.unit, self.routine = context, context.unit, context.routine
        self.statics, self.builder, self.expressions = context.statics, context.builder, expressions

    def call(self, node: ast.Call) -> Value | None:
        if self.is_word(node):
            return self._word(node)
        callee = self.statics.look_up(node.func)
        if isinstance(callee, OperationName):
            self.routine.refuse(node, f"uses the operation {spelled(node)} as a number; yield it")
        if isinstance(callee, ElementType):
            return self.expressions.conversion(node, callee.name)
        _, intrinsic = known_call(callee)
        if intrinsic:
            return self.expressions.intrinsic(node, intrinsic)
        return self.call_of(node)

    def is_word(self, node: ast.Call) -> bool:
        return (
            isinstance(node.func, ast.Attribute) and node.func.attr == "word" and self.context.is_ppu(node.func.value)
        )

    def _word(self, node: ast.Call) -> Value:
        """Read ppu.word(region, index): a scalar load, before which time passes."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        names = ["region", "index"]
        for name, argument in zip(names, node.args, strict=False):
            given[name] = argument
        if "region" not in given or set(given) - set(names) or len(node.args) > 2:
            self.routine.refuse(node, "calls ppu.word wrongly; it takes a region and an index, ppu.word('name', 0)")
        region = self.context.must_be_known(given["region"], "a region")  # type: ignore[arg-type]
        if not isinstance(region, str) or region not in self.unit.memory:
            known = ", ".join(self.unit.memory) or "none"
            self.routine.refuse(node, f"reads region {shown(region)}; the program's regions are: {known}")
        size, dtype = self.unit.memory[region].length, self.unit.memory[region].dtype
        index = self.expressions.narrow(given["index"]) if "index" in given else constant(0)
        if index.constant and not 0 <= index.low < size:
            self.routine.refuse(node, f"reads element {index.low} of region {region}, whose elements are 0..{size - 1}")
        if not index.constant:
            self.builder.do("check region", index.operand, size, self.context.fault(OUT_OF_BOUNDS, node, region))
        self.builder.book("address")
        self.builder.book("load")
        target = self.builder.temporary()
        self.builder.add(Wait(Word(region, index.operand, dtype == np.uint32), target, self.builder.line))
        self.builder.open_block()
        if dtype.itemsize < 4:
            limits = np.iinfo(dtype)
            return Value(target, int(limits.min), int(limits.max))
        return any_value(target, dtype == np.uint32)

    def gets_ppu(self, node: ast.Call) -> bool:
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return any(isinstance(argument, ast.expr) and self.context.is_ppu(argument) for argument in given)

    def call_of(self, node: ast.expr, handed_on: bool = False) -> Value | None:
        """Read the call of a routine of the program; it is handed on to where it may wait."""
        if not isinstance(node, ast.Call):
            self.routine.refuse(node, f"hands on to {spelled(node)}; hand on to a call, `yield from self.step(ppu)`")
        callee = self._callee(node)
        if callee is MISSING and isinstance(node.func, ast.Subscript):
            callee = self.context.must_be_known(node.func, "what it calls")
        if not isinstance(callee, types.FunctionType | types.MethodType) or is_foreign(callee):
            self.refuse(node, callee)
        function, given = bound(callee)
        waits = inspect.isgeneratorfunction(function) or function is self.unit.scheduled_main
        if waits != handed_on:
            self.routine.refuse(
                node,
                f"hands on to {spelled(node.func)}, which never waits; call it without `yield from`"
                if handed_on
                else f"calls {spelled(node.func)}, which waits, without handing on to it; write `yield from` before it",
            )
        caller = Caller(self.routine, node)
        if function is self.unit.scheduled_main:
            return self._called(scheduler(self.unit, callee.__self__, caller), {})
        signature = inspect.signature(callee)
        try:
            arguments = signature.bind(*node.args, **{str(keyword.arg): keyword.value for keyword in node.keywords})
        except TypeError as error:
            taken = f"{function.__name__}{shown_signature(signature)}"
            self.routine.refuse(node, f"calls {spelled(node.func)} wrongly: {error}; it takes {taken}")
        arguments.apply_defaults()
        known, numbers = dict(given), {}
        for name, argument in arguments.arguments.items():
            found = self.context.static(argument) if isinstance(argument, ast.expr) else argument
            if found is MISSING:
                numbers[name] = self.expressions.integer(argument)
                self.builder.book_move(numbers[name])
            else:
                known[name] = found
        routine = self.unit.routine(function, known, _widened(numbers), caller)
        if routine.returns is not None and not routine.always_returns:
            self.routine.refuse(node, f"calls {routine.name}, which returns a number on some ways and none on others")
        return self._called(routine, numbers)

    def refuse(self, node: ast.Call, callee: Any) -> NoReturn:
        """Refuse to call what is no operation and no routine of the program; say what to do instead."""
        name = spelled(node.func)
        if isinstance(callee, OperationName):
            self.routine.refuse(node, f"hands on to the operation {spelled(node)}; write `yield {spelled(node)}`")
        if isinstance(callee, Kernel):
            self.routine.refuse(node, f"calls the kernel {callee.name}; let the processor run it: `yield ppu.run(...)`")
        if isinstance(callee, Subroutine) or known_call(callee)[0]:
            self.routine.refuse(node, f"calls {name}, which runs in kernels alone; let a kernel do it")
        if name in CALL_HINTS:
            self.routine.refuse(node, f"calls {name}, which the processor does not have; {CALL_HINTS[name]}")
        if isinstance(callee, types.FunctionType | types.MethodType) and not is_foreign(callee):
            self.routine.refuse(node, f"calls {name} and does nothing with it; give it ppu, if it waits")
        if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            self.routine.refuse(node, changes(name))
        self.routine.refuse(
            node,
            f"calls {name}, which does not run on a processor: compute constants when the program is made, in "
            "__init__, and everything else in a kernel",
        )

    def _called(self, routine: TaskRoutine, numbers: dict[str, Value]) -> Value | None:
        """Run a routine of the program; return its result."""
        self.builder.book("call")
        target = self.builder.temporary() if routine.returns is not None else ""
        operands = tuple(value.operand for value in numbers.values())
        self.builder.add(Call(routine, target, operands, self.builder.line))
        self.builder.open_block()
        return None if routine.returns is None else routine.returns._replace(operand=target)

    def _callee(self, node: ast.Call) -> Any:
        """Return what is called; `super().method` is looked up as Python does it."""
        function = node.func
        inner = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "super":
            owner = self.routine.look_up(ast.Name("__class__", ast.Load()))
            mine = self.statics.values.get(self.routine.parameters[0])
            return getattr(super(owner, mine), function.attr, MISSING)
        return self.statics.look_up(function)


def _widened(numbers: dict[str, Value]) -> dict[str, Value]:
    """Return numbers as parameters: of nothing but their types is anything known in the routine."""
    return {name: time_value("") if value.wide else any_value("", value.unsigned) for name, value in numbers.items()}
