"""From a vector of shadow weights to the two rows of synapses of its input, bytes in the lanes of hidden neurons."""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V4,
    V31,
    Memory,
    add16_sat,
    compare16,
    kernel,
    load16,
    pack_lower,
    select,
    shift_right16,
    splat16,
    store8,
    sub16_sat,
    u8,
)

INPUTS_PER_WRITE = 4  # whose rows fit the buffer at once
MEMORY = Memory(synapses=u8[2 * INPUTS_PER_WRITE * c.LANES])


@kernel
def rows_of_synapses(v, m, first, count):
    """Round the shadows of inputs ``first``... to 6 bits, and part the signs."""
    splat16(v, V31, 0)
    splat16(v, V4, 256)
    for n in range(count):
        load16(v, V0, m.shadow, first + n)
        add16_sat(v, V0, V0, V4)
        shift_right16(v, V0, V0, 9)
        sub16_sat(v, V1, V31, V0)
        compare16(v, V0)
        select(v, V2, V31, V0, GREATER)
        pack_lower(v, V2, V2, V31)
        store8(v, V2, m.synapses, 2 * n)
        select(v, V2, V31, V1, LESS)
        pack_lower(v, V2, V2, V31)
        store8(v, V2, m.synapses, 2 * n + 1)
