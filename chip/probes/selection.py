"""Which neurons, synapses, counters or processors a probe watches: what users name them by, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown
from chip.base.spelling import closest
from chip.base.whole import numbers, whole_numbers
from chip.fabric.arrays import COUNTERS

_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)


def neurons(of: Any) -> np.ndarray:
    """Return int64[n], hemisphere * 256 + column, of such numbers, of one, or of a mask bool[2, 256]; None: of all.

    Raises:
        ValueError: they are none.
    """
    if of is None:
        return np.arange(c.NEURONS)
    mask = _mask(of, (c.HEMISPHERES, c.COLUMNS))
    if mask is not None:
        return _some("neurons", np.flatnonzero(mask))
    return _some("neurons", whole_numbers("neurons of a probe", np.atleast_1d(_array("neurons", of)), c.NEURONS - 1))


def synapses(of: Any) -> np.ndarray:
    """Return int64[n, 3], hemisphere, row and column, of such rows, or of a mask bool[2, 256, 256]; None: of all.

    Raises:
        ValueError: they are none.
    """
    if of is None:
        return np.argwhere(np.ones(_SYNAPSES, bool))
    mask = _mask(of, _SYNAPSES)
    if mask is not None:
        return _some("synapses", np.argwhere(mask))
    shape = "int[n, 3], hemisphere, row and column of each, or a mask bool[2, 256, 256]"
    found = numbers("synapses of a probe", of, ndim=2, kinds="iu", shape=shape)
    if found.shape[1] != 3:
        raise ValueError(f"synapses of a probe are {found.dtype}{list(found.shape)}; give {shape}")
    for name, index, size in zip(("hemispheres", "rows", "columns"), found.T, _SYNAPSES, strict=True):
        whole_numbers(f"{name} of synapses of a probe", index, size - 1)
    return _some("synapses", found.astype(np.int64))


def counters(of: Any) -> tuple[str, ...]:
    """Return names of event counters: those that are given, or one; None: all.

    Raises:
        ValueError: there is no such counter.
    """
    names = COUNTERS if of is None else (of,) if isinstance(of, str) else of
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"counters of a probe are {shown(of)}; name some of {', '.join(COUNTERS)}")
    for name in names:
        if name not in COUNTERS:
            remedy = closest(name, COUNTERS) or f"there are {', '.join(COUNTERS)}"
            raise ValueError(f"there is no counter {name!r}; {remedy}")
    return tuple(names)


def hemispheres(of: Any) -> np.ndarray:
    """Return int64[n] hemispheres whose processors are watched, of such numbers or of one; None: both.

    Raises:
        ValueError: there are no such processors.
    """
    if of is None:
        return np.arange(c.HEMISPHERES)
    found = np.atleast_1d(_array("hemispheres", of))
    return _some("hemispheres", whole_numbers("hemispheres of a probe", found, c.HEMISPHERES - 1))


def _array(what: str, of: Any) -> np.ndarray:
    try:
        return np.asarray(of)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{what} of a probe are no array; give a one-dimensional array of integers") from None


def _mask(of: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return a mask of a shape, None where it is no array of bools."""
    found = of if isinstance(of, np.ndarray) else None
    if found is None or found.dtype != bool:
        return None
    if found.shape != shape:
        raise ValueError(f"the mask of a probe is bool{list(found.shape)}; it must be bool{list(shape)}")
    return found


def _some(what: str, found: np.ndarray) -> np.ndarray:
    if not len(found):
        raise ValueError(f"a probe of no {what} would see nothing; name one, or leave them out for all")
    return found
