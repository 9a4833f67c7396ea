"""The kernels: what no correlation reads as, what a ball earned, the steps of a row, and homeostasis.

Rewards are whole numbers of 1 / 100, expected ones have 4 bits more. All scalars are whole numbers: where the demo has
floats, the processor's library would compute them in software.
"""

from __future__ import annotations

from dataclasses import dataclass

from chip.base import constants as c
from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V4,
    V5,
    V8,
    V9,
    V12,
    V13,
    V14,
    V15,
    V16,
    V17,
    Kernel,
    Memory,
    add8_sat,
    compare8,
    divide,
    i8,
    i32,
    kernel,
    load8,
    maximum,
    minimum,
    mul8_sat,
    saturate8,
    select,
    shift_right_logic8,
    splat8,
    sub8_sat,
    u8,
)
from ppu_programs.pong.settings import MEAN_STEPS, REWARD_UNIT, Settings

READINGS, WEIGHTS = (V0, V1), (V4, V5)  # of the causal branch, and weights of a row: even, odd
POSITION, EPOCH, RATE = range(3)  # words of ``progress``
HITS, REWARD, SPIKES, UPDATE_CYCLES, LEARNED = range(5)  # words of ``report``
REPORT_WORDS = 5
DECAY_ONE = 256  # of the decay of expected rewards
REST_BITS = 8  # 256 rows are averaged


def memory(positions: int) -> Memory:
    """Regions: bytes by output where they are 256, expected rewards by position."""
    return Memory(
        counts=u8[c.COLUMNS],
        readings=u8[c.COLUMNS],
        rest=i32[c.COLUMNS],
        baseline=u8[c.COLUMNS],
        spikes=i32[c.COLUMNS],
        step=i8[c.COLUMNS],
        factors=i8[2 * c.COLUMNS],
        expected=i32[positions],
        progress=i32[3],
        report=i32[REPORT_WORDS],
        noise=u8[c.LANES],
    )


@kernel
def add_to_rest(v, m):
    """Add a row's readings to the sums over rows without correlation."""
    for i in range(c.COLUMNS):
        m.rest[i] = m.rest[i] + m.readings[i]


@kernel
def keep_baseline(v, m):
    """Halve the means, as readings are."""
    for i in range(c.COLUMNS):
        m.baseline[i] = m.rest[i] >> REST_BITS + 1


@kernel
def update_row(v, m):
    """w += rate x (baseline - reading) / 128, towards zero, in 0..63; readings are halved."""
    shift_right_logic8(v, V0, V0, 1)
    sub8_sat(v, V14, V8, V0)
    mul8_sat(v, V14, V14, V16)
    compare8(v, V14)
    add8_sat(v, V14, V14, V17, LESS)
    add8_sat(v, V4, V4, V14)
    compare8(v, V4)
    select(v, V4, V4, V12, LESS)
    sub8_sat(v, V15, V4, V13)
    compare8(v, V15)
    select(v, V4, V4, V13, GREATER)
    shift_right_logic8(v, V1, V1, 1)
    sub8_sat(v, V14, V9, V1)
    mul8_sat(v, V14, V14, V16)
    compare8(v, V14)
    add8_sat(v, V14, V14, V17, LESS)
    add8_sat(v, V5, V5, V14)
    compare8(v, V5)
    select(v, V5, V5, V12, LESS)
    sub8_sat(v, V15, V5, V13)
    compare8(v, V15)
    select(v, V5, V5, V13, GREATER)


@kernel
def begin_report(v, m):
    """Forget what the last epoch reported."""
    for i in range(REPORT_WORDS):
        m.report[i] = 0


@kernel
def keep_cycles(v, m, cycles):
    """Note the longest update of an epoch."""
    m.report[UPDATE_CYCLES] = maximum(m.report[UPDATE_CYCLES], cycles)


@dataclass(frozen=True)
class Kernels:
    """Those that depend on settings: ``judge`` behind a ball, ``next_ball``, ``find_steps`` behind an epoch."""

    judge: Kernel
    next_ball: Kernel
    find_steps: Kernel


def rate_divisor(eta: float) -> int:
    """What a reward above the expected one, in steps, is divided by, so that 128 eta is left of it."""
    return max(1, round(REWARD_UNIT * MEAN_STEPS / (128 * eta))) if eta > 0 else 1


def kernels(s: Settings) -> Kernels:
    """Return the kernels for so many positions."""
    positions, settling, learns = s.positions, s.settling, s.eta > 0
    divisor, wanted = rate_divisor(s.eta), s.target * s.positions
    fall = DECAY_ONE // 2

    @kernel
    def judge(v, m):
        """Count the reward and what it is above the expected one, choose the paddle's place, set the rate."""
        position = m.progress[POSITION]
        earned = 0
        best = 0
        for i in range(positions):
            count = m.counts[i]
            earned = earned + m.factors[i - position + c.COLUMNS] * count
            if count > m.counts[best]:
                best = i
            m.report[SPIKES] = m.report[SPIKES] + count
            if position > 0:  # as the demo has it: the first ball's spikes are left out
                m.spikes[i] = m.spikes[i] + count
        earned = earned * MEAN_STEPS
        above = earned - m.expected[position]
        rate = 0
        decay = fall
        if m.progress[EPOCH] < settling:
            decay = DECAY_ONE - divide(fall * m.progress[EPOCH], settling)
        elif learns:
            rate = saturate8(divide(above, divisor))
        m.expected[position] = m.expected[position] + divide(decay * above, DECAY_ONE)
        if m.factors[best - position + c.COLUMNS] >= 0:
            m.report[HITS] = m.report[HITS] + 1
        m.report[REWARD] = m.report[REWARD] + m.expected[position]
        m.progress[RATE] = rate
        load8(v, V8, m.baseline, 0)
        load8(v, V9, m.baseline, 1)
        splat8(v, V12, 0)
        splat8(v, V13, c.WEIGHT_MAX)
        splat8(v, V16, rate)
        splat8(v, V17, 1)

    @kernel
    def next_ball(v, m):
        """Go on to the next position; behind the last one, to the next epoch."""
        m.progress[POSITION] = m.progress[POSITION] + 1
        if m.progress[POSITION] == positions:
            m.progress[POSITION] = 0
            m.progress[EPOCH] = m.progress[EPOCH] + 1

    @kernel
    def find_steps(v, m):
        """Turn spikes of an epoch into steps, (target - spikes) / target towards zero, and forget them."""
        for i in range(positions):
            step = 0
            if wanted > 0:
                step = divide(wanted - m.spikes[i], maximum(wanted, 1))
            m.step[i] = minimum(maximum(step, -c.WEIGHT_MAX), c.WEIGHT_MAX)
            m.spikes[i] = 0

    return Kernels(judge, next_ball, find_steps)
