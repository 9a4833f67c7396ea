"""Where a network of layers lies on the chip: what :mod:`ppu_programs.placement` makes of it.

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

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import overload

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import Registers
from ppu_programs.network import LI, LIF, Linear, Network, NetworkGraph
from ppu_programs.network.layers import INPUTS_NAME, population_name
from ppu_programs.placement.columns import HEMISPHERE_NAMES
from ppu_programs.placement.crossbar import node_of
from ppu_programs.placement.drivers import ROWS_PER_DRIVER
from ppu_programs.placement.graph_placement import GraphPlacement
from ppu_programs.placement.placing import place_graph

MAX_DEPTH = c.HEMISPHERES * c.HALVES
INPUT_LAYER = -1  # where a layer's number is expected: the event is an input


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
        on_chip: where it is, as a network of any shape.
        layers: a :class:`LayerPlace` for each layer.
        input_labels: uint16[inputs], with which inputs enter the crossbar from the FPGA.
        recorded: the layers whose spikes the FPGA records, in order.
    """

    def __init__(self, network: Network, recorded: Iterable[int] | None = None):
        self.network = network
        self._check_size()
        spiking = [k for k, (_, neurons) in enumerate(network) if neurons.spikes]
        self.recorded = self._checked(spiking, spiking if recorded is None else sorted(set(recorded)))
        self.on_chip = place_graph(network.graph, [population_name(k) for k in self.recorded])
        self.layers = tuple(self._layer(k) for k in range(network.depth))
        self.input_labels = self.on_chip.sources[INPUTS_NAME].labels

    def __repr__(self) -> str:
        return f"<Placement of {self.network}>"

    # ------------------------------------------------------------------ is there room

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

    @staticmethod
    def _checked(spiking: list[int], recorded: list[int]) -> list[int]:
        if strange := [k for k in recorded if k not in spiking]:
            raise ValueError(f"layer {strange[0]} has no spikes to record; layers that spike: {spiking}")
        if node_of(recorded, [k for k in spiking if k not in recorded]) is None:
            raise ValueError(
                f"the crossbar cannot pass the spikes of layers {recorded} alone, by whose numbers it tells them from "
                "others; add another layer to them, or place network.graph, whose populations have other numbers"
            )
        return recorded

    def _layer(self, k: int) -> LayerPlace:
        name, source = population_name(k), population_name(k - 1)
        neurons, sources = self.on_chip.neurons[name], self.on_chip.sources[source]
        hemisphere, half = int(neurons.hemispheres[0]), int(neurons.halves[0])
        drivers = sources.rows[:, hemisphere, 0] // ROWS_PER_DRIVER
        return LayerPlace(hemisphere, half, neurons.lanes, drivers, sources.synapse_labels)

    # ------------------------------------------------------------------ where things are

    def spike_labels(self, layer: int) -> np.ndarray:
        """uint16[neurons]: the labels with which the neurons of a layer spike, as the record shows them."""
        return self.on_chip.sources[population_name(layer)].labels

    def sources(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tell from labels of a record what they are: int64[n] layers, INPUT_LAYER for inputs, int64[n] numbers in it.

        Raises ValueError for a label that no neuron and no input of this network has.
        """
        populations, numbers = self.on_chip.identify(labels)
        return populations + INPUT_LAYER, numbers

    # ------------------------------------------------------------------ registers

    def routing(self, inputs_recorded: bool = True) -> Registers:
        """Registers with all that makes events go their way; neuron parameters and weights are at their defaults.

        Inputs stand in the record of spikes, unless ``inputs_recorded`` is False.
        """
        return self.on_chip.routing(inputs_recorded)

    def registers(self, inputs_recorded: bool = True) -> Registers:
        """Registers with :meth:`routing` and neuron parameters; weights are all 0, see :meth:`store`.

        Columns without a neuron of the network are set as the even columns of their hemisphere are.
        """
        return self.on_chip.registers(inputs_recorded)

    def store(self, registers: Registers, layer: int, weights: np.ndarray) -> None:
        """Write the signed weights int[inputs, outputs] of a layer, -63..63, into both rows of each source.

        Raises ValueError for another shape, a value that is not whole or out of range.
        """
        check_shape(self.network, layer, weights)
        self.on_chip.store(registers, layer, weights)

    def load(self, weights: np.ndarray, layer: int) -> np.ndarray:
        """Return the signed weights int64[inputs, outputs] of a layer from all of a chip's, uint8[2, 256, 256]."""
        return self.on_chip.load(weights, layer)


def check_shape(network: Network, layer: int, weights: np.ndarray) -> None:
    """Raise ValueError for weights of another shape than those of a layer."""
    linear, shape = network.layers[layer][0], np.asarray(weights).shape
    if shape != linear.sizes:
        raise ValueError(f"weights of layer {layer} are of shape {shape}; {linear} takes {linear.sizes}")


def layer_name(network: Network, layer: int) -> str:
    """What messages call a layer; INPUT_LAYER is the inputs."""
    if layer == INPUT_LAYER:
        return "input layer"
    if layer == network.depth - 1:
        return "readout layer"
    return "hidden layer" if network.depth <= c.HEMISPHERES else f"hidden layer {layer}"


@overload
def place(network: Network, recorded: Iterable[int] | None = None) -> Placement: ...
@overload
def place(
    network: NetworkGraph,
    recorded: Iterable[str] | None = None,
    kept: Mapping[str, int] | None = None,
    merged: Collection[str] = (),
) -> GraphPlacement: ...
def place(network, recorded=None, kept=None, merged=()):
    """Find the place of a network; ``recorded`` tells whose spikes the FPGA records, by default everybody's.

    Of layers it has their numbers, of populations their names. Layers take a half of a hemisphere each, as firmware for
    layers has them; ``place(network.graph)`` puts them wherever there is room, or, those named in ``kept``, in
    the hemisphere that stands there; those in ``merged`` get the rows of both hemispheres, see
    :func:`ppu_programs.placement.placing.place_graph`.

    Raises:
        ChipLimitError: it has more layers, neurons in a layer or sources in a hemisphere than there is room for.
        ValueError: a recorded layer does not spike, the crossbar cannot tell the recorded layers from others, or a
            population cannot be kept where it should be.
    """
    if isinstance(network, NetworkGraph):
        return place_graph(network, recorded, kept, merged)
    if kept is not None or merged:
        raise ValueError("layers in turn have their hemispheres; keep or merge populations of network.graph")
    return Placement(network, recorded)


# ---------------------------------------------------------------------- networks of two layers, by their sizes


def two_layers(inputs: int, hidden: int, readouts: int) -> Network:
    """Return the network of these sizes, spiking neurons and leaky integrators, all else at its defaults."""
    return Network(Linear(inputs, hidden), LIF(hidden), Linear(hidden, readouts), LI(readouts))
