"""The phases of a sample: how strong each nudges, and what its rates count for.

With g the numbers in ``gain`` and r(p) a rate at the end of phase p, the processors learn from ``sum g(p) r(p)``, a
difference d, and from an average a, with the weights ``share``: what they take for the derivative of a product of rates
by the nudge is ``a(h) d(y) + a(y) d(h)``.

=========  ===================  ===============================================  ==================
method     amplitudes           gain                                             share
=========  ===================  ===============================================  ==================
centred    0; +1, -1            0; +1, -1                                        0; 1/2, 1/2
classic    0; +1, +1            -2; +1, +1                                       1/2; 1/4, 1/4
lock-in    0; cos t             0; 4 / N cos t                                   0; 1 / N
chebyshev  0; cos t             0; 2 / N (cos t - 3 cos 3 t + 5 cos 5 t)         1; 0
=========  ===================  ===============================================  ==================

with t = 2 pi n / N in slot n of N. With two phases it is the difference of the products exactly. Lock-in takes their
first harmonic, to first order in the nudge. A function of ``beta cos t`` has as its harmonics the coefficients of its
Chebyshev polynomials, whose derivatives at 0 are 1, 0, -3, 0, 5: so with the third and the fifth harmonic it is the
derivative at no nudge at all, up to terms of seventh order, which is what holomorphic equilibrium propagation takes
from complex nudges. Its gains are large, so they are halved, and what it learns from is noisier.

``centred`` and ``classic`` read three times, and steps are as large in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ppu_programs.equilibrium_propagation.settings import CENTRED, CLASSIC, LOCK_IN, Settings

AMPLITUDE_ONE = 128
GAIN_ONE = 0x4000  # of a fraction of 16 bits: half of its range, since the free phase of classic counts twice
SHARE_ONE = 0x7FFF


@dataclass(frozen=True)
class Schedule:
    """Phases by their order, the free one first.

    Attributes:
        amplitudes: int64[phases], 128 for the whole nudge.
        gains, shares: int64[phases], fractions of 16 bits, 0x4000 and 0x7FFF for 1.
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
    angles = 2 * np.pi * np.arange(s.slots) / s.slots
    cosine, nothing = np.cos(angles), np.zeros(s.slots)
    if s.method == LOCK_IN:
        return _scaled([0, *cosine], [0, *4 / s.slots * cosine], [0, *nothing + 1 / s.slots])
    derivative = 2 / s.slots * (cosine - 3 * np.cos(3 * angles) + 5 * np.cos(5 * angles))
    return _scaled([0, *cosine], [0, *derivative], [1, *nothing])


def _scaled(amplitudes: list[float], gains: list[float], shares: list[float]) -> Schedule:
    given = ((amplitudes, AMPLITUDE_ONE), (gains, GAIN_ONE), (shares, SHARE_ONE))
    return Schedule(*(np.round(np.multiply(values, one)).astype(np.int64) for values, one in given))
