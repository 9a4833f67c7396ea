"""The second layer's adjoint in reverse time, a lane a neuron: its gradient, and the pushes on the layer below.

Between events lambda_V and lambda_I of all lanes follow, backwards in time,

    tau_mem lV' = -lV        tau_syn lI' = -lI + lV

Events from the last to the first; within one tick a release comes before an arrival, an arrival before a spike:

    release of neuron j, r = s + refractory time        again_j = I_j(r) lV_j, then lV_j = 0: a clamped membrane
    arrival from neuron i of the first layer            gradient_i -= tau_syn lI
                                                        push_i = sum_j w_ij (lV_j - lI_j)
    spike of neuron j at s                              lV_j = (again_j - pull_j dK/dt(T - s)) / max(I_j(s) - threshold,
                                                               least excess)

This is what :mod:`ppu_programs.eventprop.adjoint` computes spike by spike, and pushes beside it. A push takes the place
of the label in the record.

Fixed point: lambdas have 16 bits, two of them behind the point, saturating; pushes of the second layer 17 bits,
limited; those on the first one 16, 2^-7 of weight steps times lambdas, saturating; gradients 16 bits, saturating.
Products round to nearest.
"""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import (
    V0,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    Kernel,
    add16_sat,
    divide,
    kernel,
    load8,
    load16,
    mac16_sat,
    maximum,
    minimum,
    saturate16,
    splat16,
    store16,
    sub16_sat,
    subroutine,
    unpack_left,
    unpack_right,
)
from ppu_programs.eventprop.deep.currents import CURRENT_BITS, latency_ticks, round_products
from ppu_programs.eventprop.deep.events import FIRST, source_before, spike_before
from ppu_programs.eventprop.deep.weights import LANES, weight_place
from ppu_programs.eventprop.settings import DeepSettings
from ppu_programs.two_layer.settings import CURRENT_ONE
from ppu_programs.two_layer.tables import look_up

LAMBDA_BITS = 2  # behind the point of lambdas: products of what is small round to themselves, and would never decay
PUSH_LIMIT = (1 << 17) - 1
AGAIN_SHIFT = 2  # of what a later spike of a neuron leaves to an earlier one, which is kept in 16 bits
NOT_LEARNED = -1  # in the place of the exponent: all errors of the sample are zero


