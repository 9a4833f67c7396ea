"""The spike record of a sample: from the core's log to the words that the FPGA writes."""

from __future__ import annotations

from chip.analog.inner import outer
from chip.analog.layout import LOG_COUNT, RECORDED_SHIFT


@outer
def pack_log(clock, log_time, log_info, start_ns, end_ns, tick_ns, words):
    """Write ``time stamp << 16 | label`` of recorded spikes in an interval into uint32 words; return their count.

    Time stamps count ``tick_ns`` from ``start_ns``. Spikes that find no more room are counted, not written.
    """
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
