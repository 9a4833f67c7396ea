"""What the model of the event fabric takes for granted and no public source confirms."""

from __future__ import annotations

from chip.base.assumption import Assumption, Direction

FREE = (
    Assumption(
        "busses, crossbar and links carry every event: router.contention is off, and none waits or is lost",
        direction=Direction.BETTER,
    ),
)
CONTENTION = (
    Assumption("the crossbar passes the oldest event first; at one clock FPGA, processors, background, then neurons"),
    Assumption("what finds no room at its node is dropped; a neuron has one event that waits for its neuron output"),
    Assumption("the FPGA records when an event leaves the crossbar, less the latency of one that waits nowhere"),
    Assumption("reads and writes of processors over the links take no room from events", direction=Direction.BETTER),
)
