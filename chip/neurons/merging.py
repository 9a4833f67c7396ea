"""Vertical merge: the circuits of both hemispheres in a column as one neuron, with the rows of both.

Connected membranes are one node: capacitances, leak conductances and synaptic currents add. Of two circuits with the
same capacitance C, and conductances g = C / tau_mem,

    2 C dV/dt = g1 (leak1 - V) + g2 (leak2 - V) + i1 + i2,

which is a single circuit's equation: tau_mem, leak potential and the current in LSB are means weighted by conductance,
so a circuit's current counts g1 / (g1 + g2), one half for equal circuits. White noise of two sources adds as their
variances do. That capacitances are equal and that the connection has no resistance is assumed; the rest is derived.

The comparator, the potentials of threshold and reset, the refractory clock and the event output are those of the top
circuit. The model keeps one current of each sign for both circuits, which decays with the mean of both tau_syn.
Programs must ask for equal ones, so the mean matters only where the silicon misses what was asked for (assumed).
A reset from either side fires the neuron, once where both come at one instant: the top circuit counts, the bottom one
does not (assumed). On silicon a reset from the bottom side goes to the bottom circuit's potential, here to the top
one's, so programs must ask for equal ones, and what differs is what mismatch leaves (assumed).
Calibration measures circuits apart, and on a chip with a capacitor memory each circuit keeps its own codes.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers

# what a merged neuron has of its top circuit, as a mean weighted by leak conductance, and as a mean
_TOP = ("reset_lsb", "threshold_lsb", "refractory_ns", "holdoff_ns")
_WEIGHTED = ("tau_mem_ns", "leak_lsb")
_MEAN = ("tau_syn_exc_ns", "tau_syn_inh_ns")


def merge_circuits(registers: Registers, noise_lsb: np.ndarray) -> tuple[Registers, np.ndarray]:
    """Return registers and float64[2, 256] stationary noise, those of connected circuits as of one neuron.

    Both circuits of such a column get the parameters of the neuron, but for the efficacies: each gets what its synapses
    have on the neuron. The noise is the top circuit's; the bottom one has none.
    """
    joined = registers.connect_vertical
    if not joined.any():
        return registers, noise_lsb
    conductance = 1.0 / registers.tau_mem_ns[:, joined]
    share = conductance / conductance.sum(axis=0)
    changed = {name: getattr(registers, name).copy() for name in (*_TOP, *_WEIGHTED, *_MEAN, "efficacy_lsb")}
    for name in _TOP:
        changed[name][:, joined] = changed[name][c.TOP, joined]
    for name in _WEIGHTED:
        changed[name][:, joined] = (share * changed[name][:, joined]).sum(axis=0)
    for name in _MEAN:
        changed[name][:, joined] = changed[name][:, joined].mean(axis=0)
    changed["efficacy_lsb"][:, joined] *= share
    noise = noise_lsb.copy()
    noise[c.TOP, joined] = np.sqrt((share * noise_lsb[:, joined] ** 2).sum(axis=0) / c.HEMISPHERES)
    noise[c.BOTTOM, joined] = 0.0
    return registers.changed(**changed), noise
