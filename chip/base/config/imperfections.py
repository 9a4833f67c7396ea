"""The settings of how a chip's analog part deviates from its equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chip.base.settings import Imperfections, setting, switch

_SILENT = "ts_00, a silent membrane scatters by 1.65 LSB of the MADC, 2.7 of which are one of the CADC"


@dataclass(frozen=True)
class ImperfectionConfig(Imperfections):
    """In which ways the analog part of this chip deviates from its equations, and how much.

    Each imperfection is a switch, off by default, and the magnitude that follows it, a standard deviation. Switched off
    or at magnitude zero it has no effect at all. Each draws from its own stream (:mod:`chip.silicon.mismatch`), so that
    what one chip has of one imperfection does not depend on the others.

    "Of the distance" means: of the distance between a neuron's threshold and leak potential; for a neuron with its
    comparator off, which has no threshold, of the vendor's default distance, 45 LSB.

    Attributes:
        tau_mem, tau_syn: time constants; those of excitatory and inhibitory currents are drawn apart.
        leak, reset, threshold: potentials of a neuron.
        driver_efficacy: all synapses of one synapse driver, two rows, together.
        synapse_efficacy: each synapse by itself. With the defaults, 3 % and 4 %, the efficacy of a synapse has a
            standard deviation of 5 % in all.
        correlation_amplitude, correlation_tau: of either branch of each synapse's sensor.
        correlation_baseline: of what a channel reads of a row without correlation; rows vary by a third of it.
        correlation_noise: of each reading of a branch of a sensor, on top of that of the converter.
        stp_utilization, stp_recovery, stp_offset: of a driver's short-term plasticity, see
            :mod:`chip.array.short_term_plasticity`: factors on U and tau_rec, and what is added to its pulse.
        cadc_offset, cadc_gain: of each channel; a channel reads ``gain * potential + offset``.
        membrane_noise: the standard deviation that a membrane at rest takes on in time, correlated over tau_mem.
        cadc_noise: of each conversion of a channel, on top of what the membrane does.
    """

    section: ClassVar[str] = "imperfections"
    tau_mem: bool = switch()
    tau_mem_relative_std: float = setting(0.10, 0.0, 0.5, source="assumed; vendor tests: 45 % of uncalibrated or less")
    tau_syn: bool = switch()
    tau_syn_relative_std: float = setting(0.10, 0.0, 0.5, source="assumed; vendor tests: 20 % of uncalibrated or less")
    leak: bool = switch()
    leak_std_of_distance: float = setting(0.05, 0.0, 1.0)
    reset: bool = switch()
    reset_std_of_distance: float = setting(0.05, 0.0, 1.0)
    threshold: bool = switch()
    threshold_std_of_distance: float = setting(0.05, 0.0, 1.0, source="assumed; fastAndDeep trains with 8 %")
    driver_efficacy: bool = switch()
    driver_efficacy_relative_std: float = setting(0.03, 0.0, 0.5)
    synapse_efficacy: bool = switch()
    synapse_efficacy_relative_std: float = setting(0.04, 0.0, 0.5)
    correlation_amplitude: bool = switch()
    correlation_amplitude_relative_std: float = setting(0.15, 0.0, 0.5)
    correlation_tau: bool = switch()
    correlation_tau_relative_std: float = setting(0.15, 0.0, 0.5)
    correlation_baseline: bool = switch()
    correlation_baseline_std_lsb: float = setting(5.0, 0.0, 50.0)
    correlation_noise: bool = switch()
    correlation_noise_std_lsb: float = setting(1.0, 0.0, 50.0, source="assumed; calix: reads of membranes 1.0-2.5 LSB")
    stp_utilization: bool = switch()
    stp_utilization_relative_std: float = setting(0.10, 0.0, 0.5)
    stp_recovery: bool = switch()
    stp_recovery_relative_std: float = setting(0.20, 0.0, 0.5)
    stp_offset: bool = switch()
    stp_offset_std_of_pulse: float = setting(0.01, 0.0, 0.5, source="assumed; calix tests: calibrated below 2 LSB")
    cadc_offset: bool = switch()
    cadc_offset_std_lsb: float = setting(1.5, 0.0, 50.0, source="assumed; calix tests: calibrated reads below 3 LSB")
    cadc_gain: bool = switch()
    cadc_gain_relative_std: float = setting(0.01, 0.0, 0.25)
    membrane_noise: bool = switch()
    membrane_noise_std_of_distance: float = setting(0.0135, 0.0, 1.0, source=f"recorded: {_SILENT}")
    cadc_noise: bool = switch()
    cadc_noise_std_lsb: float = setting(
        1.0, 0.0, 50.0, source="assumed; calix: reads vary by 1.0-2.5 LSB, membrane and all"
    )

    @classmethod
    def typical(cls) -> ImperfectionConfig:
        """What a calibrated chip has left.

        Off is the CADC's gain, which the spread of reads that 1.5 LSB of offset stands for includes.
        """
        off = {"cadc_gain"}
        return cls(**{name: True for name in cls.names() if name not in off})

    @classmethod
    def raw(cls) -> ImperfectionConfig:
        """What a chip has before calibration beside :class:`CapMemConfig`: noise, synapses and converters.

        Time constants and potentials deviate by the curves of the capacitor memory instead. Off is the noise of the
        CADC: thresholds are calibrated by the highest of 400 readings, which it would lift by two LSB.
        """
        off = {"tau_mem", "tau_syn", "leak", "reset", "threshold", "cadc_noise"}
        return cls(**{name: name not in off for name in cls.names()}, cadc_offset_std_lsb=15.0)
