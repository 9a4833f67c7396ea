"""Numbers that callers hand over: those of numpy become Python's own, which JSON and file names know."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a number, truth value or text of numpy as Python's own, and all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def whole(name: str, value: Any, low: int) -> int:
    """Return a whole number of any type as int; raises ValueError with its name where it is none, or below ``low``."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least {low}")
    if value < low:
        raise ValueError(f"{name} is {value}; it must be at least {low}")
    return int(value)
