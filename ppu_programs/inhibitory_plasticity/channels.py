"""What drives the network: eight channels with rates of their own, to excitatory sources and to interneurons' sources.

A channel's rate is constant for ``signal_ns`` and then another one, drawn independently: a normal number, cut off at
0. Excitatory sources and those of the interneurons are independent Poisson sources of a channel's rate; from the middle
of the run on, excitatory sources of channel k follow the rate of channel k + ``change``.
"""

from __future__ import annotations

import numpy as np

from ppu_programs.inhibitory_plasticity.settings import CHANNELS, Settings
from ppu_programs.trains import Train, apart, merge, modulated


def rates(s: Settings, random: np.random.Generator) -> np.ndarray:
    """float64[steps, channels]: rates as a fraction of their mean, a step for each ``signal_ns``."""
    steps = -(-s.duration_ns // s.signal_ns)
    return np.maximum(0.0, random.normal(1.0, s.spread, (steps, CHANNELS)))


def excited_by(s: Settings, changed: bool) -> np.ndarray:
    """int64[channels]: whose rate the excitatory sources of each channel follow."""
    return (np.arange(CHANNELS) + s.change * changed) % CHANNELS


def trains(s: Settings, first_drive: int) -> Train:
    """All events: sources ``channel * sources + k`` of excitation; those of drive from ``first_drive`` on."""
    random = np.random.default_rng([s.seed, 1])
    relative = rates(s, random)
    middle = s.duration_ns // 2
    found = []
    for channel in range(CHANNELS):
        own = range(channel * s.sources, (channel + 1) * s.sources)
        for changed, (start, stop) in enumerate([(0, middle), (middle, s.duration_ns)]):
            follows = int(excited_by(s, bool(changed))[channel])
            found.append(_train(s, relative[:, follows], 1e3 * s.mean_khz, own, start, stop, random))
        driving = range(first_drive + own.start, first_drive + own.stop)
        found.append(_train(s, relative[:, channel], 1e3 * s.drive_khz, driving, 0, s.duration_ns, random))
    return apart(merge(*found))


def _train(s: Settings, relative, mean_hz: float, sources: range, start: int, stop: int, random) -> Train:
    rate_hz = mean_hz * relative
    return modulated(
        lambda times: rate_hz[times // s.signal_ns], float(rate_hz.max()), sources, stop, random, start_ns=start
    )
