"""Pong with the game on the processor, in Python's numbers: the field's side is 1, a reward at most 1."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

FIELD = 1 << 15  # what a length of 1 is on the processor


def reward(distance: int) -> Fraction:
    return Fraction([10, 7, 4, 1][distance], 10) if distance < 4 else Fraction(0)


def chosen(counts, first: int) -> int:
    """The most active output, of those alike the first one from ``first`` on, around the end."""
    order = [*range(first, len(counts)), *range(first)]
    return max(order, key=lambda i: (int(counts[i]), -order.index(i)))


def rate(earned: Fraction, expected: Fraction, eta: Fraction) -> int:
    """The factor of all steps, in 2^-7, towards 0."""
    return max(-128, min(127, int((earned - expected) * 128 * eta)))


def weight(before: int, reading: int, baseline: int, rate: int, random: int) -> int:
    """A weight behind an update, rounded up where a random byte, 0..255, is high enough."""
    correlation = max(-128, min(127, baseline - (reading >> 1)))
    step = (2 * correlation * rate + random) // 256
    return max(0, min(63, before + max(-128, min(127, step))))


@dataclass
class Game:
    """Where ball and paddle are, in whole numbers of 2^-15, and what became of the balls."""

    x: int
    y: int
    speed_x: int
    speed_y: int
    paddle: int
    returned: int = 0
    missed: int = 0

    def move(self, wanted: int, reach: int, half: int, direction: tuple[int, int]) -> None:
        """Go on; ``wanted`` is where the paddle is to be, ``direction`` the speed of the next ball."""
        self.paddle += max(-reach, min(reach, wanted - self.paddle))
        self.x, self.speed_x = _between_walls(self.x + self.speed_x, self.speed_x)
        self.y += self.speed_y
        if self.y >= 0:
            self.y, self.speed_y = _between_walls(self.y, self.speed_y)
        elif abs(self.x - self.paddle) <= half:
            self.y, self.speed_y, self.returned = -self.y, -self.speed_y, self.returned + 1
        else:
            self.x = self.y = FIELD // 2
            self.speed_x, self.speed_y = direction
            self.missed += 1


def _between_walls(place: int, speed: int) -> tuple[int, int]:
    if place < 0:
        return -place, -speed
    if place >= FIELD:
        return 2 * FIELD - 1 - place, -speed
    return place, speed
