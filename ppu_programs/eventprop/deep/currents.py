"""The second layer's currents at its spikes: forward in time, a lane a neuron.

    I_j(t) = sum_i w_ij exp(-(t - a_i) / tau_syn)        a_i: when spikes of the first layer arrive, before t

Fixed point: 1/64 of a weight step, 16 bits, saturating: what is beyond is eight thresholds and more by default. Of a
record's word for a spike of the second layer the current replaces the label, which ``who`` has told.
"""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import (
    V0,
    V1,
    V2,
    V3,
    V5,
    V8,
    V9,
    Kernel,
    add16_sat,
    kernel,
    load8,
    mac16_sat,
    mul_to_accumulator16_mod,
    splat8,
    splat16,
    store16,
    subroutine,
    unpack_left,
    unpack_right,
)
from ppu_programs.eventprop.deep.events import FIRST, NOBODY
from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer.settings import TICK_NS
from ppu_programs.two_layer.tables import look_up

CURRENT_BITS = 6  # behind the point


def latency_ticks(settings: Settings) -> int:
    """From a spike of the first layer to the second one's synapses."""
    return round(settings.latency_ns / TICK_NS)


@subroutine
def round_products(v, m):
    """Put half a step of a product's upper halfword into the accumulator: ``mac16_sat`` rounds from now on."""
    splat16(v, V8, 256)
    splat16(v, V9, 128)
    mul_to_accumulator16_mod(v, V8, V9)
    splat8(v, V5, 0)


def currents_kernel(settings: Settings) -> Kernel:
    """Return the kernel ``currents``; settings are those of the second layer."""
    latency = latency_ticks(settings)

    @subroutine
    def take(v, m, source):
        """Add the weights of a source, 2^14 a step behind unpacking, to the currents in V0."""
        load8(v, V1, m.weights, source >> 1)
        if source & 1:
            unpack_right(v, V1, V1, V5)
        else:
            unpack_left(v, V1, V1, V5)
        mac16_sat(v, V1, V1, V3)
        add16_sat(v, V0, V0, V1)

    @kernel
    def currents(v, m):
        """Go from spike to spike of the second layer; in one tick its spikes come before arrivals."""
        round_products(v, m)
        splat16(v, V0, 0)
        splat16(v, V3, 1 << (CURRENT_BITS + 7))
        now = 0
        following = 0  # the next event that may arrive
        for n in range(m.record[0]):
            lane = m.who[n]
            if lane < FIRST:
                ticks = m.record[n + RECORD_HEADER_WORDS] >> 16
                arrival = (m.record[following + RECORD_HEADER_WORDS] >> 16) + latency
                while arrival < ticks:
                    source = m.who[following]
                    if source >= FIRST and source < NOBODY:
                        if arrival > now:
                            splat16(v, V2, look_up(v, m, 0, arrival - now))
                            mac16_sat(v, V0, V0, V2)
                            now = arrival
                        take(v, m, source - FIRST)
                    following += 1
                    arrival = (m.record[following + RECORD_HEADER_WORDS] >> 16) + latency
                if ticks > now:
                    splat16(v, V2, look_up(v, m, 0, ticks - now))
                    mac16_sat(v, V0, V0, V2)
                    now = ticks
                store16(v, V0, m.lanes, 0)
                m.record[n + RECORD_HEADER_WORDS] = (ticks << 16) | (m.lanes[lane] & 0xFFFF)

    return currents
