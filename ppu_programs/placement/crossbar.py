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
NOTHING, EVERYTHING = (0, c.NEURON_LABEL_MASK), (0, 0)  # nodes: mask and target
Node = tuple[int, int]


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

    def write(self, registers: Registers, has_inputs: bool) -> None:
        """Set the nodes; inputs go back to the FPGA, too."""
        for output in range(c.NEURON_OUTPUTS):
            bus = output % c.PADI_BUSSES
            for hemisphere, node in enumerate(self.neurons[bus]):
                _set(registers, output, c.PADI_BUSSES * hemisphere + bus, node)
            _set(registers, output, c.CROSSBAR_FPGA_OUT + bus, self.record[bus])
        for bus in range(c.PADI_BUSSES if has_inputs else 0):
            for hemisphere, node in enumerate(self.inputs):
                _set(registers, c.CROSSBAR_FPGA_IN + bus, c.PADI_BUSSES * hemisphere + bus, node)
            _set(registers, c.CROSSBAR_FPGA_IN + bus, c.CROSSBAR_FPGA_OUT + bus, EVERYTHING)


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
        class_bits: of each bus, that drivers compare; there, bits 6 and 7 do not tell populations.
        numbers: of each spiking population.
        recorded: the populations whose spikes the FPGA records.

    Raises:
        ValueError: no node passes the spikes of these populations alone.
    """
    neurons = [_to_hemispheres(bus, sources, seats, class_bits[bus], numbers) for bus in range(c.PADI_BUSSES)]
    record = [_to_record(class_bits[bus], numbers, recorded) for bus in range(c.PADI_BUSSES)]
    wanted = np.array([[h in at.at for h in range(c.HEMISPHERES)] for at in seats]).reshape(-1, c.HEMISPHERES)
    from_fpga = np.array([source.kind is Kind.FPGA for source in sources], bool)
    heard = wanted[from_fpga].any(axis=0)
    some = (TO_HEMISPHERE[c.TOP], TO_HEMISPHERE[c.TOP]), (TO_HEMISPHERE[c.BOTTOM], TO_HEMISPHERE[c.BOTTOM])
    inputs = some if heard.all() else tuple(EVERYTHING if it else NOTHING for it in heard)
    present, flags = wanted.copy(), np.zeros(len(sources), np.int64)
    if heard.all():
        flags[from_fpga] = wanted[from_fpga] @ TO_HEMISPHERE
    else:
        present[from_fpga] = heard
    for n, (source, at) in enumerate(zip(sources, seats, strict=True)):
        if source.kind is Kind.NEURON:
            present[n] = [_passes(node, numbers[source.population]) for node in neurons[at.bus]]
    return Crossbar(neurons, record, (inputs[0], inputs[1]), present, flags)


def _passes(node: Node, number: int) -> bool:
    return node != NOTHING and (number << LAYER_SHIFT) & node[0] == node[1]


def _to_hemispheres(bus, sources, seats, class_bits, numbers) -> tuple[Node, Node]:
    heard = [_heard(hemisphere, sources, seats, None if class_bits == 0 else bus) for hemisphere in range(2)]
    if class_bits:
        return tuple(EVERYTHING if names else NOTHING for names in heard)
    return tuple(
        node_of([numbers[n] for n in numbers if n in names], [numbers[n] for n in numbers if n not in names])
        or EVERYTHING
        for names in heard
    )


def _heard(hemisphere: int, sources: Sequence[Source], seats: Sequence[Seats], bus: int | None) -> set[str]:
    """The populations of neurons, of those on a bus, that are heard in a hemisphere."""
    return {
        source.population
        for source, at in zip(sources, seats, strict=True)
        if source.kind is Kind.NEURON and hemisphere in at.at and bus in (None, at.bus)
    }


def _to_record(class_bits: int, numbers: Mapping[str, int], recorded: Collection[str]) -> Node:
    if not class_bits:
        node = node_of(
            [numbers[n] for n in numbers if n in recorded], [numbers[n] for n in numbers if n not in recorded]
        )
    else:
        node = EVERYTHING if len(recorded) == len(numbers) else None if recorded else NOTHING
    if node is None:
        names = ", ".join(recorded)
        raise ValueError(f"the crossbar cannot pass the spikes of {names} alone; record other populations, or all")
    return node
