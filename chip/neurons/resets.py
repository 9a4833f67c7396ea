"""Neuron resets: half rows of them, posted with their times, some lanes masked out."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.inner import inner, outer
from chip.base.queues import (
    DONE,
    FULL,
    insert_vector,
)
from chip.base.timeline import (
    RESET_HEAD,
    RESET_TAIL,
)


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
    insert_vector(keys, masks, head, tail, key, mask)
    clock[RESET_TAIL] = tail + 1
    return DONE


@inner
def resets_before(until_ns, queues):
    """Return the index behind the last pending neuron reset before a time."""
    last = queues.clock[RESET_HEAD]
    while last < queues.clock[RESET_TAIL] and queues.resets[last] >> 2 < until_ns:
        last += 1
    return last


def lanes_of(mask: np.ndarray) -> np.ndarray:
    """Return uint8[128], 1 where a mask's byte is > 0 as a signed number (verified: libnux), else 0.

    Raises:
        ValueError: a mask of another shape than [128], or of other elements than uint8, int8 or bool.
    """
    mask = np.asarray(mask)
    if mask.shape != (c.LANES,):
        raise ValueError(f"a neuron reset mask has the shape {mask.shape}; it must be ({c.LANES},)")
    if mask.dtype.itemsize != 1 or mask.dtype.kind not in "uib":
        raise ValueError(f"a neuron reset mask is {mask.dtype}; its elements are bytes: give uint8, int8 or bool")
    return (mask.view(np.int8) > 0).view(np.uint8)
