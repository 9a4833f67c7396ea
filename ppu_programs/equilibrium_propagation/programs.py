"""What the two processors do: the conductor has the teacher's rows, the other one follows its samples.

::

    conducts                                     follows
    free phase: play, read the traces            (read the traces, where the free phase counts)
    judge: class, error, nudge
    each nudged phase: write the teacher's rows
      play, read the traces, take them --------> read the traces, take them
    learn                                        learn

Behind a batch both write their synapses, and the conductor waits for the other one. Nothing else crosses between them:
the errors do not, and neither do rates, since each has traces of all that meets at its synapses.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Memory, i16, i32, minimum, u32
from chip.ppu.processor.timing import SAMPLE_LINE
from ppu_programs.equilibrium_propagation import learning, teaching, traces, writing
from ppu_programs.equilibrium_propagation.network import (
    TRACE_LEAK_LSB,
    EquilibriumPlacement,
    Side,
    trace_lsb,
)
from ppu_programs.equilibrium_propagation.reader import (
    BATCHES,
    EPOCHS,
    PLAN_WORDS,
    TRAIN,
    VALIDATION,
    VALIDATION_COUNT,
    TraceReader,
    plan_words,
)
from ppu_programs.equilibrium_propagation.schedule import Schedule
from ppu_programs.equilibrium_propagation.settings import SHARED, WEIGHT_STEP, Settings
from ppu_programs.stochastic_rounding import seed_noise, seeds
from ppu_programs.two_layer import shuffle, weights
from ppu_programs.two_layer.layout import ROW, positions
from ppu_programs.two_layer.plan import REPORTS_ADDRESS, Plan, predictions_address
from ppu_programs.two_layer.programs import generator_state
from ppu_programs.two_layer.update import falling_rate

DONE_LINE = 1
CHECKED = PLAN_WORDS  # in ``plan``, behind what every rule has there
RATE_ONE = 0x8000
PREDICTIONS_APART = predictions_address(1) - predictions_address(0)
UPPER_BOUND_LSB = 228  # of membranes, as recorded; see chip.base.config.limits
NEARLY_LSB = 8


class HalfProgram(TraceReader):
    """What both have: traces, shadow weights, both copies of them.

    Attributes:
        hidden, output: the initial weights of all neurons, float64, in weight steps.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        places: EquilibriumPlacement,
        side: Side,
        phases: Schedule,
        initial: tuple[np.ndarray, np.ndarray],
    ):
        s, inputs, outputs = settings, places.inputs, places.outputs
        self.settings, self.plan, self.places, self.side, self.phases = s, plan, places, side, phases
        self.alternating = int(s.alternating)  # 1 takes the lowest bit of a sample's number
        self.initial, self.seed = initial, s.seed
        self.reads, self.half, self.trace_half = s.reads, side.hidden_half, side.trace_half
        self.output_half, self.nudged, self.free_counts = side.output_half, len(phases) - 1, phases.free_counts
        self.hidden_count, self.first_lane = len(side.lanes), int(side.lanes[0])
        rows = inputs + outputs
        shared = s.copies == SHARED
        shadows = rows if shared else rows + outputs
        self.pull = min(round(RATE_ONE * s.symmetry), RATE_ONE - 1)
        self.rows = np.concatenate([side.input_rows, side.output_rows]).ravel()
        firsts = range(0, self.hidden_count, writing.NEURONS_PER_WRITE)
        self.writes = tuple(side.hidden_rows[f : f + writing.NEURONS_PER_WRITE].ravel() for f in firsts)
        self.update = learning.update_kernel(
            inputs, outputs, int(side.input_lanes[0]), int(side.output_trace_lanes[0]), shared
        )
        self.symmetrise = learning.symmetry_kernel(inputs, outputs)
        self.rows_of_synapses = weights.rows_of_synapses_kernel(rows)
        self.forward_rows = writing.forward_kernel(outputs, inputs if shared else rows)
        self.memory = traces.MEMORY | learning.memory(shadows) | writing.memory(rows) | Memory(
            gain=i16[len(phases)], share=i16[len(phases)], amplitude=i16[len(phases)], plan=i32[PLAN_WORDS + 1]
        )  # fmt: skip
        self.kernels = (
            *(traces.add_reading, traces.keep_rest, traces.take, traces.forget, seed_noise, self.update),
            *(learning.lower_rates, self.rows_of_synapses, self.forward_rows),
            *((self.symmetrise,) if self.pull else ()),
        )

    def image(self) -> dict[str, np.ndarray]:
        own = np.zeros(ROW, np.int16)
        own[positions()[self.side.lanes]] = 1
        random = np.random.default_rng([self.seed, 7, self.side.hemisphere])
        lanes = np.zeros(writing.MOST_OUTPUTS, np.uint8)
        lanes[: self.places.outputs] = self.side.output_lanes
        updates = self.plan.epochs * self.plan.batches
        return {
            "shadow": weights.to_rows(self.initial_rows()),
            "own": own,
            "noise": seeds(random),
            "lanes": lanes,
            "rate": falling_rate(round(RATE_ONE * self.settings.rate), updates),
            "readout_rate": falling_rate(round(RATE_ONE * self.settings.readout_rate), updates),
            "gain": self.phases.gains.astype(np.int16),
            "share": self.phases.shares.astype(np.int16),
            "amplitude": self.phases.amplitudes.astype(np.int16),
            "plan": plan_words(self.plan, self.settings.checked),
        }

    def initial_rows(self) -> np.ndarray:
        """float64[rows, lanes]: the shadows of the weights of this hemisphere's hidden neurons; equal copies."""
        hidden, output = self.initial
        own = slice(self.side.numbers.start, self.side.numbers.stop)
        copies = 1 if self.settings.copies == SHARED else 2
        weights_of_rows = np.concatenate([hidden[:, own], *[output[own].T] * copies])
        rows = np.zeros((len(weights_of_rows), int(self.side.lanes[-1]) + 1))
        rows[:, self.side.lanes] = WEIGHT_STEP * weights_of_rows
        return rows

    def write(self, ppu) -> Generator:
        """Write both copies of this hemisphere's weights, and lower the rate of learning."""
        yield ppu.run(learning.lower_rates)
        if self.pull:
            yield ppu.run(self.symmetrise, self.pull)
        yield ppu.run(self.rows_of_synapses)
        yield ppu.store_weights(self.rows, self.half, source="synapses")
        for number in range(len(self.writes)):
            first = writing.NEURONS_PER_WRITE * number
            count = minimum(writing.NEURONS_PER_WRITE, self.hidden_count - first)
            yield ppu.run(self.forward_rows, self.first_lane + first, count)
            yield ppu.store_weights(self.writes[number], self.output_half, source="forward")


