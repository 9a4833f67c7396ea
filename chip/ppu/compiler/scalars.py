"""Numbers as the processor has them: 8, 16 and 32 bit two's complement, exact whether compiled or plain Python.

Every function takes and returns work integers that are wider than what they stand for (64 bit when compiled), so that
nothing overflows on the way; narrowing is always explicit.
"""

import numba
from numba.core import config as numba_config

from chip.base.compiled import compiled

int64 = int if numba_config.DISABLE_JIT else numba.int64
"""Widen an element of an array to a work integer; in plain Python its integers have any width."""

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


@compiled(forceinline=True)
def wrap8(x):
    """Return the low 8 bits of x as a signed number, -128..127."""
    return ((x + 0x80) & 0xFF) - 0x80


@compiled(forceinline=True)
def wrap16(x):
    """Return the low 16 bits of x as a signed number, -32768..32767."""
    return ((x + 0x8000) & 0xFFFF) - 0x8000


@compiled(forceinline=True)
def wrap32(x):
    """Return the low 32 bits of x as a signed number."""
    return ((x + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@compiled(forceinline=True)
def saturate8(x):
    """Return x limited to -128..127."""
    return min(max(x, -0x80), 0x7F)


@compiled(forceinline=True)
def saturate16(x):
    """Return x limited to -32768..32767."""
    return min(max(x, -0x8000), 0x7FFF)


@compiled(forceinline=True)
def saturate32(x):
    """Return x limited to 32 bits, signed."""
    return min(max(x, -0x80000000), 0x7FFFFFFF)


@compiled(forceinline=True)
def minimum(a, b):
    """Return the smaller of two."""
    return min(a, b)


@compiled(forceinline=True)
def maximum(a, b):
    """Return the larger of two."""
    return max(a, b)


@compiled(forceinline=True)
def absolute(x):
    """Return |x| in 32 bits: the magnitude of the most negative number wraps to itself."""
    return wrap32(abs(x))


@compiled(forceinline=True)
def multiply_high(a, b):
    """Return the upper 32 bits of the signed 64-bit product (Power ISA mulhw)."""
    return (a * b) >> 32


@compiled(forceinline=True)
def count_leading_zeros(x):
    """Return the number of zero bits above the highest one of the 32-bit pattern, 0..32 (Power ISA cntlzw)."""
    x = x & 0xFFFFFFFF
    count = 32
    while x > 0:
        x >>= 1
        count -= 1
    return count


@compiled(forceinline=True)
def divide(a, b):
    """Return a / b, truncated towards zero, b not 0 (Power ISA divw; what overflows wraps to 32 bits)."""
    quotient = abs(a) // abs(b)
    return wrap32(-quotient if (a < 0) != (b < 0) else quotient)


@compiled(forceinline=True)
def remainder(a, b):
    """Return what divide(a, b) leaves, a - b * divide(a, b), b not 0; it has the sign of a, as in C."""
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _load(region, index):
    return wrap32(int64(region[index]))


def _store(region, index, value):
    region[index] = value


def _store_in_python(region, index, value):
    bits = 8 * region.itemsize
    value &= (1 << bits) - 1
    if region.dtype.kind == "i" and value >> (bits - 1):
        value -= 1 << bits
    region[index] = value


def _load_unsigned(region, index):
    return int64(region[index]) & 0xFFFFFFFF


load = compiled(_load, forceinline=True)
"""load(region, index): one element, zero or sign extended as its type says, as a signed 32-bit number."""

load_unsigned = compiled(_load_unsigned, forceinline=True)
"""load_unsigned(region, index): one element of 32 bits as an unsigned number."""

# compiled code drops the upper bits of a store by itself, plain numpy refuses a number that does not fit
store = _store_in_python if numba_config.DISABLE_JIT else compiled(_store, forceinline=True)
"""store(region, index, value): one element, the low bits of the value (stb, sth, stw)."""


@compiled(forceinline=True)
def shift_left(x, amount):
    """Return x << amount in 32 bits; six bits of the amount count, 32..63 give 0 (Power ISA slw)."""
    amount = amount & 63
    return wrap32(x << amount) if amount < 32 else 0


@compiled(forceinline=True)
def shift_left_unsigned(x, amount):
    """Return x << amount of an unsigned number in 32 bits; six bits of the amount count (Power ISA slw)."""
    amount = amount & 63
    return (x << amount) & 0xFFFFFFFF if amount < 32 else 0


@compiled(forceinline=True)
def shift_right_unsigned(x, amount):
    """Return x >> amount of an unsigned number; six bits of the amount count, 32..63 give 0 (Power ISA srw)."""
    amount = amount & 63
    return x >> amount if amount < 32 else 0


@compiled(forceinline=True)
def divide_unsigned(a, b):
    """Return a / b of unsigned numbers, truncated, b not 0 (Power ISA divwu)."""
    return a // b


@compiled(forceinline=True)
def remainder_unsigned(a, b):
    """Return what divide_unsigned(a, b) leaves, b not 0."""
    return a % b


@compiled(forceinline=True)
def shift_right(x, amount):
    """Return x >> amount with the sign copied; six bits of the amount count, 32..63 give the sign (Power ISA sraw)."""
    return x >> min(amount & 63, 31)
