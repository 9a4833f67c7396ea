"""From the sums of a batch to the synapses: 6 bits and a sign, read from the chip, changed, written back.

There is no other copy of the weights. A sum of 32 is a step; what is below one is rounded stochastically, or lost where
the user asks for truncation.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    V7,
    V8,
    V9,
    V10,
    V30,
    V31,
    Kernel,
    Memory,
    add16_sat,
    compare16,
    kernel,
    load8,
    pack_lower,
    random8,
    select,
    shift_right16,
    shift_right_logic16,
    splat8,
    splat16,
    store8,
    sub16_sat,
    subroutine,
    u8,
    unpack_left,
    unpack_right,
)
from ppu_programs.latent_predictive.learning import SUM_BITS

PAIRS_PER_WRITE = 3  # vectors of sums, two inputs each, whose rows fit the buffer at once
ROWS_PER_PAIR = 4
MEMORY = Memory(rows=u8[PAIRS_PER_WRITE * ROWS_PER_PAIR * c.LANES])
SUM_SHIFT = 7 + SUM_BITS  # of a sum that stands in bits 7 to 14
SPARE = 0x7FFF - c.WEIGHT_MAX


def step_kernel(truncate: bool) -> Kernel:
    """Return the kernel ``step(first, count)``: vectors of sums from ``first`` on into ``rows``, and clears them.

    Four rows of synapses for each: excitatory and inhibitory of its first input, then of its second one.
    """
    round_it = _truncate if truncate else _round_stochastically

    @kernel
    def step(v, m, first, count):
        """Both inputs of each vector."""
        splat8(v, V31, 0)
        splat16(v, V9, SPARE)
        splat16(v, V10, SPARE + 1)
        splat16(v, V8, (1 << SUM_SHIFT) - 1)
        for p in range(count):
            load8(v, V0, m.sums, first + p)
            random8(v, V30)
            random8(v, V30)
            unpack_left(v, V1, V0, V31)
            unpack_left(v, V2, V30, V31)
            round_it(v, m)
            change(v, m, 4 * p)
            unpack_right(v, V1, V0, V31)
            unpack_right(v, V2, V30, V31)
            round_it(v, m)
            change(v, m, 4 * p + 2)
            store8(v, V31, m.sums, first + p)

    return step


@subroutine
def _round_stochastically(v, m):
    """Sums in the upper bytes of V1, random bytes in those of V2: steps into V1."""
    shift_right16(v, V1, V1, 1)
    shift_right_logic16(v, V2, V2, 16 - SUM_SHIFT)
    add16_sat(v, V1, V1, V2)
    shift_right16(v, V1, V1, SUM_SHIFT)


@subroutine
def _truncate(v, m):
    """The same, towards 0."""
    shift_right16(v, V1, V1, 1)
    compare16(v, V1)
    select(v, V2, V31, V8, LESS)
    add16_sat(v, V1, V1, V2)
    shift_right16(v, V1, V1, SUM_SHIFT)


@subroutine
def change(v, m, at):
    """Add the steps in V1 to the weights of rows ``at`` and ``at`` + 1, within their limits."""
    load8(v, V3, m.rows, at)
    load8(v, V4, m.rows, at + 1)
    unpack_left(v, V3, V31, V3)
    unpack_left(v, V4, V31, V4)
    add16_sat(v, V3, V3, V1)
    sub16_sat(v, V3, V3, V4)
    add16_sat(v, V3, V3, V9)
    sub16_sat(v, V3, V3, V9)
    sub16_sat(v, V3, V3, V10)
    add16_sat(v, V3, V3, V10)
    sub16_sat(v, V4, V31, V3)
    compare16(v, V3)
    select(v, V5, V31, V3, GREATER)
    select(v, V6, V31, V4, LESS)
    pack_lower(v, V7, V5, V31)
    store8(v, V7, m.rows, at)
    pack_lower(v, V7, V6, V31)
    store8(v, V7, m.rows, at + 1)
