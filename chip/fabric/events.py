"""Events on their way to the crossbar, and those that processors put on PADI busses: their queue."""

from __future__ import annotations

from chip.base.inner import outer
from chip.base.queues import (
    DONE,
    FULL,
    insert_key,
    is_off,
)

BAD_PART = -(1 << 60)  # of ``insert_events``


@outer
def insert_events(clock, keys, head, times_ns, words, first, last, zero_ns, highest):
    """Insert events first..last - 1, ``time << 17 | word``, at int64 times after ``zero_ns``, into a queue of a head.

    Words are labels, or come from ``padi_word``; the caller says which is the highest. Returns DONE, FULL, BAD_PART for
    events that are not there, or -2 - i for event i that comes too early, is off the clock, or has another word.
    """
    if first < 0 or last < first or last > times_ns.size or last > words.size:
        return BAD_PART
    if clock[head + 1] + last - first > keys.size:
        return FULL
    for i in range(first, last):
        time_ns = zero_ns + times_ns[i]
        if is_off(clock, time_ns) or words[i] < 0 or words[i] > highest:
            return -2 - i
    for i in range(first, last):
        insert_key(keys, clock[head], clock[head + 1], ((zero_ns + times_ns[i]) << 17) | words[i])
        clock[head + 1] += 1
    return DONE
