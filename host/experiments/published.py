"""Published figures of the silicon, and what the simulated chip makes of them: points, rows, and their table.

A point is what somebody else has measured, or what follows from it. The model was *calibrated on* some of them: one of
its parameters was chosen so that it meets them, and to meet them proves nothing. All others are *held out*: nothing was
chosen by them, and what the chip makes of them is a prediction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ANALOG_AIM, TIMING_AIM = 0.20, 0.15  # how far from the recording a row may lie, relative to it


class Use(StrEnum):
    """What a point was to the model."""

    CALIBRATED_ON = "calibrated on"
    HELD_OUT = "held out"


class Evidence(StrEnum):
    """How a point is known."""

    CODE = "public code or its tests"
    FIGURE = "read off a published figure, good to a few per cent"
    TEXT = "a publication's text"
    DERIVED = "arithmetic on published figures"


@dataclass(frozen=True)
class Point:
    """One published figure.

    Attributes:
        name: of the quantity, as the report has it.
        value, unit: what was published.
        tolerance: what the source leaves open in either direction, in the same unit; half the width of a range.
        source, evidence: where it is from, and of what kind that is.
        use: calibrated on, or held out.
        a_range: what was published is a range, of which ``value`` is the middle.
        aim: how far a row may lie from the value, or from the end of the range, relative to the value; where the source
            leaves more open, as far as that.
        reason: known before: why the model has to miss it, a sentence without its end; empty where it has not to.
    """

    name: str
    value: float
    unit: str
    source: str
    use: Use
    evidence: Evidence
    tolerance: float = 0.0
    a_range: bool = False
    aim: float = ANALOG_AIM
    reason: str = ""

    @property
    def published(self) -> str:
        """What was published, as text: a value, with its tolerance, or a range."""
        if self.a_range:
            return f"{_number(self.value - self.tolerance)} to {_number(self.value + self.tolerance)}"
        return f"{_number(self.value)} +- {self.tolerance:.2g}" if self.tolerance else _number(self.value)

    def found(self, value: float) -> Row:
        """Return the row of this point for what a chip did."""
        return Row(self, float(value))


def between(name: str, least: float, most: float, *arguments: Any, **named: Any) -> Point:
    """Return a :class:`Point` for a published range; the other arguments are the point's, from the unit on."""
    return Point(name, (least + most) / 2, *arguments, tolerance=(most - least) / 2, a_range=True, **named)


@dataclass(frozen=True)
class Row:
    """A published point and what the simulated chip does, in the same unit."""

    point: Point
    value: float

    @property
    def off(self) -> float:
        """How far the chip is off, relative to the published value."""
        return self.value / self.point.value - 1.0

    @property
    def beyond(self) -> float:
        """How far the chip is from what was published, relative to it: from its value, or from the end of its range.

        0 where it lies within what the source leaves open, NaN for what is no number.
        """
        point = self.point
        away = abs(self.value - point.value)
        if away <= point.tolerance:
            return 0.0
        return (away - (point.tolerance if point.a_range else 0.0)) / abs(point.value)

    @property
    def distance(self) -> str:
        """How far it is off, as text: from the published value, or from the end of the range that is next."""
        if math.isnan(self.value):
            return "none"
        if not self.point.a_range:
            return f"{self.off:+.0%}"
        return "in range" if self.beyond == 0.0 else f"{math.copysign(self.beyond, self.off):+.0%}"

    @property
    def agrees(self) -> bool:
        """Whether that is within the aim, or within what the source leaves open; what is no number is not."""
        return bool(self.beyond <= self.point.aim)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values, for a file."""
        point = self.point
        return {
            "name": point.name,
            "unit": point.unit,
            "published": point.value,
            "tolerance": point.tolerance,
            "simulated": self.value,
            "off": self.off,
            "beyond": self.beyond,
            "agrees": self.agrees,
            "use": str(point.use),
            "source": point.source,
            "evidence": str(point.evidence),
            "reason": point.reason,
        }


def table(rows: Sequence[Row]) -> list[str]:
    """Return lines: a heading, and one for each row."""
    width = max([len(row.point.name) for row in rows], default=0)
    lines = [f"  {'':<{width}}{'published':>16}{'simulated':>11}{'off':>10}"]
    for row in rows:
        point = row.point
        where = f"{point.unit}; {point.source}" if point.unit else point.source
        lines.append(
            f"  {point.name:<{width}}{point.published:>16}{_number(row.value):>11}{row.distance:>10}  "
            f"{'' if row.agrees else 'misses, '}{point.use}; {where}"
        )
    return lines


def misses(rows: Iterable[Row]) -> list[str]:
    """Return a sentence for each row that lies further from its point than the aim."""
    return [
        f"{row.point.name}: {_distance(row)}; {row.point.reason or 'the reason is not known'}"
        for row in rows
        if not row.agrees
    ]


def score(rows: Sequence[Row]) -> str:
    """Return one sentence: how many rows agree, those that were held out by themselves."""
    counts = []
    for use in Use:
        of_use = [row for row in rows if row.point.use is use]
        counts.append(f"{sum(row.agrees for row in of_use)} of {len(of_use)} rows {use}")
    return "within the aim: " + ", ".join(counts)


def _distance(row: Row) -> str:
    if math.isnan(row.value):
        return "the chip gave nothing to compare"
    return f"{row.beyond:.0%} from what was published, where {row.point.aim:.0%} is the aim"


def _number(value: float) -> str:
    """Four digits at least, and none that say nothing."""
    return f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"
