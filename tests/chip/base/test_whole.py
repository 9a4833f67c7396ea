"""Arrays of whole numbers: any integers in a range, copied; all else is refused in a sentence."""

import numpy as np
import pytest

from chip.base.whole import whole_numbers


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4"])
def test_any_integers_are_copied(kind):
    given = np.array([0, 100, 7], kind)
    found = whole_numbers("labels", given, 100)
    given[0] = 1
    assert found.tolist() == [0, 100, 7] and found.dtype == np.int64


@pytest.mark.parametrize("given", [[], (), np.zeros(0), np.zeros(0, np.uint8)])
def test_nothing_is_an_array_of_integers(given):
    assert whole_numbers("labels", given, 5).tolist() == [] and whole_numbers("labels", given, 5).dtype == np.int64


@pytest.mark.parametrize(
    "given, words",
    [
        ([0.0], r"are float64\[1\]; give a one-dimensional array of integers"),
        ([True], r"are bool\[1\]"),
        (7, r"are int64\[\]"),
        ([[1, 2]], r"are int64\[1, 2\]"),
        (np.zeros((0, 2)), r"are float64\[0, 2\]"),
        ([[1], [2, 3]], "are no array; give a one-dimensional array of integers"),
        (None, r"are object\[\]"),
        ([3, -1], r"lie in -1\.\.3; 0\.\.5 are valid"),
        (np.array([6], np.uint64), r"lie in 6\.\.6; 0\.\.5 are valid"),
        (np.array([1 << 63], np.uint64), r"lie in 9223372036854775808\.\."),
    ],
)
def test_what_is_none_is_refused(given, words):
    with pytest.raises(ValueError, match=f"^labels of a train {words}"):
        whole_numbers("labels of a train", given, 5)
