"""The progress of a running chip on stderr: samples or what else is counted, speed, time that is left, a metric.

A terminal gets one line that is drawn again and again; a file or a pipe gets about a dozen lines a run. While functions
compile it says so; where all of them come from the cache it does not.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from tqdm import tqdm

from host.results.metrics import shown
from host.running.compiling import Compiling

if TYPE_CHECKING:
    from host.host import Moment
    from ppu_programs.contract import Status

INTERVAL_S = 0.2  # between two drawings on a terminal
COMPILING_INTERVAL_S = 1.0  # between two of a function that compiles
COMPILING_LINE_S = 15.0  # between two lines of a file while functions compile
LINES = 10  # of a run in a file, evenly over what is counted
SPEED_OVER_S = 5.0  # the speed shown is that of the last stretch of about so long
CHIP_TIME = "ms of chip time"  # what a firmware that says nothing else is counted by
MOST_US = 10_000  # that are not shown as ms
SLOWEST_WHOLE = 10.0  # a second; below it a rate has digits behind the point
DEFAULT_WIDTH = 80  # of a terminal that does not tell
LAYOUT = "{desc}: {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} {unit} [{elapsed}{postfix}]"


class Progress:
    """Use it as a context manager; call :meth:`loading`, then itself with every :class:`host.host.Moment`.

    A stderr that cannot be written to stops nothing; ``quiet`` writes nothing.
    """

    def __init__(self, title: str, quiet: bool = False):
        self._title = title
        self._out = None if quiet else sys.stderr
        self._terminal = self._out is not None and self._out.isatty()
        self._drawing = threading.Lock()  # a function that compiles is told of by another thread
        self._drawn_s = float("-inf")
        self._drawn_width = 0
        interval_s = COMPILING_INTERVAL_S if self._terminal else COMPILING_LINE_S
        self._compiling = Compiling(self._tell, interval_s, redrawn=self._terminal)
        self._context = contextlib.ExitStack()
        self._first: tuple[int, float] | None = None  # count and time of the first moment that was worth a bar
        self._latest: Moment | None = None  # not drawn yet
        self._tenth = -1
        self._told = ""  # the last line of a file
        self._laps: deque[tuple[float, int]] = deque()  # times and counts of the last stretch

    def loading(self, kernel: int, kernels: int) -> None:
        """Tell that so many of ``kernels``, programs behind them counted, are compiled, or read from the cache.

        Then the chip starts.
        """
        self._compiling.kernel(kernel, kernels)

    def __call__(self, moment: Moment) -> None:
        if not moment.warm:
            return  # some functions compile at their first call, while samples stand still: no bar that looks stuck
        now_s, done = time.perf_counter() - self._compiling.total_s, moment.status.done
        if self._first is None:
            self._first = done, now_s
        self._lap(now_s, done)
        self._latest = moment
        total = moment.status.total
        tenth = 0 if total is None else LINES * done // max(1, total)
        if self._terminal:
            due = time.perf_counter() >= self._drawn_s + INTERVAL_S
        else:
            due, self._tenth = tenth > self._tenth, tenth
        if due:
            self._draw_latest()

    def _draw_latest(self) -> None:
        moment, self._latest = self._latest, None
        if moment is None or self._first is None:
            return
        status = moment.status
        parts = []
        if status.unit != CHIP_TIME:
            parts += self._speed(0 if status.total is None else status.total - status.done, status.unit)
        parts += [shown(name, value) for name, value in status.metrics.items() if value is not None][:1]
        parts += [f"chip {moment.chip_seconds:.2f} s"] * (status.unit != CHIP_TIME)
        if not self._terminal or status.total is None:
            self._tell_compiled()
            line = ", ".join([*_counted(status), *parts])
            if line != self._told or self._terminal:
                self._tell(line)
            self._told = line
            return
        first, began_s = self._first
        bar = tqdm.format_meter(
            status.done,
            status.total,
            time.perf_counter() - self._compiling.total_s - began_s,
            ncols=self._columns(),
            prefix=self._title,
            bar_format=LAYOUT,
            postfix=", ".join(parts),
            unit=status.unit,
            initial=first,
        )
        self._draw(bar)

    def _tell(self, sentence: str) -> None:
        """Say something of what is done under this title."""
        if self._terminal:
            self._draw(f"{self._title}: {sentence}")
        else:
            self._write(f"{self._title}: {sentence}\n")

    def _tell_compiled(self) -> None:
        if not self._terminal and (summary := self._compiling.summary()):
            self._tell(summary)

    def _draw(self, line: str) -> None:
        """Replace the terminal's line; never more than fits, since a wrapped line cannot be replaced."""
        with self._drawing:
            self._drawn_s = time.perf_counter()
            line = line[: self._columns() - 1]
            self._write("\r" + line.ljust(self._drawn_width))
            self._drawn_width = len(line)

    def _columns(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(self._out.fileno()).columns or DEFAULT_WIDTH
        return DEFAULT_WIDTH

    def _write(self, text: str) -> None:
        if self._out is None:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._out = None

    def _lap(self, now_s: float, done: int) -> None:
        """Note how far it is; forget what is older than the stretch, but for the last one before it."""
        self._laps.append((now_s, done))
        while len(self._laps) > 2 and self._laps[1][0] <= now_s - SPEED_OVER_S:
            self._laps.popleft()

    def _speed(self, left: int, unit: str = "samples") -> list[str]:
        """How many per second and microseconds for each in the last stretch, and how long ``left`` more will take."""
        (begun_s, first), (now_s, last) = self._laps[0], self._laps[-1]
        elapsed_s, count = now_s - begun_s, last - first
        if not count or elapsed_s <= 0:
            return []
        speed = f"{_readable(count / elapsed_s)} {unit}/s, {_each(elapsed_s / count)}"
        return [speed, f"{duration(left * elapsed_s / count)} left"] if left > 0 else [speed]

    def __enter__(self) -> Progress:
        if self._out is not None:
            self._context.enter_context(self._compiling.told())
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()
        self._draw_latest()
        self._tell_compiled()
        if self._terminal and self._drawn_width:
            self._write("\n")


def _counted(status: Status) -> list[str]:
    if status.total is None:
        return [f"{status.done} {status.unit}"] if status.done else []
    return [f"{status.done} of {status.total} {status.unit} ({status.done / max(1, status.total):.0%})"]


def _readable(rate: float) -> str:
    return f"{rate:.0f}" if rate >= SLOWEST_WHOLE else f"{rate:.2g}"


def _each(seconds: float) -> str:
    """What one takes: ``220 us each``, ``35 ms each``."""
    if seconds <= MOST_US * 1e-6:
        return f"{1e6 * seconds:.0f} us each"
    return f"{1e3 * seconds:.0f} ms each" if seconds < 1 else f"{seconds:.1f} s each"


def duration(seconds: float) -> str:
    """Return seconds in words: ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
