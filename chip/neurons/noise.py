"""Noise of the membranes, from draws that depend on (chip, neuron, time) alone: :mod:`chip.base.draws`.

The membrane is an Ornstein-Uhlenbeck process on top of its equation. At the end of each grid step, after all else
in it, u gets a kick of standard deviation

    sigma sqrt(1 - exp(-2 step / tau_mem)),

which makes sigma the stationary one. Between kicks u follows the equation alone. A membrane that is clamped at the end
of a step gets no kick. Comparators see a kick at the grid point where it happens, edge 0 of the next step.

A block that is jumped over takes one draw: C, what the kicks of its steps come to at its end, for a membrane that is
free all the time. Who observes within the block, or steps through it, must see steps that come to that C; so their
kicks are drawn one after the other as a bridge to it. With d = exp(-step / tau_mem), C_i what is still to come before
step i of 16, and g_i = d^(15 - i) the part of its kick that is left at the end, all are normal and

    kick_i  = (1 - d^2) g_i / v_i  C_i  +  sigma sqrt(1 - d^2) sqrt(1 - (1 - d^2) g_i^2 / v_i)  z_i,
    C_i+1   = C_i - g_i kick_i,        v_i = 1 - d^(2 (16 - i)),

the conditional distribution of one of several independent kicks given their weighted sum. The last kick is all that is
left; in its place the step draws C of the block that follows. So a step takes one draw, a block that is jumped over
takes one draw, and nobody can tell by when or how often he has observed.

A draw of a step has 16 bits, that of a block 64. Since a draw of a step is bounded, so is how far the noise of a block
may lead a membrane on the way to its end, see :func:`noise_reach`: a block counts as quiet only if no neuron could come
to its threshold or a bound even so.
"""

from __future__ import annotations

import numpy as np

from chip.base.draws import (
    ALL_BITS,
    BLOCK,
    DRAW_LIMIT,
    DRAW_STD,
    SHORT_BITS,
    SHORT_LIMIT,
    SHORT_STD,
    STEP,
    draw,
    draw_of,
    moment,
)
from chip.base.grid import BLOCK_NS, BLOCK_STEPS, GRID_NS
from chip.base.inner import inlined, outer
from chip.neurons.arrays import (
    COMING,
    COMING_OF_DRAW,
    FREE,
    KICK_OF_COMING,
    KICK_OF_DRAW,
    U,
)


@inlined
def step_of_block(start_ns):
    """Return which of its block's steps, 0..15, begins at a time."""
    return start_ns // GRID_NS % BLOCK_STEPS


@inlined
def moment_of_block(start_ns):
    """Return the moment of the draw for a block that begins at a time."""
    return moment(BLOCK, start_ns // BLOCK_NS + 1)


@inlined
def draws_of_step(start_ns):
    """Return the moment of the draws of a step, which of their bits count, and how many ones these have on average."""
    end_ns = start_ns + GRID_NS
    if end_ns % BLOCK_NS == 0:
        return moment_of_block(end_ns), ALL_BITS, DRAW_LIMIT
    return moment(STEP, end_ns // GRID_NS), SHORT_BITS, SHORT_LIMIT


@inlined
def kick(s, start_ns, now, later, neurons):
    """Add the kick of a grid step to the membrane of one slot at its end, if it is free."""
    when, bits, centre = draws_of_step(start_ns)
    step = step_of_block(start_ns)
    whole = neurons.noise[step, KICK_OF_COMING, s] * now[COMING, s]
    whole += neurons.noise[step, KICK_OF_DRAW, s] * draw_of(neurons.key[s] ^ when, bits, centre)
    later[U, s] += neurons.live[FREE, s] * whole


@outer
def draw_noise(start_ns, neurons):
    """Draw the noise of the block that begins at a time, for all slots."""
    for s in range(neurons.key.size):
        of_draw = neurons.noise[BLOCK_STEPS - 1, COMING_OF_DRAW, s]
        neurons.now[COMING, s] = of_draw * draw(neurons.key[s] ^ moment_of_block(start_ns))


def noise_table(noise_lsb: np.ndarray, tau_mem_ns: np.ndarray) -> np.ndarray:
    """Return ``Neurons.noise``, float64[16, 4, S], for stationary standard deviations; no draw counts for 0."""
    decay = np.exp(-GRID_NS / tau_mem_ns)
    gained = -np.expm1(-2 * GRID_NS / tau_mem_ns)  # 1 - d^2
    table = np.zeros((BLOCK_STEPS, 4, noise_lsb.size))
    for i in range(BLOCK_STEPS):
        left = decay ** (BLOCK_STEPS - 1 - i)
        share = gained * left / -np.expm1(-2 * (BLOCK_STEPS - i) * GRID_NS / tau_mem_ns)
        std = noise_lsb * np.sqrt(gained * np.maximum(1 - share * left, 0.0)) / SHORT_STD
        table[i] = share, std, 1 - left * share, -left * std
    block = noise_lsb * np.sqrt(-np.expm1(-2 * BLOCK_NS / tau_mem_ns)) / DRAW_STD
    nothing = np.zeros_like(block)
    table[-1] = np.ones_like(block), nothing, nothing, block
    return table


def noise_reach(table: np.ndarray, tau_mem_ns: np.ndarray) -> np.ndarray:
    """Return float64[S], how far draws of steps may lead a membrane from the bridge without them, in LSB.

    The bridge without them comes to C at the end of the block and nowhere further: so noise brings no membrane further
    than the size of C and this, at any time within the block.
    """
    coming = np.zeros((BLOCK_STEPS, table.shape[2]))  # parts of C_i by draws
    led = np.zeros_like(coming)
    furthest = np.zeros(table.shape[2])
    decay = np.exp(-GRID_NS / tau_mem_ns)
    for i in range(BLOCK_STEPS):
        of_coming, of_draw, next_of_coming, next_of_draw = table[i]
        led = led * decay + of_coming * coming
        coming = coming * next_of_coming
        if i < BLOCK_STEPS - 1:
            led[i] += of_draw
            coming[i] += next_of_draw
        furthest = np.maximum(furthest, SHORT_LIMIT * abs(led).sum(axis=0))
    return furthest
