"""What acts on the analog core is posted to it: events, weights, resets, conversions, each with its own time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.array.arrays import Network
from chip.array.writes import insert_row, insert_rows
from chip.base import constants as c
from chip.base.arrays.growth import make_room
from chip.base.config import ChipConfig
from chip.base.feed import Post, Posted, tell
from chip.base.queues import BAD_ROW, BAD_TIME, BAD_WEIGHT, FULL, TWICE
from chip.base.registers import Registers
from chip.base.timeline import CONVERSION_HEAD, EVENT_HEAD, GENERATOR_HEAD, INJECTION_HEAD, RESET_HEAD, WRITE_HEAD
from chip.base.whole import int64s, whole
from chip.converters.requests import insert_conversion
from chip.core.layout import Queues
from chip.core.sensors import WHOLE_HALF, CorrelationSensors
from chip.fabric.arrays import Fabric
from chip.fabric.events import BAD_PART, insert_events
from chip.fabric.generators import RANGES, generator_values, insert_generator, write_generators
from chip.fabric.padi import INJECTED, LAST_LABEL, padi_word
from chip.neurons.resets import insert_reset, lanes_of

PLACES = frozenset((hemisphere, half) for hemisphere in (c.TOP, c.BOTTOM) for half in (c.EVEN, c.ODD))
WHOLE_MASK = 3  # of a reset of correlation sensors: both branches
EVERY_LANE = np.ones(c.LANES, np.uint8)
EVERY_LANE.setflags(write=False)


class Posting:
    """The half of :class:`chip.core.core.AnalogCore` that takes operations and keeps them until their time.

    Attributes:
        now_ns: nothing can be posted before it.
    """

    config: ChipConfig
    now_ns: int
    _now_ns: int
    _network: Network
    _fabric: Fabric
    _queues: Queues
    _clock: np.ndarray
    sensors: CorrelationSensors | None
    _posts: list[Callable[[Posted], None]]
    _pack: Callable[[], None]

    def post_events(self, times_ns: np.ndarray, labels: np.ndarray, zero_ns: int = 0) -> None:
        """Post events from the FPGA at their arrival, int[n] times after ``zero_ns`` and int[n] labels in any order."""
        times, words = int64s("event times", times_ns), int64s("event labels", labels)
        zero_ns = _index("the time zero of events", zero_ns, c.END_NS)
        if times.size != words.size:
            raise ValueError(f"{times.size} event times but {words.size} labels; there must be one label for each time")
        self.post_part(times, words, 0, times.size, zero_ns)

    def post_part(self, times_ns: np.ndarray, labels: np.ndarray, first: int, last: int, zero_ns: int = 0) -> None:
        """Post events first..last - 1 of int64[n] times and int64[n] labels, as :meth:`post_events` does."""
        self._insert_part(times_ns, labels, first, last, zero_ns)
        if self._posts:
            self._tell(Post.EVENTS, zero_ns + times_ns[first:last], labels=labels[first:last].copy())

    def insert_events(self, times_ns: np.ndarray, labels: np.ndarray, zero_ns: int) -> None:
        """Post as :meth:`post_events` what :meth:`tell_events` has told of: int64[n] times, integer[n] labels."""
        self._insert_part(np.ascontiguousarray(times_ns), labels.astype(np.int64), 0, times_ns.size, zero_ns)

    def tell_events(self, times_ns: np.ndarray, labels: np.ndarray, zero_ns: int) -> None:
        """Tell who listens of events that somebody holds ready, see :class:`chip.core.stimuli.Stimuli`."""
        if self._posts:
            self._tell(Post.EVENTS, zero_ns + times_ns, labels=labels.astype(np.int64))

    def _insert_part(self, times_ns: np.ndarray, labels: np.ndarray, first: int, last: int, zero_ns: int) -> None:
        arguments = EVENT_HEAD, times_ns, labels, first, last, zero_ns, LAST_LABEL
        while (status := insert_events(self._clock, self._queues.events, *arguments)) == FULL:
            self._make_room(EVENT_HEAD, last - first)
        if status == BAD_PART:
            there = f"{times_ns.size} times and {labels.size} labels"
            raise ValueError(f"events {first}..{last - 1} are to be posted, but there are {there}")
        if status < 0:
            self._check_time(zero_ns + int(times_ns[-2 - status]), "an event")
            raise ValueError(f"an event label is {int(labels[-2 - status])}; labels are 0..65535")

    def post_padi_event(self, time_ns: int, hemisphere: int, busses: int, row_select: int, label: int) -> None:
        """Post an event that a processor puts on PADI busses, past the crossbar: 4 bits of busses, 5, and 6 bits."""
        hemisphere, _ = _check_place(hemisphere, c.EVEN)
        busses = _index("busses of a PADI event", busses, 1 << c.PADI_BUSSES)
        row_select = _index("row_select of a PADI event", row_select, c.ROW_SELECT_MASK + 1)
        label = _index("label of a PADI event", label, c.LABEL_MAX + 1)
        time_ns = self._check_time(time_ns, "a PADI event")
        word = padi_word(hemisphere, busses, row_select, label)
        times, words = np.array([time_ns], np.int64), np.array([word], np.int64)
        head = INJECTION_HEAD if self.config.router.contention else EVENT_HEAD  # else all come at their times
        arguments = head, times, words, 0, 1, 0, INJECTED | LAST_LABEL
        while insert_events(self._clock, self._injected_into(), *arguments) == FULL:
            self._make_room(head, 1)
        if self._posts:
            to = dict(hemisphere=hemisphere, busses=busses, row_select=row_select, label=label)
            self._tell(Post.PADI_EVENT, time_ns, **to)

    def post_generator(
        self,
        time_ns: int,
        generator: int,
        enabled: bool = True,
        poisson: bool = False,
        period: int = 0xFFFF,
        rate: int = 0,
        seed: int = 1,
        mask: int = 0,
        label: int = 0,
    ) -> None:
        """Post that a background generator, 0..7, is written: it begins anew, see :mod:`chip.fabric.generators`.

        Args:
            enabled: whether it sends events. poisson: at random, else regularly.
            period: 1..65535 clocks of 4 ns. rate: 0..255, of 255 the chance of an event at the end of a period.
            seed: 1..2^32 - 1, of its shift register. label: 14 bits; mask: which of their low 8 are drawn.
        """
        generator = _index("a background generator", generator, c.BACKGROUND_GENERATORS)
        time_ns = self._check_time(time_ns, "a write to a background generator")
        written = dict(enabled=int(bool(enabled)), poisson=int(bool(poisson)), period=period, rate=rate, seed=seed)
        written |= dict(mask=mask, label=label)
        row = np.array([_register(name, written[name], *span) for name, span in RANGES.items()], np.int64)
        self._insert_generator(time_ns, generator, row)
        if self._posts:
            self._tell(Post.GENERATOR, time_ns, generator=generator, values=row.copy())

    def _write_generators(self, time_ns: int, registers: Registers) -> None:
        """Write all generators as registers say, in the place of what is posted for them up to a time, which is now."""
        queues, rows = self._queues, generator_values(registers)
        write_generators(
            self._clock, queues.generator_keys, queues.generator_values, self._fabric.generators, time_ns, rows
        )

    def _insert_generator(self, time_ns: int, generator: int, row: np.ndarray) -> None:
        queues = self._queues
        while (
            insert_generator(self._clock, queues.generator_keys, queues.generator_values, time_ns, generator, row)
            == FULL
        ):
            self._make_room(GENERATOR_HEAD, 1)
            queues = self._queues

    def _injected_into(self) -> np.ndarray:
        """Return the queue of what processors put on busses: with contention one of its own, since links are late."""
        return self._queues.injections if self.config.router.contention else self._queues.events

    def post_weight_rows(
        self, times_ns: np.ndarray, hemisphere: int, rows: np.ndarray, half: int, values: np.ndarray
    ) -> None:
        """Post writes of row halves: int[n] times, int[n] rows 0..255, uint8[n, 128] weights 0..63."""
        times, rows = int64s("times of weight writes", times_ns), int64s("rows of weight writes", rows)
        values = _weights(values).reshape(-1, c.LANES)
        status = self.try_weight_rows(0, times, hemisphere, rows, half, values)
        if status < 0:
            self._refuse_rows(status, times, hemisphere, rows, half, values)

    def try_weight_rows(
        self, zero_ns: int, times_ns: np.ndarray, hemisphere: int, rows: np.ndarray, half: int, values: np.ndarray
    ) -> int:
        """Post as :meth:`post_weight_rows` at int64[n] times after ``zero_ns``, int64[n] rows, uint8[n, 128] weights.

        Returns DONE; or posts nothing and returns BAD_ROW or BAD_WEIGHT, and raises for everything else.
        """
        hemisphere, half = _check_place(hemisphere, half)
        if not len(times_ns) == len(rows) == len(values):
            raise ValueError(
                f"{len(times_ns)} times, {len(rows)} rows and {len(values)} vectors of weights do not match"
            )
        arguments = zero_ns, times_ns, hemisphere, rows, half, values
        while (status := insert_rows(*self._writes(), *arguments)) == FULL:
            self._make_room(WRITE_HEAD, len(rows))
        if status in (BAD_TIME, TWICE):
            self._refuse_rows(status, zero_ns + times_ns, hemisphere, rows, half, values)
        if self._posts and status >= 0:
            self._tell_weights(zero_ns + times_ns, hemisphere, rows, np.full(len(rows), half), values)
        return status

    def post_row(self, first_ns: int, step_ns: int, hemisphere: int, row: int, values: np.ndarray) -> bool:
        """Post writes of a row, uint8[2, 128] weights: of its even half at a time, of its odd one ``step_ns`` later.

        Returns False, and posts nothing, if a weight is beyond 63.
        """
        hemisphere, _ = _check_place(hemisphere, c.EVEN)
        plain = type(first_ns) is type(step_ns) is type(row) is int
        if not plain or not 0 <= first_ns < c.END_NS or not 0 < step_ns < c.END_NS or not 0 <= row < c.ROWS:
            first_ns = self._check_time(first_ns, "a weight write")
            step_ns = _index("what a write of an odd half comes later", step_ns, c.END_NS)
            row = _index("the row of a weight write", row, c.ROWS)
        if values.shape != (c.HALVES, c.LANES) or values.dtype != np.uint8:
            found = f"{values.dtype}{list(values.shape)}"
            raise ValueError(f"the weights of a row are {found}; give uint8[{c.HALVES}, {c.LANES}]")
        arguments = first_ns, step_ns, hemisphere, row, values
        while (status := insert_row(*self._writes(), *arguments)) == FULL:
            self._make_room(WRITE_HEAD, c.HALVES)
        if status < 0 and status != BAD_WEIGHT:
            times_ns = np.array([first_ns, first_ns + step_ns])
            self._refuse_rows(status, times_ns, hemisphere, np.array([row]), c.EVEN, values)
        if self._posts and status != BAD_WEIGHT:
            times_ns = np.array([first_ns, first_ns + step_ns])
            self._tell_weights(times_ns, hemisphere, np.array([row, row]), np.arange(c.HALVES), values)
        return status != BAD_WEIGHT

    def _writes(self) -> tuple[np.ndarray, ...]:
        """Return what a write of weights is inserted into."""
        return self._clock, self._queues.writes, self._queues.replaced, self._network.weights

    def _refuse_rows(self, status: int, times, hemisphere, rows, half, values) -> None:
        if status == BAD_TIME:
            for time_ns in times.tolist():
                self._check_time(time_ns, "a weight write")
        if status == BAD_ROW:
            raise ValueError(f"rows {rows.min()}..{rows.max()} of a weight write; rows are 0..{c.ROWS - 1}")
        if status == BAD_WEIGHT:
            raise ValueError(f"a weight is {values.max()}; weights are 0..{c.WEIGHT_MAX}")
        raise RuntimeError(
            f"two writes to one row half of hemisphere {hemisphere} at the same time; the bus carries one at a time"
        )

    def post_neuron_reset(self, time_ns: int, hemisphere: int, half: int, mask: np.ndarray | None = None) -> None:
        """Post a reset of the neurons of a row half: of all lanes, or of those that a mask names.

        A reset fires its neuron, as its comparator would: it is counted and recorded as a spike of that time, its
        refractory period begins, its event goes where its event output sends it. So does that of a neuron whose
        comparator is off, or which is in its refractory period (assumed); a neuron that is not enabled has none.

        Args:
            mask: uint8, int8 or bool [128]; a lane is reset iff its byte, as a signed number, is > 0.

        Raises:
            ValueError: a mask of another shape or of wider elements.
        """
        if not type(hemisphere) is type(half) is type(time_ns) is int:
            hemisphere, half = _check_place(hemisphere, half)
            time_ns = self._check_time(time_ns, "a neuron reset")
        elif (hemisphere, half) not in PLACES or time_ns % c.EVENT_CLOCK_NS or not self._now_ns <= time_ns < c.END_NS:
            _check_place(hemisphere, half)
            self._check_time(time_ns, "a neuron reset")
        if mask is None:
            mask = EVERY_LANE
        else:
            mask = lanes_of(mask)
        key = time_ns << 2 | (hemisphere * c.HALVES + half)
        while insert_reset(self._clock, self._queues.resets, self._queues.reset_masks, key, mask) == FULL:
            self._make_room(RESET_HEAD, 1)
        if self._posts:
            self._tell(Post.NEURON_RESET, time_ns, hemisphere=hemisphere, half=half, mask=mask.copy())

    def post_cadc(self, time_ns: int, hemisphere: int) -> int:
        """Post a conversion of all membranes of a hemisphere; returns the ticket for :meth:`cadc_result`."""
        if not type(hemisphere) is type(time_ns) is int:
            hemisphere, _ = _check_place(hemisphere, c.EVEN)
            time_ns = self._check_time(time_ns, "a CADC conversion")
        elif (hemisphere, c.EVEN) not in PLACES or time_ns % c.EVENT_CLOCK_NS or not self._now_ns <= time_ns < c.END_NS:
            _check_place(hemisphere, c.EVEN)
            self._check_time(time_ns, "a CADC conversion")
        ticket = (time_ns << 1) | hemisphere
        while insert_conversion(self._clock, self._queues.conversions, ticket) == FULL:
            self._make_room(CONVERSION_HEAD, 1)
        if self._posts:
            self._tell(Post.CONVERSION, time_ns, hemisphere=hemisphere)
        return ticket

    def post_correlation(self, time_ns: int, hemisphere: int, row: int) -> tuple[int, int]:
        """Post a conversion of both branches of a row; returns the ticket for ``correlation_result``."""
        time_ns, hemisphere, row = self._check_sensors(time_ns, hemisphere, row)
        ticket = time_ns, self.sensors.post_read(time_ns, hemisphere * c.ROWS + row)
        if self._posts:
            self._tell(Post.CORRELATION_CONVERSION, time_ns, hemisphere=hemisphere, row=row)
        return ticket

    def post_correlation_reset(self, time_ns: int, hemisphere: int, row: int, mask: np.ndarray) -> None:
        """Post a reset of sensors of a row: uint8[2, 128] ``mask``, [half, lane], has the bits 1 causal, 2 acausal."""
        time_ns, hemisphere, row = self._check_sensors(time_ns, hemisphere, row)
        given = np.asarray(mask)
        if given.dtype.kind not in "iu" or given.size and not 0 <= int(given.min()) <= int(given.max()) <= WHOLE_MASK:
            raise ValueError(
                f"a correlation reset mask is {given.dtype}{list(given.shape)}; give integers in 0..3, of the bits 1 "
                "(causal) and 2 (acausal)"
            )
        mask = np.ascontiguousarray(given, np.uint8)
        if mask.shape != (c.HALVES, c.LANES):
            raise ValueError(f"a correlation reset mask has the shape {mask.shape}; it must be ({c.HALVES}, {c.LANES})")
        self.sensors.post_reset(time_ns, hemisphere * c.ROWS + row, mask)
        if self._posts:
            masks = mask[np.newaxis].copy()
            self._tell(Post.CORRELATION_RESET, time_ns, hemisphere=hemisphere, row=row, masks=masks)

    def post_whole_correlation_reset(self, time_ns: int, later_ns: int, hemisphere: int, row: int) -> None:
        """Post resets of both branches of a row: of its even half, and ``later_ns`` > 0 later of its odd half."""
        time_ns, hemisphere, row = self._check_sensors(time_ns, hemisphere, row)
        self.sensors.post_whole_reset(time_ns, later_ns, hemisphere * c.ROWS + row)
        if self._posts:
            times_ns = np.array([time_ns, time_ns + later_ns])
            self._tell(Post.CORRELATION_RESET, times_ns, hemisphere=hemisphere, row=row, masks=WHOLE_HALF.copy())

    def _tell_weights(self, times_ns, hemisphere: int, rows: np.ndarray, halves: np.ndarray, values) -> None:
        self._tell(Post.WEIGHTS, times_ns, hemisphere=hemisphere, rows=rows.copy(), halves=halves, values=values.copy())

    def _tell(self, what: Post, times_ns: int | np.ndarray, **arguments: int | np.ndarray) -> None:
        """Tell who listens what was posted; the arrays are theirs."""
        tell(self._posts, Posted(what, np.atleast_1d(np.asarray(times_ns, np.int64)), arguments))

    def _check_sensors(self, time_ns: int, hemisphere: int, row: int) -> tuple[int, int, int]:
        """Return them as Python's integers, where a sensor's operation can be posted there and then."""
        hemisphere, _ = _check_place(hemisphere, c.EVEN)
        row = whole("the row of a correlation sensor", row)
        if not 0 <= row < c.ROWS:
            raise ValueError(f"row {row} of a correlation sensor; rows are 0..{c.ROWS - 1}")
        if self.sensors is None:
            raise RuntimeError("the correlation sensors are off; set registers.correlation_enabled")
        return self._check_time(time_ns, "a correlation sensor's operation"), hemisphere, row

    def _check_time(self, time_ns: int, what: str) -> int:
        """Return a time as Python's integer, where something can be posted for it."""
        time_ns = whole(f"the time of {what}", time_ns)
        if time_ns % c.EVENT_CLOCK_NS:
            raise ValueError(f"{what} is posted for {time_ns} ns, which is not on the {c.EVENT_CLOCK_NS} ns clock")
        if time_ns < self._now_ns:
            raise RuntimeError(
                f"{what} is posted for {time_ns} ns, but the analog core has been advanced to {self.now_ns} ns; "
                f"post it before anybody asks for a later result"
            )
        if time_ns >= c.END_NS:
            raise ValueError(f"{what} is posted for {time_ns} ns; a chip's time ends at {c.END_NS} ns, which is 19.5 h")
        return time_ns

    def _make_room(self, head: int, count: int) -> None:
        """Make the queue with a head take ``count`` more elements."""
        queues = make_room(self._queues, head, count)
        if queues is not self._queues:
            self._queues = queues
            self._pack()


