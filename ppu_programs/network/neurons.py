"""Neurons of a network, and what a population of any kind has: a size, settings, and checks of both.

Potentials are in CADC LSB; a neuron's leak potential is its reset potential, too.
"""

from __future__ import annotations

import dataclasses
from dataclasses import KW_ONLY, MISSING, dataclass
from typing import Any, ClassVar

import numpy as np

from chip.base import constants as c
from chip.base.settings import Checked, as_setting, check_setting, setting


@dataclass(frozen=True)
class Synapses(Checked):
    """What a :class:`Linear` leaves open: the defaults in front of spiking neurons; :class:`LI` has its own."""

    section: ClassVar[str] = "Linear"
    efficacy_lsb: float = setting(5.0, 0.05, 100.0)
    mean: float = setting(10.0, -float(c.WEIGHT_MAX), float(c.WEIGHT_MAX))
    spread: float = setting(24.0, 0.0, float(c.WEIGHT_MAX))


class Layer:
    """A layer checks itself: sizes, which have no default, and settings; raises ValueError that names the field."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            name, value = f"{type(self).__name__}.{field.name}", getattr(self, field.name)
            if field.default is MISSING:
                object.__setattr__(self, field.name, _size(name, value))
            elif field.default is not None:
                object.__setattr__(self, field.name, value := as_setting(field, value))
                check_setting(type(self).__name__, field, value)

    @property
    def sizes(self) -> tuple[int, ...]:
        """What has no default, in order."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.default is MISSING)

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.sizes))})"


@dataclass(frozen=True)
class LIF(Layer):
    """Leaky integrate-and-fire neurons with exponential synaptic currents.

    Attributes:
        size: how many.
        tau_mem_ns, tau_syn_ns: time constants; equal ones are allowed.
        refractory_ns: how long a spike holds the membrane.
        threshold_lsb: above the leak potential.
        leak_lsb: leak and reset potential.
    """

    size: int
    _: KW_ONLY
    tau_mem_ns: int = setting(10_000, 500, 60_000)
    tau_syn_ns: int = setting(5_000, 300, 30_000)
    refractory_ns: int = setting(2_000, 40, 32_000, c.FPGA_CLOCK_NS)
    threshold_lsb: int = setting(63, 1, 175)
    leak_lsb: int = setting(80, 0, 255)
    synapses: ClassVar[Synapses] = Synapses()
    spikes: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if self.leak_lsb + self.threshold_lsb > c.CADC_MAX:
            raise ValueError(
                f"LIF: a threshold of {self.threshold_lsb} LSB above a leak potential of {self.leak_lsb} LSB is beyond "
                f"the CADC's {c.CADC_MAX} LSB; lower one of them"
            )


@dataclass(frozen=True)
class LI(Layer):
    """Leaky integrators, neurons with their comparator off: they never spike, and are read by the CADC.

    Attributes:
        size: how many.
        tau_mem_ns, tau_syn_ns: time constants; equal ones are allowed.
        leak_lsb: leak and reset potential; by default the middle of the CADC's range.
    """

    size: int
    _: KW_ONLY
    tau_mem_ns: int = setting(60_000, 500, 60_000)
    tau_syn_ns: int = setting(15_000, 300, 30_000)
    leak_lsb: int = setting(128, 0, 255)
    synapses: ClassVar[Synapses] = Synapses(efficacy_lsb=2.0, mean=0.0, spread=3.0)
    spikes: ClassVar[bool] = False


def _size(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {value!r}; it must be a whole number")
    if value < 1:
        raise ValueError(f"{name} is {value}; it must be at least 1")
    return int(value)
