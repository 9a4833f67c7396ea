"""Streamed rows, synapse by synapse from the network's places, without regions, windows or vectors."""

from __future__ import annotations

import numpy as np

from ppu_programs.network import Sign


def rows_of(placement, projection, hemisphere):
    """The rows of one processor in their order: (source, its synapse rows, {target: column}) each."""
    p, at = placement.graph.projections[projection], placement.synapses(projection)
    rows = {}
    for source, target, side, column, pair in zip(
        at.sources, at.targets, at.hemispheres, at.columns, at.rows, strict=True
    ):
        if side == hemisphere:
            rows.setdefault(int(source), (pair.tolist(), {}))[1][int(target)] = int(column)
    first = p.sign.rows[0]
    return sorted(((source, *found) for source, found in rows.items()), key=lambda row: (row[1][first], row[0]))


def write(weights, sign, hemisphere, synapse_rows, column, value):
    """Put one weight into uint8[2, 256, 256]."""
    excitatory, inhibitory = synapse_rows
    if sign is Sign.SIGNED:
        weights[hemisphere, excitatory, column] = max(value, 0)
        weights[hemisphere, inhibitory, column] = max(-value, 0)
    else:
        weights[hemisphere, max(synapse_rows), column] = value


class Registers16:
    """The 128 shift registers of one vector unit: uint16[128] states and polynomials."""

    def __init__(self, states, taps):
        self.states, self.taps = states.astype(np.int64), taps.astype(np.int64)

    def byte(self, draws):
        """The byte of each lane behind so many draws."""
        for _ in range(draws):
            self.states = (self.states >> 1) ^ np.where(self.states & 1, self.taps, 0)
        return self.states & 0xFF


def descended(placement, shadow, gradient, rate, units, weights):
    """One update: int64[sources, targets] shadows and the chip's weights, of projection 0 with signs.

    ``units``: a :class:`Registers16` for each processor, left as they stand behind it.
    """
    shadow, weights = shadow.astype(np.int64), weights.copy()
    for hemisphere, unit in enumerate(units):
        rows = rows_of(placement, 0, hemisphere)
        halves = sorted({column % 2 for _, _, columns in rows for column in columns.values()})
        for source, synapse_rows, columns in rows:
            random = {half: unit.byte(8) for half in halves}
            for target, column in columns.items():
                stepped = int(shadow[source, target]) - (int(gradient[source, target]) * rate >> 15)
                stepped = max(min(stepped, 63 * 512), -63 * 512)
                shadow[source, target] = stepped
                weight = (stepped + 2 * int(random[column % 2][column // 2])) >> 9
                write(weights, Sign.SIGNED, hemisphere, synapse_rows, column, weight)
    return shadow, weights