def _check_place(hemisphere: int, half: int) -> tuple[int, int]:
    """Return a row half's indices as Python's integers, where there is one."""
    if not type(hemisphere) is type(half) is int:
        hemisphere, half = whole("a hemisphere", hemisphere), whole("a row half", half)
    if hemisphere not in (c.TOP, c.BOTTOM):
        raise ValueError(f"hemisphere {hemisphere}; hemispheres are {c.TOP} (top) and {c.BOTTOM} (bottom)")
    if half not in (c.EVEN, c.ODD):
        raise ValueError(f"row half {half}; row halves are {c.EVEN} (even columns) and {c.ODD} (odd columns)")
    return hemisphere, half


def _index(what: str, value: int, stop: int) -> int:
    """Return an index below ``stop`` as Python's integer."""
    value = whole(what, value)
    if not 0 <= value < stop:
        raise ValueError(f"{what} is {value}; it is 0..{stop - 1}")
    return value


def _register(name: str, value: int, low: int, high: int) -> int:
    """Return what is written to a background generator as Python's integer."""
    value = whole(f"the {name} of a background generator", value)
    if not low <= value <= high:
        raise ValueError(f"the {name} of a background generator is {value}; it is {low}..{high}")
    return value


def _weights(values: np.ndarray) -> np.ndarray:
    """Return weights as uint8, side by side; those beyond 63 are refused where they are posted."""
    given = np.asarray(values)
    if given.dtype.kind not in "iu":
        raise ValueError(f"weights are {given.dtype}{list(given.shape)}; give integers in 0..{c.WEIGHT_MAX}")
    if given.size and (int(given.min()) < 0 or int(given.max()) > c.WEIGHT_MAX):
        worst = int(given.min()) if given.min() < 0 else int(given.max())
        raise ValueError(f"a weight is {worst}; weights are 0..{c.WEIGHT_MAX}")
    return np.ascontiguousarray(given, np.uint8)
