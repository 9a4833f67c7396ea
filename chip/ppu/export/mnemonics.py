"""Vector operations as calls of the header's intrinsics, which are the processor's instructions, one each.

An intrinsic is called as the vendor's macros are, ``fxv_addbm`` for ``fxvaddbm``, with its destination first; the
condition, which is a part of the instruction, comes last.
"""

from __future__ import annotations

from collections.abc import Callable

from chip.ppu.export.errors import ExportError
from chip.ppu.vector.operands import Condition, VectorRegister

_CONDITION = [condition.name for condition in Condition]

PLAIN: dict[str, str] = {
    "compare8": "cmpb", "compare16": "cmph", "select": "sel", "splat8": "splatb", "splat16": "splath",
    "pack_upper": "pckbu", "pack_lower": "pckbl", "unpack_left": "upckbl", "unpack_right": "upckbr",
}  # fmt: skip
for _width, _letter in ((8, "b"), (16, "h")):
    for _kind, _suffix in (("mod", "m"), ("sat", "fs")):
        for _name in ("add", "sub", "mul"):
            PLAIN[f"{_name}{_width}_{_kind}"] = f"{_name}{_letter}{_suffix}"
        PLAIN[f"mul_to_accumulator{_width}_{_kind}"] = f"multac{_letter}{_suffix}"
        PLAIN[f"mac_to_accumulator{_width}_{_kind}"] = f"matac{_letter}{_suffix}"
        PLAIN[f"mac{_width}_{_kind}"] = f"ma{_letter}{_suffix}"
        PLAIN[f"add_accumulator{_width}_{_kind}"] = f"addac{_letter}{_suffix}"
PLAIN |= {
    "to_accumulator8_mod": "mtacb", "to_accumulator16_mod": "mtach",
    "to_accumulator8_sat": "mtacbf", "to_accumulator16_sat": "mtachf",
    "accumulate8_mod": "addactacb", "accumulate16_mod": "addactachm",
    "accumulate8_sat": "addactacbf", "accumulate16_sat": "addactachf",
    "add_to_accumulator8_mod": "addtacb", "add_to_accumulator16_mod": "addtachm",
}  # fmt: skip
"""Operations that are one instruction with the same operands: the instruction's name behind ``fxv``."""


def calls(name: str, kinds: tuple[str, ...], operands: list[str | int], scratch: Callable[[], int]) -> list[str]:
    """Return the calls that do a vector operation.

    Args:
        name: of the operation; kinds: of its operands, see :class:`chip.ppu.vector.operations.Operation`.
        operands: registers, amounts and codes as numbers; a scalar, and in the place of region and index the address of
            a vector, as text.
        scratch: returns the number of a register that the program names nowhere.

    Raises:
        ExportError: the operation is none of the table's, or needs a register where none is free.
    """
    registers = [
        VectorRegister(operand).name for kind, operand in zip(kinds, operands, strict=False) if kind == "register"
    ]
    if name in PLAIN:
        texts = [
            _CONDITION[o] if k == "code" else str(o) for k, o in zip(kinds, operands, strict=True) if k != "register"
        ]  # type: ignore[index]
        return [f"fxv_{PLAIN[name]}({', '.join([*registers, *texts])})"]
    if name.startswith(("load", "store")):
        return [f"fxv_{'lax' if name.startswith('load') else 'stax'}({registers[0]}, {operands[1]})"]
    if name == "move":
        target, source = registers
        return [f"fxv_sel({target}, {source}, {source}, ALWAYS)"]
    if name.startswith("shift"):
        return _shift(name, registers, int(operands[2]), scratch)
    if name in ("random8", "seed_random8"):
        way = "inx" if name == "random8" else "outx"
        return [f"fxv_{way}({registers[0]}, FXV_RANDOM, 0, {_CONDITION[int(operands[1])]})"]
    raise ExportError(f"the vector operation {name} has no instruction in the table of the export")


def _shift(name: str, registers: list[str], amount: int, scratch: Callable[[], int]) -> list[str]:
    """Return a shift; the arithmetic one to the right is a product with the fraction 2^-amount."""
    letter, width = ("h", 16) if name.endswith("16") else ("b", 8)
    target, source = registers
    if name.startswith("shift_left"):
        return [f"fxv_sh{letter}({target}, {source}, {amount})"]
    if name.startswith("shift_right_logic"):
        return [f"fxv_sh{letter}({target}, {source}, {-amount})"]
    if amount == 0:
        return [f"fxv_sel({target}, {source}, {source}, ALWAYS)"]
    factor = VectorRegister(scratch()).name
    return [
        f"fxv_splat{letter}({factor}, {1 << (width - 1 - amount)})",
        f"fxv_mul{letter}fs({target}, {source}, {factor}, ALWAYS)",
    ]
