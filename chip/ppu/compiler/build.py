"""From a kernel's translated text to a function: a real file in the cache directory, compiled and cached by numba."""

from __future__ import annotations

import hashlib
import linecache
import os
import sys
import tempfile
import types
from collections.abc import Callable

from chip.base.code_cache import cache_root, not_kept
from chip.ppu.compiler.depth import deep
from chip.ppu.compiler.form import Block, blocks
from chip.ppu.compiler.numba_text import function_text
from chip.ppu.compiler.unit import Declared, Lowered
from chip.ppu.vector.operations import INTRINSICS, OPERATIONS

_RUNTIME = ("fault", "finish", "record_of", "state_of")
_SCALARS = (
    *("int64", "load", "load_unsigned", "store", "wrap8", "wrap16", "wrap32"),
    *("shift_left", "shift_left_unsigned", "shift_right", "shift_right_unsigned", "divide_unsigned"),
    "remainder_unsigned",
    *INTRINSICS,
)
LONGEST_NAME = 40  # letters of a routine's name in generated names, which become those of files


def short(name: str) -> str:
    """Return the beginning of a routine's name, as generated names have it."""
    return name[:LONGEST_NAME]


def scalar_imports() -> list[str]:
    """Return the lines that import what generated code calls of the scalar core."""
    return [f"from chip.ppu.compiler.scalars import {name} as _{name}" for name in _SCALARS]


def module_text(name: str, routines: dict[Declared, Lowered], counters: dict[Block, int] | None = None) -> str:
    """Return the text of the module that holds a kernel and its subroutines; the kernel is the last.

    ``counters`` has a number for each block whose entries are counted.

    Raises:
        KernelError: a routine nests too deeply.
    """
    lines = [f'"""Generated from the kernel {name}; line numbers are relative to its decorator."""', ""]
    lines += ["from chip.base.compiled import compiled"]
    lines += [f"from chip.ppu.compiler.runtime import {name} as _{name}" for name in _RUNTIME]
    lines += scalar_imports()
    lines += [f"from {OPERATIONS[name].module} import {name} as _{name}" for name in sorted(_operations(routines))]
    for position, (made, lowered) in enumerate(routines.items()):
        is_kernel = position == len(routines) - 1
        decorator = "@compiled" if is_kernel else "@compiled(cache=False)"  # cached in their caller
        with deep(made.routine):
            text = function_text(lowered, routines, is_kernel, counters)
        lines += ["", "", decorator, text.rstrip()]
    return "\n".join(lines) + "\n"


def _operations(routines: dict[Declared, Lowered]) -> set[str]:
    """Return the names of the vector operations that routines use."""
    code = (i for lowered in routines.values() for block in blocks(lowered.nodes) for i in block.code)
    return {instruction.operands[0] for instruction in code if instruction.operation == "vector"}


def load_function(name: str, text: str) -> Callable:
    """Return the function ``name`` of a generated module; the same text gives the same module."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    module_name = f"plasticore_{name}_{digest[:16]}"
    if module_name not in sys.modules:
        module = _made(module_name, _write(digest[:20], f"{module_name}.py", text), text)
        sys.modules.setdefault(module_name, module)  # whole, or not there; several threads may make it, one's stays
    return getattr(sys.modules[module_name], name)


def _made(name: str, path: str | None, text: str) -> types.ModuleType:
    if path is None:  # nowhere to write: debuggers still find the text
        path = f"<{name}>"
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    module = types.ModuleType(name)
    module.__file__ = path
    exec(compile(text, path, "exec"), module.__dict__)
    return module


def _write(directory: str, file_name: str, text: str) -> str | None:
    """Write the text into the cache, whole or not at all; return the path, or None where that fails.

    Each text has a directory of its own, named by its hash as those of machine code are: ``chip.base.code_cache``
    removes all of them alike once nobody has used them for long, and the time of use is the directory's time of change.
    """
    root = cache_root()
    if root is None:
        return None
    path = root / directory / file_name
    try:
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text.encode())
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        os.utime(path.parent)
    except OSError as error:
        not_kept("full", root, error)
        return None
    return str(path)
