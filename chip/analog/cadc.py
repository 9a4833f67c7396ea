"""The columnar ADC: a membrane potential in LSB to 8 bits, rounded to the nearest (ties to even), clipped."""

from __future__ import annotations

import numpy as np

from chip import constants as c
from chip.analog.inner import inner


@inner
def convert(potential_lsb):
    """Convert one potential, float LSB, to 0..255."""
    code = np.rint(potential_lsb)
    if code <= 0.0:
        return 0
    if code >= c.CADC_MAX:
        return c.CADC_MAX
    return int(code)


def convert_array(potential_lsb: np.ndarray) -> np.ndarray:
    """Convert float potentials in LSB of any shape to uint8."""
    return np.clip(np.rint(potential_lsb), 0, c.CADC_MAX).astype(np.uint8)
