"""The arrays of the analog core: what they hold, how they are indexed, and how large they are.

**Slots.** A neuron is simulated iff it lies in a row half up to the highest enabled lane, rounded up to eight. The
lanes of the four row halves (hemisphere * 2 + half) lie one after the other; a lane's place there is its slot. So a row
half stays contiguous, as the PPU's vectors have it, and one loop over slots advances the whole chip. The number of
slots is padded to a multiple of 32, the width of an unrolled vector loop; padding rests at zero.

**Membranes** are kept relative to the leak potential: u = V - leak. All potentials and currents are float64 in CADC
LSB.

The fields of the tuples below are annotated with their numba types, by which :mod:`chip.analog.packed` hands them over.

**Time** in the arrays is int64 nanoseconds; within a grid step it is an *edge*, the number of 4 ns clocks since its
start, 0..25.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import float32, float64, int32, int64, uint8, uint64

from chip import constants as c

EDGE_NS = c.EVENT_CLOCK_NS
GRID_NS = 100  # state is committed on this absolute grid; no longer than the on-chip latency
GRID_EDGES = GRID_NS // EDGE_NS
SCAN_EDGES = 32  # edges 0..25, padded to whole vectors
BLOCK_STEPS = 16
BLOCK_NS = BLOCK_STEPS * GRID_NS  # a block in which nothing happens is one exact jump
ROW_HALVES = c.HEMISPHERES * c.HALVES
SOURCE_SHIFT, EDGE_SHIFT, RECORDED_SHIFT = 16, 27, 27  # of Scratch.batch and Queues.log_info
FAR_NS = 1 << 60  # later than everything
LONG_AGO_NS = -(1 << 60)

# first index of a state array [3, slots]
U, EXC, INH = 0, 1, 2
# first index of a propagator [5, slots]: u' = u A + exc B - inh C, exc' = exc D, inh' = inh E
DECAY_U, EXC_TO_U, INH_TO_U, DECAY_EXC, DECAY_INH = 0, 1, 2, 3, 4
# further rows of Neurons.live
LEVEL, FREE, KICK = 5, 6, 7
# first index of Neurons.cell
EFFICACY, RESET, THRESHOLD, LEAK, STEP_KICK, BLOCK_KICK, NOISE_DRIVE = range(7)
# first index of Neurons.channel
GAIN, OFFSET, READ_NOISE, REST = 0, 1, 2, 3
# second index of Neurons.place
PLACE_NEURON, PLACE_HALF, PLACE_LANE, PLACE_CLAMP, PLACE_MEMBRANE, PLACE_BELOW, PLACE_ENABLED = range(7)
# second index of Network.routes
ROUTE_LABEL, ROUTE_TOP, ROUTE_BOTTOM, ROUTE_RECORDED, ROUTE_SENT = range(5)

# Queues.clock
(COMMITTED, NOW, EVENT_HEAD, EVENT_TAIL, FLIGHT_HEAD, FLIGHT_TAIL, WRITE_HEAD, WRITE_TAIL, RESET_HEAD, RESET_TAIL,
 LOOK_HEAD, LOOK_TAIL, LOG_COUNT, HELD_COUNT, NEXT_RELEASE, DRIVEN_COUNT) = range(16)  # fmt: skip
CLOCK_FIELDS = 16

# Queues.tally, in the order of COUNTERS
COUNTERS = (
    "from_fpga", "from_neurons", "from_processors", "sent", "delivered", "in_flight", "lost", "unrouted", "rows_driven",
    "synaptic_events", "spikes", "recorded", "grid_steps", "quiet_blocks",
)  # fmt: skip
(FROM_FPGA, FROM_NEURONS, FROM_PROCESSORS, SENT, DELIVERED, IN_FLIGHT, LOST, UNROUTED, ROWS_DRIVEN,
 SYNAPTIC_EVENTS, SPIKES, RECORDED, STEPS, QUIET_BLOCKS) = range(14)  # fmt: skip

# second index of Scratch.delivery
AT_EDGE, AT_ROW, AT_LABEL, AT_MODE, AT_WEIGHTS = 0, 1, 2, 3, 4

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
    cell: float64[7, S]: efficacy (LSB of current per weight unit), reset and threshold relative to the leak potential
        (infinite where nothing spikes), leak potential, the noise's kicks of a step and of a block and the drive that
        bounds them, see :func:`chip.analog.noise.kick_tables`.
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


class Network(NamedTuple):
    """Synapses and routes.

    weights, labels: uint8[1024, 128], row ``(hemisphere * 256 + row) * 2 + half``. row_mode: uint8[512].
    factor: float32[1024, 128], on the efficacy of each synapse; no rows where all are 1.
    nodes: int64[20, 12, 2], see :func:`chip.router.crossbar.node_registers`.
    routes: int64[512, 5], of a neuron: label, key on its top and bottom PADI bus or -1, recorded by the FPGA, sends
        events at all.
    first, rows, driven, synapses: see :class:`chip.router.padi.RowTable`.
    latency: int64[1], on-chip latency in ns.
    stp: float64[4, 256], short-term plasticity of driver ``hemisphere * 128 + driver``, and stp_first, stp_drivers: see
        :mod:`chip.analog.stp_tables`. charge: float64[256], fraction of the way to v_charge after the last event, which
        was at charge_ns: int64[256].
    """

    weights: uint8[:, ::1]
    labels: uint8[:, ::1]
    factor: float32[:, ::1]
    row_mode: uint8[::1]
    nodes: int64[:, :, ::1]
    routes: int64[:, ::1]
    first: int64[::1]
    rows: int32[::1]
    driven: int64[::1]
    synapses: int64[::1]
    latency: int64[::1]
    stp: float64[:, ::1]
    stp_first: int64[::1]
    stp_drivers: int64[::1]
    charge: float64[::1]
    charge_ns: int64[::1]


class Queues(NamedTuple):
    """What is posted, under way, and recorded; each queue is sorted and lies between a head and a tail in ``clock``.

    clock: int64[16], times, heads and tails; tally: int64[14], the counters; fired: int64[512], spikes of each neuron.
    events: int64[n], ``time << 17 | word``, from the FPGA or from a processor, see :mod:`chip.analog.posting`.
    flights: int64[n], ``arrival << 9 | neuron``, on-chip spikes on their way.
    writes: int64[n], ``time << 10 | (hemisphere * 256 + row) * 2 + half``; write_values: uint8[n, 128].
    resets: int64[n], ``time << 2 | row half``; reset_masks: uint8[n, 128], 1 where a lane is reset, else 0.
    looks: int64[n], ``time << 1 | hemisphere``, CADC conversions; those below the head are done: look_values
        uint8[n, 256], EVEN then ODD lanes.
    log_time: int64[n], log_info: int64[n], ``recorded << 27 | source << 16 | label``; source is the neuron, or
        512 + SPL1 address for an event that the crossbar returns to the FPGA.
    driven: int64[n], the rows that were driven since the sensors looked, see :mod:`chip.analog.correlation`; none where
        they are off.
    """

    clock: int64[::1]
    tally: int64[::1]
    fired: int64[::1]
    events: int64[::1]
    flights: int64[::1]
    writes: int64[::1]
    write_values: uint8[:, ::1]
    resets: int64[::1]
    reset_masks: uint8[:, ::1]
    looks: int64[::1]
    look_values: uint8[:, ::1]
    log_time: int64[::1]
    log_info: int64[::1]
    driven: int64[::1]


class Scratch(NamedTuple):
    """Working arrays that carry nothing from one step to the next.

    next: float64[3, S]. out: float64[3, S] and out_release: int64[S], of an observation.
    total: float64[S], what the events of the step add to the excitatory current at most; jumps: float64[S], of one.
    candidate: uint8[S]; candidate_words: uint64[S / 8], the same memory.
    delivery: int64[D, 6], edge, hemisphere * 256 + row, label, row mode, and where the weights of either half are: a
        row half of ``Network.weights``, or -1 - the number of a pending write.
    strength: float64[D], what a driver's plasticity multiplies jumps with; meaningless where no driver has it on.
    charge, charge_ns, pulse: float64, int64, float64[256], state of the drivers in the step, and their last pulse.
    batch: int64[B], ``edge << 27 | source << 16 | label`` of the spikes of the step.
    """

    next: float64[:, ::1]
    out: float64[:, ::1]
    out_release: int64[::1]
    total: float64[::1]
    jumps: float64[::1]
    candidate: uint8[::1]
    candidate_words: uint64[::1]
    delivery: int64[:, ::1]
    strength: float64[::1]
    charge: float64[::1]
    charge_ns: int64[::1]
    pulse: float64[::1]
    batch: int64[::1]


SPIKES_PER_STEP = c.NEURONS * GRID_EDGES  # most that a step can produce: every neuron at every edge


def half_slots(enabled: np.ndarray) -> tuple[np.ndarray, int]:
    """Return ``halves`` int64[4, 2] and the padded number of slots for ``enabled`` bool[2, 256]."""
    halves = np.zeros((ROW_HALVES, 2), np.int64)
    first = 0
    for half in range(ROW_HALVES):
        lanes = np.flatnonzero(enabled[half // c.HALVES, half % c.HALVES :: c.HALVES])
        count = -(-(lanes[-1] + 1) // 8) * 8 if lanes.size else 0
        halves[half] = first, count
        first += count
    return halves, max(32, -(-first // 32) * 32)
