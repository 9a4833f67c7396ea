"""What a calibration has found about one chip, as data: saved, loaded, applied to that chip, refused by any other."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.base.saving import replace_together
from chip.base.version import version as running_version
from chip.silicon.capmem import FIELDS, PARAMETERS, RANGES, TIMES, AnalogCodes, Curves, values_of

FORMAT = 2
CADC, ACAUSAL = "cadc", "cadc_acausal"
QUANTITIES = (CADC, ACAUSAL, *PARAMETERS)  # what is measured before and after of neurons and channels, in this order
SENSORS = ("correlation_amplitude", "correlation_tau")  # and of synapses
UNITS = dict.fromkeys((*QUANTITIES, *SENSORS), "LSB") | dict.fromkeys((*PARAMETERS[TIMES], SENSORS[1]), "us")
BOUNDS = {  # of the spread after over that before (calix test_neuron_distribution.py)
    "leak": 0.30,
    "reset": 0.20,
    "threshold": 0.35,
    "tau_mem": 0.45,
    "tau_syn_exc": 0.20,
    "tau_syn_inh": 0.20,
}
TARGETS = {"leak": 80.0, "reset": 80.0, "threshold": 125.0, "tau_mem": 10.0, "tau_syn_exc": 10.0, "tau_syn_inh": 10.0}
CALIBRATABLE = {  # what the vendor calibrates to, LSB and us (calix spiking/neuron.py check_values)
    "leak": (50.0, 160.0),
    "reset": (50.0, 160.0),
    "threshold": (50.0, 220.0),
    "tau_mem": (0.5, 60.0),
    "tau_syn_exc": (0.3, 30.0),
    "tau_syn_inh": (0.3, 30.0),
}
TRIMMED = 0.05  # of the neurons, at either end, before a spread is taken
_NEURONS = (c.HEMISPHERES, c.COLUMNS)
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)
_ARRAYS = {  # of a file: shape, type
    "slope": ((len(PARAMETERS), RANGES, *_NEURONS), np.float64),
    "zero": ((len(PARAMETERS), RANGES, *_NEURONS), np.float64),
    "good": ((len(PARAMETERS), *_NEURONS), np.bool_),
    "cadc_offset": (_NEURONS, np.int64),
    "acausal_offset": (_NEURONS, np.int64),
    "amplitude_trim": (_SYNAPSES, np.int64),
    "time_trim": (_SYNAPSES, np.int64),
    "before": ((len(QUANTITIES), *_NEURONS), np.float64),
    "after": ((len(QUANTITIES), *_NEURONS), np.float64),
    "sensors_before": ((len(SENSORS), 2, *_SYNAPSES), np.float32),
    "sensors_after": ((len(SENSORS), 2, *_SYNAPSES), np.float32),
}


class CalibrationWarning(UserWarning):
    """A chip was asked for something that its calibration does not cover; it does what comes nearest."""


class CalibrationError(ValueError):
    """A calibration belongs to another chip or version, or a file is no calibration."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Measured curves of all neurons of one chip, from which codes for any parameters follow.

    Attributes:
        chip: what the chip's analog part was: ``seed``, ``imperfections`` and ``capmem`` of its configuration.
        version: of plasticore, which decides what a seed means.
        chip_seconds: how long the chip was measured.
        slope, zero: float64[6, 3, 2, 256], :class:`chip.silicon.capmem.Curves`; the design's where measuring failed.
        good: bool[6, 2, 256], where it did not.
        cadc_offset, acausal_offset: int64[2, 256], what brings each channel to what all read on average.
        amplitude_trim, time_trim: int64[2, 256, 256], 0..3, of the correlation sensors.
        before, after: float64[8, 2, 256] as measured, in LSB and us, NaN where there was no answer: deviations of CADC
            channels, then the parameters with ``TARGETS`` asked for, by codes of the design and by the new ones.
        sensors_before, sensors_after: float32[2, 2, 2, 256, 256], amplitudes in LSB and time constants in us of causal
            and acausal branches, by trims of 1 and by the new ones.
        file, sha256: what it was loaded from, None for one that was measured here.
    """

    chip: dict
    version: str
    chip_seconds: float
    slope: np.ndarray
    zero: np.ndarray
    good: np.ndarray
    cadc_offset: np.ndarray
    acausal_offset: np.ndarray
    amplitude_trim: np.ndarray
    time_trim: np.ndarray
    before: np.ndarray
    after: np.ndarray
    sensors_before: np.ndarray
    sensors_after: np.ndarray
    file: str | None = None
    sha256: str | None = None

    def codes(self, registers: Registers) -> AnalogCodes:
        """Return the codes that make this chip's neurons what registers ask for, or what comes nearest."""
        codes, ranges = Curves(self.slope, self.zero).codes(values_of(registers))
        return AnalogCodes(codes, ranges, self.cadc_offset, self.acausal_offset, self.amplitude_trim, self.time_trim)

    def check_chip(self, config: ChipConfig) -> None:
        """Raise CalibrationError where this is not the calibration of that chip, by this version."""
        if not config.capmem.used:
            raise CalibrationError(
                f"the chip {config.profile} takes no calibration: its neurons have no codes; use the chip raw"
            )
        mine, other = self.chip, identity(config)
        if mine["seed"] != other["seed"]:
            raise CalibrationError(
                f"the calibration was made for the chip of seed {mine['seed']}, this is the chip of seed "
                f"{other['seed']}; calibrate this chip"
            )
        for section in ("imperfections", "capmem"):
            for name in sorted(mine[section].keys() | other[section].keys()):
                had, has = mine[section].get(name, "not there"), other[section].get(name, "not there")
                if had != has:
                    raise CalibrationError(
                        f"the calibration was made for another chip: {section}.{name} was {had} there and is {has} "
                        f"here; calibrate this chip"
                    )
        if self.version != running_version():
            raise CalibrationError(
                f"the calibration was made by plasticore {self.version}, this is {running_version()}; calibrate again"
            )

    def spread(self, quantity: str) -> tuple[float, float]:
        """Return the standard deviations before and after of a quantity, trimmed, in its unit."""
        before, after = self.measured(quantity)
        return trimmed_std(before), trimmed_std(after)

    def measured(self, quantity: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what was measured before and after of a member of ``QUANTITIES`` or ``SENSORS``."""
        if quantity in SENSORS:
            index = SENSORS.index(quantity)
            return self.sensors_before[index], self.sensors_after[index]
        index = QUANTITIES.index(quantity)
        return self.before[index], self.after[index]

    def ratio(self, quantity: str) -> float:
        """Return the spread after over that before."""
        before, after = self.spread(quantity)
        return after / before if before else np.nan

    def failed(self) -> list[str]:
        """Return the quantities whose ratio is not below the source's bound."""
        return [name for name, bound in BOUNDS.items() if not self.ratio(name) < bound]

    # ------------------------------------------------------------------ files

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file, whole or not at all; raises OSError where it cannot be written."""
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        header = {"format": FORMAT, "version": self.version, "chip": self.chip, "chip_seconds": self.chip_seconds}
        text = json.dumps(header, sort_keys=True).encode()
        np.savez_compressed(buffer, calibration=np.frombuffer(text, np.uint8), **arrays)
        replace_together({Path(path): buffer.getvalue()})

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read a file of :meth:`save`.

        Raises:
            CalibrationError: it is none, damaged, or of another format.
            OSError: it cannot be read.
        """
        content = Path(path).read_bytes()
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                header = json.loads(archive["calibration"].tobytes())
                arrays = {name: archive[name] for name in _ARRAYS}
            found, version, chip = header["format"], header["version"], header["chip"]
            seconds = float(header["chip_seconds"])
        except Exception as error:  # whatever zip, numpy and json make of bytes that are not ours
            raise CalibrationError(f"{path} is not a calibration of plasticore, or damaged: {_reason(error)}") from None
        if found != FORMAT:
            raise CalibrationError(f"{path} is a calibration of format {found}, this is {FORMAT}; calibrate again")
        problem = _header_problem(version, chip, seconds) or _array_problem(arrays)
        if problem:
            raise CalibrationError(f"{path} is not a calibration of plasticore, or damaged: {problem}")
        digest = hashlib.sha256(content).hexdigest()
        return cls(chip=chip, version=version, chip_seconds=seconds, **arrays, file=str(path), sha256=digest)


def _reason(error: Exception) -> str:
    """Return in our own words why a file could not be read: numpy advises to trust it."""
    if isinstance(error, KeyError):
        return f"it has no {str(error.args[0]).partition(' ')[0]}"
    return "it is no archive of numpy's, or a piece is missing"


def _header_problem(version, chip, seconds: float) -> str:
    """Return what is wrong with the header of a file, or nothing."""
    if not isinstance(version, str) or not np.isfinite(seconds):
        return "its version is no text, or its chip_seconds are no number"
    if not isinstance(chip, dict) or not {"seed", "imperfections", "capmem"} <= chip.keys():
        return "parts of what the chip was are missing"
    for section in ("imperfections", "capmem"):
        if not isinstance(chip[section], dict):
            return f"{section} of the chip are {type(chip[section]).__name__}, not a table of settings"
    return ""


def _array_problem(arrays: dict[str, np.ndarray]) -> str:
    """Return what is wrong with the arrays of a file, or nothing."""
    for name, (shape, dtype) in _ARRAYS.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != dtype:
            return f"{name} is {array.dtype}{list(array.shape)}, not {np.dtype(dtype)}{list(shape)}"
    slope, zero = arrays["slope"], arrays["zero"]
    if not (np.isfinite(slope).all() and np.isfinite(zero).all() and slope.all()):
        return "a curve has a slope of 0, or is not finite"
    return ""


def trimmed_std(values: np.ndarray) -> float:
    """Return the standard deviation of what is left without 5 % of the known values at either end."""
    known = np.sort(values[np.isfinite(values)])
    cut = int(TRIMMED * known.size)
    return float(known[cut : known.size - cut].std()) if known.size else np.nan


def identity(config: ChipConfig) -> dict:
    """Return what makes a chip's analog part the one that it is."""
    return {
        "seed": config.seed,
        "imperfections": dataclasses.asdict(config.imperfections),
        "capmem": dataclasses.asdict(config.capmem),
    }


def outside_range(registers: Registers) -> list[str]:
    """Return a sentence for every parameter of neurons in use that lies outside what chips are calibrated to."""
    sentences = []
    values, used = values_of(registers), registers.enabled
    for index, (name, field) in enumerate(zip(PARAMETERS, FIELDS, strict=True)):
        low, high = CALIBRATABLE[name]
        matters = used & registers.spiking if name in ("threshold", "reset") else used
        bad = matters & ~((values[index] >= low) & (values[index] <= high))
        if bad.any():
            where = [int(i) for i in np.argwhere(bad)[0]]
            sentences.append(
                f"Registers.{field}{where} asks for {values[index][bad][0]:g} {UNITS[name]}, and so do "
                f"{int(bad.sum())} neurons in all; chips are calibrated to {low:g}..{high:g} {UNITS[name]}, outside "
                f"they do what comes nearest"
            )
    return sentences
