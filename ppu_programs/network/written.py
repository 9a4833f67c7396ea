"""Parts of a network as tables of plain values, and the way back, with sentences for what such a table cannot mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import MISSING
from typing import Any

import numpy as np

from ppu_programs.network.neurons import Layer
from ppu_programs.network.projection import Projection

KIND = "kind"
EVERYWHERE = "everywhere"  # a mask without gaps


def layer_table(layer: Layer) -> dict[str, Any]:
    """Plain values: the layer's kind and all that it is."""
    return {KIND: type(layer).__name__, **dataclasses.asdict(layer)}


def layer_from(table: Any, name: str, kinds: Mapping[str, type[Layer]]) -> Layer:
    """Build a layer of one of these kinds; raises ValueError that says what is wrong with ``name``."""
    if not isinstance(table, dict) or str(table.get(KIND)) not in kinds:
        raise ValueError(f"{name} of a network is written as {table!r}; its kind must be {', '.join(kinds)}")
    kind = kinds[table[KIND]]
    values = {key: value for key, value in table.items() if key != KIND}
    known = {field.name: field.default is MISSING for field in dataclasses.fields(kind)}
    _check_names(values, f"{name}, {kind.__name__},", known)
    if missing := [key for key, required in known.items() if required and key not in values]:
        raise ValueError(f"{name}, {kind.__name__}, lacks {missing[0]}; give its size")
    return kind(**values)


def projection_table(projection: Projection) -> dict[str, Any]:
    """Plain values: a mask is "everywhere", or a text of 0 and 1 for each source, a digit for each target."""
    rows = ["".join(map(str, row)) for row in projection.mask.astype(int).tolist()]
    others = {name: getattr(projection, name) for name in ("source", "target", "efficacy_lsb")}
    return others | {"sign": str(projection.sign), "mask": EVERYWHERE if projection.mask.all() else rows}


def projection_from(table: Any, name: str) -> Projection:
    """Build a projection; raises ValueError that says what is wrong with ``name``."""
    if not isinstance(table, dict):
        raise ValueError(f"{name} of a network is written as {table!r}; it must be a table")
    _check_names(table, name, ("source", "target", "sign", "mask", "efficacy_lsb"))
    for end in ("source", "target"):
        if not isinstance(table.get(end), str):
            raise ValueError(f"{name} has the {end} {table.get(end)!r}; give the name of a population")
    others = {key: value for key, value in table.items() if key != "mask"}
    return Projection(**others, mask=_mask_from(table.get("mask", EVERYWHERE), name))


def _mask_from(written: Any, name: str) -> np.ndarray | None:
    if written == EVERYWHERE:
        return None
    rows = written if isinstance(written, list) else []
    texts = all(isinstance(row, str) and not row.strip("01") for row in rows)
    if not rows or not texts or len({len(row) for row in rows}) > 1:
        raise ValueError(
            f"{name} has the mask {written!r}; it must be {EVERYWHERE!r}, or a list of texts of 0 and 1, one for each "
            "source, with a digit for each target"
        )
    return np.array([[digit == "1" for digit in row] for row in rows], bool)


def _check_names(values: Mapping[str, Any], name: str, known: Iterable[str]) -> None:
    if unknown := [key for key in values if key not in known]:
        raise ValueError(f"{name} has no {unknown[0]}; it has {', '.join(known)}")
