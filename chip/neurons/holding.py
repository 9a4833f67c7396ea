"""Refractory neurons on the vector path: their propagators are replaced by ones that keep the membrane where it is."""

from __future__ import annotations

import numpy as np

from chip.base.grid import FAR_NS, GRID_EDGES
from chip.base.inner import inner, outer
from chip.base.timeline import COMMITTED, HELD_COUNT, NEXT_RELEASE
from chip.neurons.arrays import (
    DECAY_EXC,
    DECAY_INH,
    DECAY_U,
    EXC_TO_U,
    FREE,
    INH_TO_U,
    LEVEL,
    TEST_LEVEL,
)


@inner
def clamp(s, neurons):
    """Keep the membrane of a slot where it is while its currents go on."""
    neurons.live[DECAY_U, s], neurons.live[EXC_TO_U, s], neurons.live[INH_TO_U, s] = 1.0, 0.0, 0.0
    neurons.live[LEVEL, s], neurons.live[FREE, s] = np.inf, 0.0


@inner
def let_go(s, neurons):
    """Let the membrane of a slot move again."""
    for row in (DECAY_U, EXC_TO_U, INH_TO_U):
        neurons.live[row, s] = neurons.fine[GRID_EDGES, row, s]
    neurons.live[LEVEL, s], neurons.live[FREE, s] = neurons.cell[TEST_LEVEL, s], 1.0


@inner
def hold(end_ns, neurons, clock):
    """Bring the list of clamped slots up to date: those whose refractory period lasts to ``end_ns`` or longer."""
    count, earliest = 0, FAR_NS
    for i in range(clock[HELD_COUNT]):
        s = neurons.held[i]
        if neurons.release[s] >= end_ns:
            neurons.held[count] = s
            count += 1
            earliest = min(earliest, neurons.release[s])
        else:
            let_go(s, neurons)
    clock[HELD_COUNT], clock[NEXT_RELEASE] = count, earliest


@outer
def hold_refractory(neurons, clock):
    """Derive ``live``, ``held`` and their clock fields from ``release`` at the committed time."""
    clock[HELD_COUNT] = 0
    for s in range(neurons.release.size):
        for row in (DECAY_EXC, DECAY_INH):
            neurons.live[row, s] = neurons.fine[GRID_EDGES, row, s]
        let_go(s, neurons)
        if neurons.release[s] >= clock[COMMITTED]:
            clamp(s, neurons)
            neurons.held[clock[HELD_COUNT]] = s
            clock[HELD_COUNT] += 1
    hold(clock[COMMITTED], neurons, clock)
