"""Gaussian draws that depend on (chip, place, time) alone, so that looking consumes none.

A draw is the number of ones in 64 well mixed bits, less 32: a whole number within +-32, of standard deviation 4. A
short one takes 16 of the bits, so that a word has four: within +-8, standard deviation 2. Grid steps have short draws.
Summed over the steps of a membrane's memory they are as normal as the others: the excess kurtosis is -0.001 at a
tau_mem of 10 us, -0.02 at 0.5 us.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import config as numba_config
from numba.extending import intrinsic

from chip.base.inner import inner

DRAW_STD, SHORT_STD = 4.0, 2.0
DRAW_LIMIT, SHORT_LIMIT = 32, 8
SHORT_DRAWS = 4  # in a word
STEPS, BLOCK, CONVERSION, STAGE = 0, 1, 2, 3  # what a moment is of
_SHORT_SIZE, _SHORT_BITS = 16, (1 << 16) - 1
_FIRST, _SECOND = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53  # odd multipliers of MurmurHash3's 64-bit finaliser
_BITS = (1 << 64) - 1

if numba_config.DISABLE_JIT:

    def moment(kind, index):
        """Return the 64-bit word of four grid steps, by number, of a block, or of what happens at a time."""
        word = (4 * int(index) + kind) * 0x9E3779B97F4A7C15 & _BITS
        return np.uint64(mixed(word ^ (word >> 33)))

    def draw(word):
        """Return the draw of a word, key ^ moment: a whole number -32..32 of standard deviation 4."""
        return mixed(word).bit_count() - DRAW_LIMIT

    def short_draw(mixed_word, i):
        """Return short draw i of the four of a mixed word: a whole number -8..8 of standard deviation 2."""
        return (mixed_word >> (_SHORT_SIZE * i) & _SHORT_BITS).bit_count() - SHORT_LIMIT

    def mixed(word):
        """Return a word, key ^ moment, with its bits well mixed."""
        word = int(word) * _FIRST & _BITS
        word ^= word >> 32
        word = word * _SECOND & _BITS
        return word ^ (word >> 32)

else:

    @intrinsic
    def _ones(typing_context, word):
        """The number of ones in a uint64, one instruction where the processor has it."""
        return types.uint64(types.uint64), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])

    @inner
    def mixed(word):
        """Return a word, key ^ moment, with its bits well mixed."""
        word *= np.uint64(_FIRST)
        word ^= word >> np.uint64(32)
        word *= np.uint64(_SECOND)
        return word ^ (word >> np.uint64(32))

    @inner
    def moment(kind, index):
        """Return the 64-bit word of four grid steps, by number, of a block, or of what happens at a time."""
        word = np.uint64(4 * index + kind) * np.uint64(0x9E3779B97F4A7C15)
        return mixed(word ^ (word >> np.uint64(33)))

    @inner
    def draw(word):
        """Return the draw of a word, key ^ moment: a whole number -32..32 of standard deviation 4."""
        return np.int64(_ones(mixed(word))) - DRAW_LIMIT

    @inner
    def short_draw(mixed_word, i):
        """Return short draw i of the four of a mixed word: a whole number -8..8 of standard deviation 2."""
        return np.int64(_ones(mixed_word >> np.uint64(_SHORT_SIZE * i) & np.uint64(_SHORT_BITS))) - SHORT_LIMIT
