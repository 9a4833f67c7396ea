"""A chip on a lab's bench: registers, codes and events go in, readings of the CADC and the spike counters come out.

Nothing else comes out: a calibration that has only a :class:`Bench` cannot know a true parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.grid import BLOCK_NS
from chip.base.lanes import to_columns
from chip.base.registers import Registers
from chip.core.core import AnalogCore
from chip.silicon.capmem import AnalogCodes

READ_PITCH_NS = 1_708  # between two conversions: the shortest on the clock that drifts over the grid of the simulation
COUNTER_FULL = 256  # what a spike counter of 8 bits with its overflow flag tells at most
NS_PER_US = 1_000
RESET_NS = c.CORRELATION_RESET_CYCLES * c.PPU_CLOCK_NS  # of the sensors of a row half
ALL_BUSSES = (1 << c.PADI_BUSSES) - 1


class Bench:
    """Drives the analog core of one chip; its time goes on from one measurement to the next.

    Raises:
        ValueError: conversions follow each other faster than the CADC can.
    """

    def __init__(self, config: ChipConfig):
        self.config = config
        self._core: AnalogCore | None = None
        self.conversions = 0
        self._held_ns = 0  # for how long a reset holds membranes

    @property
    def now_ns(self) -> int:
        return 0 if self._core is None else self._core.now_ns

    def write(self, registers: Registers, codes: AnalogCodes, settle_us: float) -> None:
        """Write all registers and codes, and wait."""
        if self._core is None:
            self._core = AnalogCore(self.config, registers, codes)
        else:
            self._core.advance(-(-self.now_ns // BLOCK_NS) * BLOCK_NS)
            self._core.configure(registers, codes)
        self._held_ns = int((registers.refractory_ns - registers.holdoff_ns).max())
        self._core.forget_before(self.now_ns)
        self.wait(settle_us)

    def wait(self, time_us: float) -> None:
        """Let time pass."""
        self._core.advance(self.now_ns + on_clock(time_us))

    def read(self, count: int) -> np.ndarray:
        """Return uint8[count, 2, 256]: readings of all channels, as fast as they come."""
        return self._read(self.now_ns + READ_PITCH_NS * np.arange(1, count + 1))

    def read_after_resets(self, delays_us: np.ndarray, pause_us: float) -> np.ndarray:
        """Reset all neurons, as often as needed, and return uint8[delays, 2, 256]; delays count from the release.

        A reset fires its neuron: spike counters count it, and the membrane is held for the refractory time.
        """
        return self._shots(delays_us, pause_us, self._reset)

    def read_after_events(self, delays_us: np.ndarray, pause_us: float) -> np.ndarray:
        """Send an event with label 0 to driver 0 of either hemisphere, and return uint8[delays, 2, 256]."""
        return self._shots(delays_us, pause_us, self._event)

    def read_sensors(self) -> np.ndarray:
        """Return uint8[2 branches, 2, 256 rows, 256]: the correlation sensors of all synapses, row after row."""
        rows = range(c.ROWS)
        times = self.now_ns + READ_PITCH_NS * np.arange(1, c.ROWS + 1)
        tickets = [[self._core.post_correlation(int(times[row]), side, row) for side in range(2)] for row in rows]
        self._core.advance(int(times[-1]) + c.EVENT_CLOCK_NS)
        self.conversions += c.ROWS
        found = np.array([[self._core.correlation_result(each) for each in pair] for pair in tickets])
        return to_columns(found).transpose(2, 1, 0, 3)

    def reset_sensors(self) -> None:
        """Reset the correlation sensors of all synapses, row after row."""
        for row in range(c.ROWS):
            self.wait(2 * RESET_NS / NS_PER_US)
            for side in range(c.HEMISPHERES):
                self._core.post_whole_correlation_reset(self.now_ns + RESET_NS, RESET_NS, side, row)
        self.wait(3 * RESET_NS / NS_PER_US)

    def pair(self, count: int, delay_us: float, pause_us: float) -> None:
        """Send events to all drivers, so often: label 0, 1 and 0 again, a delay apart, then a pause."""
        delay_ns, pause_ns = on_clock(delay_us), on_clock(pause_us)
        for _ in range(count):
            start_ns = self.now_ns + c.EVENT_CLOCK_NS
            for number, label in enumerate((0, 1, 0)):
                for side in range(c.HEMISPHERES):
                    self._core.post_padi_event(start_ns + number * delay_ns, side, ALL_BUSSES, 0, label)
            self._core.advance(start_ns + 2 * delay_ns + pause_ns)

    def count_spikes(self, time_us: float) -> np.ndarray:
        """Return int64[2, 256], 0..256: how often each neuron spikes in a time; 256 is a counter that overflowed."""
        neurons = np.arange(c.NEURONS)
        before = self._core.spike_counts(neurons, np.full(c.NEURONS, self.now_ns))
        self.wait(time_us)
        after = self._core.spike_counts(neurons, np.full(c.NEURONS, self.now_ns))
        return np.minimum(after - before, COUNTER_FULL).reshape(c.HEMISPHERES, c.COLUMNS)

    def _shots(self, delays_us: np.ndarray, pause_us: float, fire) -> np.ndarray:
        """Read at rising delays after the time that ``fire`` returns for the one at which it is to act.

        Delays too close for one shot are spread over several.
        """
        delays = np.array([on_clock(delay) for delay in delays_us])
        readings = np.zeros((len(delays), c.HEMISPHERES, c.COLUMNS), np.uint8)
        for members in shots(delays):
            start_ns = self.now_ns + on_clock(1.0)
            readings[members] = self._read(fire(start_ns) + delays[members])
            self.wait(pause_us)
        return readings

    def _reset(self, time_ns: int) -> int:
        for hemisphere, half in np.ndindex(c.HEMISPHERES, c.HALVES):
            self._core.post_neuron_reset(time_ns, hemisphere, half)
        return time_ns + self._held_ns

    def _event(self, time_ns: int) -> int:
        for hemisphere in range(c.HEMISPHERES):
            self._core.post_padi_event(time_ns, hemisphere, 1, 0, 0)
        return time_ns

    def _read(self, times_ns: np.ndarray) -> np.ndarray:
        if (np.diff(times_ns) < c.CADC_SAMPLE_PERIOD_NS).any():
            raise ValueError(f"conversions of the CADC must be {c.CADC_SAMPLE_PERIOD_NS} ns or more apart")
        tickets = [[self._core.post_cadc(int(time), side) for side in range(c.HEMISPHERES)] for time in times_ns]
        self.conversions += len(tickets)
        return np.stack([to_columns(np.stack([self._core.cadc_result(each) for each in pair])) for pair in tickets])


def on_clock(time_us: float) -> int:
    """Return a time in ns on the event clock, at least one edge."""
    return max(1, round(time_us * NS_PER_US / c.EVENT_CLOCK_NS)) * c.EVENT_CLOCK_NS


def shots(delays_ns: np.ndarray) -> Sequence[list[int]]:
    """Divide rising delays into few groups whose members are far enough apart for one channel; returns indices."""
    groups: list[list[int]] = []
    for index, delay in enumerate(delays_ns):
        free = (group for group in groups if delay - delays_ns[group[-1]] >= c.CADC_SAMPLE_PERIOD_NS)
        group = next(free, None)
        if group is None:
            group = []
            groups.append(group)
        group.append(index)
    return groups
