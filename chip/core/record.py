"""The spike record of a sample: from the core's log to the words that the FPGA writes."""

from __future__ import annotations

from chip.base.grid import RECORDED_SHIFT
from chip.base.inner import inlined, outer
from chip.base.timeline import COMMITTED, LOG_COUNT
from chip.core.observe import quiet_until
from chip.core.packed import bounds_of, neurons_of, noise_of, queues_of

NOT_COMMITTED = -1


@outer
def pack_log(table, start_ns, end_ns, tick_ns, words):
    """Write ``time stamp << 16 | label`` of recorded spikes in an interval into uint32 words; return their count.

    Time stamps count ``tick_ns`` from ``start_ns``. Spikes that find no more room are counted, not written. Returns
    NOT_COMMITTED where there may be spikes before ``end_ns`` that are not in the log yet.
    """
    return _pack_log(start_ns, end_ns, tick_ns, words, neurons_of(table), noise_of(table), queues_of(table), None)


@outer
def pack_log_bounded(table, start_ns, end_ns, tick_ns, words):
    """Do as ``pack_log`` does where neurons have bounds."""
    return _pack_log(start_ns, end_ns, tick_ns, words, neurons_of(table), noise_of(table), queues_of(table),
                     bounds_of(table))  # fmt: skip


@inlined
def _pack_log(start_ns, end_ns, tick_ns, words, neurons, noise, queues, bounds):
    clock, log_time, log_info = queues.clock, queues.log_time, queues.log_info
    if clock[COMMITTED] < end_ns and quiet_until(neurons, noise, queues, bounds) < end_ns:
        return NOT_COMMITTED
    first = clock[LOG_COUNT]
    while first > 0 and log_time[first - 1] >= start_ns:
        first -= 1
    found = 0
    for i in range(first, clock[LOG_COUNT]):
        if log_time[i] >= end_ns:
            break
        if log_info[i] >> RECORDED_SHIFT == 1:
            if found < words.size:
                words[found] = ((log_time[i] - start_ns) // tick_ns << 16) | (log_info[i] & 0xFFFF)
            found += 1
    return found
