"""The settings of the capacitor memory, part of :class:`chip.base.config.ChipConfig`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base.settings import Imperfections, setting, switch


@dataclass(frozen=True)
class CapMemConfig(Imperfections):
    """The capacitor memory: neuron parameters are codes of 10 bits, and what a code does differs between neurons.

    Not used, neurons take the values of registers as they are. Used, a calibration says which codes make those values,
    or without one the curves of the design; see :mod:`chip.silicon.capmem`. All magnitudes are assumed.

    Attributes:
        used: neurons take their parameters from codes.
        tau_mem, tau_syn: of the logarithm of time constants; excitatory and inhibitory ones are drawn apart.
        leak, reset, threshold: what is added to a potential.
        slope: of all potentials, of what a code adds to them.
        remainder: of all time constants, what still conducts at code 0.
        cell: what a cell adds to its code, another value for every code: writing noise and crosstalk.
    """

    section: ClassVar[str] = "capmem"
    used: bool = setting(False, source="a choice")
    tau_mem: bool = switch()
    tau_mem_relative_std: float = setting(0.30, 0.0, 0.5)
    tau_syn: bool = switch()
    tau_syn_relative_std: float = setting(0.30, 0.0, 0.5)
    leak: bool = switch()
    leak_std_lsb: float = setting(12.0, 0.0, 50.0)
    reset: bool = switch()
    reset_std_lsb: float = setting(12.0, 0.0, 50.0)
    threshold: bool = switch()
    threshold_std_lsb: float = setting(12.0, 0.0, 50.0)
    slope: bool = switch()
    slope_relative_std: float = setting(0.03, 0.0, 0.2)
    remainder: bool = switch()
    remainder_std_codes: float = setting(4.0, 0.0, 50.0)
    cell: bool = switch()
    cell_std_codes: float = setting(2.0, 0.0, 50.0, source="assumed; calix spreads equal values by +- 5 codes")

    @classmethod
    def raw(cls) -> CapMemConfig:
        """A chip as it comes from the factory."""
        return cls(used=True, **dict.fromkeys(cls.names(), True))
