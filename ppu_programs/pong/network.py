"""Inputs, a row each, a row of noise, and output neurons, all in the top hemisphere.

Outputs are two populations, ``low`` and ``high``, since each takes a half of the hemisphere's columns: so output i is
byte i of what a processor reads of both halves, even columns first.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import Registers
from ppu_programs.network import LIF, Inputs, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place
from ppu_programs.pong.settings import Settings

INPUTS, NOISE = "inputs", "noise"
OUTPUTS = ("low", "high")


def graph(s: Settings) -> NetworkGraph:
    """Return the network; projections come by source, then by outputs."""
    neurons = {
        "tau_mem_ns": s.tau_mem_ns,
        "tau_syn_ns": s.tau_syn_ns,
        "refractory_ns": s.refractory_ns,
        "threshold_lsb": s.threshold_lsb - s.leak_lsb,
        "leak_lsb": s.leak_lsb,
    }
    sizes = [min(s.positions, c.LANES), max(s.positions - c.LANES, 0)]
    outputs = {name: LIF(size, **neurons) for name, size in zip(OUTPUTS, sizes, strict=True) if size}
    return NetworkGraph(
        {INPUTS: Inputs(s.positions), NOISE: Inputs(1), **outputs},
        *(
            Projection(source, target, sign=Sign.EXCITATORY, efficacy_lsb=s.efficacy_lsb)
            for source in (INPUTS, NOISE)
            for target in outputs
        ),
    )


class PongPlacement:
    """The network in its place.

    Attributes:
        on_chip: where it is.
        rows: of the inputs' synapses, a tuple; noise_row: of the noise.
        labels: uint16[inputs + 1], of the events of inputs, and of the noise.
        halves: of the outputs, from even on.

    Raises:
        ChipLimitError: the network has no room.
    """

    def __init__(self, settings: Settings):
        self.settings, network = settings, graph(settings)
        self.names = [name for name, _ in network.neurons()]
        self.on_chip: GraphPlacement = place(network, recorded=(), kept=dict.fromkeys(self.names, c.TOP))
        for half, name in enumerate(self.names):
            lies = self.on_chip.neurons[name]
            if (lies.halves != half).any() or (lies.lanes != np.arange(len(lies.lanes))).any():
                raise RuntimeError(f"outputs {name} do not lie in lanes of half {half} from the first on")
        self.halves = tuple(range(len(self.names)))
        sources = self.on_chip.sources
        self.rows = tuple(sources[INPUTS].rows[:, c.TOP, 0].tolist())
        self.noise_row = int(sources[NOISE].rows[0, c.TOP, 0])
        self.labels = np.concatenate([sources[INPUTS].labels, sources[NOISE].labels])

    def registers(self) -> Registers:
        """Registers with the initial weights, and sensors on; the noise has none yet."""
        s, places = self.settings, self.on_chip
        registers = places.registers(inputs_recorded=False)
        columns = np.concatenate([places.neurons[name].columns for name in self.names])
        registers.event_output[c.TOP, columns] = False  # nobody hears them; they are counted
        registers.reset_lsb[c.TOP, columns] = s.reset_lsb
        registers.correlation_enabled[c.TOP] = True
        registers.correlation_amplitude_lsb[c.TOP] = s.amplitude_lsb
        registers.correlation_tau_ns[c.TOP] = s.tau_correlation_ns
        for projection, name in enumerate(self.names):
            size = len(places.neurons[name].columns)
            places.store(registers, projection, np.full((s.positions, size), s.initial))
        return registers

    def load(self, weights: np.ndarray) -> np.ndarray:
        """Return int64[inputs, outputs] of a whole chip's weights, uint8[2, 256, 256]."""
        return np.concatenate([self.on_chip.load(weights, k) for k, _ in enumerate(self.names)], axis=1)

    def of_record(self, rows: np.ndarray) -> np.ndarray:
        """Return uint8[records, inputs, outputs] of recorded rows, uint8[records, inputs, 256 columns]."""
        columns = np.concatenate([self.on_chip.neurons[name].columns for name in self.names])
        return rows[:, :, columns]
