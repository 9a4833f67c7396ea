"""What the peers are trained on: the samples of the chip, as event times and as events on a coarse time grid."""

from __future__ import annotations

import numpy as np

from host import tasks
from ppu_programs.eventprop.settings import Settings

STEPS, STEP_US = 40, 1.0  # the grid of the peers that go step by step; the chip's grid is 4 ns
NETWORK = Settings()  # sizes, encoding and time constants are those of the network on the chip


def decay_per_step(time_constant_ns: float) -> float:
    """What is left of an exponential after one step of the grid."""
    return float(np.exp(-STEP_US * 1e3 / time_constant_ns))


def event_times_ns(inputs: np.ndarray) -> np.ndarray:
    """Encode inputs float64[n, 4] in 0..1 as the firmware does: float64[n, 5], the bias event last."""
    span_ns = NETWORK.last_input_ns - NETWORK.first_input_ns
    return np.column_stack([NETWORK.first_input_ns + inputs * span_ns, np.full(len(inputs), float(NETWORK.bias_ns))])


def on_grid(split: tasks.Split) -> tuple[np.ndarray, np.ndarray]:
    """Return events float32[n, STEPS, 5] of zeros and ones, and classes int32[n]."""
    steps = (event_times_ns(split.inputs) / (STEP_US * 1e3)).astype(int)
    events = np.zeros((len(split), STEPS, NETWORK.inputs), np.float32)
    events[np.arange(len(split))[:, None], steps, np.arange(NETWORK.inputs)] = 1.0
    return events, split.targets.astype(np.int32)
