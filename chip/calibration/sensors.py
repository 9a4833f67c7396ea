"""The correlation sensors of all synapses at once: their channels' offsets, amplitudes, time constants and trims.

Every driver takes every event, so one event reaches all rows at once; the synapses of one driver have label 1 and
make all neurons spike, all others have label 0 and no weight. Pairs at two delays give two readings of each branch,

    reading_i = count * amplitude * exp(-delay_i / tau),

and with them amplitude and time constant. The driver that makes neurons spike sees no pairs; it is measured with
another in its place. What a step of a trim does is not taken for granted: sensors are measured at all four, and each
synapse keeps the one at which its two branches come nearest to what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chip.base import constants as c
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.calibration.bench import Bench
from chip.silicon.capmem import TRIM_MAX, AnalogCodes

AMPLITUDE_LSB, TAU_US = 1.0, 5.0  # what is asked for
PAIRS = 48  # 63 LSB at a trim of 3 with mismatch: far from saturation
DELAYS_US = (0.5, 5.5)
PAUSE_US = 40.0  # 8 time constants: what one pair leaves for the next is below a thousandth
EFFICACY_LSB = 150.0  # a spike within 50 ns
EMPTY_READS = 4
DRIVERS = (c.DRIVERS - 1, 0)  # that make neurons spike, one after the other
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)


def stimulus(driver: int) -> Registers:
    """Return registers with all sensors on, and one driver that makes all neurons spike."""
    registers = Registers()
    registers.enabled[...] = True
    registers.tau_syn_exc_ns[...] = 500.0
    registers.refractory_ns[...] = 10_000
    registers.efficacy_lsb[...] = EFFICACY_LSB
    registers.padi_from_processor[...] = True
    registers.compare_mask[...] = 0
    registers.row_mode[...] = ROW_EXCITATORY
    registers.labels[:, 2 * driver : 2 * driver + 2] = 1
    registers.weights[:, 2 * driver : 2 * driver + 2] = c.WEIGHT_MAX
    registers.correlation_enabled[...] = True
    registers.correlation_amplitude_lsb[...] = AMPLITUDE_LSB
    registers.correlation_tau_ns[...] = 1000 * TAU_US
    return registers


def read_empty(bench: Bench, codes: AnalogCodes) -> np.ndarray:
    """Return float64[2 branches, 2, 256]: what channels read of sensors without correlation, on average over rows."""
    bench.write(stimulus(DRIVERS[0]), codes, settle_us=10.0)
    bench.reset_sensors()
    return np.mean([bench.read_sensors().mean(axis=2) for _ in range(EMPTY_READS)], axis=0)


def read_sensors(bench: Bench, codes: AnalogCodes, amplitude_trim: int, time_trim: int) -> np.ndarray:
    """Return float32[2, 2, 2, 256, 256]: amplitudes in LSB and time constants in us, of both branches, at two trims.

    NaN where no correlation was seen. The trims of ``codes`` are added to, so they should be 1.
    """
    found = np.full((2, 2, *_SYNAPSES), np.nan, np.float32)
    for driver in DRIVERS:
        registers = stimulus(driver)
        registers.correlation_amplitude_trim[...] = amplitude_trim
        registers.correlation_time_trim[...] = time_trim
        bench.write(registers, codes, settle_us=10.0)
        readings = [_pairs(bench, delay_us) for delay_us in DELAYS_US]
        with np.errstate(divide="ignore", invalid="ignore"):
            tau_us = (DELAYS_US[1] - DELAYS_US[0]) / np.log(readings[0] / readings[1])
            amplitude = readings[0] / PAIRS * np.exp(DELAYS_US[0] / tau_us)
        measured = np.stack([amplitude, tau_us])
        seen = np.isfinite(measured).all(axis=0) & (tau_us > 0)
        seen[:, :, 2 * driver : 2 * driver + 2] = False
        found[:, seen] = measured[:, seen]
    return found


def _pairs(bench: Bench, delay_us: float) -> np.ndarray:
    """Return float64[2, 2, 256, 256]: by how much pairs of one delay lower the readings."""
    bench.reset_sensors()
    before = bench.read_sensors().astype(float)
    bench.pair(PAIRS, delay_us, PAUSE_US)
    return before - bench.read_sensors()


def choose_trims(
    bench: Bench, codes: AnalogCodes, tell: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return int64[2, 256, 256] trims of amplitude and time constant, and what was measured at trims of 1."""
    targets = np.array([AMPLITUDE_LSB, TAU_US], np.float32)[:, None, None, None]
    best = np.full((2, *_SYNAPSES), np.inf)
    trims = np.ones((2, *_SYNAPSES), np.int64)
    before = None
    for trim in (1, *(other for other in range(TRIM_MAX + 1) if other != 1)):
        tell("correlation_amplitude")
        measured = read_sensors(bench, codes, trim, trim)
        if before is None:
            before = measured
        with np.errstate(invalid="ignore"):
            error = np.abs(np.log(measured).mean(axis=1) - np.log(targets))
        better = error < best  # nothing is better than NaN
        best[better], trims[better] = error[better], trim
    return trims[0], trims[1], before
