"""Where a network lies on the chip: which columns, drivers, rows, labels and crossbar nodes are whose.

:func:`place` takes both forms of a network, and what it returns has registers, labels of events, and weights by
projection. There is one way to a place, :mod:`ppu_programs.placement.placing`: columns for the neurons (``columns``),
what sources ask of rows (``demand``), drivers and rows (``rows``), nodes (``crossbar``), labels (``labels``). Layers in
turn come out as :mod:`ppu_programs.placement.layered` says; a hidden
layer for both processors as :mod:`ppu_programs.placement.divided` does. What does not fit is a
:class:`chip.base.errors.ChipLimitError`: which limit, by how much, what to do.
"""

from ppu_programs.placement.columns import HEMISPHERE_NAMES, NeuronPlace
from ppu_programs.placement.crossbar import INPUT_MARK, LAYER_SHIFT, POPULATION_MASK
from ppu_programs.placement.divided import DividedPlacement, Part, place_layers
from ppu_programs.placement.drivers import UNUSED_LABEL
from ppu_programs.placement.graph_placement import GraphPlacement
from ppu_programs.placement.layered import (
    INPUT_LAYER,
    LayerPlace,
    Placement,
    layer_name,
    place,
    two_layers,
)
from ppu_programs.placement.places import SourcePlace, SynapsePlaces
from ppu_programs.placement.writing import INTEGRATOR_REFRACTORY_NS

__all__ = [
    "HEMISPHERE_NAMES", "INPUT_LAYER", "INPUT_MARK", "INTEGRATOR_REFRACTORY_NS", "LAYER_SHIFT", "POPULATION_MASK",
    "UNUSED_LABEL", "DividedPlacement", "GraphPlacement", "LayerPlace", "NeuronPlace", "Part", "Placement",
    "SourcePlace", "SynapsePlaces", "layer_name", "place", "place_layers", "two_layers",
]  # fmt: skip
