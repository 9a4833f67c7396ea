"""What vector operations name: the registers V0 to V31 and the conditions ALWAYS, GREATER, LESS, EQUAL.

Neither is a number, so that none stands where the other is meant: ``add8_sat(v, V0, V0, 3)`` would add register 3 where
somebody wants 3 added, and ``V1 + 1`` would be 2.
"""

from enum import Enum


class VectorRegister(Enum):
    """One of the 32 registers of the vector unit.

    Attributes:
        number: 0..31, its index in the arrays of :class:`chip.ppu.vector.unit.VectorState`.
    """

    V0, V1, V2, V3, V4, V5, V6, V7 = range(0, 8)
    V8, V9, V10, V11, V12, V13, V14, V15 = range(8, 16)
    V16, V17, V18, V19, V20, V21, V22, V23 = range(16, 24)
    V24, V25, V26, V27, V28, V29, V30, V31 = range(24, 32)

    __hash__ = object.__hash__  # tasks name registers often, and Enum's own is slow

    @property
    def number(self) -> int:
        return self._value_

    def __repr__(self) -> str:
        return self._name_

    __str__ = __repr__


class Condition(Enum):
    """A condition of a byte lane, set by the last comparison with 0, under which an operation writes it.

    Attributes:
        code: what instructions have for it (nux ``doc/guide/src/fxv.tex``).
    """

    ALWAYS, GREATER, LESS, EQUAL = range(4)

    @property
    def code(self) -> int:
        return self._value_

    def __repr__(self) -> str:
        return self._name_

    __str__ = __repr__


V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15, *_UPPER = VectorRegister
V16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31 = _UPPER
ALWAYS, GREATER, LESS, EQUAL = Condition
