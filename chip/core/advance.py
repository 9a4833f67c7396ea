"""Time: blocks that are jumped over, grid steps that are taken, and the order of things within a step."""

from __future__ import annotations

from chip.array.synapses import find_weights
from chip.array.writes import forget_writes
from chip.base import constants as c
from chip.base.grid import (
    BLOCK_NS,
    EDGE_NS,
    FAR_NS,
    GRID_EDGES,
    GRID_NS,
    SPIKES_PER_STEP,
)
from chip.base.inner import inlined, inner, outer
from chip.base.queues import NO_ROOM
from chip.base.slots import PLACE_ENABLED, PLACE_HALF
from chip.base.timeline import (
    COMMITTED,
    CONVERSION_HEAD,
    CONVERSION_TAIL,
    DRIVEN_COUNT,
    FLIGHT_HEAD,
    FLIGHT_TAIL,
    HELD_COUNT,
    LOG_COUNT,
    NEXT_RELEASE,
    NOW,
    RESET_HEAD,
)
from chip.core.delivery import collect, next_cause, put_down
from chip.core.observe import convert_due
from chip.core.packed import bounds_of, fabric_of, network_of, neurons_of, noise_of, queues_of, scratch_of
from chip.core.sending import send, send_contended
from chip.fabric.arrays import (
    CONTENTION,
    QUIET_BLOCKS,
    STEPS,
)
from chip.neurons.arrays import FREE
from chip.neurons.circuits import membrane_of
from chip.neurons.crossing import resolve
from chip.neurons.drive import drive
from chip.neurons.holding import clamp, hold
from chip.neurons.lif import NEAR, SURE, copy, flush_tiny
from chip.neurons.resets import resets_before
from chip.neurons.seam import find_near, is_linear, jump, rests, settle, step

DONE, GROW, SENSE = 0, 1, 2


@inlined
def _find_candidates(now, by_itself, driven, hits, reset_to, end_ns, neurons, queues, scratch, bounds):
    """Find all slots that may come to a threshold or a bound, end their refractory period, or are reset in the step."""
    clock, candidate = queues.clock, scratch.candidate
    find_near(now, by_itself, driven if hits > 0 else 0, neurons, scratch, bounds)
    for i in range(clock[HELD_COUNT]):
        if neurons.release[neurons.held[i]] < end_ns:
            candidate[neurons.held[i]] = SURE
    for r in range(clock[RESET_HEAD], reset_to):
        half = queues.resets[r] & 3
        first, count = neurons.halves[half, 0], neurons.halves[half, 1]
        for lane in range(count):
            if queues.reset_masks[r, lane] != 0 and neurons.place[first + lane, PLACE_ENABLED] != 0:
                candidate[membrane_of(first + lane, neurons)] = SURE


