"""What a host learns of a chip: how far it is, and what came of a run, in named metrics and named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chip.base.declaration import shown
from chip.base.errors import DeclarationError


@dataclass(frozen=True)
class Status:
    """How far a running chip is.

    Attributes:
        done, total: how many of ``unit``, as in 500 of 2000 samples; ``total`` is None where nobody knows.
        unit: what is counted, in the plural.
        metrics: what is known by now, by name; the first one is shown. A value is None as long as there is none.

    Raises:
        DeclarationError: one of them cannot be meant.
    """

    done: int
    total: int | None = None
    unit: str = "samples"
    metrics: Mapping[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, count in (("done", self.done), ("total", self.total)):
            if not (_is_whole(count) and count >= 0) and not (name == "total" and count is None):
                allowed = "a number of 0 or more" + ", or None" * (name == "total")
                raise DeclarationError(f"{name} of a Status is {shown(count)}; give {allowed}")
        if not isinstance(self.unit, str) or not self.unit:
            raise DeclarationError(f"unit of a Status is {shown(self.unit)}; give what is counted, a text")
        _check_metrics(self.metrics, "a Status")


@dataclass(frozen=True, eq=False)
class Array:
    """Values with the meaning of their axes, ``Array(counts, "update", "hemisphere", "column")``.

    Attributes:
        values: numbers, texts or truth values of any shape.
        axes: a name for each axis.

    Raises:
        DeclarationError: rows of different lengths, objects, or another number of axes than the values have.
    """

    values: np.ndarray
    axes: tuple[str, ...]

    def __init__(self, values: Any, *axes: str):
        try:
            found = np.asarray(values)
        except ValueError:  # rows of different lengths
            found = np.array(None)
        if found.dtype.hasobject:
            raise DeclarationError(f"the values of an Array are {shown(values)}; give an array of numbers")
        if not all(isinstance(axis, str) and axis for axis in axes) or len(axes) != found.ndim:
            example = ", ".join(["values", '"epoch"', '"neuron"', *["..."] * found.ndim][: found.ndim + 1])
            raise DeclarationError(
                f"an Array of shape {list(found.shape)} has the axes {shown(axes)}; give a name for each of its "
                f"{found.ndim} axes, as in Array({example})"
            )
        object.__setattr__(self, "values", found)
        object.__setattr__(self, "axes", axes)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a run.

    Attributes:
        metrics: numbers by name; the first one is the headline, which tables and titles show. None where a number was
            not reached. Fractions are called ``accuracy``, or end in ``_accuracy``.
        arrays: by name. One of texts that is called ``warnings`` has a sentence for everything that is wrong with the
            run, which reports show.
        curve: which of the arrays shows how the headline developed, one of a single axis; None where none does.

    Raises:
        DeclarationError: one of them cannot be meant.
    """

    metrics: Mapping[str, float | None] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    curve: str | None = None

    def __post_init__(self) -> None:
        _check_metrics(self.metrics, "an Outcome")
        if not isinstance(self.arrays, Mapping):
            raise DeclarationError(f"arrays of an Outcome is {shown(self.arrays)}; give a dict of Arrays by name")
        for name, array in self.arrays.items():
            if not isinstance(name, str) or not name:
                raise DeclarationError(f"an array of an Outcome is called {shown(name)}; give it a name, a text")
            if not isinstance(array, Array):
                raise DeclarationError(
                    f'array {name} of an Outcome is {shown(array)}; name its axes, as in Array(values, "epoch")'
                )
        if self.curve is not None:
            self._check_curve()

    def _check_curve(self) -> None:
        if self.curve not in self.arrays:
            known = ", ".join(self.arrays) or "none"
            raise DeclarationError(f"curve of an Outcome is {shown(self.curve)}; its arrays are: {known}")
        values = self.arrays[self.curve].values
        if values.ndim != 1 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise DeclarationError(
                f"the curve {self.curve} of an Outcome is {shown(values)}; a curve is one finite number for each step "
                "that was reached"
            )


def _check_metrics(metrics: object, whose: str) -> None:
    if not isinstance(metrics, Mapping):
        raise DeclarationError(f"metrics of {whose} is {shown(metrics)}; give a dict of numbers by name")
    for name, value in metrics.items():
        if not isinstance(name, str) or not name:
            raise DeclarationError(f"a metric of {whose} is called {shown(name)}; give it a name, a text")
        if not _is_number_or_none(value):
            raise DeclarationError(f"metric {name} of {whose} is {shown(value)}; give a finite number, or None")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number_or_none(value: object) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )
