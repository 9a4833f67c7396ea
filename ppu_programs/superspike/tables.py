"""The tables of the surrogate gradient: the PSP of an input, and that of a readout at each membrane sample."""

from __future__ import annotations

import numpy as np

from ppu_programs.superspike.settings import SURROGATE_ONE, Settings
from ppu_programs.two_layer.settings import TICK_NS
from ppu_programs.two_layer.tables import psp

STEP_TICKS = 8  # distance of two entries of the input's table, which is not interpolated
ONE = 255


def entries(settings: Settings) -> int:
    """Entries of the input's table, which covers 0 to ``duration_ticks``."""
    return settings.duration_ticks // STEP_TICKS + 1


def input_table(settings: Settings) -> np.ndarray:
    """uint8[entries]: a hidden neuron's PSP over the time from an input, in the middle of each step; 255 at most."""
    t = (np.arange(entries(settings)) + 0.5) * STEP_TICKS * TICK_NS
    return _bytes(psp(t, settings.tau_syn_ns, settings.tau_mem_ns))


def readout_table(settings: Settings) -> np.ndarray:
    """uint8[membrane_samples]: a readout's PSP, at the sample's end, of a spike at each conversion.

    255 at most, less where the surrogate exceeds ``SURROGATE_ONE``, so that their product does not.
    """
    t = settings.duration_ns - settings.latency_ns - settings.sample_ticks * float(TICK_NS)
    largest = min(1.0, SURROGATE_ONE / (settings.surrogate_slope * settings.width_lsb))
    return _bytes(psp(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns), largest)


def _bytes(values: np.ndarray, largest: float = 1.0) -> np.ndarray:
    return np.round(ONE * largest * values / values.max()).astype(np.uint8)
