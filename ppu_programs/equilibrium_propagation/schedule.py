"""The phases of a sample: how strong each nudges, and what its rates count for.

With g the numbers in ``gain`` and a rate r(p) at the end of phase p, the processors learn from ``sum g(p) r(p)``, a
difference, and from the mean of the rates with the weights ``share``:

=========  ==========================  ==============================  ============================
method     amplitudes                  gain                            share
=========  ==========================  ==============================  ============================
centred    0; +1, -1                   0; +1, -1                       0; 1/2, 1/2
classic    0; +1, +1                   -1; +1/2, +1/2                  1/2; 1/4, 1/4
lock-in    0; cos(2 pi n / N)          0; c cos(2 pi n / N)            0; 1/N
=========  ==========================  ==============================  ============================

With two phases, ``mean(h) diff(y) + mean(y) diff(h)`` is the difference of the products ``h y`` exactly. In lock-in it
is their first harmonic to first order; c makes it as large as that of centred phases. Classic phases see half of the
nudge between them, so they count twice. All methods but lock-in read three times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ppu_programs.equilibrium_propagation.settings import CENTRED, CLASSIC, Settings

AMPLITUDE_ONE = 128
GAIN_ONE = 0x4000  # of a fraction of 16 bits: half of its range, since classic phases count twice
SHARE_ONE = 0x7FFF


@dataclass(frozen=True)
class Schedule:
    """Phases by their order, the free one first.

    Attributes:
        amplitudes: int64[phases], 128 for the whole nudge.
        gains, shares: int64[phases], fractions of 16 bits; see the module's text.
    """

    amplitudes: np.ndarray
    gains: np.ndarray
    shares: np.ndarray

    def __len__(self) -> int:
        return len(self.amplitudes)

    @property
    def free_counts(self) -> bool:
        """Whether anything is learned from the free phase."""
        return bool(self.gains[0] or self.shares[0])


def schedule(s: Settings) -> Schedule:
    """Return the phases of a method."""
    if s.method == CENTRED:
        return _scaled([0, 1, -1], [0, 1, -1], [0, 0.5, 0.5])
    if s.method == CLASSIC:
        return _scaled([0, 1, 1], [-2, 1, 1], [0.5, 0.25, 0.25])
    cosine = np.cos(2 * np.pi * np.arange(s.slots) / s.slots)
    of_first = cosine * 2 / (cosine**2).sum()
    return _scaled([0, *cosine], [0, *of_first], [0, *[1 / s.slots] * s.slots])


def _scaled(amplitudes, gains, shares) -> Schedule:
    wholes = [AMPLITUDE_ONE, GAIN_ONE, SHARE_ONE]
    made = [
        np.round(np.multiply(values, one)).astype(np.int64)
        for values, one in zip((amplitudes, gains, shares), wholes, strict=True)
    ]
    made[1] = np.clip(made[1], -0x8000, 0x7FFF)
    return Schedule(*made)
