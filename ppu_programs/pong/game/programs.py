"""What the top processor does, iteration after iteration, for as long as it is told; the bottom one sleeps.

::

    play       an event of the ball's row every 10 us
    choose     read the counters; the most active output is where the paddle goes; reward, expected reward
    learn      convert the row's causal sensors, change its weights, reset its sensors
    move       paddle and ball
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import V0, V4, V5, Recording, remainder
from chip.ppu.program import Program
from ppu_programs.pong.game import learning, playing
from ppu_programs.pong.game.network import GamePlacement
from ppu_programs.pong.game.settings import Settings
from ppu_programs.stochastic_rounding import seed_noise, seeds

BLOCK = 100  # iterations of a report
WEIGHTS = (V4, V5)  # even, odd columns
CAUSAL = ("causal",)
REST_CYCLES = 25_000  # 0.1 ms, until what the start has left is gone


class GameProgram(Program):
    """The program; it records a report of every block of iterations, and all weights ten times."""

    name = "pong game"

    def __init__(self, settings: Settings, places: GamePlacement):
        s = self.settings = settings
        self.rows, self.busses, self.half = places.rows, places.busses, places.half
        self.row_selects, self.synapse_labels = places.row_selects, places.labels
        self.lanes, self.events = tuple(range(s.positions)), s.events
        self.event_cycles = s.event_ns // c.PPU_CLOCK_NS
        self.blocks = s.iterations // BLOCK
        self.blocks_of_a_look = max(1, self.blocks // 10)  # from one record of the weights to the next one
        own = learning.kernels(s)
        self.add_to_rest, self.keep_baseline = own.add_to_rest, own.keep_baseline
        self.judge, self.change_row, self.move = own.judge, own.change_row, own.move
        self.kernels = (
            *(seed_noise, self.add_to_rest, self.keep_baseline, self.judge, self.change_row, self.move),
            learning.begin_report,
        )
        self.memory = learning.memory(s)
        self.recordings = (
            Recording("report", region="report", count=self.blocks),
            Recording("weights", rows=self.rows, count=self.blocks // self.blocks_of_a_look),
        )

    def image(self) -> dict[str, np.ndarray]:
        s, random = self.settings, np.random.default_rng([self.settings.seed, 1])
        first = int(random.integers(playing.DIRECTIONS))
        return {
            "noise": seeds(random),
            "rewards": learning.rewards(),
            "row_selects": self.row_selects,
            "labels": self.synapse_labels,
            "directions": playing.directions(s),
            "game": playing.first_game(s, first),
        }

    def main(self, ppu) -> Generator:
        yield from self.begin(ppu)
        for block in range(self.blocks):
            for _ in range(BLOCK):
                yield from self.play(ppu)
                yield from self.choose(ppu)
                yield from self.learn(ppu)
                yield ppu.run(self.move)
            yield ppu.record("report")
            yield ppu.run(learning.begin_report)
            if remainder(block + 1, self.blocks_of_a_look) == 0:
                yield ppu.record("weights")
        return 0

    def begin(self, ppu) -> Generator:
        """Find what columns read without correlation, of all rows."""
        yield ppu.connect("correlation")
        yield ppu.run(seed_noise)
        yield ppu.wait(REST_CYCLES)
        for number in range(len(self.rows)):
            row = self.rows[number]
            yield ppu.reset_correlation(row)
            yield ppu.read_correlation(row, "readings", CAUSAL, (self.half,))
            yield ppu.run(self.add_to_rest)
        yield ppu.run(self.keep_baseline)
        yield ppu.reset_neurons(halves=(self.half,))
        yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)

    def play(self, ppu) -> Generator:
        """Send the ball's events; end as long behind the last one as they lie apart."""
        begun = ppu.time_base
        position = ppu.word("game", playing.POSITION)
        row_select = ppu.word("row_selects", position)
        label = ppu.word("labels", position)
        for event in range(self.events):
            yield ppu.inject_event(self.busses, row_select, label)
            yield ppu.wait_until(begun + (event + 1) * self.event_cycles)

    def choose(self, ppu) -> Generator:
        """Read what the outputs have counted, and judge it."""
        yield ppu.read_spike_counters(into="counts", halves=(self.half,), lanes=self.lanes, reset=True)
        yield ppu.run(self.judge)

    def learn(self, ppu) -> Generator:
        """Change the weights of the ball's row."""
        row = self.rows[ppu.word("game", playing.POSITION)]
        yield ppu.chain(ppu.read_correlation(row, (V0,), CAUSAL, (self.half,)), ppu.load_row(row, WEIGHTS))
        yield ppu.chain(ppu.run(self.change_row), ppu.store_row(row, WEIGHTS))
        yield ppu.reset_correlation(row)
