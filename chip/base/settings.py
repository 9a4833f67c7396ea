"""Settings that check themselves: fields with a default, a range and a source, and imperfections with a switch."""

from __future__ import annotations

import dataclasses
import numbers
from typing import ClassVar

import numpy as np

from chip.base.assumption import ASSUMED, Assumption, Direction, Weight


def setting(
    default,
    low=None,
    high=None,
    multiple_of=1,
    source=ASSUMED,
    direction: Direction = Direction.EITHER,
    weight: Weight = Weight.DETAIL,
):
    """One checked field: its default, closed range, granularity, and the source of its value.

    Where that is assumed, its direction and its weight, see :class:`chip.base.assumption.Assumption`.
    """
    known = dict(low=low, high=high, multiple_of=multiple_of, source=source, direction=direction, weight=weight)
    return dataclasses.field(default=default, metadata=known)


class Checked:
    """Checks the type of every field, and range and granularity of those that :func:`setting` made.

    Numbers of numpy are made Python's own, and whole numbers floats where the field has them.

    Raises ValueError that names the field as ``section.field``.
    """

    section: ClassVar[str] = "chip"
    shorthands: ClassVar[tuple[str, ...]] = ()  # what a table may have beside the fields; see unfold

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = as_setting(field, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
            check_setting(self.section, field, value)

    @classmethod
    def unfold(cls, table: dict) -> dict:
        """Return a table of settings, as a file has it, with fields in the place of shorthands."""
        return table

    def assumptions(self) -> list[Assumption]:
        """One entry for every setting that no public source gives."""
        return [
            Assumption(f"{self.section}.{field.name} = {getattr(self, field.name)}", **_weighed(field))
            for field in dataclasses.fields(self)
            if field.metadata and field.metadata["source"] == ASSUMED
        ]


def _weighed(field: dataclasses.Field) -> dict:
    return {name: field.metadata[name] for name in ("source", "direction", "weight")}


def as_setting(field: dataclasses.Field, value):
    """Return a number as the type of a field's default, if that changes nothing of it; all else as it is."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return value
    if type(field.default) is int and isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if type(field.default) is float else value


def check_setting(section: str, field: dataclasses.Field, value) -> None:
    name, expected = f"{section}.{field.name}", type(field.default)
    if type(value) is not expected:
        raise ValueError(f"{name} is {value!r}; it must be of type {expected.__name__}")
    if not field.metadata:
        return
    low, high, step = (field.metadata[key] for key in ("low", "high", "multiple_of"))
    if not ((low is None or low <= value) and (high is None or value <= high)):  # so that NaN is refused too
        raise ValueError(f"{name} is {value}; it must lie in {low}..{'' if high is None else high}")
    if step != 1 and value % step:
        raise ValueError(f"{name} is {value}; it must be a multiple of {step}")


def switch():
    """The switch of an imperfection, off by default."""
    return setting(False, source="switch")


class Imperfections(Checked):
    """Settings in pairs: the switch of an imperfection, then its magnitude, a standard deviation."""

    @classmethod
    def names(cls) -> list[str]:
        """The imperfections, in order."""
        return [field.name for field in dataclasses.fields(cls) if field.metadata["source"] == "switch"]

    def std(self, name: str) -> float:
        """The magnitude of an imperfection, in the unit of its field; 0.0 where it is switched off."""
        return getattr(self, self._magnitude(name).name) if getattr(self, name) else 0.0

    def assumptions(self) -> list[Assumption]:
        """One entry for every imperfection that is switched on, whatever the source of its magnitude."""
        fields = [(name, self._magnitude(name)) for name in self.names() if getattr(self, name)]
        return [
            Assumption(
                f"{self.section}.{name} is on, {field.name[len(name) + 1 :]} = {getattr(self, field.name)}",
                **_weighed(field),
            )
            for name, field in fields
        ]

    @classmethod
    def _magnitude(cls, name: str) -> dataclasses.Field:
        fields = dataclasses.fields(cls)
        return fields[[field.name for field in fields].index(name) + 1]
