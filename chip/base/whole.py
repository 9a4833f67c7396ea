"""Arrays of numbers where they come in: what numpy makes of anything is looked at, and refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from chip.base.declaration import shown

INT64_MAX = 2**63 - 1


def numbers(what: str, values: Any, ndim: int, kinds: str, shape: str, of: str = "") -> np.ndarray:
    """Return an array of numbers of some kinds, numpy's letters, and so many dimensions.

    ``what`` they are, in the plural, their ``shape`` in words, and what stands before that, ``of``, are for sentences.

    Raises:
        ValueError: it is none.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{what} are no array; give {shape}") from None
    if array.size == 0 and array.dtype == np.float64 and array.ndim == ndim:
        array = array.astype(np.int64)  # what numpy makes of an empty list
    if array.dtype.kind not in kinds or array.ndim != ndim:
        raise ValueError(f"{what} are {array.dtype}{list(array.shape)}; give {of}{shape}")
    return array


def whole_numbers(what: str, values: Any, high: int) -> np.ndarray:
    """Return int64[n], a copy, of any integers in 0..``high``; ``what`` they are, in the plural, for a sentence.

    Raises:
        ValueError: no row of integers, or others.
    """
    array = numbers(what, values, ndim=1, kinds="iu", shape="a one-dimensional array of integers")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= high:
        raise ValueError(f"{what} lie in {array.min()}..{array.max()}; 0..{high} are valid")
    return array.astype(np.int64)


def whole(what: str, value: Any) -> int:
    """Return any integer, numpy's too, as Python's, which cannot wrap; ``what`` it is, for a sentence.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{what} is {shown(value)}; it must be a whole number")
    if not -INT64_MAX <= value <= INT64_MAX:
        raise ValueError(f"{what} is {shown(value)}; it must lie within 64 bits")
    return int(value)


def int64s(what: str, values: Any) -> np.ndarray:
    """Return int64[n] of any integers, side by side; ``what`` they are, in the plural, for a sentence.

    Raises:
        ValueError: no row of integers, or one that 64 bits with a sign do not hold.
    """
    array = numbers(what, values, ndim=1, kinds="iu", shape="a one-dimensional array of integers")
    if array.dtype == np.uint64 and array.size and int(array.max()) > INT64_MAX:
        raise ValueError(f"{what} reach {array.max()}; they go up to {INT64_MAX}")
    return np.ascontiguousarray(array, np.int64)


def decrease_within(times: np.ndarray, offsets: np.ndarray) -> bool:
    """Whether int64[n] times decrease within a sample; sample k has those from ``offsets[k]`` to ``offsets[k + 1]``."""
    sample = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return bool(((np.diff(times) < 0) & (np.diff(sample) == 0)).any())
