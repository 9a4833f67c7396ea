"""The two-layer placement: every source reaches its own rows and nobody else's, followed register by register."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import constants as c
from chip.errors import ChipLimitError
from ppu_programs.placement import hidden_drivers, input_labels, place_two_layers, store_signed


def rows_reached(registers, crossbar_input, label, columns):
    """All (hemisphere, row) whose synapses in ``columns`` take the event: the chip's rule, one step after the other."""
    reached = set()
    for output in range(2 * c.PADI_BUSSES):
        mask = int(registers.crossbar_mask[crossbar_input, output])
        if (label & 0x3FFF & mask) != int(registers.crossbar_target[crossbar_input, output]):
            continue
        hemisphere, bus = divmod(output, c.PADI_BUSSES)
        for driver in range(bus, c.DRIVERS, c.PADI_BUSSES):
            row_select, on_bus = (label >> 6) & 31, driver // c.PADI_BUSSES
            if (row_select ^ on_bus) & int(registers.compare_mask[hemisphere, driver]):
                continue
            for row in (2 * driver, 2 * driver + 1):
                if (
                    registers.row_mode[hemisphere, row]
                    and (registers.labels[hemisphere, row, columns] == label & 63).any()
                ):
                    reached.add((hemisphere, row))
    return reached


@settings(deadline=None, max_examples=15)
@given(inputs=st.integers(1, 128), hidden=st.integers(1, 128), readouts=st.integers(1, 128))
def test_every_source_reaches_exactly_its_two_rows(inputs, hidden, readouts):
    registers = place_two_layers(inputs, hidden, readouts)
    registers.check()
    for index, label in enumerate(input_labels(inputs).tolist()):
        reached = rows_reached(registers, 8 + (label >> 14), label, slice(0, 256, 2))
        assert reached == {(c.TOP, 2 * index), (c.TOP, 2 * index + 1)}
    for lane, driver in enumerate(hidden_drivers(hidden).tolist()):
        output = 2 * lane // 32
        label = output << 8 | int(registers.backend_address[c.TOP, 2 * lane])
        reached = rows_reached(registers, output, label, slice(0, 256, 2))
        assert reached == {(c.BOTTOM, 2 * driver), (c.BOTTOM, 2 * driver + 1)}


def test_hidden_spikes_are_recorded_and_can_be_told_apart():
    registers = place_two_layers(5, 128, 3)
    labels = {2 * lane // 32 << 8 | int(registers.backend_address[0, 2 * lane]) for lane in range(128)}
    assert len(labels) == 128
    for output in range(c.NEURON_OUTPUTS):
        assert registers.crossbar_target[output, 8 + output % 4] == 0  # mask 0, target 0: all pass


def test_signed_weights_go_to_the_row_of_their_sign():
    registers = place_two_layers(2, 3, 1)
    store_signed(registers, c.TOP, [0, 1], 3, np.array([[5, -63, 0], [-1, 63, 7]]))
    assert registers.weights[0, :4, 0:6:2].tolist() == [[5, 0, 0], [0, 63, 0], [0, 63, 7], [1, 0, 0]]
    assert registers.weights.sum() == 5 + 63 + 1 + 63 + 7


@pytest.mark.parametrize("size, what", [((5, 129, 3), "hidden"), ((129, 5, 3), "input"), ((5, 5, 129), "readout")])
def test_what_does_not_fit_is_refused_with_need_and_limit(size, what):
    with pytest.raises(ChipLimitError, match=rf"{what} layer.*129 .* needed, 128 available; use"):
        place_two_layers(*size)
