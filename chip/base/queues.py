"""Sorted queues of what is posted: a key that begins with a time, and where it has one, a vector beside it.

Whoever inserts something changes nothing if it cannot do all of it, and returns DONE (0), FULL where the queue is too
short, or what is wrong as a negative number.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.inner import inner
from chip.base.timeline import (
    NOW,
)

NO_ROOM = -1
DONE = 0
FULL, BAD_TIME, BAD_ROW, BAD_WEIGHT, TWICE = -1, -2, -3, -4, -5


@inner
def insert_key(keys, head, tail, key):
    """Insert a key behind its equals into the sorted ``keys[head:tail]``, which has room."""
    at = tail
    while at > head and keys[at - 1] > key:
        keys[at] = keys[at - 1]
        at -= 1
    keys[at] = key


@inner
def is_off(clock, time_ns):
    """Say whether nothing can be posted for a time."""
    return time_ns < clock[NOW] or time_ns >= c.END_NS or time_ns % c.EVENT_CLOCK_NS != 0


@inner
def insert_vector(keys, values, head, tail, key, vector):
    """Insert a key and its vector of 128; return where it stands."""
    at = tail
    while at > head and keys[at - 1] > key:
        at -= 1
    for i in range(tail, at, -1):
        keys[i] = keys[i - 1]
        for lane in range(c.LANES):
            values[i, lane] = values[i - 1, lane]
    keys[at] = key
    for lane in range(c.LANES):
        values[at, lane] = vector[lane]
