"""Playback programs: stimuli that today's FPGA plays at times of their own, without a request of a processor.

A program is a straight line of instructions of 8 bytes: one that waits for a time, and words that send up to three
labels at once (hxcomm ``event_constants``), each executed at an exact edge of the FPGA's clock. A word leaves at every
edge, so of more than three events at one time the others leave at the next edges, 8 ns later each, and what comes
behind them waits for them. That a wait takes no edge of its own is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption, Direction
from chip.base.errors import ChipLimitError, Resource
from chip.base.whole import whole_numbers

INSTRUCTION_BYTES = 8
ROOM = 32 * 1024 * 1024 // INSTRUCTION_BYTES  # instructions (fisch constants.h: 32 MiB)
LABELS_PER_WORD = 3  # hxcomm event_constants, max_num_packed
TIMER_NS = c.FPGA_CLOCK_NS << 32  # where the executor's timer ends, 34 s: 32 bits at 125 MHz

ASSUMPTIONS = (
    Assumption(
        "a playback program sends a word of up to three labels at each edge of the FPGA's clock, and its waits take "
        "none; time zero is that of the start, and its events reach the crossbar at their times",
        direction=Direction.BETTER,
    ),
)


@dataclass(frozen=True, eq=False)
class PlaybackProgram:
    """Events that the FPGA plays by itself in one run, at times since the run's start.

    Args:
        times_ns: int[events], multiples of the 8 ns FPGA clock, that do not decrease, below 34 s.
        labels: int[events], 16 bits, as they enter the crossbar (SPL1 address in bits 14-15).

    Any integers will do; the program keeps copies, which cannot be written.

    Attributes:
        times_ns, labels: as int64 and uint16.
        sent_ns: int64[events], when each event leaves: its time, or up to three at an edge behind those before it.
        instructions: words and waits: a wait for each time, a word for every three of its events.

    Raises:
        ValueError: arrays of another kind or length, times that decrease, are off the clock, or negative, labels of
            more than 16 bits.
        ChipLimitError: more than 4 194 304 instructions, or times beyond the executor's timer.
    """

    times_ns: np.ndarray
    labels: np.ndarray
    sent_ns: np.ndarray = field(init=False)
    instructions: int = field(init=False)

    def __post_init__(self):
        times = whole_numbers("times_ns of a playback program", self.times_ns, c.END_NS)
        labels = whole_numbers("labels of a playback program", self.labels, 0xFFFF).astype(np.uint16)
        if times.size != labels.size:
            raise ValueError(
                f"a playback program has {times.size} times and {labels.size} labels; give a label for each time"
            )
        if (times % c.FPGA_CLOCK_NS).any():
            wrong = int(times[np.flatnonzero(times % c.FPGA_CLOCK_NS)[0]])
            raise ValueError(
                f"an event of a playback program is at {wrong} ns, off the FPGA's clock of {c.FPGA_CLOCK_NS} ns; round "
                "times to its edges"
            )
        if times.size and (falls := np.flatnonzero(np.diff(times) < 0)).size:
            first = int(falls[0])
            raise ValueError(
                f"the times of a playback program fall from {times[first]} ns to {times[first + 1]} ns at event "
                f"{first + 1}; sort the events by time"
            )
        places = _place_among_equals(times)
        sent_ns, words = _sent(times, places)
        _set(self, times_ns=times, labels=labels, sent_ns=sent_ns, instructions=words + int((places == 0).sum()))
        self._check_room()

    def _check_room(self) -> None:
        if self.instructions > ROOM:
            raise ChipLimitError(
                *(Resource.PLAYBACK, "playback buffer of the FPGA", self.instructions, ROOM, "instructions"),
                "play fewer events, or more of them at one time, or in several runs",
            )
        if len(self) and self.sent_ns[-1] >= TIMER_NS:
            raise ChipLimitError(
                *(Resource.PLAYBACK, "timer of the FPGA's executor", int(self.sent_ns[-1]), TIMER_NS - 1, "ns"),
                "end the stimuli earlier, or play them in several runs",
            )

    def __len__(self) -> int:
        return len(self.times_ns)

    @property
    def nbytes(self) -> int:
        """What crosses the link for it."""
        return INSTRUCTION_BYTES * self.instructions

    @property
    def late(self) -> int:
        """How many events leave behind their times, because more than three are to leave at once."""
        return int((self.sent_ns > self.times_ns).sum())

    @property
    def latest_ns(self) -> int:
        """By how much the latest of them is late."""
        return int((self.sent_ns - self.times_ns).max(initial=0))


def _place_among_equals(times: np.ndarray) -> np.ndarray:
    """int64[n]: how many events before this one are at the same time."""
    numbers = np.arange(times.size)
    first = np.ones(times.size, bool)
    first[1:] = times[1:] != times[:-1]
    return numbers - np.maximum.accumulate(np.where(first, numbers, 0))


def _sent(times: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, int]:
    """Return when each event leaves, int64[n], and how many words there are.

    Word k leaves at the later of its time t(k) and 8 ns behind word k - 1: 8 k plus the maximum of t(j) - 8 j up to k.
    """
    begins = places % LABELS_PER_WORD == 0
    edges = c.FPGA_CLOCK_NS * np.arange(int(begins.sum()))
    leaves = edges + np.maximum.accumulate(times[begins] - edges) if edges.size else edges
    return leaves[np.cumsum(begins) - 1], int(edges.size)


def _set(program: PlaybackProgram, **values) -> None:
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        object.__setattr__(program, name, value)
