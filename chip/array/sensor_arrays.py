"""The arrays of the correlation sensors, as compiled code sees them, and the queue of what is asked of them.

Neurons are numbered hemisphere * 256 + half * 128 + lane here, row halves (hemisphere * 256 + row) * 2 + half, rows
hemisphere * 256 + row.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from numba import float32, float64, int64, uint8, uint64

from chip.base import constants as c
from chip.base.arrays.declared import Array, built, counts, pool, queue, state, work
from chip.base.arrays.packing import unpacker
from chip.base.inner import inner, outer

CAUSAL, ACAUSAL = 1, 2  # bits of a reset
# of a request's key: at one instant reads come before resets
REQUEST_TIME_SHIFT, RESET_BIT, ROW_MASK = 10, 1 << 9, 0x1FF
REQUEST_HEAD, REQUEST_TAIL, DONE_NS, LAST_NUMBER, OPEN_READS = range(5)  # of ``clock``
SATURATION, CONVERSION_NOISE, READING_NOISE = range(3)  # of ``level``
FREE = 0  # no answer's number
FULL = -1


class SensorArrays(NamedTuple):
    """What sensors are, what they hold, and what is asked of them."""

    labels: Annotated[Array, built(uint8, (1024, 128), "", "of each row half")]
    label_of: Annotated[Array, built(uint8, (512, 256), "", "the same, of each neuron and row")]
    below: Annotated[Array, built(int64, (512,), "", "neuron whose circuit is merged into this one, or -1")]
    amplitude: Annotated[Array, built(float32, (512, 256), "LSB", "of causal branches")]
    rate: Annotated[Array, built(float32, (512, 256), "1/ns", "of causal branches, log2(e) / tau")]
    acausal_amplitude: Annotated[Array, built(float32, (1024, 128), "LSB", "of acausal branches")]
    acausal_rate: Annotated[Array, built(float32, (1024, 128), "1/ns", "of acausal branches, log2(e) / tau")]
    # [hemisphere, branch, EVEN then ODD lanes]
    baseline: Annotated[Array, built(float64, (2, 2, 256), "LSB", "of channels of the CADC")]
    gain: Annotated[Array, built(float64, (2, 2, 256), "1", "of channels of the CADC")]
    offset: Annotated[Array, built(float64, (2, 2, 256), "LSB", "of channels of the CADC")]
    key: Annotated[Array, built(uint64, (2, 2, 256), "", "of the noise of their conversions")]
    reading_key: Annotated[Array, built(uint64, (2, 2, 256), "", "of the noise of what is read from sensors")]
    row_baseline: Annotated[Array, built(float64, (2, 512), "LSB", "of both branches of a row")]
    level: Annotated[Array, built(float64, (3,), "LSB", "saturation; both noises per unit of a draw")]
    causal: Annotated[Array, state(float32, (512, 256), "LSB", "correlation of each neuron and row")]
    acausal: Annotated[Array, state(float32, (1024, 128), "LSB", "anticorrelation of each row half")]
    last_pre: Annotated[Array, state(int64, (512, 64), "ns", "last event of each row and label")]
    last_post: Annotated[Array, state(int64, (512,), "ns", "last spike of each neuron")]
    since: Annotated[Array, work(float32, (256,), "ns", "times since an event")]
    values: Annotated[Array, work(float32, (2, 256), "LSB", "both branches of a row")]
    # DONE_NS, before which everything has been seen; the last request's number; reads that were posted and not taken
    clock: Annotated[Array, counts(5, (DONE_NS, LAST_NUMBER), "requests lie from a head to a tail")]
    request_key: Annotated[
        Array, queue(int64, ("requests",), "", "time << 10 | reset << 9 | row", REQUEST_HEAD, outgrown=True)
    ]
    request_number: Annotated[Array, queue(int64, ("requests",), "", "from 1 on", REQUEST_HEAD, outgrown=True)]
    request_mask: Annotated[
        Array, queue(uint8, ("requests", 256), "", "branches to reset, 1 or 2", REQUEST_HEAD, outgrown=True)
    ]
    answer_number: Annotated[Array, pool(int64, ("answers",), "", "the request's, or FREE")]
    answer: Annotated[Array, pool(uint8, ("answers", 2, 2, 128), "LSB", "codes, [branch, half, lane]")]


sensors_of = unpacker(SensorArrays, (SensorArrays,))


def request_key(time_ns: int, resets: bool, row: int) -> int:
    """Return the key of a request."""
    return time_ns << REQUEST_TIME_SHIFT | (RESET_BIT if resets else 0) | row


@inner
def insert_key(sensors, key, mask):
    clock, keys, numbers, masks = sensors.clock, sensors.request_key, sensors.request_number, sensors.request_mask
    resets = key & RESET_BIT != 0
    at = clock[REQUEST_TAIL]
    while at > clock[REQUEST_HEAD] and keys[at - 1] > key:
        keys[at], numbers[at] = keys[at - 1], numbers[at - 1]
        for column in range(c.COLUMNS):
            masks[at, column] = masks[at - 1, column]
        at -= 1
    clock[REQUEST_TAIL] += 1
    clock[LAST_NUMBER] += 1
    keys[at], numbers[at] = key, clock[LAST_NUMBER]
    if resets:
        for column in range(c.COLUMNS):
            masks[at, column] = mask[column // c.LANES, column % c.LANES]
    else:
        clock[OPEN_READS] += 1


@outer
def insert_request(table, key, mask, later_ns, later_mask):
    """Insert a read or a reset behind its equals; uint8[2, 128] ``mask``, [half, lane], says what a reset clears.

    With ``later_ns`` > 0 insert the same once more for so much later, with another mask.

    Returns the last number that was given, or FULL where the requests or the answers have no room for two.
    """
    sensors = sensors_of(table)
    clock, keys, numbers, masks = sensors.clock, sensors.request_key, sensors.request_number, sensors.request_mask
    if clock[OPEN_READS] + 2 > sensors.answer_number.size:
        return FULL
    if clock[REQUEST_TAIL] + 2 > keys.size:
        _close_up(clock, keys, numbers, masks)
        if clock[REQUEST_TAIL] + 2 > keys.size:
            return FULL
    insert_key(sensors, key, mask)
    if later_ns > 0:
        insert_key(sensors, key + (later_ns << REQUEST_TIME_SHIFT), later_mask)
    return clock[LAST_NUMBER]


@inner
def _close_up(clock, keys, numbers, masks):
    """Move the requests to the front of their arrays."""
    first = clock[REQUEST_HEAD]
    for at in range(clock[REQUEST_TAIL] - first):
        keys[at], numbers[at] = keys[first + at], numbers[first + at]
        for column in range(c.COLUMNS):
            masks[at, column] = masks[first + at, column]
    clock[REQUEST_HEAD], clock[REQUEST_TAIL] = 0, clock[REQUEST_TAIL] - first


@outer
def take_answer(clock, answer_number, number):
    """Free the answer with a number; return where it stands, until the next request acts, or -1."""
    for slot in range(answer_number.size):
        if answer_number[slot] == number:
            answer_number[slot] = FREE
            clock[OPEN_READS] -= 1
            return slot
    return -1
