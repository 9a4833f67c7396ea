"""Which vector registers routines name, and what they keep in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from chip.ppu.compiler.form import blocks
from chip.ppu.compiler.unit import Lowered
from chip.ppu.vector.operations import OPERATIONS

BYTES, HALFWORDS = np.dtype(np.int8), np.dtype(np.int16)
_OF_EITHER = ("move", "select")


def named(routines: Iterable[Lowered]) -> set[int]:
    """Return the registers that routines name."""
    return {number for number, _ in _operands(routines)}


def kinds(routines: Iterable[Lowered]) -> dict[int, np.dtype]:
    """Return what registers hold that hold bytes alone, or halfwords alone."""
    found: dict[int, set[np.dtype | None]] = {}
    for number, kind in _operands(routines):
        found.setdefault(number, set()).add(kind)
    held = {number: used - {None} for number, used in found.items()}
    return {number: used.pop() for number, used in sorted(held.items()) if len(used) == 1}  # type: ignore[misc]


def draws_halfwords(routines: Iterable[Lowered]) -> bool:
    """Return whether routines draw random bytes into a register that they take for halfwords, too."""
    routines = list(routines)
    drawn = {number for number, _ in _operands(routines, "random8")}
    return any(kind == HALFWORDS and number in drawn for number, kind in _operands(routines))


def _operands(routines: Iterable[Lowered], of: str = "") -> Iterator[tuple[int, np.dtype | None]]:
    """Yield every register that an operation names, or one operation, and what it is taken for, None for either."""
    code = (i for lowered in routines for block in blocks(lowered.nodes) for i in block.code)
    for instruction in code:
        if instruction.operation != "vector":
            continue
        name, *operands = instruction.operands
        if of and name != of:
            continue
        registers = [o for kind, o in zip(OPERATIONS[name].operands, operands, strict=True) if kind == "register"]
        for position, number in enumerate(registers):
            yield number, _kind(name, position == 0)


def _kind(name: str, is_target: bool) -> np.dtype | None:
    if name in _OF_EITHER:
        return None
    if name.startswith(("pack", "unpack")):
        return BYTES if name.startswith("pack") == is_target else HALFWORDS
    return HALFWORDS if "16" in name else BYTES
