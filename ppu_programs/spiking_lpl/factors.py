"""What a neuron contributes to its synapses' steps in a tick, from its spikes and its membrane: scalar code.

    post = surrogate(U) (-pull (S - S_last) + hebb (S - mean) / (variance + least) + triggered)

S are the neuron's spikes of this tick, S_last those of the last one; mean and variance are running ones. The surrogate
is 1 / (1 + |U - threshold| / width)^2 of its membrane when the tick ends, 0 far below rest (paper, methods; the signs
are those of its erratum and of its code). Fixed point: the surrogate has 8 bits, the bracket 8 behind the point, mean
and variance 16, its inverse 10, ``post`` is a fraction of 15 bits times the rate of learning.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.ppu import (
    V0,
    V1,
    V2,
    Kernel,
    Memory,
    add8_mod,
    divide,
    i16,
    i32,
    kernel,
    load8,
    minimum,
    saturate16,
    splat8,
    store8,
    sub8_sat,
    u8,
)
from ppu_programs.spiking_lpl.settings import HEBB, LEARNING, PULL, TRIGGERED, Settings

POINT_BITS = 8  # of the bracket
STATE_BITS = 16  # of mean and variance
STRENGTH_BITS = 8  # of pull and hebb
MOST_SPIKES = 63  # of a neuron in a tick
INVERSE_BITS = 10  # behind the point of 1 / (variance + least)
INVERSE_ONE = 1 << STATE_BITS + INVERSE_BITS


def memory(settings: Settings) -> Memory:
    """The regions.

    seen: a conversion, excitatory neurons and the others of their half, then traces; rest: what traces read without
    inputs. lanes: of the excitatory neurons. counts, counted: their counters, which nobody clears, and what these were
    a tick ago; last: spikes of the last tick; cells: spikes since inhibition has learned, by lane. mean, variance:
    running ones; inverse: of the variance, of a neuron each tick, since a division takes its time. surrogate: by
    membrane. post: see above.
    """
    n = settings.excitatory
    return Memory(
        seen=u8[2 * c.LANES],
        rest=u8[c.LANES],
        lanes=u8[n],
        counts=u8[n],
        counted=u8[n],
        last=u8[n],
        mean=i32[n],
        variance=i32[n],
        inverse=i32[n],
        turn=i32[1],
        surrogate=u8[256],
        post=i16[n],
    )


def surrogate_table(s: Settings) -> np.ndarray:
    """uint8[256]: by membrane, 255 at the threshold."""
    membrane = np.arange(256)
    values = 255 / (1 + abs(membrane - s.leak_lsb - s.threshold_lsb) / s.width_lsb) ** 2
    return np.where(membrane < s.leak_lsb - s.lowest_lsb, 0, np.rint(values)).astype(np.uint8)


def strengths(s: Settings) -> tuple[int, int, int, int]:
    """Pull, hebb, triggered and rate of learning as whole numbers; 0 where they are left out."""
    off = {PULL: s.pull, HEBB: s.hebb, TRIGGERED: s.triggered}
    pull, hebb, triggered = (0.0 if s.without(name, LEARNING) else value for name, value in off.items())
    rate = 0.0 if s.without(LEARNING) else s.rate
    return (
        round(pull * (1 << STRENGTH_BITS)),
        round(hebb * (1 << STRENGTH_BITS)),
        round(triggered * (1 << POINT_BITS)),
        round(rate * 0x8000),
    )


@kernel
def keep_rest(v, m):
    """Keep what traces read now as what they read at rest."""
    load8(v, V0, m.seen, 1)
    store8(v, V0, m.rest)


@kernel
def clear_cells(v, m):
    """Begin to count for inhibition anew."""
    splat8(v, V2, 0)
    store8(v, V2, m.cells)


@kernel
def subtract_rest(v, m):
    """Put what traces are above rest, -128..127, in the place of what they read."""
    load8(v, V0, m.seen, 1)
    load8(v, V1, m.rest)
    splat8(v, V2, -128)
    add8_mod(v, V0, V0, V2)  # unsigned readings as signed bytes
    add8_mod(v, V1, V1, V2)
    sub8_sat(v, V0, V0, V1)
    store8(v, V0, m.seen, 1)


def factors_kernel(s: Settings) -> Kernel:
    """Return the kernel ``factors``."""
    neurons, (pull, hebb, triggered, rate) = s.excitatory, strengths(s)
    mean_shift, variance_shift = s.mean_shift, s.variance_shift
    least = round(s.least_variance * (1 << STATE_BITS))

    @kernel
    def factors(v, m):
        """Spikes and membranes to ``post``, neuron by neuron."""
        turn = m.turn[0]
        m.inverse[turn] = divide(INVERSE_ONE, m.variance[turn] + least)
        turn += 1
        if turn == neurons:
            turn = 0
        m.turn[0] = turn
        for i in range(neurons):
            lane = m.lanes[i]
            count = m.counts[i]
            spikes = minimum(count - m.counted[i] & 255, MOST_SPIKES)
            m.counted[i] = count
            m.cells[lane] = minimum(m.cells[lane] + spikes, 127)
            change = spikes - m.last[i]
            m.last[i] = spikes
            away = (spikes << STATE_BITS) - m.mean[i]
            away8 = away >> STATE_BITS - POINT_BITS
            term = away8 * m.inverse[i] >> INVERSE_BITS
            m.mean[i] = m.mean[i] + (away >> mean_shift)
            variance = m.variance[i]
            m.variance[i] = variance + (away8 * away8 - variance >> variance_shift)
            bracket = (term * hebb >> STRENGTH_BITS) - (change * pull << POINT_BITS - STRENGTH_BITS) + triggered
            product = m.surrogate[m.seen[lane]] * bracket + 128 >> 8
            m.post[i] = saturate16(product * rate + 128 >> 8)

    return factors
