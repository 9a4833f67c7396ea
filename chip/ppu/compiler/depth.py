"""Sources that nest deeply: a long ``elif`` nests once for each way, and every level takes several calls to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chip.base.recursion import deep_calls
from chip.ppu.compiler.language import Routine


@contextmanager
def deep(routine: Routine) -> Iterator[None]:
    """Allow more nested calls while a routine is read or written: about 3000 ways of an elif.

    Raises:
        KernelError: the routine needs more than that.
    """
    try:
        with deep_calls():
            yield
    except RecursionError:
        routine.refuse(
            routine.tree,
            "nests too deeply to be compiled: break up its longest elif or expression, look a value up in a region, or "
            "move a part into a routine of its own",
        )
