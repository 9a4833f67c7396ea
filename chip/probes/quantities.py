"""What can be probed: what is sampled on a grid of time, and what is taken whenever it happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from chip.core.core import AnalogCore
from chip.neurons.arrays import EXC, INH, U
from chip.probes import selection


class Look:
    """The core just before a time, to which it has come; what several probes want is computed once."""

    def __init__(self, core: AnalogCore, time_ns: int):
        self.core, self.time_ns = core, time_ns

    @cached_property
    def state(self) -> np.ndarray:
        """float64[3, 512], see :meth:`chip.core.core.AnalogCore.state`."""
        return self.core.state(self.time_ns)


class Quantity(NamedTuple):
    """One kind of probe.

    unit: of its values; dtype: of them. select: makes what users name into what it watches. width: values of a row.
    sample: returns a row from a :class:`Look` and what is watched; None for what is taken whenever it happens.
    """

    unit: str
    dtype: np.dtype
    select: Callable[[Any], Any]
    width: Callable[[Any], int]
    sample: Callable[[Look, Any], np.ndarray] | None


def _state_row(row: int) -> Callable[[Look, Any], np.ndarray]:
    return lambda look, neurons: look.state[row, neurons]


def _counters(look: Look, names: tuple[str, ...]) -> list[int]:
    found = look.core.counters
    return [found[name] for name in names]


def _spike_counts(look: Look, neurons: np.ndarray) -> np.ndarray:
    return look.core.spike_totals(look.time_ns)[neurons]


def _sampled(unit: str, dtype: type, select: Callable, sample: Callable) -> Quantity:
    return Quantity(unit, np.dtype(dtype), select, len, sample)


def _happening(unit: str, dtype: type, select: Callable, width: int) -> Quantity:
    return Quantity(unit, np.dtype(dtype), select, lambda of: width, None)


SPIKES, DOORBELLS = "spikes", "doorbells"
QUANTITIES = {
    "membrane": _sampled("LSB of the CADC", np.float64, selection.neurons, _state_row(U)),
    "excitatory_current": _sampled("LSB of the CADC", np.float64, selection.neurons, _state_row(EXC)),
    "inhibitory_current": _sampled("LSB of the CADC", np.float64, selection.neurons, _state_row(INH)),
    "spike_counts": _sampled("spikes", np.int64, selection.neurons, _spike_counts),
    "weights": _sampled("steps of 6 bits", np.uint8, selection.synapses, lambda look, of: look.core.weights_of(of)),
    "counters": _sampled("events", np.int64, selection.counters, _counters),
    SPIKES: _happening("neuron", np.int64, selection.neurons, 1),
    DOORBELLS: _happening("hemisphere, line", np.uint8, selection.hemispheres, 2),
}
