"""Time: blocks that are jumped over, grid steps that are taken, and the order of things within a step."""

from __future__ import annotations

from chip.analog.crossing import EDGE_NS, resolve
from chip.analog.delivery import FPGA_SOURCE, NO_ROOM, apply_writes, collect, next_cause, sum_up, weigh
from chip.analog.holding import clamp, hold
from chip.analog.inner import inlined, inner, outer
from chip.analog.layout import (
    BLOCK_NS,
    BLOCK_STEPS,
    COMMITTED,
    EDGE_SHIFT,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    FREE,
    FROM_NEURONS,
    GRID_EDGES,
    GRID_NS,
    HELD_COUNT,
    IN_FLIGHT,
    LOG_COUNT,
    LOOK_HEAD,
    LOOK_TAIL,
    NEXT_RELEASE,
    NOW,
    QUIET_BLOCKS,
    RECORDED,
    RECORDED_SHIFT,
    RESET_HEAD,
    RESET_TAIL,
    ROUTE_BOTTOM,
    ROUTE_LABEL,
    ROUTE_RECORDED,
    ROUTE_TOP,
    SENT,
    SOURCE_SHIFT,
    SPIKES,
    SPIKES_PER_STEP,
    STEPS,
    UNROUTED,
)
from chip.analog.noise import BLOCK, STEP, kick_block, kick_step, moment
from chip.analog.observe import look, quiet_until, resets_before
from chip.analog.step import copy, driven_step, flush_tiny, free_step, mark_candidates, propagate

DONE, GROW = 0, 1


@inlined
def _resolve_candidates(start_ns, deliveries, driven, hits, spikes, neurons, queues, scratch):
    """Redo all slots that may fire, leave their refractory period, or are reset in the step; return the spikes."""
    clock, candidate = queues.clock, scratch.candidate
    end_ns = start_ns + GRID_NS
    reset_from, reset_to = clock[RESET_HEAD], resets_before(end_ns, queues)
    if hits > 0:
        mark_candidates(neurons.now, neurons.live, scratch.push, driven, candidate)
    else:
        for s in range(candidate.size):
            candidate[s] = 0
    for i in range(clock[HELD_COUNT]):
        if neurons.release[neurons.held[i]] < end_ns:
            candidate[neurons.held[i]] = 1
    for r in range(reset_from, reset_to):
        half = queues.resets[r] & 3
        first, count = neurons.halves[half, 0], neurons.halves[half, 1]
        for lane in range(count):
            if queues.reset_masks[r, lane] != 0:
                candidate[first + lane] = 1
    for s in range(candidate.size):
        if candidate[s] == 0:
            continue
        spikes = resolve(s, start_ns, GRID_EDGES, neurons, neurons.now, scratch.next, neurons.release, scratch,
                         deliveries, queues, reset_from, reset_to, spikes)  # fmt: skip
        if neurons.release[s] >= end_ns and neurons.live[FREE, s] == 1.0:
            clamp(s, neurons)
            neurons.held[clock[HELD_COUNT]] = s
            clock[HELD_COUNT] += 1
    hold(end_ns, neurons, clock)
    clock[RESET_HEAD] = reset_to
    return spikes


@inner
def sort_batch(batch, count):
    """Sort the spikes of a step by (time, source): few, and nearly sorted by source."""
    for i in range(1, count):
        x = batch[i]
        j = i
        while j > 0 and batch[j - 1] > x:
            batch[j] = batch[j - 1]
            j -= 1
        batch[j] = x


@inlined
def _send(start_ns, count, network, queues, scratch):
    """Log the spikes of a step, and put those that a PADI bus takes on their way."""
    clock, tally = queues.clock, queues.tally
    sort_batch(scratch.batch, count)
    for i in range(count):
        time_ns = start_ns + (scratch.batch[i] >> EDGE_SHIFT) * EDGE_NS
        source, label, recorded = (scratch.batch[i] >> SOURCE_SHIFT) & 0x7FF, scratch.batch[i] & 0xFFFF, 1
        if source < FPGA_SOURCE:
            label, recorded = network.routes[source, ROUTE_LABEL], network.routes[source, ROUTE_RECORDED]
            copies = 0
            for way in range(ROUTE_TOP, ROUTE_BOTTOM + 1):
                copies += 1 if network.routes[source, way] >= 0 else 0
            if copies > 0:
                queues.flights[clock[FLIGHT_TAIL]] = ((time_ns + network.latency[0]) << 9) | source
                clock[FLIGHT_TAIL] += 1
            tally[SENT] += copies
            tally[IN_FLIGHT] += copies
            tally[UNROUTED] += 1 if copies + recorded == 0 else 0
            tally[FROM_NEURONS] += 1
            tally[SPIKES] += 1
        tally[RECORDED] += recorded
        queues.log_time[clock[LOG_COUNT]] = time_ns
        queues.log_info[clock[LOG_COUNT]] = (recorded << RECORDED_SHIFT) | (source << SOURCE_SHIFT) | label
        clock[LOG_COUNT] += 1


