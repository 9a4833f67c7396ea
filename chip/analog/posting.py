"""Insertion into the sorted queues of the analog core.

Each function checks what it is given, changes nothing if it cannot do all of it, and returns DONE (0), FULL where the
queue is too short, or what is wrong as a negative number.
"""

from __future__ import annotations

from chip import constants as c
from chip.analog.inner import inner, outer
from chip.analog.layout import (
    EVENT_HEAD,
    EVENT_TAIL,
    LOOK_HEAD,
    LOOK_TAIL,
    NOW,
    RESET_HEAD,
    RESET_TAIL,
    WRITE_HEAD,
    WRITE_TAIL,
)

DONE = 0
FULL, BAD_TIME, BAD_ROW, BAD_WEIGHT, TWICE = -1, -2, -3, -4, -5
MISSING, PENDING = -1, -2  # of ``take_look``
BAD_PART = -(1 << 60)  # of ``insert_events``
LAST_LABEL = 0xFFFF
INJECTED = 1 << 16  # in the word of an event that a processor puts on PADI busses
NEVER = -1  # in place of a conversion that was read


@inner
def _insert(keys, head, tail, key):
    """Insert a key behind its equals into the sorted ``keys[head:tail]``, which has room."""
    at = tail
    while at > head and keys[at - 1] > key:
        keys[at] = keys[at - 1]
        at -= 1
    keys[at] = key


def padi_word(hemisphere: int, busses: int, row_select: int, label: int) -> int:
    """Return the word of an event that a processor puts on the PADI busses of a hemisphere, a bit each."""
    return INJECTED | hemisphere << 15 | busses << 11 | row_select << 6 | label


@inner
def _is_off(clock, time_ns):
    """Say whether nothing can be posted for a time."""
    return time_ns < clock[NOW] or time_ns >= c.END_NS or time_ns % c.EVENT_CLOCK_NS != 0


@outer
def insert_events(clock, keys, times_ns, words, first, last, zero_ns, highest):
    """Insert events first..last - 1, ``time << 17 | word``, at int64 times after ``zero_ns``.

    Words are labels, or come from ``padi_word``; the caller says which is the highest. Returns DONE, FULL, BAD_PART for
    events that are not there, or -2 - i for event i that comes too early, is off the clock, or has another word.
    """
    if first < 0 or last < first or last > times_ns.size or last > words.size:
        return BAD_PART
    if clock[EVENT_TAIL] + last - first > keys.size:
        return FULL
    for i in range(first, last):
        time_ns = zero_ns + times_ns[i]
        if _is_off(clock, time_ns) or words[i] < 0 or words[i] > highest:
            return -2 - i
    for i in range(first, last):
        _insert(keys, clock[EVENT_HEAD], clock[EVENT_TAIL], ((zero_ns + times_ns[i]) << 17) | words[i])
        clock[EVENT_TAIL] += 1
    return DONE


@outer
def insert_look(clock, keys, key):
    """Insert a conversion; return DONE or FULL."""
    if clock[LOOK_TAIL] >= keys.size:
        return FULL
    _insert(keys, clock[LOOK_HEAD], clock[LOOK_TAIL], key)
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


@inner
def _insert_vector(keys, values, head, tail, key, vector):
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


@outer
def insert_rows(clock, keys, values, zero_ns, times_ns, hemisphere, rows, half, vectors):
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
        if _is_off(clock, time_ns):
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
        _insert_vector(keys, values, head, tail + n, key, vectors[n])
    clock[WRITE_TAIL] = tail + rows.size
    return DONE


@outer
def insert_row(clock, keys, values, first_ns, step_ns, hemisphere, row, vectors):
    """Insert the writes of both halves of a row, the odd one ``step_ns`` > 0 later: uint8[2, 128] weights.

    Returns DONE, FULL, BAD_TIME, BAD_ROW, BAD_WEIGHT, or TWICE, as ``insert_rows`` does.
    """
    head, tail = clock[WRITE_HEAD], clock[WRITE_TAIL]
    if tail + c.HALVES > keys.size:
        return FULL
    if row < 0 or row >= c.ROWS:
        return BAD_ROW
    if _is_off(clock, first_ns) or _is_off(clock, first_ns + step_ns):
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
        _insert_vector(keys, values, head, tail + half, key, vectors[half])
    clock[WRITE_TAIL] = tail + c.HALVES
    return DONE


@inner
def _write_key(time_ns, hemisphere, row, half):
    return (time_ns << 10) | ((hemisphere * c.ROWS + row) * c.HALVES + half)


@outer
def insert_reset(clock, keys, masks, key, mask):
    """Insert a neuron reset with its uint8[128] mask, 0 or 1; of two resets of a half at one time both masks act.

    Returns DONE or FULL.
    """
    head, tail = clock[RESET_HEAD], clock[RESET_TAIL]
    for i in range(tail - 1, head - 1, -1):
        if keys[i] == key:
            for lane in range(c.LANES):
                masks[i, lane] |= mask[lane]
            return DONE
    if tail >= keys.size:
        return FULL
    _insert_vector(keys, masks, head, tail, key, mask)
    clock[RESET_TAIL] = tail + 1
    return DONE
