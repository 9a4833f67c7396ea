"""Longer arrays, where queues and records run out of room; by their tables, see :mod:`chip.base.arrays.declared`.

Each function takes a block and returns it, with longer arrays where that was needed: then compiled code must be told.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from chip.base.arrays.declared import queues_of, table_of

Block = TypeVar("Block", bound=tuple)


def make_room(block: Block, head: int, count: int) -> Block:
    """Make a queue take so many more elements: close it up, then lengthen it."""
    clock = block.clock
    names = queues_of(type(block))[head]
    size = getattr(block, names[0]).shape[0]
    if clock[head + 1] + count <= size:
        return block
    kept, done = standing(block, head)
    longer = size
    while kept.size + count > longer // 2:
        longer *= 2
    changed = {}
    for name in names:
        array = target = getattr(block, name)
        if longer > size:
            target = changed[name] = np.zeros((longer, *array.shape[1:]), array.dtype)
        target[: kept.size] = array[kept]
    clock[head], clock[head + 1] = done, kept.size
    return block._replace(**changed) if changed else block


def standing(block: tuple, head: int) -> tuple[np.ndarray, int]:
    """Return where the elements of a queue stand that somebody waits for, and how many of them are before its head."""
    clock, (keys, *_) = block.clock, queues_of(type(block))[head]
    waiting = np.arange(clock[head], clock[head + 1])
    if not table_of(type(block))[keys].answered:
        return waiting, 0
    untaken = np.flatnonzero(getattr(block, keys)[: clock[head]] >= 0)
    return np.concatenate([untaken, waiting]), untaken.size


def outgrown(block: Block) -> Block:
    """Double what compiled code puts elements into; their places stay."""
    names = [name for name, line in table_of(type(block)).items() if line.outgrown]
    return block._replace(**{name: doubled(getattr(block, name)) for name in names})


def doubled(array: np.ndarray) -> np.ndarray:
    """Return an array of twice the length, whose second half is 0."""
    return np.concatenate([array, np.zeros_like(array)])


def filled(array: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return an array with a content at its front, a longer one where it does not fit."""
    if content.shape[0] > array.shape[0]:
        array = np.zeros((2 * content.shape[0], *array.shape[1:]), array.dtype)
    array[: content.shape[0]] = content
    return array
