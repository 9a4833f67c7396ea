"""Indices of the fabric's arrays: routes of neurons, and counters of events."""

from __future__ import annotations

# second index of Network.routes
ROUTE_LABEL, ROUTE_TOP, ROUTE_BOTTOM, ROUTE_RECORDED, ROUTE_SENT = range(5)
# Queues.tally, in the order of COUNTERS
COUNTERS = (
    "from_fpga", "from_neurons", "from_processors", "sent", "delivered", "in_flight", "lost", "unrouted", "rows_driven",
    "synaptic_events", "spikes", "recorded", "grid_steps", "quiet_blocks",
)  # fmt: skip
(FROM_FPGA, FROM_NEURONS, FROM_PROCESSORS, SENT, DELIVERED, IN_FLIGHT, LOST, UNROUTED, ROWS_DRIVEN,
 SYNAPTIC_EVENTS, SPIKES, RECORDED, STEPS, QUIET_BLOCKS) = range(14)  # fmt: skip
