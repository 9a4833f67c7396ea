"""Networks as data: layers of synapses and of neurons in turn, as firmware, host loop and float reference read them.

    >>> network = Network(Linear(5, 120), LIF(120), Linear(120, 3), LI(3))
    >>> network.depth, network.weight_count
    (2, 960)

Potentials are in CADC LSB; a neuron's leak potential is its reset potential, too. Weights are in steps of the 6-bit
synapses, with sign: -63..63, a row of synapses for either sign. Whether a network fits a chip, and where on it it
lies, is for :mod:`ppu_programs.placement` to say.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import KW_ONLY, MISSING, dataclass
from typing import Any

import numpy as np

from ppu_programs.network.graph import NetworkGraph
from ppu_programs.network.neurons import LI, LIF, Layer, Synapses
from ppu_programs.network.population import Inputs, Population
from ppu_programs.network.projection import Projection
from ppu_programs.network.written import layer_from, layer_table


@dataclass(frozen=True)
class Linear(Layer):
    """Dense synapses with sign, from each of ``inputs`` sources to each of ``outputs`` neurons.

    Attributes:
        efficacy_lsb: synaptic current in LSB that a weight of 1 brings; by default 5 in front of LIF, 2 of LI.
        mean, spread: of normally distributed initial weights, in weight steps; by default 10 and 24, or 0 and 3.
    """

    inputs: int
    outputs: int
    _: KW_ONLY
    efficacy_lsb: float | None = None
    mean: float | None = None
    spread: float | None = None

    def __post_init__(self):
        super().__post_init__()
        given = {name: value for name, value in self.given().items() if value is not None}
        checked = Synapses(**given)
        for name in given:
            object.__setattr__(self, name, getattr(checked, name))

    def given(self) -> dict[str, Any]:
        """The settings of :class:`Synapses`, None where the network is to decide."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(Synapses)}

    def before(self, neurons: LIF | LI) -> Linear:
        """Return these synapses with nothing left open, in front of ``neurons``."""
        left_open = {name: getattr(neurons.synapses, name) for name, value in self.given().items() if value is None}
        return dataclasses.replace(self, **left_open)


INPUTS_NAME = "inputs"  # of the population in the network written out
KINDS = {kind.__name__: kind for kind in (Linear, LIF, LI)}


def population_name(layer: int) -> str:
    """The name of a layer's population in the network written out, of the inputs' for -1."""
    return INPUTS_NAME if layer < 0 else f"layer {layer}"


