"""What EventProp is built for, beside what every rule is: one hidden layer, or several, which the host trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

from chip.base import constants as c
from chip.base.settings import setting
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.two_layer import settings as two_layer
from ppu_programs.two_layer.settings import SampleSettings


def deep_network(inputs: int, hidden: Sequence[int], readouts: int) -> Network:
    """Return a network with hidden layers of these sizes; initial weights were chosen on Yin-Yang's validation samples.

    Raises ValueError for a size that is none, or no hidden layers.
    """
    if not hidden:
        raise ValueError("hidden has no sizes; give one for each hidden layer")
    between = dict(efficacy_lsb=2, mean=4.0, spread=16.0)
    layers: list[Linear | LIF | LI] = [Linear(inputs, hidden[0], mean=16.0), LIF(hidden[0])]
    for before, size in pairwise(hidden):
        layers += [Linear(before, size, **between), LIF(size)]
    return Network(*layers, Linear(hidden[-1], readouts), LI(readouts))


THREE_LAYERS = deep_network(5, (60, 60), 3)  # for Yin-Yang


@dataclass(frozen=True)
class Settings(two_layer.Settings):
    """Settings of :class:`ppu_programs.two_layer.settings.Settings`, and one of the adjoint.

    Attributes:
        hidden: more than 128 are divided between both processors, see :mod:`ppu_programs.two_layer.halves`.
        slope_limit: the clip of the adjoint: 1 / (I - threshold) is at most this over the threshold.
    """

    section: ClassVar[str] = "eventprop"

    hidden: int = setting(120, 1, c.HEMISPHERES * c.LANES)
    slope_limit: float = setting(8.0, 1.0, 64.0)

    @property
    def least_excess(self) -> int:
        """The least I - threshold that the adjoint divides by, in 1/256 weight steps."""
        return round(two_layer.CURRENT_ONE * self.threshold_lsb / self.efficacy_lsb / self.slope_limit)

    def with_network(self, network: Network) -> SampleSettings:
        """Return these settings for another network: :class:`DeepSettings` for more than one hidden layer."""
        if not isinstance(network, Network) or network.depth <= 2:
            return super().with_network(network)
        names = [field.name for field in dataclasses.fields(DeepSettings) if hasattr(self, field.name)]
        return DeepSettings(**{name: getattr(self, name) for name in names} | {"network": network})


@dataclass(frozen=True)
class DeepSettings(SampleSettings):
    """Settings of a network with more than one hidden layer, which says all of its layers itself.

    Rates and shifts are those of the chip, where it learns two hidden layers by itself; a host has its own.

    Attributes:
        slope_limit: the clip of the adjoint in every layer, see :class:`Settings`.
        rate, between_rate, readout_rate: first step of a weight from the inputs, between hidden layers and to the
            readouts, in weight steps, where gradients keep their sign; all fall to 0.
        gradient_shift, readout_gradient_shift: see :class:`ppu_programs.two_layer.settings.Settings`.
        between_shift: how far gradients between hidden layers are shifted right before they are summed, in 16 bits.
        network: spiking layers, then leaky integrators.

    Raises:
        ValueError: a setting out of range, too few layers, or readouts that spike.
    """

    section: ClassVar[str] = "eventprop"

    slope_limit: float = setting(8.0, 1.0, 64.0)
    rate: float = setting(0.24, 1e-6, 0.499)
    between_rate: float = setting(0.24, 1e-6, 0.499)
    readout_rate: float = setting(0.32, 1e-6, 0.499)
    gradient_shift: int = setting(6, 0, 16)
    between_shift: int = setting(1, 0, 5)
    readout_gradient_shift: int = setting(9, 0, 16)
    network: Network = THREE_LAYERS

    def __post_init__(self):
        super().__post_init__()
        if self.network.depth <= 2 or self.network.layers[-1][1].spikes:
            raise ValueError(
                f"{self.section} serves deep networks of two hidden layers or more and readouts that are leaky "
                f"integrators, not {self.network!r}"
            )

    def with_network(self, network: Network) -> Self:
        """Return these settings for another network."""
        return dataclasses.replace(self, network=network)

    @property
    def inputs(self) -> int:
        """Inputs of the network, a bias being the last of them."""
        return self.network.inputs

    @property
    def readouts(self) -> int:
        """Readouts of the network, one per class."""
        return self.network.outputs

    def of_layer(self, layer: int) -> Settings:
        """Return what one hidden layer has in common with the only one of :class:`Settings`: all but what it drives.

        Its readouts are those of the network, its rates and shifts those of the weights that lead to it.

        Raises:
            ValueError: its neurons have a setting that kernels do not serve.
        """
        linear, neurons = self.network.layers[layer]
        last, readouts = self.network.layers[-1]
        own = dataclasses.replace(last, inputs=neurons.size)
        shared = [field.name for field in dataclasses.fields(Settings) if hasattr(self, field.name)]
        given = {name: getattr(self, name) for name in shared if name not in ("inputs", "readouts")}
        if layer:
            given["rate"] = self.between_rate
        return Settings(**given).with_network(Network(linear, neurons, own, readouts))
