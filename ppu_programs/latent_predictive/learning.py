"""From the activities of a pair to what synapses are to change by: a signal of each unit, times what its inputs did.

    signal(i) = push c(i) 256 / var(i) - pull (z(i) - z'(i)) - decorrelation (sum over k of c(k) C(k, i)) / 512
    sum(j, i) += rate signal(i) x(j)     where z(i) > 0; int8, stochastically rounded, kept over a batch

with z' the view before, c what z is above its mean, C twice the covariances, see
:mod:`ppu_programs.latent_predictive.statistics`. 32 of a sum is a step of a weight.

A vector of sums is of two inputs, the first eight of every sixteen bytes and the last: as the units lie in the lanes of
the first eight, bytes move from one place to the other by packing and unpacking.
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
    V5,
    V6,
    V7,
    V8,
    V9,
    V10,
    V11,
    V30,
    V31,
    Memory,
    accumulate8_mod,
    add8_sat,
    add16_sat,
    compare8,
    compare16,
    divide,
    i8,
    i16,
    i32,
    kernel,
    load8,
    load16,
    mac8_sat,
    mac16_sat,
    minimum,
    mul16_mod,
    pack_lower,
    random8,
    select,
    shift_right16,
    splat8,
    splat16,
    store8,
    sub16_sat,
    to_accumulator8_mod,
    to_accumulator16_mod,
)
from ppu_programs.latent_predictive.settings import (
    COARSE_BITS,
    MOST_UNITS,
    TERM_BITS,
    VARIANCE_LSB2,
    Settings,
)
from ppu_programs.latent_predictive.statistics import DRAWS, HIGHEST, PAST, PRESENT, SPARE, VARIANCE

SUM_BITS = 5  # of a sum: 32 to a step of a weight
MOST_SHARED = 1023  # of what units share: beyond, the push away from others does not grow
HIGHEST_PUSH = 255
PULL, PUSH, DECORRELATION = range(3)  # in ``strengths``
RATE_ONE = 1 << 17  # a rate of learning of 1, in 2^-15 of the terms of a signal: 32 of a sum are 8 of these


def memory(inputs: int) -> Memory:
    """``sums``: a vector for two inputs; ``pushes``: of each unit, 8 for 1; ``second``: 1 in lanes of second inputs.

    ``strengths``: pull, push and decorrelation, as :func:`strengths` has them; ``other``: what the other one shares.
    """
    return Memory(
        sums=i8[vectors(inputs) * c.LANES],
        pushes=i16[MOST_UNITS],
        other=i16[MOST_UNITS],
        second=i8[c.LANES],
        strengths=i32[3],
    )


def vectors(inputs: int) -> int:
    """How many vectors of sums there are."""
    return (inputs + 1) // 2


def strengths(s: Settings) -> tuple[int, int, int]:
    """Pull, push times the variance that it is for, and decorrelation, as kernels take them."""
    one = 1 << TERM_BITS
    return round(one * s.pull), round(one * s.push * VARIANCE_LSB2), round((1 << COARSE_BITS) * s.decorrelation)


@kernel
def divide_by_variances(v, m, units):
    """Divide the push by the variances, once a batch: at most 255, which is a push of nearly 32."""
    for k in range(units):
        m.pushes[k] = minimum(divide(m.strengths[PUSH], m.moments[MOST_UNITS * VARIANCE + k] + 1), HIGHEST_PUSH)


@kernel
def learn(v, m, rate, count):
    """The signals of a pair into ``count`` vectors of sums, rate in 2^-17; inputs that did nothing take no time."""
    splat8(v, V31, 0)
    load16(v, V0, m.centred)
    load16(v, V1, m.pushes)
    mul16_mod(v, V0, V0, V1)
    load16(v, V2, m.views, PRESENT)
    load16(v, V3, m.views, PAST)
    sub16_sat(v, V3, V2, V3)
    splat16(v, V4, m.strengths[PULL])
    mul16_mod(v, V3, V3, V4)
    sub16_sat(v, V0, V0, V3)
    load16(v, V5, m.shared)
    load16(v, V6, m.other)
    add16_sat(v, V5, V5, V6)
    splat16(v, V6, 0x7FFF - MOST_SHARED)
    add16_sat(v, V5, V5, V6)
    sub16_sat(v, V5, V5, V6)
    sub16_sat(v, V5, V5, V6)
    add16_sat(v, V5, V5, V6)
    splat16(v, V6, m.strengths[DECORRELATION])
    mul16_mod(v, V5, V5, V6)
    shift_right16(v, V5, V5, 2)
    sub16_sat(v, V0, V0, V5)
    splat16(v, V7, 0x7FFF)  # half of what is cut off
    to_accumulator16_mod(v, V7)
    splat16(v, V8, rate)
    mac16_sat(v, V0, V0, V8)
    splat16(v, V6, SPARE)
    add16_sat(v, V0, V0, V6)
    sub16_sat(v, V0, V0, V6)
    sub16_sat(v, V0, V0, V6)
    add16_sat(v, V0, V0, V6)
    compare16(v, V2)
    select(v, V0, V31, V0, GREATER)
    pack_lower(v, V0, V0, V0)
    load8(v, V9, m.second)
    splat8(v, V10, HIGHEST)
    splat8(v, V11, 1)
    for p in range(count):
        first = m.x[2 * p]
        second = m.x[2 * p + 1]
        if first | second:
            splat8(v, V1, first)
            splat8(v, V2, second)
            compare8(v, V9)
            select(v, V1, V1, V2, GREATER)
            for _ in range(DRAWS):
                random8(v, V30)
            to_accumulator8_mod(v, V30)
            accumulate8_mod(v, V10)
            accumulate8_mod(v, V11)
            mac8_sat(v, V3, V0, V1)
            load8(v, V4, m.sums, p)
            add8_sat(v, V4, V4, V3)
            store8(v, V4, m.sums, p)
