"""The arrays of neurons: parameters, propagators and state, and how they are indexed.

Membranes are kept relative to the leak potential: u = V - leak. All potentials and currents are float64 in CADC LSB.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from numba import float64, int64, uint64

from chip.base.arrays.declared import Array, built, state
from chip.base.slots import SLOTS

# first index of a state array [3, slots]
U, EXC, INH = 0, 1, 2
# first index of a propagator [5, slots]: u' = u A + exc B - inh C, exc' = exc D, inh' = inh E
DECAY_U, EXC_TO_U, INH_TO_U, DECAY_EXC, DECAY_INH = 0, 1, 2, 3, 4
# further rows of Neurons.live
LEVEL, FREE = 5, 6
# further rows of Neurons.cell
RESET, THRESHOLD, LEAK, TEST_LEVEL = range(1, 5)
RATE, LEFT = 0, 1  # first index of Neurons.resetting
MARGIN_LSB = 1e-9  # a bound this close below the threshold is resolved exactly: rounding cannot hide a spike
TINY_LSB = 1e-60  # smaller values are set to zero where a block ends: denormal numbers are slow


class Neurons(NamedTuple):
    """Parameters, tables and state of the neurons."""

    halves: Annotated[Array, built(int64, (4, 2), "", "first slot and number of slots of each row half")]
    # neuron (hemisphere * 256 + column, -1 padding), row half, lane, for how many ns a spike clamps it, the slot that
    # holds its membrane, that of the circuit which is merged into it or -1, and whether its circuit is enabled: a reset
    # fires no other
    place: Annotated[Array, built(int64, (SLOTS, 7), "", "what a slot is, see chip.base.slots")]
    # the top one holds membrane and currents of both; the bottom one rests at zero, and has only the efficacy of its
    # synapses
    merged: Annotated[Array, built(int64, ("merged", 2), "", "slots of top and bottom circuit of each merged neuron")]
    holdoff: Annotated[Array, built(int64, (SLOTS,), "ns", "how long after a clamp it cannot fire")]
    # efficacy (LSB of current per weight unit), reset and threshold relative to the leak potential (infinite where
    # nothing spikes), leak potential, and the level of the candidate test
    cell: Annotated[Array, built(float64, (5, SLOTS), "LSB", "parameters of each neuron")]
    fine: Annotated[Array, built(float64, (26, 5, SLOTS), "1", "propagators over 0..25 edges")]
    coarse: Annotated[Array, built(float64, (17, 5, SLOTS), "1", "propagators over 0..16 grid steps")]
    # a neuron's edges contiguous, padded with the last one
    scan: Annotated[Array, built(float64, (SLOTS, 5, 32), "1", "fine again, a neuron's edges one after the other")]
    # level of the candidate test, 1 free or 0 clamped: while a neuron is clamped, the propagator keeps its u
    live: Annotated[Array, built(float64, (7, SLOTS), "", "propagator over one step, and what holds now")]
    # 1 / its time constant; the part of the way to the reset potential that is left when a clamp ends
    resetting: Annotated[Array, built(float64, ("slow resets", SLOTS), "", "of a reset that takes time, if it does")]
    # [hemisphere, EVEN then ODD lanes]: gain, offset in LSB, LSB of read noise per unit of a draw, and what lanes
    # without a slot rest at
    channel: Annotated[Array, built(float64, (4, 2, 256), "LSB", "channels of the CADC")]
    channel_key: Annotated[Array, built(uint64, ("noisy hemispheres", 256), "", "of the read noise; none without it")]
    now: Annotated[Array, state(float64, (3, SLOTS), "LSB", "u, excitatory and inhibitory current when committed")]
    release: Annotated[Array, state(int64, (SLOTS,), "ns", "end of the last clamp")]
    held: Annotated[Array, built(int64, (SLOTS,), "", "the clamped slots, clock[HELD_COUNT] of them")]
