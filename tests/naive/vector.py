"""The vector unit's operations on lists of Python integers, lane by lane, by another method.

The method is bit patterns and fractions. A register is a list of unsigned bit patterns, 128 bytes or 64 halfwords.
Numbers are read from patterns and turned back into patterns; products of fractions are exact ``Fraction`` values that
are floored.
"""

from fractions import Fraction
from math import floor

BITS = {"8": 8, "16": 16}


def number(pattern, bits):
    """Return the signed number that a bit pattern stands for."""
    return pattern - 2**bits if pattern >= 2 ** (bits - 1) else pattern


def pattern(value, bits):
    """Return the bit pattern of a number, modulo 2^bits."""
    return value % 2**bits


def limited(value, bits):
    """Return the pattern of the representable number nearest to a value."""
    return pattern(sorted((-(2 ** (bits - 1)), value, 2 ** (bits - 1) - 1))[1], bits)


def fraction(bit_pattern, bits):
    """Return a pattern as the fraction that it stands for, -1 to just below 1."""
    return Fraction(number(bit_pattern, bits), 2 ** (bits - 1))


def from_fraction(value, bits):
    """Return the pattern of a fraction: rounded down, limited to what can be represented."""
    return limited(floor(value * 2 ** (bits - 1)), bits)


def arithmetic(name, a, b, bits):
    """Return the pattern of one lane: name is add, sub or mul with _mod or _sat."""
    operation, kind = name.split("_")
    x, y = fraction(a, bits), fraction(b, bits)
    if kind == "sat":
        return from_fraction({"add": x + y, "sub": x - y, "mul": x * y}[operation], bits)
    if operation == "sub":
        b = 2**bits - b
    return (a * b if operation == "mul" else a + b) % 2**bits


def accumulate(name, accumulator, a, b, bits):
    """Return the pattern of the accumulator, 2 * bits wide, after to, mul or mac with _mod or _sat."""
    operation, kind = name.split("_")
    wide = 2 * bits
    if kind == "sat":
        if operation == "to":
            return from_fraction(fraction(a, bits), wide)
        product = fraction(from_fraction(fraction(a, bits) * fraction(b, bits), wide), wide)
        return from_fraction(product + (fraction(accumulator, wide) if operation == "mac" else 0), wide)
    product = number(a, bits) * (1 if operation == "to" else number(b, bits))
    return pattern(product + (accumulator if operation == "mac" else 0), wide)


def multiply_accumulate(kind, accumulator, a, b, bits):
    """Return the pattern of one lane of accumulator + a * b, the accumulator being 2 * bits wide."""
    total = accumulate(f"mac_{kind}", accumulator, a, b, bits)
    return total // 2**bits if kind == "sat" else total % 2**bits


def condition(a, bits):
    """Return the condition code of a lane compared with 0: 1 greater, 2 less, 3 equal."""
    return 3 if a == 0 else (2 if a >= 2 ** (bits - 1) else 1)


def enabled(code, lane_condition):
    """Return whether a lane is written under a condition code."""
    return {0: True, 1: lane_condition == 1, 2: lane_condition == 2, 3: lane_condition == 3}[code]


def shift(name, a, amount, bits):
    """Return a shifted lane, on its string of bits."""
    text = f"{a:0{bits}b}"
    if name == "shift_left":
        return int((text + "0" * amount)[-bits:], 2)
    filling = text[0] if name == "shift_right" else "0"
    return int((filling * amount + text)[:bits], 2)


def pack(a, b, upper):
    """Return 128 bytes from two lists of 64 halfwords, slice by slice."""
    result = []
    for s in range(8):
        for halfword in a[8 * s : 8 * s + 8] + b[8 * s : 8 * s + 8]:
            result.append(divmod(halfword, 256)[0 if upper else 1])
    return result


def unpack(upper, lower, right):
    """Return 64 halfwords from two lists of 128 bytes, slice by slice."""
    lanes = [16 * s + 8 * right + i for s in range(8) for i in range(8)]
    return [upper[lane] * 256 + lower[lane] for lane in lanes]


def random_step(state, taps):
    """Return the next state of one shift register, bit by bit: it moves right, the lost bit feeds the taps."""
    bits = [(state >> i) & 1 for i in range(16)]
    moved = [*bits[1:], 0]
    return sum((moved[i] ^ (bits[0] & (taps >> i))) % 2 << i for i in range(16))
