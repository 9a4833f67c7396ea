"""The elements of ``Queues.clock``: times, and where each queue begins and ends."""

from __future__ import annotations

# Queues.clock
(COMMITTED, NOW, EVENT_HEAD, EVENT_TAIL, FLIGHT_HEAD, FLIGHT_TAIL, WRITE_HEAD, WRITE_TAIL, RESET_HEAD, RESET_TAIL,
 CONVERSION_HEAD, CONVERSION_TAIL, LOG_COUNT, HELD_COUNT, NEXT_RELEASE, DRIVEN_COUNT) = range(16)  # fmt: skip
CLOCK_FIELDS = 16
