"""From a program to what is loaded: its tasks compiled for a processor, everything placed in its memory."""

from __future__ import annotations

from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.linker import LinkMap, link
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
    return link(program.memory, program.kernels, code_in=program.code_in, tasks=tasks)
