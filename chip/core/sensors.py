"""The correlation sensors as the analog core holds them: their state, what is asked of them, and when it is answered.

See :mod:`chip.array.correlation` for what a sensor does. Reads and resets of rows are posted with their own time, like
everything that acts on the core, and carried out in the order of time; they wait as *requests*.
"""

from __future__ import annotations

import numpy as np

from chip.array.sensor_arrays import (
    ACAUSAL,
    CAUSAL,
    DONE_NS,
    FREE,
    FULL,
    OPEN_READS,
    REQUEST_HEAD,
    REQUEST_TAIL,
    RESET_BIT,
    SensorArrays,
    insert_request,
    request_key,
    take_answer,
)
from chip.base import constants as c
from chip.base.arrays.declared import changing, queues_of
from chip.base.arrays.growth import outgrown
from chip.base.arrays.kept import brought_back, check_kept, kept
from chip.base.arrays.packing import table_of
from chip.base.draws import DRAW_STD
from chip.base.grid import LONG_AGO_NS
from chip.base.lanes import to_lanes
from chip.base.live import Live
from chip.core.layout import Queues
from chip.core.sensing import catch_up
from chip.neurons.circuits import neurons_below
from chip.silicon.sensors import BRANCHES, SensorSilicon

LABELS = c.LABEL_MAX + 1
LOG2_E = 1 / np.log(2)
SENSOR = "sensor_"  # before the names of their arrays in a core's snapshot
CHANGING = changing(SensorArrays)
ROOM = 16  # for requests and answers, at first
NO_MASK = np.zeros((c.HALVES, c.LANES), np.uint8)
WHOLE_HALF = np.zeros((c.HALVES, c.HALVES, c.LANES), np.uint8)  # masks that name one half
WHOLE_HALF[c.EVEN, c.EVEN] = WHOLE_HALF[c.ODD, c.ODD] = CAUSAL | ACAUSAL


