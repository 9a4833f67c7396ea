"""What the two processors do: both learn from each pair, each the synapses of its own inputs.

::

    conducts                                       follows
    play the first view, convert ----------------> convert
    play the second view, convert ---------------> convert
    follow means and covariances                   follow means and covariances
    store what units share, ring <---------------> store what units share, ring
    fetch the other's part, learn                  fetch the other's part, learn
    (behind a batch: write synapses)               (behind a batch: write synapses)
    wait for the other one <---------------------- reset traces, ring

Each has the covariances of every unit with half of the others. Nothing else crosses between them: both convert the same
membranes, and know the inputs by traces of their own. What they convert differs by the noise of their converters.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.ppu import Memory, i32, kernel, minimum, u32
from chip.ppu.processor.timing import SAMPLE_LINE
from chip.ppu.program import Program
from ppu_programs.latent_predictive import learning, statistics, writing
from ppu_programs.latent_predictive.network import Side
from ppu_programs.latent_predictive.settings import GROUP, MOST_UNITS, SHUFFLED, Settings
from ppu_programs.latent_predictive.statistics import PAST, PRESENT, RESTS
from ppu_programs.stochastic_rounding import TRUNCATE, seed_noise, seeds

SHARED_LINE, DONE_LINE = 1, 2
SHARED_VECTORS = c.HEMISPHERES  # in external memory, one of each processor
MOMENTS_VECTORS = 2  # behind the features of a look
REPORT = Memory(report=i32[c.VECTOR_BYTES // c.WORD_BYTES])


@kernel
def count_look(v, m):
    """Word 0 of the report is how many looks are over."""
    m.report[0] = m.report[0] + 1


@dataclass(frozen=True)
class Plan:
    """What is played, and where the chip leaves what it saw; addresses are of external memory.

    Attributes:
        pairs: of training samples that there are.
        readout: how many of these the host's readout is fitted to, the first view of each.
        evaluated: the samples that follow, of validation and test.
        blank: the sample without events.
        base: the first free address.
        looks: how often features are kept; batches: from one of them to the next.
    """

    pairs: int
    readout: int
    evaluated: range
    blank: int
    base: int
    looks: int
    batches: int

    @property
    def seen(self) -> int:
        """Samples of a look."""
        return self.readout + len(self.evaluated)

    def look_address(self, look: int) -> int:
        """Where the features of a look stand, a vector a sample, the moments behind them."""
        return self.report_address + c.VECTOR_BYTES + look * self.look_bytes

    @property
    def look_bytes(self) -> int:
        """What a look leaves behind."""
        return c.VECTOR_BYTES * (self.seen + MOMENTS_VECTORS)

    @property
    def report_address(self) -> int:
        """Where the report stands, behind what units share."""
        return self.base + c.VECTOR_BYTES * SHARED_VECTORS


class HalfProgram(Program):
    """What both have: activities, statistics, sums, synapses.

    Args:
        settings: of the rule; plan: what is played; side: what this processor has of the network.
    """

    code_in = "external"  # sums and covariances leave no room for it

    def __init__(self, settings: Settings, plan: Plan, side: Side):
        s = self.settings = settings
        self.plan, self.side = plan, side
        own = (s.units + 1) // 2
        self.first_unit = own * side.hemisphere
        self.own_units = min(own, s.units - self.first_unit)
        self.units = s.units
        inputs = len(side.numbers)
        self.vectors = learning.vectors(inputs)
        self.step = writing.step_kernel(s.rounding == TRUNCATE)
        self.rate = round(s.rate * learning.RATE_ONE)
        self.batch, self.batches, self.looks = s.batch, plan.batches, plan.looks
        self.halvings = s.halvings
        self.stage = -(-plan.batches * plan.looks // (s.halvings + 1))  # batches at one rate
        self.settling_batches = s.settling_pairs // s.batch
        self.memory = statistics.memory(self.own_units) | learning.memory(inputs) | writing.MEMORY
        self.kernels = (
            *(seed_noise, statistics.add_rest, statistics.take_view, statistics.take_inputs),
            *(statistics.follow, learning.divide_by_variances, learning.learn, self.step),
        )
        self.row_groups = row_groups(side)
        self.own_address = plan.base + c.VECTOR_BYTES * side.hemisphere
        self.other_address = plan.base + c.VECTOR_BYTES * (c.BOTTOM - side.hemisphere)
        self.other = c.BOTTOM - side.hemisphere

    def image(self) -> dict[str, np.ndarray]:
        random = np.random.default_rng([self.settings.seed, 11, self.side.hemisphere])
        return {
            "own": (np.arange(MOST_UNITS) < self.settings.units).astype(np.int16),
            "second": (np.arange(c.LANES) & GROUP > 0).astype(np.int8),
            "noise": seeds(random),
            "progress": np.array([0, 0, 0, self.settings.pairing == SHUFFLED, self.plan.pairs], np.int32),
            "strengths": np.array(learning.strengths(self.settings), np.int32),
        }

    def convert(self, ppu) -> Generator:
        """Read traces and units."""
        yield ppu.read_cadc(into="seen", halves=(c.EVEN, c.ODD))

    def learn_pair(self, ppu, rate) -> Generator:
        """Follow what units do, hand over what they share, learn."""
        yield ppu.run(statistics.follow, self.first_unit, self.own_units)
        yield ppu.store_external(u32(self.own_address), source="shared")
        yield ppu.ring(self.other, SHARED_LINE)
        yield ppu.wait_doorbell(SHARED_LINE)
        yield ppu.load_external(u32(self.other_address), into="other")
        yield ppu.run(learning.learn, rate, self.vectors)

    def write(self, ppu) -> Generator:
        """Change the synapses of all inputs by the sums of a batch, and divide by the variances anew."""
        for number in range(len(self.row_groups)):
            first = writing.PAIRS_PER_WRITE * number
            yield ppu.load_weights(self.row_groups[number], c.ODD, into="rows")
            yield ppu.run(self.step, first, minimum(writing.PAIRS_PER_WRITE, self.vectors - first))
            yield ppu.store_weights(self.row_groups[number], c.ODD, source="rows")
        yield ppu.run(learning.divide_by_variances, self.units)


class Conductor(HalfProgram):
    """The processor that has samples played, and keeps features."""

    name = "latent predictive learning, conducts"

    def __init__(self, settings: Settings, plan: Plan, side: Side):
        super().__init__(settings, plan, side)
        self.kernels = (*self.kernels, statistics.next_pair, count_look)
        self.memory = self.memory | REPORT

    def main(self, ppu) -> Generator:
        yield ppu.run(seed_noise)
        for _ in range(RESTS):
            yield from self.show_both(ppu, self.plan.blank)
            yield ppu.run(statistics.add_rest)
            yield ppu.wait_doorbell(DONE_LINE)
        yield from self.look(ppu, 0)
        for _ in range(self.settling_batches):
            yield from self.learn_batch(ppu, 0)
        if self.halvings:  # known when the program is loaded: the other way is not compiled
            rate, left = self.rate, self.stage
            for look in range(self.looks):
                for _ in range(self.batches):
                    yield from self.learn_batch(ppu, rate)
                    left = left - 1
                    if left == 0:
                        rate, left = rate >> 1, self.stage
                yield from self.look(ppu, look + 1)
        else:
            for look in range(self.looks):
                for _ in range(self.batches):
                    yield from self.learn_batch(ppu, self.rate)
                yield from self.look(ppu, look + 1)
        return 0

    def show_both(self, ppu, sample) -> Generator:
        """Show a sample to both processors: from rest, convert at its end."""
        yield ppu.reset_neurons(halves=(c.EVEN, c.ODD))
        yield ppu.play(sample, ring=(self.other,))
        yield from self.convert(ppu)

    def learn_batch(self, ppu, rate) -> Generator:
        for _ in range(self.batch):
            yield ppu.run(statistics.next_pair)
            yield from self.show_both(ppu, ppu.word("progress", PAST))
            yield ppu.run(statistics.take_view, PAST)
            yield ppu.wait_doorbell(DONE_LINE)
            yield from self.show_both(ppu, ppu.word("progress", PRESENT))
            yield ppu.run(statistics.take_view, PRESENT)
            yield ppu.run(statistics.take_inputs)
            yield from self.learn_pair(ppu, rate)
            yield ppu.wait_doorbell(DONE_LINE)
        yield from self.write(ppu)
        yield ppu.wait_doorbell(DONE_LINE)

    # ------------------------------------------------------------------ features

    def look(self, ppu, look) -> Generator:
        """Keep what units make of the samples for the host's readout, and the moments of their activity."""
        address = u32(look * self.plan.look_bytes) + self.plan.look_address(0)
        for n in range(self.plan.readout):
            yield from self.keep(ppu, 2 * n, address + u32(c.VECTOR_BYTES * n))
        for n in range(len(self.plan.evaluated)):
            at = address + u32(c.VECTOR_BYTES * (self.plan.readout + n))
            yield from self.keep(ppu, self.plan.evaluated.start + n, at)
        yield ppu.store_external(address + u32(c.VECTOR_BYTES * self.plan.seen), source="moments", vectors=2)
        yield ppu.run(count_look)
        yield ppu.store_external(u32(self.plan.report_address), source="report")

    def keep(self, ppu, sample, address) -> Generator:
        yield ppu.reset_neurons(halves=(c.ODD,))
        yield ppu.play(sample)
        yield from self.convert(ppu)
        yield ppu.run(statistics.take_view, PRESENT)
        yield ppu.store_external(address, source="features")


