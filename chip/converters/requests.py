"""Conversions of membranes: posted with their times, read once."""

from __future__ import annotations

from chip.base.inner import outer
from chip.base.queues import (
    DONE,
    FULL,
    insert_key,
)
from chip.base.timeline import (
    LOOK_HEAD,
    LOOK_TAIL,
)

MISSING, PENDING = -1, -2  # of ``take_look``
NEVER = -1  # in place of a conversion that was read


@outer
def insert_look(clock, keys, key):
    """Insert a conversion; return DONE or FULL."""
    if clock[LOOK_TAIL] >= keys.size:
        return FULL
    insert_key(keys, clock[LOOK_HEAD], clock[LOOK_TAIL], key)
    clock[LOOK_TAIL] += 1
    return DONE


@outer
def take_look(clock, keys, values, key, result):
    """Copy a conversion that is done into uint8[n] ``result``, its first n values, and strike it out.

    Returns DONE, PENDING if it is not done yet, or MISSING.
    """
    for i in range(clock[LOOK_TAIL] - 1, -1, -1):
        if keys[i] == key:
            if i >= clock[LOOK_HEAD]:
                return PENDING
            keys[i] = NEVER
            for n in range(min(result.size, values.shape[1])):
                result[n] = values[i, n]
            return DONE
    return MISSING
