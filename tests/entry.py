"""What matrices of entries share: good numbers in every type and form, bad ones, and what a refusal is."""

import traceback
from pathlib import Path

import numpy as np
import pytest

import chip
import host
import ppu_programs
from chip.base.errors import ChipError

PACKAGES = [Path(package.__file__).parent for package in (chip, host, ppu_programs)]
INTEGERS = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64]
FLOATS = [np.float16, np.float32, np.float64]
NO_NUMBER = [True, np.True_, np.nan, np.inf, -np.inf, None, "3", 1j, {}, object()]


def cases(*tables):
    """One case an entry, called by its name."""
    return [pytest.param(*entry, id=name) for table in tables for name, entry in table.items()]


def plain(found):
    """What compares by ``==``: arrays as their values, whatever integers they are made of."""
    if isinstance(found, np.ndarray):
        return found.tolist()
    if isinstance(found, dict):
        return {name: plain(each) for name, each in found.items()}
    return [plain(each) for each in found] if isinstance(found, list | tuple) else found


def is_refused(effect, value, may_pass=False):
    """Refused in a sentence of the project's own code; or taken without an error, where it ``may_pass``."""
    try:
        effect(value)
    except (ValueError, TypeError, RuntimeError, ChipError) as error:
        where = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        assert any(where.is_relative_to(package) for package in PACKAGES), f"{value!r} is refused by {where}: {error!r}"
        assert len(str(error).split()) > 4
    else:
        assert may_pass, f"{value!r} is taken"


def forms(kind, good):
    """The same numbers in arrays of one type that lie in memory in every way that there is."""
    array = np.array(good, kind)
    locked = array.copy()
    locked.setflags(write=False)
    gaps = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), kind)[..., ::2]
    gaps[...] = array
    return {"plain": array, "read-only": locked, "with gaps": gaps, "backwards": array[..., ::-1].copy()[..., ::-1]}


def wrong_arrays(array):
    """What stands for whole numbers and is none: other types, and numbers that none can be."""
    wrong = [array.astype(kind) for kind in (float, np.float32, object, str, complex)]
    wrong += [np.full(array.shape, fill) for fill in (np.nan, np.inf, 0.5)]
    wrong += [np.broadcast_to(array, (2, 2, *array.shape)), np.full(array.shape, -(2**62)), np.full(array.shape, 2**62)]
    return [*wrong, np.full(array.shape, 2**64 - 1, np.uint64), [[1], [1, 2]], object(), "3"]


# ---------------------------------------------------------------------- what holds for any entry


def assert_any_integer(effect, good):
    """A number of any integer type is what it is in Python."""
    expected = plain(effect(good))
    for kind in INTEGERS:
        assert plain(effect(kind(good))) == expected, kind


def assert_any_float(effect, good):
    """So is a number of any float type."""
    expected = plain(effect(good))
    for kind in [float, *FLOATS]:
        assert plain(effect(kind(good))) == expected, kind


def assert_any_array(effect, good):
    """Arrays of any integer type, and in any form, are the same."""
    expected = plain(effect(np.array(good)))
    for kind in INTEGERS:
        assert plain(effect(np.array(good, kind))) == expected, kind
    for form, array in [*forms(np.uint8, good).items(), *forms(np.int64, good).items()]:
        assert plain(effect(array)) == expected, form
