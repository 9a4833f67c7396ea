"""What units see: the task's pictures, scaled down, as events of their pixels.

A pixel of 1 has so many events, others in proportion, to the nearest whole number. All count alike: membranes forget
little from the first to the last one. They are spread over the window, those of a pixel evenly, pixels by the golden
ratio, so that synaptic currents stay far below where they saturate.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from chip.base import constants as c
from chip.fpga.samples import SampleSet
from ppu_programs.area import scaled

GOLDEN = (5**0.5 - 1) / 2
QUIET_NS = 4_000  # behind the last event, until currents are gone


def seen(inputs: np.ndarray, side: int) -> np.ndarray:
    """Return float64[n, pixels] in 0..1: squares larger than ``side`` x ``side`` scaled down, others as they are."""
    own = isqrt(inputs.shape[1])
    if own * own != inputs.shape[1] or own <= side:
        return inputs
    return scaled(inputs.reshape(-1, own, own), side)


def counts(pictures: np.ndarray, events: int) -> np.ndarray:
    """int64[n, pixels]: how many events each pixel has."""
    return np.floor(events * pictures + 0.5).astype(np.int64)


def encode(pictures: np.ndarray, labels: np.ndarray, events: int, window_ns: int) -> SampleSet:
    """Encode pictures float64[n, pixels], and one more of nothing behind them; tags are 0, nobody tells classes.

    Args:
        labels: uint16[pixels], of their events.
    """
    numbers = np.concatenate([counts(pictures, events), np.zeros((1, pictures.shape[1]), np.int64)])
    table = times_ns(pictures.shape[1], events, window_ns)
    sample, pixel = np.nonzero(numbers)
    many = numbers[sample, pixel]
    sample, pixel = np.repeat(sample, many), np.repeat(pixel, many)
    nth = np.arange(len(sample)) - np.repeat(np.cumsum(many) - many, many)
    times = table[np.repeat(many, many), pixel, nth]
    order = np.lexsort((pixel, times, sample))
    return SampleSet(
        offsets=np.concatenate([[0], np.cumsum(np.bincount(sample, minlength=len(numbers)))]),
        times_ns=times[order],
        labels=labels[pixel[order]],
        tags=np.zeros(len(numbers), np.uint16),
        duration_ns=window_ns + QUIET_NS,
    )


def times_ns(pixels: int, events: int, window_ns: int) -> np.ndarray:
    """int64[events + 1, pixels, events]: when a pixel with so many events has them; further ones are 0."""
    phase = GOLDEN * np.arange(pixels) % 1.0
    found = np.zeros((events + 1, pixels, events), np.int64)
    ticks = window_ns // c.FPGA_CLOCK_NS
    for many in range(1, events + 1):
        place = np.sort((phase[:, None] + np.arange(many) / many) % 1.0, axis=1)
        found[many, :, :many] = c.FPGA_CLOCK_NS * np.floor(ticks * place).astype(np.int64)
    return found
