"""The correlation sensor of every synapse, driven by the record of what has happened.

A synapse has two branches. The causal one adds ``amplitude * exp(-(t_post - t_pre) / tau)`` when its neuron spikes,
with t_pre the last event before that reached the synapse; the acausal one adds ``amplitude * exp(-(t_pre - t_post) /
tau)`` when an event reaches it, with t_post the neuron's last spike. Both hold what they have, up to a saturation,
until they are reset. Sources: two accumulators a synapse, amplitude and time constant with 2 trim bits each (calix
CorrelationCalibTarget, haldls); nearest neighbours and an exponential in the time difference (Pong model,
model-sw-pong). That the last event and not their sum counts, and that storage does not leak, is assumed.

Nothing in the network depends on the sensors, so they run behind it: spikes and driven rows are put down as they are
committed, and taken up in the order of time when somebody reads a row. At one instant: reads, resets, spikes, events.

Arrays are laid out as each branch is written, see :class:`chip.array.sensor_arrays.SensorArrays`.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import config as numba_config
from numba.extending import intrinsic

from chip.array.sensor_arrays import (
    ACAUSAL,
    CAUSAL,
)
from chip.base import constants as c
from chip.base.inner import inner

ROW_SHIFT, TIME_SHIFT = 6, 15  # of an entry of ``driven``: time << 15 | (hemisphere * 256 + row) << 6 | label
FARTHEST = np.float32(100.0)  # powers of two: nothing is left of an amplitude
_DEGREE = 5

_points = np.cos(np.pi * (np.arange(64) + 0.5) / 64) / 2 + 0.5  # Chebyshev's, so that the fit is nearly the best one
# of 2^-x on 0..1: relative error below 3e-7, at the rounding of float32
C0, C1, C2, C3, C4, C5 = np.polynomial.Polynomial.fit(_points, 2.0**-_points, _DEGREE).convert().coef.astype(np.float32)
ZERO, ONE_BITS = np.float32(0.0), 127

if numba_config.DISABLE_JIT:

    def _power(exponent):
        """Return 2^-exponent for a whole number, float32."""
        return np.float32(2.0 ** -int(exponent))

else:

    @intrinsic
    def _from_bits(typing_context, bits):
        """Take the bits of an int32 for a float32."""

        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], context.get_value_type(types.float32))

        return types.float32(types.int32), generate

    @inner
    def _power(exponent):
        """Return 2^-exponent for a whole number, float32."""
        return _from_bits(np.int32((ONE_BITS - exponent) << 23))


@inner
def decay(halvings):
    """Return 2^-halvings, float32 >= 0; what is beyond 100 counts as 100."""
    x = min(halvings, FARTHEST)
    whole = np.int32(x)
    f = x - np.float32(whole)
    return (C0 + f * (C1 + f * (C2 + f * (C3 + f * (C4 + f * C5))))) * _power(whole)


@inner
def post_spike(time_ns, neuron, last_pre, label_of, amplitude, rate, saturation, causal, since):
    """A neuron spikes: each of its synapses adds to its causal branch. ``rate`` is log2(e) / tau in 1/ns.

    The times since the last events are collected first, into float32[256] ``since``: only the rest is one for vectors.
    """
    first_row = neuron // c.COLUMNS * c.ROWS
    for row in range(c.ROWS):
        since[row] = np.float32(time_ns - last_pre[np.uint64(first_row + row), label_of[neuron, row]])
    for row in range(c.ROWS):
        added = amplitude[neuron, row] * decay(since[row] * rate[neuron, row])
        causal[neuron, row] = min(causal[neuron, row] + added, saturation)


@inner
def pre_event(time_ns, row_half, label, first_neuron, last_post, labels, amplitude, rate, saturation, acausal, since):
    """An event reaches the synapses of a row half that have its label: each adds to its acausal branch."""
    for lane in range(c.LANES):
        since[lane] = np.float32(time_ns - last_post[np.uint64(first_neuron) + np.uint64(lane)])
    for lane in range(c.LANES):
        added = amplitude[row_half, lane] * decay(since[lane] * rate[row_half, lane])
        old = acausal[row_half, lane]
        acausal[row_half, lane] = min(old + added, saturation) if labels[row_half, lane] == label else old


@inner
def reset_row(row, mask, causal, acausal):
    """Clear the branches of a row's synapses that uint8[256] ``mask`` names, even lanes, then odd ones."""
    first = row // c.ROWS * c.COLUMNS
    for column in range(c.COLUMNS):
        if mask[column] & CAUSAL != 0:
            causal[first + column, row % c.ROWS] = ZERO
        if mask[column] & ACAUSAL != 0:
            acausal[row * c.HALVES + column // c.LANES, column % c.LANES] = ZERO


@inner
def read_row(row, causal, acausal, values):
    """Copy both branches of a row into float32[2, 256]."""
    first = row // c.ROWS * c.COLUMNS
    for column in range(c.COLUMNS):
        values[0, column] = causal[first + column, row % c.ROWS]
        values[1, column] = acausal[row * c.HALVES + column // c.LANES, column % c.LANES]
