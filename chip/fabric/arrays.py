"""The fabric's arrays: routes of neurons, counters of events, and what waits where events queue."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from numba import int64, uint64

from chip.base.arrays.declared import Array, built, state, work

# second index of Network.routes
ROUTE_LABEL, ROUTE_TOP, ROUTE_BOTTOM, ROUTE_RECORDED, ROUTE_SENT, ROUTE_RETURNED = range(6)
# Queues.tally, in the order of COUNTERS
COUNTERS = (
    "from_fpga", "from_neurons", "from_processors", "sent", "delivered", "in_flight", "lost", "unrouted", "rows_driven",
    "synaptic_events", "spikes", "recorded", "grid_steps", "quiet_blocks", "from_background",
)  # fmt: skip
(FROM_FPGA, FROM_NEURONS, FROM_PROCESSORS, SENT, DELIVERED, IN_FLIGHT, LOST, UNROUTED, ROWS_DRIVEN,
 SYNAPTIC_EVENTS, SPIKES, RECORDED, STEPS, QUIET_BLOCKS,
 FROM_BACKGROUND) = range(15)  # fmt: skip

# Fabric.settings
CONTENTION, NODE_EVENTS, PULSE_NS, FRAME_TAKES_NS, LOSS_TO_CHIP, LOSS_IN_CROSSBAR, LOSS_TO_FPGA = range(7)
SETTINGS = 7
LOSS_BITS = 32  # of a probability of loss
# first index of Fabric.lines
FREE_NS, FIRST, LAST = range(3)
# first index of Fabric.links, and what of the last frame that was sent
TO_CHIP, TO_FPGA = range(2)
FRAME_NS, POSTED_NS, FRAME_EVENTS = range(3)
# Fabric.counts, where each begins: by node, by output, by neuron output, by driver, then single ones
PROCESSOR_INPUT = 20  # of lines: what a processor puts on a bus comes from no input of the crossbar
INPUTS = 21
OUTPUTS = 12
DROPPED = 0
PASSED = DROPPED + INPUTS * OUTPUTS
OUTPUT_LOST = PASSED + OUTPUTS
DRIVER_TAKEN = OUTPUT_LOST + 8
DRIVER_LOST = DRIVER_TAKEN + 256
(LATE, LOST_TO_CHIP, LOST_IN_CROSSBAR, LOST_TO_FPGA, FULL_TO_FPGA, RETURNED, RETURN_DROPPED, RETURN_LOST_IN_CROSSBAR,
 RETURN_WAITING, LATEST_NS) = range(DRIVER_LOST + 256, DRIVER_LOST + 266)  # fmt: skip
COUNTS = DRIVER_LOST + 266
LINE_ROOM = 256  # events that wait for an output, or have left in the step: a power of two
RETURNING_ROOM = 2048


class Fabric(NamedTuple):
    """What waits at the crossbar, on busses, in drivers and links; nothing where ``settings[CONTENTION]`` is 0.

    An output of the crossbar is a *line*: its events leave it one a clock, at times that are known when they enter.
    What begins with ``seen`` is a copy on which an observation goes on, so that it changes nothing.
    """

    settings: Annotated[Array, built(int64, (SETTINGS,), "", "see the indices above")]
    loss_key: Annotated[Array, built(uint64, (3,), "", "of the draws of losses: to the chip, in crossbar, to the FPGA")]
    taken_first: Annotated[Array, built(int64, (257,), "", "see chip.array.taking.Taking")]
    taken_drivers: Annotated[Array, built(int64, ("taken drivers",), "", "see chip.array.taking.Taking")]
    lines: Annotated[Array, state(int64, (3, OUTPUTS), "", "when free, ns; numbers of the first and of the next event")]
    waiting_ns: Annotated[Array, state(int64, (OUTPUTS, LINE_ROOM), "ns", "when events leave a line")]
    waiting: Annotated[Array, state(int64, (OUTPUTS, LINE_ROOM), "", "their words, see chip.fabric.lines")]
    drivers_ns: Annotated[Array, state(int64, (256,), "ns", "until when a driver is busy")]
    links: Annotated[Array, state(int64, (2, 3), "", "last frame: its begin, time of its events, how many it has")]
    outputs_ns: Annotated[Array, state(int64, (8,), "ns", "when a neuron output is free")]
    sent_ns: Annotated[Array, state(int64, (512,), "ns", "when a neuron's last event left its neuron output")]
    returning: Annotated[Array, state(int64, (RETURNING_ROOM,), "", "events on their way to the FPGA, see returning")]
    counts: Annotated[Array, state(int64, (COUNTS,), "events", "see the indices above")]
    generators: Annotated[Array, state(int64, (8, 9), "", "see chip.fabric.generators")]
    seen_lines: Annotated[Array, work(int64, (3, OUTPUTS), "", "as lines")]
    seen_waiting_ns: Annotated[Array, work(int64, (OUTPUTS, LINE_ROOM), "ns", "as waiting_ns")]
    seen_waiting: Annotated[Array, work(int64, (OUTPUTS, LINE_ROOM), "", "as waiting")]
    seen_drivers_ns: Annotated[Array, work(int64, (256,), "ns", "as drivers_ns")]
    seen_links: Annotated[Array, work(int64, (2, 3), "", "as links")]
    seen_outputs_ns: Annotated[Array, work(int64, (8,), "ns", "as outputs_ns")]
    seen_sent_ns: Annotated[Array, work(int64, (512,), "ns", "as sent_ns")]
    seen_returning: Annotated[Array, work(int64, (RETURNING_ROOM,), "", "as returning")]
    seen_counts: Annotated[Array, work(int64, (COUNTS,), "events", "as counts, but for what waits nobody reads them")]
    seen_generators: Annotated[Array, work(int64, (8, 9), "", "as generators")]
    seen_tally: Annotated[Array, work(int64, (len(COUNTERS),), "events", "as Queues.tally; nobody reads it")]


class Passage(NamedTuple):
    """The arrays that change while events pass: those of a fabric, or the copies on which an observation goes on."""

    lines: Array
    waiting_ns: Array
    waiting: Array
    drivers_ns: Array
    links: Array
    outputs_ns: Array
    sent_ns: Array
    returning: Array
    counts: Array
    generators: Array
    tally: Array
