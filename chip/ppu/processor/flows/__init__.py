"""How a program gets from one operation to the next: compiled, or, in tests that say so, as a plain generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chip.ppu.compiler.tasks.form import TaskForm
from chip.ppu.processor.flows.compiled import CompiledFlow
from chip.ppu.processor.flows.flow import Flow
from chip.ppu.processor.flows.plain import PlainFlow
from chip.ppu.program import Program, UncompiledProgram

if TYPE_CHECKING:
    from chip.ppu.processor.processor import Processor


def flow_of(ppu: Processor, program: Program, form: TaskForm | None) -> Flow:
    """Return the flow of a loaded program."""
    if isinstance(program, UncompiledProgram) or form is None:
        return PlainFlow(ppu, program)
    return CompiledFlow(ppu, program, form)