class Network:
    """Layers in the order in which events pass them: Linear, neurons, Linear, neurons, ...; never changes.

    What a Linear leaves open is settled here, by the neurons that it leads to. Two networks are equal if all of their
    layers are.

    Attributes:
        layers: pairs of a Linear and the LIF or LI behind it.
        inputs, outputs: of the first Linear and of the last neurons.
        depth: number of pairs; layer k means pair k, from 0.
        weight_count: signed weights in all.

    Raises:
        ValueError: layers do not alternate, sizes do not chain, or a layer within does not spike.
        AttributeError: one of them is set.
    """

    layers: tuple[tuple[Linear, LIF | LI], ...]
    inputs: int
    outputs: int
    depth: int
    weight_count: int

    def __init__(self, *layers: Linear | LIF | LI):
        for layer in layers:
            if not isinstance(layer, Linear | LIF | LI):
                raise ValueError(f"a network is made of Linear, LIF and LI, not of {layer!r}")
        for n, layer in enumerate(layers):
            if isinstance(layer, Linear) != (n % 2 == 0):
                wanted = "LIF or LI behind a Linear" if n % 2 else "a Linear before neurons"
                raise ValueError(f"layer {n + 1} of the network is {layer}; it must be {wanted}, in turn")
        if len(layers) < 2 or len(layers) % 2:
            ending = f"ends with {layers[-1]}" if layers else "has no layers"
            raise ValueError(f"the network {ending}; it must end with neurons, LIF or LI, behind a Linear")
        for first, second in zip(layers, layers[1:], strict=False):
            if first.sizes[-1] != second.sizes[0]:
                raise ValueError(
                    f"{second} follows {first}, but {first.sizes[-1]} is not {second.sizes[0]}; make them agree"
                )
        for neurons in layers[1:-1:2]:
            if not neurons.spikes:
                raise ValueError(f"{neurons} does not spike, so no layer can follow it; use LIF within a network")
        pairs = tuple(
            (linear.before(neurons), neurons) for linear, neurons in zip(layers[::2], layers[1::2], strict=True)
        )
        weight_count = sum(linear.inputs * linear.outputs for linear, _ in pairs)
        sizes = {"inputs": layers[0].inputs, "outputs": layers[-1].size, "depth": len(pairs)}
        vars(self).update(sizes, layers=pairs, weight_count=weight_count)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a network never changes, so its {name} cannot be set; make another one, Network(...)")

    def __iter__(self) -> Iterator[tuple[Linear, LIF | LI]]:
        return iter(self.layers)

    def __eq__(self, other: object) -> bool:
        return self.layers == other.layers if isinstance(other, Network) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.layers)

    def __repr__(self) -> str:
        parts = []
        for linear, neurons in self.layers:
            open_settings = Linear(*linear.sizes).before(neurons)
            parts += [_short(linear, open_settings), _short(neurons, type(neurons)(*neurons.sizes))]
        return f"Network({', '.join(parts)})"

    @property
    def graph(self) -> NetworkGraph:
        """The same as populations and projections: ``inputs``, ``layer 0``, ...; projection k leads to layer k."""
        names = [population_name(k) for k in range(-1, self.depth)]
        populations: dict[str, Population] = {INPUTS_NAME: Inputs(self.inputs)}
        populations |= {name: neurons for name, (_, neurons) in zip(names[1:], self.layers, strict=True)}
        projections = [
            Projection(source, target, efficacy_lsb=linear.efficacy_lsb)
            for source, target, (linear, _) in zip(names, names[1:], self.layers, strict=False)
        ]
        return NetworkGraph(populations, *projections)

    def describe(self) -> str:
        """Return every setting of every layer, a line each, and the number of weights."""
        lines = []
        for linear, neurons in self.layers:
            for layer in (linear, neurons):
                values = ", ".join(f"{name} {value}" for name, value in _settings(layer).items())
                lines.append(f"{str(layer):<16}  {values}")
        return "\n".join([*lines, f"{self.weight_count} weights of 6 bits and a sign"])

    def initial_weights(self, seed: int) -> list[np.ndarray]:
        """Draw the initial weights of each layer: float64[inputs, outputs], in weight steps, not rounded nor limited.

        The first layer is drawn source by source, further ones target by target: the rows in which firmware keeps
        weights, whose lanes are hidden neurons in both. So all who train this network from a seed begin alike.
        """
        random, drawn = np.random.default_rng(seed), []
        for k, (linear, _) in enumerate(self.layers):
            shape = (linear.outputs, linear.inputs) if k else (linear.inputs, linear.outputs)
            weights = random.normal(linear.mean, linear.spread, shape)
            drawn.append(weights.T if k else weights)
        return drawn

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: a list ``layers`` of the kind of each layer and all that it is."""
        return {"layers": [layer_table(layer) for pair in self.layers for layer in pair]}

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Network:
        """Build from what :meth:`to_dict` returns; raises ValueError that says which entry is wrong."""
        if not isinstance(table, dict) or not isinstance(table.get("layers"), list):
            raise ValueError(f"a network is written as {table!r}; it must be a table with a list layers")
        return cls(*(layer_from(entry, f"layer {n}", KINDS) for n, entry in enumerate(table["layers"], 1)))


def _settings(layer: Layer) -> dict[str, Any]:
    return {f.name: getattr(layer, f.name) for f in dataclasses.fields(layer) if f.default is not MISSING}


def _short(layer: Layer, plain: Layer) -> str:
    """As one writes the layer: sizes, then the settings in which it is not the ``plain`` one."""
    usual = _settings(plain)
    changed = [f"{name}={value!r}" for name, value in _settings(layer).items() if value != usual[name]]
    return f"{type(layer).__name__}({', '.join([*map(str, layer.sizes), *changed])})"
