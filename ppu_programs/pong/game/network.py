"""The network in its place: the ball's rows, which the processor feeds, a row of noise, which a generator feeds.

The generator draws the lower bits of its label anew for every event, and the noise's synapses have one label each, so
that one Poisson train is as many independent ones.
"""

from __future__ import annotations

import numpy as np

from chip.base import constants as c
from chip.base.registers import ROW_EXCITATORY, Registers
from ppu_programs.network import LIF, Injected, NetworkGraph, Projection, Sign
from ppu_programs.placement import GraphPlacement, place
from ppu_programs.pong.game.settings import Settings

BALL, OUTPUTS = "ball", "outputs"
NOISE_BUS, NOISE_ROW = 0, 0  # the first driver's, and its bus
GENERATOR = 0
GENERATOR_INPUT = 12  # of the crossbar, the first generator's
RATE_ONE = 255  # of a generator: an event in each of its periods
CHANCE = 0.25  # of an event in a period: seldom enough for intervals that are nearly those of a Poisson train
LONGEST_PERIOD = 0xFFFF


def graph(s: Settings) -> NetworkGraph:
    """Return the network."""
    outputs = LIF(
        s.positions,
        tau_mem_ns=s.tau_mem_ns,
        tau_syn_ns=s.tau_syn_ns,
        refractory_ns=s.refractory_ns,
        threshold_lsb=s.threshold_lsb - s.leak_lsb,
        leak_lsb=s.leak_lsb,
    )
    return NetworkGraph(
        {BALL: Injected(s.positions), OUTPUTS: outputs},
        Projection(BALL, OUTPUTS, sign=Sign.EXCITATORY, efficacy_lsb=s.efficacy_lsb),
    )


class GamePlacement:
    """Where everything lies.

    Attributes:
        on_chip: the network.
        half: of the outputs, which lie in its first lanes.
        rows: of the ball's positions.
        busses, row_selects, labels: of the events that a position sends.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.on_chip: GraphPlacement = place(graph(settings), recorded=(), kept={OUTPUTS: c.TOP})
        outputs, ball = self.on_chip.neurons[OUTPUTS], self.on_chip.sources[BALL]
        self.half = int(outputs.halves[0])
        if (outputs.halves != self.half).any() or (outputs.lanes != np.arange(settings.positions)).any():
            raise RuntimeError(f"outputs do not lie in lanes of half {self.half} from the first on")
        self.columns = outputs.columns
        self.rows = tuple(ball.rows[:, c.TOP, 0].tolist())
        self.busses = tuple(sorted(set(ball.busses.tolist())))
        self.row_selects, self.labels = ball.row_selects, ball.synapse_labels
        if NOISE_BUS in self.busses or NOISE_ROW in self.rows:
            raise RuntimeError(f"the noise has no row: the ball's are {self.rows}")

    def registers(self, first_weights: np.ndarray) -> Registers:
        """Registers with the first weights, int[positions, positions], sensors and noise on."""
        s, registers = self.settings, self.on_chip.registers(inputs_recorded=False)
        registers.event_output[c.TOP, self.columns] = False  # nobody hears them; they are counted
        registers.reset_lsb[c.TOP, self.columns] = s.reset_lsb
        registers.correlation_enabled[c.TOP] = True
        registers.correlation_amplitude_lsb[c.TOP] = s.amplitude_lsb
        registers.correlation_tau_ns[c.TOP] = s.tau_correlation_ns
        self.on_chip.store(registers, 0, first_weights)
        self._add_noise(registers)
        return registers

    def _add_noise(self, registers: Registers) -> None:
        s = self.settings
        if s.noise_khz == 0:
            return
        bits = max(0, (s.positions - 1).bit_length())
        labels = 1 << bits  # some of them are nobody's, where positions are no power of two
        clocks = 1e6 / (s.noise_khz * labels) / c.EVENT_CLOCK_NS  # from one event to the next one
        period = max(1, min(round(clocks * CHANCE), LONGEST_PERIOD))
        registers.background_enabled[GENERATOR] = registers.background_poisson[GENERATOR] = True
        registers.background_period[GENERATOR] = period
        registers.background_rate[GENERATOR] = max(1, min(round(RATE_ONE * period / clocks), RATE_ONE))
        registers.background_seed[GENERATOR] = 1 + s.seed % 0xFFFFFFFF
        registers.background_mask[GENERATOR] = labels - 1
        registers.crossbar_mask[GENERATOR_INPUT, NOISE_BUS] = 0
        registers.crossbar_target[GENERATOR_INPUT, NOISE_BUS] = 0
        registers.row_mode[c.TOP, NOISE_ROW] = ROW_EXCITATORY
        registers.weights[c.TOP, NOISE_ROW, self.columns] = s.noise_weight
        registers.labels[c.TOP, NOISE_ROW, self.columns] = np.arange(s.positions)
