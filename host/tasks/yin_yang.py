"""The Yin-Yang data set of Kriener, Göltz and Petrovici, "The Yin-Yang dataset", NICE 2022.

Points are drawn uniformly from the symbol by rejection, class by class, so that the classes are balanced on average.
A sample is (x, y, 1 - x, 1 - y). The order of the draws, and with it every sample, is that of the authors' generator;
sizes and seeds are those that they publish for training, validation and test.
"""

from __future__ import annotations

import math

import numpy as np

from chip.base.declaration import whole_number
from host.tasks.task import Split, Task

CLASSES = ("yin", "yang", "dot")
YIN, YANG, DOT = range(3)
R_BIG = 0.5  # radius of the symbol, which is centred in the unit square
R_SMALL = 0.1  # radius of the two dots
MOST_SAMPLES = 1 << 24
TRAIN, VALIDATION, TEST = (5000, 42), (1000, 41), (1000, 40)  # samples, seed


def classify(x: float, y: float) -> int:
    """Return the class of a point of the symbol: YIN, YANG or DOT."""
    to_right = _distance(x, y, 1.5 * R_BIG)
    to_left = _distance(x, y, 0.5 * R_BIG)
    if to_right < R_SMALL or to_left < R_SMALL:
        return DOT
    on_right_rim = to_right <= R_SMALL
    in_left_half = R_SMALL < to_left <= 0.5 * R_BIG
    in_upper_half = y > R_BIG and to_right > 0.5 * R_BIG
    return YANG if on_right_rim or in_left_half or in_upper_half else YIN


def class_of(x: float, y: float) -> int | None:
    """Return the class of a point of the plane, None outside of the symbol."""
    return classify(x, y) if _distance(x, y, R_BIG) <= R_BIG else None


def generate(size: int, seed: int) -> Split:
    """Draw ``size`` samples from the random stream ``seed``: inputs float64[size, 4], targets uint8[size].

    Raises:
        ValueError: a size or a seed that is none; seeds are those of numpy's RandomState, 0..2^32 - 1.
    """
    size = whole_number("", "the number of samples", size, 0, MOST_SAMPLES)
    random = np.random.RandomState(whole_number("", "the seed of samples", seed, 0, 2**32 - 1))
    inputs = np.empty((size, 4))
    targets = np.empty(size, np.uint8)
    for i in range(size):
        targets[i] = goal = random.randint(len(CLASSES))
        x, y = _draw(random, goal)
        inputs[i] = x, y, 1.0 - x, 1.0 - y
    return Split(inputs, targets)


def yin_yang() -> Task:
    """The task as published: 5000 training, 1000 validation and 1000 test samples."""
    return Task("yin-yang", CLASSES, generate(*TRAIN), generate(*VALIDATION), generate(*TEST), class_of)


def _draw(random: np.random.RandomState, goal: int) -> tuple[float, float]:
    while True:
        x, y = (random.rand(2) * 2 * R_BIG).tolist()
        if _distance(x, y, R_BIG) <= R_BIG and classify(x, y) == goal:
            return x, y


def _distance(x: float, y: float, centre_x: float) -> float:
    """Distance to a point on the symbol's horizontal axis."""
    return math.sqrt((x - centre_x) ** 2 + (y - R_BIG) ** 2)
