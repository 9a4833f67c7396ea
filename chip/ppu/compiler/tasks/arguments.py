"""Arguments of operations that are known when a program is loaded: what cannot be meant is refused there."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chip.ppu.vector.operands import VectorRegister

PLACES = ("into", "source", "mask")  # parameters that name a region, or vector registers
_NUMBERS = ("int", "bool")
_TOLD = {
    "int": "a whole number",
    "bool": "True or False",
    "str": "a name",
    "np.ndarray": "an array",
    "Sequence[int]": "a sequence of whole numbers",
    "Sequence[str]": "a sequence of names",
    "None": "None",
}


def takes_numbers(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter of an operation takes a number, which may be known only when the program runs."""
    return any(kind in _NUMBERS for kind in _kinds(parameter))


def told(parameter: inspect.Parameter) -> str:
    """Return in words what a parameter of an operation takes."""
    kinds = _kinds(parameter)
    if parameter.name in PLACES:
        return " or ".join(["a region", *(["vector registers"] if "Sequence[int]" in kinds else [])])
    return " or ".join(_TOLD.get(kind, kind) for kind in kinds)


def without_types(signature: inspect.Signature) -> inspect.Signature:
    """Return what an operation takes as a sentence tells it."""
    return inspect.Signature([p.replace(annotation=p.empty) for p in signature.parameters.values()])


def shown_signature(signature: inspect.Signature) -> str:
    """Return what an operation or a routine takes, with its types, as one writes it."""
    return str(signature.replace(return_annotation=inspect.Signature.empty)).replace("'", "")


def unknown_region(operation: str, parameter: inspect.Parameter, value: Any, regions: Iterable[str]) -> bool:
    """Return whether an argument names a region that the program does not have; what is sent goes to another one's."""
    own = parameter.name in PLACES and (operation, parameter.name) != ("send", "into")
    return own and isinstance(value, str) and value not in regions


def is_taken(parameter: inspect.Parameter, value: Any) -> bool:
    """Return whether a parameter of an operation can be meant to take a value."""
    if value is parameter.default:
        return True
    kinds = _kinds(parameter)
    if isinstance(value, str):
        return "str" in kinds
    if isinstance(value, VectorRegister):
        return parameter.name in PLACES and "Sequence[int]" in kinds
    if isinstance(value, np.ndarray) and value.ndim and "np.ndarray" in kinds:
        return True
    if isinstance(value, Sequence) or isinstance(value, np.ndarray) and value.ndim:
        sequences = [kind for kind in kinds if kind.startswith("Sequence")]
        return bool(sequences) and all(_is_number(one) or isinstance(one, str | VectorRegister) for one in value)
    return value is None and "None" in kinds or takes_numbers(parameter) and _is_number(value)


def _kinds(parameter: inspect.Parameter) -> list[str]:
    return [kind.strip() for kind in str(parameter.annotation).split("|")]


def _is_number(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return True
