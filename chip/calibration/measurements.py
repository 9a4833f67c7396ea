"""How each parameter of all neurons is measured on a :class:`chip.calibration.bench.Bench`, at given codes.

==============  ====================================================================================================
CADC offset     all channels on one reference potential
leak            comparators off; the mean of readings at rest
reset           comparators off; the reading behind the release after a neuron reset, while membranes are slow
threshold       leak potential above the threshold; the highest of many readings, where the counter says that it fires
tau_mem         comparators off; readings at rising delays after the release from a reset that is far from the leak
tau_syn         comparators off, membranes fast; readings at rising delays after one event on a row of synapses
==============  ====================================================================================================

All return float64[2, 256], LSB or us, NaN where a neuron gave no answer.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from chip.calibration.bench import Bench
from chip.calibration.fits import fit_rate
from chip.silicon.capmem import AnalogCodes

REFERENCES_LSB = (60.0, 100.0, 140.0, 180.0)
READS, RESETS = 64, 8
WHOLE_RESET_NS = 4_000  # in which a reset arrives: eight time constants of the fastest one
PEAK_READS = 400
DELAYS = 24  # of a decay
DECAY_FROM, DECAY_TO = 0.05, 8.0  # in time constants of the design: enough for neurons three times off
DECAY_SWEEPS, PULSE_SWEEPS = 12, 8
PULSE_LSB = 70.0  # height of a postsynaptic potential by design
CLIPPED_SHARE = 0.1  # of the readings of a neuron that may lie at an end of the CADC


def neurons(spiking: bool = False) -> Registers:
    """Return registers with all neurons on; synapses are silent, and without comparators a reset arrives."""
    registers = Registers()
    registers.enabled[...] = True
    registers.spiking[...] = spiking
    registers.refractory_ns[...] = 400 if spiking else WHOLE_RESET_NS
    return registers


def read_reference(bench: Bench, codes: AnalogCodes) -> np.ndarray:
    """Return by how many LSB each channel reads more than the reference potential."""
    found = []
    for level in REFERENCES_LSB:
        registers = Registers()
        registers.cadc_reference_lsb[...] = level
        bench.write(registers, codes, settle_us=10.0)
        found.append(bench.read(READS).mean(axis=0) - level)
    return np.mean(found, axis=0)


def read_leak(bench: Bench, codes: AnalogCodes, settle_us: float) -> np.ndarray:
    """Return leak potentials in LSB."""
    bench.write(neurons(), codes, settle_us)
    return _unclipped(bench.read(READS)).mean(axis=0)


def read_reset(bench: Bench, codes: AnalogCodes) -> np.ndarray:
    """Return reset potentials in LSB; ``codes`` should make membranes slow."""
    bench.write(neurons(), codes, settle_us=10.0)
    delay = np.array([0.008])
    readings = [bench.read_after_resets(delay, pause_us=1.0)[0] for _ in range(RESETS)]
    return _unclipped(np.stack(readings)).mean(axis=0)


def read_threshold(bench: Bench, codes: AnalogCodes, settle_us: float) -> np.ndarray:
    """Return thresholds in LSB; ``codes`` should put leak potentials above them and reset potentials below."""
    bench.write(neurons(spiking=True), codes, settle_us)
    fires = bench.count_spikes(settle_us) > 0
    peak = bench.read(PEAK_READS).max(axis=0).astype(float)
    return np.where(fires & (peak < c.CADC_MAX), peak, np.nan)


def read_tau_mem(bench: Bench, codes: AnalogCodes, expected_us: float) -> np.ndarray:
    """Return membrane time constants in us; ``codes`` should put reset potentials far from leak potentials."""
    bench.write(neurons(), codes, settle_us=10 * expected_us)
    delays = expected_us * np.geomspace(DECAY_FROM, DECAY_TO, DELAYS)
    readings = [bench.read_after_resets(delays, pause_us=1.0) for _ in range(DECAY_SWEEPS)]
    return _decay(np.mean([_unclipped(each) for each in readings], axis=0), delays, expected_us, None)


def read_tau_syn(
    bench: Bench, codes: AnalogCodes, expected_us: float, tau_mem_us: np.ndarray, inhibitory: bool
) -> np.ndarray:
    """Return synaptic time constants in us; ``tau_mem_us`` float64[2, 256] is what membranes have with these codes."""
    registers = neurons()
    membrane_us = float(np.nanmedian(tau_mem_us))
    registers.padi_from_processor[:, 0] = True
    registers.row_mode[:, 0] = ROW_INHIBITORY if inhibitory else ROW_EXCITATORY
    registers.weights[:, 0] = c.WEIGHT_MAX
    registers.efficacy_lsb[...] = PULSE_LSB / (c.WEIGHT_MAX * _peak(membrane_us, expected_us))
    pause_us = 12 * expected_us + 10 * membrane_us  # a current three times too slow has died down, too
    bench.write(registers, codes, settle_us=pause_us)
    first = DECAY_FROM * (expected_us + membrane_us)
    delays = np.geomspace(first, DECAY_TO * expected_us + 3 * membrane_us, DELAYS)
    readings = [bench.read_after_events(delays, pause_us) for _ in range(PULSE_SWEEPS)]
    known = np.where(np.isfinite(tau_mem_us), tau_mem_us, membrane_us).reshape(-1)
    return _decay(np.mean([_unclipped(each) for each in readings], axis=0), delays, expected_us, 1.0 / known)


def _decay(
    readings: np.ndarray, delays_us: np.ndarray, expected_us: float, other_rate: np.ndarray | None
) -> np.ndarray:
    """Return time constants that fit float64[delays, 2, 256] readings; delays as they were on the clock."""
    flat = readings.reshape(len(delays_us), -1)
    known = np.isfinite(flat).all(axis=0)
    delays_us = np.maximum(np.rint(delays_us * 250), 1) / 250
    rate = fit_rate(np.where(known, flat, 0.0), delays_us, 1.0 / expected_us, other_rate)
    return np.where(known, 1.0 / rate, np.nan).reshape(c.HEMISPHERES, c.COLUMNS)


def _peak(membrane_us: float, synapse_us: float) -> float:
    """Return the highest potential after a current of 1 LSB that decays with ``synapse_us``."""
    ratio = membrane_us / synapse_us
    ratio = 1.001 if abs(ratio - 1) < 1e-3 else ratio
    return ratio ** (ratio / (1 - ratio))


def _unclipped(readings: np.ndarray) -> np.ndarray:
    """Return float readings [n, 2, 256], all NaN for neurons that too often read an end of the CADC."""
    clipped = ((readings == 0) | (readings == c.CADC_MAX)).mean(axis=0) > CLIPPED_SHARE
    return np.where(clipped, np.nan, readings.astype(float))
