"""A progress bar for a learning chip: samples, speed, accuracy of the last epoch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from host.host import Status

INTERVAL_S, LOG_INTERVAL_S = 0.2, 10.0  # between two drawings on a terminal, and between two lines in a log file


class ProgressBar:
    """Draws a bar on stderr; use it as a context manager and call it with every :class:`host.host.Status`."""

    def __init__(self, title: str):
        interval_s = INTERVAL_S if sys.stderr.isatty() else LOG_INTERVAL_S
        self._bar = tqdm(desc=f"{title}, loading", unit=" samples", mininterval=interval_s, dynamic_ncols=True)
        self._title = title

    def __call__(self, status: Status) -> None:
        bar = self._bar
        if bar.total is None:
            bar.set_description(self._title, refresh=False)
            bar.reset(total=status.samples_total)  # the clock starts with the first sample, not with loading
        if status.accuracy is not None:
            bar.set_postfix_str(f"accuracy {status.accuracy:.4f}, chip {status.chip_seconds:.2f} s", refresh=False)
        bar.update(status.samples - bar.n)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
