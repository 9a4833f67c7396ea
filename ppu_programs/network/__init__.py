"""Networks as data, as firmware, host loop and float reference read them.

A :class:`NetworkGraph` has populations and projections of any shape; a :class:`Network` of layers in turn is its short
form, which :attr:`Network.graph` writes out. Weights are in steps of the 6-bit synapses. Whether a network fits a chip,
and where on it it lies, is for :mod:`ppu_programs.placement` to say.
"""

from ppu_programs.network.graph import NetworkGraph
from ppu_programs.network.layers import Linear, Network
from ppu_programs.network.neurons import LI, LIF, Synapses
from ppu_programs.network.population import Injected, Inputs, Population
from ppu_programs.network.projection import Projection, Sign

__all__ = [
    "LI", "LIF", "Injected", "Inputs", "Linear", "Network", "NetworkGraph", "Population", "Projection", "Sign",
    "Synapses",
]  # fmt: skip
