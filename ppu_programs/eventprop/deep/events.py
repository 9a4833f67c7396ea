"""What a sample's record says to the second hidden layer: which events are its own, and which come from the first.

``who`` names the events in the order of the record: the lane of a neuron of the second layer, ``FIRST`` plus the row
of a neuron of the first one, or ``NOBODY``, an input. Rows are those of the stream, ``row_of`` the neurons.
"""

from __future__ import annotations

from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import Kernel, kernel, subroutine
from ppu_programs.placement import INPUT_MARK, POPULATION_MASK, Placement
from ppu_programs.two_layer.layout import hidden_lane

FIRST = 64  # neurons of the second layer have numbers below
NOBODY = 255
MOST_FIRST = NOBODY - FIRST


def layer_code(placement: Placement, layer: int) -> int:
    """The bits by which the spikes of a layer differ from those of others, in their labels."""
    return int(placement.spike_labels(layer)[0]) & POPULATION_MASK


def name_events_kernel(placement: Placement) -> Kernel:
    """Return the kernel ``name_events``, which writes ``who``."""
    first = layer_code(placement, 0)

    @kernel
    def name_events(v, m):
        """Part the events by their marks."""
        for n in range(m.record[0]):
            word = m.record[n + RECORD_HEADER_WORDS]
            if word & INPUT_MARK:
                m.who[n] = NOBODY
            elif word & POPULATION_MASK == first:
                m.who[n] = FIRST + m.row_of[hidden_lane(v, m, word & 0xFFFF)]
            else:
                m.who[n] = hidden_lane(v, m, word & 0xFFFF)

    return name_events


@subroutine
def source_before(v, m, n):
    """Return the last event before event n that comes from the first layer, -1 where there is none."""
    n -= 1
    while n >= 0 and (m.who[n] < FIRST or m.who[n] == NOBODY):
        n -= 1
    return n


@subroutine
def spike_before(v, m, n):
    """Return the last event before event n that is a spike of the second layer, -1 where there is none."""
    n -= 1
    while n >= 0 and m.who[n] >= FIRST:
        n -= 1
    return n


@kernel
def gather_pushes(v, m):
    """Leave the spikes of the first layer in the record alone, with the pushes on them."""
    kept = 0
    for n in range(m.record[0]):
        if m.who[n] >= FIRST and m.who[n] < NOBODY:
            m.record[kept + RECORD_HEADER_WORDS] = m.record[n + RECORD_HEADER_WORDS]
            kept += 1
    m.record[0] = kept
