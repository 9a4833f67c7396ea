"""What comes into a task is checked here: arrays of any numbers become those that everybody else counts on."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_CLASSES = 256  # that a byte can tell from each other


def as_inputs(what: str, values: Any) -> np.ndarray:
    """Return float64[n, inputs] in 0..1 of any real numbers; ``what`` they are, for a sentence.

    Raises:
        ValueError: no table of numbers, or numbers outside of 0..1, NaN among them.
    """
    array = numbers(what, values, ndim=2, kinds="biuf", shape="a row for each sample, a column for each input")
    inputs = np.asarray(array, np.float64)
    if inputs.size and not ((inputs >= 0) & (inputs <= 1)).all():  # written so that NaN is refused, too
        raise ValueError(f"{what} lie in {inputs.min()}..{inputs.max()}; they must lie in 0..1: scale them first")
    return inputs


def as_classes(what: str, values: Any) -> np.ndarray:
    """Return uint8[n] of any whole numbers from 0 on, floats among them.

    Raises:
        ValueError: no row of numbers, numbers that are not whole, negative, or too many classes.
    """
    array = numbers(what, values, ndim=1, kinds="biuf", shape="the number of a class for each sample")
    if array.dtype.kind == "f" and array.size:
        wrong = array[~(np.isfinite(array) & (array == np.floor(array)))]
        if wrong.size:
            raise ValueError(f"{what} hold {wrong[0]}; the number of a class is a whole number from 0 on")
    if array.size and not 0 <= array.min() <= array.max() < MOST_CLASSES:
        raise ValueError(
            f"{what} lie in {array.min()}..{array.max()}; classes are numbered from 0 on, up to {MOST_CLASSES - 1}"
        )
    return array.astype(np.uint8)


def numbers(what: str, values: Any, ndim: int, kinds: str, shape: str) -> np.ndarray:
    """Return an array of numbers of some kinds, numpy's letters, and so many dimensions, ``shape`` in words."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{what} are no array; give {shape}") from None
    if array.size == 0 and array.dtype == np.float64 and array.ndim == ndim:
        array = array.astype(np.int64)  # what numpy makes of an empty list
    if array.dtype.kind not in kinds or array.ndim != ndim:
        raise ValueError(f"{what} are {array.dtype}{list(array.shape)}; give numbers: {shape}")
    return array
