"""The scalar path: one neuron through one grid step, edge by edge where it matters.

At one edge the order is: neuron reset, comparator, synaptic events. The comparator fires at an edge iff u has reached
the threshold and the edge lies after the end of the last refractory period. Firing sets u to the reset potential, or
on its way there, and clamps it; currents go on. From the release edge on u moves again; the refractory period goes on
for the holdoff, and the edge after its end is the first that can fire.

A reset by a processor fires the neuron whatever its membrane and its comparator do (verified: libnux, haldls count
resets as spikes), also within a refractory period, which then begins anew (assumed). One that is due at the edge at
which the comparator fires, or from both sides of a merged neuron at once, makes one spike.
"""

from __future__ import annotations

from chip.array.arrays import AT_EDGE, AT_MODE
from chip.base.grid import EDGE_NS, EDGE_SHIFT, SOURCE_SHIFT
from chip.base.inner import inlined
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY
from chip.base.slots import (
    PLACE_CLAMP,
    PLACE_ENABLED,
    PLACE_LANE,
    PLACE_NEURON,
)
from chip.neurons.arrays import (
    DECAY_EXC,
    DECAY_INH,
    DECAY_U,
    EXC,
    EXC_TO_U,
    INH,
    INH_TO_U,
    RESET,
    THRESHOLD,
    U,
)
from chip.neurons.circuits import halves_of, jump_in
from chip.neurons.lif import first_crossing
from chip.neurons.resetting import fired, let_go, while_clamped
from chip.neurons.seam import charged, contained, linear_edges


@inlined
def resolve(s, start_ns, end, neurons, network, before, later, release_later, scratch, deliveries, queues, reset_from,
            reset_to, spikes, bounds):  # fmt: skip
    """Bring slot s, which holds a membrane, from edge 0 to just before anything that happens at edge ``end``.

    Reads ``before`` and ``neurons.release``; writes ``later[:, s]`` and ``release_later[s]``; appends its spikes to
    ``scratch.batch`` behind the ``spikes`` that are there, and returns their new number.
    """
    scan = neurons.scan
    u, exc, inh = before[U, s], before[EXC, s], before[INH, s]
    release, clamp_ns, holdoff_ns = neurons.release[s], neurons.place[s, PLACE_CLAMP], neurons.holdoff[s]
    reset, level = neurons.cell[RESET, s], neurons.cell[THRESHOLD, s]
    half, other_half = halves_of(s, neurons)
    lane = neurons.place[s, PLACE_LANE]
    spike = neurons.place[s, PLACE_NEURON] << SOURCE_SHIFT
    edge = 0
    d, r = 0, reset_from if neurons.place[s, PLACE_ENABLED] != 0 else reset_to
    while True:
        # the next reset and the next event that concern this neuron, and their edges
        while r < reset_to:
            reset_half = queues.resets[r] & 3
            if (reset_half == half or reset_half == other_half) and queues.reset_masks[r, lane] != 0:
                break
            r += 1
        while d < deliveries and jump_in(d, s, neurons, network, queues, scratch) == 0.0:
            d += 1
        reset_edge = ((queues.resets[r] >> 2) - start_ns) // EDGE_NS if r < reset_to else end
        event_edge = scratch.delivery[d, AT_EDGE] if d < deliveries else end
        stop = min(end, reset_edge, event_edge)
        # free motion up to there; the comparator looks at every edge before ``stop``
        while True:
            now_ns = start_ns + edge * EDGE_NS
            if edge == stop:
                break
            if u >= level and release + holdoff_ns < now_ns:
                u = fired(u, reset, neurons)
                release = now_ns + clamp_ns
                scratch.batch[spikes] = (edge << EDGE_SHIFT) | spike
                spikes += 1
            span = stop - edge
            if release > now_ns:
                span = min(span, (release - now_ns) // EDGE_NS)
            else:
                if release == now_ns:
                    u = let_go(s, u, neurons)
                if release + holdoff_ns > now_ns:
                    span = min(span, (release + holdoff_ns - now_ns) // EDGE_NS)
                else:
                    crossing = first_crossing(scan, s, u, exc, inh, level, span)
                    if crossing > 0:
                        span = crossing
                span = linear_edges(s, u, exc, inh, span, scan, bounds)
                u = u * scan[s, DECAY_U, span] + exc * scan[s, EXC_TO_U, span] - inh * scan[s, INH_TO_U, span]
                u = contained(s, u, bounds)
            exc *= scan[s, DECAY_EXC, span]
            inh *= scan[s, DECAY_INH, span]
            edge += span
        if edge == end:
            break
        # at this edge: reset or comparator, events
        if reset_edge == edge or (u >= level and release + holdoff_ns < now_ns):
            u = fired(while_clamped(s, u, now_ns, release, neurons), reset, neurons)
            release = now_ns + clamp_ns
            scratch.batch[spikes] = (edge << EDGE_SHIFT) | spike
            spikes += 1
        while r < reset_to and (queues.resets[r] >> 2) == now_ns:
            r += 1
        while d < deliveries and scratch.delivery[d, AT_EDGE] == edge:
            jump = jump_in(d, s, neurons, network, queues, scratch)
            if scratch.delivery[d, AT_MODE] & ROW_EXCITATORY != 0:
                exc = charged(s, EXC, exc, jump, bounds)
            if scratch.delivery[d, AT_MODE] & ROW_INHIBITORY != 0:
                inh = charged(s, INH, inh, jump, bounds)
            d += 1
    later[U, s], later[EXC, s], later[INH, s] = u, exc, inh
    release_later[s] = release
    return spikes
