"""Stochastic rounding on a processor, what rules share of it: seeds, and random bits below the accumulator's halfwords.

A step that is smaller than what its weight can hold is added with random bits in front of it, so that it counts as
often as it is large; without them, ``truncate``, it is lost.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.ppu import (
    V0,
    V6,
    V9,
    V10,
    accumulate16_mod,
    kernel,
    load8,
    random8,
    seed_random8,
    subroutine,
    to_accumulator16_mod,
)

STOCHASTIC, TRUNCATE = ROUNDINGS = ("stochastic", "truncate")
DRAWS = 4  # of random bytes behind each other, so that lanes share less of them


def seeds(random: np.random.Generator) -> np.ndarray:
    """uint8[128]: a seed for each lane, for a region ``noise``; 0 would stay 0."""
    return random.integers(1, 256, c.LANES, np.uint8)


@kernel
def seed_noise(v, m):
    """Seed the random bytes with those in ``noise``."""
    load8(v, V0, m.noise)
    seed_random8(v, V0)


@subroutine
def begin_sum(v, m):
    """Put into the accumulator what rounds its upper halfwords: random numbers of 16 bits, above 0 by V9 and V10.

    V9 holds 0x7FFF and V10 one: together they take away what is missing to 0 in signed random numbers. They come first,
    since what saturates is added behind them.
    """
    for _ in range(DRAWS):
        random8(v, V6)
    to_accumulator16_mod(v, V6)
    accumulate16_mod(v, V9)
    accumulate16_mod(v, V10)
