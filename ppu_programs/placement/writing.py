"""What a placement writes into registers: circuits, labels and signs of rows, parameters of neurons."""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import ROW_EXCITATORY, ROW_INHIBITORY, Registers
from ppu_programs.network.neurons import LI, LIF
from ppu_programs.placement.drivers import UNUSED_LABEL
from ppu_programs.placement.places import Places

# of neurons that integrate: a reset leaves 2 % of its way with the time constant of 0.5 us that it has at least
INTEGRATOR_REFRACTORY_NS = 2_000
ROW_MODES = (ROW_EXCITATORY, ROW_INHIBITORY)


def circuits(registers: Registers, places: Places) -> None:
    """Switch on the circuits of neurons, join those that are merged, and let them send what they have to."""
    for name, neurons in places.graph.neurons():
        place = places.neurons[name]
        for side, columns in place.circuits():
            sends = neurons.spikes and not (place.merged and side == c.BOTTOM)
            registers.enabled[side, columns] = True
            registers.spiking[side, columns] = registers.event_output[side, columns] = sends
        registers.connect_vertical[place.columns] = place.merged
        if name in places.sources:
            labels = places.sources[name].labels
            registers.backend_address[place.hemispheres, place.columns] = labels & 0xFF  # above is the event output


def synapses(registers: Registers, places: Places) -> None:
    """Give rows their signs and synapses the labels of their sources, and the unused ones one that nobody sends."""
    registers.labels[...] = UNUSED_LABEL
    for source in places.sources.values():
        for side in range(c.HEMISPHERES):
            for row, mode in enumerate(ROW_MODES):
                used = source.rows[:, side, row]
                registers.row_mode[side, used[used >= 0]] = mode
    for k, projection in enumerate(places.graph.projections):
        at, labels = places.synapses(k), places.sources[projection.source].synapse_labels
        for row in projection.sign.rows:
            registers.labels[at.hemispheres, at.rows[:, row], at.columns] = labels[at.sources]


def parameters(registers: Registers, places: Places) -> None:
    """Set the parameters of neurons; a merged neuron's circuits count half each, so both get twice its efficacy.

    Columns without a neuron of the network are set as the first population in even columns of their hemisphere is.
    """
    filled: set[int] = set()
    for name, neurons in places.graph.neurons():
        for side, columns in places.neurons[name].circuits():
            if side not in filled and (columns % c.HALVES == c.EVEN).any():
                filled.add(side)
                _set(registers, side, np.arange(c.COLUMNS), neurons, _efficacy_lsb(places, name))
    for name, neurons in places.graph.neurons():
        for side, columns in places.neurons[name].circuits():
            _set(registers, side, columns, neurons, _efficacy_lsb(places, name))


def _efficacy_lsb(places: Places, name: str) -> float:
    return places.graph.efficacy_lsb(name) * (c.HEMISPHERES if places.neurons[name].merged else 1)


def _set(registers: Registers, side: int, columns: np.ndarray, neurons: LIF | LI, efficacy_lsb: float) -> None:
    registers.leak_lsb[side, columns] = registers.reset_lsb[side, columns] = neurons.leak_lsb
    registers.tau_mem_ns[side, columns] = neurons.tau_mem_ns
    registers.tau_syn_exc_ns[side, columns] = registers.tau_syn_inh_ns[side, columns] = neurons.tau_syn_ns
    registers.efficacy_lsb[side, columns] = efficacy_lsb
    if isinstance(neurons, LIF):
        registers.threshold_lsb[side, columns] = neurons.leak_lsb + neurons.threshold_lsb
        registers.refractory_ns[side, columns] = neurons.refractory_ns
    else:
        registers.refractory_ns[side, columns] = INTEGRATOR_REFRACTORY_NS
