"""The tables in the program image: exponentials, kernels and the Boltzmann factors, as 16- and 32-bit integers.

Built by the host when it loads the program; the processor looks them up with linear interpolation. All functions of
time are sampled every 32 ticks of 8 ns. A table's relative error between entries is at most (256 ns / tau)^2 / 8.
"""

from __future__ import annotations

import numpy as np

from ppu_programs.eventprop.settings import TABLE_STEP_TICKS, TICK_NS, Settings

ONE = 0x7FFF  # 1.0 of an int16 fraction
BOLTZMANN_ONE = 1 << 21  # exp(0)
CADC_VALUES = 256


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


def hidden_tables(settings: Settings) -> np.ndarray:
    """int16[4 * entries]: decay of the current, decay of the membrane, PSP, slope of the readouts' PSP.

    The last is a function of the time from the hidden spike to the CADC sample, so it contains the latency.
    """
    t = grid_ns(settings)
    syn = np.round(np.minimum(32768.0 * np.exp(-t / settings.tau_syn_ns), ONE)).astype(np.int16)
    mem = np.round(np.minimum(32768.0 * np.exp(-t / settings.tau_mem_ns), ONE)).astype(np.int16)
    return np.concatenate([syn, mem, fractions(_psp_hidden(settings))[0], fractions(_slope_readout(settings))[0]])


def readout_table(settings: Settings) -> np.ndarray:
    """int16[entries]: the readouts' PSP over the time from the hidden spike to the CADC sample."""
    return fractions(_psp_readout(settings))[0]


def boltzmann_table(settings: Settings) -> np.ndarray:
    """int32[256]: exp(-sharpness * d), 2^21 for 1, of the distance d in CADC LSB from the highest readout."""
    return np.round(BOLTZMANN_ONE * np.exp(-settings.sharpness * np.arange(CADC_VALUES))).astype(np.int32)


def _psp_hidden(settings: Settings) -> np.ndarray:
    return psp(grid_ns(settings), settings.tau_syn_ns, settings.tau_mem_ns)


def _psp_readout(settings: Settings) -> np.ndarray:
    t = grid_ns(settings) - settings.latency_ns
    return psp(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)


def _slope_readout(settings: Settings) -> np.ndarray:
    t = grid_ns(settings) - settings.latency_ns
    return psp_slope(t, settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)


def leading_zeros(settings: Settings) -> int:
    """Zero bits above the largest sum of Boltzmann factors without the label's, in 32 bits: shift 0 of the errors."""
    return 32 - ((settings.readouts - 1) * BOLTZMANN_ONE).bit_length()


def error_unit(settings: Settings) -> float:
    """What one step of an error mantissa with exponent 0 stands for: nats per unit of sharpness * potential."""
    return 1.0 / (1 << (leading_zeros(settings) + 4))


def gradient_units(settings: Settings) -> tuple[float, float]:
    """What one step of the hidden and of the readout gradient accumulator stands for.

    In units of the loss (nats) per 6-bit weight step. The factors follow the shifts in ``backward`` and ``loss``.
    """
    error = settings.sharpness * error_unit(settings)  # nats per LSB of readout potential
    _, slope = fractions(_slope_readout(settings))  # per ns
    _, kernel = fractions(_psp_hidden(settings))
    _, readout_kernel = fractions(_psp_readout(settings))
    push = error * settings.readout_efficacy_lsb * 2**8 * slope * 2**14  # loss per ns, of `push` in backward
    impulse = push * 256.0 / 2**11  # over (I - threshold) in weight steps
    hidden = impulse * settings.tau_mem_ns * kernel * 2**6
    readout = error * settings.readout_efficacy_lsb * readout_kernel * 2**6
    return hidden, readout
