"""Shadow weights of the excitatory synapses: a step of all of them each tick, and their way to the rows of the array.

``shadow`` has a row of halfwords for each neuron, a lane for each input's trace, so that a conversion is a vector of
what all synapses of a neuron have in common with their inputs. In a tick

    shadow(i, j) += 16 trace(j) post(i)

with 16 random bits below the product's upper halfword, which it is rounded by. 512 are a step of a synapse's weight.
A synapse row is that of an input: rows are gathered, and what is below 0 set to 0, a few inputs each tick.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.ppu import (
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V9,
    V10,
    Kernel,
    Memory,
    add16_sat,
    compare8,
    i16,
    i32,
    kernel,
    load8,
    load16,
    mac16_sat,
    select,
    shift_left16,
    splat8,
    splat16,
    store16,
    u8,
    unpack_left,
    unpack_right,
)
from ppu_programs.stochastic_rounding import begin_sum

WEIGHT_STEP_BITS = 9
TRACE_BITS = 4  # that a trace is shifted left


def memory(neurons: int, inputs: int, rows: int) -> Memory:
    """``shadow``; ``places``: of each input in a row of it; ``rows``: that are gathered; ``noise``: seeds.

    ``part``: which one is gathered next; as many as there are is inhibition's turn.
    """
    return Memory(
        shadow=i16[neurons * c.LANES],
        places=u8[inputs],
        rows=u8[rows * c.LANES],
        noise=u8[c.LANES],
        part=i32[1],
    )


def step_kernel(neurons: int) -> Kernel:
    """Return the kernel ``step``: traces above rest are in the second vector of ``seen``, ``post`` is there."""

    @kernel
    def step(v, m):
        """Traces to halfwords, then neuron by neuron."""
        splat8(v, V5, 0)
        splat16(v, V9, 0x7FFF)
        splat16(v, V10, 1)
        load8(v, V0, m.seen, 1)
        compare8(v, V0)
        select(v, V0, V0, V5, LESS)  # noise at rest
        unpack_left(v, V1, V5, V0)
        unpack_right(v, V2, V5, V0)
        shift_left16(v, V1, V1, TRACE_BITS)
        shift_left16(v, V2, V2, TRACE_BITS)
        begin_sum(v, m)
        at = 0
        for i in range(neurons):
            splat16(v, V0, m.post[i])
            load16(v, V3, m.shadow, at)
            mac16_sat(v, V4, V0, V1)
            add16_sat(v, V3, V3, V4)
            store16(v, V3, m.shadow, at)
            at += 1
            load16(v, V3, m.shadow, at)
            mac16_sat(v, V4, V0, V2)
            add16_sat(v, V3, V3, V4)
            store16(v, V3, m.shadow, at)
            at += 1

    return step


def gather_kernel(neurons: int, inputs_of_part: int) -> Kernel:
    """Return the kernel ``gather(part)``: the rows of the inputs of a part, for ``rows``."""

    @kernel
    def gather(v, m, part):
        """Element by element, since a vector has no other way from columns to rows."""
        first = part * inputs_of_part
        for k in range(inputs_of_part):
            at = m.places[first + k]
            to = k * c.LANES
            for i in range(neurons):
                value = m.shadow[at]
                if value < 0:
                    value = 0
                    m.shadow[at] = 0
                m.rows[to + m.lanes[i]] = value >> WEIGHT_STEP_BITS
                at += c.LANES

    return gather


def turn_kernel(turns: int) -> Kernel:
    """Return the kernel ``turn``, which goes on to the next part, or back to the first."""

    @kernel
    def turn(v, m):
        """``part``."""
        part = m.part[0] + 1
        if part == turns:
            part = 0
        m.part[0] = part

    return turn
