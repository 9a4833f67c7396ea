"""What the top processor does once a period: counts, steps, synapses. The bottom one sleeps."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Recording, Timer
from chip.ppu.program import Program
from ppu_programs.inhibitory_plasticity import update
from ppu_programs.inhibitory_plasticity.network import BalancePlacement
from ppu_programs.inhibitory_plasticity.settings import Settings
from ppu_programs.stochastic_rounding import STOCHASTIC, seeds


class BalanceProgram(Program):
    """The program; what it records are the counts of all cells, and, seldom, the weights of all interneurons."""

    name = "inhibitory plasticity"

    def __init__(self, settings: Settings, places: BalancePlacement):
        s = settings
        self.settings = s
        self.cell_half, self.relay_half = places.cell_half, places.relay_half
        self.cell_lanes, self.relay_lanes, self.rows = places.cell_lanes, places.relay_lanes, places.rows
        rate = round(s.rate * (1 << update.RATE_BITS))
        self.update = update.update_kernel(len(self.rows), s.target, rate, s.rounding == STOCHASTIC)
        self.memory = update.memory(len(self.rows))
        self.kernels = (update.seed_noise, self.update)
        period = s.period_ns // c.PPU_CLOCK_NS
        watches = -(-s.updates // s.watched)
        self.tasks = (
            Timer(start=period, period=period, count=s.updates, task="learn"),
            Timer(start=period + period // 2, period=s.watched * period, count=watches, task="watch"),
        )
        self.recordings = (
            Recording("counts", region="cells", count=s.updates),
            Recording("weights", rows=self.rows, count=watches),
        )

    def image(self) -> dict[str, np.ndarray]:
        return {"noise": seeds(np.random.default_rng([self.settings.seed, 3]))}

    def main(self, ppu) -> Generator:
        yield ppu.run(update.seed_noise)
        return (yield from super().main(ppu))

    def learn(self, ppu) -> Generator:
        """Read the counters, change the weights."""
        yield ppu.read_spike_counters(into="relays", halves=(self.relay_half,), lanes=self.relay_lanes, reset=True)
        yield ppu.read_spike_counters(into="cells", halves=(self.cell_half,), lanes=self.cell_lanes, reset=True)
        yield ppu.record("counts")
        yield ppu.load_weights(self.rows, half=self.cell_half, into="rows")
        yield ppu.run(self.update)
        yield ppu.store_weights(self.rows, half=self.cell_half, source="rows")

    def watch(self, ppu) -> Generator:
        """Record the weights, half a period behind an update."""
        yield ppu.record("weights")
