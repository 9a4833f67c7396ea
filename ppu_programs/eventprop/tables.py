"""The adjoint's tables, and what its fixed point stands for."""

from __future__ import annotations

import numpy as np

from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer.tables import (
    ONE,
    error_unit,
    fractions,
    grid_ns,
    psp_hidden,
    psp_readout,
    slope_readout,
)


def hidden_tables(settings: Settings) -> np.ndarray:
    """int16[4 * entries]: decay of the current, decay of the membrane, PSP, slope of the readouts' PSP.

    The last is a function of the time from the hidden spike to the CADC sample, so it contains the latency.
    """
    t = grid_ns(settings)
    syn = np.round(np.minimum(32768.0 * np.exp(-t / settings.tau_syn_ns), ONE)).astype(np.int16)
    mem = np.round(np.minimum(32768.0 * np.exp(-t / settings.tau_mem_ns), ONE)).astype(np.int16)
    return np.concatenate([syn, mem, fractions(psp_hidden(settings))[0], fractions(slope_readout(settings))[0]])


def gradient_units(settings: Settings) -> tuple[float, float]:
    """What one step of the hidden and of the readout gradient accumulator stands for.

    In units of the loss (nats) per 6-bit weight step. The factors follow the shifts in ``backward`` and ``loss``.
    """
    error = settings.sharpness * error_unit(settings)  # nats per LSB of readout potential
    _, slope = fractions(slope_readout(settings))  # per ns
    _, kernel = fractions(psp_hidden(settings))
    _, readout_kernel = fractions(psp_readout(settings))
    push = error * settings.readout_efficacy_lsb * 2**8 * slope * 2**14  # loss per ns, of `push` in backward
    impulse = push * 256.0 / 2**11  # over (I - threshold) in weight steps
    hidden = impulse * settings.tau_mem_ns * kernel * 2**6
    readout = error * settings.readout_efficacy_lsb * readout_kernel * 2**6
    return hidden, readout
