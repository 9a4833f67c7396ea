"""What a chip can lose, or do too late: one name for each, for counts, reports and files."""

from __future__ import annotations

from enum import StrEnum


class Loss(StrEnum):
    """The losses by name, in the order of reports."""

    RECORDED_SPIKES = "recorded spikes"
    TRACE_EVENTS = "events of the trace"
    LATE_STIMULI = "late stimuli"
    TORN_READS = "reads of half-written memory"
    EVENTS = "events"
    DRIVER_EVENTS = "events at busy drivers"
    RETURNED_EVENTS = "events on their way to the FPGA"
    LINK_EVENTS = "events on their way to the chip"
    DOORBELLS = "doorbells"
    WEIGHT_OVERFLOWS = "weight overflows"
    RACES = "races between PPUs"
    LATE_TASKS = "late tasks"
    DROPPED_TASKS = "dropped tasks"
    RECORDS = "records of full recordings"
    SATURATED_CONVERSIONS = "saturated conversions"  # counted by the testing kit only
