"""From int16 shadow weights to 6-bit synapses: nearest value, one row of synapses for each sign.

A layer's row of shadows is a row of synapses on the hidden side (a row an input); on the readout side the synapses of
one hidden neuron are a row, so that layer is transposed: a few lanes of many rows.
"""

from __future__ import annotations

import numpy as np

from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    Kernel,
    Memory,
    add16_sat,
    compare8,
    kernel,
    load16,
    maximum,
    pack_lower,
    select,
    shift_right16,
    splat8,
    splat16,
    store8,
    sub8_sat,
    subroutine,
    u8,
)
from ppu_programs.network import Network
from ppu_programs.two_layer.layout import ROW, position, positions
from ppu_programs.two_layer.settings import SHADOW_LIMIT, WEIGHT_STEP, Settings


def initial_shadows(network: Network, seed: int) -> list[np.ndarray]:
    """int16[inputs, outputs]: the shadows of each layer's initial weights."""
    return [limited(drawn * WEIGHT_STEP) for drawn in network.initial_weights(seed)]


def initial_shadow(settings: Settings, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of two layers as int16[inputs * 128] and int16[readouts * 128]; unused lanes are 0."""
    hidden, readout = initial_shadows(settings.network, seed)
    return to_rows(hidden), to_rows(readout.T)


def limited(weights: np.ndarray) -> np.ndarray:
    """Round to int16 of the same shape, within the limit of shadow weights."""
    return np.clip(np.round(weights), -SHADOW_LIMIT, SHADOW_LIMIT).astype(np.int16)


def to_rows(weights: np.ndarray) -> np.ndarray:
    """int16[rows * 128] in vector order of shadow weights[rows, lanes <= 128], limited."""
    rows = np.zeros((len(weights), ROW), np.int16)
    rows[:, positions()[: weights.shape[1]]] = limited(weights)
    return rows.ravel()


def from_rows(rows: np.ndarray, lanes: int) -> np.ndarray:
    """[rows, lanes] of an array in vector order, the way back of :func:`to_rows` without its rounding."""
    return rows.reshape(-1, ROW)[:, positions()[:lanes]]


def steps(shadow: np.ndarray) -> np.ndarray:
    """The 6-bit weights with sign, -63..63, of shadow weights; what the kernels here compute."""
    return (shadow.astype(np.int64) + WEIGHT_STEP // 2) // WEIGHT_STEP


def synapse_memory(rows: int) -> Memory:
    """Region for ``rows_of_synapses``: for every row of shadows the excitatory, then the inhibitory row."""
    return Memory(synapses=u8[2 * rows * ROW])


@subroutine
def round_row(v, m, row):
    """Round a row of shadows to signed weights, a byte a lane, into V0; V4 holds half a weight step."""
    load16(v, V0, m.shadow, 2 * row)
    load16(v, V1, m.shadow, 2 * row + 1)
    add16_sat(v, V0, V0, V4)
    add16_sat(v, V1, V1, V4)
    shift_right16(v, V0, V0, 9)
    shift_right16(v, V1, V1, 9)
    pack_lower(v, V0, V0, V1)


def rows_of_synapses_kernel(rows: int) -> Kernel:
    """Return the kernel that converts all rows of ``shadow`` into ``synapses``."""

    @kernel
    def rows_of_synapses(v, m):
        """Round, pack, and part the signs."""
        splat16(v, V4, 256)
        splat8(v, V5, 0)
        for row in range(rows):
            round_row(v, m, row)
            compare8(v, V0)
            select(v, V2, V5, V0, GREATER)
            sub8_sat(v, V3, V5, V0)
            select(v, V3, V5, V3, LESS)
            store8(v, V2, m.synapses, 2 * row)
            store8(v, V3, m.synapses, 2 * row + 1)

    return rows_of_synapses


@kernel
def row_of_synapses(v, m, row):
    """Convert one row of ``shadow`` into ``synapses``, u8[256]: the excitatory, then the inhibitory row."""
    splat16(v, V4, 256)
    splat8(v, V5, 0)
    round_row(v, m, row)
    compare8(v, V0)
    select(v, V2, V5, V0, GREATER)
    sub8_sat(v, V3, V5, V0)
    select(v, V3, V5, V3, LESS)
    store8(v, V2, m.synapses, 0)
    store8(v, V3, m.synapses, 1)


def signed_rows_kernel(rows: int) -> Kernel:
    """Return the kernel that converts all rows of ``shadow`` into signed bytes in ``signed`` (i8[rows * 128])."""

    @kernel
    def signed_rows(v, m):
        """Round and pack: the other processor's copy of the readout weights."""
        splat16(v, V4, 256)
        for row in range(rows):
            round_row(v, m, row)
            store8(v, V0, m.signed, row)

    return signed_rows


def transposed_synapses_kernel(readouts: int, above: int = 0) -> Kernel:
    """Return the kernel ``transposed_synapses(first, count)``: rows of hidden neurons ``first``... into ``synapses``.

    The rows of readouts in ``shadow`` are behind ``above`` others. Region ``synapses`` is u8[2 * count * 128] at least:
    the excitatory, then the inhibitory row of each neuron; lane o is readout o, other lanes are left as they are.
    """

    @kernel
    def transposed_synapses(v, m, first, count):
        """Round, transpose, and part the signs."""
        for n in range(count):
            place = position(v, m, first + n)
            if above > 0:
                place += ROW * above
            for o in range(readouts):
                weight = (m.shadow[ROW * o + place] + 256) >> 9
                m.synapses[2 * ROW * n + o] = maximum(weight, 0)
                m.synapses[2 * ROW * n + ROW + o] = maximum(-weight, 0)

    return transposed_synapses
