"""The correlation sensor of every synapse, driven by the record of what has happened.

A synapse has two branches. The causal one adds ``amplitude * exp(-(t_post - t_pre) / tau)`` when its neuron spikes,
with t_pre the last event before that reached the synapse; the acausal one adds ``amplitude * exp(-(t_pre - t_post) /
tau)`` when an event reaches it, with t_post the neuron's last spike. Both hold what they have, up to a saturation,
until they are reset. Sources: two accumulators a synapse, amplitude and time constant with 2 trim bits each (calix
CorrelationCalibTarget, haldls); nearest neighbours and an exponential in the time difference (Pong model,
model-sw-pong). That the last event and not their sum counts, and that storage does not leak, is assumed.

Nothing in the network depends on the sensors, so they run behind it: spikes and driven rows are put down as they are
committed, and taken up in the order of time when somebody reads a row. At one instant: reads, resets, spikes, events.

Arrays are laid out as each branch is written, see :class:`chip.analog.sensor_arrays.SensorArrays`.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import config as numba_config
from numba.extending import intrinsic

from chip import constants as c
from chip.analog.cadc import convert
from chip.analog.inner import inner, outer
from chip.analog.layout import FAR_NS, SOURCE_SHIFT
from chip.analog.noise import CONVERSION, draw, moment
from chip.analog.sensor_arrays import (
    ACAUSAL,
    CAUSAL,
    DONE_NS,
    FREE,
    MARK_HEAD,
    MARK_TAIL,
    MARK_TIME_SHIFT,
    NOISE,
    RESET_BIT,
    ROW_MASK,
    SATURATION,
    sensors_of,
)

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
def _reset_row(row, mask, causal, acausal):
    """Clear the branches of a row's synapses that uint8[256] ``mask`` names, even lanes, then odd ones."""
    first = row // c.ROWS * c.COLUMNS
    for column in range(c.COLUMNS):
        if mask[column] & CAUSAL != 0:
            causal[first + column, row % c.ROWS] = ZERO
        if mask[column] & ACAUSAL != 0:
            acausal[row * c.HALVES + column // c.LANES, column % c.LANES] = ZERO


@inner
def _read_row(row, causal, acausal, values):
    """Copy both branches of a row into float32[2, 256]."""
    first = row // c.ROWS * c.COLUMNS
    for column in range(c.COLUMNS):
        values[0, column] = causal[first + column, row % c.ROWS]
        values[1, column] = acausal[row * c.HALVES + column // c.LANES, column % c.LANES]


@inner
def _convert_row(row, time_ns, sensors, codes):
    """Convert a row's correlations as the CADC sees them, into uint8[2, 2, 128]: the higher, the lower the code."""
    _read_row(row, sensors.causal, sensors.acausal, sensors.values)
    hemisphere, noise = row // c.ROWS, sensors.level[NOISE]
    when = moment(CONVERSION, time_ns)
    for branch in range(2):
        row_rest = sensors.row_baseline[branch, row]
        for column in range(c.COLUMNS):
            rest = sensors.baseline[hemisphere, branch, column] + row_rest
            level = sensors.gain[hemisphere, branch, column] * (rest - sensors.values[branch, column])
            level += sensors.offset[hemisphere, branch, column]
            if noise > 0.0:
                level += noise * draw(sensors.key[hemisphere, branch, column] ^ when)
            codes[branch, column // c.LANES, column % c.LANES] = convert(level)


@inner
def _act(m, sensors):
    """Carry out a mark: clear what it names, or convert a row and keep the answer."""
    key = sensors.mark_key[m]
    row = key & ROW_MASK
    if key & RESET_BIT != 0:
        _reset_row(row, sensors.mark_mask[m], sensors.causal, sensors.acausal)
        return
    slot = 0
    while sensors.answer_number[slot] != FREE:  # there is one for every read that is posted
        slot += 1
    sensors.answer_number[slot] = sensors.mark_number[m]
    _convert_row(row, key >> MARK_TIME_SHIFT, sensors, sensors.answer[slot])


@outer
def see(until_ns, table, log_time, log_info, logged, driven, driven_count):
    """Let the sensors see everything before ``until_ns``, and carry out the marks up to it, in the order of time.

    log_time, log_info: so many ``logged`` spikes, see ``Queues.log_info``; those before ``clock[DONE_NS]`` are passed
    over. driven: so many entries of ``Queues.driven``.
    """
    sensors = sensors_of(table)
    clock, saturation = sensors.clock, np.float32(sensors.level[SATURATION])
    done_ns, last_mark = clock[DONE_NS], clock[MARK_TAIL]
    s, d, m = logged, 0, clock[MARK_HEAD]
    while s > 0 and log_time[s - 1] >= done_ns:
        s -= 1
    while True:
        spike = log_time[s] if s < logged else FAR_NS
        event = driven[d] >> TIME_SHIFT if d < driven_count else FAR_NS
        mark = sensors.mark_key[m] >> MARK_TIME_SHIFT if m < last_mark else FAR_NS
        due = mark < until_ns or (mark == until_ns and sensors.mark_key[m] & RESET_BIT == 0)
        if due and mark <= min(spike, event):
            _act(m, sensors)
            m += 1
        elif min(spike, event) >= until_ns:
            break
        elif spike <= event:
            source = (log_info[s] >> SOURCE_SHIFT) & 0x7FF
            if source < c.NEURONS:
                column = source % c.COLUMNS
                neuron = source // c.COLUMNS * c.COLUMNS + column % c.HALVES * c.LANES + column // c.HALVES
                while neuron >= 0:  # a merged neuron has the sensors of both of its circuits
                    post_spike(spike, neuron, sensors.last_pre, sensors.label_of, sensors.amplitude, sensors.rate,
                               saturation, sensors.causal, sensors.since)  # fmt: skip
                    sensors.last_post[neuron] = spike
                    neuron = sensors.below[neuron]
            s += 1
        else:
            row, label = (driven[d] >> ROW_SHIFT) & 0x1FF, driven[d] & c.LABEL_MAX
            for half in range(c.HALVES):
                first = row // c.ROWS * c.COLUMNS + half * c.LANES
                pre_event(event, row * c.HALVES + half, label, first, sensors.last_post, sensors.labels,
                          sensors.acausal_amplitude, sensors.acausal_rate, saturation, sensors.acausal,
                          sensors.since)  # fmt: skip
            sensors.last_pre[row, label] = event
            d += 1
    clock[MARK_HEAD] = m
    clock[DONE_NS] = max(done_ns, until_ns)
