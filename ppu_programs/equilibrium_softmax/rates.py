"""Rates from traces: what a phase reads above rest, halfwords of 1/128 LSB of one conversion, however many are added.

Vector 0 of a row of halfwords is that of the hidden neurons, vector 1 that of the inputs.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    V0,
    V1,
    V2,
    V3,
    V4,
    Kernel,
    Memory,
    add16_sat,
    compare16,
    i16,
    kernel,
    load16,
    mul16_mod,
    mul16_sat,
    select,
    shift_left16,
    splat16,
    store16,
    sub16_sat,
    subroutine,
    u8,
)
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR

RATE_ONE = 128  # of a rate: so many to an LSB
HIDDEN, INPUTS = range(2)  # vectors of a row
RATES, NUDGES = range(2)  # vectors of ``highest``

MEMORY = Memory(
    seen=u8[c.LANES],
    total=i16[c.LANES],
    rest=i16[c.LANES],
    rates=i16[c.LANES],
    own=i16[LANES_OF_A_VECTOR],
    difference=i16[LANES_OF_A_VECTOR],
    highest=i16[c.LANES],
)
"""``rates``: of the free phase; ``own``: 1 for each hidden neuron, else 0; ``highest``: rates and nudges so far."""


def take_kernels(reads: int) -> tuple[Kernel, Kernel]:
    """Return the kernels ``take_free(gain)`` and ``take_nudged(gain)`` for so many conversions, 1, 2, 4 or 8."""
    bits = RATE_ONE.bit_length() - reads.bit_length()

    @subroutine
    def hidden_rates(v, m):
        """What ``total`` has of hidden neurons above rest into V0, and clear it; V3 holds 0."""
        load16(v, V0, m.total, HIDDEN)
        load16(v, V1, m.rest, HIDDEN)
        sub16_sat(v, V0, V0, V1)
        shift_left16(v, V0, V0, bits)
        load16(v, V1, m.own)
        mul16_mod(v, V0, V0, V1)
        store16(v, V3, m.total, HIDDEN)

    @kernel
    def take_free(v, m, gain):
        """Keep all rates of the free phase; ``difference`` is those of hidden neurons by a fraction of 16 bits."""
        splat16(v, V3, 0)
        hidden_rates(v, m)
        store16(v, V0, m.rates, HIDDEN)
        splat16(v, V4, gain)
        mul16_sat(v, V1, V0, V4)
        store16(v, V1, m.difference)
        load16(v, V0, m.total, INPUTS)
        load16(v, V1, m.rest, INPUTS)
        sub16_sat(v, V0, V0, V1)
        shift_left16(v, V0, V0, bits)
        store16(v, V0, m.rates, INPUTS)
        store16(v, V3, m.total, INPUTS)

    @kernel
    def take_nudged(v, m, gain):
        """Add the rates of hidden neurons to ``difference`` by a fraction of 16 bits."""
        splat16(v, V3, 0)
        hidden_rates(v, m)
        splat16(v, V4, gain)
        mul16_sat(v, V0, V0, V4)
        load16(v, V1, m.difference)
        add16_sat(v, V1, V1, V0)
        store16(v, V1, m.difference)
        store16(v, V3, m.total, INPUTS)

    return take_free, take_nudged


@kernel
def watch_rates(v, m):
    """Keep the highest rate of each hidden neuron."""
    load16(v, V0, m.rates, HIDDEN)
    load16(v, V1, m.highest, RATES)
    sub16_sat(v, V2, V0, V1)
    compare16(v, V2)
    select(v, V1, V1, V0, GREATER)
    store16(v, V1, m.highest, RATES)
