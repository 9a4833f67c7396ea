"""Writes of weights: half rows, posted with their times.

``Network.weights`` is the one copy of the weights, as all writes that are posted leave them. A write that has not come
about yet keeps what it replaces, so that the weights at a time are those less the writes behind it: at the time of an
event, what the first write behind it replaces, or else the row itself.
"""

from __future__ import annotations

from chip.base import constants as c
from chip.base.inner import inner, outer
from chip.base.queues import (
    BAD_ROW,
    BAD_TIME,
    BAD_WEIGHT,
    DONE,
    FULL,
    TWICE,
    is_off,
)
from chip.base.timeline import (
    WRITE_HEAD,
    WRITE_TAIL,
)


@inner
def forget_writes(until_ns, queues):
    """Forget what all weight writes before a time have replaced."""
    head = queues.clock[WRITE_HEAD]
    while head < queues.clock[WRITE_TAIL] and queues.writes[head] >> 10 < until_ns:
        head += 1
    queues.clock[WRITE_HEAD] = head


@inner
def _insert(keys, replaced, head, tail, key, weights, vector):
    """Insert a write, which replaces what stands before it and is replaced by the next one to its row half, if any."""
    row_half = key & 0x3FF
    at = tail
    while at > head and keys[at - 1] > key:
        at -= 1
    later = -1
    for i in range(tail, at, -1):
        keys[i] = keys[i - 1]
        for lane in range(c.LANES):
            replaced[i, lane] = replaced[i - 1, lane]
        if keys[i] & 0x3FF == row_half:
            later = i
    keys[at] = key
    if later < 0:
        for lane in range(c.LANES):
            replaced[at, lane] = weights[row_half, lane]
            weights[row_half, lane] = vector[lane]
    else:
        for lane in range(c.LANES):
            replaced[at, lane] = replaced[later, lane]
            replaced[later, lane] = vector[lane]


@outer
def insert_rows(clock, keys, replaced, weights, zero_ns, times_ns, hemisphere, rows, half, vectors):
    """Insert writes of row halves, ``time << 10 | (hemisphere * 256 + row) * 2 + half``, with uint8[n, 128] weights.

    Times are int64[n] after ``zero_ns``. Returns DONE, FULL, BAD_TIME, BAD_ROW, BAD_WEIGHT, or TWICE for two writes to
    a row half at one time.
    """
    head, tail = clock[WRITE_HEAD], clock[WRITE_TAIL]
    if tail + rows.size > keys.size:
        return FULL
    for n in range(rows.size):
        if rows[n] < 0 or rows[n] >= c.ROWS:
            return BAD_ROW
    for n in range(rows.size):
        time_ns = zero_ns + times_ns[n]
        if is_off(clock, time_ns):
            return BAD_TIME
        largest = 0
        for lane in range(c.LANES):
            largest = max(largest, vectors[n, lane])
        if largest > c.WEIGHT_MAX:
            return BAD_WEIGHT
        key = _write_key(time_ns, hemisphere, rows[n], half)
        at = tail
        while at > head and keys[at - 1] >= key:
            at -= 1
            if keys[at] == key:
                return TWICE
        if n > 0 and key <= _write_key(zero_ns + times_ns[n - 1], hemisphere, rows[n - 1], half):
            for m in range(n):
                if _write_key(zero_ns + times_ns[m], hemisphere, rows[m], half) == key:
                    return TWICE
    for n in range(rows.size):
        key = _write_key(zero_ns + times_ns[n], hemisphere, rows[n], half)
        _insert(keys, replaced, head, tail + n, key, weights, vectors[n])
    clock[WRITE_TAIL] = tail + rows.size
    return DONE


@outer
def insert_row(clock, keys, replaced, weights, first_ns, step_ns, hemisphere, row, vectors):
    """Insert the writes of both halves of a row, the odd one ``step_ns`` > 0 later: uint8[2, 128] weights.

    Returns DONE, FULL, BAD_TIME, BAD_ROW, BAD_WEIGHT, or TWICE, as ``insert_rows`` does.
    """
    head, tail = clock[WRITE_HEAD], clock[WRITE_TAIL]
    if tail + c.HALVES > keys.size:
        return FULL
    if row < 0 or row >= c.ROWS:
        return BAD_ROW
    if is_off(clock, first_ns) or is_off(clock, first_ns + step_ns):
        return BAD_TIME
    largest = 0
    for half in range(c.HALVES):
        for lane in range(c.LANES):
            largest = max(largest, vectors[half, lane])
        key = _write_key(first_ns + half * step_ns, hemisphere, row, half)
        at = tail
        while at > head and keys[at - 1] >= key:
            at -= 1
            if keys[at] == key:
                return TWICE
    if largest > c.WEIGHT_MAX:
        return BAD_WEIGHT
    for half in range(c.HALVES):
        key = _write_key(first_ns + half * step_ns, hemisphere, row, half)
        _insert(keys, replaced, head, tail + half, key, weights, vectors[half])
    clock[WRITE_TAIL] = tail + c.HALVES
    return DONE


@inner
def _write_key(time_ns, hemisphere, row, half):
    return (time_ns << 10) | ((hemisphere * c.ROWS + row) * c.HALVES + half)
