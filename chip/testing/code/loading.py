"""From text to a module: kernels that stand in no file are found by the compiler, and by tracebacks, all the same."""

from __future__ import annotations

import functools
import hashlib
import linecache
import types

from chip.ppu.compiler.kernel import Kernel


@functools.lru_cache(maxsize=1024)
def module_from_text(text: str) -> types.ModuleType:
    """Return the module made of a text; the same text gives the same module.

    Its file is ``<text ...>`` in messages. What the text raises when it is run, KernelError for example, is raised.
    """
    name = f"text {hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = f"<{name}>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    module = types.ModuleType(name)
    exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
    return module


def kernel_from_text(text: str, name: str | None = None) -> Kernel:
    """Return the kernel of a text, its last one or the one named.

        kernel_from_text("from chip.ppu import *\\n@kernel\\ndef k(v, m):\\n    m.a[0] = 1\\n")

    Raises:
        ValueError: there is no such kernel in the text. KernelError: the text's kernel is refused.
    """
    found = {key: value for key, value in vars(module_from_text(text)).items() if isinstance(value, Kernel)}
    if not found or (name is not None and name not in found):
        wanted = f"kernel {name}" if name is not None else "kernel"
        raise ValueError(f"the text has no {wanted}; it has: {', '.join(found) or 'none'}")
    return found[name] if name is not None else list(found.values())[-1]
