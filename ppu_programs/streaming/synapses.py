"""From weights in registers to the synapses of a row: part the signs, and leave the synapses of others as they are.

A row's columns may belong to several projections, so the row is read first, and lanes are taken where the mask is 1:
V2 and V3 are the excitatory row, even and odd, V4 and V5 the inhibitory one, V6 to V9 work. A projection without signs
has one row, in V2 and V3.
"""

from __future__ import annotations

from functools import cache

from chip.ppu import (
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    V7,
    V8,
    V9,
    Kernel,
    Subroutine,
    compare8,
    kernel,
    load8,
    select,
    splat8,
    sub8_sat,
    subroutine,
)

WEIGHTS = (V0, V1)  # of the halves that the projection uses, in their order
ROW, INHIBITORY = (V2, V3), (V4, V5)  # by half: the excitatory row, or the only one; the inhibitory one


@cache
def merge_kernel(signed: bool, halves: tuple[int, ...]) -> Kernel:
    """Return the kernel ``merge(at)``: the weights of all halves into the rows in registers.

    ``at`` is the first vector of the row's mask in region ``synapse_mask``, i8[128 a half], 1 where a lane is taken.
    """
    make = _part_signs if signed else _take
    first, last = make(0, halves[0]), make(len(halves) - 1, halves[-1])

    @kernel
    def merge_half(v, m, at):
        """Change the half that the projection uses."""
        first(v, m, at)

    @kernel
    def merge_halves(v, m, at):
        """Change both halves."""
        first(v, m, at)
        last(v, m, at + 1)

    return merge_half if len(halves) == 1 else merge_halves


def _part_signs(number: int, half: int) -> Subroutine:
    weight, excitatory, inhibitory = WEIGHTS[number], ROW[half], INHIBITORY[half]

    @subroutine
    def part_signs(v, m, at):
        """Split signed weights, what is positive and what is negative, and take them where the mask is 1."""
        load8(v, V6, m.synapse_mask, at)
        splat8(v, V7, 0)
        sub8_sat(v, V8, V7, weight)
        compare8(v, weight)
        select(v, V9, V7, weight, GREATER)
        select(v, V8, V7, V8, LESS)
        compare8(v, V6)
        select(v, excitatory, excitatory, V9, GREATER)
        select(v, inhibitory, inhibitory, V8, GREATER)

    return part_signs


def _take(number: int, half: int) -> Subroutine:
    weight, row = WEIGHTS[number], ROW[half]

    @subroutine
    def take(v, m, at):
        """Take weights where the mask is 1."""
        load8(v, V6, m.synapse_mask, at)
        compare8(v, V6)
        select(v, row, row, weight, GREATER)

    return take
