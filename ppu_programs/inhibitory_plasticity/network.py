"""Cells with tuned excitation, interneurons that relay channels, and where they lie: all in the top hemisphere.

A cell's excitatory weights are a bell over the channels (Vogels et al. 2011, caption of figure 2: 0.3 + 1.1 / (1 +
d^4) for a distance of d channels from the preferred one), here around a circle; neighbouring cells prefer neighbouring
channels. An interneuron hears sources of its channel alone, and all cells hear it.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.inhibitory_plasticity.settings import CHANNELS, Settings
from ppu_programs.network import LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place

EXCITATION, DRIVE, INHIBITION = range(3)  # projections
FLOOR, HEIGHT = 0.3, 1.1  # of the bell


def graph(s: Settings) -> NetworkGraph:
    """Return the network."""
    relays = CHANNELS * s.interneurons
    neurons = {
        "tau_mem_ns": s.tau_mem_ns,
        "tau_syn_ns": s.tau_syn_ns,
        "refractory_ns": s.refractory_ns,
        "threshold_lsb": s.threshold_lsb,
        "leak_lsb": s.leak_lsb,
    }
    of_channel = np.arange(CHANNELS * s.sources)[:, None] // s.sources
    drives = of_channel == np.arange(relays) // s.interneurons
    return NetworkGraph(
        {
            "excitation": Inputs(CHANNELS * s.sources),
            "drive": Inputs(CHANNELS * s.sources),
            "cells": LIF(s.cells, **neurons),
            "interneurons": LIF(relays, **neurons),
        },
        Projection("excitation", "cells", sign=Sign.EXCITATORY, efficacy_lsb=s.efficacy_lsb),
        Projection("drive", "interneurons", sign=Sign.EXCITATORY, mask=drives, efficacy_lsb=s.efficacy_lsb),
        Projection("interneurons", "cells", sign=Sign.INHIBITORY),
    )


def tuning(s: Settings) -> np.ndarray:
    """int64[channels, cells]: the excitatory weight of each source of a channel."""
    away = abs(np.arange(CHANNELS)[:, None] - np.arange(s.cells) % CHANNELS)
    away = np.minimum(away, CHANNELS - away)
    return np.rint(s.tuning * (FLOOR + HEIGHT / (1.0 + away**4)) / (FLOOR + HEIGHT)).astype(np.int64)


class BalancePlacement:
    """The network in its place.

    Attributes:
        on_chip: where it is.
        cell_half, relay_half: halves of the top hemisphere; cell_lanes, relay_lanes: tuples of lanes.
        rows: of the interneurons' synapses, a tuple.
        labels: uint16[excitation + drive], of the sources' events; first_drive: where those of the drive begin.

    Raises:
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.on_chip: GraphPlacement = place(graph(settings), recorded=(), kept={"cells": c.TOP, "interneurons": c.TOP})
        cells, relays = self.on_chip.neurons["cells"], self.on_chip.neurons["interneurons"]
        self.cell_half, self.relay_half = int(cells.halves[0]), int(relays.halves[0])
        self.cell_lanes, self.relay_lanes = tuple(cells.lanes.tolist()), tuple(relays.lanes.tolist())
        for lanes, halves in ((self.cell_lanes, cells.halves), (self.relay_lanes, relays.halves)):
            if len(set(halves.tolist())) > 1 or lanes != tuple(range(lanes[0], lanes[0] + len(lanes))):
                raise RuntimeError(f"neurons lie in lanes {lanes} of several pieces; a vector needs one")
        if self.cell_lanes[0]:
            raise RuntimeError(f"cells lie in lanes from {self.cell_lanes[0]} on; their counts come from 0 on")
        self.rows = tuple(self.on_chip.sources["interneurons"].rows[:, c.TOP, 1].tolist())
        sources = self.on_chip.sources
        self.labels = np.concatenate([sources["excitation"].labels, sources["drive"].labels])
        self.first_drive = len(sources["excitation"].labels)

    def registers(self, inhibition: np.ndarray) -> Registers:
        """Registers with the weights of the interneurons int[interneurons, cells], 0..63, and all others."""
        s, places = self.settings, self.on_chip
        registers = places.registers(inputs_recorded=False)
        registers.tau_syn_inh_ns = s.tau_inh_ns
        registers.event_output[c.TOP, places.neurons["cells"].columns] = False  # nobody hears them; they are counted
        places.store(registers, EXCITATION, np.repeat(tuning(s), s.sources, axis=0))
        places.store(registers, DRIVE, s.drive * places.graph.projections[DRIVE].mask.astype(np.int64))
        places.store(registers, INHIBITION, inhibition)
        return registers
