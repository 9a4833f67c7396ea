"""What comes into a task is checked here: arrays of any numbers become those that everybody else counts on."""

from __future__ import annotations

from typing import Any

import numpy as np

from chip.base.whole import numbers

MOST_CLASSES = 256  # that a byte can tell from each other
OF = "numbers: "


def as_inputs(what: str, values: Any) -> np.ndarray:
    """Return float64[n, inputs] in 0..1 of any real numbers; ``what`` they are, for a sentence.

    Raises:
        ValueError: no table of numbers, or numbers outside of 0..1, NaN among them.
    """
    array = numbers(what, values, ndim=2, kinds="biuf", shape="a row for each sample, a column for each input", of=OF)
    inputs = np.asarray(array, np.float64)
    if np.isnan(inputs).any():
        raise ValueError(f"{what} hold NaN; they must lie in 0..1: leave such samples out, or fill them in")
    if inputs.size and not ((inputs >= 0) & (inputs <= 1)).all():
        raise ValueError(f"{what} lie in {inputs.min()}..{inputs.max()}; they must lie in 0..1: scale them first")
    return inputs


def as_classes(what: str, values: Any) -> np.ndarray:
    """Return uint8[n] of any whole numbers from 0 on, floats among them.

    Raises:
        ValueError: no row of numbers, numbers that are not whole, negative, or too many classes.
    """
    array = numbers(what, values, ndim=1, kinds="biuf", shape="the number of a class for each sample", of=OF)
    if array.dtype.kind == "f" and array.size:
        wrong = array[~(np.isfinite(array) & (array == np.floor(array)))]
        if wrong.size:
            raise ValueError(f"{what} hold {wrong[0]}; the number of a class is a whole number from 0 on")
    if array.size and not 0 <= array.min() <= array.max() < MOST_CLASSES:
        raise ValueError(
            f"{what} lie in {array.min()}..{array.max()}; classes are numbered from 0 on, up to {MOST_CLASSES - 1}"
        )
    return array.astype(np.uint8)