def backward_kernel(settings: DeepSettings) -> Kernel:
    """Return the kernel ``backward``; it adds a sample's gradient to ``gradient``."""
    second = settings.of_layer(1)
    targets, duration, refractory = second.hidden, second.duration_ticks, second.refractory_ticks
    threshold, least_excess, latency = second.threshold_current, second.least_excess, latency_ticks(second)
    syn, mem, coupled, slope = (i * second.table_entries for i in range(4))
    to_excess = CURRENT_ONE >> CURRENT_BITS
    to_again = 11 + LAMBDA_BITS - (8 - CURRENT_BITS) + AGAIN_SHIFT
    lower = settings.between_shift + LAMBDA_BITS

    @subroutine
    def back(v, m, ticks):
        """Take lambda_V in V0 and lambda_I in V1 so many ticks back."""
        if ticks > 0:
            splat16(v, V2, look_up(v, m, syn, ticks))
            splat16(v, V3, look_up(v, m, coupled, ticks))
            splat16(v, V4, look_up(v, m, mem, ticks))
            mac16_sat(v, V1, V1, V2)
            mac16_sat(v, V3, V0, V3)
            mac16_sat(v, V0, V0, V4)
            add16_sat(v, V1, V1, V3)

    @subroutine
    def set_lane(v, m, lane, value):
        """Set lambda_V of a neuron, and return what it was."""
        store16(v, V0, m.lanes, 0)
        before = m.lanes[lane]
        m.lanes[lane] = value
        load16(v, V0, m.lanes, 0)
        return before

    @subroutine
    def current_at_release(v, m, spike, lane, release, n):
        """Return the current at a release, from that at the spike before it and arrivals between, n the last one."""
        word = m.record[spike + RECORD_HEADER_WORDS]
        ticks = word >> 16
        total = saturate16(((word << 16) >> 16) * look_up(v, m, syn, refractory) >> 15)
        arrival = (m.record[n + RECORD_HEADER_WORDS] >> 16) + latency
        while arrival >= ticks:
            weight = m.weights[weight_place(v, m, m.who[n] - FIRST, lane)]
            total += weight * look_up(v, m, syn, release - arrival) >> (15 - CURRENT_BITS)
            n = source_before(v, m, n)
            arrival = -1
            if n >= 0:
                arrival = (m.record[n + RECORD_HEADER_WORDS] >> 16) + latency
        return saturate16(total)

    @subroutine
    def arrive(v, m, source):
        """Add to the gradients of a source, and return the push on its spike."""
        mac16_sat(v, V2, V1, V6)
        load16(v, V3, m.gradient, source)
        add16_sat(v, V3, V3, V2)
        store16(v, V3, m.gradient, source)
        sub16_sat(v, V2, V0, V1)
        load8(v, V3, m.weights, source >> 1)
        if source & 1:
            unpack_right(v, V3, V3, V5)
        else:
            unpack_left(v, V3, V3, V5)
        mac16_sat(v, V3, V3, V2)
        store16(v, V3, m.lanes, 1)
        total = 0
        for lane in range(LANES, LANES + targets):
            total += m.lanes[lane]
        return saturate16(total)

    @subroutine
    def impulse_of(v, m, spike, lane, left):
        """Return lambda_V of a spike, so many ticks before the end."""
        push = (m.again[lane] << AGAIN_SHIFT) - ((m.pulls[1 + lane] * look_up(v, m, slope, left)) >> 14)
        m.again[lane] = 0
        push = maximum(minimum(push, PUSH_LIMIT), -PUSH_LIMIT)
        current = (m.record[spike + RECORD_HEADER_WORDS] << 16) >> 16
        return saturate16(divide(push << (11 + LAMBDA_BITS), maximum(current * to_excess - threshold, least_excess)))

    @kernel
    def backward(v, m):
        """Walk back from event to event, until there is none left from the layer below."""
        round_products(v, m)
        splat16(v, V0, 0)
        splat16(v, V1, 0)
        store16(v, V0, m.lanes, 0)
        store16(v, V0, m.again, 0)
        splat16(v, V6, -(1 << (15 - lower)) >> m.pulls[0])
        now = duration
        alive = 0  # some lambda is not 0
        n = source_before(v, m, m.record[0])
        spike = spike_before(v, m, m.record[0])
        released = spike
        while n >= 0:
            arrival = (m.record[n + RECORD_HEADER_WORDS] >> 16) + latency
            spiked = -1
            release = -1
            if spike >= 0:
                spiked = m.record[spike + RECORD_HEADER_WORDS] >> 16
            if released >= 0:
                release = (m.record[released + RECORD_HEADER_WORDS] >> 16) + refractory
            if release >= arrival and release >= spiked:
                lane = m.who[released]
                if m.lanes[lane] != 0:
                    back(v, m, now - release)
                    now = release
                    lambda_v = set_lane(v, m, lane, 0)
                    current = current_at_release(v, m, released, lane, release, n)
                    m.again[lane] = saturate16(current * lambda_v >> to_again)
                released = spike_before(v, m, released)
            elif arrival >= spiked:
                push = 0
                if alive:
                    back(v, m, now - arrival)
                    now = arrival
                    push = arrive(v, m, m.who[n] - FIRST)
                m.record[n + RECORD_HEADER_WORDS] = ((arrival - latency) << 16) | (push & 0xFFFF)
                n = source_before(v, m, n)
            else:
                lane = m.who[spike]
                if spiked < duration:
                    impulse = impulse_of(v, m, spike, lane, duration - spiked)
                    if impulse != 0:
                        back(v, m, now - spiked)
                        now = spiked
                        set_lane(v, m, lane, impulse)
                        alive = 1
                spike = spike_before(v, m, spike)

    return backward
