"""The crossbar: which of its 20 inputs reaches which of its 12 outputs, and with which labels.

A node exists where the silicon has one (halco ``routing_crossbar.h``, 76 of 240). A node that exists passes an event
iff ``(label & mask) == target`` over the 14 bits of the neuron label; its two registers are ``Registers.crossbar_mask``
and ``Registers.crossbar_target``. Mask 0 with target 0x3fff passes nothing.

======================  =========================================================
input                   has nodes to
======================  =========================================================
0-7, neuron output i    PADI top i % 4, PADI bottom i % 4, FPGA i % 4
8-11, from the FPGA i   all 8 PADI busses, FPGA i
12-15, background i     PADI top i, FPGA i
16-19, background 4+i   PADI bottom i, FPGA i
======================  =========================================================

Outputs 0-7 are at the same time the numbers of the PADI busses: ``hemisphere * 4 + bus``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.compiled import compiled
from chip.base.registers import Registers

PADI_OUTPUTS = c.HEMISPHERES * c.PADI_BUSSES
NOTHING = -1  # in a table of keys: no node passes


def node_table() -> np.ndarray:
    """Return bool[20, 12]: the crossbar nodes that exist."""
    exists = np.zeros((c.CROSSBAR_INPUTS, c.CROSSBAR_OUTPUTS), bool)
    for i in range(c.NEURON_OUTPUTS):
        exists[i, [i % 4, 4 + i % 4, c.CROSSBAR_FPGA_OUT + i % 4]] = True
    for i in range(4):
        exists[c.CROSSBAR_FPGA_IN + i, :PADI_OUTPUTS] = True
        exists[c.CROSSBAR_FPGA_IN + i, c.CROSSBAR_FPGA_OUT + i] = True
        exists[c.CROSSBAR_BACKGROUND_IN + i, [i, c.CROSSBAR_FPGA_OUT + i]] = True
        exists[c.CROSSBAR_BACKGROUND_IN + 4 + i, [4 + i, c.CROSSBAR_FPGA_OUT + i]] = True
    return exists


def node_registers(registers: Registers) -> np.ndarray:
    """Return int64[20, 12, 2], (mask, target) of every node; where there is no node, a pair that passes nothing.

    So for all nodes of a PADI bus that is given to its hemisphere's processor.
    """
    nodes = np.empty((c.CROSSBAR_INPUTS, c.CROSSBAR_OUTPUTS, 2), np.int64)
    exists = node_table()
    exists[:, :PADI_OUTPUTS] &= ~registers.padi_from_processor.reshape(-1)
    nodes[..., 0] = np.where(exists, registers.crossbar_mask, 0)
    nodes[..., 1] = np.where(exists, registers.crossbar_target, c.NEURON_LABEL_MASK)
    return nodes


@compiled(_nrt=False)
def passes(nodes, source, output, label):
    """Say whether the node (source, output) passes a 16-bit label; nodes as from :func:`node_registers`."""
    return (label & c.NEURON_LABEL_MASK & nodes[source, output, 0]) == nodes[source, output, 1]


class NeuronRoutes(NamedTuple):
    """Where the spikes of each neuron go; all arrays are [hemisphere, column].

    label: int64, the 16-bit label with which the neuron enters the crossbar.
    top_key, bottom_key: int64, :func:`padi_key` on the PADI bus of that hemisphere, or NOTHING.
    recorded: bool, the FPGA gets the spike.
    sent: bool, the neuron's event output is on; where it is off, no node passes and nobody records.
    """

    label: np.ndarray
    top_key: np.ndarray
    bottom_key: np.ndarray
    recorded: np.ndarray
    sent: np.ndarray


def neuron_routes(registers: Registers) -> NeuronRoutes:
    """Route every neuron's label through its crossbar input, ``column // 32``, once and for all."""
    output = np.arange(c.COLUMNS) // c.COLUMNS_PER_OUTPUT
    bus = output % c.PADI_BUSSES
    label = registers.backend_address.astype(np.int64) | (output << c.NEURON_OUTPUT_SHIFT) | (bus << c.SPL1_SHIFT)
    nodes = node_registers(registers)

    def passed(target):
        mask, wanted = nodes[output, target].T
        return registers.event_output & ((label & mask) == wanted)

    def key(target):
        return np.where(passed(target), (target << 11) | (label & 0x7FF), NOTHING)

    recorded = passed(c.CROSSBAR_FPGA_OUT + bus)
    return NeuronRoutes(label, key(bus), key(c.PADI_BUSSES + bus), recorded, registers.event_output.copy())
