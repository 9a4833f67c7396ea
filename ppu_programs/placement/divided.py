"""Where a network of one hidden layer lies whose hidden neurons are divided between the hemispheres.

Each processor owns the hidden neurons of its hemisphere: they lie in its even columns, and their input weights and
their readout weights in rows of its own. Inputs are wired to both hemispheres. Readouts lie in odd columns; each is the
two circuits of its column, merged, so it hears the rows of both, and the CADC of either side reads its membrane. If it
spikes, nobody but the record hears of it.

Hidden neurons are 129 to 256: of more than 128 sources readouts hear more rows than one hemisphere has, which is when
the placer merges circuits. A half row is one write of a processor: rows of inputs have their weights in the even half,
rows of hidden neurons in the odd one, so that even where both share a row nobody writes what is another's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.errors import ChipLimitError, Resource
from chip.base.registers import Registers
from ppu_programs.network import Inputs, Network, NetworkGraph, Projection
from ppu_programs.network.layers import INPUTS_NAME
from ppu_programs.placement.columns import HEMISPHERE_NAMES
from ppu_programs.placement.layered import Placement, check_shape
from ppu_programs.placement.placing import place_graph

READOUTS = "readouts"
MOST_HIDDEN = c.HEMISPHERES * c.LANES


@dataclass(frozen=True)
class Part:
    """The hidden neurons that one processor owns, and where their synapses are, all in its hemisphere.

    Attributes:
        hemisphere: of all of it.
        neurons: their numbers in the hidden layer.
        lanes: int64[neurons], in even columns.
        input_rows: int64[inputs, 2], the excitatory and the inhibitory row of each input.
        readout_rows: int64[neurons, 2], the same of each neuron.
        labels: uint16[neurons], of their spikes in a record.
        input_labels: uint16[inputs], of the inputs' events there.
    """

    hemisphere: int
    neurons: range
    lanes: np.ndarray
    input_rows: np.ndarray
    readout_rows: np.ndarray
    labels: np.ndarray
    input_labels: np.ndarray


class DividedPlacement:
    """A network of one hidden layer in its place, the hidden neurons in equal parts on both sides; see above.

    It has ``registers``, ``store``, ``load`` and ``input_labels`` as :class:`ppu_programs.placement.layered.Placement`.

    Attributes:
        network: what was placed.
        on_chip: where it is, a network of populations ``inputs``, ``top``, ``bottom`` and ``readouts``.
        parts: the :class:`Part` of the top and of the bottom processor.
        input_labels: uint16[inputs], with which inputs enter the crossbar from the FPGA.
        readout_labels: uint16[readouts], of their spikes in a record; empty if they have none.

    Raises:
        ChipLimitError: there are more neurons or inputs than there is room for.
        ValueError: the network has more than one hidden layer, or one that needs no division.
    """

    def __init__(self, network: Network):
        self.network = network
        graph = _divided(network)
        self.on_chip = place_graph(graph, kept=dict(zip(HEMISPHERE_NAMES, range(c.HEMISPHERES), strict=True)))
        self.input_labels = self.on_chip.sources[INPUTS_NAME].labels
        readouts = self.on_chip.sources.get(READOUTS)
        self.readout_labels = np.zeros(0, np.uint16) if readouts is None else readouts.labels
        self.parts = tuple(self._part(hemisphere) for hemisphere in range(c.HEMISPHERES))

    def __repr__(self) -> str:
        return f"<DividedPlacement of {self.network!r}>"

    def _part(self, hemisphere: int) -> Part:
        name = HEMISPHERE_NAMES[hemisphere]
        sources = self.on_chip.sources[name]
        return Part(
            hemisphere,
            _numbers(self.network)[hemisphere],
            self.on_chip.neurons[name].lanes,
            self.on_chip.sources[INPUTS_NAME].rows[:, hemisphere],
            sources.rows[:, hemisphere],
            sources.labels,
            self.input_labels,
        )

    # ------------------------------------------------------------------ registers

    def registers(self) -> Registers:
        """Registers with routing and neuron parameters; weights are all 0, see :meth:`store`."""
        return self.on_chip.registers()

    def store(self, registers: Registers, layer: int, weights: np.ndarray) -> None:
        """Write the signed weights int[inputs, outputs] of layer 0 or 1, -63..63, into both rows of each source.

        Raises ValueError for another shape, a value that is not whole or out of range.
        """
        check_shape(self.network, layer, weights)
        for part in self.parts:
            its = (slice(None), part.neurons) if layer == 0 else part.neurons
            self.on_chip.store(registers, self._projection(layer, part), np.asarray(weights)[its])

    def load(self, weights: np.ndarray, layer: int) -> np.ndarray:
        """Return the signed weights int64[inputs, outputs] of a layer from all of a chip's, uint8[2, 256, 256]."""
        parts = [self.on_chip.load(weights, self._projection(layer, part)) for part in self.parts]
        return np.concatenate(parts, axis=1 - layer)

    @staticmethod
    def _projection(layer: int, part: Part) -> int:
        return c.HEMISPHERES * layer + part.hemisphere


def place_layers(network: Network) -> Placement | DividedPlacement:
    """Find the place of layers in turn, for firmware that can divide a hidden layer: it is, where it has to be.

    Raises ChipLimitError where the network does not fit.
    """
    wide = network.depth == 2 and network.layers[0][1].size > c.LANES
    return DividedPlacement(network) if wide else Placement(network)


def _numbers(network: Network) -> tuple[range, range]:
    """The numbers of the hidden neurons on top and at the bottom."""
    hidden = network.layers[0][1].size
    top = (hidden + 1) // c.HEMISPHERES
    return range(top), range(top, hidden)


def _divided(network: Network) -> NetworkGraph:
    """The network as populations: the hidden layer is two."""
    if network.depth != 2:
        raise ValueError(f"one hidden layer behind inputs can be divided between hemispheres, not {network!r}")
    (into_hidden, hidden), (into_readouts, readouts) = network
    if hidden.size > MOST_HIDDEN:
        where, remedy = "hidden layer (even columns of both hemispheres)", f"use 1..{MOST_HIDDEN} neurons"
        raise ChipLimitError(Resource.NEURONS, where, hidden.size, MOST_HIDDEN, "neurons", remedy)
    if hidden.size <= c.LANES:
        raise ValueError(f"{hidden} is no layer to divide: up to {c.LANES} neurons have room in one hemisphere")
    sizes = [len(numbers) for numbers in _numbers(network)]
    parts = {name: dataclasses.replace(hidden, size=n) for name, n in zip(HEMISPHERE_NAMES, sizes, strict=True)}
    projections = [
        *(Projection(INPUTS_NAME, name, efficacy_lsb=into_hidden.efficacy_lsb) for name in parts),
        *(Projection(name, READOUTS, efficacy_lsb=into_readouts.efficacy_lsb) for name in parts),
    ]
    return NetworkGraph({INPUTS_NAME: Inputs(network.inputs), **parts, READOUTS: readouts}, *projections)
