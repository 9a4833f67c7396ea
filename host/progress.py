"""A progress bar for a learning chip: samples, speed, accuracy of the last epoch."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from host.host import Status

INTERVAL_S, LOG_INTERVAL_S = 0.2, 10.0  # between two drawings on a terminal, and between two lines in a log file
SPEED_OVER_S = 1.0  # the speed shown is that of the last stretch of at least so long
LAYOUT = "{desc}: {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} samples [{elapsed}<{remaining}{postfix}]"
LOADING = "{desc} [{elapsed}]"


class ProgressBar:
    """Draws a bar on stderr; use it as a context manager and call it with every :class:`host.host.Status`."""

    def __init__(self, title: str):
        self._interval_s = INTERVAL_S if sys.stderr.isatty() else LOG_INTERVAL_S
        self._title = title
        self._bar = tqdm(desc=f"{title}, loading", mininterval=self._interval_s, dynamic_ncols=True, bar_format=LOADING)
        self._drawn_s = self._mark_s = time.perf_counter()
        self._mark_samples = 0
        self._speed = ""

    def loading(self, kernel: int, kernels: int) -> None:
        """Tell that so many kernels of ``kernels`` are compiled, or read from the cache; then the chip starts."""
        what = f"compiling kernel {kernel + 1} of {kernels}"
        if kernel == kernels:
            what = "first samples (a new version compiles the analog core here)"
        self._bar.set_description_str(f"{self._title}, {what}", refresh=False)
        if time.perf_counter() >= self._drawn_s + self._interval_s:
            self._drawn_s = time.perf_counter()
            self._bar.refresh()

    def __call__(self, status: Status) -> None:
        bar = self._bar
        if bar.total is None:
            bar.bar_format = LAYOUT
            bar.set_description_str(self._title, refresh=False)
            bar.reset(total=status.samples_total)  # the clock starts with the first samples, not with loading
            self._mark(status.samples)
        parts = [self._measure(status.samples)]
        if status.accuracy is not None:
            parts.append(f"accuracy {status.accuracy:.4f} in the last epoch")
        parts.append(f"chip {status.chip_seconds:.2f} s")
        bar.set_postfix_str(", ".join(filter(None, parts)), refresh=False)
        bar.update(status.samples - bar.n)

    def _measure(self, samples: int) -> str:
        """Samples per second, and microseconds a sample, of the last second or so; all of it at first."""
        elapsed_s, count = time.perf_counter() - self._mark_s, samples - self._mark_samples
        if count and (elapsed_s >= SPEED_OVER_S or not self._speed):
            self._speed = f"{count / elapsed_s:.0f} samples/s, {1e6 * elapsed_s / count:.0f} us each"
            if elapsed_s >= SPEED_OVER_S:
                self._mark(samples)
        return self._speed

    def _mark(self, samples: int) -> None:
        self._mark_s, self._mark_samples = time.perf_counter(), samples

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
