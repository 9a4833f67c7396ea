"""The stack that a kernel or a program needs: known before it runs, since no routine can call itself.

Frames follow the embedded ABI of the Power ISA: back chain and link register, then what the routine keeps, in multiples
of 16 bytes. How much a compiler keeps in registers is not known here: each parameter and variable counts as one word
(assumed). Below the deepest frame lies what the program's own loop takes, red zone included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.language import Routine, stored_names
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.compiler.tasks.routine import TaskRoutine
from chip.ppu.compiler.unit import Declared

FRAME_HEAD_BYTES = 8  # back chain and link register (Power ISA, embedded ABI)
FRAME_ALIGNMENT_BYTES = 16  # the same
VARIABLE_BYTES = 4  # assumed: one word for each parameter and variable of a routine
LOOP_BYTES = 128  # the vendor's red zone (libnux linker script); assumed: the program's loop fits into it


class Chain(NamedTuple):
    """Routines that call each other: their names, the kernel's first, and the bytes of all their frames."""

    names: tuple[str, ...]
    frame_bytes: int

    @property
    def stack_bytes(self) -> int:
        """Return the stack that the chain needs, with the program's loop."""
        return LOOP_BYTES + self.frame_bytes


def frame_bytes(routine: Routine) -> int:
    """Return the bytes of a routine's stack frame."""
    return _framed(len(stored_names(routine.tree) | set(routine.parameters)))


def _framed(variables: int) -> int:
    size = FRAME_HEAD_BYTES + VARIABLE_BYTES * variables
    return -(-size // FRAME_ALIGNMENT_BYTES) * FRAME_ALIGNMENT_BYTES


def deepest_chain(kernel: Kernel) -> Chain:
    """Return the chain of calls that needs the most stack; of equal ones the first in the source."""
    known: dict[Declared, Chain] = {}
    for made in kernel.routines:  # callees come before their callers
        longest = max(
            (known[callee] for callee in _callees(made.routine, known)),
            key=lambda chain: chain.frame_bytes,
            default=Chain((), 0),
        )
        known[made] = Chain((made.name, *longest.names), frame_bytes(made.routine) + longest.frame_bytes)
    return known[kernel]


def deepest_chain_of_tasks(tasks: TaskForm) -> Chain:
    """Return the chain of calls of a program that needs the most stack, from its main to the last subroutine."""
    known: dict[TaskRoutine, Chain] = {}

    def chain_of(task: TaskRoutine) -> Chain:
        if task not in known:
            inner = [chain_of(callee) for callee in tasks.calls(task)]
            inner += [deepest_chain(kernel) for kernel in dict.fromkeys(tasks.kernels(task))]
            longest = max(inner, key=lambda chain: chain.frame_bytes, default=Chain((), 0))
            known[task] = Chain((task.name, *longest.names), _framed(tasks.variables(task)) + longest.frame_bytes)
        return known[task]

    return chain_of(tasks.main)


def _callees(routine: Routine, known: dict[Declared, Chain]) -> Iterator[Declared]:
    """Yield the routines that a routine calls, as often as it does."""
    for node in ast.walk(routine.tree):
        if isinstance(node, ast.Call):
            callee = routine.look_up(node.func)
            if callee.__hash__ is not None and callee in known:
                yield callee