class Follower(HalfProgram):
    """The processor without the teacher's rows."""

    name = "equilibrium propagation, follows"

    def main(self, ppu) -> Generator:
        yield from self.prepare(ppu)
        for _ in range(ppu.word("plan", EPOCHS)):
            for _ in range(ppu.word("plan", BATCHES)):
                for i in range(self.plan.batch):
                    yield from self.learn(ppu, i & self.alternating)
                yield from self.write(ppu)
                yield ppu.ring(c.BOTTOM - ppu.hemisphere, DONE_LINE)
        return 0

    def learn(self, ppu, backwards) -> Generator:
        """Hear when phases end, take their rates, learn."""
        if self.free_counts:
            yield from self.hear(ppu, 0)
        for number in range(1, 1 + self.nudged):
            yield from self.hear(ppu, number + backwards * (self.nudged + 1 - 2 * number))
        yield ppu.run(self.update, ppu.word("rate"), ppu.word("readout_rate"))

    def hear(self, ppu, phase) -> Generator:
        yield ppu.wait_doorbell(SAMPLE_LINE)
        yield from self.read_traces(ppu)
        yield ppu.run(traces.take, ppu.word("gain", phase), ppu.word("share", phase))


class Conductor(HalfProgram):
    """The processor with the teacher's rows."""

    name = "equilibrium propagation, conducts"

    def __init__(self, settings, plan, places, side, phases, initial):
        super().__init__(settings, plan, places, side, phases, initial)
        s, first = settings, int(side.output_trace_lanes[0])
        top_lsb = UPPER_BOUND_LSB - TRACE_LEAK_LSB - NEARLY_LSB
        self.judge = teaching.judge_kernel(places.outputs, first, s.reads, top_lsb)
        self.teach = teaching.teach_kernel(places.outputs)
        self.kick = teaching.kick_kernel(places.outputs, first)
        self.compare = teaching.compare_kernel(places.outputs, first, s.reads)
        self.draw_order = shuffle.order_kernel(len(plan.train))
        self.memory = self.memory | teaching.memory(places.outputs) | shuffle.memory(plan.batch)
        self.kernels = (
            *self.kernels,
            *(self.judge, self.teach, self.kick, self.compare, teaching.report_counters),
            *(self.draw_order, shuffle.draw_keys),
        )
        self.teaching_rows = places.teaching_rows

    def image(self) -> dict[str, np.ndarray]:
        s = self.settings
        unit = s.reads << traces.RATE_ONE_BITS
        high, low = (round(unit * trace_lsb(khz)) for khz in (s.target_khz, s.off_khz))
        factor = round(s.beta * s.nudge_weights / high * (1 << teaching.NUDGE_BITS))
        aims = np.array([high, low, factor], np.int32)
        return super().image() | {"key_random": generator_state(self.seed, 2), "aims": aims}

    def main(self, ppu) -> Generator:
        yield from self.prepare(ppu)
        for epoch in range(ppu.word("plan", EPOCHS)):
            yield ppu.run(shuffle.draw_keys)
            for batch in range(ppu.word("plan", BATCHES)):
                yield ppu.run(self.draw_order, batch * self.plan.batch, self.plan.batch)
                for i in range(self.plan.batch):
                    yield from self.learn(ppu, ppu.word("plan", TRAIN) + ppu.word("order", i), i & self.alternating)
                yield from self.write(ppu)
                yield ppu.wait_doorbell(DONE_LINE)
            yield from self.report(ppu, epoch)
        reports = ppu.word("plan", EPOCHS)
        for number in range(2):
            first, count = ppu.word("plan", VALIDATION + 2 * number), ppu.word("plan", VALIDATION_COUNT + 2 * number)
            yield from self.evaluate(ppu, first, count, predictions_address(0) + PREDICTIONS_APART * number)
            yield from self.report(ppu, reports + number)
        yield from self.settle_twice(ppu)
        yield from self.report(ppu, reports + 2)
        return 0

    # ------------------------------------------------------------------ a sample

    def learn(self, ppu, sample, backwards) -> Generator:
        """Free phase, nudged phases, update.

        Nudged phases come in their order, or backwards: then what a phase reads because of the ones before it, and of
        the pauses between them, goes into the difference with the other sign.
        """
        if self.free_counts:
            yield ppu.play(sample, ring=(c.BOTTOM - self.side.hemisphere,))
        else:
            yield ppu.play(sample)
        yield from self.read_traces(ppu)
        yield ppu.load_record(0, into="record")
        yield ppu.run(self.judge, 0)
        yield ppu.run(traces.take, ppu.word("gain", 0), ppu.word("share", 0))
        for number in range(1, 1 + self.nudged):
            phase = number + backwards * (self.nudged + 1 - 2 * number)
            yield from self.nudge(ppu, ppu.word("amplitude", phase))
            yield ppu.play(sample, ring=(c.BOTTOM - self.side.hemisphere,))
            yield from self.read_traces(ppu)
            yield ppu.run(traces.take, ppu.word("gain", phase), ppu.word("share", phase))
        yield from self.nudge(ppu, 0)
        yield ppu.run(self.update, ppu.word("rate"), ppu.word("readout_rate"))

    def nudge(self, ppu, amplitude) -> Generator:
        yield ppu.run(self.teach, amplitude)
        yield ppu.store_weights(self.teaching_rows, self.output_half, source="teaching")

    def see(self, ppu, sample) -> Generator:
        """The free phase alone."""
        yield ppu.play(sample)
        yield from self.read_traces(ppu)

    def evaluate(self, ppu, first: int, count: int, address: int) -> Generator:
        """Play without learning; predictions go to external memory from an address on, a vector at a time."""
        for n in range(count):
            yield from self.see(ppu, first + n)
            yield ppu.load_record(0, into="record")
            yield ppu.run(self.judge, n & teaching.PREDICTIONS - 1)
            yield ppu.run(traces.forget)
            if n & teaching.PREDICTIONS - 1 == teaching.PREDICTIONS - 1 or n == count - 1:
                yield ppu.store_external(address + (n & -teaching.PREDICTIONS), source="predictions")

    def settle_twice(self, ppu) -> Generator:
        """See samples from rest, then from where all outputs were driven to."""
        for n in range(ppu.word("plan", CHECKED)):
            sample = ppu.word("plan", VALIDATION) + n
            yield from self.see(ppu, sample)
            yield ppu.run(self.kick)
            yield ppu.run(traces.forget)
            yield from self.nudge(ppu, 128)
            yield ppu.play(sample)
            yield from self.nudge(ppu, 0)
            yield from self.see(ppu, sample)
            yield ppu.run(self.compare)
            yield ppu.run(traces.forget)

    def report(self, ppu, number) -> Generator:
        yield ppu.run(teaching.report_counters)
        yield ppu.store_external(REPORTS_ADDRESS + u32(c.VECTOR_BYTES * number), source="report")
