"""What the top processor does in a tick; the bottom one sleeps.

It converts membranes and traces, reads the excitatory neurons' spike counters, takes a step of all shadow weights, and
writes a part of the synapse rows. When all parts have been written inhibition has a tick, and learns from all spikes
since its last one.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Memory, Recording, Timer, u8
from chip.ppu.program import Program
from ppu_programs.inhibitory_plasticity import update
from ppu_programs.spiking_lpl import factors, synapses
from ppu_programs.spiking_lpl.network import LPLPlacement
from ppu_programs.spiking_lpl.settings import INHIBITION, LEARNING, PART_INPUTS, Settings
from ppu_programs.stochastic_rounding import seeds
from ppu_programs.two_layer.layout import positions


class LPLProgram(Program):
    """The program; what it records are the spikes of all excitatory neurons in every tick.

    Attributes:
        parts: rows of the inputs of each part.
    """

    name = "spiking LPL"

    def __init__(self, settings: Settings, places: LPLPlacement, learned: np.ndarray):
        s = settings
        self.settings, self.places, self.learned = s, places, learned
        self.half, self.lanes, self.trace_half = places.half, places.lanes, places.trace_half
        self.inhibitory_half, self.inhibitory_lanes = places.inhibitory_half, places.inhibitory_lanes
        self.inhibitory_rows = places.inhibitory_rows
        self.parts = tuple(places.rows[first : first + PART_INPUTS] for first in range(0, s.inputs, PART_INPUTS))
        self.learns = not s.without(LEARNING)
        self.inhibits = not s.without(LEARNING, INHIBITION)
        relays = len(self.inhibitory_rows)
        self.factors = factors.factors_kernel(s)
        self.step = synapses.step_kernel(s.excitatory)
        self.gather = synapses.gather_kernel(s.excitatory, PART_INPUTS)
        self.turn = synapses.turn_kernel(s.turns)
        self.update = update.update_kernel(
            relays, s.window_target, round(s.inhibitory_rate * (1 << update.RATE_BITS)), True
        )
        self.memory = (
            factors.memory(s)
            | synapses.memory(s.excitatory, s.inputs, max(PART_INPUTS, relays))
            | Memory(cells=u8[c.LANES], relays=u8[relays])
        )
        self.kernels = (
            *(update.seed_noise, factors.keep_rest, factors.clear_cells, factors.subtract_rest, self.factors),
            *(self.step, self.gather, self.turn, self.update),
        )
        period = s.tick_ns // c.PPU_CLOCK_NS
        self.tasks = (Timer(start=2 * period, period=period, count=s.ticks, task="tick"),)
        self.recordings = (Recording("counts", region="counts", count=s.ticks),)

    def image(self) -> dict[str, np.ndarray]:
        s, places = self.settings, self.places
        of_lane = positions()[list(places.trace_lanes)]
        shadow = np.zeros((s.excitatory, c.LANES), np.int16)
        half = 1 << synapses.WEIGHT_STEP_BITS - 1
        shadow[:, of_lane] = (self.learned.T << synapses.WEIGHT_STEP_BITS) + half
        spikes = s.target_khz * s.tick_ns * 1e-6
        one, inverse = 1 << factors.STATE_BITS, (1 << factors.INVERSE_BITS) / (spikes + s.least_variance)
        return {
            "shadow": shadow.ravel(),
            "places": of_lane.astype(np.uint8),
            "lanes": np.array(places.lanes, np.uint8),
            "surrogate": factors.surrogate_table(s),
            "mean": np.full(s.excitatory, round(spikes * one), np.int32),
            "variance": np.full(s.excitatory, round(spikes * one), np.int32),
            "inverse": np.full(s.excitatory, round(inverse), np.int32),
            "noise": seeds(np.random.default_rng([s.seed, 4])),
        }

    def main(self, ppu) -> Generator:
        """Read the traces at rest, before the first input; then the ticks."""
        yield ppu.run(update.seed_noise)
        yield ppu.read_cadc(into="seen", halves=(self.half, self.trace_half))
        yield ppu.run(factors.keep_rest)
        return (yield from super().main(ppu))

    def tick(self, ppu) -> Generator:
        """Membranes and traces, spikes, a step, a part of the synapses, or inhibition."""
        yield ppu.read_cadc(into="seen", halves=(self.half, self.trace_half))
        yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes)
        yield ppu.record("counts")
        if self.learns:
            yield ppu.run(factors.subtract_rest)
            yield ppu.run(self.factors)
            yield ppu.run(self.step)
            part = ppu.word("part", 0)
            if part < len(self.parts):
                yield from self.write(ppu, part)
            elif self.inhibits:
                yield from self.inhibit(ppu)
            yield ppu.run(self.turn)

    def write(self, ppu, part) -> Generator:
        """Write the rows of a part."""
        yield ppu.run(self.gather, part)
        for number in range(len(self.parts)):
            if part == number:
                yield ppu.store_weights(self.parts[number], self.half, source="rows")

    def inhibit(self, ppu) -> Generator:
        """Let inhibition learn from all spikes since the last time."""
        yield ppu.read_spike_counters(
            into="relays", halves=(self.inhibitory_half,), lanes=self.inhibitory_lanes, reset=True
        )
        yield ppu.load_weights(self.inhibitory_rows, self.half, into="rows")
        yield ppu.run(self.update)
        yield ppu.store_weights(self.inhibitory_rows, self.half, source="rows")
        yield ppu.run(factors.clear_cells)
