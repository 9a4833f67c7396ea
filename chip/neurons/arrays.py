"""The arrays of neurons: parameters, propagators and state, and how they are indexed.

Membranes are kept relative to the leak potential: u = V - leak. All potentials and currents are float64 in CADC LSB.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import float64, int64, uint64

# first index of a state array [3, slots]
U, EXC, INH = 0, 1, 2
# first index of a propagator [5, slots]: u' = u A + exc B - inh C, exc' = exc D, inh' = inh E
DECAY_U, EXC_TO_U, INH_TO_U, DECAY_EXC, DECAY_INH = 0, 1, 2, 3, 4
# further rows of Neurons.live
LEVEL, FREE, KICK = 5, 6, 7
# and what it is itself
RESET, THRESHOLD, LEAK, STEP_KICK, BLOCK_KICK, NOISE_DRIVE, TEST_LEVEL = range(1, 8)
MARGIN_LSB = 1e-9  # a bound this close below the threshold is resolved exactly: rounding cannot hide a spike
TINY_LSB = 1e-60  # smaller values are set to zero where a block ends: denormal numbers are slow


class Neurons(NamedTuple):
    """Parameters, tables and state of the neurons; S slots, padded.

    halves: int64[4, 2], first slot and number of slots of each row half.
    place: int64[S, 7], of a slot: neuron (hemisphere * 256 + column, -1 padding), row half, lane, for how many ns a
        spike clamps it, the slot that holds its membrane, that of the circuit which is merged into it or -1, and
        whether its circuit is enabled: a reset fires no other.
        holdoff: int64[S], for how many ns after that it cannot fire.
    merged: int64[n, 2], slots of the top and the bottom circuit of each merged neuron. The top one holds membrane and
        currents of both; the bottom one rests at zero, and has only the efficacy of its synapses.
    cell: float64[8, S]: efficacy (LSB of current per weight unit), reset and threshold relative to the leak potential
        (infinite where nothing spikes), leak potential, the noise's kicks of a step and of a block and the drive that
        bounds them, see :func:`chip.neurons.noise.kick_tables`, and the level of the candidate test.
    fine: float64[26, 5, S], propagators over 0..25 edges. coarse: float64[17, 5, S], over 0..16 grid steps.
    scan: float64[S, 5, 32], ``fine`` again, a neuron's edges contiguous, padded with the last one.
    live: float64[8, S], propagator over one step, level of the candidate test, 1 free or 0 clamped, amplitude of the
        noise: while a neuron is clamped, its u is kept by the propagator itself.
    key: uint64[S], of the noise of each membrane; empty where no membrane is noisy.
    channel: float64[4, 2, 256], [hemisphere, EVEN then ODD lanes], of the CADC: gain, offset in LSB, LSB of read noise
        per unit of a draw, and what lanes without a slot rest at. channel_key: uint64[2, 256], no rows without read
        noise.
    now: float64[3, S], u, excitatory and inhibitory current at the committed time.
    release: int64[S], end of the last clamp.
    held: int64[S], the clamped slots; ``clock[HELD_COUNT]`` of them.
    """

    halves: int64[:, ::1]
    place: int64[:, ::1]
    merged: int64[:, ::1]
    holdoff: int64[::1]
    cell: float64[:, ::1]
    fine: float64[:, :, ::1]
    coarse: float64[:, :, ::1]
    scan: float64[:, :, ::1]
    live: float64[:, ::1]
    key: uint64[::1]
    channel: float64[:, :, ::1]
    channel_key: uint64[:, ::1]
    now: float64[:, ::1]
    release: int64[::1]
    held: int64[::1]
