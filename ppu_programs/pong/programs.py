"""What the top processor does with every ball, in three slots, and behind every epoch. The bottom one sleeps.

::

    resets     draw the noise's row; reset neurons, counters, sensors
    input      sleep: the FPGA plays the ball
    update     read counters; reward, expected reward; every row: convert, change weights; keep
               behind the last ball: homeostasis, record
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Recording, Timer, divide, i32, maximum, minimum
from chip.ppu.program import Program
from ppu_programs import rewrite
from ppu_programs.pong import learning, noise
from ppu_programs.pong.learning import READINGS, WEIGHTS
from ppu_programs.pong.network import PongPlacement
from ppu_programs.pong.settings import ALL, INPUT_NS, PLAYER, Settings
from ppu_programs.pong.stimuli import HALVES
from ppu_programs.stochastic_rounding import seeds

START_CYCLES = 3_000_000  # 12 ms: until then the program reads what columns show without correlation
CAUSAL = ("causal",)


def factors(s: Settings) -> np.ndarray:
    """int8[512]: the reward for a spike by distance, 0 in the middle."""
    distance = abs(np.arange(2 * c.COLUMNS) - c.COLUMNS)
    found = np.full(distance.shape, -1, np.int8)
    near = distance < len(s.form.factors)
    found[near] = np.array(s.form.factors)[distance[near]]
    return found


class PongProgram(Program):
    """The program; it records a report of every epoch, and sometimes all weights."""

    name = "pong"

    def __init__(self, settings: Settings, places: PongPlacement):
        s = self.settings = settings
        self.rows, self.noise_row, self.halves = places.rows, places.noise_row, places.halves
        self.lanes = tuple(range(min(s.positions, c.LANES)))
        self.positions, self.all_rows, self.plays = s.positions, s.updated == ALL, s.stimuli == PLAYER
        self.reach, self.watched = len(s.form.shares) - 1, s.watched
        own = learning.kernels(s)
        self.judge, self.next_ball, self.find_steps = own.judge, own.next_ball, own.find_steps
        self.draw_noise = noise.noise_kernel(s.noise_start, s.noise_end, s.fading)
        self.kernels = (
            *(noise.seed_noise, self.draw_noise, self.judge, self.next_ball, self.find_steps),
            *(learning.add_to_rest, learning.keep_baseline, learning.update_row, rewrite.begin),
            *(rewrite.add_and_clip, learning.begin_report, learning.keep_cycles),
        )
        self.memory = learning.memory(s.positions)
        self.reset_cycles = s.reset_ns // c.PPU_CLOCK_NS
        input_end, period = (s.reset_ns + INPUT_NS) // c.PPU_CLOCK_NS, s.position_ns // c.PPU_CLOCK_NS
        self.tasks = (
            Timer(start=START_CYCLES, period=period, count=s.epochs * s.positions, task="prepare"),
            Timer(start=START_CYCLES + input_end, period=period, count=s.epochs * s.positions, task="update"),
        )
        self.recordings = (
            Recording("report", region="report", count=s.epochs),
            Recording("weights", rows=self.rows, count=max(1, s.epochs // s.watched)),
        )

    def image(self) -> dict[str, np.ndarray]:
        return {"factors": factors(self.settings), "noise": seeds(np.random.default_rng([self.settings.seed, 1]))}

    def main(self, ppu) -> Generator:
        yield ppu.connect("correlation")
        yield ppu.run(noise.seed_noise)
        yield from self.reset_sensors(ppu)
        for row in range(c.ROWS):
            yield ppu.read_correlation(row, "readings", CAUSAL)
            yield ppu.run(learning.add_to_rest)
        yield ppu.run(learning.keep_baseline)
        return (yield from super().main(ppu))

    def prepare(self, ppu) -> Generator:
        """The first slot: noise and resets. Then have the ball played, where a player does it."""
        begun = ppu.time_base
        yield ppu.run(self.draw_noise)
        yield ppu.store_row(self.noise_row, READINGS)
        yield ppu.reset_neurons(halves=self.halves)  # which counts as a spike
        yield ppu.read_spike_counters(into="counts", halves=self.halves, lanes=self.lanes, reset=True)
        if self.all_rows:
            yield from self.reset_sensors(ppu)
        else:
            yield from self.reset_heard(ppu)
        if self.plays:
            yield ppu.wait_until(begun + self.reset_cycles)
            for _ in range(HALVES):
                yield ppu.play(ppu.word("progress", learning.POSITION))

    def reset_sensors(self, ppu) -> Generator:
        """Clear all correlations of the hemisphere."""
        for four in range(c.ROWS // 4):
            row = 4 * four
            yield ppu.chain(
                ppu.reset_correlation(row),
                ppu.reset_correlation(row + 1),
                ppu.reset_correlation(row + 2),
                ppu.reset_correlation(row + 3),
            )

    def reset_heard(self, ppu) -> Generator:
        """Clear those of rows that will have events."""
        position = ppu.word("progress", learning.POSITION)
        for number in range(maximum(position - self.reach, 0), minimum(position + self.reach + 1, self.positions)):
            yield ppu.reset_correlation(self.rows[number])

    def update(self, ppu) -> Generator:
        """The last slot: what the ball earned, and what is learned from it."""
        begun = ppu.time_base
        yield ppu.read_spike_counters(into="counts", halves=self.halves, lanes=self.lanes)
        yield ppu.run(self.judge)
        if self.all_rows:
            yield from self.change_rows(ppu, 0, self.positions)
        else:
            position = ppu.word("progress", learning.POSITION)
            first = maximum(position - self.reach, 0)
            yield from self.change_rows(ppu, first, minimum(position + self.reach + 1, self.positions))
        yield ppu.run(learning.keep_cycles, i32(ppu.time_base - begun))
        yield ppu.run(self.next_ball)
        if ppu.word("progress", learning.POSITION) == 0:
            yield from self.end_epoch(ppu)

    def change_rows(self, ppu, first, end) -> Generator:
        """Change the weights of inputs from ``first`` up to ``end``, by what their sensors read."""
        row = self.rows[first]
        yield ppu.chain(ppu.read_correlation(row, READINGS, CAUSAL), ppu.load_row(row, WEIGHTS))
        for number in range(first, end - 1):
            row = self.rows[number]
            following = self.rows[number + 1]
            yield ppu.chain(
                ppu.run(learning.update_row),
                ppu.store_row(row, WEIGHTS),
                ppu.read_correlation(following, READINGS, CAUSAL),
                ppu.load_row(following, WEIGHTS),
            )
        last = self.rows[end - 1]
        yield ppu.chain(ppu.run(learning.update_row), ppu.store_row(last, WEIGHTS))

    def end_epoch(self, ppu) -> Generator:
        """Homeostasis of all weights; write down how the epoch went."""
        yield ppu.run(self.find_steps)
        yield ppu.run(rewrite.begin)
        for number in range(self.positions):
            row = self.rows[number]
            yield ppu.load_row(row, rewrite.WEIGHTS)
            yield ppu.chain(ppu.run(rewrite.add_and_clip), ppu.store_row(row, rewrite.WEIGHTS))
        yield ppu.record("report")
        yield ppu.run(learning.begin_report)
        epoch = ppu.word("progress", learning.EPOCH)
        if epoch == self.watched * divide(epoch, self.watched):
            yield ppu.record("weights")
