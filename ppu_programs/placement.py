"""Where a two-layer network lies on the chip: inputs and hidden neurons on top, readouts at the bottom.

=============  ==========================================================================================
inputs         from the FPGA with SPL1 address b onto PADI bus b of the top hemisphere; input i drives
               driver i (bus i % 4, index i // 4), rows 2 i (excitatory) and 2 i + 1 (inhibitory);
               the crossbar returns them to the FPGA, so they stand in the sample's record, marked
hidden         lane j of the even half of the top hemisphere: column 2 j, event output j // 16
hidden spikes  recorded by the FPGA, and onto PADI bus (j // 16) % 4 of the bottom hemisphere
hidden to      every driver of that bus listens (compare mask 0); the synapse label selects one of the 32
readout        sources of a bus: n = j % 16 + 16 (j // 64); its driver is 4 n + bus, a row of each sign
readouts       lane k of the even half of the bottom hemisphere, threshold off
=============  ==========================================================================================

Bits 8-10 of an on-chip spike's label are its neuron's event output, so they select neither driver nor synapse here:
with the compare mask at 0 only the six label bits count, and a bus carries at most 32 sources, one for each driver.
"""

from __future__ import annotations

import numpy as np

from chip import constants as c
from chip.errors import ChipLimitError
from chip.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers

INPUT_MARK = 1 << 13  # in the label of an input event; neither drivers nor synapses look at this bit
UNUSED_LABEL = c.LABEL_MAX  # no source sends it, so unused synapses stay silent
LANES_PER_OUTPUT = c.COLUMNS_PER_OUTPUT // 2  # only even columns are used


def check_size(inputs: int, hidden: int, readouts: int) -> None:
    """Raise ChipLimitError where a two-layer network does not fit the hemispheres."""
    lanes = "even columns of a hemisphere"
    if not 1 <= hidden <= c.LANES:
        raise ChipLimitError(f"hidden layer ({lanes})", hidden, c.LANES, "neurons", "use 1..128 hidden neurons")
    if not 1 <= readouts <= c.LANES:
        raise ChipLimitError(f"readout layer ({lanes})", readouts, c.LANES, "neurons", "use 1..128 readouts")
    if not 1 <= inputs <= c.DRIVERS:
        raise ChipLimitError(
            "input layer (top synapse drivers)", inputs, c.DRIVERS, "drivers", "use 1..128 inputs, two rows each"
        )


def input_labels(inputs: int) -> np.ndarray:
    """uint16[inputs]: the label with which input i enters the crossbar from the FPGA."""
    index = np.arange(inputs)
    bus, on_bus = index % c.PADI_BUSSES, index // c.PADI_BUSSES
    return (bus << 14 | INPUT_MARK | on_bus << c.ROW_SELECT_SHIFT).astype(np.uint16)


def hidden_drivers(hidden: int) -> np.ndarray:
    """int64[hidden]: the bottom driver of each hidden neuron; its rows are 2 d and 2 d + 1."""
    lane = np.arange(hidden)
    return c.PADI_BUSSES * _label_on_bus(lane) + lane // LANES_PER_OUTPUT % c.PADI_BUSSES


def _label_on_bus(lane: np.ndarray) -> np.ndarray:
    return lane % LANES_PER_OUTPUT + LANES_PER_OUTPUT * (lane // (LANES_PER_OUTPUT * c.PADI_BUSSES))


def place_two_layers(inputs: int, hidden: int, readouts: int) -> Registers:
    """Registers with the routing of the table above; neuron parameters and weights are left to the caller.

    Raises:
        ChipLimitError: a layer needs more rows or columns than a hemisphere has.
    """
    check_size(inputs, hidden, readouts)
    registers = Registers()
    registers.labels[...] = UNUSED_LABEL
    _place_inputs(registers, inputs, hidden)
    _place_hidden(registers, hidden, readouts)
    registers.enabled[c.TOP, : 2 * hidden : 2] = True
    registers.enabled[c.BOTTOM, : 2 * readouts : 2] = True
    registers.spiking[c.BOTTOM, : 2 * readouts : 2] = False
    return registers


def _place_inputs(registers: Registers, inputs: int, hidden: int) -> None:
    for bus in range(c.PADI_BUSSES):  # SPL1 address b reaches top PADI bus b and goes back to the FPGA
        registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, bus] = 0
        registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, c.CROSSBAR_FPGA_OUT + bus] = 0
    for driver in range(inputs):
        _signed_driver(registers, c.TOP, driver)
        registers.labels[c.TOP, 2 * driver : 2 * driver + 2, : 2 * hidden : 2] = 0


def _place_hidden(registers: Registers, hidden: int, readouts: int) -> None:
    lane = np.arange(hidden)
    label = _label_on_bus(lane)
    registers.backend_address[c.TOP, 2 * lane] = label
    for output in range(c.NEURON_OUTPUTS):
        bus = output % c.PADI_BUSSES
        registers.crossbar_target[output, c.PADI_BUSSES + bus] = 0
        registers.crossbar_target[output, c.CROSSBAR_FPGA_OUT + bus] = 0
    for source, driver in enumerate(hidden_drivers(hidden)):
        _signed_driver(registers, c.BOTTOM, driver)
        registers.compare_mask[c.BOTTOM, driver] = 0
        registers.labels[c.BOTTOM, 2 * driver : 2 * driver + 2, : 2 * readouts : 2] = label[source]


def _signed_driver(registers: Registers, hemisphere: int, driver: int) -> None:
    registers.row_mode[hemisphere, 2 * driver] = ROW_EXCITATORY
    registers.row_mode[hemisphere, 2 * driver + 1] = ROW_INHIBITORY


def store_signed(registers: Registers, hemisphere: int, drivers: np.ndarray, lanes: int, weights: np.ndarray) -> None:
    """Write signed weights, int[len(drivers), lanes] in -63..63, into even columns of both rows of each driver."""
    columns = slice(0, 2 * lanes, 2)
    registers.weights[hemisphere, 2 * np.asarray(drivers), columns] = np.maximum(weights, 0)
    registers.weights[hemisphere, 2 * np.asarray(drivers) + 1, columns] = np.maximum(-weights, 0)
