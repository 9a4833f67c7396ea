"""What units do, from the converter's bytes, and what is known of it in the mean: a halfword for each unit.

    z      = max(0, membrane - rest)                           the unit's activity, LSB, 0..127
    mean   += (128 z - mean) / 256                             in 1/128 LSB
    c      = z - mean / 128
    var    += (c c - var) / 256,  change += (d d - change) / 256,  d = z - z of the view before
    C(k)   += (2 c(k) c - C(k)) / 256                          a row for each unit k of this processor, 0 at k itself

All divisions round stochastically, so that steps below one count. Of ``sum over k of c(k) C(k)``, what units share with
each other, each processor has the part of its own k; the other one fetches it from external memory.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
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
    V11,
    V12,
    V29,
    V30,
    V31,
    Memory,
    add16_sat,
    add_accumulator16_sat,
    compare16,
    i16,
    i32,
    kernel,
    load8,
    load16,
    mac_to_accumulator16_sat,
    move,
    mul16_mod,
    pack_lower,
    random8,
    select,
    shift_left16,
    shift_right16,
    splat8,
    splat16,
    store8,
    store16,
    sub16_sat,
    subroutine,
    to_accumulator16_mod,
    u8,
    unpack_left,
    unpack_right,
)
from ppu_programs.latent_predictive.settings import MOST_UNITS, STATISTICS_BITS

PAST, PRESENT = 0, 1  # views; their samples are in ``progress``
PAIR, SHIFT, PAIRS = 2, 3, 4  # there: which pair is next, how far its views are apart, how many there are
HIGHEST = 127  # LSB of an activity, or of an input
MEAN_BITS = 7  # of a mean: 128 to an LSB
TRACES, UNITS = 0, 1  # halves of a conversion
QUIET_LSB = 8  # what a trace reads above rest without any event, at most
RESTS = 4  # conversions that make up what is taken for rest
DRAWS = 2  # of random bits behind each other
SPARE = 0x7FFF - HIGHEST  # adding and taking it, saturating, limits from above

MEMORY = Memory(
    seen=u8[2 * c.LANES],
    rest=u8[2 * c.LANES],
    rest_sum=i16[2 * c.LANES],
    own=i16[MOST_UNITS],
    noise=u8[c.LANES],
    views=i16[2 * MOST_UNITS],
    features=u8[c.LANES],
    x=u8[c.LANES],
    mean=i16[MOST_UNITS],
    centred=i16[MOST_UNITS],
    moments=i16[2 * MOST_UNITS],
    shared=i16[MOST_UNITS],
)
VARIANCE, CHANGE = 0, 1  # vectors of ``moments``


def memory(units: int) -> Memory:
    """``covariance``: a row for each unit of this processor."""
    return MEMORY | Memory(covariance=i16[units * MOST_UNITS], progress=i32[5])


@kernel
def add_rest(v, m):
    """Add a conversion to ``rest_sum``, and keep its mean over ``RESTS`` as ``rest``, to be used behind the last."""
    splat8(v, V1, 0)
    splat16(v, V7, RESTS >> 1)
    for half in range(2):
        load8(v, V0, m.seen, half)
        unpack_left(v, V2, V1, V0)
        unpack_right(v, V3, V1, V0)
        load16(v, V4, m.rest_sum, 2 * half)
        load16(v, V5, m.rest_sum, 2 * half + 1)
        add16_sat(v, V4, V4, V2)
        add16_sat(v, V5, V5, V3)
        store16(v, V4, m.rest_sum, 2 * half)
        store16(v, V5, m.rest_sum, 2 * half + 1)
        add16_sat(v, V4, V4, V7)
        add16_sat(v, V5, V5, V7)
        shift_right16(v, V4, V4, 2)
        shift_right16(v, V5, V5, 2)
        pack_lower(v, V4, V4, V5)
        store8(v, V4, m.rest, half)


@subroutine
def rectify(v, m):
    """Limit V3 to 0..127; V6 is 0, V7 is ``SPARE``."""
    compare16(v, V3)
    select(v, V3, V3, V6, LESS)
    add16_sat(v, V3, V3, V7)
    sub16_sat(v, V3, V3, V7)


@kernel
def take_view(v, m, view):
    """What the units make of a view, from ``seen``; as bytes in ``features``, too."""
    splat8(v, V6, 0)
    splat16(v, V7, SPARE)
    load8(v, V0, m.seen, UNITS)
    load8(v, V1, m.rest, UNITS)
    unpack_left(v, V3, V6, V0)
    unpack_left(v, V4, V6, V1)
    sub16_sat(v, V3, V3, V4)
    rectify(v, m)
    load16(v, V5, m.own)
    mul16_mod(v, V3, V3, V5)
    store16(v, V3, m.views, view)
    pack_lower(v, V3, V3, V6)
    store8(v, V3, m.features)


@kernel
def take_inputs(v, m):
    """What the traces of the inputs have collected, from ``seen``, 0 for what may be none."""
    splat8(v, V6, 0)
    splat16(v, V7, SPARE)
    splat16(v, V8, QUIET_LSB)
    load8(v, V0, m.seen, TRACES)
    load8(v, V1, m.rest, TRACES)
    unpack_left(v, V3, V6, V0)
    unpack_left(v, V4, V6, V1)
    sub16_sat(v, V3, V3, V4)
    sub16_sat(v, V3, V3, V8)
    rectify(v, m)
    move(v, V5, V3)
    unpack_right(v, V3, V6, V0)
    unpack_right(v, V4, V6, V1)
    sub16_sat(v, V3, V3, V4)
    sub16_sat(v, V3, V3, V8)
    rectify(v, m)
    pack_lower(v, V5, V5, V3)
    store8(v, V5, m.x)


@subroutine
def draw(v, m):
    """Put random numbers 0..255 into the halfwords of V29; V31 is 0."""
    for _ in range(DRAWS):
        random8(v, V30)
    unpack_left(v, V29, V31, V30)


@subroutine
def slide(v, m):
    """Move the means in V10 towards V11 by 1/256 of the difference, rounded stochastically."""
    draw(v, m)
    sub16_sat(v, V11, V11, V10)
    add16_sat(v, V11, V11, V29)
    shift_right16(v, V11, V11, STATISTICS_BITS)
    add16_sat(v, V10, V10, V11)


@kernel
def follow(v, m, first, units):
    """Follow a pair of views: means, variances, ``centred``; covariances of ``units`` units from ``first`` on.

    ``shared`` is ``sum c(k) C(k) / 256`` over these, this processor's part of what units share.
    """
    splat8(v, V31, 0)
    load16(v, V0, m.views, PRESENT)
    load16(v, V1, m.views, PAST)
    load16(v, V10, m.mean)
    shift_right16(v, V2, V10, MEAN_BITS)
    sub16_sat(v, V2, V0, V2)
    store16(v, V2, m.centred)
    shift_left16(v, V11, V0, MEAN_BITS)
    slide(v, m)
    store16(v, V10, m.mean)
    load16(v, V10, m.moments, VARIANCE)
    mul16_mod(v, V11, V2, V2)
    slide(v, m)
    store16(v, V10, m.moments, VARIANCE)
    sub16_sat(v, V3, V0, V1)
    load16(v, V10, m.moments, CHANGE)
    mul16_mod(v, V11, V3, V3)
    slide(v, m)
    store16(v, V10, m.moments, CHANGE)
    to_accumulator16_mod(v, V31)
    for k in range(units):
        own = m.centred[first + k]
        load16(v, V10, m.covariance, k)
        splat16(v, V12, own << 7)
        mac_to_accumulator16_sat(v, V10, V12)
        splat16(v, V12, own << 1)
        mul16_mod(v, V11, V2, V12)
        slide(v, m)
        store16(v, V10, m.covariance, k)
        m.covariance[MOST_UNITS * k + first + k] = 0
    add_accumulator16_sat(v, V9, V31)
    store16(v, V9, m.shared)


@kernel
def next_pair(v, m):
    """Go on to the next pair, two samples of training: ``progress`` holds the samples of both views.

    Where pairs are shuffled, the first view is of a later pair: the next one at first, another one each time round.
    """
    pairs = m.progress[PAIRS]
    pair = m.progress[PAIR]
    other = pair + m.progress[SHIFT]
    if other >= pairs:
        other = other - pairs
    m.progress[PAST] = 2 * other
    m.progress[PRESENT] = 2 * pair + 1
    pair = pair + 1
    if pair == pairs:
        pair = 0
        if m.progress[SHIFT] > 0:
            m.progress[SHIFT] = m.progress[SHIFT] + 1
            if m.progress[SHIFT] == pairs:
                m.progress[SHIFT] = 1
    m.progress[PAIR] = pair
