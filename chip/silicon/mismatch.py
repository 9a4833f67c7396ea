"""Which chip this is: from registers as a program writes them to what the silicon makes of them.

Each imperfection of :class:`chip.base.config.ImperfectionConfig` draws from a random stream of its own, which depends
on the chip's seed and the imperfection's name and on nothing else. It draws for the whole chip, all neurons, drivers,
synapses and channels, used or not. So a chip stays the same chip whatever else is switched on, and wherever a network
is placed.

Draws are normal and cut off at four standard deviations (one draw in 16 000 is). A factor is never below 0.1, so that
time constants, efficacies and gains stay positive whatever the magnitude; potentials stay in the registers' own range.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chip.array.short_term_plasticity_tables import driver_table
from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.neurons.circuits import merge_circuits
from chip.silicon.capmem import TRIM_CENTRE, TRIM_MAX, AnalogCodes, design_codes, true_values
from chip.silicon.streams import CUT_STD as CUT_STD
from chip.silicon.streams import normal, stream

LEAST_FACTOR = 0.1
_NEURONS = (c.HEMISPHERES, c.COLUMNS)
_DRIVERS = (c.HEMISPHERES, c.DRIVERS)


class Silicon(NamedTuple):
    """One chip under one set of registers, as it truly is; arrays are indexed as registers are.

    registers: neuron parameters as they come out. They may lie outside the ranges that a program may ask for. Where two
        circuits are connected, they are the merged neuron's, see :mod:`chip.neurons.circuits`.
    synapse_factor: float32[2, 256, 256], [hemisphere, row, column], on a synapse's efficacy; None if all are 1.
    stp: float64[4, 2, 128], of the drivers, see :func:`chip.array.short_term_plasticity.driver_table`.
    cadc_gain, cadc_offset_lsb: float64[2, 256], a channel reads ``gain * potential + offset``.
    acausal_offset_lsb: float64[2, 256], what a calibration adds to the offsets of the acausal channels.
    cadc_noise_lsb: standard deviation of a read, of all channels.
    membrane_noise_lsb: float64[2, 256], stationary standard deviation; all 0.0 if there is no noise.
    membrane_key, cadc_key: uint64[2, 256], what tells the noise of one neuron or channel from another's.
    """

    registers: Registers
    synapse_factor: np.ndarray | None
    stp: np.ndarray
    cadc_gain: np.ndarray
    cadc_offset_lsb: np.ndarray
    acausal_offset_lsb: np.ndarray
    cadc_noise_lsb: float
    membrane_noise_lsb: np.ndarray
    membrane_key: np.ndarray
    cadc_key: np.ndarray


def silicon(config: ChipConfig, registers: Registers, codes: AnalogCodes | None = None) -> Silicon:
    """Return the chip that ``config`` names, with ``registers`` written into it.

    On a chip with a capacitor memory in use, ``codes`` make the neurons' parameters; without them those that the design
    has for what the registers ask for. Elsewhere there are no codes.
    """
    distance, cadc_offset = distance_lsb(registers), deviation(config, "cadc_offset", _NEURONS)
    acausal_offset = np.zeros(_NEURONS)
    if config.capmem.used:
        codes = design_codes(registers) if codes is None else codes
        registers = registers.changed(**true_values(config, codes), **_trims(registers, codes))
        cadc_offset += codes.cadc_offset
        acausal_offset += codes.acausal_offset
    elif codes is not None:
        raise ValueError("this chip takes no capacitor memory codes: capmem.used is off; use ChipConfig.raw")
    changed = {"tau_mem_ns": registers.tau_mem_ns * factor(config, "tau_mem", _NEURONS)}
    tau_syn = factor(config, "tau_syn", (2, *_NEURONS))
    changed["tau_syn_exc_ns"] = registers.tau_syn_exc_ns * tau_syn[0]
    changed["tau_syn_inh_ns"] = registers.tau_syn_inh_ns * tau_syn[1]
    for name in ("leak", "reset", "threshold"):
        potential = getattr(registers, f"{name}_lsb") + distance * deviation(config, name, _NEURONS)
        changed[f"{name}_lsb"] = np.clip(potential, 0.0, 255.0)
    of_circuits = registers.changed(**changed)
    noise_lsb = distance * config.imperfections.std("membrane_noise")
    of_neurons, noise_lsb = merge_circuits(of_circuits, noise_lsb)
    return Silicon(
        registers=of_neurons,
        synapse_factor=synapse_factor(config),
        stp=driver_table(
            config.drivers,
            registers,
            factor(config, "stp_utilization", _DRIVERS),
            factor(config, "stp_recovery", _DRIVERS),
            deviation(config, "stp_offset", _DRIVERS),
        ),
        cadc_gain=factor(config, "cadc_gain", _NEURONS),
        cadc_offset_lsb=cadc_offset,
        acausal_offset_lsb=acausal_offset,
        cadc_noise_lsb=config.imperfections.std("cadc_noise"),
        membrane_noise_lsb=noise_lsb,
        membrane_key=_keys(config, "membrane_noise"),
        cadc_key=_keys(config, "cadc_noise"),
    )


def _trims(registers: Registers, codes: AnalogCodes) -> dict[str, np.ndarray]:
    """Return the trims of the correlation sensors: those that registers ask for, counted from the calibrated ones."""
    wanted = {"amplitude": codes.amplitude_trim, "time": codes.time_trim}
    found = {}
    for name, calibrated in wanted.items():
        field = f"correlation_{name}_trim"
        trim = getattr(registers, field).astype(np.int64) + calibrated - TRIM_CENTRE
        found[field] = np.clip(trim, 0, TRIM_MAX).astype(np.uint8)
    return found


def distance_lsb(registers: Registers) -> np.ndarray:
    """Return float64[2, 256], what potentials are off by a fraction of: from leak to threshold, or 45 LSB without."""
    return np.where(
        registers.spiking, np.abs(registers.threshold_lsb - registers.leak_lsb), float(c.DEFAULT_DISTANCE_LSB)
    )


def deviation(config: ChipConfig, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return float64 of a shape: what an imperfection adds, in the unit of its magnitude; zeros where it is off."""
    return normal(config.seed, name, config.imperfections.std(name), shape)


def factor(config: ChipConfig, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return float64 of a shape: what an imperfection multiplies with; ones where it is off."""
    return np.maximum(1.0 + deviation(config, name, shape), LEAST_FACTOR)


def synapse_factor(config: ChipConfig) -> np.ndarray | None:
    """Return float32[2, 256, 256], [hemisphere, row, column], of drivers and synapses together; None if all are 1."""
    if config.imperfections.std("driver_efficacy") == config.imperfections.std("synapse_efficacy") == 0.0:
        return None
    driver = factor(config, "driver_efficacy", (c.HEMISPHERES, c.DRIVERS))
    synapse = factor(config, "synapse_efficacy", (c.HEMISPHERES, c.ROWS, c.COLUMNS))
    return (np.repeat(driver, 2, axis=1)[:, :, None] * synapse).astype(np.float32)


def _keys(config: ChipConfig, name: str) -> np.ndarray:
    return stream(config.seed, name).integers(0, 2**64, _NEURONS, np.uint64)
