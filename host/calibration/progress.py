"""The progress of measurements: a bar on a terminal, a line for every parameter elsewhere."""

from __future__ import annotations

import time

from tqdm import tqdm

from host.calibration.report import NAMES
from host.running.progress import Progress

LAYOUT = "{desc}: {percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} measurements [{elapsed}<{remaining}{postfix}]"


class MeasuringProgress(Progress):
    """The progress of a calibration: a bar on a terminal, a line for every parameter elsewhere."""

    def __init__(self, title: str, quiet: bool = False):
        super().__init__(title, quiet)
        self._began_s = time.perf_counter()
        self._name = ""

    def measuring(self, done: int, total: int, name: str) -> None:
        """Tell that so many measurements of ``total`` are done, and what is measured now."""
        if done == 0:
            return  # functions compile at their first call
        if self._terminal:
            elapsed_s = time.perf_counter() - self._began_s
            self._draw(
                tqdm.format_meter(
                    done,
                    total,
                    elapsed_s,
                    ncols=self._columns(),
                    prefix=self._title,
                    bar_format=LAYOUT,
                    postfix=NAMES.get(name, name),
                )
            )
        elif name != self._name:
            self._tell_compiled()
            self._tell(f"{done} of {total} measurements, {NAMES.get(name, name)}")
        self._name = name
