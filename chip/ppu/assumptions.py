"""What the model of the processors takes for granted and no public source confirms."""

from __future__ import annotations

from chip.ppu.compiler.stack import LOOP_BYTES, VARIABLE_BYTES
from chip.ppu.costs import (
    COSTS,
)
from chip.ppu.memory import MAILBOX_BYTES, STACK_BYTES, START_CODE_BYTES


def assumptions() -> list[str]:
    """Return one sentence for each thing that the processor's model takes for granted and no public source confirms.

    Timing first, then memory, then what the vector unit computes.
    """
    entry, branch = COSTS["entry"], COSTS["branch"]
    return [
        "PPU instructions do not overlap: each waits for the result of the last one (assumed; slower than the chip)",
        "scalar and vector latencies are those of the public 2014 prototype of the PPU (assumed for today's chip)",
        f"entering and leaving a PPU routine takes {entry.cycles} cycles and {entry.words} instructions (assumed)",
        f"every PPU branch hits the branch cache and takes {branch.cycles} cycle (assumed; faster than the chip)",
        "PPU code in SRAM runs without waits for its fetches (assumed; faster than the chip)",
        "PPU code in external memory is fetched a routine at a time, when a kernel first runs it after other code took "
        "its place in the instruction cache, the longest unused first (assumed)",
        "PPU code takes the instructions that our kernel compiler counts, 4 bytes each (assumed; the vendor's compiler "
        "may need more or fewer)",
        f"a PPU routine's stack frame has {VARIABLE_BYTES} bytes for each parameter and variable; the program's loop "
        f"takes {LOOP_BYTES} (assumed)",
        f"a PPU's stack takes {STACK_BYTES} bytes of SRAM, its mailbox {MAILBOX_BYTES}, its start-up code "
        f"{START_CODE_BYTES} (assumed)",
        "the random shift registers of a PPU, of which programs reach 128, those of the even columns, have the "
        "primitive polynomials of degree 16 that we chose, and move one step per read (assumed)",
        "a vector register is free for the constant that an arithmetic shift right of a PPU's vectors multiplies with "
        "(assumed)",
    ]
