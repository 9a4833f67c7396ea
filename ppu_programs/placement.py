"""Where a network lies on the chip.

==============  =========================================================================================
layer k         up to four: hemisphere k % 2, top first; its even columns for layers 0 and 1, then the odd
                ones; neuron j in lane j of these, or, where an earlier layer leads to the same hemisphere
                as this one does, in the lanes behind that layer's
inputs          input i drives driver d = i of the top hemisphere, bus d % 4, index d // 4 on it, and comes
                from the FPGA with that bus as its SPL1 address and that index as its row select; its rows
                are 2 d (excitatory) and 2 d + 1 (inhibitory); the crossbar returns it to the FPGA, so it
                stands in the sample's record, marked
spikes          a neuron in lane j has event output j // 16, so it reaches PADI bus (j // 16) % 4 of the
                other hemisphere; every driver that serves on-chip sources listens (compare mask 0), and
                the synapse label selects one of the 32 sources of a bus: n = j % 16 + 16 (j // 64)
their drivers   4 n + bus in the bottom hemisphere; in the top one 4 (31 - n) + bus, from above: there inputs
                carry a synapse label of their own, and if d = i is taken, they are the i-th of what is left
record          the FPGA records the spikes of all spiking layers; bits 6-7 of a label are its layer
last layer      leads nowhere; if it is of leaky integrators, its comparators and its event outputs are off,
                and its refractory times are long enough for a reset by a processor: what it fires sends
                nothing, and is free again 1 us after time zero of the next sample, before its first input
==============  =========================================================================================

Bits 6 and 7 belong to the row select as well, bits 8-10 of an on-chip spike's label are its event output: with the
compare mask at 0 neither selects drivers, so only the six bits of the synapse label count, and a bus carries at most 32
on-chip sources. The crossbar tells layers apart by bits 6 and 7 where it has to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from ppu_programs.network import LI, LIF, Linear, Network

INPUT_MARK = 1 << 13  # in the label of an input event; neither drivers nor synapses look at this bit
UNUSED_LABEL = c.LABEL_MAX  # no source sends it, so unused synapses stay silent
SHARED_INPUT_LABEL = c.LABEL_MAX - 1  # of inputs that share a hemisphere with on-chip sources; elsewhere it is 0
# of readouts that integrate: a reset leaves 2 % of its way with the time constant of 0.5 us that it has at least
INTEGRATOR_REFRACTORY_NS = 2_000
LANES_PER_OUTPUT = c.COLUMNS_PER_OUTPUT // c.HALVES
LAYER_SHIFT = 6  # in the label of an on-chip spike
MAX_DEPTH = c.HEMISPHERES * c.HALVES
INPUT_LAYER = -1  # where a layer's number is expected: the event is an input
HEMISPHERE_NAMES = ("top", "bottom")


def input_labels(inputs: int) -> np.ndarray:
    """uint16[inputs]: the label with which input i of a network of two layers enters the crossbar from the FPGA."""
    return _input_labels(np.arange(inputs), 0)


def hidden_drivers(hidden: int) -> np.ndarray:
    """int64[hidden]: the bottom driver of each neuron of layer 0; its rows are 2 d and 2 d + 1."""
    return _source_drivers(np.arange(hidden), c.BOTTOM)


def _input_labels(drivers: np.ndarray, synapse_label: int) -> np.ndarray:
    bus, on_bus = drivers % c.PADI_BUSSES, drivers // c.PADI_BUSSES
    return (bus << 14 | INPUT_MARK | on_bus << c.ROW_SELECT_SHIFT | synapse_label).astype(np.uint16)


def _label_on_bus(lane: np.ndarray) -> np.ndarray:
    return lane % LANES_PER_OUTPUT + LANES_PER_OUTPUT * (lane // (LANES_PER_OUTPUT * c.PADI_BUSSES))


def _source_drivers(lane: np.ndarray, hemisphere: int) -> np.ndarray:
    on_bus = _label_on_bus(lane)
    if hemisphere == c.TOP:
        on_bus = c.DRIVERS_PER_BUS - 1 - on_bus
    return c.PADI_BUSSES * on_bus + lane // LANES_PER_OUTPUT % c.PADI_BUSSES


@dataclass(frozen=True)
class LayerPlace:
    """Where one layer lies.

    Attributes:
        hemisphere, half: of its neurons; the drivers of its synapses are in the same hemisphere.
        lanes: int64[outputs], of its neurons in that half.
        drivers: int64[inputs], of its sources; driver d has the rows 2 d and 2 d + 1.
        synapse_labels: int64[inputs], of the synapses of each source.
    """

    hemisphere: int
    half: int
    lanes: np.ndarray
    drivers: np.ndarray
    synapse_labels: np.ndarray

    @property
    def columns(self) -> np.ndarray:
        """int64[outputs]: the columns of its neurons."""
        return c.HALVES * self.lanes + self.half

    @property
    def rows(self) -> np.ndarray:
        """int64[inputs, 2]: the excitatory and the inhibitory row of each source."""
        return np.stack([2 * self.drivers, 2 * self.drivers + 1], axis=1)


class Placement:
    """A network in its place, see the table above; made by :func:`place`.

    Attributes:
        network: what was placed.
        layers: a :class:`LayerPlace` for each layer.
        input_labels: uint16[inputs], with which inputs enter the crossbar from the FPGA.
        recorded: the layers whose spikes the FPGA records, in order.
    """

    def __init__(self, network: Network, recorded: Iterable[int] | None = None):
        self.network = network
        self._check_size()
        self._spiking = [k for k, (_, neurons) in enumerate(network) if neurons.spikes]
        self.recorded = self._spiking if recorded is None else sorted(set(recorded))
        if strange := [k for k in self.recorded if k not in self._spiking]:
            raise ValueError(f"layer {strange[0]} has no spikes to record; layers that spike: {self._spiking}")
        self._record_node = self._node(self.recorded)
        self.layers = self._place_layers()
        self.input_labels = _input_labels(self.layers[0].drivers, int(self.layers[0].synapse_labels[0]))

    def __repr__(self) -> str:
        return f"<Placement of {self.network}>"

    # ------------------------------------------------------------------ where things are

    def _check_size(self) -> None:
        sizes = [linear.inputs for linear, _ in self.network]
        if self.network.depth > MAX_DEPTH:
            halves, remedy = "halves of hemispheres, one a layer", f"use 1..{MAX_DEPTH} layers"
            raise ChipLimitError(Resource.HALVES, halves, self.network.depth, MAX_DEPTH, "layers", remedy)
        for k, (_, neurons) in enumerate(self.network):
            name = layer_name(self.network, k)
            if neurons.size > c.LANES:
                where = f"{name} ({'odd' if k // c.HEMISPHERES else 'even'} columns of a hemisphere)"
                remedy = f"use 1..{c.LANES} neurons"
                raise ChipLimitError(Resource.NEURONS, where, neurons.size, c.LANES, "neurons", remedy)
        if self.network.inputs > c.DRIVERS:
            raise ChipLimitError(
                Resource.DRIVERS, "input layer (top synapse drivers)", self.network.inputs, c.DRIVERS, "drivers",
                f"use 1..{c.DRIVERS} inputs, two rows each",
            )  # fmt: skip
        for hemisphere, name in enumerate(HEMISPHERE_NAMES):
            leading = range(hemisphere, self.network.depth, c.HEMISPHERES)
            used = sum(sizes[k] for k in leading)
            if used > c.DRIVERS:
                sources = " and ".join(layer_name(self.network, k - 1) for k in leading)
                raise ChipLimitError(
                    Resource.DRIVERS, f"synapse drivers of the {name} hemisphere, for {sources}", used, c.DRIVERS,
                    "drivers", "make these layers smaller; each source takes two rows",
                )  # fmt: skip

    def _place_layers(self) -> tuple[LayerPlace, ...]:
        depth, lanes = self.network.depth, []
        for k, (_, neurons) in enumerate(self.network):
            behind = k >= c.HEMISPHERES and k < depth - 1  # layer k - 2 has sources on the same busses
            first = int(lanes[k - c.HEMISPHERES][-1]) + 1 if behind else 0
            lanes.append(first + np.arange(neurons.size))
        shared = depth > c.HEMISPHERES
        taken = _source_drivers(lanes[1], c.TOP) if shared else []
        free = np.setdiff1d(np.arange(c.DRIVERS), taken)[: self.network.inputs]
        places = [
            LayerPlace(c.TOP, c.EVEN, lanes[0], free, np.full(free.size, SHARED_INPUT_LABEL if shared else 0)),
        ]
        for k in range(1, depth):
            hemisphere, sources = k % c.HEMISPHERES, lanes[k - 1]
            drivers, labels = _source_drivers(sources, hemisphere), _label_on_bus(sources)
            places.append(LayerPlace(hemisphere, k // c.HEMISPHERES, lanes[k], drivers, labels))
        return tuple(places)

    def spike_labels(self, layer: int) -> np.ndarray:
        """uint16[neurons]: the labels with which the neurons of a layer spike, as the record shows them."""
        lanes = self.layers[layer].lanes
        output = lanes // LANES_PER_OUTPUT
        return (output << c.NEURON_OUTPUT_SHIFT | layer << LAYER_SHIFT | _label_on_bus(lanes)).astype(np.uint16)

    def sources(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tell from labels of a record what they are: int64[n] layers, INPUT_LAYER for inputs, int64[n] numbers in it.

        Raises ValueError for a label that no neuron and no input of this network has.
        """
        labels, (layer, number) = np.asarray(labels, np.int64), self._by_label
        numbers = number[labels]
        if (unknown := numbers < 0).any():
            raise ValueError(f"the label {labels[unknown][0]:#06x} belongs to no input and no neuron of {self.network}")
        return layer[labels], numbers

    @cached_property
    def _by_label(self) -> tuple[np.ndarray, np.ndarray]:
        layer, number = np.full(1 << 16, INPUT_LAYER), np.full(1 << 16, -1)
        for k in (INPUT_LAYER, *self._spiking):
            labels = self.input_labels if k == INPUT_LAYER else self.spike_labels(k)
            layer[labels], number[labels] = k, np.arange(len(labels))
        return layer, number

    # ------------------------------------------------------------------ registers

    def routing(self) -> Registers:
        """Registers with all that makes events go their way; neuron parameters and weights are at their defaults."""
        registers = Registers()
        registers.labels[...] = UNUSED_LABEL
        self._route_inputs(registers)
        self._route_spikes(registers)
        for k, (place, (_, neurons)) in enumerate(zip(self.layers, self.network, strict=True)):
            side, columns = place.hemisphere, place.columns
            registers.enabled[side, columns] = True
            registers.spiking[side, columns] = registers.event_output[side, columns] = neurons.spikes
            registers.row_mode[side, place.rows[:, 0]] = ROW_EXCITATORY
            registers.row_mode[side, place.rows[:, 1]] = ROW_INHIBITORY
            registers.labels[side, place.rows[..., None], columns] = place.synapse_labels[:, None, None]
            if k:
                registers.compare_mask[side, place.drivers] = 0
        return registers

    def registers(self) -> Registers:
        """Registers with routing and neuron parameters; weights are all 0, see :meth:`store`.

        Columns without a neuron of the network are set as the even columns of their hemisphere are.
        """
        registers = self.routing()
        for place, (linear, neurons) in zip(self.layers, self.network, strict=True):
            side = place.hemisphere
            columns = slice(None) if place.half == c.EVEN else place.columns
            registers.leak_lsb[side, columns] = registers.reset_lsb[side, columns] = neurons.leak_lsb
            registers.tau_mem_ns[side, columns] = neurons.tau_mem_ns
            registers.tau_syn_exc_ns[side, columns] = registers.tau_syn_inh_ns[side, columns] = neurons.tau_syn_ns
            registers.efficacy_lsb[side, columns] = linear.efficacy_lsb
            if isinstance(neurons, LIF):
                registers.threshold_lsb[side, columns] = neurons.leak_lsb + neurons.threshold_lsb
                registers.refractory_ns[side, columns] = neurons.refractory_ns
            else:
                registers.refractory_ns[side, columns] = INTEGRATOR_REFRACTORY_NS
        return registers

    def store(self, registers: Registers, layer: int, weights: np.ndarray) -> None:
        """Write the signed weights int[inputs, outputs] of a layer, -63..63, into both rows of each source.

        Raises ValueError for another shape, a value that is not whole or out of range.
        """
        place, linear = self.layers[layer], self.network.layers[layer][0]
        weights = np.asarray(weights)
        if weights.shape != linear.sizes:
            raise ValueError(f"weights of layer {layer} are of shape {weights.shape}; {linear} takes {linear.sizes}")
        if weights.dtype.kind not in "iu" or weights.min() < -c.WEIGHT_MAX or weights.max() > c.WEIGHT_MAX:
            raise ValueError(
                f"weights of layer {layer} are {weights.dtype} in {weights.min()}..{weights.max()}; the synapses take "
                f"whole numbers in {-c.WEIGHT_MAX}..{c.WEIGHT_MAX}"
            )
        for sign, row in ((1, 0), (-1, 1)):
            registers.weights[place.hemisphere, place.rows[:, row, None], place.columns] = np.maximum(sign * weights, 0)

    def load(self, weights: np.ndarray, layer: int) -> np.ndarray:
        """Return the signed weights int64[inputs, outputs] of a layer from all of a chip's, uint8[2, 256, 256]."""
        place = self.layers[layer]
        rows = weights[place.hemisphere, place.rows[..., None], place.columns].astype(np.int64)
        return rows[:, 0] - rows[:, 1]

    def _route_inputs(self, registers: Registers) -> None:
        for bus in range(c.PADI_BUSSES):  # SPL1 address b reaches top PADI bus b and goes back to the FPGA
            registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, bus] = 0
            registers.crossbar_target[c.CROSSBAR_FPGA_IN + bus, c.CROSSBAR_FPGA_OUT + bus] = 0

    def _route_spikes(self, registers: Registers) -> None:
        for k in self._spiking:
            place, labels = self.layers[k], self.spike_labels(k)
            registers.backend_address[place.hemisphere, place.columns] = labels & 0xFF  # above it is the event output
        onward = range(self.network.depth - 1)
        for hemisphere in (c.TOP, c.BOTTOM):
            node = self._node([k for k in onward if (k + 1) % c.HEMISPHERES == hemisphere])
            for output in range(c.NEURON_OUTPUTS):
                _set_node(registers, output, c.PADI_BUSSES * hemisphere + output % c.PADI_BUSSES, node)
        for output in range(c.NEURON_OUTPUTS):
            _set_node(registers, output, c.CROSSBAR_FPGA_OUT + output % c.PADI_BUSSES, self._record_node)

    def _node(self, layers: list[int]) -> tuple[int, int]:
        """The least (mask, target) of a crossbar node that passes the spikes of ``layers``, of no other layer."""
        if not layers:
            return 0, c.NEURON_LABEL_MASK
        for mask in range(MAX_DEPTH):
            if layers == [k for k in self._spiking if k & mask == layers[0] & mask]:
                return mask << LAYER_SHIFT, (layers[0] & mask) << LAYER_SHIFT
        raise ValueError(f"the crossbar cannot pass the spikes of layers {layers} alone; add another layer to them")


