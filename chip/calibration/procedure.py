"""The calibration of a chip: one parameter after the other is measured at several codes, and a line put through it.

Everything is measured on all 512 neurons at once. First the offsets of the CADC, through which all else is seen; then
potentials, since decays need them; the membrane's time constants; thresholds, which want slow membranes; the synapses'
time constants, which want fast ones; last the correlation sensors, which need neurons that spike when they should.
What is calibrated already is used by what comes after.

A line per neuron, parameter and range, rather than one code for one target: so a chip is calibrated once, whatever
values the programs ask for that will run on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.calibration import measurements as measure
from chip.calibration import sensors
from chip.calibration.bench import Bench
from chip.calibration.calibration import (
    ACAUSAL,
    CADC,
    QUANTITIES,
    SENSORS,
    TARGETS,
    Calibration,
    identity,
    running_version,
)
from chip.calibration.fits import fit_lines
from chip.silicon.capmem import (
    LEAK,
    PARAMETERS,
    RANGES,
    RESET,
    TAU_MEM,
    TAU_SYN_EXC,
    TAU_SYN_INH,
    THRESHOLD,
    TIMES,
    TRIM_CENTRE,
    TRIM_MAX,
    AnalogCodes,
    design,
    values_of,
)

ORDER = (LEAK, RESET, TAU_MEM, THRESHOLD, TAU_SYN_EXC, TAU_SYN_INH)
LEVELS_LSB = {
    LEAK: (45.0, 80.0, 120.0, 165.0),
    RESET: (45.0, 80.0, 120.0, 165.0),
    THRESHOLD: (60.0, 110.0, 160.0, 205.0),
}
FASTEST_CODES, OTHER_CODES = (120, 200, 300, 450), (120, 280, 520, 900)  # of time constants, by range
REST_US, SLOW_US, FAST_US, FIRING_US = 2.0, 60.0, 0.5, 20.0  # membranes
SENSOR_MEASUREMENTS = 2 + (TRIM_MAX + 1) + 1  # acausal channels; every trim; what has come of it
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)
Progress = Callable[[int, int, str], None]


def calibrate(config: ChipConfig, progress: Progress | None = None) -> Calibration:
    """Measure a chip and return what was found.

    ``progress`` is called before every measurement with their count so far and in all and the parameter's name, and
    once at the end.

    Raises:
        ValueError: this chip's neurons have no codes.
    """
    if not config.capmem.used:
        raise ValueError(
            f"the chip {config.profile} needs no calibration: its neurons have no codes; calibrate the chip raw"
        )
    return Procedure(config, progress).run()


class Procedure:
    """One calibration under way.

    Attributes:
        curves: the design's at first, then what was measured.
    """

    def __init__(self, config: ChipConfig, progress: Progress | None):
        self.bench = Bench(config)
        self.curves = design()
        self._progress = progress or (lambda done, total, name: None)
        self._done = 0
        self._offset, self._acausal_offset = np.zeros((2, c.HEMISPHERES, c.COLUMNS), np.int64)
        self._trims = np.full((2, *_SYNAPSES), TRIM_CENTRE, np.int64)
        self._sensors_before, self._sensors_after = np.full((2, len(SENSORS), 2, *_SYNAPSES), np.nan, np.float32)
        self._good = np.ones((len(PARAMETERS), c.HEMISPHERES, c.COLUMNS), bool)
        self._before, self._after = (np.full((len(QUANTITIES), c.HEMISPHERES, c.COLUMNS), np.nan) for _ in range(2))
        self._tau_mem_us: np.ndarray | None = None  # of the fast membranes that synapses are measured with

    def run(self) -> Calibration:
        """Do all of it."""
        self._channels()
        for parameter in ORDER:
            self._parameter(parameter)
        self._acausal_channels()
        self._sensors()
        self._progress(self._done, self._done, "done")
        return self.result()

    def result(self) -> Calibration:
        """Return what has been found so far."""
        config = self.bench.config
        return Calibration(
            chip=identity(config),
            version=running_version(),
            chip_seconds=self.bench.now_ns * 1e-9,
            slope=self.curves.slope,
            zero=self.curves.zero,
            good=self._good,
            cadc_offset=self._offset,
            acausal_offset=self._acausal_offset,
            amplitude_trim=self._trims[0],
            time_trim=self._trims[1],
            before=self._before,
            after=self._after,
            sensors_before=self._sensors_before,
            sensors_after=self._sensors_after,
        )

    @property
    def total(self) -> int:
        """How many measurements there are: of the CADC, of potentials, of time constants and of sensors."""
        potentials, times = len(LEVELS_LSB), len(PARAMETERS) - len(LEVELS_LSB)
        neurons = potentials * (2 + len(LEVELS_LSB[LEAK])) + times * (2 + RANGES * len(OTHER_CODES)) + 1
        return 2 + neurons + SENSOR_MEASUREMENTS

    def _tell(self, name: str) -> None:
        self._progress(self._done, self.total, name)
        self._done += 1

    def _channels(self) -> None:
        index = QUANTITIES.index(CADC)
        self._tell(CADC)
        self._before[index] = measure.read_reference(self.bench, self._codes())
        offset = -np.rint(self._before[index]).astype(np.int64)
        self._offset = np.clip(offset, c.CADC_OFFSET_MIN, c.CADC_OFFSET_MAX)
        self._tell(CADC)
        self._after[index] = measure.read_reference(self.bench, self._codes())

    def _acausal_channels(self) -> None:
        index = QUANTITIES.index(ACAUSAL)
        for found in (self._before, self._after):
            self._tell(ACAUSAL)
            empty = sensors.read_empty(self.bench, self._sensor_codes())[1]
            found[index] = empty - empty.mean()
            if found is self._before:
                offset = -np.rint(found[index]).astype(np.int64)
                self._acausal_offset = np.clip(offset, c.CADC_OFFSET_MIN, c.CADC_OFFSET_MAX)

    def _sensors(self) -> None:
        *trims, self._sensors_before = sensors.choose_trims(self.bench, self._sensor_codes(), self._tell)
        self._trims = np.stack(trims)
        self._tell(SENSORS[0])
        self._sensors_after = sensors.read_sensors(self.bench, self._sensor_codes(), TRIM_CENTRE, TRIM_CENTRE)

    def _sensor_codes(self) -> AnalogCodes:
        """Return codes for what sensors are measured with, with the trims that are known so far."""
        registers = sensors.stimulus(sensors.DRIVERS[0])
        return AnalogCodes(*self.curves.codes(values_of(registers)), self._offset, self._acausal_offset, *self._trims)

    def _parameter(self, parameter: int) -> None:
        name = PARAMETERS[parameter]
        index, target = QUANTITIES.index(name), TARGETS[name]
        if parameter == TAU_SYN_EXC:
            self._tell(name)
            codes = self._codes(leak=70.0, reset=160.0, tau_mem=FAST_US)
            self._tau_mem_us = measure.read_tau_mem(self.bench, codes, FAST_US)
        self._before[index] = self._measure(parameter, *self._of(parameter, target), target)
        for number in range(RANGES if parameter >= TIMES.start else 1):
            points = self._points(parameter, number)
            found = [self._measure(parameter, *self._same(code, number), value) for code, value in points]
            self._fit(parameter, number, np.array([code for code, _ in points]), np.stack(found))
        self._after[index] = self._measure(parameter, *self._of(parameter, target), target)

    def _points(self, parameter: int, number: int) -> list[tuple[int, float]]:
        """Return the codes to measure at, and what they come to by design."""
        slope, zero = (array[parameter, number, 0, 0] for array in design())
        if parameter in LEVELS_LSB:
            return [(round(zero + level / slope), level) for level in LEVELS_LSB[parameter]]
        return [(code, 1.0 / (slope * (code - zero))) for code in (OTHER_CODES if number else FASTEST_CODES)]

    def _fit(self, parameter: int, number: int, codes: np.ndarray, found: np.ndarray) -> None:
        time = parameter >= TIMES.start
        slope, zero, good = fit_lines(codes, 1.0 / found if time else found, relative=time)
        ranges = slice(number, number + 1) if time else slice(0, RANGES)
        self.curves.slope[parameter, ranges] = np.where(good, slope, self.curves.slope[parameter, ranges])
        self.curves.zero[parameter, ranges] = np.where(good, zero, self.curves.zero[parameter, ranges])
        self._good[parameter] &= good

    def _measure(self, parameter: int, code: np.ndarray, number: np.ndarray, expected: float) -> np.ndarray:
        """Return float64[2, 256] of a parameter at int64[2, 256] codes and ranges, ``expected`` by design."""
        self._tell(PARAMETERS[parameter])
        bench = self.bench

        def with_code(**values: float) -> AnalogCodes:
            return self._codes((parameter, code, number), **values)

        if parameter == LEAK:
            return measure.read_leak(bench, with_code(tau_mem=REST_US), 15 * REST_US)
        if parameter == RESET:
            return measure.read_reset(bench, with_code(tau_mem=SLOW_US))
        if parameter == THRESHOLD:
            codes = with_code(leak=250.0, reset=20.0, tau_mem=FIRING_US)
            return measure.read_threshold(bench, codes, 4 * FIRING_US)
        if parameter == TAU_MEM:
            return measure.read_tau_mem(bench, with_code(leak=70.0, reset=160.0), expected)
        inhibitory = parameter == TAU_SYN_INH
        codes = with_code(leak=165.0 if inhibitory else 90.0, tau_mem=FAST_US)
        return measure.read_tau_syn(bench, codes, expected, self._tau_mem_us, inhibitory)

    def _codes(self, own: tuple[int, np.ndarray, np.ndarray] | None = None, **values: float) -> AnalogCodes:
        """Return codes for what ``TARGETS`` and ``values`` ask for; one parameter may have its own codes and ranges."""
        wanted = np.array([(TARGETS | values)[name] for name in PARAMETERS])
        codes, ranges = self.curves.codes(np.broadcast_to(wanted[:, None, None], self._good.shape))
        if own is not None:
            parameter, codes[own[0]], ranges[own[0]] = own
        return AnalogCodes(codes, ranges, self._offset)

    def _of(self, parameter: int, value: float) -> tuple[np.ndarray, np.ndarray]:
        codes = self._codes(**{PARAMETERS[parameter]: value})
        return codes.codes[parameter], codes.ranges[parameter]

    def _same(self, code: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        shape = self._offset.shape
        return np.full(shape, code), np.full(shape, number)
