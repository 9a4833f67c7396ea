"""What every instruction of a plasticity processor costs: PPU cycles and 32-bit instruction words, with the source.

A cost is the *dependent issue* cost: the cycles until the next instruction can use the result. What the model leaves
out errs both ways. No overlap between the scalar core and the vector unit, nor between the vector unit's stations:
that makes programs slower than on the chip. A branch that is predicted wrongly and a fetch from SRAM that competes with
data cost nothing: that makes them faster. Code in external memory is fetched through an instruction cache
(``chip.ppu.processor.instruction_cache``). ``assumptions`` names all of it for reports.

The vector figures follow from the public register-transfer code (nux, ``frontend_pkg.sv`` and the vector unit): a
station takes 4 cycles for two operands, 3 for one, 2 for none; a multiply-add result is there after 6 more cycles, a
permutation after 2, a comparison after 1; queueing and writing back take 2.
"""

from dataclasses import dataclass

from chip.base.constants import (
    SRAM_VECTOR_LOAD_CYCLES,
    SRAM_VECTOR_STORE_CYCLES,
    WEIGHT_LOAD_CYCLES,
    WEIGHT_STORE_CYCLES,
)


@dataclass(frozen=True)
class Cost:
    """The cost of one instruction.

    Attributes:
        cycles: PPU cycles, 4 ns each, >= 0.
        words: instruction words of 4 bytes that it takes in the program's code.
        source: where the figure comes from; begins with "assumed" where no public source gives it.
    """

    cycles: int
    words: int
    source: str


_OPERANDS_2, _OPERANDS_1, _OPERANDS_0 = 4, 3, 2
_MADD, _PERMUTE, _COMPARE, _QUEUE = 6, 2, 1, 2

COSTS: dict[str, Cost] = {
    # ------------------------------------------------------------------ scalar core
    "alu": Cost(1, 1, "nux frontend_pkg.sv: default ALU latency"),
    "multiply": Cost(4, 1, "nux frontend_pkg.sv: multiplier latency"),
    "divide": Cost(31, 1, "nux frontend_pkg.sv: divider latency"),
    "load": Cost(3, 1, "nux frontend_pkg.sv: expected latency of the memory bus"),
    "store": Cost(3, 1, "nux frontend_pkg.sv: expected latency of the memory bus"),
    "address": Cost(2, 1, "nux frontend_pkg.sv: address update of an indexed access"),
    "branch": Cost(1, 1, "nux frontend_pkg.sv: branch latency, branch cache hit (assumed: every branch hits)"),
    "call": Cost(2, 2, "derived: branch and link, branch to link register"),
    "entry": Cost(4, 4, "assumed: stack frame made and removed, two instructions each"),
    # ------------------------------------------------------------------ vector unit
    "vector_load": Cost(SRAM_VECTOR_LOAD_CYCLES, 1, "measured, libnux test_speed_memory.cpp"),
    "vector_store": Cost(SRAM_VECTOR_STORE_CYCLES, 1, "measured, libnux test_speed_memory.cpp"),
    "vector_random": Cost(WEIGHT_LOAD_CYCLES, 1, "derived: a parallel bus read, as a row of weights"),
    "vector_random_seed": Cost(WEIGHT_STORE_CYCLES, 1, "derived: a parallel bus write, as a row of weights"),
    "vector_multiply_add": Cost(_OPERANDS_2 + _MADD + _QUEUE, 1, "derived from nux: multiply station, two operands"),
    "vector_accumulator_move": Cost(_OPERANDS_1 + _MADD + _QUEUE, 1, "derived from nux: multiply station, one operand"),
    "vector_compare": Cost(_OPERANDS_1 + _COMPARE + _QUEUE, 1, "derived from nux: compare station, one operand"),
    "vector_permute": Cost(_OPERANDS_2 + _PERMUTE + _QUEUE, 1, "derived from nux: permute station, two operands"),
    "vector_shift": Cost(_OPERANDS_1 + _PERMUTE + _QUEUE, 1, "derived from nux: permute station, one operand"),
    "vector_splat": Cost(_OPERANDS_0 + _PERMUTE + _QUEUE, 1, "derived from nux: permute station, no vector operand"),
}  # fmt: skip


def issue_cycles(arguments: int) -> int:
    """Return the cycles from the end of one operation to the beginning of the next, in code without branches.

    The next one has so many arguments, all constant and of 16 bits at most: what a firmware that has to know its own
    timing reckons with.
    """
    return COSTS["call"].cycles + arguments * COSTS["alu"].cycles


INSTRUCTION_BYTES = 4  # Power ISA, fixed width