def _set_node(registers: Registers, source: int, output: int, node: tuple[int, int]) -> None:
    registers.crossbar_mask[source, output], registers.crossbar_target[source, output] = node


def layer_name(network: Network, layer: int) -> str:
    """What messages call a layer; INPUT_LAYER is the inputs."""
    if layer == INPUT_LAYER:
        return "input layer"
    if layer == network.depth - 1:
        return "readout layer"
    return "hidden layer" if network.depth <= c.HEMISPHERES else f"hidden layer {layer}"


def place(network: Network, recorded: Iterable[int] | None = None) -> Placement:
    """Find the place of a network; ``recorded`` names the layers whose spikes the FPGA records, by default all.

    Raises:
        ChipLimitError: it has more layers, neurons in a layer or sources in a hemisphere than there is room for.
        ValueError: a recorded layer does not spike, or the crossbar cannot tell the recorded layers from others.
    """
    return Placement(network, recorded)


# ---------------------------------------------------------------------- networks of two layers, by their sizes


def two_layers(inputs: int, hidden: int, readouts: int) -> Network:
    """Return the network of these sizes, spiking neurons and leaky integrators, all else at its defaults."""
    return Network(Linear(inputs, hidden), LIF(hidden), Linear(hidden, readouts), LI(readouts))


def check_size(inputs: int, hidden: int, readouts: int) -> None:
    """Raise ChipLimitError where a network of two layers does not fit the hemispheres."""
    place(two_layers(inputs, hidden, readouts))
