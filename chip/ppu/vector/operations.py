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
        instructions: what it is made of, keys of ``chip.ppu.costs.COSTS`` in their order; without those that bring its
            scalars and addresses, which depend on the call.
        defaults: how many of the last operands may be left out (they are 0).
        lanes: elements of a region that it moves, 0 if it has no region.
        by_zero: its instructions where its amount is 0, if they are others.
    """

    name: str
    module: str
    operands: tuple[str, ...]
    instructions: tuple[str, ...]
    defaults: int = 0
    lanes: int = 0
    by_zero: tuple[str, ...] = ()

    def instructions_with(self, amount: int | None) -> tuple[str, ...]:
        """Return its instructions with one amount, or without any."""
        return self.by_zero if self.by_zero and amount == 0 else self.instructions


def _table() -> dict[Any, Operation]:
    """Return the operations by the functions that do them."""
    found: dict[Any, Operation] = {}

    def add(module: Any, name: str, operands: str, instructions: str, defaults=0, lanes=0, by_zero="") -> None:
        kinds, parts, others = (tuple(text.split()) for text in (operands, instructions, by_zero))
        found[getattr(module, name)] = Operation(name, module.__name__, kinds, parts, defaults, lanes, others)

    two, three = "register register code", "register register register code"
    multiply = "vector_multiply_add"
    for width, lanes in ((8, 128), (16, 64)):
        amount = f"register register amount{width - 1}"
        add(moves, f"load{width}", "register region index", "vector_load", 1, lanes)
        add(moves, f"store{width}", "register region index", "vector_store", 1, lanes)
        add(moves, f"splat{width}", "register scalar", "vector_splat")
        add(arithmetic, f"compare{width}", "register", "vector_compare")
        add(arithmetic, f"shift_left{width}", amount, "vector_shift")
        # no instruction copies the sign: libnux multiplies by the fraction 2^-amount, a constant in all lanes; 2^0 is
        # no fraction, so what is not shifted is moved
        add(arithmetic, f"shift_right{width}", amount, f"alu vector_splat {multiply}", by_zero="vector_permute")
        add(arithmetic, f"shift_right_logic{width}", amount, "vector_shift")
        for kind in ("mod", "sat"):
            for name in ("add", "sub", "mul"):
                add(arithmetic, f"{name}{width}_{kind}", three, multiply, 1)
            add(accumulate, f"to_accumulator{width}_{kind}", "register code", "vector_accumulator_move", 1)
            add(accumulate, f"accumulate{width}_{kind}", "register code", "vector_accumulator_move", 1)
            add(accumulate, f"add_accumulator{width}_{kind}", two, "vector_accumulator_move", 1)
            for name in ("mul", "mac"):
                add(accumulate, f"{name}_to_accumulator{width}_{kind}", two, multiply, 1)
            add(accumulate, f"mac{width}_{kind}", three, multiply, 1)
        add(accumulate, f"add_to_accumulator{width}_mod", two, multiply, 1)
    for name in ("pack_upper", "pack_lower", "unpack_left", "unpack_right"):
        add(moves, name, "register register register amount3", "vector_permute", 1)
    add(arithmetic, "select", three, "vector_permute")
    add(arithmetic, "move", "register register", "vector_permute")
    add(moves, "random8", "register code", "vector_random", 1)
    add(moves, "seed_random8", "register code", "vector_random_seed", 1)
    return found


_TABLE = _table()
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _TABLE.values()}
FUNCTIONS: dict[str, Any] = {operation.name: function for function, operation in _TABLE.items()}
OPERATION_NAMES: dict[Any, str] = {function: operation.name for function, operation in _TABLE.items()}

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
    "remainder": (2, ("divide", "multiply", "alu")),  # divw, mullw, subf
}
INTRINSIC_NAMES: dict[Any, str] = {getattr(scalars, name): name for name in INTRINSICS}


def known_call(callee: object) -> tuple[str | None, str | None]:
    """Return the names of the vector operation or the intrinsic that something is."""
    try:
        return OPERATION_NAMES.get(callee), INTRINSIC_NAMES.get(callee)
    except TypeError:  # something unhashable is neither
        return None, None
