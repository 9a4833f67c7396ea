"""What operations do at their ends, as values: a function of a table, with plain arguments, so that it can be saved.

An operation that does something at its end gives ``Processor.spend`` a :func:`functools.partial` of a function that is
declared here, of the processor and of arguments that are numbers, text, bytes, arrays, vector registers, tuples of
them, or further such partials.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import numpy as np

from chip.base.errors import MachineFault
from chip.ppu.vector.operands import VectorRegister

COMPLETIONS: dict[str, Callable[..., None]] = {}


class Failure:
    """What ends a program at the end of what went wrong, whoever else acts before that."""

    def __init__(self, fault: MachineFault):
        self.fault = fault

    def __call__(self) -> NoReturn:
        raise self.fault


def completion(function: Callable[..., None]) -> Callable[..., None]:
    """Declare what an operation does at its end: a function of the processor and of plain arguments."""
    COMPLETIONS[function.__name__] = function
    return function


def as_data(value: Any) -> Any:
    """Return a completion, or an argument of one, as numbers, text, bytes, arrays, lists and dicts.

    Raises:
        TypeError: it is something else, which cannot be saved.
    """
    if isinstance(value, partial):
        name, (_, *arguments) = value.func.__name__, value.args
        if COMPLETIONS.get(name) is not value.func:
            raise TypeError(f"{name} is not declared as a completion; decorate it with @completion")
        return {"completion": name, "arguments": [as_data(argument) for argument in arguments]}
    if isinstance(value, Failure):
        return {"failure": str(value.fault)}
    if isinstance(value, VectorRegister):
        return {"vector register": value.number}
    if isinstance(value, (tuple, list, range)):
        return {"tuple": [as_data(one) for one in value]}
    if isinstance(value, np.integer):
        return int(value)
    if value is None or isinstance(value, (bool, int, str, bytes, np.ndarray)):
        return value
    raise TypeError(f"an operation is to do something at its end with {value!r}, which cannot be saved")


def from_data(value: Any, ppu: Any) -> Any:
    """Return what :func:`as_data` was given, for a processor."""
    if not isinstance(value, dict):
        return value
    if "completion" in value:
        arguments = [from_data(argument, ppu) for argument in value["arguments"]]
        return partial(COMPLETIONS[value["completion"]], ppu, *arguments)
    if "failure" in value:
        return Failure(MachineFault(value["failure"]))
    if "vector register" in value:
        return VectorRegister(value["vector register"])
    return tuple(from_data(one, ppu) for one in value["tuple"])
