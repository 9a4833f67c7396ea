"""Noise of the membranes, from draws that depend on (chip, neuron, time) alone: :mod:`chip.base.draws`.

The membrane is an Ornstein-Uhlenbeck process on top of its equation. At the end of each grid step, after all else
in it, u gets a kick of standard deviation

    sigma sqrt(1 - exp(-2 step / tau_mem)),

which makes sigma the stationary one. A block that is jumped over gets one kick for its whole length, with the variance
that those of its steps have together at its end. Between kicks u follows the equation alone. A membrane that is clamped
at the end of a step gets no kick. Comparators see a kick at the grid point where it happens, edge 0 of the next step.

Since a draw is bounded, so is what noise can add within a block. A block counts as quiet only if no neuron could reach
its threshold even so: here 16 bits serve better than 64. A look into a quiet block takes its steps one by one, on a
copy: what it sees has the right variance, and looks into one block hang together as they should. But the block's own
kick knows nothing of its steps', so that looks into different quiet blocks hang together less than they should, by what
the membrane gained in noise between the start of the first one's block and that look (assumed to matter to nobody).
"""

from __future__ import annotations

import numpy as np

from chip.base.draws import (
    DRAW_STD,
    SHORT_LIMIT,
    SHORT_STD,
    short_draw,
)
from chip.base.grid import BLOCK_NS, GRID_NS
from chip.base.inner import inlined
from chip.neurons.arrays import KICK, U


@inlined
def kick(s, state, key, live, when):
    """Add the kick of a grid step to the membrane of one slot of a state [3, S], if it is free."""
    state[U, s] += live[KICK, s] * short_draw(key[s] ^ when)


def kick_tables(noise_lsb: np.ndarray, tau_mem_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, per neuron in LSB, amplitudes of the kicks of a step and of a block per unit of their draws, and a bound.

    The bound is a drive that would bring a membrane at least as far up as the kicks of steps can: the largest kick,
    ``b``, at the end of each step does no more than a constant current ``b / (1 - exp(-step / tau_mem))``.
    ``noise_lsb`` is the stationary standard deviation; without noise all three are zero.
    """
    step = noise_lsb * np.sqrt(-np.expm1(-2 * GRID_NS / tau_mem_ns)) / SHORT_STD
    block = noise_lsb * np.sqrt(-np.expm1(-2 * BLOCK_NS / tau_mem_ns)) / DRAW_STD
    return step, block, SHORT_LIMIT * step / -np.expm1(-GRID_NS / tau_mem_ns)
