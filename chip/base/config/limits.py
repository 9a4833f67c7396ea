"""The settings of what a neuron's circuits cannot exceed, part of :class:`chip.base.config.ChipConfig`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from chip.base.settings import Imperfections, setting, switch

_PSP = "the vendor's demo ts_06, PSP heights for weights 32 to 288"
_BOUNDARY = "hxtorch test_spiking_boundary, signed reads of"


@dataclass(frozen=True)
class LimitConfig(Imperfections):
    """Where synaptic currents saturate, what bounds membranes, and how fast a reset is.

    Each limit is a switch, off by default, and the magnitude that follows it. Switched off it has no effect at all. All
    neurons have the same limits (assumed). See :mod:`chip.neurons.bounded` and :mod:`chip.neurons.resetting`.

    Attributes:
        inhibition, excitation: the current of that sign saturates at what so many units of weight would make without
            saturation. At 240 the heights of inhibitory potentials follow the recording within 6 %, from the third on,
            with the slope of the excitatory ones (fit). Excitation is linear there within what can be read, a few
            percent, so that 3000 is the least that it can be.
        upper_bound, lower_bound: of membranes, in LSB of an ideal CADC. The test drives membranes by a constant current
            of either sign; it reads -45 without one, at the leak potential, and 128 is what reads as 0.
        reset_time: a membrane goes to its reset potential with a time constant.
    """

    section: ClassVar[str] = "limits"
    inhibition: bool = switch()
    inhibition_limit_weights: float = setting(240.0, 16.0, 1e6, source=f"fit to {_PSP}")
    excitation: bool = switch()
    excitation_limit_weights: float = setting(3000.0, 16.0, 1e6, source=f"assumed; {_PSP} show none")
    upper_bound: bool = switch()
    upper_bound_lsb: float = setting(228.0, 128.0, 1000.0, source=f"{_BOUNDARY} 100 within 20 %")
    lower_bound: bool = switch()
    lower_bound_lsb: float = setting(25.0, 1.0, 127.0, source=f"{_BOUNDARY} -103 within 20 %")

    reset_time: bool = switch()
    reset_time_constant_ns: float = setting(500.0, 1.0, 1e5, source="haldls: the fastest is about 0.5 us")

    @classmethod
    def recorded(cls) -> LimitConfig:
        """All limits on, at the magnitudes of the recordings."""
        return cls(**dict.fromkeys(cls.names(), True))

    @property
    def bounded(self) -> bool:
        """Whether currents or membranes have limits."""
        return self.inhibition or self.excitation or self.upper_bound or self.lower_bound

    def limit(self, name: str) -> float:
        """The magnitude of a limit, in the unit of its field; minus or plus infinity where it is off."""
        if getattr(self, name):
            return self.std(name)
        return -math.inf if name == "lower_bound" else math.inf
