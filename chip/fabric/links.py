"""The links between chip and FPGA: frames of up to three events, one after the other over all lanes.

A frame has 64 bits, which eight lanes of 1 Gbit/s take over in 8 ns, one lane in 64 (derived). To the chip a frame
takes events that the FPGA sends at one time, none is lost for want of room, but events come late; to the FPGA it takes
what waits when it begins. There an event may wait as long as its time stamp of 8 bits, in 8 ns, tells its time: one
that would wait longer is lost, and counted. So the FPGA, which rebuilds each time from stamp and system time, errs
never. Spikes are not repeated, unlike configuration: the probabilities ``router.loss_...`` say how many get lost for
other reasons, none by default.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.draws import STAGE, mixed, moment
from chip.base.inner import inlined, inner
from chip.fabric.arrays import (
    FRAME_EVENTS,
    FRAME_NS,
    FRAME_TAKES_NS,
    LATE,
    LATEST_NS,
    LOSS_BITS,
    POSTED_NS,
    TO_CHIP,
    TO_FPGA,
)

EVENTS_PER_FRAME = 3  # hxcomm event_constants, max_num_packed
FRAME_BITS = 64
STAMPS = 256  # 8 bits, in ticks of the FPGA's clock


@inner
def arrives_at(time_ns, settings, links):
    """Return when an event that the FPGA sends at a time, not before the last one's, reaches the crossbar."""
    if links[TO_CHIP, FRAME_EVENTS] == 0:
        return time_ns
    if links[TO_CHIP, POSTED_NS] == time_ns and links[TO_CHIP, FRAME_EVENTS] < EVENTS_PER_FRAME:
        return links[TO_CHIP, FRAME_NS]
    return max(time_ns, links[TO_CHIP, FRAME_NS] + settings[FRAME_TAKES_NS])


@inlined
def take_frame(time_ns, arrival_ns, passage):
    """Put an event into the frame to the chip with which it arrives."""
    link = passage.links[TO_CHIP]
    joins = link[FRAME_EVENTS] > 0 and link[FRAME_NS] == arrival_ns
    link[FRAME_EVENTS] = link[FRAME_EVENTS] + 1 if joins else 1
    link[FRAME_NS], link[POSTED_NS] = arrival_ns, time_ns
    if arrival_ns > time_ns:
        passage.counts[LATE] += 1
        passage.counts[LATEST_NS] = max(passage.counts[LATEST_NS], arrival_ns - time_ns)


@inlined
def takes(time_ns, settings, passage):
    """Put an event that leaves the crossbar for the FPGA into a frame; return whether there was room on the link."""
    link, frame_ns = passage.links[TO_FPGA], settings[FRAME_TAKES_NS]
    if link[FRAME_EVENTS] > 0 and link[FRAME_NS] >= time_ns and link[FRAME_EVENTS] < EVENTS_PER_FRAME:
        link[FRAME_EVENTS] += 1
        return True
    begins_ns = time_ns
    if link[FRAME_EVENTS] > 0:
        begins_ns = max(time_ns, link[FRAME_NS] + frame_ns)
    if (begins_ns + frame_ns) // c.FPGA_CLOCK_NS - time_ns // c.FPGA_CLOCK_NS >= STAMPS:
        return False
    link[FRAME_NS], link[POSTED_NS], link[FRAME_EVENTS] = begins_ns, time_ns, 1
    return True


@inner
def is_lost(loss, key, time_ns, word):
    """Say whether an event is lost, with a probability ``loss`` of 2^32, by chip, stage, time and event alone."""
    if loss == 0:
        return False
    drawn = mixed(key ^ moment(STAGE, time_ns) ^ np.uint64(word))
    return np.int64(np.uint64(drawn) >> np.uint64(64 - LOSS_BITS)) < loss