@inner
def _has_room(clock, flights, log_size, batch_size):
    """Say whether one more step fits the log and the flights, after closing up the latter."""
    if clock[FLIGHT_TAIL] + SPIKES_PER_STEP > flights.size:
        count = clock[FLIGHT_TAIL] - clock[FLIGHT_HEAD]
        for i in range(count):
            flights[i] = flights[clock[FLIGHT_HEAD] + i]
        clock[FLIGHT_HEAD], clock[FLIGHT_TAIL] = 0, count
    return clock[FLIGHT_TAIL] + SPIKES_PER_STEP <= flights.size and clock[LOG_COUNT] + batch_size <= log_size


@inlined
def grid_step(start_ns, neurons, network, queues, scratch):
    """Compute the end of a step into ``scratch.next``; return GROW, with nothing changed, if an array is too short.

    1. events that arrive in the step are taken to rows, labels and weights
    2. all neurons move on, events folded in at their own time
    3. neurons that may fire are redone edge by edge
    4. spikes are recorded and set out for their synapses
    """
    clock = queues.clock
    end_ns = start_ns + GRID_NS
    if not _has_room(queues.clock, queues.flights, queues.log_time.size, scratch.batch.size):
        return GROW
    deliveries, spikes = collect(start_ns, end_ns, True, network, queues, scratch)
    if deliveries == NO_ROOM:
        return GROW
    driven = deliveries > 0
    if driven:
        weigh(start_ns, deliveries, neurons, network, queues, scratch)
        sum_up(deliveries, neurons, scratch)
        hits = driven_step(neurons.now, scratch.next, neurons.live, scratch.push)
    else:
        hits = free_step(neurons.now, scratch.next, neurons.live)
    reset_due = clock[RESET_HEAD] < clock[RESET_TAIL] and queues.resets[clock[RESET_HEAD]] >> 2 < end_ns
    if hits > 0 or reset_due or clock[NEXT_RELEASE] < end_ns:
        spikes = _resolve_candidates(start_ns, deliveries, driven, hits, spikes, neurons, queues, scratch)
    if spikes > 0:
        _send(start_ns, spikes, network, queues, scratch)
    return DONE


@outer
def advance(now_ns, neurons, network, queues, scratch):
    """Let everything before ``now_ns`` happen, as far as it can be committed; return DONE, or GROW to be called again.

    Committed is a block without a cause (event, arrival, reset) that is quiet at its start, once its end has passed,
    as one jump; any other grid step once its end, and in a block quiet at its start also the first cause, has passed.
    """
    clock = queues.clock
    noisy = neurons.key.size > 0
    while True:
        start_ns = clock[COMMITTED]
        quiet_ns = quiet_until(neurons, queues) if start_ns % BLOCK_NS == 0 else start_ns
        if quiet_ns > start_ns:
            # a conversion at the very end of the block belongs to the next one
            last_look_ns = min(now_ns, quiet_ns if quiet_ns < start_ns + BLOCK_NS else quiet_ns - EDGE_NS)
            if clock[LOOK_HEAD] < clock[LOOK_TAIL]:
                if look(last_look_ns, neurons, network, queues, scratch) == NO_ROOM:
                    return GROW
            if quiet_ns == start_ns + BLOCK_NS:
                if now_ns < quiet_ns:
                    break
                propagate(neurons.now, scratch.next, neurons.coarse, BLOCK_STEPS)
                if noisy:
                    kick_block(scratch.next, neurons.key, neurons.cell, moment(BLOCK, quiet_ns // BLOCK_NS))
                flush_tiny(scratch.next, neurons.now)
                clock[COMMITTED] = quiet_ns
                queues.tally[QUIET_BLOCKS] += 1
                continue
            if now_ns <= quiet_ns:
                break
        end_ns = start_ns + GRID_NS
        if clock[LOOK_HEAD] < clock[LOOK_TAIL]:
            if look(min(now_ns, end_ns - EDGE_NS), neurons, network, queues, scratch) == NO_ROOM:
                return GROW
        if now_ns < end_ns:
            break
        # a step in which nothing arrives, nobody comes near the threshold and nobody is released is all linear
        cause_ns = next_cause(clock, queues.events, queues.flights, queues.resets)
        if min(cause_ns, clock[NEXT_RELEASE]) < end_ns or free_step(neurons.now, scratch.next, neurons.live) > 0:
            if grid_step(start_ns, neurons, network, queues, scratch) == GROW:
                return GROW
        if noisy:
            kick_step(scratch.next, neurons.now, neurons.key, neurons.live, moment(STEP, end_ns // GRID_NS))
            if end_ns % BLOCK_NS == 0:
                flush_tiny(neurons.now, neurons.now)
        elif end_ns % BLOCK_NS == 0:
            flush_tiny(scratch.next, neurons.now)
        else:
            copy(scratch.next, neurons.now)
        clock[COMMITTED] = end_ns
        queues.tally[STEPS] += 1
    apply_writes(clock[COMMITTED], network, queues)
    clock[NOW] = now_ns
    return DONE
