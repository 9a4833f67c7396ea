"""The capacitor memory: codes of 10 bits that set a neuron's potentials and time constants, and what they come to.

A parameter's *response* is linear in its code, ``slope * (code - zero)``: for a potential it is the potential in LSB,
for a time constant the rate 1 / tau in 1/us, since a code sets a conductance. A time constant has three ranges beside
its code, a factor of 8 apart, as the membrane's transconductance amplifier divides and multiplies by 8; those of the
synaptic inputs are assumed to be alike. Together they reach what the vendor's fits allow before calibration: 0.1 us to
2 ms. Slopes and zeros of the design are :func:`design`; those of one chip, which nobody sees, :func:`chip_curves`;
those that somebody has measured are a :class:`chip.calibration.calibration.Calibration`.

Arrays are indexed by parameter, in the order of ``PARAMETERS``, then ``[hemisphere, column]``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.silicon.streams import normal, stream

PARAMETERS = ("leak", "reset", "threshold", "tau_mem", "tau_syn_exc", "tau_syn_inh")
LEAK, RESET, THRESHOLD, TAU_MEM, TAU_SYN_EXC, TAU_SYN_INH = range(len(PARAMETERS))
POTENTIALS = slice(LEAK, TAU_MEM)
TIMES = slice(TAU_MEM, len(PARAMETERS))
FIELDS = ("leak_lsb", "reset_lsb", "threshold_lsb", "tau_mem_ns", "tau_syn_exc_ns", "tau_syn_inh_ns")  # of Registers
CELLS = (  # all of Registers that cells of the memory hold, those that are no codes here among them
    *FIELDS,
    "efficacy_lsb",  # bias of the synaptic inputs (haldls AtomicNeuron)
    *("stp_v_recover", "stp_v_charge"),
    *("correlation_enabled", "correlation_amplitude_lsb", "correlation_tau_ns"),  # biases of the sensors (calix)
    "cadc_reference_lsb",  # the memory's debug output (calix)
)
RANGES = 3
RANGE_FACTOR = 8.0  # between neighbouring ranges of time constants
NS_PER_US = 1000.0
_LSB_PER_CODE = 0.5  # 1.8 V in 1022 codes, 3.5 mV an LSB
_CODE_OF_ZERO_LSB = 85.0  # the CADC begins at 0.15 V
_FASTEST_US = {TAU_MEM: 0.12, TAU_SYN_EXC: 0.08, TAU_SYN_INH: 0.08}  # at the largest code of the fastest range
_TAU_LIMITS_NS = (50.0, 2e6)
_NEURONS = (c.HEMISPHERES, c.COLUMNS)
_SHAPE = (len(PARAMETERS), *_NEURONS)
_SYNAPSES = (c.HEMISPHERES, c.ROWS, c.COLUMNS)
TRIM_CENTRE, TRIM_MAX = 1, 3  # of a correlation sensor


@dataclass(frozen=True, eq=False)
class AnalogCodes:
    """What is written into the analog part beside the registers of a program.

    Attributes:
        codes: int64[6, 2, 256], 0..1022, the capacitor memory.
        ranges: int64[6, 2, 256], 0..2, 0 the fastest; potentials have only 0.
        cadc_offset: int64[2, 256], -128..127, what a channel adds to its reading: those that membranes and the causal
            branches of correlation sensors share.
        acausal_offset: the same of the channels of the acausal branches.
        amplitude_trim, time_trim: int64[2, 256, 256], 0..3, of the correlation sensors: what they need to do what
            registers ask for with trims of 1.

    Raises:
        ValueError: an array has another shape or type, or a value does not fit its bits.
    """

    codes: np.ndarray
    ranges: np.ndarray
    cadc_offset: np.ndarray
    acausal_offset: np.ndarray = field(default_factory=lambda: np.zeros(_NEURONS, np.int64))
    amplitude_trim: np.ndarray = field(default_factory=lambda: np.full(_SYNAPSES, TRIM_CENTRE, np.int64))
    time_trim: np.ndarray = field(default_factory=lambda: np.full(_SYNAPSES, TRIM_CENTRE, np.int64))

    def __post_init__(self):
        _check("a capacitor memory code", self.codes, _SHAPE, 0, c.CAPMEM_MAX)
        _check("the range of a time constant", self.ranges, _SHAPE, 0, RANGES - 1)
        _check("a CADC offset", self.cadc_offset, _NEURONS, c.CADC_OFFSET_MIN, c.CADC_OFFSET_MAX)
        _check("an acausal CADC offset", self.acausal_offset, _NEURONS, c.CADC_OFFSET_MIN, c.CADC_OFFSET_MAX)
        _check("an amplitude trim", self.amplitude_trim, _SYNAPSES, 0, TRIM_MAX)
        _check("a time trim", self.time_trim, _SYNAPSES, 0, TRIM_MAX)


def _check(what: str, values: np.ndarray, shape: tuple[int, ...], low: int, high: int) -> None:
    if not isinstance(values, np.ndarray) or values.shape != shape or values.dtype != np.int64:
        got = f"{values.dtype}{list(values.shape)}" if isinstance(values, np.ndarray) else type(values).__name__
        raise ValueError(f"{what}: the array is {got}; it must be int64{list(shape)}")
    bad = (values < low) | (values > high)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        name = f" of channel {list(where)}" if shape == _NEURONS else f" of synapse {list(where)}"
        if shape == _SHAPE:
            name = f" of {PARAMETERS[where[0]]}{list(where[1:])}"
        raise ValueError(f"{what}{name} is {values[where]}; its register takes {low}..{high}")


class Curves(NamedTuple):
    """Responses to codes: ``slope * (code - zero)``; float64[6, 3, 2, 256], [parameter, range, hemisphere, column]."""

    slope: np.ndarray
    zero: np.ndarray

    def codes(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return codes and ranges, int64[6, 2, 256] each, that come nearest to float64[6, 2, 256] values in LSB and us.

        Of the ranges of a time constant the slowest that reaches the value is taken: there a code is finest. What no
        code reaches gets the code at the end.
        """
        wanted = self.zero + to_response(values)[:, None] / self.slope
        ranges = np.zeros(_SHAPE, np.int64)
        for slower in range(1, RANGES):
            ranges[TIMES][wanted[TIMES, slower] <= c.CAPMEM_MAX] = slower
        return np.clip(np.rint(_take(wanted, ranges)), 0, c.CAPMEM_MAX).astype(np.int64), ranges

    def values(self, codes: np.ndarray, ranges: np.ndarray) -> np.ndarray:
        """Return float64[6, 2, 256], what (possibly broken) codes come to, in LSB and us."""
        response = _take(self.slope, ranges) * (codes - _take(self.zero, ranges))
        return from_response(response)


