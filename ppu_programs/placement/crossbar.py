"""What the crossbar passes: neurons' events to the hemispheres that hear them and to the record, inputs to theirs.

A node passes labels by a mask and a target, so it tells apart what differs in bits. Populations of neurons differ in
bits 6 and 7, inputs in two bits above the row select, which neither drivers nor synapses look at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.placement.demand import Kind, Source
from ppu_programs.placement.rows import Seats

INPUT_MARK = 1 << 13  # in the label of an input event; neither drivers nor synapses look at this bit
TO_HEMISPHERE = (1 << 11, 1 << 12)  # in the label of an input event where only some inputs go to a hemisphere
LAYER_SHIFT = 6  # of the two bits by which populations differ, in the label of an on-chip spike
CODES = 4  # values of these two bits
POPULATION_MASK = (CODES - 1) << LAYER_SHIFT
NOTHING, EVERYTHING = (0, c.NEURON_LABEL_MASK), (0, 0)  # nodes: mask and target
Node = tuple[int, int]


class RecordError(ValueError):
    """The crossbar cannot pass the spikes of some populations alone, as these lie."""


def node_of(wanted: Collection[int], others: Collection[int]) -> Node | None:
    """The least (mask, target) of a node that passes spikes with some numbers in bits 6 and 7, and no others'."""
    if not wanted:
        return NOTHING
    first = next(iter(wanted)) % CODES
    for mask in range(CODES):
        if all((k ^ first) & mask == 0 for k in wanted) and all((k ^ first) & mask for k in others):
            return mask << LAYER_SHIFT, (first & mask) << LAYER_SHIFT
    return None


@dataclass(frozen=True)
class Crossbar:
    """The nodes of a placement, and what passes them.

    Attributes:
        neurons: (mask, target) of the nodes of neurons on each bus, to the PADI busses of either hemisphere.
        record: of the nodes of neurons on each bus to the FPGA.
        inputs: of the nodes from the FPGA to the PADI busses of either hemisphere.
        present: bool[n, 2], the hemispheres that the events of a source come to.
        flags: int64[n], what an input's label has for them.
    """

    neurons: list[tuple[Node, Node]]
    record: list[Node]
    inputs: tuple[Node, Node]
    present: np.ndarray
    flags: np.ndarray

    def write(self, registers: Registers, has_inputs: bool, inputs_recorded: bool) -> None:
        """Set the nodes; inputs that are recorded go back to the FPGA, too."""
        for output in range(c.NEURON_OUTPUTS):
            bus = output % c.PADI_BUSSES
            for hemisphere, node in enumerate(self.neurons[bus]):
                _set(registers, output, c.PADI_BUSSES * hemisphere + bus, node)
            _set(registers, output, c.CROSSBAR_FPGA_OUT + bus, self.record[bus])
        for bus in range(c.PADI_BUSSES if has_inputs else 0):
            for hemisphere, node in enumerate(self.inputs):
                _set(registers, c.CROSSBAR_FPGA_IN + bus, c.PADI_BUSSES * hemisphere + bus, node)
            back = EVERYTHING if inputs_recorded else NOTHING
            _set(registers, c.CROSSBAR_FPGA_IN + bus, c.CROSSBAR_FPGA_OUT + bus, back)


def _set(registers: Registers, source: int, output: int, node: Node) -> None:
    registers.crossbar_mask[source, output], registers.crossbar_target[source, output] = node


def crossbar(
    sources: Sequence[Source],
    seats: Sequence[Seats],
    class_bits: Sequence[int],
    numbers: Mapping[str, int],
    recorded: Collection[str],
) -> Crossbar:
    """Return the nodes for sources in their seats.

    Args:
        class_bits: of each bus, that drivers compare, from bit 6 on; what they leave of bits 6 and 7 tells populations.
        numbers: of each spiking population, 0..3.
        recorded: the populations whose spikes the FPGA records.

    Raises:
        RecordError: no node passes the spikes of these populations alone.
    """
    wanted = np.array([[h in at.at for h in range(c.HEMISPHERES)] for at in seats], bool)
    wanted = wanted.reshape(-1, c.HEMISPHERES)
    inputs, present, flags = _input_nodes(sources, wanted)
    neurons, record = [], []
    for bus, bits in enumerate(class_bits):
        its = [n for n, source in enumerate(sources) if source.kind is Kind.NEURON and seats[n].bus == bus]
        everybody = [n for n, source in enumerate(sources) if source.kind is Kind.NEURON] if bits == 0 else its
        to = [{sources[n].population for n in everybody if wanted[n, h]} for h in range(c.HEMISPHERES)]
        here = numbers if bits == 0 else {name: (numbers[name] << bits) % CODES for name in _populations(sources, its)}
        nodes = [_node_for(names, here) or EVERYTHING for names in to]
        neurons.append((nodes[c.TOP], nodes[c.BOTTOM]))
        record.append(_record_node(here, recorded))
        for n in its:
            present[n] = [_passes(node, here[sources[n].population]) for node in nodes]
    return Crossbar(neurons, record, inputs, present, flags)


def _populations(sources: Sequence[Source], members: Sequence[int]) -> list[str]:
    return list(dict.fromkeys(sources[n].population for n in members))


def _input_nodes(sources: Sequence[Source], wanted: np.ndarray) -> tuple[tuple[Node, Node], np.ndarray, np.ndarray]:
    """Return the nodes from the FPGA, bool[n, 2] where events come that are not neurons', and the flags of inputs."""
    from_fpga = np.array([source.kind is Kind.FPGA for source in sources], bool)
    heard, present, flags = wanted[from_fpga].any(axis=0), wanted.copy(), np.zeros(len(sources), np.int64)
    if heard.all():
        flags[from_fpga] = wanted[from_fpga] @ TO_HEMISPHERE
        return tuple((flag, flag) for flag in TO_HEMISPHERE), present, flags
    present[from_fpga] = heard
    return tuple(EVERYTHING if it else NOTHING for it in heard), present, flags


def _node_for(names: Collection[str], numbers: Mapping[str, int]) -> Node | None:
    """The node that passes the spikes of some populations, and of no others that have numbers."""
    wanted = [number for name, number in numbers.items() if name in names]
    return node_of(wanted, [number for name, number in numbers.items() if name not in names])


def _passes(node: Node, number: int) -> bool:
    return node != NOTHING and (number << LAYER_SHIFT) & node[0] == node[1]


def _record_node(numbers: Mapping[str, int], recorded: Collection[str]) -> Node:
    node = _node_for(recorded, numbers)
    if node is None:
        names = ", ".join(recorded)
        raise RecordError(f"the crossbar cannot pass the spikes of {names} alone; record other populations, or all")
    return node
