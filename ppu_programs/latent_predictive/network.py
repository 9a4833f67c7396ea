"""Populations of latent predictive learning, and where they lie: both processors share the units.

=============  ====================================================================================================
inputs         a pixel each, from the FPGA; each processor has the synapses of one half of them
units          leaky integrators, merged neurons, which hear the rows of both hemispheres: both converters read one
               membrane. They lie in the first eight of every sixteen lanes of the odd columns, so that one vector of
               halfwords holds them all; what lies between them is switched off
traces         leaky integrators in the even columns, one for each input whose rows are in their hemisphere: what the
               processor knows of inputs is what a conversion reads of them, with the one that reads the units
=============  ====================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.latent_predictive.settings import GROUP, Settings
from ppu_programs.network import LI, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import HEMISPHERE_NAMES, GraphPlacement, place

MOST_INPUTS = 196  # whose accumulators leave room for the rest of a processor's memory
PLACES = c.LANES  # of the population that units lie in
MERGED_CIRCUITS = 2  # a synapse's current counts half in a merged neuron


@dataclass(frozen=True)
class Side:
    """What a processor has of the network, in its hemisphere.

    Attributes:
        hemisphere: it; numbers: of its inputs.
        rows: int64[inputs, 2], of each input for either sign, onto the units.
        lanes: int64[inputs], of their traces: 0, 1, ...
    """

    hemisphere: int
    numbers: range
    rows: np.ndarray
    lanes: np.ndarray


def unit_lanes(units: int) -> np.ndarray:
    """int64[units]: the lanes of the units, whose bytes unpack to halfwords 0, 1, ... of one vector."""
    number = np.arange(units)
    return 2 * GROUP * (number // GROUP) + number % GROUP


def halves(inputs: int) -> tuple[range, range]:
    """The numbers of the inputs of the top and of the bottom processor."""
    return range((inputs + 1) // 2), range((inputs + 1) // 2, inputs)


def graph(s: Settings, inputs: int) -> NetworkGraph:
    """Return the network for so many inputs, 2 or more."""
    place_of_units = np.zeros(PLACES, bool)
    place_of_units[unit_lanes(s.units)] = True
    times = {"tau_mem_ns": s.tau_mem_ns, "tau_syn_ns": s.tau_syn_ns}
    populations, projections = {}, []
    for name, own in zip(HEMISPHERE_NAMES, halves(inputs), strict=True):
        populations[f"inputs {name}"] = Inputs(len(own))
        populations[f"traces {name}"] = LI(len(own), leak_lsb=s.trace_leak_lsb, **times)
        mask = np.tile(place_of_units, (len(own), 1))
        projections += [
            Projection(f"inputs {name}", "units", mask=mask, efficacy_lsb=s.efficacy_lsb),
            Projection(
                f"inputs {name}",
                f"traces {name}",
                mask=np.eye(len(own), dtype=bool),
                sign=Sign.EXCITATORY,
                efficacy_lsb=trace_efficacy_lsb(s),
            ),
        ]
    populations["units"] = LI(PLACES, leak_lsb=s.leak_lsb, **times)
    return NetworkGraph(populations, *projections)


def trace_efficacy_lsb(s: Settings) -> float:
    """Current per weight with which an event lifts a trace by ``trace_lsb``, by a synapse of the highest weight."""
    ratio = s.tau_syn_ns / s.tau_mem_ns
    peak = np.exp(-1.0) if ratio == 1.0 else ratio ** (ratio / (1.0 - ratio)) * ratio
    return float(s.trace_lsb / (c.WEIGHT_MAX * peak))


class LatentPlacement:
    """The network in its place.

    Attributes:
        settings, inputs: what it was made for.
        on_chip: where it is.
        sides: what either processor has of it.
        labels: uint16[inputs], of their events.

    Raises:
        ValueError: fewer than 2 inputs, or more than there is memory for.
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings, inputs: int):
        if not 2 <= inputs <= MOST_INPUTS:
            raise ValueError(
                f"{settings.section}: the units would see {inputs} inputs; there may be 2..{MOST_INPUTS}, so choose "
                "another side"
            )
        self.settings, self.inputs = settings, inputs
        kept = {f"traces {name}": side for side, name in enumerate(HEMISPHERE_NAMES)}
        self.on_chip: GraphPlacement = place(graph(settings, inputs), recorded=(), kept=kept, merged=("units",))
        self.sides = tuple(self._side(hemisphere) for hemisphere in (c.TOP, c.BOTTOM))
        self.labels = np.concatenate([self.on_chip.sources[f"inputs {name}"].labels for name in HEMISPHERE_NAMES])

    def _side(self, hemisphere: int) -> Side:
        name = HEMISPHERE_NAMES[hemisphere]
        source, traces = self.on_chip.sources[f"inputs {name}"], self.on_chip.neurons[f"traces {name}"]
        units = self.on_chip.neurons["units"]
        in_order = (traces.lanes == np.arange(len(traces.lanes))).all() and (units.lanes == np.arange(PLACES)).all()
        if not in_order or (traces.halves != c.EVEN).any() or (units.halves != c.ODD).any():
            raise RuntimeError("traces do not lie in the even columns from the first on, and units in the odd ones")
        return Side(hemisphere, halves(self.inputs)[hemisphere], source.rows[:, hemisphere], traces.lanes)

    def registers(self, weights: np.ndarray) -> Registers:
        """Registers with these weights, int[inputs, units], -63..63; what lies between the units is off."""
        registers = self.on_chip.registers(inputs_recorded=False)
        for side in self.sides:
            spread = np.zeros((len(side.numbers), PLACES), np.int64)
            spread[:, unit_lanes(self.settings.units)] = weights[side.numbers.start : side.numbers.stop]
            self.on_chip.store(registers, 2 * side.hemisphere, spread)
            collecting = c.WEIGHT_MAX * np.eye(len(side.numbers), dtype=np.int64)
            self.on_chip.store(registers, 2 * side.hemisphere + 1, collecting)
        between = np.setdiff1d(np.arange(PLACES), unit_lanes(self.settings.units))
        columns = self.on_chip.neurons["units"].columns[between]
        registers.enabled[:, columns] = False
        registers.connect_vertical[columns] = False
        return registers

    def load(self, weights: np.ndarray) -> np.ndarray:
        """Return int64[inputs, units] of a whole chip's weights."""
        found = np.concatenate([self.on_chip.load(weights, 2 * side.hemisphere) for side in self.sides])
        return found[:, unit_lanes(self.settings.units)]
