"""The tables in the program image: exponentials, kernels and the Boltzmann factors, as 16- and 32-bit integers.

Built by the host when it loads the program; the processor looks them up with linear interpolation. All functions of
time are sampled every 32 ticks of 8 ns. A table's relative error between entries is at most (256 ns / tau)^2 / 8.
"""

from __future__ import annotations

import numpy as np

from chip.ppu import subroutine
from ppu_programs.two_layer.settings import TABLE_STEP_TICKS, TICK_NS, Settings

ONE = 0x7FFF  # 1.0 of an int16 fraction
BOLTZMANN_ONE = 1 << 21  # exp(0)
CADC_VALUES = 256


@subroutine
def look_up(v, m, base, ticks):
    """Return a table's value at a time of 0 ticks or more, interpolated."""
    entry = base + (ticks >> 5)
    low = m.tables[entry]
    return low + (((m.tables[entry + 1] - low) * (ticks & 31)) >> 5)


def psp(t_ns: np.ndarray, tau_syn_ns: float, tau_mem_ns: float) -> np.ndarray:
    """The potential at times after an event of unit current: solves tau_mem V' = -V + exp(-t / tau_syn)."""
    t = np.maximum(np.asarray(t_ns, float), 0.0)
    if tau_syn_ns == tau_mem_ns:
        return t / tau_mem_ns * np.exp(-t / tau_mem_ns)
    factor = tau_syn_ns / (tau_mem_ns - tau_syn_ns)
    return factor * (np.exp(-t / tau_mem_ns) - np.exp(-t / tau_syn_ns))


def psp_slope(t_ns: np.ndarray, tau_syn_ns: float, tau_mem_ns: float) -> np.ndarray:
    """The time derivative of :func:`psp`, in 1/ns; 0 before the event."""
    t = np.asarray(t_ns, float)
    current = np.exp(-np.maximum(t, 0.0) / tau_syn_ns)
    return np.where(t < 0.0, 0.0, (current - psp(t, tau_syn_ns, tau_mem_ns)) / tau_mem_ns)


def fractions(values: np.ndarray) -> tuple[np.ndarray, float]:
    """int16 of ``values`` scaled so that the largest magnitude is just below 1, and that scale: values / int16."""
    scale = float(np.abs(values).max()) / ONE
    return np.round(values / scale).astype(np.int16), scale


def grid_ns(settings: Settings) -> np.ndarray:
    """float64[entries]: the times at which tables are sampled."""
    return np.arange(settings.table_entries) * float(TABLE_STEP_TICKS * TICK_NS)


def readout_table(settings: Settings) -> np.ndarray:
    """int16[entries]: the readouts' PSP over the time from the hidden spike to the CADC sample."""
    return fractions(psp_readout(settings))[0]


def boltzmann_table(settings: Settings) -> np.ndarray:
    """int32[256]: exp(-sharpness * d), 2^21 for 1, of the distance d in CADC LSB from the highest readout."""
    return np.round(BOLTZMANN_ONE * np.exp(-settings.sharpness * np.arange(CADC_VALUES))).astype(np.int32)


def boltzmann_entries(settings: Settings) -> int:
    """How many entries do, of 256: up to the first one of at most 1, 2^-21 of a readout's, which no further one has."""
    return min(int(np.count_nonzero(boltzmann_table(settings) > 1)) + 1, CADC_VALUES)


def psp_hidden(settings: Settings) -> np.ndarray:
    """float64[entries]: PSP of a hidden neuron, over the time from an input."""
    return psp(grid_ns(settings), settings.tau_syn_ns, settings.tau_mem_ns)


def psp_readout(settings: Settings) -> np.ndarray:
    """float64[entries]: PSP of a readout, over the time from a hidden spike, so it contains the latency."""
    t = grid_ns(settings) - settings.latency_ns
    return psp(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)


def slope_readout(settings: Settings) -> np.ndarray:
    """float64[entries], in 1/ns: the time derivative of :func:`psp_readout`."""
    t = grid_ns(settings) - settings.latency_ns
    return psp_slope(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)


def leading_zeros(settings: Settings) -> int:
    """Zero bits above the largest sum of Boltzmann factors without the label's, in 32 bits: shift 0 of the errors."""
    return 32 - ((settings.readouts - 1) * BOLTZMANN_ONE).bit_length()


def error_unit(settings: Settings) -> float:
    """What one step of an error mantissa with exponent 0 stands for: nats per unit of sharpness * potential."""
    return 1.0 / (1 << (leading_zeros(settings) + 4))
