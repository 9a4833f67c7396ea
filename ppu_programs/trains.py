"""Spike trains for stimuli: regular, Poisson, with a rate that changes, or given; for a playback program or samples.

::

    random = np.random.default_rng(7)
    background = poisson(5_000.0, sources=64, stop_ns=10_000_000, seed=random)
    bursts = modulated(lambda t: 40e3 * (t % 1_000_000 < 50_000), 40e3, range(64, 72), 10_000_000, seed=random)
    chip.link.write_playback(merge(background, bursts).program(placement.input_labels))

All times lie on the FPGA's clock of 8 ns, in ``start_ns <= t < stop_ns``; events of one time are in the order of their
sources where one function has made them. The same seed, an int or a numpy Generator in the same state, gives the same
bytes.

A Poisson train is one on this grid: at each of its points each source has an event with the probability rate x 8 ns,
whatever it did before. So a source has no two events at a time, and its mean rate is exactly the one that was asked
for. A rate that changes thins a train of the highest rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from chip.base import constants as c
from chip.base.declaration import shown, whole_number
from chip.base.whole import whole_numbers
from chip.fpga.playback import PlaybackProgram

TICK_NS = c.FPGA_CLOCK_NS
LOWEST_HZ, HIGHEST_HZ = 1e-3, 1e9 / TICK_NS  # of a source that is not silent: an event at each edge at most
MOST_SOURCES = 1 << 16  # as many as there are labels

Seed = int | np.random.Generator
Sources = int | Sequence[int] | np.ndarray


@dataclass(frozen=True, eq=False)
class Train:
    """Events of numbered sources, in the order of time.

    Attributes:
        times_ns: int64[events], multiples of 8 ns, that do not decrease.
        sources: int64[events], the number of each event's source.

    Raises:
        ValueError: arrays that are none, or of different lengths; times off the clock, negative or decreasing.
    """

    times_ns: np.ndarray
    sources: np.ndarray

    def __post_init__(self):
        times, sources = _pairs(self.times_ns, self.sources)
        if (times % TICK_NS).any():
            raise ValueError(f"the times of a train are off the FPGA's clock of {TICK_NS} ns; round them to its edges")
        if (np.diff(times) < 0).any():
            raise ValueError("the times of a train decrease; given() sorts events")
        object.__setattr__(self, "times_ns", times)
        object.__setattr__(self, "sources", sources)

    def __len__(self) -> int:
        return len(self.times_ns)

    def program(self, labels: np.ndarray) -> PlaybackProgram:
        """Return it for the FPGA; ``labels`` is int[sources], the label of each source by its number.

        Raises:
            ValueError: a source has no label, or as :class:`chip.fpga.playback.PlaybackProgram`.
        """
        labels = whole_numbers("the labels of a train's sources", labels, MOST_SOURCES - 1)
        if len(self) and self.sources.max() >= labels.size:
            raise ValueError(f"source {self.sources.max()} of a train has no label; there are {labels.size} labels")
        return PlaybackProgram(self.times_ns, labels[self.sources])


def regular(
    rate_hz: float | np.ndarray, sources: Sources, stop_ns: int, start_ns: int = 0, first_ns: int | np.ndarray = 0
) -> Train:
    """Return events at a period, 1 / rate, to the nearest edge of the clock, so that the mean rate is exact.

    Args:
        rate_hz: of each source, or one for all; 0 is silence.
        first_ns: of each source, or one for all: its first event, after ``start_ns``.

    Raises:
        ValueError: a rate, a number or a time out of range.
    """
    numbers = _sources(sources)
    rates = _rates(rate_hz, numbers.size)
    begin, end = _span(start_ns, stop_ns)
    first = np.broadcast_to(whole_numbers("first_ns of a train", np.atleast_1d(first_ns), c.END_NS), numbers.shape)
    counts = np.where(rates > 0, np.ceil((end - begin - first + TICK_NS) * rates * 1e-9), 0).clip(0).astype(np.int64)
    row = np.repeat(np.arange(numbers.size), counts)
    nth = np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
    after_ns = first[row] + nth * (1e9 / rates[row])
    times = begin + TICK_NS * np.rint(after_ns / TICK_NS).astype(np.int64)
    kept = times < end
    return _in_order(times[kept], numbers[row[kept]])


def poisson(rate_hz: float | np.ndarray, sources: Sources, stop_ns: int, seed: Seed, start_ns: int = 0) -> Train:
    """Return events of independent Poisson sources, of one rate for all or one for each; 0 is silence.

    Raises:
        ValueError: a rate, a number, a seed or a time out of range.
    """
    numbers, random = _sources(sources), _random(seed)
    rates = _rates(rate_hz, numbers.size)
    highest = float(rates.max(initial=0.0))
    times, row = _candidates(random, highest, numbers.size, *_span(start_ns, stop_ns))
    if (rates < highest).any():
        kept = random.random(times.size) * highest < rates[row]
        times, row = times[kept], row[kept]
    return Train(times, numbers[row])


def modulated(
    rate_of: Callable[[np.ndarray], np.ndarray],
    highest_hz: float,
    sources: Sources,
    stop_ns: int,
    seed: Seed,
    start_ns: int = 0,
) -> Train:
    """Return events of independent sources whose rate changes with time, by thinning.

    Args:
        rate_of: the rate in Hz, one number or float[n], at int64[n] times in ns.
        highest_hz: which it never exceeds; the closer to its maximum, the quicker.

    Raises:
        ValueError: a rate below 0 or beyond ``highest_hz``, or another shape of them; or as :func:`poisson`.
    """
    numbers, random = _sources(sources), _random(seed)
    highest = float(_rates(highest_hz, 1, "highest_hz")[0])
    times, row = _candidates(random, highest, numbers.size, *_span(start_ns, stop_ns))
    rates = np.asarray(rate_of(times))
    if rates.dtype.kind not in "iuf" or rates.shape not in ((), times.shape):
        raise ValueError(
            f"rate_of returned {rates.dtype}{list(rates.shape)} for {times.size} times; return a rate for each, numbers"
        )
    if not ((rates >= 0) & (rates <= highest)).all():  # written so that NaN is refused, too
        raise ValueError(
            f"rate_of returned rates in {rates.min()}..{rates.max()} Hz; they must lie in 0..{highest} Hz, highest_hz"
        )
    kept = random.random(times.size) * highest < rates
    return Train(times[kept], numbers[row[kept]])


def given(times_ns: np.ndarray, sources: np.ndarray) -> Train:
    """Return the events of arrays, int[n] times, multiples of 8 ns, and int[n] sources in any order, by time.

    Raises:
        ValueError: as :class:`Train`.
    """
    return _in_order(*_pairs(times_ns, sources))


def merge(*trains: Train) -> Train:
    """Return all events of trains in one; those of one time in the order of the trains."""
    if not trains:
        return Train(np.zeros(0, np.int64), np.zeros(0, np.int64))
    times = np.concatenate([train.times_ns for train in trains])
    order = np.argsort(times, kind="stable")
    return Train(times[order], np.concatenate([train.sources for train in trains])[order])


def _candidates(
    random: np.random.Generator, rate_hz: float, sources: int, start_ns: int, stop_ns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return int64[n] times and int64[n] places of sources, of events of a rate common to all.

    Points of the grid and sources are numbered through; from event to event there are geometrically many numbers.
    """
    cells, probability = (stop_ns - start_ns) // TICK_NS * sources, rate_hz / HIGHEST_HZ
    found, last = [np.zeros(0, np.int64)], -1
    while probability > 0 and last < cells:
        expected = (cells - last) * probability
        steps = random.geometric(probability, int(expected + 4 * sqrt(expected)) + 16)
        found.append(last + np.cumsum(steps))
        last = int(found[-1][-1])
    numbers = np.concatenate(found)
    ticks, places = np.divmod(numbers[numbers < cells], max(sources, 1))
    return start_ns + TICK_NS * ticks, places


