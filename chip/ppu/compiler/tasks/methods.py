"""A method of a program as a function, with the arguments that are known before it is read."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from chip.base.declaration import shown
from chip.ppu.compiler.language import KernelError
from chip.ppu.compiler.tasks.statics import Ppu


def bound(method: Callable) -> tuple[types.FunctionType, dict[str, Any]]:
    """Return the function of a method, and its first argument by name."""
    function = inspect.unwrap(method)
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        raise KernelError(f"{shown(method)} is no function written in Python; define it with def")
    owner = getattr(method, "__self__", None)
    names = list(inspect.signature(function).parameters)
    return function, ({} if owner is None else {names[0]: owner})


def missing(function: types.FunctionType, given: dict[str, Any], ppu: Ppu) -> list[tuple[str, Any]]:
    """Return the processor under the name of the first parameter that has no argument yet, and the defaults."""
    left = [p for name, p in inspect.signature(function).parameters.items() if name not in given]
    return [(left[0].name, ppu), *((p.name, p.default) for p in left[1:])]
