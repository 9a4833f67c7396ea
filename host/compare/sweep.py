"""A sweep: one setting of the chip or the rule, by its dotted name, or a shorthand for several, at several values.

``imperfections.membrane_noise_std_of_distance=0,0.0135,0.05`` is a field of :class:`chip.base.config.ChipConfig`. The
magnitude of an imperfection brings its switch: on at values above 0, off at 0, whatever the chip has.
``rule.activity=0,0.1,0.3`` is a field of the settings of the rules that are compared, all of which must have it;
numbers, truth values or texts.

Shorthands:

``mismatch``
    The standard deviation of the time constants, as a fraction; typical chips have 0.1. All other mismatch of neurons,
    synapses and CADC offsets goes with it, in the ratios of a typical chip: at 0.2 every magnitude is twice the typical
    one, at 0 there is none. Correlation sensors and short-term plasticity keep what the chip has, and so does noise.
``noise``
    The standard deviation of the membranes' noise, as a fraction of the distance from leak to threshold; typical chips
    have 0.0135.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import Any

from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.settings import Imperfections
from host.numbers import plain

SECTION = ImperfectionConfig.section
MISMATCH_UNIT = "tau_mem_relative_std"  # the field that a value of ``mismatch`` is the value of
MISMATCH_FIELDS = (
    *(MISMATCH_UNIT, "tau_syn_relative_std", "leak_std_of_distance", "reset_std_of_distance"),
    *("threshold_std_of_distance", "driver_efficacy_relative_std", "synapse_efficacy_relative_std"),
    "cadc_offset_std_lsb",
)


def _mismatch() -> dict[str, float]:
    typical = ImperfectionConfig.typical()
    unit = getattr(typical, MISMATCH_UNIT)
    return {f"{SECTION}.{name}": getattr(typical, name) / unit for name in MISMATCH_FIELDS}


# name -> dotted fields, and what a value is multiplied by for each
SHORTHANDS: dict[str, dict[str, float]] = {
    "mismatch": _mismatch(),
    "noise": {f"{SECTION}.membrane_noise_std_of_distance": 1.0},
}
RULE = "rule."  # before a setting of the rule
OWN = {"seed": "--seeds says which chips there are", "profile": "it is only a name"}


@dataclass(frozen=True)
class Sweep:
    """A field, or a shorthand, and the values that it takes one after the other.

    Raises:
        ValueError: no such field, a value that it cannot take, or one that is given twice; one sentence.
    """

    field: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(plain(value) for value in self.values))
        if not self.values:
            raise ValueError(f"the sweep of {self.field} has no values; write FIELD=a,b,c")
        if self.field == RULE:
            raise ValueError(f"the sweep of {self.field} names no setting of the rule; write rule.NAME=a,b,c")
        for value in self.values:
            self.apply(ChipConfig(), value)
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"the sweep of {self.field} has a value twice: {', '.join(map(str, self.values))}")

    @property
    def setting(self) -> str | None:
        """The name of the setting of the rules that is swept; None where one of the chip is."""
        return self.field.removeprefix(RULE) if self.field.startswith(RULE) else None

    @classmethod
    def parse(cls, text: str) -> Sweep:
        """Read ``FIELD=a,b,c``."""
        field, equals, listed = text.partition("=")
        field = field.strip()
        if not equals or not field or not listed.strip():
            raise ValueError(f"the sweep {text!r} is not of the form FIELD=a,b,c")
        if field.startswith(RULE):
            return cls(field, tuple(_plain_value(field, part.strip()) for part in listed.split(",")))
        kind = type(_leaf(ChipConfig(), next(iter(SHORTHANDS.get(field, {field: 1.0})))))
        return cls(field, tuple(_value(field, kind, part.strip()) for part in listed.split(",")))

    def apply(self, config: ChipConfig, value: Any) -> ChipConfig:
        """Return the chip with the field, or all fields of the shorthand, at a value; one of the rule changes none."""
        if self.field.startswith(RULE):
            return config
        table = config.to_dict()
        for path, factor in SHORTHANDS.get(self.field, {self.field: None}).items():
            _leaf(config, path)
            *sections, name = path.split(".")
            inner = table
            for section in sections:
                inner = inner[section]
            inner[name] = value if factor is None else factor * _number(self.field, value)
            if (switch := _switch(config, path)) is not None:
                inner[switch] = isinstance(value, int | float) and value > 0
        return ChipConfig.from_dict(table)


def _leaf(config: ChipConfig, path: str) -> Any:
    """Return the value of a dotted field; raises ValueError where there is none, or none to sweep."""
    if path in OWN:
        raise ValueError(f"the chip's {path} is nothing to sweep: {OWN[path]}")
    section, at = config, ""
    for part in path.split("."):
        names = [field.name for field in dataclasses.fields(section)] if dataclasses.is_dataclass(section) else []
        if part not in names:
            remedy = f"valid are {', '.join(names)}" if names else f"{at.removesuffix('.')} has no parts"
            remedy = remedy if at else _whole_chip(config)
            raise ValueError(f"there is no field {path} of the chip to sweep; {remedy}")
        section, at = getattr(section, part), f"{at}{part}."
    if dataclasses.is_dataclass(section):
        names = ", ".join(field.name for field in dataclasses.fields(section))
        raise ValueError(f"{path} is a section of the chip's settings; name one of its fields: {names}")
    return section


def _whole_chip(config: ChipConfig) -> str:
    """What can be swept, in words."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in OWN]
    sections = [name for name in names if dataclasses.is_dataclass(getattr(config, name))]
    return (
        f"valid are {', '.join(name for name in names if name not in sections)}, the shorthands "
        f"{' and '.join(SHORTHANDS)}, {RULE}NAME for a setting of the rules, and SECTION.FIELD for a field of one of "
        f"the sections {', '.join(sections)}"
    )


def _switch(config: ChipConfig, path: str) -> str | None:
    """The name of the switch before a magnitude of an imperfection; None for other fields."""
    *sections, name = path.split(".")
    section = getattr(config, sections[0]) if sections else config
    if not isinstance(section, Imperfections):
        return None
    names = [field.name for field in dataclasses.fields(section)]
    before = names[names.index(name) - 1]
    return before if before in section.names() and name not in section.names() else None


def _value(field: str, kind: type, text: str) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(f"the sweep of {field} has the value {text!r}; it must be true or false")
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"the sweep of {field} has the value {text!r}; it must be {what}") from None


def _plain_value(field: str, text: str) -> int | float | bool | str:
    """A whole number where it is written as one, a number, a truth value, or a text, which the rule has to know."""
    if not text:
        raise ValueError(f"the sweep of {field} has a value without a text; write FIELD=a,b,c")
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def _number(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"the sweep of {field} has the value {value!r}; it must be a number")
    return float(value)
