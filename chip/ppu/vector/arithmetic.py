"""The vector unit's arithmetic: add, subtract, multiply, compare, select, shift, in bytes and halfwords.

Each operation takes the state of the unit (``chip.ppu.vector.unit.VectorState``), register numbers 0..31 and, last, the
code of a condition (kernels name both, ``chip.ppu.vector.operands``): a byte is written only where the code is that of
ALWAYS or of the byte's condition, set by the last comparison. So a halfword under the conditions of ``compare8`` may
take one of its two bytes alone: the upper one under the condition of byte lane 2 i, the lower one under that of lane
2 i + 1, as the chip is big-endian (nux ``vector_predictor.sv``). ``compare16`` sets both alike.

``_mod`` wraps, ``_sat`` saturates; ``mul*_sat`` is the fractional product, (a * b) << 1, upper half, truncated, with
-1 * -1 saturating. Lanes are signed; a modular operation does not care. Sources: nux
``doc/guide/src/fxv.tex``, instruction names in the docstrings.

The saturating difference is exact before it saturates, as in nux ``vector_predictor.sv`` (the manual negates the second
operand first, which would turn 0 - (-1) into -1).

A logic shift right is the left shift's instruction with a negative amount, -16..15 (nux ``vector_predictor.sv``). There
is no arithmetic one: as in libnux (``vector_frac_sat_8.tcc``), it is a fractional multiplication by 2^-amount, the same
to the bit, behind a splat of that constant. A register is free for the constant: assumed.
"""

from chip.base.compiled import compiled
from chip.ppu.compiler.scalars import int64, saturate8, saturate16, wrap8, wrap16
from chip.ppu.vector.operands import Condition

# integers for compiled code; that of ALWAYS stands there as the literal 0, with which its loops are a sixth faster
_GREATER, _LESS, _EQUAL = (Condition[name].code for name in ("GREATER", "LESS", "EQUAL"))


@compiled(forceinline=True)
def enabled(condition, code):
    """Return all bits set, -1, where the code is ALWAYS or the byte's condition, else 0.

    A mask, since with a branch the machine's own vectors are not used.
    """
    return -int64((code == 0) | (condition == code))


@compiled(forceinline=True)
def blend(old, new, mask):
    """Return the new value in the bits of a mask, else the old one."""
    return old ^ ((old ^ new) & mask)


@compiled(forceinline=True)
def enabled_halves(v, i, lower_half, code):
    """Return the mask of what is written of halfword lane i, or of its accumulator, a condition for each half.

    Args:
        lower_half: the bits of the half that belongs to the lower byte, 0xFF of a register, 0xFFFF of the accumulator.
    """
    upper, lower = enabled(v.conditions[2 * i], code), enabled(v.conditions[2 * i + 1], code)
    return (upper & ~lower_half) | (lower & lower_half)


@compiled(forceinline=True)
def put8(v, d, i, value, code):
    """Write a byte lane where its condition holds."""
    v.bytes[d, i] = blend(int64(v.bytes[d, i]), value, enabled(v.conditions[i], code))


@compiled(forceinline=True)
def put16(v, d, i, value, code):
    """Write the bytes of a halfword lane whose condition holds."""
    v.halfwords[d, i] = blend(int64(v.halfwords[d, i]), value, enabled_halves(v, i, 0xFF, code))


@compiled(inline="always")
def add8_mod(v, d, a, b, code=0):
    """d = a + b modulo 2^8 (fxvaddbm)."""
    for i in range(128):
        put8(v, d, i, wrap8(int64(v.bytes[a, i]) + int64(v.bytes[b, i])), code)


@compiled(inline="always")
def add8_sat(v, d, a, b, code=0):
    """d = a + b, saturating (fxvaddbfs)."""
    for i in range(128):
        put8(v, d, i, saturate8(int64(v.bytes[a, i]) + int64(v.bytes[b, i])), code)


@compiled(inline="always")
def sub8_mod(v, d, a, b, code=0):
    """d = a - b modulo 2^8 (fxvsubbm)."""
    for i in range(128):
        put8(v, d, i, wrap8(int64(v.bytes[a, i]) - int64(v.bytes[b, i])), code)


@compiled(inline="always")
def sub8_sat(v, d, a, b, code=0):
    """d = a - b, saturating (fxvsubbfs)."""
    for i in range(128):
        put8(v, d, i, saturate8(int64(v.bytes[a, i]) - int64(v.bytes[b, i])), code)


@compiled(inline="always")
def mul8_mod(v, d, a, b, code=0):
    """d = a * b modulo 2^8 (fxvmulbm)."""
    for i in range(128):
        put8(v, d, i, wrap8(int64(v.bytes[a, i]) * int64(v.bytes[b, i])), code)


@compiled(inline="always")
def mul8_sat(v, d, a, b, code=0):
    """d = a * b as fractions of 2^7, truncated, saturating (fxvmulbfs)."""
    for i in range(128):
        put8(v, d, i, saturate8((int64(v.bytes[a, i]) * int64(v.bytes[b, i])) >> 7), code)


