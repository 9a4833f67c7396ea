"""A rule that streams regions of all widths, what it does to a row, and its twin on arrays."""

from __future__ import annotations

from functools import cache

import numpy as np

from chip.base import constants as c
from chip.ppu import V0, V1, i8, i16, i32, kernel, load8, maximum, minimum
from chip.ppu.memory import Memory
from chip.ppu.program import Program
from ppu_programs.network import Sign
from ppu_programs.two_layer.layout import position
from tests.naive import streaming as naive

REGIONS = {"shadow": i16, "total": i32, "trace": i8}
LANES, HIGHEST = c.LANES, 63 * 512


@cache
def row_kernel(halves, lowest):
    @kernel
    def row_of(v, m, slot, row):
        for half in range(halves):
            at = LANES * (halves * slot + half)
            for lane in range(LANES):
                place = at + position(v, m, lane)
                trace = m.trace[at + lane]
                m.total[place] = m.total[place] + (m.shadow[place] + row) * trace
                shadow = minimum(maximum(m.shadow[place] + 100 * trace, lowest), HIGHEST)
                m.shadow[place] = shadow
                m.signed[LANES * half + lane] = shadow >> 9
        load8(v, V0, m.signed, 0)
        load8(v, V1, m.signed, 1)

    return row_of


def lowest_of(sign):
    return -HIGHEST if sign is Sign.SIGNED else 0


class Visits(Program):
    """Visits rows in the order of ``firsts``, ``counts`` of them each."""

    name = "visits"

    def __init__(self, stream, firsts, counts, written=("shadow", "total"), synapses=True):
        self.stream, self.firsts, self.counts = stream, tuple(firsts), tuple(counts)
        self.written, self.synapses = written, synapses
        self.row_of = row_kernel(len(stream.side.halves), lowest_of(stream.side.sign))
        self.memory = stream.memory | Memory(signed=i8[2 * LANES])
        self.kernels = (self.row_of, *stream.kernels)

    def main(self, ppu):
        yield from self.stream.begin(ppu)
        for k in range(len(self.firsts)):
            yield from self.stream.visit(
                ppu, self.firsts[k], self.counts[k], self.row_of, None, self.written, self.synapses
            )
        return 0


class Walk(Visits):
    """Walks over all rows once."""

    def __init__(self, stream, **changes):
        super().__init__(stream, (), (), **changes)

    def main(self, ppu):
        yield from self.stream.walk(ppu, self.row_of, written=self.written, synapses=self.synapses)
        return 0


class Twin:
    """What visits do: int64[sources, targets] by region, and the chip's weights."""

    def __init__(self, placement, projection, values, weights):
        self.placement, self.projection = placement, projection
        self.values = {name: found.astype(np.int64) for name, found in values.items()}
        self.weights = weights.copy()

    def visit(self, hemisphere, row, written=("shadow", "total"), synapses=True):
        sign = self.placement.graph.projections[self.projection].sign
        source, synapse_rows, columns = naive.rows_of(self.placement, self.projection, hemisphere)[row]
        for target, column in columns.items():
            at = source, target
            shadow, total, trace = (int(self.values[name][at]) for name in REGIONS)
            stepped = min(max(shadow + 100 * trace, lowest_of(sign)), HIGHEST)
            for name, value in (("total", total + (shadow + row) * trace), ("shadow", stepped)):
                if name in written:
                    self.values[name][at] = value
            if synapses:
                naive.write(self.weights, sign, hemisphere, synapse_rows, column, stepped >> 9)
