"""Arrays of whole numbers where they come in: any integers in a range become int64, all else is refused."""

from __future__ import annotations

from typing import Any

import numpy as np


def whole_numbers(what: str, values: Any, high: int) -> np.ndarray:
    """Return int64[n], a copy, of any integers in 0..``high``; ``what`` they are, in the plural, for a sentence.

    Raises:
        ValueError: no row of integers, or others.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{what} are no array; give a one-dimensional array of integers") from None
    if array.dtype == np.float64 and array.shape == (0,):
        return np.zeros(0, np.int64)  # what numpy makes of an empty list
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise ValueError(f"{what} are {array.dtype}{list(array.shape)}; give a one-dimensional array of integers")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= high:
        raise ValueError(f"{what} lie in {array.min()}..{array.max()}; 0..{high} are valid")
    return array.astype(np.int64)
