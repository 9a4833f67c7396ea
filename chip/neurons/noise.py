"""Noise of the membranes, from draws that depend on (chip, neuron, time) alone: :mod:`chip.base.draws`.

The membrane is an Ornstein-Uhlenbeck process on top of its equation. At the end of each grid step, after all else
in it, u gets a kick of standard deviation

    std = sigma sqrt(1 - exp(-2 step / tau_mem)),

which makes sigma the stationary one. Between kicks u follows the equation alone. A membrane that is clamped at the end
of a step gets no kick. Comparators see a kick at the grid point where it happens, edge 0 of the next step.

A block that is jumped over takes one draw: C, what the kicks of its steps come to at its end, for a membrane that is
free all the time. Who observes within the block, or steps through it, must see steps that come to that C. So their
kicks are independent draws, each corrected by its share of what they lack to C: with d = exp(-step / tau_mem) and
g_i = d^(15 - i) the part of the kick of step i that is left at the end,

    kick_i = std z_i  +  g_i / (sum of g_j^2)  (C - sum of g_j std z_j).

That is the distribution of independent normal kicks given their weighted sum. All kicks of a block are known as soon as
one of them is asked for, and they and C follow from the block's number: so nobody can tell by when or how often he has
observed.

A draw of a step has 16 bits, that of a block 64. Since a draw of a step is bounded, so is how far the noise of a block
may lead a membrane on the way to its end, see :func:`noise_reach`: a block counts as quiet only if no neuron could come
to its threshold or a bound even so.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numba import float64, int64, uint64

from chip.base.arrays.aligned import aligned
from chip.base.arrays.declared import Array, built, work
from chip.base.draws import (
    BLOCK,
    DRAW_STD,
    SHORT_DRAWS,
    SHORT_LIMIT,
    SHORT_STD,
    STEPS,
    draw,
    mixed,
    moment,
    short_draw,
)
from chip.base.grid import BLOCK_NS, BLOCK_STEPS, GRID_NS
from chip.base.inner import inlined, inner

KICK, COMING, SHARE = 0, 1, 2  # first index of Noise.of
NEVER = -1  # no block's number


class Noise(NamedTuple):
    """Noise of the membranes; no slots where a chip has none."""

    key: Annotated[Array, built(uint64, ("noisy slots",), "", "of the noise of each membrane")]
    # of a kick and of C in LSB per unit of a draw; 1 / (sum of g^2)
    of: Annotated[Array, built(float64, (3, "noisy slots"), "", "magnitudes")]
    left: Annotated[Array, built(float64, (BLOCK_STEPS, "noisy slots"), "1", "g, of a kick at the end of its block")]
    reach: Annotated[Array, built(float64, ("noisy slots",), "LSB", "see noise_reach")]
    # what was computed last, and for which blocks: it follows from their numbers
    coming: Annotated[Array, work(float64, ("noisy slots",), "LSB", "C of a block")]
    kicks: Annotated[Array, work(float64, (BLOCK_STEPS, "noisy slots"), "LSB", "of the steps of a block")]
    lacking: Annotated[Array, work(float64, ("noisy slots",), "LSB", "of C, times its share")]
    known: Annotated[Array, work(int64, (2,), "", "the blocks whose coming and whose kicks there are")]


@inlined
def is_noisy(noise):
    """Say whether a chip has noise."""
    return noise.key.size > 0


@inner
def know_coming(start_ns, noise):
    """Let ``noise.coming`` be that of the block in which a time lies."""
    block = start_ns // BLOCK_NS
    if noise.known[0] != block:
        when = moment(BLOCK, block)
        for s in range(noise.key.size):
            noise.coming[s] = noise.of[COMING, s] * draw(noise.key[s] ^ when)
        noise.known[0] = block


@inner
def know_kicks(start_ns, noise):
    """Let ``noise.kicks`` be those of the block in which a time lies."""
    block = start_ns // BLOCK_NS
    if noise.known[1] == block:
        return
    know_coming(start_ns, noise)
    for s in range(noise.key.size):
        noise.lacking[s] = noise.coming[s]
    for word in range(BLOCK_STEPS // SHORT_DRAWS):
        when = moment(STEPS, block * (BLOCK_STEPS // SHORT_DRAWS) + word)
        _draw_kicks(SHORT_DRAWS * word, when, noise.key, noise.of, noise.left, noise.kicks, noise.lacking)
    for s in range(noise.key.size):
        noise.lacking[s] *= noise.of[SHARE, s]
    for step in range(BLOCK_STEPS):
        _correct(noise.kicks[step], noise.left[step], noise.lacking)
    noise.known[1] = block


@inner
def _draw_kicks(first, when, key, of, left, kicks, lacking):
    """Draw the kicks of the four steps that share a word, and take from ``lacking`` what they come to."""
    for s in range(key.size):
        word, std = mixed(key[s] ^ when), of[KICK, s]
        found = 0.0
        for i in range(SHORT_DRAWS):
            kick = std * short_draw(word, i)
            kicks[first + i, s] = kick
            found += left[first + i, s] * kick
        lacking[s] -= found


@inner
def _correct(kicks, left, lacking):
    for s in range(lacking.size):
        kicks[s] += left[s] * lacking[s]


@inlined
def step_of_block(start_ns):
    """Return which of its block's steps, 0..15, begins at a time."""
    return start_ns // GRID_NS % BLOCK_STEPS


def build_noise(noise_lsb: np.ndarray, tau_mem_ns: np.ndarray, key: np.ndarray) -> Noise:
    """Return the noise of slots of float64[S] stationary standard deviations and time constants, uint64[S] keys."""
    if not noise_lsb.any():
        noise_lsb, tau_mem_ns, key = noise_lsb[:0], tau_mem_ns[:0], key[:0]
    size = noise_lsb.size
    left = np.exp(-np.arange(BLOCK_STEPS - 1, -1, -1)[:, None] * GRID_NS / tau_mem_ns)
    kick, coming = (noise_lsb * np.sqrt(-np.expm1(-2 * span_ns / tau_mem_ns)) for span_ns in (GRID_NS, BLOCK_NS))
    of = np.stack([kick / SHORT_STD, coming / DRAW_STD, 1.0 / (left**2).sum(axis=0)])
    return Noise(
        key=aligned(key),
        of=aligned(of),
        left=aligned(left),
        reach=aligned(noise_reach(kick / SHORT_STD, left)),
        coming=aligned(np.zeros(size)),
        kicks=aligned(np.zeros((BLOCK_STEPS, size))),
        lacking=aligned(np.zeros(size)),
        known=np.full(2, NEVER),
    )


def noise_reach(std_lsb: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return float64[S], how far draws of steps may lead a membrane from the way without them, in LSB.

    That way comes to C at the end of the block and nowhere further: so noise brings no membrane further than the size
    of C and this, at any time within the block.

    Args:
        std_lsb: float64[S], of a kick per unit of a draw.
        left: float64[16, S], see :class:`Noise`.
    """
    share = left / (left**2).sum(axis=0)
    decay = left[-2]  # over one step
    by_draw = np.zeros((BLOCK_STEPS, std_lsb.size))  # where the membrane is, by draws
    furthest = np.zeros(std_lsb.size)
    for step in range(BLOCK_STEPS):
        by_draw = by_draw * decay - share[step] * left
        by_draw[step] += 1.0
        furthest = np.maximum(furthest, SHORT_LIMIT * std_lsb * abs(by_draw).sum(axis=0))
    return furthest
