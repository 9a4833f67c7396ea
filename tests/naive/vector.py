"""The vector unit's instructions by the vendor's mnemonics, on bytes in the chip's order, by another method.

A register is ``bytes`` of 128, the accumulator ``bytes`` of 256, their elements big-endian, as on the chip; the
condition register is a list of 128 codes, one a byte. An instruction cuts its operands into elements, works on exact
integers of any size, or on ``Fraction`` where it saturates, and writes byte by byte. Its mnemonic is read by its
grammar: verb, width, kind. What has been worked out once is remembered.
"""

import re
from fractions import Fraction
from functools import cache
from typing import NamedTuple

ALWAYS, GREATER, LESS, EQUAL = range(4)


class Verb(NamedTuple):
    """What an instruction does: with its operands, or the first one alone; whether it adds the accumulator; whether its
    result stays there."""

    work: str
    accumulates: bool
    keeps: bool


VERBS = {
    "add": Verb("add", False, False),
    "sub": Verb("sub", False, False),
    "mul": Verb("mul", False, False),
    "ma": Verb("mul", True, False),
    "addac": Verb("first", True, False),
    "mtac": Verb("first", False, True),
    "addtac": Verb("add", False, True),
    "multac": Verb("mul", False, True),
    "matac": Verb("mul", True, True),
    "addactac": Verb("first", True, True),
}


@cache
def decode(mnemonic):
    """Return the verb of an arithmetic instruction, its width in bits, and whether its numbers are fractions."""
    verb, width, kind = re.fullmatch(rf"fxv({'|'.join(VERBS)})([bh])(|m|f|fs)", mnemonic).groups()
    return VERBS[verb], {"b": 8, "h": 16}[width], kind.startswith("f")


# ---------------------------------------------------------------------- numbers


def number(pattern, bits):
    """Return the signed number that a bit pattern stands for."""
    return pattern - 2**bits if pattern >= 2 ** (bits - 1) else pattern


def fraction(value, bits):
    """Return a signed number as the fraction that it stands for, -1 to just below 1."""
    return Fraction(value, 2 ** (bits - 1))


def nearest(value, bits):
    """Return the signed number that stands for a fraction: rounded down, limited to what can be represented."""
    floor = value.numerator * 2 ** (bits - 1) // value.denominator
    return sorted((-(2 ** (bits - 1)), floor, 2 ** (bits - 1) - 1))[1]


@cache
def fractional(work, x, y, bits):
    """Return the saturated result of two fractions, or of the first one alone, in twice their width."""
    x, y = fraction(x, bits), fraction(y, bits)
    return nearest({"add": x + y, "sub": x - y, "mul": x * y, "first": x}[work], 2 * bits)


@cache
def fractional_sum(x, y, bits):
    """Return the saturated sum of two fractions in their own width."""
    return nearest(fraction(x, bits) + fraction(y, bits), bits)


def element(mnemonic, x, y, accumulator):
    """Return the pattern that an instruction computes of one element, for its register or for the accumulator.

    Args:
        x, y, accumulator: signed numbers, the latter in twice the width.
    """
    verb, bits, fractions = decode(mnemonic)
    if fractions and verb.work in ("add", "sub"):
        return nearest(fraction(fractional(verb.work, x, y, bits), 2 * bits), bits) % 2**bits
    if fractions:
        total = fractional(verb.work, x, y, bits)
        if verb.accumulates:
            total = fractional_sum(total, accumulator, 2 * bits)
        return total % 4**bits // (1 if verb.keeps else 2**bits)
    total = {"add": x + y, "sub": x - y, "mul": x * y, "first": x}[verb.work]
    total += accumulator if verb.accumulates else 0
    return total % (4**bits if verb.keeps else 2**bits)


# ---------------------------------------------------------------------- vectors of bytes


def cut(data, bits):
    """Return the signed numbers of a register, or of the accumulator."""
    size = bits // 8
    return [int.from_bytes(data[k : k + size], "big", signed=True) for k in range(0, len(data), size)]


def joined(patterns, bits):
    """Return a register, or the accumulator, that consists of patterns."""
    return b"".join(pattern.to_bytes(bits // 8, "big") for pattern in patterns)


def compute(mnemonic, a, b, accumulator):
    """Return all that an arithmetic instruction computes, unmasked: a register, or an accumulator where it keeps it."""
    verb, bits, _ = decode(mnemonic)
    elements = zip(cut(a, bits), cut(b, bits), cut(accumulator, 2 * bits), strict=True)
    return joined([element(mnemonic, *numbers) for numbers in elements], 2 * bits if verb.keeps else bits)


def enabled(code, condition):
    """Return whether a byte is written under a condition code."""
    return code == ALWAYS or code == condition


def merged(old, new, conditions, code):
    """Return what a register, or the accumulator, holds after a masked write: byte by byte, with its condition each."""
    size = len(old) // len(conditions)
    parts = [(new if enabled(code, condition) else old, size * k) for k, condition in enumerate(conditions)]
    return b"".join(data[start : start + size] for data, start in parts)


def compare(mnemonic, a):
    """Return the condition register after fxvcmpb or fxvcmph."""
    bits = {"fxvcmpb": 8, "fxvcmph": 16}[mnemonic]
    codes = [EQUAL if x == 0 else (LESS if x < 0 else GREATER) for x in cut(a, bits)]
    return [code for code in codes for _ in range(bits // 8)]


def shift(pattern, amount, bits, keep_sign=False):
    """Return a pattern shifted left, or right by a negative amount, on its string of bits."""
    text = f"{pattern:0{bits}b}"
    if amount >= 0:
        return int((text + "0" * amount)[-bits:], 2)
    return int(((text[0] if keep_sign else "0") * -amount + text)[:bits], 2)


def pack(a, b, upper, spare=0):
    """Return the register that fxvpckbu or fxvpckbl makes, slice by slice, on strings of bits."""
    kept = 8 - spare
    chosen = slice(0, kept) if upper else slice(kept, 2 * kept)
    slices = [data[16 * s : 16 * s + 16] for s in range(8) for data in (a, b)]
    return bytes(int(f"{x % 2**16:016b}"[chosen], 2) for part in slices for x in cut(part, 16))


def unpack(upper, lower, right, spare=0):
    """Return the register that fxvupckbl or fxvupckbr makes, slice by slice, on strings of bits."""
    lanes = [16 * s + 8 * right + i for s in range(8) for i in range(8)]
    texts = [f"{upper[lane]:08b}"[spare:] + f"{lower[lane]:08b}"[spare:] for lane in lanes]
    return joined([int(text.ljust(16, "0"), 2) for text in texts], 16)


# ---------------------------------------------------------------------- random numbers


def random_step(state, taps):
    """Return the next state of one shift register, bit by bit: it moves right, the lost bit feeds the taps."""
    bits = [(state >> i) & 1 for i in range(16)]
    moved = [*bits[1:], 0]
    return sum((moved[i] ^ (bits[0] & (taps >> i))) % 2 << i for i in range(16))
