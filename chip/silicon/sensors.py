"""What the silicon makes of the correlation sensors: each synapse's amplitudes and time constants, each channel's zero.

Trims, 2 bits each (haldls ``TimeCalib``, ``AmpCalib``), move a synapse by a step; which way and how far is assumed.
The branches of a synapse are drawn apart. The acausal ones have CADC channels of their own; the causal ones share
theirs with the membranes (halco, grenade), so they have the same gain and offset.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.assumption import Assumption
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.silicon.capmem import TRIM_CENTRE
from chip.silicon.mismatch import CUT_STD, LEAST_FACTOR, Silicon, deviation, factor, stream

BRANCHES = 2  # causal, acausal
NOISES = ("cadc_noise", "correlation_noise")
TRIM_STEP = 0.15  # of a time constant or an amplitude per step of a trim (assumed)
ASSUMPTIONS = (
    Assumption(
        f"what rows add to the baseline of the correlation sensors spreads {c.ROW_BASELINE_SHARE:g} times as much as "
        "that of the channels"
    ),
    Assumption(f"a step of a correlation sensor's trim changes its amplitude or time constant by {TRIM_STEP:g} of it"),
)
_CHANNELS = (c.HEMISPHERES, c.COLUMNS)
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)


class SensorSilicon(NamedTuple):
    """The sensors of one chip under one set of registers; the first index is the branch, causal or acausal.

    amplitude_lsb: float64[2, 2, 256, 256], of a pair without delay; 0 where a hemisphere's sensors are off.
    tau_ns: float64[2, 2, 256, 256]. labels: uint8[2, 256, 256].
    merged: bool[256], columns where the sensors of both hemispheres see the spikes of the top circuit.
    column_lsb: float64[2, 2, 256], what a channel reads of a row without correlation; row_lsb: float64[2, 512], what a
        row adds to it.
    gain, offset_lsb: float64[2, 2, 256]. noise_lsb: float64[2], of a conversion, and of what a sensor's column hands to
        it; key: uint64[2, 2, 2, 256], first of these two, then of branches.
    """

    amplitude_lsb: np.ndarray
    tau_ns: np.ndarray
    labels: np.ndarray
    merged: np.ndarray
    column_lsb: np.ndarray
    row_lsb: np.ndarray
    gain: np.ndarray
    offset_lsb: np.ndarray
    noise_lsb: np.ndarray
    key: np.ndarray


def sensor_silicon(config: ChipConfig, registers: Registers, true: Silicon) -> SensorSilicon:
    """Return the sensors of the chip that ``config`` names, with ``registers`` written into it; ``true``: its rest."""
    on = registers.correlation_enabled[:, None, None]
    amplitude = registers.correlation_amplitude_lsb[:, None, None] * _trim(true.registers.correlation_amplitude_trim)
    tau = registers.correlation_tau_ns[:, None, None] * _trim(true.registers.correlation_time_trim)
    return SensorSilicon(
        amplitude_lsb=np.where(on, amplitude, 0.0) * factor(config, "correlation_amplitude", (BRANCHES, *_SYNAPSES)),
        tau_ns=tau * factor(config, "correlation_tau", (BRANCHES, *_SYNAPSES)),
        labels=registers.labels,
        merged=registers.connect_vertical,
        column_lsb=c.CORRELATION_BASELINE_LSB + deviation(config, "correlation_baseline", (BRANCHES, *_CHANNELS)),
        row_lsb=c.ROW_BASELINE_SHARE * _other(config, "correlation_baseline", "rows", (BRANCHES, 2 * c.ROWS)),
        gain=np.stack(
            [
                true.cadc_gain,
                np.maximum(1.0 + _other(config, "cadc_gain", "acausal", _CHANNELS), LEAST_FACTOR),
            ]
        ),
        offset_lsb=np.stack(
            [true.cadc_offset_lsb, _other(config, "cadc_offset", "acausal", _CHANNELS) + true.acausal_offset_lsb]
        ),
        noise_lsb=np.array([config.imperfections.std(name) for name in NOISES]),
        key=np.stack([[_keys(config, f"{name}{branch}") for branch in ("", " acausal")] for name in NOISES]),
    )


def _keys(config: ChipConfig, name: str) -> np.ndarray:
    return stream(config.seed, name).integers(0, 2**64, _CHANNELS, np.uint64)


def _trim(code: np.ndarray) -> np.ndarray:
    return 1.0 + TRIM_STEP * (code.astype(float) - TRIM_CENTRE)


def _other(config: ChipConfig, name: str, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return what an imperfection adds to something else than the first: of the same magnitude, another stream."""
    draws = stream(config.seed, f"{name} {what}").standard_normal(shape)
    return config.imperfections.std(name) * np.clip(draws, -CUT_STD, CUT_STD)
