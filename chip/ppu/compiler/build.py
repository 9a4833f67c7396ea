"""From a kernel's translated text to a function: a real file in the cache directory, compiled and cached by numba."""

from __future__ import annotations

import hashlib
import linecache
import os
import sys
import tempfile
import types
from collections.abc import Callable

from chip.compiled import cache_root
from chip.ppu.compiler.calls import Unit
from chip.ppu.vector.operations import INTRINSICS, OPERATIONS

_RUNTIME = ("fault", "finish", "record_of", "state_of")
_SCALARS = ("int64", "load", "shift_left", "shift_right", "store", "wrap32", *INTRINSICS)


def module_text(name: str, unit: Unit) -> str:
    """Return the text of the module that holds a kernel and its subroutines; the kernel is the last."""
    lines = [f'"""Generated from the kernel {name}; line numbers are relative to its decorator."""', ""]
    lines += ["from chip.compiled import compiled"]
    lines += [f"from chip.ppu.compiler.runtime import {name} as _{name}" for name in _RUNTIME]
    lines += [f"from chip.ppu.compiler.scalars import {scalar} as _{scalar}" for scalar in _SCALARS]
    operations = sorted(unit.operations)
    lines += [f"from {OPERATIONS[name].module} import {name} as _{name}" for name in operations]
    routines = list(unit.routines.values())
    for position, routine in enumerate(routines):
        decorator = "@compiled" if position == len(routines) - 1 else "@compiled(cache=False)"  # cached in their caller
        lines += ["", "", decorator, routine.text.rstrip()]
    return "\n".join(lines) + "\n"


def load_function(name: str, text: str) -> Callable:
    """Return the function ``name`` of a generated module; the same text gives the same module."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    module_name = f"plasticore_{name}_{digest[:16]}"
    if module_name not in sys.modules:
        path = _write(digest[:20], f"{module_name}.py", text)
        if path is None:  # nowhere to write: debuggers still find the text
            path = f"<{module_name}>"
            linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        module = types.ModuleType(module_name)
        module.__file__ = path
        sys.modules[module_name] = module
        try:
            exec(compile(text, path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[module_name]
            raise
    return getattr(sys.modules[module_name], name)


def _write(directory: str, file_name: str, text: str) -> str | None:
    """Write the text into the cache, whole or not at all; return the path, or None where that fails.

    Each text has a directory of its own, named by its hash as those of machine code are: ``chip.compiled`` removes all
    of them alike once nobody has used them for long, and the time of use is the directory's time of change.
    """
    root = cache_root()
    if root is None:
        return None
    path = root / directory / file_name
    try:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        os.utime(path.parent)
    except OSError:
        return None
    return str(path)
