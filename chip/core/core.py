"""The analog core as the rest of the chip sees it: operations are posted, results are asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.base import constants as c
from chip.base.arrays.growth import outgrown
from chip.base.config import ChipConfig
from chip.base.feed import Conversion, Feed, tell
from chip.base.grid import (
    BLOCK_NS,
    EDGE_NS,
    EDGE_SHIFT,
    FAR_NS,
    GRID_NS,
    RECORDED_SHIFT,
    SOURCE_SHIFT,
    SPIKES_PER_STEP,
)
from chip.base.lanes import HALF_ROW, to_columns
from chip.base.live import Live
from chip.base.queues import NO_ROOM
from chip.base.registers import Registers
from chip.base.timeline import (
    COMMITTED,
    DRIVEN_COUNT,
    EVENT_HEAD,
    EVENT_TAIL,
    INJECTION_HEAD,
    INJECTION_TAIL,
    LOG_COUNT,
    NOW,
    WRITE_HEAD,
    WRITE_TAIL,
)
from chip.base.whole import int64s, whole
from chip.converters.requests import MISSING, PENDING, take_conversion
from chip.core.advance import DONE, GROW
from chip.core.build import build_network, build_neurons, build_scratch, empty_queues
from chip.core.entries import BOUNDED, LIF
from chip.core.fabric import build_fabric
from chip.core.observe import due_rows
from chip.core.observer import Observer
from chip.core.operations import Posting
from chip.core.packed import pack
from chip.core.record import NOT_COMMITTED
from chip.core.sensors import CorrelationSensors
from chip.core.state import (
    carry_over,
    carry_over_drivers,
    restore_state,
    route_again,
    snapshot_state,
    write_again,
)
from chip.core.stimuli import Stimuli
from chip.fabric.arrays import COUNTERS, ROUTE_LABEL, ROUTE_RECORDED, Fabric
from chip.fabric.counts import FabricCounts, counts_of
from chip.neurons.arrays import U
from chip.neurons.circuits import membranes_of_neurons
from chip.neurons.holding import hold_refractory
from chip.silicon.capmem import AnalogCodes
from chip.silicon.mismatch import silicon
from chip.silicon.sensors import sensor_silicon

ADVANCED_AT_ONCE_NS = 1_000_000 * GRID_NS  # so that an interrupt is heard every now and then
DRIVEN_ROWS = 1 << 14  # that the sensors may be behind
RECORD_NS = 100_000_000  # the least that a record reaches back which is not kept, and how often it is cut


class AnalogCore(Live, Posting):
    """512 neurons, their synapses and the CADC, running behind the rest of the chip.

    1. Whatever acts on the core is posted with its own time (``post_...``), in any order, but not before ``now_ns``.
    2. :meth:`advance` says that everything before a time has been posted, and lets it happen. Asking for a result
       (:meth:`cadc_result`, :meth:`spikes`, :meth:`membranes`) at a later time than ``now_ns`` does the same.
    3. What is asked at a time T is as it is just before anything that happens at T.

    At one instant the order is: conversions and other observations, weight writes by (hemisphere, row, half), neuron
    resets, comparators, events from the FPGA by label, those from processors, those from background generators, on-chip
    events by neuron. A neuron reset fires its neuron; what resets and comparators fire at one instant is in the record
    by neuron, each once. So neither the order of posting nor how often somebody advances or observes changes a byte of
    any result. Where events queue, ``router.contention``, this is the order in which they enter crossbar and busses.

    Registers are what a program asks for, and ``codes`` what a calibration has found for them. What neurons, synapses
    and channels of this chip make of them follows from the imperfections in ``config`` (:mod:`chip.silicon.mismatch`,
    :mod:`chip.base.draws`); :meth:`membranes` shows it as an oscilloscope would, programs have the CADC.

    ``keeps_record`` is True at first; where it is not, the record of spikes is cut every 0.1 s of chip time where it
    reaches back further than that, and ``readers`` are called before with the core and a time, what is older being
    dropped. Who asks for older spikes is refused.
    ``stimuli``, where it is set, is asked for events before time passes: what it holds ready counts as posted.
    ``observer``, where it is set, looks at times of its own, and before spikes are forgotten.

    Background generators that registers switch on begin at ``begins_ns``, or when the core is configured anew.

    All times are int nanoseconds, multiples of 4; neurons are numbered ``hemisphere * 256 + column``.

    Raises:
        ValueError: a time off the clock, an index or a value out of range, a register out of range.
        RuntimeError: an operation in the past, two writes to one row half at one time, a configuration within a block.
    """

    def __init__(
        self,
        config: ChipConfig,
        registers: Registers,
        codes: AnalogCodes | None = None,
        feed: Feed | None = None,
        begins_ns: int = 0,
    ):
        self.config = config
        feed = feed or Feed()
        self._posts, self._conversions = feed.posts, feed.conversions
        if config.router.on_chip_latency_ns < GRID_NS:
            raise ValueError(
                f"the on-chip latency is {config.router.on_chip_latency_ns} ns; the analog core needs {GRID_NS} ns or "
                f"more, its grid; raise router.on_chip_latency_ns"
            )
        registers.check()
        self._entries = BOUNDED if config.limits.bounded else LIF
        self._fabric: Fabric | None = None
        self._install(registers, codes)
        self._queues = empty_queues()
        self._clock = self._queues.clock
        self.sensors: CorrelationSensors | None = None
        self._install_sensors(registers)
        self.stimuli: Stimuli | None = None
        self.observer: Observer | None = None
        self._forgotten_ns, self._kept_ns = 0, []
        self.keeps_record, self._cut_ns = True, RECORD_NS
        self.readers: list[Callable[[AnalogCore, int], None]] = []
        self._now_ns = 0  # clock[NOW], where Python reads it faster
        hold_refractory(self._neurons, self._clock)
        self.begins_ns = begins_ns
        self._write_generators(begins_ns, registers)

    # ------------------------------------------------------------------ configuration

    def configure(self, registers: Registers, codes: AnalogCodes | None = None) -> None:
        """Replace registers and codes; potentials and currents go on where neurons stay enabled, others start at rest.

        At rest start also the circuits of a column whose connection changes. Only at the end of a block: ``now_ns``
        must be a multiple of 1600. Posted operations stay posted, but those on correlation sensors where all are
        switched off. Spikes under way go where the new registers route them.
        """
        registers.check()
        if self.now_ns % BLOCK_NS:
            raise RuntimeError(
                f"the analog core cannot be configured at {self.now_ns} ns, inside a block of {BLOCK_NS} ns; "
                f"advance to a multiple of {BLOCK_NS} ns first"
            )
        self._advance(self.now_ns)  # what is converted at now is seen as it was
        neurons, network = self._neurons, self._network
        stays = self._enabled & registers.enabled & (self._connected == registers.connect_vertical)
        self._install(registers, codes)
        write_again(network, self._network, self._queues)
        self._pack()
        self._install_sensors(registers)
        carry_over(self.now_ns, neurons, self._neurons, stays)
        route_again(self._network, self._fabric, self._queues)
        carry_over_drivers(network, self._network)
        hold_refractory(self._neurons, self._clock)
        self._write_generators(self.now_ns, registers)

    def _install(self, registers: Registers, codes: AnalogCodes | None) -> None:
        self._true = true = silicon(self.config, registers, codes)
        self.padi_from_processor = registers.padi_from_processor.copy()
        self.correlation_enabled = registers.correlation_enabled.copy()
        self._enabled, self._connected = registers.enabled.copy(), registers.connect_vertical.copy()
        self._neurons, self._noise, self._bounds = build_neurons(true, self.config.limits)
        self._simulated, self._membrane_slots = membranes_of_neurons(self._neurons)
        self._leak_lsb = true.registers.leak_lsb.reshape(-1)
        self._network = build_network(true, self.config.router)
        self._fabric = build_fabric(self.config, registers, self._fabric)
        self.posted_weights = self._network.weights.reshape(c.HEMISPHERES, c.ROWS, c.HALVES, c.LANES)
        self.posted_half_rows = self.posted_weights.view(HALF_ROW)[..., 0].swapaxes(1, 2)
        self._scratch = build_scratch(self._neurons.release.size, deliveries=256, batch=SPIKES_PER_STEP + 1024)

    def _install_sensors(self, registers: Registers) -> None:
        """Build the correlation sensors, if a hemisphere has them on; they go on from what the last ones held."""
        before = self.sensors
        if before is not None:
            self._let_sensors_catch_up()
        self.sensors, rows = None, 0
        if registers.correlation_enabled.any():
            self.sensors, rows = CorrelationSensors(sensor_silicon(self.config, registers, self._true)), DRIVEN_ROWS
            if before is not None:
                self.sensors.take_over(before, registers.correlation_enabled)
            else:
                self.sensors.done_ns = int(self._clock[COMMITTED])
        self._queues = self._queues._replace(driven=np.zeros(rows, np.int64))
        self._pack()

    def _pack(self) -> None:
        """Tell compiled code where the arrays are; needed whenever one of them was replaced."""
        self._table = pack(
            *(self._neurons, self._noise, self._network, self._fabric, self._queues, self._scratch, self._bounds)
        )

    @property
    def now_ns(self) -> int:
        """The time up to which everything has happened; nothing can be posted before it."""
        return self._now_ns

    # ------------------------------------------------------------------ time and results

    def advance(self, time_ns: int) -> None:
        """Let everything with a time < ``time_ns`` happen; an earlier time than ``now_ns`` changes nothing."""
        if type(time_ns) is not int:
            time_ns = whole("the time to advance to", time_ns)
        if time_ns <= self._now_ns:
            return
        if time_ns % c.EVENT_CLOCK_NS:
            raise ValueError(f"cannot advance to {time_ns} ns, which is not on the {c.EVENT_CLOCK_NS} ns clock")
        if self.observer is not None and self.observer.next_ns <= time_ns:
            self._be_observed(self.observer, time_ns)
        if self.stimuli is not None:
            self._follow(self.stimuli, time_ns)
        if time_ns - self._now_ns > ADVANCED_AT_ONCE_NS:
            self._advance_far(time_ns)
        self._advance(time_ns)

    def _be_observed(self, observer: Observer, time_ns: int) -> None:
        """Have an observer look at each of its times up to and including ``time_ns``."""
        while (look_ns := observer.next_ns) <= time_ns:
            observer.next_ns = FAR_NS  # nobody looks on the way there
            self.advance(look_ns)
            observer.look(look_ns)

    def _follow(self, stimuli: Stimuli, time_ns: int) -> None:
        """Have all events before a time posted that somebody holds ready, and let happen all but the last of them."""
        while stimuli.next_ns < time_ns:
            stimuli.post_before(time_ns)
            if self._now_ns < stimuli.next_ns < time_ns:
                self._advance_far(stimuli.next_ns)
                self._advance(stimuli.next_ns)

    def _advance_far(self, time_ns: int) -> None:
        """Let what is far before a time happen, a piece at a time."""
        if time_ns >= c.END_NS:
            raise ValueError(f"cannot advance to {time_ns} ns; a chip's time ends at {c.END_NS} ns, which is 19.5 h")
        while time_ns - self._now_ns > ADVANCED_AT_ONCE_NS:
            self._advance(self._now_ns + ADVANCED_AT_ONCE_NS)

    def _advance(self, time_ns: int) -> None:
        while (status := self._entries.advance(time_ns, self._table)) != DONE:
            if status == GROW:
                self._grow()
            else:
                self._let_sensors_catch_up()
        self._now_ns = time_ns
        if time_ns >= self._cut_ns:
            self._cut_record()

    def _grow(self) -> None:
        """Double what may have been too short for one more grid step."""
        deliveries, batch = self._scratch.delivery.shape[0], self._scratch.batch.size
        self._scratch = build_scratch(self._neurons.release.size, 2 * deliveries, 2 * batch)
        self._queues = outgrown(self._queues)
        self._pack()

    def _observe(self, time_ns: int, what: str) -> int:
        """Bring the state just before ``time_ns`` into scratch.out; returns the spikes since the committed time."""
        if type(time_ns) is not int:
            time_ns = whole(f"the time of {what}", time_ns)
        self.advance(time_ns)
        if time_ns < self.now_ns:
            raise RuntimeError(
                f"{what} at {time_ns} ns cannot be seen any more, the analog core has been advanced to {self.now_ns} "
                f"ns; ask earlier, or post a CADC conversion for that time"
            )
        while True:
            spikes = self._entries.observe(time_ns, self._table)
            if spikes != NO_ROOM:
                return spikes
            self._grow()

    def cadc_result(self, ticket: int) -> np.ndarray:
        """Return uint8[2, 128], [half, lane], of a conversion; each conversion can be read once."""
        values = np.empty(c.COLUMNS, np.uint8)
        self.copy_conversion(ticket, values)
        return values.reshape(c.HALVES, c.LANES)

    def copy_conversion(self, ticket: int, values: np.ndarray) -> None:
        """Write a conversion into uint8[n]: n of its values, those of the even half first. Nobody checks the array."""
        if self._conversions and values.size < c.COLUMNS:  # who listens is told of all of it
            values[...] = self.cadc_result(ticket).reshape(-1)[: values.size]
            return
        self.advance(ticket >> 1)
        posted = self._clock, self._queues.conversions, self._queues.conversion_codes
        status = take_conversion(*posted, ticket, values)
        if status == PENDING:  # posted for this very instant after the core had come there
            self._advance(self._now_ns)
            status = take_conversion(*posted, ticket, values)
        if status == MISSING:
            raise RuntimeError(
                f"there is no conversion of hemisphere {ticket & 1} at {ticket >> 1} ns to read; it was not posted, or "
                f"it was read before"
            )
        if self._conversions:
            codes = values.reshape(c.HALVES, c.LANES).copy()
            tell(self._conversions, Conversion(ticket >> 1, ticket & 1, codes))

    def correlation_result(self, ticket: tuple[int, int]) -> np.ndarray:
        """Return uint8[2, 2, 128], [branch, half, lane], causal first, of a row's conversion; it can be read once."""
        time_ns, number = ticket
        answer = self.sensors.result(number) if self.sensors else None
        if answer is not None:  # it came with another one
            return answer
        self.advance(time_ns)
        self._let_sensors_catch_up()
        answer = self.sensors.result(number) if self.sensors else None
        if answer is None and self.sensors and self.sensors.done_ns < time_ns:
            times, info = self._log(self.sensors.done_ns, time_ns)
            while (rows := due_rows(time_ns, self._table)) == NO_ROOM:
                self._grow()
            first = self._clock.item(DRIVEN_COUNT)
            driven = self._queues.driven[first : first + rows]
            answer = self.sensors.observe(time_ns, times, info, driven, number)
        if answer is None:
            raise RuntimeError(
                f"there is no conversion of correlations at {time_ns} ns to read; it was not posted, or it was read "
                f"before"
            )
        return answer

    def _let_sensors_catch_up(self) -> None:
        """Let the sensors see what has been committed."""
        if self.sensors is not None:
            queues, clock = self._queues, self._clock
            until_ns = self._entries.known_until(self._now_ns, self._table)
            self.sensors.catch_up(until_ns, queues, clock.item(LOG_COUNT), clock.item(DRIVEN_COUNT))
            clock[DRIVEN_COUNT] = 0

    def membranes(self, time_ns: int) -> np.ndarray:
        """Return float64[2, 256], by column, all membrane potentials in LSB just before ``time_ns`` >= ``now_ns``."""
        return self.state(time_ns)[U].reshape(c.HEMISPHERES, c.COLUMNS)

    def state(self, time_ns: int) -> np.ndarray:
        """Return float64[3, 512] just before ``time_ns`` >= ``now_ns``: membranes, excitatory and inhibitory currents.

        All in LSB: a current is where it would take the membrane from its leak potential, if it lasted. Both circuits
        of a merged neuron have what the neuron has. A neuron that is not enabled rests at its leak potential.
        """
        self._observe(time_ns, "a membrane")
        found = np.zeros((3, c.NEURONS))
        found[:, self._simulated] = self._scratch.out[:, self._membrane_slots]
        found[U] += self._leak_lsb
        return found

    def spikes(self, start_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the spikes that the FPGA records in ``start_ns <= t < end_ns``: int64[m] times, uint16[m] labels.

        They are in the order of (time, neuron); labels that the crossbar returns from the FPGA come after neurons, then
        those of background generators.
        Raises RuntimeError where the record does not reach back that far, see :attr:`recorded_from_ns`.
        """
        start_ns, end_ns = self._check_recorded(start_ns, end_ns)
        times, info = self._log(start_ns, end_ns)
        recorded = (info >> RECORDED_SHIFT) == 1
        return times[recorded], (info[recorded] & 0xFFFF).astype(np.uint16)

    def pack_spikes(self, start_ns: int, end_ns: int, tick_ns: int, words: np.ndarray) -> int:
        """Write what :meth:`spikes` returns into uint32 words, ``time stamp << 16 | label``; returns the count.

        Time stamps count ``tick_ns`` since ``start_ns``; spikes beyond the room in ``words`` are counted only.
        """
        start_ns, end_ns = self._check_recorded(start_ns, end_ns)
        found = self._entries.pack_log(self._table, start_ns, end_ns, tick_ns, words)
        if found != NOT_COMMITTED:
            return found
        times, labels = self.spikes(start_ns, end_ns)
        kept = min(times.size, words.size)
        words[:kept] = ((times[:kept] - start_ns) // tick_ns << 16) | labels[:kept]
        return times.size

    def all_spikes(self, start_ns: int = 0, end_ns: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return all spikes of neurons, recorded or not: int64[m] times and int64[m] neurons; up to now by default.

        Raises RuntimeError where the record does not reach back that far, see :attr:`recorded_from_ns`.
        """
        end_ns = self.now_ns if end_ns is None else end_ns
        start_ns, end_ns = self._check_recorded(start_ns, end_ns)
        return self.known_spikes(start_ns, end_ns)

    @property
    def recorded_from_ns(self) -> int:
        """From when on all spikes are in the record: 0 unless it was cut."""
        return self._forgotten_ns

    def _check_recorded(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Let pass what an interval asks for, which may cut the record, and refuse one that begins before it.

        Returns the interval as Python's integers.
        """
        if not type(start_ns) is type(end_ns) is int:
            start_ns, end_ns = whole("the first time of spikes", start_ns), whole("the last time of spikes", end_ns)
        if end_ns > self._now_ns:
            self.advance(end_ns)
        if start_ns < self._forgotten_ns:
            raise RuntimeError(
                f"the record of spikes begins at {self._forgotten_ns} ns, and those from {start_ns} ns on are asked "
                "for; set chip.keep_spikes = True before the run, or ask from core.recorded_from_ns on"
            )
        return start_ns, end_ns

    def known_spikes(self, start_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return as :meth:`all_spikes` those that are in the record, be they all of the interval or not."""
        times, info = self._log(start_ns, end_ns)
        source = (info >> SOURCE_SHIFT) & 0x7FF
        kept = source < c.NEURONS
        return times[kept], source[kept]

    def _log(self, start_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return times and infos in an interval, with the spikes of a grid step that is not committed yet."""
        self.advance(end_ns)
        count = self._clock[LOG_COUNT]
        times, info = self._queues.log_time[:count], self._queues.log_info[:count]
        first, last = np.searchsorted(times, (start_ns, end_ns))
        times, info = times[first:last].copy(), info[first:last].copy()
        committed_ns = int(self._clock[COMMITTED])
        if end_ns > committed_ns:
            batch = np.sort(self._scratch.batch[: self._observe(self.now_ns, "a spike")])
            late = committed_ns + (batch >> EDGE_SHIFT) * EDGE_NS
            source, label = (batch >> SOURCE_SHIFT) & 0x7FF, batch & 0xFFFF
            neuron = np.minimum(source, c.NEURONS - 1)
            own = source < c.NEURONS
            label = np.where(own, self._network.routes[neuron, ROUTE_LABEL], label)
            recorded = np.where(own, self._network.routes[neuron, ROUTE_RECORDED], 1)
            kept = (late >= start_ns) & (late < end_ns)
            times = np.concatenate([times, late[kept]])
            words = (recorded << RECORDED_SHIFT) | (source << SOURCE_SHIFT) | label
            info = np.concatenate([info, words[kept]])
        return times, info

    def spike_counts(self, neurons: np.ndarray, times_ns: np.ndarray) -> np.ndarray:
        """Return int64[n]: how often each of int64[n] neurons has spiked before its time, since the core was built.

        The latest time is brought about; the record must reach back to the earliest, see :meth:`keep_record`.
        """
        times, neurons = int64s("times of counts of spikes", times_ns), int64s("neurons to count", neurons)
        if not times.size or times.size != neurons.size or not 0 <= neurons.min() <= neurons.max() < c.NEURONS:
            raise ValueError(
                f"{times.size} times are given for {neurons.size} neurons to count; give a time for each of one or "
                f"more neurons in 0..{c.NEURONS - 1}"
            )
        self.advance(int(times.max()))
        start_ns = int(times.min())
        if start_ns < self._forgotten_ns:
            raise RuntimeError(
                f"spikes are to be counted as of {start_ns} ns, but the record begins at {self._forgotten_ns} ns; call "
                f"keep_record before"
            )
        committed_ns = int(self._clock[COMMITTED])
        spike_ns, source = self.known_spikes(min(start_ns, committed_ns), self._now_ns)  # what came since is there
        late = np.zeros(c.NEURONS, np.int64)
        np.add.at(late, source[spike_ns >= committed_ns], 1)
        counts = (self._queues.fired + late)[neurons]
        slot = np.full(c.NEURONS, -1)
        slot[neurons] = np.arange(len(neurons))
        after = (slot[source] >= 0) & (spike_ns >= times[slot[source]])
        np.subtract.at(counts, slot[source[after]], 1)
        return counts

    def spike_totals(self, time_ns: int) -> np.ndarray:
        """Return int64[512]: how often each neuron has spiked before a time >= ``now_ns``, since the core was built."""
        late = self._observe(time_ns, "a count of spikes")
        source = (self._scratch.batch[:late] >> SOURCE_SHIFT) & 0x7FF
        totals = self._queues.fired.copy()
        np.add.at(totals, source[source < c.NEURONS], 1)
        return totals

    def keep_record(self, from_ns: int) -> None:
        """Keep the record of spikes from a time on, whatever :meth:`forget_before` says, until it is counted."""
        self._kept_ns.append(whole("the time from which spikes are kept", from_ns))

    def release_record(self, from_ns: int) -> None:
        """Take back one :meth:`keep_record`."""
        self._kept_ns.remove(from_ns)

    def forget_before(self, time_ns: int) -> None:
        """Drop the record of spikes before a time, so that memory stays flat in a long run."""
        time_ns = whole("the time before which spikes are forgotten", time_ns)
        self._let_sensors_catch_up()
        time_ns = min([time_ns, *self._kept_ns])
        if self.observer is not None:
            self.observer.forgets(time_ns)
        self._forgotten_ns = max(self._forgotten_ns, time_ns)
        count = self._clock[LOG_COUNT]
        first = np.searchsorted(self._queues.log_time[:count], time_ns)
        for log in (self._queues.log_time, self._queues.log_info):
            log[: count - first] = log[first:count].copy()
        self._clock[LOG_COUNT] = count - first

    def _cut_record(self) -> None:
        """Drop what is old of a record that is not kept: at fixed times, so that nobody's look makes a difference."""
        self._cut_ns = (self._now_ns // RECORD_NS + 1) * RECORD_NS
        if not self.keeps_record:
            until_ns = self._cut_ns - 2 * RECORD_NS
            for reader in tuple(self.readers):
                reader(self, until_ns)
            self.forget_before(until_ns)

    @property
    def counters(self) -> dict[str, int]:
        """Counters of all committed time, a multiple of the grid not later than ``now_ns``.

        ``sent``: copies of events put on PADI busses; ``sent == delivered + lost + in_flight`` always.
        ``waiting``: events from the FPGA and from processors that are posted for later.
        """
        clock = self._clock
        waiting = int(clock[EVENT_TAIL] - clock[EVENT_HEAD] + clock[INJECTION_TAIL] - clock[INJECTION_HEAD])
        return dict(zip(COUNTERS, self._queues.tally.tolist(), strict=True), waiting=waiting)

    @property
    def fabric_counts(self) -> FabricCounts:
        """What events have lost where they queue, by cause and place, of all committed time as :attr:`counters`."""
        return counts_of(self._fabric, self._queues.tally)

    def weights(self, time_ns: int | None = None) -> np.ndarray:
        """Return uint8[2, 256, 256], [hemisphere, row, column], as they are just before a time, ``now_ns`` by default.

        A time behind ``now_ns`` takes what is posted by now for what will be.
        """
        time_ns = self.now_ns if time_ns is None else whole("the time of weights", time_ns)
        if time_ns < self.now_ns:
            raise RuntimeError(
                f"weights at {time_ns} ns cannot be seen any more, the analog core has been advanced to {self.now_ns} "
                "ns; ask earlier"
            )
        queues, rows = self._queues, self._network.weights.copy()
        for i in range(self._clock[WRITE_TAIL] - 1, self._clock[WRITE_HEAD] - 1, -1):
            if queues.writes[i] >> 10 >= time_ns:
                rows[queues.writes[i] & 0x3FF] = queues.replaced[i]
        return to_columns(rows.reshape(c.HEMISPHERES, c.ROWS, c.HALVES, c.LANES))

    def weights_of(self, synapses: np.ndarray) -> np.ndarray:
        """Return uint8[n], the weights of int64[n, 3] synapses, hemisphere, row and column, just before ``now_ns``."""
        queues, (hemispheres, rows, columns) = self._queues, synapses.T
        row_halves = (hemispheres * c.ROWS + rows) * c.HALVES + columns % c.HALVES
        lanes = columns // c.HALVES
        found = self._network.weights[row_halves, lanes]
        head, tail = self._clock[WRITE_HEAD], self._clock[WRITE_TAIL]
        to_come = queues.writes[head:tail] >> 10 >= self._now_ns
        for i in head + np.flatnonzero(to_come & np.isin(queues.writes[head:tail] & 0x3FF, row_halves))[::-1]:
            replaced = row_halves == queues.writes[i] & 0x3FF
            found[replaced] = queues.replaced[i][lanes[replaced]]
        return found

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return all that the future and the record depend on but registers and ``stimuli``, as a dict of arrays."""
        self._let_sensors_catch_up()
        saved = snapshot_state(self._neurons, self._network, self._fabric, self._queues)
        saved["forgotten"] = np.array([self._forgotten_ns])
        saved["kept"] = np.array(self._kept_ns, np.int64)
        return saved if self.sensors is None else saved | self.sensors.snapshot()

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a snapshot of a core with the same registers.

        Raises:
            ValueError: it is of a core with others; then nothing has changed.
        """
        if self.sensors is not None:
            self.sensors.check(saved)
        self._queues = restore_state(saved, self._neurons, self._network, self._fabric, self._queues)
        self._pack()
        self._now_ns = int(self._clock[NOW])
        self._cut_ns = (self._now_ns // RECORD_NS + 1) * RECORD_NS
        self._forgotten_ns, self._kept_ns = int(saved["forgotten"][0]), saved["kept"].tolist()
        if self.sensors is not None:
            self.sensors.restore(saved)
        if self.observer is not None:
            self.observer.begin_anew()
