"""Conversions of membranes: posted with their times, read once."""

from __future__ import annotations

from chip.base.inner import outer
from chip.base.queues import (
    DONE,
    FULL,
    insert_key,
)
from chip.base.timeline import (
    CONVERSION_HEAD,
    CONVERSION_TAIL,
)

MISSING, PENDING = -1, -2  # of ``take_conversion``
NEVER = -1  # in place of a conversion that was read


@outer
def insert_conversion(clock, keys, key):
    """Insert a conversion; return DONE or FULL."""
    if clock[CONVERSION_TAIL] >= keys.size:
        return FULL
    insert_key(keys, clock[CONVERSION_HEAD], clock[CONVERSION_TAIL], key)
    clock[CONVERSION_TAIL] += 1
    return DONE


@outer
def take_conversion(clock, keys, values, key, result):
    """Copy a conversion that is done into uint8[n] ``result``, its first n values, and strike it out.

    Returns DONE, PENDING if it is not done yet, or MISSING.
    """
    for i in range(clock[CONVERSION_TAIL] - 1, -1, -1):
        if keys[i] == key:
            if i >= clock[CONVERSION_HEAD]:
                return PENDING
            keys[i] = NEVER
            for n in range(min(result.size, values.shape[1])):
                result[n] = values[i, n]
            return DONE
    return MISSING
