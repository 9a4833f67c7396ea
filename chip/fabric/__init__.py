"""From an event's label to the PADI busses that take it: crossbar, busses, counters."""
