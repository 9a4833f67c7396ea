"""Values of expressions while they are read: an operand, the interval it lies in, and its type.

There are two types, those of C: ``i32``, -2^31..2^31 - 1, and ``u32``, 0..2^32 - 1. What is loaded from regions of 8
and 16 bits and of ``i32`` is ``i32``, what is loaded from ``u32`` is ``u32``; a constant from 2^31 on is ``u32``, a
negative one ``i32``, and others are either. Where both types meet, the result is ``u32`` as in C, but only a signed
number that is known not to be negative may meet an unsigned one: C would take it for a large one without a word.
"""

from __future__ import annotations

from typing import NamedTuple

from chip.ppu.compiler.form import Operand
from chip.ppu.compiler.scalars import INT32_MAX, INT32_MIN

UINT32_MAX = 0xFFFFFFFF
LATEST = 1 << 62  # no time is later, in cycles
LIMITS = {False: (INT32_MIN, INT32_MAX), True: (0, UINT32_MAX)}  # by whether it is unsigned


class Value(NamedTuple):
    """An expression that was read.

    Attributes:
        operand: what stands for it in instructions.
        low, high: the interval that it lies in, both ends included.
        boolean: it is a truth value in the condition register.
        unsigned: its type is u32.
        wide: it is a time, a number of 64 bits in two registers.
    """

    operand: Operand
    low: int
    high: int
    boolean: bool = False
    unsigned: bool = False
    wide: bool = False

    @property
    def constant(self) -> bool:
        """Return whether the value is known while compiling."""
        return isinstance(self.operand, int)

    @property
    def computed(self) -> bool:
        """Return whether it stands in a register of its own already."""
        return isinstance(self.operand, str) and self.operand.startswith("_t")


def constant(number: int) -> Value:
    """Return the value of a known integer, which fits in 32 bits of either type."""
    return Value(number, number, number, unsigned=number > INT32_MAX)


def any_value(operand: Operand, unsigned: bool = False) -> Value:
    """Return a value of which nothing but the type is known."""
    return Value(operand, *LIMITS[unsigned], unsigned=unsigned)


def time_value(operand: Operand, low: int = 0, high: int = LATEST) -> Value:
    """Return a time, or the difference of two."""
    return Value(operand, low, high, wide=True)


def may_meet(left: Value, right: Value) -> bool:
    """Return whether two values have a common type: neither may be negative where the other is unsigned."""
    return left.unsigned == right.unsigned or (left if right.unsigned else right).low >= 0
