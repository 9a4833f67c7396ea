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

from chip.base.assumption import Assumption
from chip.base.config.capmem import CapMemConfig
from chip.base.config.digital import CadcConfig, DriverConfig, FpgaConfig, PpuConfig, RouterConfig
from chip.base.config.imperfections import ImperfectionConfig
from chip.base.config.limits import LimitConfig
from chip.base.config.link import LinkConfig
from chip.base.settings import Checked, Imperfections, setting

PROFILES_BEYOND_IDEAL = ("typical", "raw")  # methods of the class below


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
        """A calibrated chip: imperfections that calibration leaves, limits as they were recorded, events that queue."""
        analog = {"imperfections": ImperfectionConfig.typical(), "limits": LimitConfig.recorded()}
        typical = analog | {"router": RouterConfig(contention=True)}
        return cls(**{"seed": seed, "profile": "typical", **typical, **changes})

    @classmethod
    def raw(cls, seed: int = 0, **changes) -> ChipConfig:
        """A chip before calibration: its neurons do what a program asks for within tens of LSB and tens of per cent.

        It is not strict: neurons whose leak potential comes to lie above their threshold fire all the time.
        """
        analog = {"capmem": CapMemConfig.raw(), "limits": LimitConfig.recorded()}
        raw = {"imperfections": ImperfectionConfig.raw(), **analog, "strict": False}
        raw |= {"router": RouterConfig(contention=True)}
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
        """Read a TOML file as :meth:`to_toml` writes it; missing entries are those of the profile that it names."""
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
            return cls.from_dict(cls._upon_profile(table))
        except ValueError as error:
            raise ValueError(f"the chip file {path}: {error}") from None

    @classmethod
    def _upon_profile(cls, table: dict) -> dict:
        """Return the settings of a file with those beside them that its profile has otherwise than an ideal chip."""
        if table.get("profile") not in PROFILES_BEYOND_IDEAL:
            return table
        profile, ideal = getattr(cls, table["profile"])().to_dict(), cls().to_dict()
        found = dict(table)
        for name, value in profile.items():
            if value == ideal[name]:
                continue
            if name not in table:
                found[name] = value
            elif isinstance(value, dict) and isinstance(table[name], dict):
                found[name] = value | table[name]
        return found

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
