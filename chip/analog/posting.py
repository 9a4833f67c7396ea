"""Insertion into the sorted queues of the analog core."""

from __future__ import annotations

from chip import constants as c
from chip.analog.inner import inlined, outer


@outer
def insert(keys, head, tail, key):
    """Insert a key behind its equals into the sorted ``keys[head:tail]``; return the new tail. The array has room."""
    at = tail
    while at > head and keys[at - 1] > key:
        keys[at] = keys[at - 1]
        at -= 1
    keys[at] = key
    return tail + 1


@outer
def insert_events(keys, head, tail, times_ns, labels, earliest_ns):
    """Insert events ``time << 16 | label``; return the new tail, or -1 - i if event i is early or off the clock."""
    for i in range(times_ns.size):
        if times_ns[i] < earliest_ns or times_ns[i] % c.EVENT_CLOCK_NS != 0:
            return -1 - i
    for i in range(times_ns.size):
        tail = insert(keys, head, tail, (times_ns[i] << 16) | labels[i])
    return tail


@inlined
def _insert_vector(keys, values, head, tail, key, vector):
    at = tail
    while at > head and keys[at - 1] > key:
        at -= 1
    if at > head and keys[at - 1] == key:
        return -1
    for i in range(tail, at, -1):
        keys[i] = keys[i - 1]
        for lane in range(c.LANES):
            values[i, lane] = values[i - 1, lane]
    keys[at] = key
    for lane in range(c.LANES):
        values[at, lane] = vector[lane]
    return tail + 1


@outer
def insert_vectors(keys, values, head, tail, new_keys, vectors):
    """Insert keys with a vector of 128 each; return the new tail, or -1 with nothing changed if one is there twice."""
    for n in range(new_keys.size):
        at = tail
        while at > head and keys[at - 1] >= new_keys[n]:
            at -= 1
            if keys[at] == new_keys[n]:
                return -1
        if n > 0 and new_keys[n] <= new_keys[n - 1]:
            for m in range(n):
                if new_keys[m] == new_keys[n]:
                    return -1
    for n in range(new_keys.size):
        tail = _insert_vector(keys, values, head, tail, new_keys[n], vectors[n])
    return tail


@outer
def insert_vector(keys, values, head, tail, key, vector):
    """Insert a key and its vector of 128; return the new tail, or -1 if the very key is there already."""
    return _insert_vector(keys, values, head, tail, key, vector)


@outer
def last_index(keys, count, key):
    """Return the last index below ``count`` at which a key stands, or -1."""
    for i in range(count - 1, -1, -1):
        if keys[i] == key:
            return i
    return -1
