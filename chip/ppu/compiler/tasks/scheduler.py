"""The scheduler's loop as a routine of the program: pass after pass, each of which runs the task that is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chip.ppu.compiler.builder import Builder
from chip.ppu.compiler.form import Block, Call, If, Instruction, Leave, Loop, Node, Wait
from chip.ppu.compiler.language import Routine
from chip.ppu.compiler.tasks.methods import bound, missing
from chip.ppu.compiler.tasks.requests import Request
from chip.ppu.compiler.tasks.routine import Caller, TaskRoutine
from chip.ppu.compiler.tasks.unit import TaskUnit
from chip.ppu.compiler.values import any_value
from chip.ppu.tasks import DONE, NOTHING


def task_of(unit: TaskUnit, method: Callable) -> TaskRoutine:
    """Return the routine of a task, a method that gets the processor; for ``main`` by default the scheduler's."""
    function, given = bound(method)
    if function is unit.scheduled_main:
        return scheduler(unit, method.__self__, None)  # type: ignore[attr-defined]
    return unit.routine(function, {**given, **dict(missing(function, given, unit.ppu))}, {}, None)


def scheduler(unit: TaskUnit, program: Any, caller: Caller | None) -> TaskRoutine:
    """Return the routine that runs a program's tasks: pass after pass of the scheduler's loop.

    What it costs is booked by the pass; its code is that of the program's start.
    """
    key = "scheduler", id(program)
    known = unit.known(key, caller)
    if known is not None:
        return known
    task = unit.routines[key] = TaskRoutine(len(unit.routines), "run_tasks", Routine(type(program).main, "task"))
    builder = Builder(task.own("_"))
    task.nodes = [Block(), Loop(_pass(unit, builder, program)), Block()]
    task.returns, task.done = any_value(task.own("result")), True
    return task


def _pass(unit: TaskUnit, builder: Builder, program: Any) -> list[Node]:
    """Return the nodes of one pass: ask what is due, run it, and end where it returns a number."""

    def branch(condition: str, number: int, nodes: list[Node]) -> None:
        builder.add(If(builder.emit("==", condition, number), nodes, [], 0))
        builder.open_block()

    builder.nodes += _wait("scheduler_pass")
    builder.open_block()
    choice = builder.temporary()
    builder.do("scheduled", target=choice)
    branch(choice, DONE, [Block(), Leave("return", 0, 0)])
    branch(choice, NOTHING, _wait("wait_for_tasks"))
    for number, declared in enumerate(program.tasks):
        routine = task_of(unit, getattr(program, declared.task))
        target = builder.temporary() if routine.returns is not None else ""
        nodes: list[Node] = [Block(), Call(routine, target, (), 0)]
        if target:
            given = builder.temporary()
            nodes += [Block([Instruction("given", given, (), 0)])]
            nodes += [If(given, [*_wait("end_tasks"), Leave("return", 0, target)], [], 0)]
        branch(choice, number, [*nodes, Block()])
    return builder.nodes


def _wait(operation: str) -> list[Node]:
    return [Block(), Wait(Request(operation, (), "", 0, "run_tasks"), "", 0), Block()]
