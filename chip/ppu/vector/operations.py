"""What a kernel may call, by name: the vector unit's operations and the scalar core's intrinsics, with their costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chip.ppu.compiler import scalars
from chip.ppu.vector import accumulate, arithmetic, moves


@dataclass(frozen=True)
class Operation:
    """One vector operation.

    Attributes:
        name, module: where it is defined.
        operands: the kind of each argument after the vector unit: register, region, index, scalar, code, or amountN
            (an immediate 0..N).
        cost: a key of ``chip.ppu.costs.COSTS``.
        defaults: how many of the last operands may be left out (they are 0).
        lanes: elements of a region that it moves, 0 if it has no region.
    """

    name: str
    module: str
    operands: tuple[str, ...]
    cost: str
    defaults: int = 0
    lanes: int = 0


def _table() -> list[tuple[Any, str, str, str, int, int]]:
    rows: list[tuple[Any, str, str, str, int, int]] = []
    for width in ("8", "16"):
        lanes = 128 if width == "8" else 64
        amount = "register register amount7" if width == "8" else "register register amount15"
        rows += [(moves, f"load{width}", "register region index", "vector_load", 1, lanes)]
        rows += [(moves, f"store{width}", "register region index", "vector_store", 1, lanes)]
        rows += [(moves, f"splat{width}", "register scalar", "vector_splat", 0, 0)]
        rows += [(arithmetic, f"compare{width}", "register", "vector_compare", 0, 0)]
        for shift in ("shift_left", "shift_right", "shift_right_logic"):
            rows += [(arithmetic, f"{shift}{width}", amount, "vector_shift", 0, 0)]
        for kind in ("mod", "sat"):
            for name in ("add", "sub", "mul"):
                operands = "register register register code"
                rows += [(arithmetic, f"{name}{width}_{kind}", operands, "vector_multiply_add", 1, 0)]
            operands, one_operand = "register code", "vector_accumulator_move"
            rows += [(accumulate, f"to_accumulator{width}_{kind}", operands, one_operand, 1, 0)]
            rows += [(accumulate, f"accumulate{width}_{kind}", operands, one_operand, 1, 0)]
            rows += [(accumulate, f"add_accumulator{width}_{kind}", "register register code", one_operand, 1, 0)]
            for name in ("mul", "mac"):
                operands = "register register code"
                rows += [(accumulate, f"{name}_to_accumulator{width}_{kind}", operands, "vector_multiply_add", 1, 0)]
            rows += [(accumulate, f"mac{width}_{kind}", "register register register code", "vector_multiply_add", 1, 0)]
        name = f"add_to_accumulator{width}_mod"
        rows += [(accumulate, name, "register register code", "vector_multiply_add", 1, 0)]
    for name in ("pack_upper", "pack_lower", "unpack_left", "unpack_right"):
        rows += [(moves, name, "register register register amount3", "vector_permute", 1, 0)]
    rows += [(arithmetic, "select", "register register register code", "vector_permute", 0, 0)]
    rows += [(arithmetic, "move", "register register", "vector_permute", 0, 0)]
    rows += [(moves, "random8", "register code", "vector_random", 1, 0)]
    rows += [(moves, "seed_random8", "register code", "vector_random_seed", 1, 0)]
    return rows


_ROWS = _table()
OPERATIONS: dict[str, Operation] = {
    name: Operation(name, module.__name__, tuple(operands.split()), cost, defaults, lanes)
    for module, name, operands, cost, defaults, lanes in _ROWS
}
OPERATION_NAMES: dict[Any, str] = {getattr(module, name): name for module, name, *_ in _ROWS}

# scalar intrinsics: number of arguments, instructions of the scalar core that they take
INTRINSICS: dict[str, tuple[int, tuple[str, ...]]] = {
    "saturate8": (1, ("alu",) * 4),  # two compares, two conditional moves (isel)
    "saturate16": (1, ("alu",) * 4),
    "minimum": (2, ("alu",) * 2),  # compare, isel
    "maximum": (2, ("alu",) * 2),
    "absolute": (1, ("alu",) * 3),  # srawi, xor, subf
    "multiply_high": (2, ("multiply",)),  # mulhw
    "count_leading_zeros": (1, ("alu",)),  # cntlzw
    "divide": (2, ("divide",)),  # divw
}
INTRINSIC_NAMES: dict[Any, str] = {getattr(scalars, name): name for name in INTRINSICS}
