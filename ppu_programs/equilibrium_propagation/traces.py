"""Rates from traces: conversions are added up, what rest reads is taken away, phases are weighed.

A rate is a halfword in units of 1/16 LSB times the number of conversions; where one stands in a row of halfwords says
:mod:`ppu_programs.two_layer.layout`.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    V0,
    V1,
    V2,
    V3,
    V4,
    Memory,
    add16_sat,
    i16,
    kernel,
    load8,
    load16,
    mul16_sat,
    shift_left16,
    splat8,
    splat16,
    store16,
    sub16_sat,
    u8,
    unpack_left,
    unpack_right,
)

RATE_ONE_BITS = 4  # of a rate: 16 to an LSB
HALFWORD_VECTORS = 2  # of a row

MEMORY = Memory(
    seen=u8[c.LANES],
    total=i16[c.LANES],
    rest=i16[c.LANES],
    difference=i16[c.LANES],
    average=i16[c.LANES],
)


@kernel
def add_reading(v, m):
    """Add a conversion, unsigned bytes, to ``total``."""
    load8(v, V0, m.seen)
    splat8(v, V1, 0)
    load16(v, V2, m.total, 0)
    unpack_left(v, V3, V1, V0)
    add16_sat(v, V2, V2, V3)
    store16(v, V2, m.total, 0)
    load16(v, V2, m.total, 1)
    unpack_right(v, V3, V1, V0)
    add16_sat(v, V2, V2, V3)
    store16(v, V2, m.total, 1)


@kernel
def keep_rest(v, m):
    """Keep ``total`` as what is read at rest, and clear it."""
    splat16(v, V1, 0)
    for half in range(HALFWORD_VECTORS):
        load16(v, V0, m.total, half)
        store16(v, V0, m.rest, half)
        store16(v, V1, m.total, half)


@kernel
def take(v, m, gain, share):
    """Add the rates of a phase to ``difference`` and ``average``, by fractions of 16 bits, and clear ``total``."""
    splat16(v, V3, gain)
    splat16(v, V4, share)
    for half in range(HALFWORD_VECTORS):
        load16(v, V0, m.total, half)
        load16(v, V1, m.rest, half)
        sub16_sat(v, V0, V0, V1)
        shift_left16(v, V0, V0, RATE_ONE_BITS)
        mul16_sat(v, V1, V0, V3)
        load16(v, V2, m.difference, half)
        add16_sat(v, V2, V2, V1)
        store16(v, V2, m.difference, half)
        mul16_sat(v, V1, V0, V4)
        load16(v, V2, m.average, half)
        add16_sat(v, V2, V2, V1)
        store16(v, V2, m.average, half)
        splat16(v, V0, 0)
        store16(v, V0, m.total, half)


@kernel
def forget(v, m):
    """Clear ``total`` without taking it."""
    splat16(v, V0, 0)
    for half in range(HALFWORD_VECTORS):
        store16(v, V0, m.total, half)
