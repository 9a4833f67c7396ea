"""A network of any shape in its place: where everything is, the registers, weights by projection."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from chip.base.whole import whole_numbers
from ppu_programs.network.population import Injected, Inputs
from ppu_programs.network.projection import Projection
from ppu_programs.placement import writing
from ppu_programs.placement.crossbar import Crossbar
from ppu_programs.placement.places import Places, SynapsePlaces


class GraphPlacement:
    """A network of populations and projections in its place; made by :func:`ppu_programs.placement.place`.

    Attributes:
        graph: what was placed.
        neurons: a :class:`NeuronPlace` for each population of neurons, by name.
        sources: a :class:`SourcePlace` for each population that sends events, by name.
        recorded: names of the populations whose spikes the FPGA records; it records all inputs, or none.
        compare_masks: uint8[2, 128], of the drivers.
        given_away: the PADI busses of each hemisphere that its processor feeds.
    """

    def __init__(
        self,
        places: Places,
        crossbar: Crossbar,
        recorded: tuple[str, ...],
        compare_masks: np.ndarray,
        given_away: tuple[set[int], set[int]],
    ):
        self.places, self.crossbar, self.recorded = places, crossbar, recorded
        self.graph, self.neurons, self.sources = places.graph, places.neurons, places.sources
        self.compare_masks, self.given_away = compare_masks, given_away

    def __repr__(self) -> str:
        return f"<GraphPlacement of {self.graph}>"

    # ------------------------------------------------------------------ where things are

    def synapses(self, projection: int) -> SynapsePlaces:
        """Where the synapses of projection k of the network are; raises IndexError where it has no such one."""
        return self.places.synapses(projection)

    def identify(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tell from labels of a record what they are: int64[n] populations by place in the network, int64[n] numbers.

        Raises ValueError for a label that no neuron and no input of this network has.
        """
        (population, number) = self._by_label
        labels = whole_numbers("labels of a record", labels, len(number) - 1)
        numbers = number[labels]
        if (unknown := numbers < 0).any():
            raise ValueError(f"the label {labels[unknown][0]:#06x} belongs to no input and no neuron of {self.graph}")
        return population[labels], numbers

    @cached_property
    def _by_label(self) -> tuple[np.ndarray, np.ndarray]:
        population, number = np.full(1 << 16, -1), np.full(1 << 16, -1)
        for k, (name, it) in enumerate(self.graph.populations.items()):
            if name in self.sources and not isinstance(it, Injected):
                labels = self.sources[name].labels
                population[labels], number[labels] = k, np.arange(len(labels))
        return population, number

    # ------------------------------------------------------------------ registers

    def routing(self, inputs_recorded: bool = True) -> Registers:
        """Registers with all that makes events go their way; neuron parameters and weights are at their defaults.

        Inputs stand in the record of spikes, unless ``inputs_recorded`` is False: where there are many of them, and
        whoever reads the record knows them, it is shorter so.
        """
        registers = Registers()
        has_inputs = any(isinstance(p, Inputs) for p in self.graph.populations.values())
        self.crossbar.write(registers, has_inputs, inputs_recorded)
        registers.compare_mask = self.compare_masks
        for hemisphere, busses in enumerate(self.given_away):
            registers.padi_from_processor[hemisphere, sorted(busses)] = True
        writing.circuits(registers, self.places)
        writing.synapses(registers, self.places)
        return registers

    def registers(self, inputs_recorded: bool = True) -> Registers:
        """Registers with :meth:`routing` and neuron parameters; weights are all 0, see :meth:`store`.

        Columns without a neuron of the network are set as the first population in the even columns of their hemisphere.
        """
        registers = self.routing(inputs_recorded)
        writing.parameters(registers, self.places)
        return registers

    def store(self, registers: Registers, projection: int, weights: np.ndarray) -> None:
        """Write the weights int[sources, targets] of projection k into its synapses.

        They are -63..63 where they have signs, the rows of both signs are written; else 0..63.

        Raises:
            ValueError: another shape, a value that is not whole, out of range, or not 0 where there is no synapse.
        """
        p, weights = self.graph.projections[projection], np.asarray(weights)
        self._check_weights(p, weights)
        at = self.synapses(projection)
        values = weights[at.sources, at.targets].astype(np.int64)  # unsigned ones have no negatives
        for row, factor in zip(p.sign.rows, p.sign.factors, strict=True):
            registers.weights[at.hemispheres, at.rows[:, row], at.columns] = np.maximum(factor * values, 0)

    @staticmethod
    def _check_weights(p: Projection, weights: np.ndarray) -> None:
        low, high = p.sign.lowest_weight, c.WEIGHT_MAX
        if weights.shape != p.mask.shape:
            raise ValueError(f"weights of {p} are of shape {weights.shape}; it takes {p.mask.shape}")
        known = weights.dtype.kind in "iuf"
        if weights.dtype.kind not in "iu" or weights.min() < low or weights.max() > high:
            lie = f" in {weights.min()}..{weights.max()}" if known else ""
            raise ValueError(
                f"weights of {p} are {weights.dtype}{lie}; the synapses take whole numbers in {low}..{high}"
            )
        if (stray := np.argwhere((weights != 0) & ~p.mask)).size:
            source, target = stray[0].tolist()
            raise ValueError(
                f"weights of {p} are {weights[source, target]} from {source} to {target}, where its mask has no "
                f"synapse; make it 0"
            )

    def load(self, weights: np.ndarray, projection: int) -> np.ndarray:
        """Return the weights int64[sources, targets] of projection k from all of a chip's, uint8[2, 256, 256].

        They are 0 where there is no synapse, and have signs where the projection's synapses do.
        """
        p, at = self.graph.projections[projection], self.synapses(projection)
        found = np.zeros(p.mask.shape, np.int64)
        for row, factor in zip(p.sign.rows, p.sign.factors, strict=True):
            found[at.sources, at.targets] += factor * weights[at.hemispheres, at.rows[:, row], at.columns].astype(
                np.int64
            )
        return found