class Follower(HalfProgram):
    """The other one."""

    name = "latent predictive learning, follows"

    def main(self, ppu) -> Generator:
        yield ppu.run(seed_noise)
        yield ppu.reset_neurons(halves=(c.EVEN,))
        for _ in range(RESTS):
            yield ppu.wait_doorbell(SAMPLE_LINE)
            yield from self.convert(ppu)
            yield ppu.run(statistics.add_rest)
            yield from self.ready(ppu)
        for _ in range(self.settling_batches):
            yield from self.learn_batch(ppu, 0)
        if self.halvings:
            rate, left = self.rate, self.stage
            for _ in range(self.looks * self.batches):
                yield from self.learn_batch(ppu, rate)
                left = left - 1
                if left == 0:
                    rate, left = rate >> 1, self.stage
        else:
            for _ in range(self.looks * self.batches):
                yield from self.learn_batch(ppu, self.rate)
        return 0

    def ready(self, ppu) -> Generator:
        """Let the traces begin anew, and tell."""
        yield ppu.reset_neurons(halves=(c.EVEN,))
        yield ppu.ring(self.other, DONE_LINE)

    def learn_batch(self, ppu, rate) -> Generator:
        for _ in range(self.batch):
            yield ppu.wait_doorbell(SAMPLE_LINE)
            yield from self.convert(ppu)
            yield ppu.run(statistics.take_view, PAST)
            yield from self.ready(ppu)
            yield ppu.wait_doorbell(SAMPLE_LINE)
            yield from self.convert(ppu)
            yield ppu.run(statistics.take_view, PRESENT)
            yield ppu.run(statistics.take_inputs)
            yield from self.learn_pair(ppu, rate)
            yield from self.ready(ppu)
        yield from self.write(ppu)
        yield from self.ready(ppu)


def row_groups(side: Side) -> tuple[tuple[int, ...], ...]:
    """The rows of synapses of each group that is written at once, four for each vector of sums.

    An odd number of inputs leaves the second place of the last vector to rows that nobody hears.
    """
    rows = side.rows.reshape(-1).tolist()
    if len(side.rows) % 2:
        rows += np.setdiff1d(np.arange(c.ROWS), side.rows)[-2:].tolist()
    size = writing.PAIRS_PER_WRITE * writing.ROWS_PER_PAIR
    return tuple(tuple(rows[first : first + size]) for first in range(0, len(rows), size))
