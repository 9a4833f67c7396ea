"""The plasticity processor: vector unit, kernel compiler, memory. ``from chip.ppu import *`` is meant for firmware."""

from chip.ppu.compiler.kernel import Kernel, Subroutine, kernel, subroutine
from chip.ppu.compiler.language import KernelError
from chip.ppu.compiler.scalars import (
    absolute,
    count_leading_zeros,
    divide,
    maximum,
    minimum,
    multiply_high,
    remainder,
    saturate8,
    saturate16,
)
from chip.ppu.linker import LinkMap, link
from chip.ppu.memory import Memory, i8, i16, i32, u8, u16, u32
from chip.ppu.recording import Recording
from chip.ppu.tasks import Doorbell, Timer
from chip.ppu.vector.accumulate import *  # noqa: F403
from chip.ppu.vector.arithmetic import *  # noqa: F403 - the operations, by name
from chip.ppu.vector.moves import *  # noqa: F403
from chip.ppu.vector.operands import *  # noqa: F403 - V0 .. V31
from chip.ppu.vector.operands import ALWAYS, EQUAL, GREATER, LESS, Condition, VectorRegister
from chip.ppu.vector.operations import OPERATIONS
from chip.ppu.vector.unit import VectorUnit, byte_lanes

__all__ = ["ALWAYS", "EQUAL", "GREATER", "LESS"]
__all__ += ["Condition", "Kernel", "KernelError", "LinkMap", "Memory", "Subroutine", "VectorRegister", "VectorUnit"]
__all__ += ["Doorbell", "Recording", "Timer"]
__all__ += ["byte_lanes", "kernel", "link", "subroutine", "i8", "i16", "i32", "u8", "u16", "u32"]
__all__ += ["absolute", "count_leading_zeros", "divide", "maximum", "minimum"]
__all__ += ["multiply_high", "remainder", "saturate8", "saturate16"]
__all__ += [f"V{number}" for number in range(32)]
__all__ += list(OPERATIONS)
