"""What the declarations of a program share: where they stand in its file, and how what cannot be is refused."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable

import numpy as np

from chip.base.errors import DeclarationError

SHOWN = 80  # characters of a wrong value
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # of an object in this process


def shown(value: object) -> str:
    """Return a value for a sentence: in one line, not too long, and without addresses in this process."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value).__repr__ is object.__repr__:
        name = getattr(value, "name", None)
        return f"a {type(value).__name__}" + (f" called {name}" if isinstance(name, str) else "")
    text = ADDRESS.sub("", " ".join(repr(value).split()))
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def method_of(owner: object, who: str, name: str, *takes: str) -> Callable:
    """Return a method; refuse what is none, or takes other arguments than ``self`` and ``takes``, by DeclarationError.

    ``who`` is how a sentence calls the owner, for example "program p".
    """
    found = getattr(owner, name, None)
    form = f"`def {name}({', '.join(('self', *takes))})`"
    if not callable(found):
        raise DeclarationError(f"{name} of {who} is {shown(found)}; write a method, {form}")
    try:
        inspect.signature(found).bind(*takes)
    except TypeError:
        code = getattr(inspect.unwrap(found), "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
        raise DeclarationError(f"{where}{name} of {who} takes other arguments than it is given; write {form}") from None
    except ValueError:
        pass  # of a callable that Python cannot look into
    return found


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
        raise ValueError(f"{begin}{what} is {shown(value)}; it must be a whole number in {low}..{high}")
    return int(value)
