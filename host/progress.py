"""The progress of a learning chip on stderr: samples, speed, accuracy of the last epoch.

A terminal gets one line that is drawn again and again; a file or a pipe gets about a dozen lines a run.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from host.host import Status

INTERVAL_S = 0.2  # between two drawings on a terminal
LINES = 10  # of a run in a file, evenly over its samples
SPEED_OVER_S = 1.0  # the speed shown is that of the last stretch of at least so long
DEFAULT_WIDTH = 80  # of a terminal that does not tell
LAYOUT = "{desc}: {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} samples [{elapsed}<{remaining}{postfix}]"
COMPILING = "compiling, about half a minute on first use"


class Progress:
    """Use it as a context manager; call :meth:`loading`, then itself with every :class:`host.host.Status`.

    A stderr that cannot be written to stops nothing; ``quiet`` writes nothing.
    """

    def __init__(self, title: str, quiet: bool = False):
        self._title = title
        self._out = None if quiet else sys.stderr
        self._terminal = self._out is not None and self._out.isatty()
        self._drawn_s = float("-inf")
        self._drawn_width = 0
        self._said_compiling = False
        self._first: tuple[int, float] | None = None  # samples and time of the first status that was worth a bar
        self._latest: Status | None = None  # not drawn yet
        self._tenth = -1
        self._mark(0)
        self._speed = ""

    def loading(self, kernel: int, kernels: int) -> None:
        """Tell that so many kernels of ``kernels`` are compiled, or read from the cache; then the chip starts."""
        what = f"kernel {kernel + 1} of {kernels}" if kernel < kernels else "first samples"
        if self._terminal:
            self._draw(f"{self._title}: {COMPILING}: {what}")
        elif not self._said_compiling:
            self._write(f"{self._title}: {COMPILING}\n")
        self._said_compiling = True

    def __call__(self, status: Status) -> None:
        if not status.warm:
            return  # some functions compile at their first call, while samples stand still: no bar that looks stuck
        if self._first is None:
            self._first = status.samples, time.perf_counter()
            self._mark(status.samples)
        self._measure(status.samples)
        self._latest = status
        tenth = LINES * status.samples // max(1, status.samples_total)
        if self._terminal:
            due = time.perf_counter() >= self._drawn_s + INTERVAL_S
        else:
            due, self._tenth = tenth > self._tenth, tenth
        if due:
            self._draw_latest()

    def _draw_latest(self) -> None:
        status, self._latest = self._latest, None
        if status is None or self._first is None:
            return
        parts = [self._speed] if self._speed else []
        if status.accuracy is not None:
            parts.append(f"accuracy {status.accuracy:.4f} in the last epoch")
        parts.append(f"chip {status.chip_seconds:.2f} s")
        if not self._terminal:
            done = status.samples / max(1, status.samples_total)
            counts = f"{status.samples} of {status.samples_total} samples ({done:.0%})"
            self._write(f"{self._title}: {', '.join([counts, *parts])}\n")
            return
        first, began_s = self._first
        bar = tqdm.format_meter(
            status.samples,
            status.samples_total,
            time.perf_counter() - began_s,
            ncols=self._columns(),
            prefix=self._title,
            bar_format=LAYOUT,
            postfix=", ".join(parts),
            initial=first,
        )
        self._draw(bar)

    def _draw(self, line: str) -> None:
        """Replace the terminal's line; never more than fits, since a wrapped line cannot be replaced."""
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

    def _measure(self, samples: int) -> None:
        """Samples per second, and microseconds a sample, of the last second or so; all of it at first."""
        elapsed_s, count = time.perf_counter() - self._mark_s, samples - self._mark_samples
        if count and elapsed_s > 0 and (elapsed_s >= SPEED_OVER_S or not self._speed):
            self._speed = f"{count / elapsed_s:.0f} samples/s, {1e6 * elapsed_s / count:.0f} us each"
            if elapsed_s >= SPEED_OVER_S:
                self._mark(samples)

    def _mark(self, samples: int) -> None:
        self._mark_s, self._mark_samples = time.perf_counter(), samples

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._draw_latest()
        if self._terminal and self._drawn_width:
            self._write("\n")
