"""What the declarations of a program share: where they stand in its file, and how their numbers are refused."""

from __future__ import annotations

import sys

import numpy as np


def declared_at(own_file: str) -> str:
    """``file:line`` of the program's line that makes a declaration, whose class stands in ``own_file``."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in (own_file, "<string>"):  # dataclass's own __init__
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def whole_number(where: str, what: str, value: object, low: int, high: int) -> int:
    """Return an int; refuse what is no whole number in ``low..high`` with a ValueError that begins with ``where``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        begin = f"{where}: " if where else ""
        raise ValueError(f"{begin}{what} is {value!r}; it must be a whole number in {low}..{high}")
    return int(value)
