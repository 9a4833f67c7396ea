"""Circuits and neurons: a neuron is one circuit, or the two of a column, merged, with the rows of both hemispheres.

All that tells a merged neuron from another stands here: its parameters, its slots, which circuit has the synapses of a
row, and where its membrane is.

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

Both circuits have a slot. That of the top one holds membrane, currents and refractory period of the neuron; that of the
bottom one rests at zero, and has the efficacy of its synapses.
"""

from __future__ import annotations

import numpy as np

from chip.array.arrays import AT_ROW
from chip.array.synapses import jump_of
from chip.base import constants as c
from chip.base.inner import inlined, inner
from chip.base.lanes import to_lanes
from chip.base.registers import Registers
from chip.base.slots import PLACE_BELOW, PLACE_HALF, PLACE_MEMBRANE, PLACE_NEURON, slots_of
from chip.neurons.arrays import Neurons

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


# ---------------------------------------------------------------------- slots


def merged_slots(connected: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return ``Neurons.merged``, int64[n, 2], for bool[256] columns and ``Neurons.halves``."""
    lane, side = np.divmod(np.flatnonzero(connected), c.HALVES)
    return np.stack([halves[side, 0] + lane, halves[side + c.HALVES, 0] + lane], axis=1)


def place_circuits(place: np.ndarray, merged: np.ndarray) -> None:
    """Write into ``Neurons.place`` where the membrane of each slot is, and which circuit is merged into it."""
    place[:, PLACE_MEMBRANE], place[:, PLACE_BELOW] = np.arange(place.shape[0]), -1
    place[merged[:, c.BOTTOM], PLACE_MEMBRANE] = merged[:, c.TOP]
    place[merged[:, c.TOP], PLACE_BELOW] = merged[:, c.BOTTOM]


def membranes(neurons: Neurons) -> np.ndarray:
    """Return int64[S], the slot that holds the membrane of each slot's circuit."""
    return neurons.place[:, PLACE_MEMBRANE]


def membranes_of_neurons(neurons: Neurons) -> tuple[np.ndarray, np.ndarray]:
    """Return int64[n] the neurons that are simulated, and int64[n] the slots that hold their membranes."""
    used = neurons.place[:, PLACE_NEURON] >= 0
    return neurons.place[used, PLACE_NEURON], membranes(neurons)[used]


def own_membranes(neurons: Neurons) -> np.ndarray:
    """Return bool[S], which slots hold a membrane: all but those of merged bottom circuits."""
    return membranes(neurons) == np.arange(neurons.place.shape[0])


def neurons_below(connected: np.ndarray) -> np.ndarray:
    """Return int64[512], for each neuron that whose circuit is merged into it, or -1, for bool[256] columns.

    Neurons are counted by hemisphere, half and lane.
    """
    top = to_lanes(connected).reshape(-1)
    return np.concatenate([np.where(top, c.COLUMNS + np.arange(c.COLUMNS), -1), np.full(c.COLUMNS, -1)])


@inlined
def membrane_of(s, neurons):
    """Return the slot that holds the membrane of the circuit in slot ``s``."""
    return neurons.place[s, PLACE_MEMBRANE]


@inlined
def halves_of(s, neurons):
    """Return the row halves from which the neuron in slot ``s`` is reset; twice the same if it has one circuit."""
    half = neurons.place[s, PLACE_HALF]
    return half, half + c.HALVES if neurons.place[s, PLACE_BELOW] >= 0 else half


@inlined
def jump_in(d, s, neurons, network, queues, scratch):
    """Return the jump of current, in LSB, that delivery ``d`` makes on the membrane in slot ``s``.

    The row belongs to the circuit on its own hemisphere: that of slot ``s``, or the one that is merged into it, or
    none. Then the jump is 0, as where the label does not match.
    """
    if neurons.place[s, PLACE_HALF] // c.HALVES != scratch.delivery[d, AT_ROW] >> 8:
        s = neurons.place[s, PLACE_BELOW]
        if s < 0:
            return 0.0
    return jump_of(d, s, neurons, network, queues, scratch)


@inlined
def first_reached(hemisphere, neurons):
    """Return the first hemisphere with slots that rows of a hemisphere reach; the last one is that hemisphere.

    Where neurons are merged, rows and channels of the bottom have membranes on top.
    """
    return c.TOP if neurons.merged.shape[0] > 0 else hemisphere


@inlined
def reached_slots(hemisphere, neurons):
    """Return the first slot, and that behind the last, of the membranes that a hemisphere has rows and channels for."""
    return slots_of(first_reached(hemisphere, neurons), neurons.halves)[0], slots_of(hemisphere, neurons.halves)[1]


@inner
def _move_up(merged, first, last, jumps):
    """Hand the jumps of bottom circuits to the top ones, in ``first`` to ``last``; no other slot there jumps."""
    for s in range(np.uint64(first), np.uint64(last)):
        jumps[s] = 0.0
    for n in range(merged.shape[0]):
        jumps[merged[n, c.TOP]] = jumps[merged[n, c.BOTTOM]]
        jumps[merged[n, c.BOTTOM]] = 0.0


@inlined
def hand_up(hemisphere, jumps, neurons):
    """Give the jumps of circuits, which a row of a hemisphere makes, to the membranes that they have."""
    if first_reached(hemisphere, neurons) != hemisphere:
        _move_up(neurons.merged, 0, slots_of(hemisphere, neurons.halves)[0], jumps)
