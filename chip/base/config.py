"""The configuration of a chip instance: frozen, checked, to and from TOML.

A :class:`ChipConfig` says which chip this is (its seed), in which ways it deviates from its equations
(:class:`ImperfectionConfig`), and what its digital surroundings take in time. What a program writes into the chip's
analog and routing registers is :class:`chip.base.registers.Registers`.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chip.base import constants as c
from chip.base.assumption import Assumption
from chip.base.capmem_config import CapMemConfig
from chip.base.limit_config import LimitConfig
from chip.base.link_config import LinkConfig
from chip.base.settings import Checked, Imperfections, setting, switch


@dataclass(frozen=True)
class RouterConfig(Checked):
    """Event routing. The latency is that from a neuron's spike to the synapses that it drives."""

    section: ClassVar[str] = "router"
    on_chip_latency_ns: int = setting(100, 100, 10_000, c.EVENT_CLOCK_NS)


@dataclass(frozen=True)
class CadcConfig(Checked):
    """The columnar ADC: what a PPU waits for a conversion and for a further vector of the same conversion."""

    section: ClassVar[str] = "cadc"
    read_cycles: int = setting(c.CADC_READ_CYCLES, 33, 10_000, source="measured (libnux)")
    buffered_read_cycles: int = setting(c.CADC_BUFFERED_READ_CYCLES, 1, 10_000, source="derived")


@dataclass(frozen=True)
class DriverConfig(Checked):
    """What the registers of the synapse drivers' short-term plasticity stand for.

    See :mod:`chip.array.short_term_plasticity`.

    Utilization 0..15 goes evenly from the least to the greatest; recovery takes the slowest time constant divided by
    its register + 1. A pulse is full at 0 and gone at ``end_voltage``, both in codes of the capacitor memory, and one
    offset step shortens it by ``offset_step`` of a full one.
    """

    section: ClassVar[str] = "drivers"
    least_utilization: float = setting(0.2, 0.0, 1.0, source="calix: some 0.2 before each event")
    greatest_utilization: float = setting(0.5, 0.0, 1.0)
    slowest_recovery_ns: float = setting(800_000.0, 1_000.0, 1e9)
    end_voltage: float = setting(500.0, 1.0, 10_000.0)
    offset_step: float = setting(0.02, 0.0, 1.0)


@dataclass(frozen=True)
class FpgaConfig(Checked):
    """The gateware beside the chip. Player and writer do not exist on today's chip: they are assumptions.

    ``player_latency_ns`` runs from a PPU's request to the sample's time zero at the crossbar, ``writer_latency_ns``
    from a spike to its record in external memory, ``doorbell_latency_ns`` from a sample's end to the PPU's wake-up.
    """

    section: ClassVar[str] = "fpga"
    sample_player: bool = setting(True, source="assumed gateware")
    spike_writer: bool = setting(True, source="assumed gateware")
    player_latency_ns: int = setting(1000, 0, 1_000_000, c.FPGA_CLOCK_NS)
    writer_latency_ns: int = setting(400, 200, 1_000_000, c.FPGA_CLOCK_NS)
    doorbell_latency_ns: int = setting(200, 0, 1_000_000, c.PPU_CLOCK_NS)


@dataclass(frozen=True)
class PpuConfig(Checked):
    """The plasticity processors' watchdogs, what a scalar write over the Omnibus takes, the instruction cache.

    The cache counts for programs with code in external memory, see :mod:`chip.ppu.processor.instruction_cache`. Its
    lines are the external memory's vectors: a program of 1 KiB then warms up in 11 us, where the vendor waits 10 to
    15 us.
    """

    section: ClassVar[str] = "ppu"
    kernel_limit_cycles: int = setting(25_000_000, 1_000, 10**12, source="0.1 s, the vendor's wait for the scheduler")
    program_limit_cycles: int = setting(900_000_000_000, 1_000, 10**13, source="one hour; a choice")
    omnibus_write_cycles: int = setting(c.OMNIBUS_WRITE_CYCLES, 1, 10_000)
    counter_read_cycles: int = setting(144, 112, 10_000, source="derived: the vendor waits 112, then the bus returns")
    instruction_cache_bytes: int = setting(4096, 128, 1 << 20)
    instruction_cache_line_bytes: int = setting(128, 4, 4096, 4)
    instruction_cache_miss_cycles: int = setting(c.EXTERNAL_LOAD_CYCLES, 0, 100_000)


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
    membrane_noise_std_of_distance: float = setting(0.025, 0.0, 1.0, source="assumed; calix: reads vary by 1.0-2.5 LSB")
    cadc_noise: bool = switch()
    cadc_noise_std_lsb: float = setting(1.0, 0.0, 50.0)

    @classmethod
    def typical(cls) -> ImperfectionConfig:
        """What a calibrated chip has left.

        Off are the CADC's gain, which the spread of reads that 1.5 LSB of offset stands for includes, and its read
        noise, since the vendor's figure for the noise of a read includes the membrane's.
        """
        off = {"cadc_gain", "cadc_noise"}
        return cls(**{name: True for name in cls.names() if name not in off})

    @classmethod
    def raw(cls) -> ImperfectionConfig:
        """What a chip has before calibration beside :class:`CapMemConfig`: noise, synapses and converters.

        Time constants and potentials deviate by the curves of the capacitor memory instead.
        """
        off = {"tau_mem", "tau_syn", "leak", "reset", "threshold", "cadc_noise"}
        return cls(**{name: name not in off for name in cls.names()}, cadc_offset_std_lsb=15.0)


