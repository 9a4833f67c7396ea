"""What the model of the processors takes for granted and no public source confirms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chip.base.assumption import Assumption, Direction, Weight
from chip.ppu.compiler.stack import LOOP_BYTES, VARIABLE_BYTES
from chip.ppu.costs import COSTS
from chip.ppu.linker import MAILBOX_BYTES, STACK_BYTES, START_CODE_BYTES
from chip.ppu.processor.scheduler import PASS_CYCLES
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.ppu.program import UncompiledProgram

if TYPE_CHECKING:
    from chip.ppu.processor.processor import Processor


def assumptions() -> list[Assumption]:
    """Those of every program: operations first, then the timing of instructions, memory, what vectors compute."""
    return _operations() + _timing() + _memory() + _vectors()


def of_plain_programs(processors: Iterable[Processor]) -> list[Assumption]:
    """One for each program that is not compiled."""
    return [
        Assumption(
            f"program {processor.program.name} on the {processor.name} PPU is plain Python: what it does between "
            f"operations is neither checked nor sized, and takes {PLAIN_CONTROL_CYCLES} cycles",
            "a test",
        )
        for processor in processors
        if isinstance(processor.program, UncompiledProgram)
    ]


def _operations() -> list[Assumption]:
    return [
        Assumption(
            "an operation of a PPU takes a call and an instruction for each of its arguments beside its bus access"
        ),
        Assumption("the time stamp of a record and what is no whole vector of it cross the Omnibus word by word"),
        Assumption(f"one pass of the loop that schedules a program's tasks takes {PASS_CYCLES} cycles"),
    ]


def _timing() -> list[Assumption]:
    entry, branch = COSTS["entry"], COSTS["branch"]
    slower = ("assumed; slower than the chip", Direction.SLOWER, Weight.COST_ABOVE)
    faster = ("assumed; faster than the chip", Direction.FASTER, Weight.COST_BELOW)
    return [
        Assumption("PPU instructions do not overlap: each waits for the result of the last one", *slower),
        Assumption(
            "scalar and vector latencies are those of the public 2014 prototype of the PPU",
            "assumed for today's chip",
        ),
        Assumption(f"entering and leaving a PPU routine takes {entry.cycles} cycles and {entry.words} instructions"),
        Assumption(f"every PPU branch hits the branch cache and takes {branch.cycles} cycle", *faster),
        Assumption("PPU code in SRAM runs without waits for its fetches", *faster),
        Assumption(
            "PPU code in external memory is fetched a routine at a time, when a kernel first runs it after other code "
            "took its place in the instruction cache, the longest unused first"
        ),
    ]


def _memory() -> list[Assumption]:
    return [
        Assumption(
            "PPU code takes the instructions that our kernel compiler counts, 4 bytes each",
            "assumed; the vendor's compiler may need more or fewer",
        ),
        Assumption(
            f"a PPU routine's stack frame has {VARIABLE_BYTES} bytes for each parameter and variable; the program's "
            f"loop takes {LOOP_BYTES}"
        ),
        Assumption(
            f"a PPU's stack takes {STACK_BYTES} bytes of SRAM, its mailbox {MAILBOX_BYTES}, its start-up code "
            f"{START_CODE_BYTES}"
        ),
    ]


def _vectors() -> list[Assumption]:
    return [
        Assumption(
            "the random shift registers of a PPU, of which programs reach 128, those of the even columns, have the "
            "primitive polynomials of degree 16 that we chose, and move one step per read"
        ),
        Assumption(
            "a vector register is free for the constant that an arithmetic shift right of a PPU's vectors multiplies "
            "with"
        ),
    ]