@inlined
def _resolve_candidates(start_ns, deliveries, driven, now, later, spikes, reset_to, neurons, network,
                        queues, scratch, bounds):  # fmt: skip
    """Redo all slots that were found, edge by edge; return the number of spikes, with the ``spikes`` there were."""
    clock, candidate = queues.clock, scratch.candidate
    end_ns = start_ns + GRID_NS
    for word in range(scratch.candidate_words.size):
        if scratch.candidate_words[word] == 0:
            continue
        for s in range(8 * word, 8 * word + 8):
            if candidate[s] == 0:
                continue
            if candidate[s] == NEAR and driven & (1 << (neurons.place[s, PLACE_HALF] // c.HALVES)) == 0:
                if is_linear(s, now, neurons, bounds):
                    candidate[s] = 0  # what the step computed stands
                    continue
            spikes = resolve(s, start_ns, GRID_EDGES, neurons, network, now, later, neurons.release, scratch,
                             deliveries, queues, clock[RESET_HEAD], reset_to, spikes, bounds)  # fmt: skip
            if neurons.release[s] >= end_ns and neurons.live[FREE, s] == 1.0:
                clamp(s, neurons)
                neurons.held[clock[HELD_COUNT]] = s
                clock[HELD_COUNT] += 1
    hold(end_ns, neurons, clock)
    clock[RESET_HEAD] = reset_to
    return spikes


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
def grid_step(start_ns, hits, now, later, neurons, network, fabric, queues, scratch, bounds):
    """Take a step in which something happens; return GROW if an array is too short, to be called with a longer one.

    Then no state has changed, but that events which queue may have come to their busses.

    ``later`` holds the end of the step as if nothing happened, and ``hits`` how many neurons may come to a threshold or
    a bound even so.

    1. events that arrive in the step are taken to rows, labels and weights
    2. what they do to the neurons that they reach is added, each at its own time
    3. neurons that may come to a threshold or a bound are redone edge by edge
    4. spikes are recorded and set out for their synapses
    """
    clock = queues.clock
    end_ns = start_ns + GRID_NS
    if not _has_room(clock, queues.flights, queues.log_time.size, scratch.batch.size):
        return GROW
    if queues.driven.size > 0 and clock[DRIVEN_COUNT] + scratch.delivery.shape[0] > queues.driven.size:
        return SENSE
    deliveries, spikes = collect(start_ns, end_ns, True, network, fabric, queues, scratch)
    if deliveries == NO_ROOM:
        return GROW
    driven, by_itself = 0, hits > 0
    if deliveries > 0:
        if queues.driven.size > 0:
            put_down(start_ns, deliveries, queues, scratch)
            clock[DRIVEN_COUNT] += deliveries
        find_weights(start_ns, deliveries, queues, scratch)
        driven, more = drive(deliveries, now, later, neurons, network, queues, scratch, bounds)
        hits += more
    reset_to = resets_before(end_ns, queues)
    if hits > 0 or reset_to > clock[RESET_HEAD] or clock[NEXT_RELEASE] < end_ns:
        _find_candidates(now, by_itself, driven, hits, reset_to, end_ns, neurons, queues, scratch, bounds)
        spikes = _resolve_candidates(start_ns, deliveries, driven, now, later, spikes, reset_to, neurons,
                                     network, queues, scratch, bounds)  # fmt: skip
    if fabric.settings[CONTENTION] != 0:
        send_contended(start_ns, end_ns, spikes, network, fabric, queues, scratch)
    elif spikes > 0:
        send(start_ns, spikes, network, queues, scratch)
    return DONE


@inner
def _next_conversion(clock, conversions):
    """Return the time of the next CADC conversion, FAR_NS if there is none."""
    return conversions[clock[CONVERSION_HEAD]] >> 1 if clock[CONVERSION_HEAD] < clock[CONVERSION_TAIL] else FAR_NS


@outer
def advance(now_ns, table):
    """Let everything before ``now_ns`` happen, as far as it can be committed; return DONE, or why to be called again.

    That is GROW, where an array is too short, or SENSE, where the sensors must take what was put down for them.

    Committed is a block without a cause (event, arrival, reset) that is quiet at its start, once its end has passed,
    as one jump; any other grid step once its end, and in a block quiet at its start also the first cause, has passed.
    """
    return _advance(now_ns, neurons_of(table), noise_of(table), network_of(table), fabric_of(table), queues_of(table),
                    scratch_of(table), None)  # fmt: skip


@outer
def advance_bounded(now_ns, table):
    """Do as ``advance`` does where neurons have bounds."""
    return _advance(now_ns, neurons_of(table), noise_of(table), network_of(table), fabric_of(table), queues_of(table),
                    scratch_of(table), bounds_of(table))  # fmt: skip


@inlined
def _advance(now_ns, neurons, noise, network, fabric, queues, scratch, bounds):
    """Let time pass, see ``advance``. From one committed time to the next:

    1. a block in which nothing can happen is jumped over
    2. conversions that are due see the state on a copy
    3. what has not passed yet must wait
    4. all neurons take a grid step as if nothing happened
    5. where something does, events are delivered and neurons resolved edge by edge
    6. noise is added, and what came out is committed
    """
    clock = queues.clock
    # the state is computed to and fro between two arrays, rather than copied back after each step
    now, later, changed = neurons.now, scratch.next, False
    status = DONE
    while True:
        start_ns = quiet_ns = clock[COMMITTED]
        cause_ns = next_cause(queues)
        conversion_ns = _next_conversion(clock, queues.conversions)
        if start_ns % BLOCK_NS == 0 and clock[HELD_COUNT] == 0:
            if min(now_ns, cause_ns, conversion_ns) >= start_ns + BLOCK_NS:
                if jump(start_ns, now, later, neurons, noise, bounds):  # 1.
                    now, later, changed = later, now, not changed
                    _commit(start_ns + BLOCK_NS, QUIET_BLOCKS, queues)
                    continue
            elif rests(start_ns, now, neurons, noise, bounds):
                quiet_ns = min(start_ns + BLOCK_NS, cause_ns)
        seen_ns = min(now_ns, _seen_until(start_ns, quiet_ns))
        if conversion_ns <= seen_ns:  # 2.
            if changed:
                copy(now, neurons.now)
                now, later, changed = neurons.now, scratch.next, False
            if convert_due(seen_ns, neurons, noise, network, fabric, queues, scratch, bounds) == NO_ROOM:
                status = GROW
                break
        if now_ns < start_ns + GRID_NS or now_ns <= quiet_ns < start_ns + BLOCK_NS or now_ns < quiet_ns:  # 3.
            break
        if quiet_ns == start_ns + BLOCK_NS:
            continue  # nothing but conversions kept it from the jump
        end_ns = start_ns + GRID_NS
        hits = step(now, later, neurons, bounds)  # 4.
        if hits > 0 or min(cause_ns, clock[NEXT_RELEASE]) < end_ns:
            status = grid_step(start_ns, hits, now, later, neurons, network, fabric, queues, scratch, bounds)  # 5.
            if status != DONE:
                break
        settle(start_ns, later, neurons, noise, bounds)  # 6.
        if end_ns % BLOCK_NS == 0:
            flush_tiny(later)
        now, later, changed = later, now, not changed
        _commit(end_ns, STEPS, queues)
    if changed:
        copy(now, neurons.now)
    if status == DONE:
        forget_writes(clock[COMMITTED], queues)
        clock[NOW] = now_ns
    return status


@inlined
def _seen_until(start_ns, quiet_ns):
    """Return the last time at which a state is seen from the one committed, in a block that is quiet up to a time.

    A conversion at the very end of a step or of a quiet block belongs to what comes then.
    """
    quiet_ns = min(quiet_ns, start_ns + BLOCK_NS - EDGE_NS)
    return max(quiet_ns, start_ns + GRID_NS - EDGE_NS)


@inlined
def _commit(end_ns, what, queues):
    """Let the state stand at a time; count the step or the quiet block that it took."""
    queues.clock[COMMITTED] = end_ns
    queues.tally[what] += 1
