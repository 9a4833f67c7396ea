"""The tables of both layers, and what their fixed point stands for.

Tables of hidden spikes at the readouts are functions of the age ``T - s - latency_ticks`` in whole ticks; the rest of
the latency is in them.
"""

from __future__ import annotations

import numpy as np

from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.two_layer.settings import CURRENT_ONE, TICK_NS
from ppu_programs.two_layer.tables import BOLTZMANN_ONE, ONE, fractions, grid_ns, psp, psp_slope

BOLTZMANN_ENTRIES = 257  # where there is room
FEW_BOLTZMANN_ENTRIES = 65  # where there is not; between entries a factor is up to 1.5 % too large
HIDDEN_TABLES = 3  # functions of time that a hidden layer needs
OWN_TABLES, OWN_READOUT_TABLES = 4, 2  # that a processor with both layers' weights needs; where those of readouts begin
FRACTION_BITS = 15


def boltzmann_step_ticks(settings: Settings, entries: int = BOLTZMANN_ENTRIES) -> int:
    """Ticks between two of so many entries of the Boltzmann table, a power of two.

    The table ends 11 softnesses behind the first spike or later, where a factor is 2^-16 or less.
    """
    wanted = 11.2 * settings.softness_ns / TICK_NS / (entries - 1)
    return 1 << max(0, int(np.ceil(np.log2(wanted))))


def boltzmann_table(settings: Settings, entries: int = BOLTZMANN_ENTRIES) -> np.ndarray:
    """int32[entries]: exp(-d / softness), 2^21 for 1, over the time d behind the first readout's spike."""
    step_ns = boltzmann_step_ticks(settings, entries) * TICK_NS
    return np.round(BOLTZMANN_ONE * np.exp(-np.arange(entries) * step_ns / settings.softness_ns)).astype(np.int32)


def hidden_tables(settings: Settings) -> np.ndarray:
    """int16[3 * entries]: decay of the current, PSP, and the slope of the readouts' PSP."""
    t = grid_ns(settings)
    return np.concatenate(
        [_decay(t, settings.tau_syn_ns), fractions(_psp_hidden(settings))[0], fractions(_slope_readout(settings))[0]]
    )


def readout_tables(settings: Settings) -> np.ndarray:
    """int16[2 * entries]: decay of the current and PSP of the readouts."""
    decay = _decay(_ages_ns(settings), settings.readout_tau_syn_ns)
    return np.concatenate([decay, fractions(_psp_readout(settings))[0]])


def own_tables(settings: Settings) -> np.ndarray:
    """int16[4 * entries]: decay of the current and PSP of hidden neurons, then of the readouts."""
    hidden = hidden_tables(settings)[: OWN_READOUT_TABLES * settings.table_entries]
    return np.concatenate([hidden, readout_tables(settings)])


def largest_readout_psp(settings: Settings) -> int:
    """The readouts' PSP at its highest, 2^15 for the current's first value: what 1 of its table stands for.

    With it the PSP's slope is (decay - PSP) / tau_mem, in the units of :func:`hidden_tables`: 2^-15 / tau_mem.
    """
    return round(fractions(_psp_readout(settings))[1] * ONE * 2**FRACTION_BITS)


def leading_zeros(settings: Settings) -> int:
    """Zero bits above the largest error of a label before it is divided by the sum of factors, in 32 bits."""
    largest = (settings.readouts - 1 + settings.early * settings.readouts) * BOLTZMANN_ONE
    return 32 - int(largest).bit_length()


def error_unit(settings: Settings) -> float:
    """What one step of an error mantissa with exponent 0 stands for: dL/dT in 1 / ``softness_ns``."""
    return 1.0 / (1 << (leading_zeros(settings) + 4))


def most_spare(settings: Settings) -> int:
    """By how many bits the largest impulse of a readout exceeds its mantissa of 15 bits: exponent 0 of impulses."""
    return max(0, (0x7FFFFFFF // settings.least_readout_excess).bit_length() - FRACTION_BITS)


def gradient_units(settings: Settings) -> tuple[float, float]:
    """What one step of the hidden and of the readout gradient accumulator stands for.

    In units of the loss (nats) per 6-bit weight step. The factors follow the shifts in ``hidden`` and ``readout``.
    """
    s = settings
    impulse = error_unit(s) / s.softness_ns * 2.0 ** (most_spare(s) - 16) * CURRENT_ONE  # over I - threshold, in steps
    _, readout_kernel = fractions(_psp_readout(s))
    readout = impulse * s.readout_tau_mem_ns * readout_kernel * 2**6
    _, slope = fractions(_slope_readout(s))
    push = impulse * s.readout_tau_mem_ns * slope * 2**15  # loss per ns, of `push` in backward
    _, kernel = fractions(_psp_hidden(s))
    hidden = push * CURRENT_ONE / 2**6 * s.tau_mem_ns * kernel * 2**6
    return hidden, readout


def _ages_ns(settings: Settings) -> np.ndarray:
    rest_ns = settings.latency_ns - settings.latency_ticks * TICK_NS
    return np.maximum(grid_ns(settings) - rest_ns, 0.0)


def _decay(t_ns: np.ndarray, tau_ns: float) -> np.ndarray:
    return np.round(np.minimum(32768.0 * np.exp(-t_ns / tau_ns), ONE)).astype(np.int16)


def _psp_hidden(settings: Settings) -> np.ndarray:
    return psp(grid_ns(settings), settings.tau_syn_ns, settings.tau_mem_ns)


def _psp_readout(settings: Settings) -> np.ndarray:
    return psp(_ages_ns(settings), settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)


def _slope_readout(settings: Settings) -> np.ndarray:
    return psp_slope(_ages_ns(settings), settings.readout_tau_syn_ns, settings.readout_tau_mem_ns)
