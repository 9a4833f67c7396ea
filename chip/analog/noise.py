"""Temporal noise: Gaussian draws that depend on (chip, neuron, time) alone, so that looking consumes none.

A draw is the number of ones in 64 well mixed bits, less 32: a whole number within +-32, of standard deviation 4. That
of a grid step takes 16 of the bits only: within +-8, standard deviation 2. Summed over the steps of a membrane's memory
it is as normal as the other: the excess kurtosis is -0.001 at a tau_mem of 10 us, -0.02 at 0.5 us.

**The membrane** is an Ornstein-Uhlenbeck process on top of its equation. At the end of each grid step, after all else
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
from numba import types
from numba.core import config as numba_config
from numba.extending import intrinsic

from chip.analog.inner import inlined, inner
from chip.analog.layout import BLOCK_NS, GRID_NS, KICK, U

DRAW_STD, SHORT_STD = 4.0, 2.0
DRAW_LIMIT, SHORT_LIMIT = 32, 8
STEP, BLOCK, CONVERSION = 0, 1, 2  # what a moment is the end of, or is
_FIRST, _SECOND = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53  # odd multipliers of MurmurHash3's 64-bit finaliser
_BITS = (1 << 64) - 1
_SHORT_BITS = (1 << 16) - 1

if numba_config.DISABLE_JIT:

    def moment(kind, index):
        """Return the 64-bit word of a point in time: of grid step or block ``index``, or of a conversion at a time."""
        word = (4 * int(index) + kind) * 0x9E3779B97F4A7C15 & _BITS
        return np.uint64(_mix(word ^ (word >> 33)))

    def draw(word):
        """Return the draw of a word, key ^ moment: a whole number -32..32 of standard deviation 4."""
        return _mix(int(word)).bit_count() - DRAW_LIMIT

    def short_draw(word):
        """Return the short draw of a word, key ^ moment: a whole number -8..8 of standard deviation 2."""
        return (_mix(int(word)) & _SHORT_BITS).bit_count() - SHORT_LIMIT

    def _mix(word):
        word = word * _FIRST & _BITS
        word ^= word >> 32
        word = word * _SECOND & _BITS
        return word ^ (word >> 32)

else:

    @intrinsic
    def _ones(typing_context, word):
        """The number of ones in a uint64, one instruction where the processor has it."""
        return types.uint64(types.uint64), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])

    @inner
    def _mix(word):
        word *= np.uint64(_FIRST)
        word ^= word >> np.uint64(32)
        word *= np.uint64(_SECOND)
        return word ^ (word >> np.uint64(32))

    @inner
    def moment(kind, index):
        """Return the 64-bit word of a point in time: of grid step or block ``index``, or of a conversion at a time."""
        word = np.uint64(4 * index + kind) * np.uint64(0x9E3779B97F4A7C15)
        return _mix(word ^ (word >> np.uint64(33)))

    @inner
    def draw(word):
        """Return the draw of a word, key ^ moment: a whole number -32..32 of standard deviation 4."""
        return np.int64(_ones(_mix(word))) - DRAW_LIMIT

    @inner
    def short_draw(word):
        """Return the short draw of a word, key ^ moment: a whole number -8..8 of standard deviation 2."""
        return np.int64(_ones(_mix(word) & np.uint64(_SHORT_BITS))) - SHORT_LIMIT


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
