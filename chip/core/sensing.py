"""The correlation sensors in the order of time: spikes, events, reads and resets of rows."""

from __future__ import annotations

import numpy as np

from chip.array.correlation import (
    ROW_SHIFT,
    TIME_SHIFT,
    post_spike,
    pre_event,
    read_row,
    reset_row,
)
from chip.array.sensor_arrays import (
    CONVERSION_NOISE,
    DONE_NS,
    FREE,
    READING_NOISE,
    REQUEST_HEAD,
    REQUEST_TAIL,
    REQUEST_TIME_SHIFT,
    RESET_BIT,
    ROW_MASK,
    SATURATION,
    sensors_of,
)
from chip.base import constants as c
from chip.base.draws import CONVERSION, draw, moment
from chip.base.grid import FAR_NS, SOURCE_SHIFT
from chip.base.inner import inner, outer
from chip.converters.cadc import convert


@inner
def _convert_row(row, time_ns, sensors, codes):
    """Convert a row's correlations as the CADC sees them, into uint8[2, 2, 128]: the higher, the lower the code."""
    read_row(row, sensors.causal, sensors.acausal, sensors.values)
    hemisphere = row // c.ROWS
    noise, reading_noise = sensors.level[CONVERSION_NOISE], sensors.level[READING_NOISE]
    when = moment(CONVERSION, time_ns)
    for branch in range(2):
        row_rest = sensors.row_baseline[branch, row]
        for column in range(c.COLUMNS):
            rest = sensors.baseline[hemisphere, branch, column] + row_rest
            correlation = sensors.values[branch, column]
            if reading_noise > 0.0:
                correlation += reading_noise * draw(sensors.reading_key[hemisphere, branch, column] ^ when)
            level = sensors.gain[hemisphere, branch, column] * (rest - correlation)
            level += sensors.offset[hemisphere, branch, column]
            if noise > 0.0:
                level += noise * draw(sensors.key[hemisphere, branch, column] ^ when)
            codes[branch, column // c.LANES, column % c.LANES] = convert(level)


@inner
def _act(m, sensors):
    """Carry out a request: clear what it names, or convert a row and keep the answer."""
    key = sensors.request_key[m]
    row = key & ROW_MASK
    if key & RESET_BIT != 0:
        reset_row(row, sensors.request_mask[m], sensors.causal, sensors.acausal)
        return
    slot = 0
    while sensors.answer_number[slot] != FREE:  # there is one for every read that is posted
        slot += 1
    sensors.answer_number[slot] = sensors.request_number[m]
    _convert_row(row, key >> REQUEST_TIME_SHIFT, sensors, sensors.answer[slot])


@outer
def catch_up(until_ns, table, log_time, log_info, logged, driven, driven_count):
    """Let the sensors see everything before ``until_ns``, and carry out the requests up to it, in the order of time.

    log_time, log_info: so many ``logged`` spikes, see ``Queues.log_info``; those before ``clock[DONE_NS]`` are passed
    over. driven: so many entries of ``Queues.driven``.
    """
    sensors = sensors_of(table)
    clock, saturation = sensors.clock, np.float32(sensors.level[SATURATION])
    done_ns, last_request = clock[DONE_NS], clock[REQUEST_TAIL]
    s, d, m = logged, 0, clock[REQUEST_HEAD]
    while s > 0 and log_time[s - 1] >= done_ns:
        s -= 1
    while True:
        spike = log_time[s] if s < logged else FAR_NS
        event = driven[d] >> TIME_SHIFT if d < driven_count else FAR_NS
        request = sensors.request_key[m] >> REQUEST_TIME_SHIFT if m < last_request else FAR_NS
        due = request < until_ns or (request == until_ns and sensors.request_key[m] & RESET_BIT == 0)
        if due and request <= min(spike, event):
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
    clock[REQUEST_HEAD] = m
    clock[DONE_NS] = max(done_ns, until_ns)
