"""The events of a ball: regular trains on its row and on rows beside it, and those of the noise.

A ball lasts 588 us: 140 events of its row, a share of them on each neighbour, and 168 of the noise, all regular and
from its beginning on. A player plays a ball as two samples of half its length, since samples are shorter than a ball;
all trains but the one with the share of 0.1 have whole periods in a half, and that one of the text has 7 events there.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.fpga.playback import PlaybackProgram
from chip.fpga.samples import SampleSet
from ppu_programs.pong.settings import EVENT_NS, INPUT_NS, NOISE_NS, Settings
from ppu_programs.trains import Train, apart, merge, regular

HALF_NS = INPUT_NS // 2
HALVES = 2


def ball(s: Settings, position: int, duration_ns: int) -> Train:
    """The events of a ball, from 0 on; source i is input i, the noise is behind the last input."""
    trains = []
    for distance, share in enumerate(s.form.shares):
        rows = sorted({position - distance, position + distance} & set(range(s.positions)))
        trains.append(regular(1e9 * share / EVENT_NS, rows, duration_ns))
    trains.append(regular(1e9 / NOISE_NS, [s.positions], duration_ns))
    return apart(merge(*trains))


def samples(s: Settings, labels: np.ndarray) -> SampleSet:
    """The first half of every ball, which its second half repeats."""
    balls = [ball(s, position, HALF_NS) for position in range(s.positions)]
    return SampleSet(
        np.cumsum([0, *map(len, balls)]),
        np.concatenate([each.times_ns for each in balls]),
        labels[np.concatenate([each.sources for each in balls])].astype(np.uint16),
        np.arange(s.positions, dtype=np.uint16),
        HALF_NS + c.FPGA_CLOCK_NS,  # the last event may be one late
    )


def playback(s: Settings, labels: np.ndarray, start_ns: int) -> PlaybackProgram:
    """All balls of a run, the first one at ``start_ns``.

    Raises:
        ChipLimitError: more than the FPGA plays in one run.
    """
    balls = [ball(s, position, INPUT_NS) for position in range(s.positions)]
    begins = start_ns + s.position_ns * np.arange(s.positions)
    times = np.concatenate([each.times_ns + begin for each, begin in zip(balls, begins, strict=True)])
    sources = np.concatenate([each.sources for each in balls])
    epochs = s.positions * s.position_ns * np.arange(s.epochs)
    return PlaybackProgram((epochs[:, None] + times).reshape(-1), np.tile(labels[sources], s.epochs))
