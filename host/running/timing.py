"""The wall time of a run, over all processes that it took."""

from __future__ import annotations

import time
from typing import Any

from chip.chip import Chip
from host.results.reading import Load
from host.running.stopwatch import Stopwatch


class Timing:
    """Wall time since a run began, and the stopwatch of its training samples.

    Args:
        chip: loaded; load: what with.
        resumed: what :meth:`snapshot` returned at the checkpoint that the run goes on from; None where it begins.
    """

    def __init__(self, chip: Chip, load: Load, resumed: dict[str, Any] | None):
        self.stopwatch = Stopwatch(chip, load.built.timed, load.seconds, load.built.plays_per_sample)
        earlier_seconds = 0.0 if resumed is None else resumed["wall_seconds"]
        if resumed is not None:
            self.stopwatch.restore(resumed["stopwatch"], earlier_seconds)
        self._started = time.perf_counter() - earlier_seconds

    def elapsed(self) -> float:
        """Seconds of wall time that the run has taken so far, without what was lost behind a checkpoint."""
        return time.perf_counter() - self._started

    def snapshot(self) -> dict[str, Any]:
        """Return what to go on from."""
        return {"wall_seconds": self.elapsed(), "stopwatch": self.stopwatch.snapshot()}