class CorrelationSensors(Live):
    """All sensors of a chip; those of a hemisphere whose sensors are off stay at zero.

    Attributes:
        arrays: see :class:`chip.array.sensor_arrays.SensorArrays`.
    """

    def __init__(self, silicon: SensorSilicon):
        amplitude, rate = to_lanes(silicon.amplitude_lsb), LOG2_E / to_lanes(silicon.tau_ns)
        labels = to_lanes(silicon.labels)
        channels = (silicon.column_lsb, silicon.gain, silicon.offset_lsb, *silicon.key)
        by_lane = [to_lanes(each).reshape(BRANCHES, c.HEMISPHERES, c.COLUMNS) for each in channels]
        baseline, gain, offset, key, reading_key = (np.ascontiguousarray(each.transpose(1, 0, 2)) for each in by_lane)
        self._install(
            SensorArrays(
                labels=labels.reshape(-1, c.LANES).copy(),
                label_of=_by_neuron(labels, np.uint8),
                below=neurons_below(silicon.merged),
                amplitude=_by_neuron(amplitude[0]),
                rate=_by_neuron(rate[0]),
                acausal_amplitude=_by_row_half(amplitude[1]),
                acausal_rate=_by_row_half(rate[1]),
                baseline=baseline,
                gain=gain,
                offset=offset,
                key=key,
                reading_key=reading_key,
                row_baseline=np.ascontiguousarray(silicon.row_lsb),
                level=np.array([c.CORRELATION_SATURATION_LSB, *silicon.noise_lsb / DRAW_STD]),
                causal=np.zeros((c.NEURONS, c.ROWS), np.float32),
                acausal=np.zeros((c.HEMISPHERES * c.ROWS * c.HALVES, c.LANES), np.float32),
                last_pre=np.full((c.HEMISPHERES * c.ROWS, LABELS), LONG_AGO_NS),
                last_post=np.full(c.NEURONS, LONG_AGO_NS),
                since=np.zeros(c.ROWS, np.float32),
                values=np.zeros((BRANCHES, c.COLUMNS), np.float32),
                clock=np.zeros(5, np.int64),
                request_key=np.zeros(ROOM, np.int64),
                request_number=np.zeros(ROOM, np.int64),
                request_mask=np.zeros((ROOM, c.COLUMNS), np.uint8),
                answer_number=np.full(ROOM, FREE),
                answer=np.zeros((ROOM, BRANCHES, c.HALVES, c.LANES), np.uint8),
            )
        )

    def _install(self, arrays: SensorArrays) -> None:
        self.arrays, self._table = arrays, table_of(arrays)

    @property
    def done_ns(self) -> int:
        """The sensors have seen everything before this time."""
        return self.arrays.clock.item(DONE_NS)

    @done_ns.setter
    def done_ns(self, time_ns: int) -> None:
        self.arrays.clock[DONE_NS] = time_ns

    # ------------------------------------------------------------------ what is asked

    def post_read(self, time_ns: int, row: int) -> int:
        """Post a conversion of a row, hemisphere * 256 + row; returns its number."""
        return self._post(request_key(time_ns, False, row), NO_MASK)

    def post_reset(self, time_ns: int, row: int, mask: np.ndarray) -> None:
        """Post a reset of the branches that uint8[2, 128] ``mask`` names: bit 0 causal, bit 1 acausal."""
        self._post(request_key(time_ns, True, row), mask)

    def post_whole_reset(self, time_ns: int, later_ns: int, row: int) -> None:
        """Post resets of both branches of a row's even half, and so much later of its odd half."""
        self._post(request_key(time_ns, True, row), WHOLE_HALF[c.EVEN], later_ns, WHOLE_HALF[c.ODD])

    def _post(self, key: int, mask: np.ndarray, later_ns: int = 0, later_mask: np.ndarray = NO_MASK) -> int:
        number = insert_request(self._table, key, mask, later_ns, later_mask)
        if number == FULL:
            self._install(outgrown(self.arrays))
            number = insert_request(self._table, key, mask, later_ns, later_mask)
        return number

    def result(self, number: int) -> np.ndarray | None:
        """Return uint8[2 branches, 2 halves, 128] of a read and forget it; None if it has not been carried out."""
        arrays = self.arrays
        slot = take_answer(arrays.clock, arrays.answer_number, number)
        return None if slot < 0 else arrays.answer[slot].copy()

    # ------------------------------------------------------------------ what is seen

    def catch_up(self, until_ns: int, queues: Queues, logged: int, driven: int) -> None:
        """See the record of spikes and driven rows, so many of each, before a time; carry out the requests up to it.

        Spikes before ``done_ns`` have been seen and are passed over.
        """
        catch_up(until_ns, self._table, queues.log_time, queues.log_info, logged, queues.driven, driven)

    def observe(
        self, until_ns: int, times: np.ndarray, info: np.ndarray, driven: np.ndarray, number: int
    ) -> np.ndarray | None:
        """Return the result of a read as ``catch_up`` would come to it, and change nothing but that it is answered.

        None for a read that nobody waits for.
        """
        if number not in self._requests("request_number"):
            return None
        before = {name: getattr(self.arrays, name).copy() for name in CHANGING}
        catch_up(until_ns, self._table, times, info, times.size, driven, driven.size)
        answer = self.result(number)
        for name in CHANGING:
            getattr(self.arrays, name)[...] = before[name]
        self._strike_out(number)
        return answer

    def _requests(self, name: str) -> np.ndarray:
        """Return one of the arrays of requests, as far as they wait."""
        clock = self.arrays.clock
        return getattr(self.arrays, name)[clock[REQUEST_HEAD] : clock[REQUEST_TAIL]]

    def _strike_out(self, number: int) -> None:
        """Forget a read that waits."""
        others = self._requests("request_number") != number
        for name in queues_of(SensorArrays)[REQUEST_HEAD]:
            requests = self._requests(name)
            requests[: others.sum()] = requests[others]
        self.arrays.clock[REQUEST_TAIL] -= 1
        self.arrays.clock[OPEN_READS] -= 1

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return copies of what the future depends on."""
        saved = kept(self.arrays)
        reads = (saved["request_key"] & RESET_BIT) == 0
        saved["request_mask"][reads] = 0  # nobody has written theirs
        return {f"{SENSOR}{name}": array for name, array in saved.items()}

    def check(self, saved: dict[str, np.ndarray]) -> None:
        """Refuse a snapshot of another chip; see :func:`chip.base.arrays.kept.check_kept`."""
        own = _of_sensors(saved)
        if not own:
            raise ValueError("the snapshot lacks the correlation sensors; it must be of a core with the same registers")
        check_kept(self.arrays, own)

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take back what :meth:`snapshot` returned."""
        arrays = brought_back(self.arrays, _of_sensors(saved))
        waiting = arrays.request_key[: arrays.clock[REQUEST_TAIL]]
        arrays.clock[OPEN_READS] = np.count_nonzero(arrays.answer_number != FREE)
        arrays.clock[OPEN_READS] += np.count_nonzero((waiting & RESET_BIT) == 0)
        while arrays.clock[OPEN_READS] > arrays.answer_number.size:
            arrays = outgrown(arrays)
        self._install(arrays)

    def take_over(self, before: CorrelationSensors, enabled: np.ndarray) -> None:
        """Go on from the state of the sensors of this chip under other registers; those that are off now lose it."""
        self._install(self.arrays._replace(**{name: getattr(before.arrays, name) for name in CHANGING}))
        for stored in (self.arrays.causal, self.arrays.acausal):
            stored.reshape(c.HEMISPHERES, -1)[~enabled] = 0.0


def _of_sensors(saved: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what of a core's snapshot is the sensors'."""
    return {name.removeprefix(SENSOR): array for name, array in saved.items() if name.startswith(SENSOR)}


def reset_mask(mask: np.ndarray | None, causal: bool, acausal: bool) -> np.ndarray:
    """Return uint8[128]: the branches to reset where ``mask`` is not 0, everywhere without one."""
    bits = (CAUSAL if causal else 0) | (ACAUSAL if acausal else 0)
    lanes = np.ones(c.LANES, bool) if mask is None else np.asarray(mask) != 0
    return np.where(lanes, bits, 0).astype(np.uint8)


def _by_neuron(by_row: np.ndarray, dtype=np.float32) -> np.ndarray:
    """Reorder [hemisphere, row, half, lane] to [neuron, row]."""
    return np.ascontiguousarray(by_row.transpose(0, 2, 3, 1).reshape(c.NEURONS, c.ROWS), dtype)


def _by_row_half(by_row: np.ndarray) -> np.ndarray:
    """Reorder [hemisphere, row, half, lane] to [row half, lane]."""
    return np.ascontiguousarray(by_row.reshape(-1, c.LANES), np.float32)
