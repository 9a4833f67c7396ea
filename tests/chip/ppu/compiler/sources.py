"""Kernels written by tests: source text becomes a module in a temporary file, as a user's own file would be."""

import importlib.util
import itertools
import sys
import textwrap

import numpy as np
from hypothesis import strategies as st

from chip.ppu import VectorUnit, link

_count = itertools.count()

INT32 = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 65535, 32768]))


def signed(value):
    """Return the low 32 bits of a Python integer as a signed number, by way of its bytes."""
    return int.from_bytes((value % 2**32).to_bytes(4, "big"), "big", signed=True)


def module(directory, text):
    """Return the module made of a text, which may use everything in ``chip.ppu``."""
    name = f"kernels_of_a_test_{next(_count)}"
    path = directory / f"{name}.py"
    path.write_text("from chip.ppu import *\n" + textwrap.dedent(text), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


class Machine:
    """A vector unit and linked regions for one kernel."""

    def __init__(self, kernel, memory, seed=1):
        self.unit = VectorUnit(seed)
        self.regions = link(memory).views(np.zeros(16384, np.uint8))
        self.kernel = kernel.bind(self.unit, self.regions)

    def __call__(self, *integers, limit=1_000_000):
        return self.kernel(limit, *integers)
