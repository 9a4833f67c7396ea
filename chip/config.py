"""The configuration of a chip instance: frozen, checked, to and from TOML.

A :class:`ChipConfig` says which chip this is (its seed) and what its digital surroundings take in time. What a
program writes into the chip's analog and routing registers is :class:`chip.registers.Registers`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path

from chip import constants as c


def setting(default, low=None, high=None, multiple_of=1, source="assumed"):
    """One checked field: its default, closed range, granularity, and the source of its value."""
    return dataclasses.field(
        default=default, metadata=dict(low=low, high=high, multiple_of=multiple_of, source=source)
    )


class Checked:
    """Checks the type, range and granularity of every field that :func:`setting` made; raises ValueError."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if field.metadata:
                check_setting(type(self).__name__, field, getattr(self, field.name))


def check_setting(owner: str, field: dataclasses.Field, value) -> None:
    name, expected = f"{owner}.{field.name}", type(field.default)
    if type(value) is not expected:
        raise ValueError(f"{name} is {value!r}; it must be of type {expected.__name__}")
    low, high, step = (field.metadata[key] for key in ("low", "high", "multiple_of"))
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(f"{name} is {value}; it must lie in {low}..{'' if high is None else high}")
    if step != 1 and value % step:
        raise ValueError(f"{name} is {value}; it must be a multiple of {step}")


@dataclass(frozen=True)
class RouterConfig(Checked):
    """Event routing. The latency is that from a neuron's spike to the synapses that it drives."""

    on_chip_latency_ns: int = setting(100, 100, 10_000, c.EVENT_CLOCK_NS)


@dataclass(frozen=True)
class CadcConfig(Checked):
    """The columnar ADC: what a PPU waits for a conversion and for a further vector of the same conversion."""

    read_cycles: int = setting(c.CADC_READ_CYCLES, 33, 10_000, source="measured (libnux)")
    buffered_read_cycles: int = setting(c.CADC_BUFFERED_READ_CYCLES, 1, 10_000, source="derived")


@dataclass(frozen=True)
class FpgaConfig(Checked):
    """The gateware beside the chip. Player and writer do not exist on today's chip: they are assumptions.

    ``player_latency_ns`` runs from a PPU's request to the sample's time zero at the crossbar, ``writer_latency_ns``
    from a spike to its record in external memory, ``doorbell_latency_ns`` from a sample's end to the PPU's wake-up.
    """

    sample_player: bool = setting(True)
    spike_writer: bool = setting(True)
    player_latency_ns: int = setting(1000, 0, 1_000_000, c.FPGA_CLOCK_NS)
    writer_latency_ns: int = setting(400, 200, 1_000_000, c.FPGA_CLOCK_NS)
    doorbell_latency_ns: int = setting(200, 0, 1_000_000, c.PPU_CLOCK_NS)


@dataclass(frozen=True)
class PpuConfig(Checked):
    """The plasticity processors' watchdogs, and what a scalar write over the Omnibus takes."""

    kernel_limit_cycles: int = setting(25_000_000, 1_000, 10**12, source="0.1 s, the vendor's wait for the scheduler")
    program_limit_cycles: int = setting(900_000_000_000, 1_000, 10**15, source="one hour; a choice")
    omnibus_write_cycles: int = setting(c.OMNIBUS_WRITE_CYCLES, 1, 10_000)


@dataclass(frozen=True)
class LinkConfig(Checked):
    """The host link."""

    bytes_per_second: int = setting(c.HOST_LINK_BYTES_PER_S, 1, source="1 GbE (sctrltp_defines.h)")


@dataclass(frozen=True)
class ChipConfig(Checked):
    """One chip instance.

    Attributes:
        seed: which chip this is, 0..2^63-1; every random stream is spawned from it.
        strict: losses and late work are errors, not counts.
        profile: the name that reports show.

    Raises:
        ValueError: a field is of the wrong type, out of range or off its granularity.
    """

    seed: int = setting(0, 0, 2**63 - 1, source="a choice")
    strict: bool = setting(True, source="a choice")
    profile: str = setting("ideal", source="a choice")
    router: RouterConfig = RouterConfig()
    cadc: CadcConfig = CadcConfig()
    fpga: FpgaConfig = FpgaConfig()
    ppu: PpuConfig = PpuConfig()
    link: LinkConfig = LinkConfig()

    @classmethod
    def ideal(cls, seed: int = 0, **changes) -> ChipConfig:
        """A chip without imperfections: its analog core equals the equations."""
        return cls(seed=seed, **changes)

    @classmethod
    def from_dict(cls, table: dict) -> ChipConfig:
        """Build from nested dicts; an unknown name raises ValueError with the valid names."""
        return _from_table(cls, table, "")

    @classmethod
    def from_toml(cls, path: str | Path) -> ChipConfig:
        """Read a TOML file as :meth:`to_toml` writes it; missing entries keep their defaults."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the chip file {path} cannot be read: {error}") from None
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
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

    def assumptions(self) -> list[str]:
        """One sentence for every setting of the surroundings that no public source gives."""
        found = []
        for section in dataclasses.fields(self):
            value = getattr(self, section.name)
            if dataclasses.is_dataclass(value):
                found += [
                    f"{section.name}.{field.name} = {getattr(value, field.name)} (assumed)"
                    for field in dataclasses.fields(value)
                    if field.metadata["source"] == "assumed"
                ]
        return found


def _from_table(cls, table: dict, path: str):
    sections = {f.name: f for f in dataclasses.fields(cls)}
    arguments = {}
    for name, value in table.items():
        if name not in sections:
            raise ValueError(f"there is no setting {path}{name}; valid are {', '.join(sections)}")
        default = sections[name].default
        if dataclasses.is_dataclass(default):
            if not isinstance(value, dict):
                raise ValueError(f"{path}{name} is {value!r}; it must be a table [{name}]")
            value = _from_table(type(default), value, f"{path}{name}.")
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
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
