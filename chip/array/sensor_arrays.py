"""The arrays of the correlation sensors, as compiled code sees them, and the queue of what is asked of them.

Neurons are numbered hemisphere * 256 + half * 128 + lane here, row halves (hemisphere * 256 + row) * 2 + half, rows
hemisphere * 256 + row.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import float32, float64, int64, uint8, uint64

from chip.base import constants as c
from chip.base.inner import inner, outer
from chip.base.packing import unpacker

CAUSAL, ACAUSAL = 1, 2  # bits of a reset
# of a request's key: at one instant reads come before resets
REQUEST_TIME_SHIFT, RESET_BIT, ROW_MASK = 10, 1 << 9, 0x1FF
REQUEST_HEAD, REQUEST_TAIL, DONE_NS, LAST_NUMBER, OPEN_READS = range(5)  # of ``clock``
SATURATION, NOISE = range(2)  # of ``level``
FREE = 0  # no answer's number
FULL = -1


class SensorArrays(NamedTuple):
    """What sensors are, what they hold, and what is asked of them.

    labels: uint8[1024 row halves, 128]; label_of: uint8[512 neurons, 256 rows], the same. below: int64[512], the neuron
        whose circuit is merged into this one, or -1.
    amplitude, rate: float32[512, 256], of causal branches, in LSB and log2(e) / tau in 1/ns.
    acausal_amplitude, acausal_rate: float32[1024, 128].
    baseline, gain, offset: float64[2 hemispheres, 2 branches, 256], of CADC channels, even lanes first; key: uint64 of
        the same shape; row_baseline: float64[2, 512]. level: float64[2], saturation, noise of a read per unit of draw.
    causal: float32[512, 256]; acausal: float32[1024, 128]; last_pre: int64[512 rows, 64 labels]; last_post: int64[512].
    since: float32[256], values: float32[2, 256]: work space.
    clock: int64[5]: requests lie from a head to a tail; ``DONE_NS``, before which everything has been seen; the last
        request's number; reads that were posted and not taken.
    request_key: int64[n], ``time << 10 | reset << 9 | row``, sorted; request_number: int64[n]; request_mask:
        uint8[n, 256].
    answer_number: int64[m], the request's, or FREE; answer: uint8[m, 2 branches, 2 halves, 128].
    """

    labels: uint8[:, ::1]
    label_of: uint8[:, ::1]
    below: int64[::1]
    amplitude: float32[:, ::1]
    rate: float32[:, ::1]
    acausal_amplitude: float32[:, ::1]
    acausal_rate: float32[:, ::1]
    baseline: float64[:, :, ::1]
    gain: float64[:, :, ::1]
    offset: float64[:, :, ::1]
    key: uint64[:, :, ::1]
    row_baseline: float64[:, ::1]
    level: float64[::1]
    causal: float32[:, ::1]
    acausal: float32[:, ::1]
    last_pre: int64[:, ::1]
    last_post: int64[::1]
    since: float32[::1]
    values: float32[:, ::1]
    clock: int64[::1]
    request_key: int64[::1]
    request_number: int64[::1]
    request_mask: uint8[:, ::1]
    answer_number: int64[::1]
    answer: uint8[:, :, :, ::1]


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