@compiled(inline="always")
def add16_mod(v, d, a, b, code=0):
    """d = a + b modulo 2^16 (fxvaddhm)."""
    for i in range(64):
        put16(v, d, i, wrap16(int64(v.halfwords[a, i]) + int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def add16_sat(v, d, a, b, code=0):
    """d = a + b, saturating (fxvaddhfs)."""
    for i in range(64):
        put16(v, d, i, saturate16(int64(v.halfwords[a, i]) + int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def sub16_mod(v, d, a, b, code=0):
    """d = a - b modulo 2^16 (fxvsubhm)."""
    for i in range(64):
        put16(v, d, i, wrap16(int64(v.halfwords[a, i]) - int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def sub16_sat(v, d, a, b, code=0):
    """d = a - b, saturating (fxvsubhfs)."""
    for i in range(64):
        put16(v, d, i, saturate16(int64(v.halfwords[a, i]) - int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def mul16_mod(v, d, a, b, code=0):
    """d = a * b modulo 2^16 (fxvmulhm)."""
    for i in range(64):
        put16(v, d, i, wrap16(int64(v.halfwords[a, i]) * int64(v.halfwords[b, i])), code)


@compiled(inline="always")
def mul16_sat(v, d, a, b, code=0):
    """d = a * b as fractions of 2^15, truncated, saturating (fxvmulhfs)."""
    for i in range(64):
        put16(v, d, i, saturate16((int64(v.halfwords[a, i]) * int64(v.halfwords[b, i])) >> 15), code)


@compiled(inline="always")
def compare8(v, a):
    """Set each byte lane's condition by comparing it with 0: greater, less or equal (fxvcmpb)."""
    for i in range(128):
        x = int64(v.bytes[a, i])
        v.conditions[i] = _EQUAL if x == 0 else (_GREATER if x > 0 else _LESS)


@compiled(inline="always")
def compare16(v, a):
    """Set each halfword lane's condition by comparing it with 0: greater, less or equal (fxvcmph)."""
    for i in range(64):
        x = int64(v.halfwords[a, i])
        condition = _EQUAL if x == 0 else (_GREATER if x > 0 else _LESS)
        v.conditions[2 * i] = condition
        v.conditions[2 * i + 1] = condition


@compiled(inline="always")
def select(v, d, a, b, code):
    """d = b in every byte whose condition holds, else a (fxvsel).

    For halfwords as well after compare16. After compare8 for bytes alone: those of a halfword do not lie in the chip's
    order here (``chip.ppu.vector.unit``).
    """
    for i in range(128):
        v.bytes[d, i] = blend(int64(v.bytes[a, i]), int64(v.bytes[b, i]), enabled(v.conditions[i], code))


@compiled(inline="always")
def move(v, d, a):
    """d = a, all 128 bytes (fxvsel with the condition ALWAYS)."""
    for i in range(128):
        v.bytes[d, i] = v.bytes[a, i]


@compiled(inline="always")
def shift_left8(v, d, a, amount):
    """d = a << amount, zeros from the right, what is shifted out is lost; amount 0..7 (fxvshb)."""
    for i in range(128):
        v.bytes[d, i] = wrap8(int64(v.bytes[a, i]) << amount)


@compiled(inline="always")
def shift_right8(v, d, a, amount):
    """d = a >> amount, copies of the sign from the left; amount 0..7 (fxvsplatb, fxvmulbfs; by 0 fxvsel)."""
    for i in range(128):
        v.bytes[d, i] = int64(v.bytes[a, i]) >> amount


@compiled(inline="always")
def shift_right_logic8(v, d, a, amount):
    """d = a >> amount, zeros from the left; amount 0..7 (fxvshb, negative amount)."""
    for i in range(128):
        v.bytes[d, i] = wrap8((int64(v.bytes[a, i]) & 0xFF) >> amount)


@compiled(inline="always")
def shift_left16(v, d, a, amount):
    """d = a << amount, zeros from the right, what is shifted out is lost; amount 0..15 (fxvshh)."""
    for i in range(64):
        v.halfwords[d, i] = wrap16(int64(v.halfwords[a, i]) << amount)


@compiled(inline="always")
def shift_right16(v, d, a, amount):
    """d = a >> amount, copies of the sign from the left; amount 0..15 (fxvsplath, fxvmulhfs; by 0 fxvsel)."""
    for i in range(64):
        v.halfwords[d, i] = int64(v.halfwords[a, i]) >> amount


@compiled(inline="always")
def shift_right_logic16(v, d, a, amount):
    """d = a >> amount, zeros from the left; amount 0..15 (fxvshh, negative amount)."""
    for i in range(64):
        v.halfwords[d, i] = wrap16((int64(v.halfwords[a, i]) & 0xFFFF) >> amount)
