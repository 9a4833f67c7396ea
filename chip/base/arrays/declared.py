"""Declarations: a block says in one table what its arrays are, and how each of them lives.

The table is a class of :class:`typing.NamedTuple`, of whose fields each is annotated with a line of it:

    now: Annotated[Array, state(float64, (3, SLOTS), "LSB", "u, excitatory and inhibitory current")]

From it follow how compiled code gets the arrays (:mod:`chip.base.arrays.packing`), how they are lengthened
(:mod:`chip.base.arrays.growth`), and what of them a snapshot holds (:mod:`chip.base.arrays.kept`).
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import NamedTuple, get_type_hints

import numpy as np
from numba import types

Array = np.ndarray
Shape = tuple[int | str, ...]  # a length, or the name of one


class Life(Enum):
    """What becomes of an array; a snapshot holds none of those that are built or work space."""

    BUILT = "follows from registers and configuration, or from the state"
    STATE = "changes; the future depends on all of it"
    COUNTS = "changes; the future depends on some of its elements, the others count what queues and records hold"
    QUEUE = "lies between a head and a tail, sorted"
    RECORD = "is written from its front on, so many elements"
    POOL = "lies anywhere; the first array of a pool has 0 where nothing is, else a number"
    WORK = "carries nothing from one call to the next"


class Declared(NamedTuple):
    """A line of a table.

    Attributes:
        dtype: numba's type of an element.
        shape: a length of each dimension; equal names stand for equal lengths within a block.
        unit: of its elements; empty for numbers, indices and keys.
        what: it is, a sentence without its end.
        life: what becomes of it.
        counts: elements of the block's field ``clock``: of a queue its head, which its tail follows; of a record the
            number of its elements; of ``clock`` itself those that a snapshot holds.
        outgrown: whether compiled code puts elements into it, which asks for a longer one where the room ends.
        answered: of a queue whose elements wait before the head until somebody takes them, then they are negative.
    """

    dtype: types.Type
    shape: Shape
    unit: str
    what: str
    life: Life
    counts: tuple[int, ...] = ()
    outgrown: bool = False
    answered: bool = False

    @property
    def array(self) -> types.Array:
        """The type as compiled code sees it."""
        return types.Array(self.dtype, len(self.shape), "C")


def built(dtype: types.Type, shape: Shape, unit: str, what: str) -> Declared:
    """Declare an array that follows from registers and configuration, or from the state."""
    return Declared(dtype, shape, unit, what, Life.BUILT)


def state(dtype: types.Type, shape: Shape, unit: str, what: str) -> Declared:
    """Declare an array that changes, on all of which the future depends."""
    return Declared(dtype, shape, unit, what, Life.STATE)


def counts(size: int, kept: tuple[int, ...], what: str) -> Declared:
    """Declare the field ``clock``, int64: times, of which a snapshot holds ``kept``, heads, tails and numbers."""
    return Declared(types.int64, (size,), "", what, Life.COUNTS, kept)


def queue(
    dtype: types.Type,
    shape: Shape,
    unit: str,
    what: str,
    head: int,
    *,
    outgrown: bool = False,
    answered: bool = False,
) -> Declared:
    """Declare a queue; several arrays of one head are one queue, its keys the first of them."""
    return Declared(dtype, shape, unit, what, Life.QUEUE, (head,), outgrown, answered)


def record(dtype: types.Type, shape: Shape, unit: str, what: str, count: int) -> Declared:
    """Declare a record, which compiled code writes from the front on."""
    return Declared(dtype, shape, unit, what, Life.RECORD, (count,), outgrown=True)


def pool(dtype: types.Type, shape: Shape, unit: str, what: str) -> Declared:
    """Declare a pool; all of a block are one, its numbers the first of them."""
    return Declared(dtype, shape, unit, what, Life.POOL, outgrown=True)


def work(dtype: types.Type, shape: Shape, unit: str, what: str) -> Declared:
    """Declare work space."""
    return Declared(dtype, shape, unit, what, Life.WORK)


@cache
def table_of(kind: type) -> dict[str, Declared]:
    """Return the lines of a block's table, by name."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


@cache
def queues_of(kind: type) -> dict[int, tuple[str, ...]]:
    """Return the names of the arrays of each queue of a block, keys first, by its head."""
    return _by_count(kind, Life.QUEUE)


@cache
def records_of(kind: type) -> dict[int, tuple[str, ...]]:
    """Return the names of the arrays of each record of a block, by its count."""
    return _by_count(kind, Life.RECORD)


def _by_count(kind: type, life: Life) -> dict[int, tuple[str, ...]]:
    """Return the names of arrays that live alike, those together that the same element of ``clock`` counts."""
    found: dict[int, tuple[str, ...]] = {}
    for name, line in table_of(kind).items():
        if line.life is life:
            found[line.counts[0]] = (*found.get(line.counts[0], ()), name)
    return found


@cache
def changing(kind: type) -> tuple[str, ...]:
    """Return the names of the arrays of a block that carry something from one call to the next."""
    return tuple(name for name, line in table_of(kind).items() if line.life not in (Life.BUILT, Life.WORK))


@cache
def pool_of(kind: type) -> tuple[str, ...]:
    """Return the names of the arrays of a block's pool, numbers first."""
    return tuple(name for name, line in table_of(kind).items() if line.life is Life.POOL)


def check(*blocks: tuple) -> None:
    """Check that arrays are what their tables say, with equal lengths where names are equal.

    Raises:
        TypeError: an array has another type, another number of dimensions, or is not contiguous.
        ValueError: it has other lengths.
    """
    lengths: dict[str, tuple[int, str]] = {}
    for block in blocks:
        for (name, line), array in zip(table_of(type(block)).items(), block, strict=True):
            whole_name = f"{type(block).__name__}.{name}"
            wanted = line.array
            if array.ndim != wanted.ndim or not array.flags.c_contiguous or array.dtype.name != wanted.dtype.name:
                raise TypeError(f"{whole_name} is {array.dtype}, {array.ndim} dimensions; it must be {wanted}")
            for length, said in zip(array.shape, line.shape, strict=True):
                of, by = (
                    lengths.setdefault(said, (length, whole_name)) if isinstance(said, str) else (said, "its table")
                )
                if length != of:
                    raise ValueError(f"{whole_name} has the shape {array.shape}; by {by} {said} is {of}")