def _take(of_range: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    return np.take_along_axis(of_range, ranges[:, None], axis=1)[:, 0]


def to_response(values: np.ndarray) -> np.ndarray:
    """Return float64[6, ...]: potentials as they are, time constants in us as rates in 1/us."""
    response = np.array(values, float)
    response[TIMES] = 1.0 / response[TIMES]
    return response


def from_response(response: np.ndarray) -> np.ndarray:
    """Return the inverse of :func:`to_response`, time constants limited to what neurons can have."""
    low, high = (limit / NS_PER_US for limit in _TAU_LIMITS_NS)
    values = np.array(response, float)
    values[TIMES] = 1.0 / np.clip(values[TIMES], 1.0 / high, 1.0 / low)
    return values


def values_of(registers: Registers) -> np.ndarray:
    """Return float64[6, 2, 256], what registers ask for, in LSB and us."""
    values = np.stack([np.asarray(getattr(registers, field), float) for field in FIELDS])
    values[TIMES] /= NS_PER_US
    return values


def same_cells(one: Registers, other: Registers) -> bool:
    """Whether two sets of registers ask for the same in every cell."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in CELLS)


def design() -> Curves:
    """Return the curves that all neurons were meant to have."""
    slope = np.full((len(PARAMETERS), RANGES, *_NEURONS), _LSB_PER_CODE)
    zero = np.full_like(slope, _CODE_OF_ZERO_LSB)
    for parameter, fastest_us in _FASTEST_US.items():
        for number in range(RANGES):
            slope[parameter, number] = 1.0 / (fastest_us * RANGE_FACTOR**number * c.CAPMEM_MAX)
    zero[TIMES] = 0.0
    return Curves(slope, zero)


def design_codes(registers: Registers) -> AnalogCodes:
    """Return the codes of a chip that nobody has calibrated: those of the design's curves."""
    codes, ranges = design().codes(values_of(registers))
    return AnalogCodes(codes, ranges, np.zeros(_NEURONS, np.int64))


def chip_curves(config: ChipConfig) -> Curves:
    """Return the true curves of a chip; the same for every range of a time constant but for its factor."""
    slope, zero = design()
    for parameter in (LEAK, RESET, THRESHOLD):
        name = PARAMETERS[parameter]
        offset = _draw(config, name, name)
        slope[parameter] *= np.maximum(1.0 + _draw(config, "slope", f"slope {name}"), 0.1)
        zero[parameter] -= offset / slope[parameter]
    for parameter, switch in ((TAU_MEM, "tau_mem"), (TAU_SYN_EXC, "tau_syn"), (TAU_SYN_INH, "tau_syn")):
        name = PARAMETERS[parameter]
        slope[parameter] *= np.exp(-_draw(config, switch, name))
        zero[parameter] -= _draw(config, "remainder", f"remainder {name}")
    return Curves(slope, zero)


def true_values(config: ChipConfig, codes: AnalogCodes) -> dict[str, np.ndarray]:
    """Return what the neurons of a chip make of codes, as fields of registers: float64[2, 256] each, LSB and ns."""
    noisy = codes.codes + cell_noise(config, codes.codes)
    values = chip_curves(config).values(noisy, codes.ranges)
    values[TIMES] *= NS_PER_US
    return dict(zip(FIELDS, values, strict=True))


def cell_noise(config: ChipConfig, codes: np.ndarray) -> np.ndarray:
    """Return float64[6, 2, 256] codes: what each cell adds, a function of the chip, the cell and the code in it.

    Four 16-bit parts of a hashed word, summed: normal enough, and within 3.5 standard deviations.
    """
    std = config.capmem.std("cell")
    if std == 0.0:
        return np.zeros(_SHAPE)
    keys = stream(config.seed, "capmem cell").integers(0, 2**64, _SHAPE, np.uint64)
    word = keys ^ (codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):  # MurmurHash3's 64-bit finaliser
        word = (word ^ (word >> np.uint64(33))) * np.uint64(multiplier)
    word ^= word >> np.uint64(33)
    parts = [(word >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)]
    uniform = sum(part.astype(float) for part in parts) / 65536.0
    return std * (uniform - 2.0) * np.sqrt(3.0)


def _draw(config: ChipConfig, switch: str, name: str) -> np.ndarray:
    return normal(config.seed, f"capmem {name}", config.capmem.std(switch), _NEURONS)
