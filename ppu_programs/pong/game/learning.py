"""The kernels: what columns read without correlation, what a choice earned, the steps of the ball's row.

Rewards are hundredths, what is expected of each position sixteenths of these. All scalars are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V4,
    V6,
    V8,
    V9,
    V10,
    V12,
    V13,
    V14,
    V15,
    V16,
    Kernel,
    Memory,
    absolute,
    accumulate8_mod,
    add8_sat,
    add_accumulator8_sat,
    compare8,
    divide,
    i16,
    i32,
    kernel,
    load8,
    mac_to_accumulator8_sat,
    mul8_sat,
    random8,
    saturate8,
    select,
    shift_right_logic8,
    splat8,
    store8,
    sub8_sat,
    to_accumulator8_mod,
    u8,
)
from ppu_programs.pong.game.playing import CHOICE, DIRECTIONS, GAME_WORDS, POSITION, move_kernel
from ppu_programs.pong.game.settings import LARGEST, Settings
from ppu_programs.stochastic_rounding import DRAWS, TRUNCATE

REWARDS = (100, 70, 40, 10)  # hundredths, by the distance of the chosen position from the ball's
REWARD_ONE, MEAN_STEPS, FACTOR_ONE = 100, 16, 1 << 16
REWARD, RETURNED, MISSED, SPIKES = range(4)  # words of ``report``
REPORT_WORDS = 4
RATE_WORD = 0
TIE_LANE = 126  # of the random bytes: which of the most active outputs is chosen


def memory(s: Settings) -> Memory:
    """Regions of the program."""
    return Memory(
        noise=u8[c.LANES],
        readings=u8[c.LANES],
        rest=i32[s.positions],
        baseline=u8[c.LANES],
        counts=u8[s.positions],
        rewards=u8[LARGEST],
        expected=i16[s.positions],
        row_selects=u8[s.positions],
        labels=u8[s.positions],
        directions=i16[2 * DIRECTIONS],
        game=i32[GAME_WORDS],
        rate=i32[1],
        report=i32[REPORT_WORDS],
    )


def rewards() -> np.ndarray:
    """uint8[64]: by distance."""
    return np.array([*REWARDS, *[0] * (LARGEST - len(REWARDS))], np.uint8)


@kernel
def begin_report(v, m):
    """Forget what the last block reported."""
    for i in range(REPORT_WORDS):
        m.report[i] = 0


@dataclass(frozen=True)
class Kernels:
    """Those that depend on settings."""

    add_to_rest: Kernel
    keep_baseline: Kernel
    judge: Kernel
    change_row: Kernel
    move: Kernel


def rate_factor(eta: float) -> int:
    """What a reward above the expected one, in steps, is multiplied by, so that 128 eta is left of a 1, in 2^-16."""
    return round(128 * eta * FACTOR_ONE / (REWARD_ONE * MEAN_STEPS))


def kernels(s: Settings) -> Kernels:
    """Return the kernels for these settings."""
    positions, factor = s.positions, rate_factor(s.eta)

    @kernel
    def add_to_rest(v, m):
        """Add a row's readings to the sums over rows without correlation."""
        for i in range(positions):
            m.rest[i] = m.rest[i] + m.readings[i]

    @kernel
    def keep_baseline(v, m):
        """Halve the means over all rows, as readings are; prepare the constants."""
        for i in range(positions):
            m.baseline[i] = divide(m.rest[i], 2 * positions)
        load8(v, V8, m.baseline)
        splat8(v, V9, 127)
        splat8(v, V10, 1)
        splat8(v, V12, 0)
        splat8(v, V13, c.WEIGHT_MAX)

    @kernel
    def judge(v, m):
        """Choose the most active output, of those alike one at random; reward it; set the rate of learning."""
        position = m.game[POSITION]
        first = m.noise[TIE_LANE] * positions >> 8
        best = first
        for i in range(positions):
            other = first + i
            if other >= positions:
                other = other - positions
            m.report[SPIKES] = m.report[SPIKES] + m.counts[other]
            if m.counts[other] > m.counts[best]:
                best = other
        m.game[CHOICE] = best
        earned = m.rewards[absolute(best - position)]
        m.report[REWARD] = m.report[REWARD] + earned
        above = earned * MEAN_STEPS - m.expected[position]
        m.expected[position] = m.expected[position] + divide(above, 2)
        m.rate[RATE_WORD] = saturate8(divide(above * factor, FACTOR_ONE))

    if s.rounding == TRUNCATE:

        @kernel
        def change_row(v, m):
            """w += rate x (baseline - reading) / 128, towards 0, in 0..63; readings are halved."""
            for _ in range(DRAWS):
                random8(v, V6)
            store8(v, V6, m.noise)
            splat8(v, V16, m.rate[RATE_WORD])
            shift_right_logic8(v, V0, V0, 1)
            sub8_sat(v, V14, V8, V0)
            mul8_sat(v, V14, V14, V16)
            compare8(v, V14)
            add8_sat(v, V14, V14, V10, LESS)
            add8_sat(v, V4, V4, V14)
            compare8(v, V4)
            select(v, V4, V4, V12, LESS)
            sub8_sat(v, V15, V4, V13)
            compare8(v, V15)
            select(v, V4, V4, V13, GREATER)

    else:

        @kernel
        def change_row(v, m):
            """w += rate x (baseline - reading) / 128, rounded stochastically, in 0..63; readings are halved."""
            for _ in range(DRAWS):
                random8(v, V6)
            store8(v, V6, m.noise)
            splat8(v, V16, m.rate[RATE_WORD])
            shift_right_logic8(v, V0, V0, 1)
            sub8_sat(v, V14, V8, V0)
            to_accumulator8_mod(v, V6)  # -128..127, below the byte that is added
            accumulate8_mod(v, V9)
            accumulate8_mod(v, V10)
            mac_to_accumulator8_sat(v, V14, V16)
            add_accumulator8_sat(v, V4, V4)
            compare8(v, V4)
            select(v, V4, V4, V12, LESS)
            sub8_sat(v, V15, V4, V13)
            compare8(v, V15)
            select(v, V4, V4, V13, GREATER)

    return Kernels(add_to_rest, keep_baseline, judge, change_row, move_kernel(s, RETURNED, MISSED))
