"""Rate homeostasis of 512 neurons by the sign rule: the vendor's demo ``ts_11``, on the chip.

:mod:`ppu_programs.sign_homeostasis` is the firmware: both processors change weights while the host plays a Poisson
source of 120 kHz. Nothing was chosen by this recording; what a weight does is from another one, ``ts_06``.
"""

from __future__ import annotations

import numpy as np

from chip.base.config import ChipConfig
from chip.chip import Chip
from host.calibration.progress import MeasuringProgress
from host.experiments.outcome import Outcome
from host.experiments.parity import outcome_of
from host.experiments.published import Evidence, Point, Row, Use, between
from host.host import Host
from ppu_programs.sign_homeostasis import LAST, SignHomeostasis

NAME = "homeostasis"
UPDATES = 100  # of 10 ms
_STRONGER = "a weight acts as in the recording ts_06, and less than what this recording asks for"
_DEMO = ("demo ts_11", Use.HELD_OUT, Evidence.FIGURE)
TO_TARGET = between("time until rates are near the target", 150, 350, "ms", *_DEMO)
WEIGHT = between("final weight, mean", 20, 26, "LSB", *_DEMO, reason=_STRONGER)
LEAST = Point("final weight, least", 10.0, "LSB", *_DEMO, reason=f"{_STRONGER}; the weakest of 512 neurons decides")
GREATEST = Point("final weight, greatest", 36.0, "LSB", *_DEMO, reason=_STRONGER)


def run(config: ChipConfig, quiet: bool = True, updates: int = UPDATES) -> Outcome:
    """Let a chip find its rates in so many updates; the rows are of the last weights, the mean is one of ten updates.

    Arrays: those of the firmware, by update, hemisphere and column, and ``times_ms`` of updates.
    """
    with MeasuringProgress(f"{NAME}, chip {config.profile}", quiet) as progress:
        progress.measuring(0, 1, f"{updates} updates")
        host = Host(Chip(config))
        firmware = SignHomeostasis(updates=updates, seed=config.seed)
        host.load(firmware)
        result = host.run()
    arrays = {name: values for name, values in result.arrays.items() if name != "weights"}
    arrays["times_ms"] = firmware.settings.period_ns * 1e-6 * np.arange(1, updates + 1)
    ratio = result.wall_seconds / result.chip_seconds
    note = f"{result.chip_seconds:.2f} s of chip time, {ratio:.1f} of wall time for each"
    rows = rows_of(arrays["synapse_weights"], result.metrics["target_ms"])
    return outcome_of(NAME, "homeostasis by the sign rule", config, rows, arrays, [note], {"metrics": result.metrics})


def rows_of(weights: np.ndarray, target_ms: float | None) -> list[Row]:
    """The rows, of weights [update, hemisphere, column]."""
    last = weights[-1]
    return [
        TO_TARGET.found(np.nan if target_ms is None else target_ms),
        WEIGHT.found(weights[-LAST:].mean()),
        LEAST.found(last.min()),
        GREATEST.found(last.max()),
    ]
