"""The rule of Pong in Python's numbers, one synapse and one spike at a time, rewards in fractions."""

from __future__ import annotations

from fractions import Fraction


def weight(before: int, reading: int, baseline: int, rate: int) -> int:
    """A weight behind an update; the reading has 8 bits, the baseline is halved already."""
    correlation = max(-128, min(127, signed(baseline) - (reading >> 1)))
    product = correlation * rate
    step = int(Fraction(product, 128))  # towards 0
    if product < 0 and product % 128 == 0:
        step += 1  # the fractional product is not below it, and yet one is added
    return max(0, min(63, before + step))


def signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def factor(factors, distance: int) -> int:
    return factors[distance] if distance < len(factors) else -1


def reward(factors, position: int, counts) -> Fraction:
    """What a ball earns."""
    return Fraction(sum(factor(factors, abs(i - position)) * int(count) for i, count in enumerate(counts)), 100)


def hits(factors, position: int, counts) -> bool:
    """Whether the paddle, where the first of the most active neurons has it, is at the ball."""
    best = max(range(len(counts)), key=lambda i: (int(counts[i]), -i))
    return factor(factors, abs(best - position)) >= 0


def rate(earned: Fraction, expected: Fraction, eta: Fraction) -> int:
    """The factor of all steps, in 2^-7."""
    return max(-128, min(127, int((earned - expected) * eta * 128)))
