"""The kernels: from counts of spikes to steps of inhibitory weights, a row of synapses of an interneuron at a time.

    step(i, j) = rate * spikes(i) * (spikes(j) - target)         i: interneuron, j: cell

which is the rule of Vogels et al. (2011) for spikes between two updates instead of their traces: an inhibitory weight
grows with what both spike, and falls by what the interneuron spikes times the target.

The product of both counts and the rate has 8 bits behind the point in the accumulator. With 8 random bits added, the
upper byte is the step, rounded stochastically; without, it is rounded downwards, so that every step above the target
that is no whole weight is lost, and every one below it counts too much.
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
    Kernel,
    Memory,
    accumulate8_mod,
    add8_sat,
    add_accumulator8_sat,
    compare8,
    kernel,
    load8,
    mac_to_accumulator8_mod,
    minimum,
    mul_to_accumulator8_mod,
    random8,
    seed_random8,
    select,
    splat8,
    store8,
    sub8_sat,
    u8,
)

MOST_FACTOR = 127
DRAWS = 3  # of random bytes, so that rows that follow each other share less of them
RATE_BITS = 16  # behind the point of a rate of learning
STEP_BITS = 8  # behind the point of a step


def memory(rows: int) -> Memory:
    """``cells``: counts by lane; ``relays``: of the interneurons; ``rows``: their weights; ``noise``: seeds."""
    return Memory(cells=u8[c.LANES], relays=u8[rows], rows=u8[rows * c.LANES], noise=u8[c.LANES])


@kernel
def seed_noise(v, m):
    """Seed the random bytes with those in ``noise``, which are not 0, and leave what they have in common behind."""
    load8(v, V0, m.noise)
    seed_random8(v, V0)
    for _ in range(16):
        random8(v, V0)


def update_kernel(rows: int, target: int, rate: int, stochastic: bool) -> Kernel:
    """Return the kernel ``update``: a step of all weights in ``rows``, clipped to 0..63.

    Args:
        rows: of interneurons.
        target: spikes of a cell.
        rate: of learning, in 2^-16 weight steps.
    """
    draws = DRAWS if stochastic else 0
    half = 1 << RATE_BITS - STEP_BITS >> 1

    @kernel
    def update(v, m):
        """What cells spike above the target, then row by row what the interneuron has to do with it."""
        splat8(v, V5, 0)
        splat8(v, V6, c.WEIGHT_MAX)
        splat8(v, V7, 127)
        splat8(v, V8, 64)
        splat8(v, V9, 2)
        load8(v, V0, m.cells)
        compare8(v, V0)
        select(v, V0, V0, V7, LESS)  # counts of 128 and more look negative
        splat8(v, V1, target)
        sub8_sat(v, V0, V0, V1)
        for i in range(rows):
            splat8(v, V1, minimum((m.relays[i] * rate + half) >> RATE_BITS - STEP_BITS, MOST_FACTOR))
            if draws:
                mul_to_accumulator8_mod(v, V8, V9)  # 128: random bytes are signed
                for _ in range(draws):
                    random8(v, V2)
                accumulate8_mod(v, V2)
            else:
                mul_to_accumulator8_mod(v, V5, V5)
            mac_to_accumulator8_mod(v, V0, V1)
            add_accumulator8_sat(v, V3, V5)
            load8(v, V4, m.rows, i)
            add8_sat(v, V4, V4, V3)
            compare8(v, V4)
            select(v, V4, V4, V5, LESS)  # below 0: 0
            sub8_sat(v, V3, V4, V6)
            compare8(v, V3)
            select(v, V4, V4, V6, GREATER)  # above 63: 63
            store8(v, V4, m.rows, i)

    return update
