"""The vector unit's operations on Python integers, lane by lane, by another method.

The method is bit patterns and fractions. A register is a list of unsigned bit patterns, 128 bytes or 64 halfwords.
Numbers are read from patterns and turned back into patterns; saturating operations are exact ``Fraction`` arithmetic,
floored and limited at the end. What has been worked out once is remembered.
"""

import re
from fractions import Fraction
from functools import cache

KEEPING = ("to_accumulator", "mul_to_accumulator", "mac_to_accumulator", "add_to_accumulator", "accumulate")
"""The operations whose result stays in the accumulator."""
WORK = {
    **{verb: (verb, False) for verb in ("add", "sub", "mul")},
    "mac": ("mul", True),
    "to_accumulator": ("first", False),
    "mul_to_accumulator": ("mul", False),
    "mac_to_accumulator": ("mul", True),
    "add_to_accumulator": ("add", False),
    "accumulate": ("first", True),
    "add_accumulator": ("first", True),
}
"""What each does with its operands, or the first one alone, and whether it adds the accumulator."""


def number(pattern, bits):
    """Return the signed number that a bit pattern stands for."""
    return pattern - 2**bits if pattern >= 2 ** (bits - 1) else pattern


def limited(value, bits):
    """Return the pattern of the representable number nearest to a value."""
    return sorted((-(2 ** (bits - 1)), value, 2 ** (bits - 1) - 1))[1] % 2**bits


def fraction(bit_pattern, bits):
    """Return a pattern as the fraction that it stands for, -1 to just below 1."""
    return Fraction(number(bit_pattern, bits), 2 ** (bits - 1))


def from_fraction(value, bits):
    """Return the pattern of a fraction: rounded down, limited to what can be represented."""
    return limited(value.numerator * 2 ** (bits - 1) // value.denominator, bits)


@cache
def saturating(verb, a, b, bits):
    """Return the pattern, 2 * bits wide, of a fractional sum, difference, product, or of one operand alone."""
    x, y = fraction(a, bits), fraction(b, bits)
    value = {"add": x + y, "sub": x - y, "mul": x * y, "first": x}[verb]
    return from_fraction(value, 2 * bits)


@cache
def saturating_sum(a, b, bits):
    """Return the pattern of the sum of two fractions."""
    return from_fraction(fraction(a, bits) + fraction(b, bits), bits)


@cache
def parts(name):
    """Return verb, width in bits and kind of an operation's name."""
    verb, width, kind = re.fullmatch(r"(\w+?)(8|16)_(mod|sat)", name).groups()
    return verb, int(width), kind


def result(name, a, b, accumulator):
    """Return one lane of what an operation writes: to the accumulator, 2 * bits wide, where its verb is in KEEPING."""
    verb, bits, kind = parts(name)
    what, accumulates = WORK[verb]
    if kind == "sat":
        if what in ("add", "sub"):
            return from_fraction(fraction(saturating(what, a, b, bits), 2 * bits), bits)
        total = saturating(what, a, b, bits)
        if accumulates:
            total = saturating_sum(accumulator, total, 2 * bits)
        return total if verb in KEEPING else total // 2**bits
    x, y = number(a, bits), number(b, bits)
    total = {"add": x + y, "sub": x - y, "mul": x * y, "first": x}[what] + (accumulator if accumulates else 0)
    return total % 2 ** (2 * bits if verb in KEEPING else bits)


def condition(a, bits):
    """Return the condition code of a lane compared with 0: 1 greater, 2 less, 3 equal."""
    return 3 if a == 0 else (2 if a >= 2 ** (bits - 1) else 1)


def enabled(code, lane_condition):
    """Return whether a lane is written under a condition code."""
    return {0: True, 1: lane_condition == 1, 2: lane_condition == 2, 3: lane_condition == 3}[code]


def written(old, new, code, conditions, bits):
    """Return what a lane holds afterwards: of each of its equal parts, one a condition, the first one on top, the new
    one where that condition enables it, on strings of bits."""
    part = bits // len(conditions)
    texts = [f"{new if enabled(code, condition) else old:0{bits}b}" for condition in conditions]
    return int("".join(text[part * k : part * k + part] for k, text in enumerate(texts)), 2)


def shift(name, a, amount, bits):
    """Return a shifted lane, on its string of bits."""
    text = f"{a:0{bits}b}"
    if name == "shift_left":
        return int((text + "0" * amount)[-bits:], 2)
    filling = text[0] if name == "shift_right" else "0"
    return int((filling * amount + text)[:bits], 2)


def pack(a, b, upper, spare=0):
    """Return 128 bytes from two lists of 64 halfwords, slice by slice, on their strings of bits."""
    kept = 8 - spare
    chosen = slice(0, kept) if upper else slice(kept, 2 * kept)
    return [int(f"{x:016b}"[chosen], 2) for s in range(8) for x in a[8 * s : 8 * s + 8] + b[8 * s : 8 * s + 8]]


def unpack(upper, lower, right, spare=0):
    """Return 64 halfwords from two lists of 128 bytes, slice by slice, on their strings of bits."""
    lanes = [16 * s + 8 * right + i for s in range(8) for i in range(8)]
    texts = [f"{upper[lane]:08b}"[spare:] + f"{lower[lane]:08b}"[spare:] for lane in lanes]
    return [int(text.ljust(16, "0"), 2) for text in texts]


def random_step(state, taps):
    """Return the next state of one shift register, bit by bit: it moves right, the lost bit feeds the taps."""
    bits = [(state >> i) & 1 for i in range(16)]
    moved = [*bits[1:], 0]
    return sum((moved[i] ^ (bits[0] & (taps >> i))) % 2 << i for i in range(16))
