"""Who hears a row, against a look at every synapse."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.array.listeners import listeners
from chip.base import constants as c
from chip.base.registers import Registers


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1 << 32), labels=st.integers(1, c.LABEL_MAX + 1), on=st.floats(0, 1))
def test_the_lanes_of_a_label_are_those_of_enabled_neurons_whose_synapse_holds_it(seed, labels, on):
    random = np.random.default_rng(seed)
    registers = Registers()
    registers.labels = random.integers(0, labels, registers.labels.shape)
    registers.enabled = random.random(registers.enabled.shape) < on
    found = listeners(registers)
    for hemisphere, row, half in random.integers(0, (c.HEMISPHERES, c.ROWS, c.HALVES), (20, 3)):
        row_half = (hemisphere * c.ROWS + row) * c.HALVES + half
        held = registers.labels[hemisphere, row, half :: c.HALVES]
        enabled = registers.enabled[hemisphere, half :: c.HALVES]
        for label in range(c.LABEL_MAX + 1):
            first, end = found.first[row_half, label : label + 2]
            assert found.lanes[row_half, first:end].tolist() == np.flatnonzero(enabled & (held == label)).tolist()
