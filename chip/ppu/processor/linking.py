"""From a program to what is loaded: its tasks compiled for a processor, everything placed in its memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chip.ppu.compiler.kernel import Kernel
from chip.ppu.compiler.language import KernelError
from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.compiler.tasks.requests import Dynamic, Request, Selected
from chip.ppu.declaration import shown
from chip.ppu.memory import LinkMap, link
from chip.ppu.processor.operation import OFFERED, signatures
from chip.ppu.program import Program, UncompiledProgram


def link_program(program: Program, hemisphere: int) -> LinkMap:
    """Compile a program's tasks for one processor, and place them beside its kernels and regions.

    Raises:
        KernelError: a task asks for something that the processor or its language does not have.
        ChipLimitError: it does not fit.
    """
    tasks = None
    if not isinstance(program, UncompiledProgram):
        offered = {name: signatures()[name] for name in OFFERED}
        tasks = TaskForm(program, hemisphere, offered, Program.main)
        for request in _with_chained(tasks.requests):
            if request.operation == "run":
                _check_run(program, request)
    return link(program.memory, program.kernels, code_in=program.code_in, tasks=tasks)


def _with_chained(requests: Sequence[Request]) -> Iterator[Request]:
    """Yield requests, and those in their chains."""
    for request in requests:
        yield request
        yield from _with_chained([argument for argument in request.arguments if isinstance(argument, Request)])


def _check_run(program: Program, request: Request) -> None:
    """Refuse a run of what is no kernel of the program, or with other integers than the kernel takes."""
    kernel, *integers = request.arguments
    for one in kernel.choices if isinstance(kernel, Selected) else (kernel,):
        if not isinstance(one, Kernel):
            raise KernelError(f"{request.where} runs {shown(one)}, which is no kernel; decorate a function by @kernel")
        if one not in program.kernels:
            raise KernelError(
                f"{request.where} runs kernel {one.name}, which `kernels` of program {program.name} does not list"
            )
        try:
            one.check_integers(tuple(map(_example, integers)))
        except (TypeError, ValueError) as error:
            raise KernelError(f"{request.where}: {error}") from None


def _example(argument: object) -> object:
    """Return an argument, or one that it may be when the program runs."""
    if isinstance(argument, Dynamic):
        return 0
    return argument.choices[0] if isinstance(argument, Selected) else argument
