"""What the inputs do: Poisson trains whose rates follow a slow signal, the same signal shuffled in time, or nothing.

The slow signal is a sum of sines whose amplitudes fall with a power of their frequency, as in the paper; the shuffled
one has the same values, tick by tick, in another order: it says the same about any tick, and nothing about the next.
"""

from __future__ import annotations

import numpy as np

from ppu_programs.spiking_lpl.settings import Settings
from ppu_programs.trains import Train, apart, merge, modulated, poisson

SINES = 128


def signals(s: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Two of float64[ticks + 1], slow and shuffled: rates of each tick as fractions of their mean, 0 at least."""
    random = np.random.default_rng([s.seed, 1])
    numbers = np.arange(1, SINES + 1)
    at = (np.arange(s.ticks + 1) + 0.5) * s.tick_ns / s.signal_ns
    phases = random.uniform(0, 2 * np.pi, SINES)
    slow = sum(
        amplitude * np.sin(2 * np.pi * number * at + phase)
        for number, amplitude, phase in zip(numbers, numbers**-s.exponent, phases, strict=True)
    )
    slow = np.maximum(0.0, 1.0 + s.depth * (slow - slow.mean()) / max(slow.std(), 1e-9))
    return slow, random.permutation(slow)


def trains(s: Settings) -> Train:
    """All events, silent in the first tick, when traces are read at rest: slow inputs, shuffled ones, constant ones."""
    random, mean_hz = np.random.default_rng([s.seed, 2]), 1e3 * s.mean_khz
    found, first = [], 0
    for count, signal in zip((s.slow, s.shuffled), signals(s), strict=True):
        rates_hz = mean_hz * signal
        found.append(
            modulated(
                lambda times, rates_hz=rates_hz: rates_hz[times // s.tick_ns],
                float(rates_hz.max()),
                range(first, first + count),
                s.duration_ns,
                random,
                start_ns=s.tick_ns,
            )
        )
        first += count
    found.append(poisson(mean_hz, range(first, first + s.constant), s.duration_ns, random, start_ns=s.tick_ns))
    return apart(merge(*found))