def _in_order(times: np.ndarray, sources: np.ndarray) -> Train:
    order = np.lexsort((sources, times))
    return Train(times[order], sources[order])


def _pairs(times_ns: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int64[n] times and int64[n] sources; refuse others."""
    times = whole_numbers("times_ns of a train", times_ns, c.END_NS)
    numbers = whole_numbers("sources of a train", sources, MOST_SOURCES - 1)
    if times.size != numbers.size:
        raise ValueError(f"a train has {times.size} times and {numbers.size} sources; give a source for each time")
    return times, numbers


def _sources(sources: Sources) -> np.ndarray:
    """int64[n]: the numbers of sources, or 0..n-1 of a count."""
    if isinstance(sources, int | np.integer):
        return np.arange(whole_number("", "the number of sources", sources, 0, MOST_SOURCES))
    return whole_numbers("sources of a train", sources, MOST_SOURCES - 1)


def _rates(rate_hz: float | np.ndarray, count: int, name: str = "rate_hz") -> np.ndarray:
    """float64[count]: the rate of each source."""
    rates = np.asarray(rate_hz)
    if rates.dtype.kind not in "iuf" or rates.shape not in ((), (count,)):
        raise ValueError(f"{name} is {shown(rate_hz)}; give one rate, or an array of {count}, one for each source")
    rates = np.broadcast_to(rates.astype(float), (count,))
    if not ((rates == 0) | ((rates >= LOWEST_HZ) & (rates <= HIGHEST_HZ))).all():
        raise ValueError(
            f"rates lie in {rates.min()}..{rates.max()} Hz; a rate is 0, or in {LOWEST_HZ}..{HIGHEST_HZ:.0f} Hz, an "
            "event at each edge of the FPGA's clock"
        )
    return rates


def _span(start_ns: int, stop_ns: int) -> tuple[int, int]:
    """Return the first edge of the clock at or behind a start, and that behind a stop."""
    start = whole_number("", "start_ns", start_ns, 0, c.END_NS)
    stop = whole_number("", "stop_ns", stop_ns, start, c.END_NS)
    return -(-start // TICK_NS) * TICK_NS, -(-stop // TICK_NS) * TICK_NS


def _random(seed: Seed) -> np.random.Generator:
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(whole_number("", "the seed of a train", seed, 0, 2**63 - 1))
