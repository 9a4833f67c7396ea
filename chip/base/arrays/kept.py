"""What of a block's arrays a snapshot holds, and back; by its table, see :mod:`chip.base.arrays.declared`.

Queues and records are kept as far as they are filled, so two blocks with the same past are kept alike, whatever the
lengths of their arrays.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from chip.base.arrays.declared import Declared, Life, changing, pool_of, queues_of, records_of, table_of
from chip.base.arrays.growth import filled, standing

Block = TypeVar("Block", bound=tuple)


def kept(block: tuple) -> dict[str, np.ndarray]:
    """Return copies of all that the future of a block depends on, beside what it was built from."""
    found: dict[str, np.ndarray] = {}
    for name, line in table_of(type(block)).items():
        array = getattr(block, name)
        if line.life is Life.STATE:
            found[name] = array.copy()
        elif line.life is Life.COUNTS:
            found[name] = array[list(line.counts)]
        elif line.life is Life.RECORD:
            found[name] = array[: block.clock[line.counts[0]]].copy()
    for head, names in queues_of(type(block)).items():
        places, done = standing(block, head)
        found.update((name, getattr(block, name)[places]) for name in names)
        if table_of(type(block))[names[0]].answered:
            found[done_of(names[0])] = np.array([done])
            for name in names[1:]:
                found[name][done:] = 0  # what stands there is no answer yet
    for name in pool_of(type(block)):
        found[name] = getattr(block, name)[_taken(block)]
    return found


def brought_back(block: Block, found: dict[str, np.ndarray]) -> Block:
    """Return a block with what :func:`kept` found on one that was built alike; with longer arrays where needed.

    What it holds was checked, by :func:`check_kept`.
    """
    clock, changed = getattr(block, "clock", None), {}
    for name, line in table_of(type(block)).items():
        array = getattr(block, name)
        if line.life is Life.STATE:
            array[...] = found[name]
        elif line.life is Life.COUNTS:
            array[list(line.counts)] = found[name]
        elif line.life is Life.RECORD:
            changed[name] = filled(array, found[name])
            clock[line.counts[0]] = found[name].shape[0]
    for head, names in queues_of(type(block)).items():
        changed.update((name, filled(getattr(block, name), found[name])) for name in names)
        done = found[done_of(names[0])][0] if table_of(type(block))[names[0]].answered else 0
        clock[head], clock[head + 1] = done, found[names[0]].shape[0]
    for name in pool_of(type(block)):
        getattr(block, name)[...] = 0
        changed[name] = filled(getattr(block, name), found[name])
    return block._replace(**changed)


def check_kept(block: tuple, found: dict[str, np.ndarray]) -> None:
    """Refuse what is not of a block that was built alike.

    Raises:
        ValueError: something is missing, or is of other lengths.
    """
    for name in changing(type(block)):
        if name not in found:
            raise ValueError(f"the snapshot lacks {name}; it must come from AnalogCore.snapshot")
        line, shape, there = table_of(type(block))[name], getattr(block, name).shape, found[name].shape
        if line.life is not Life.COUNTS and (there != shape if line.life is Life.STATE else there[1:] != shape[1:]):
            raise ValueError(
                f"the snapshot's {name} has the shape {there}, this chip's has {shape}; restore it on a chip with the "
                "same registers"
            )
        _check_counts(name, line, found)
    for names in (*queues_of(type(block)).values(), pool_of(type(block)), *records_of(type(block)).values()):
        if len({found[name].shape[0] for name in names}) > 1:
            raise ValueError(
                f"the snapshot's {' and '.join(names)} have different lengths; it is damaged, take it anew"
            )


def _check_counts(name: str, line: Declared, found: dict[str, np.ndarray]) -> None:
    """Refuse counts that are not those of a block.

    Raises:
        ValueError: one is missing, or there are others.
    """
    if line.life is Life.COUNTS and found[name].shape != (len(line.counts),):
        raise ValueError(f"the snapshot's {name} has {found[name].size} elements, not {len(line.counts)}; take it anew")
    if line.answered and done_of(name) not in found:
        raise ValueError(f"the snapshot lacks {done_of(name)}; it must come from AnalogCore.snapshot")


def done_of(keys: str) -> str:
    """Return the name by which a snapshot holds how many elements of a queue have been answered."""
    return f"{keys}_done"


def _taken(block: tuple) -> np.ndarray:
    """Return where in a pool something is, by its number."""
    numbers = getattr(block, pool_of(type(block))[0])
    taken = np.flatnonzero(numbers)
    return taken[np.argsort(numbers[taken])]
