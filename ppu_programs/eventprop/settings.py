"""What EventProp is built for, beside what every rule is: one hidden layer, or several, which the host trains."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Self

from chip.base import constants as c
from chip.base.settings import setting
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.two_layer import settings as two_layer
from ppu_programs.two_layer.settings import SampleSettings

# for Yin-Yang, which the host learns with it; initial weights were chosen on its validation samples
THREE_LAYERS = Network(
    *(Linear(5, 60, mean=16.0), LIF(60)),
    *(Linear(60, 60, efficacy_lsb=2, mean=4.0, spread=16.0), LIF(60)),
    *(Linear(60, 3), LI(3)),
)


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

    Attributes:
        slope_limit: the clip of the adjoint in every layer, see :class:`Settings`.
        network: spiking layers, then leaky integrators.

    Raises:
        ValueError: a setting out of range, too few layers, or readouts that spike.
    """

    section: ClassVar[str] = "eventprop"

    slope_limit: float = setting(8.0, 1.0, 64.0)
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
