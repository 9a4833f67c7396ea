"""Tables of the second hidden layer's adjoint, and what its fixed point stands for."""

from __future__ import annotations

import numpy as np

from ppu_programs.eventprop import tables
from ppu_programs.eventprop.deep.adjoint import LAMBDA_BITS
from ppu_programs.eventprop.settings import DeepSettings, Settings
from ppu_programs.two_layer.tables import ONE, error_unit, fractions, grid_ns, psp, slope_readout

PUSH_SHIFT = 7  # a push is 2^-7 of the sum of weight steps times lambdas


def coupling(t_ns: np.ndarray, tau_syn_ns: float, tau_mem_ns: float) -> np.ndarray:
    """What lambda_I has, a time before lambda_V was 1 and it was 0: solves tau_syn lI' = -lI + exp(-t / tau_mem)."""
    return psp(t_ns, tau_syn_ns, tau_mem_ns) * tau_mem_ns / tau_syn_ns


def between_tables(settings: Settings) -> np.ndarray:
    """int16[4 * entries]: decay of currents, decay of membranes, coupling, slope of the readouts' PSP; 2^15 for 1.

    The last one is scaled to its largest value, as in :func:`ppu_programs.eventprop.tables.hidden_tables`.
    """
    entries = settings.table_entries
    syn, mem, _, slope = tables.hidden_tables(settings).reshape(4, entries)
    coupled = 32768.0 * coupling(grid_ns(settings), settings.tau_syn_ns, settings.tau_mem_ns)
    return np.concatenate([syn, mem, np.round(np.minimum(coupled, ONE)).astype(np.int16), slope])


def gradient_units(settings: DeepSettings) -> tuple[float, float, float]:
    """What one step of the gradients of inputs, of first hidden neurons and of second ones stands for.

    In units of the loss (nats) per 6-bit weight step, layer by layer; the factors follow the shifts in the kernels.
    """
    first, second = settings.of_layer(0), settings.of_layer(1)
    _, readout = tables.gradient_units(second)
    error = second.sharpness * error_unit(second)
    _, slope = fractions(slope_readout(second))
    push = error * second.readout_efficacy_lsb * 2**8 * slope * 2**14  # loss per ns, of a spike of the second layer
    impulse = push * 256.0 / 2**11 / second.efficacy_lsb  # over (I - threshold) in LSB
    between = impulse * second.efficacy_lsb * second.tau_syn_ns * 2**settings.between_shift
    push_below = (
        impulse * second.efficacy_lsb * 2 ** (PUSH_SHIFT - LAMBDA_BITS)
    )  # loss per ns, of a spike of the first layer
    hidden, _ = tables.gradient_units(first)
    error_push = error * first.readout_efficacy_lsb * 2**8 * fractions(slope_readout(first))[1] * 2**14
    return hidden / error_push * push_below, between, readout
