"""The noise: weights of one row, drawn anew for every ball, so that the network tries out something.

The sum of 12 random numbers of 5 bits is nearly normal, with a standard deviation of 32 and, less what the demo takes
away, a mean of about -4.5; times 4 ``noise`` / 128 it is a weight, clipped to 0..63. Of every lane's shift register
only one bit is new in a draw, so that 13 draws lie between two that are used.
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
    V6,
    V12,
    V13,
    V16,
    add8_sat,
    compare8,
    divide,
    kernel,
    load8,
    move,
    mul8_sat,
    random8,
    seed_random8,
    select,
    shift_right8,
    splat8,
    sub8_sat,
)

DRAWS, BETWEEN = 12, 13
CENTRE = 1  # added to a sum, whose mean is -6
SCALE_STEPS = 4  # of a noise of 1


@kernel
def seed_noise(v, m):
    """Seed the random bytes with those in ``noise``, and leave what they have in common behind."""
    load8(v, V0, m.noise)
    seed_random8(v, V0)
    for _ in range(DRAWS * BETWEEN):
        random8(v, V0)


def noise_kernel(start: float, end: float, fading: int):
    """Return the kernel that draws a row of weights into V0 and V1."""
    first, last = round(256 * SCALE_STEPS * start), round(256 * SCALE_STEPS * end)
    fall = first - last

    @kernel
    def draw_noise(v, m):
        """Draw the sums of both halves, scale them, and clip them to 0..63."""
        epoch = m.progress[1]
        if epoch > fading:
            epoch = fading
        # a product of both numbers fits in 32 bits: 2^15 times 2^16 at most
        factor = first - divide(fall * epoch, fading) >> 8
        splat8(v, V12, 0)
        splat8(v, V13, c.WEIGHT_MAX)
        splat8(v, V16, factor)
        for half in range(2):
            splat8(v, V2, CENTRE)
            for _ in range(DRAWS):
                for _ in range(BETWEEN):
                    random8(v, V3)
                random8(v, V3)
                shift_right8(v, V3, V3, 3)
                add8_sat(v, V2, V2, V3)
            mul8_sat(v, V2, V2, V16)
            compare8(v, V2)
            select(v, V2, V2, V12, LESS)
            sub8_sat(v, V6, V2, V13)
            compare8(v, V6)
            select(v, V2, V2, V13, GREATER)
            if half == 0:
                move(v, V0, V2)
        move(v, V1, V2)

    return draw_noise
