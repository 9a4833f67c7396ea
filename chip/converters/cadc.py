"""The columnar ADC: a membrane potential in LSB to 8 bits, rounded to the nearest (ties to even), clipped.

Each channel has a gain and an offset, 1 and 0 on an ideal chip, and may add noise to every conversion, a function of
(chip, channel, time of the conversion).
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.draws import draw
from chip.base.inner import inner
from chip.converters.arrays import GAIN, OFFSET, READ_NOISE


@inner
def convert(level_lsb):
    """Convert what the ramp is compared with, float LSB, to 0..255."""
    code = np.rint(level_lsb)
    if code <= 0.0:
        return 0
    if code >= c.CADC_MAX:
        return c.CADC_MAX
    return int(code)


@inner
def read(potential_lsb, channel, channel_key, hemisphere, lane, when):
    """Convert a potential in one channel; ``when`` is the moment of the conversion. See ``Neurons.channel``."""
    level = channel[GAIN, hemisphere, lane] * potential_lsb + channel[OFFSET, hemisphere, lane]
    if channel_key.shape[0] > 0:
        level += channel[READ_NOISE, hemisphere, lane] * draw(channel_key[hemisphere, lane] ^ when)
    return convert(level)