@dataclass(frozen=True)
class ChipConfig(Checked):
    """One chip instance.

    Attributes:
        seed: which chip this is, 0..2^63-1; every random stream is spawned from it.
        strict: losses and late work are errors, not counts.
        profile: the name that reports show.
        imperfections: how its analog part deviates from its equations.
        capmem: whether neurons take their parameters from codes that need a calibration.
        limits: where synaptic currents saturate, what bounds membranes, and how fast a reset is.
        link: what crosses between host and FPGA takes; every profile has the preset ``today``.

    Raises:
        ValueError: a field is of the wrong type, out of range or off its granularity.
    """

    seed: int = setting(0, 0, 2**63 - 1, source="a choice")
    strict: bool = setting(True, source="a choice")
    profile: str = setting("ideal", source="a choice")
    imperfections: ImperfectionConfig = ImperfectionConfig()
    capmem: CapMemConfig = CapMemConfig()
    limits: LimitConfig = LimitConfig()
    router: RouterConfig = RouterConfig()
    cadc: CadcConfig = CadcConfig()
    drivers: DriverConfig = DriverConfig()
    fpga: FpgaConfig = FpgaConfig()
    link: LinkConfig = LinkConfig()
    ppu: PpuConfig = PpuConfig()

    @classmethod
    def ideal(cls, seed: int = 0, **changes) -> ChipConfig:
        """A chip without imperfections: its analog core equals the equations."""
        return cls(seed=seed, **changes)

    @classmethod
    def typical(cls, seed: int = 0, **changes) -> ChipConfig:
        """A calibrated chip: imperfections that calibration leaves, and limits as they were recorded."""
        typical = {"imperfections": ImperfectionConfig.typical(), "limits": LimitConfig.recorded()}
        return cls(**{"seed": seed, "profile": "typical", **typical, **changes})

    @classmethod
    def raw(cls, seed: int = 0, **changes) -> ChipConfig:
        """A chip before calibration: its neurons do what a program asks for within tens of LSB and tens of per cent.

        It is not strict: neurons whose leak potential comes to lie above their threshold fire all the time.
        """
        raw = {"imperfections": ImperfectionConfig.raw(), "capmem": CapMemConfig.raw(), "strict": False}
        raw["limits"] = LimitConfig.recorded()
        return cls(**{"seed": seed, "profile": "raw", **raw, **changes})

    @classmethod
    def from_dict(cls, table: dict) -> ChipConfig:
        """Build from nested dicts; an unknown name raises ValueError with the valid names.

        Of the link the name of a preset may stand for all that is not given: ``{"link": {"preset": "optimistic"}}``.
        """
        if not isinstance(table, dict):
            raise ValueError(f"chip settings are {table!r}; give a dict of sections")
        return _from_table(cls, table, "")

    @classmethod
    def from_toml(cls, path: str | Path) -> ChipConfig:
        """Read a TOML file as :meth:`to_toml` writes it; missing entries keep their defaults."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"the chip file {path} cannot be read: {reason}") from None
        try:
            table = tomllib.loads(text)
        except ValueError as error:  # TOMLDecodeError, or a whole number of thousands of digits
            raise ValueError(f"the chip file {path} is not TOML: {error}") from None
        try:
            return cls.from_dict(table)
        except ValueError as error:
            raise ValueError(f"the chip file {path}: {error}") from None

    def to_dict(self) -> dict:
        """Nested plain dicts, for reports."""
        return dataclasses.asdict(self)

    def to_toml(self) -> str:
        """Every register with its value and source, as TOML."""
        lines = _toml_lines(self)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if dataclasses.is_dataclass(value):
                lines += ["", f"[{field.name}]", *_toml_lines(value)]
        return "\n".join(lines) + "\n"

    def assumptions(self) -> list[Assumption]:
        """One entry for every imperfection that is on, and every setting that no public source gives."""
        sections = [getattr(self, field.name) for field in dataclasses.fields(self) if not field.metadata]
        imperfect = [self.imperfections] + [self.capmem] * self.capmem.used + [self.limits]
        digital = [section for section in sections if not isinstance(section, Imperfections)]
        return [assumption for section in imperfect + digital for assumption in section.assumptions()]


def _from_table(cls, table: dict, path: str):
    sections = {f.name: f for f in dataclasses.fields(cls)}
    arguments = {}
    for name, value in cls.unfold(table).items():
        if name not in sections:
            raise ValueError(f"there is no setting {path}{name}; valid are {', '.join([*sections, *cls.shorthands])}")
        default = sections[name].default
        if dataclasses.is_dataclass(default):
            if not isinstance(value, dict):
                raise ValueError(f"{path}{name} is {value!r}; it must be a table [{name}]")
            value = _from_table(type(default), value, f"{path}{name}.")
        elif type(default) is float and type(value) is int:
            try:
                value = float(value)  # "= 1" is a fine way to write 1.0
            except OverflowError:
                raise ValueError(f"{path}{name} is a whole number that no float can hold; give a smaller one") from None
        arguments[name] = value
    return cls(**arguments)


def _toml_lines(section) -> list[str]:
    return [
        f"{field.name} = {_toml_value(getattr(section, field.name))}  # {field.metadata['source']}"
        for field in dataclasses.fields(section)
        if field.metadata
    ]


def _toml_value(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # a JSON string is a TOML string, but for pairs of surrogates and for DEL, which JSON does not escape
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
