"""What the two processors do: each has half of the hidden neurons, and the readout's weights from them.

::

    conducts                                     follows
    free phase: play, read the traces            read the traces
    sum, store, ring <-------------------------> sum, store, ring
    fetch the other's sums, judge                fetch the other's sums, judge
    each nudged phase, of a sample that is not certain:
      write the teacher's rows <---------------- write the teacher's rows, ring
      play, read the traces, take them           read the traces, take them
    write the teacher's rows <------------------ write the teacher's rows, ring
    learn                                        learn

Both come to the same errors, since they have the same sums. Nothing else crosses between them, no rate and no weight.
Behind a batch both write their synapses.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.fpga.memory import BLOCK_RAM_BASE
from chip.ppu import Memory, i16, i32, minimum, u32
from chip.ppu.processor.timing import SAMPLE_LINE
from ppu_programs.equilibrium_propagation import traces
from ppu_programs.equilibrium_propagation.learning import lower_rates
from ppu_programs.equilibrium_propagation.network import trace_lsb
from ppu_programs.equilibrium_propagation.reader import (
    BATCHES,
    EPOCHS,
    PLAN_WORDS,
    TEST_COUNT,
    TRAIN,
    VALIDATION,
    VALIDATION_COUNT,
    TraceReader,
    plan_words,
)
from ppu_programs.equilibrium_propagation.schedule import Schedule
from ppu_programs.equilibrium_softmax import learning, nudging, rates, readout, writing
from ppu_programs.equilibrium_softmax.network import Side
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR, Settings
from ppu_programs.stochastic_rounding import seed_noise, seeds
from ppu_programs.two_layer import shuffle
from ppu_programs.two_layer.plan import REPORTS_ADDRESS, Plan, predictions_address, report_counters
from ppu_programs.two_layer.programs import generator_state
from ppu_programs.two_layer.settings import SHADOW_LIMIT
from ppu_programs.two_layer.update import falling_rate

READY_LINE, SUMS_LINE = 1, 2
RATE_ONE = 0x8000
PREDICTIONS_APART = predictions_address(1) - predictions_address(0)
SUMS_ADDRESS = BLOCK_RAM_BASE  # a vector of each processor
HIGHEST_ADDRESS = SUMS_ADDRESS + c.HEMISPHERES * c.VECTOR_BYTES  # two vectors of each processor
HIGHEST_VECTORS = 2


class HalfProgram(TraceReader):
    """What both have.

    Args:
        settings, plan, side: of the rule, what is played, what this processor has of the network.
        phases: of a sample.
        weights: initial weights float64[inputs + classes, hidden of this half], in shadow steps, those of the readout
            behind those of the inputs.
        classes: how many.
    """

    code_in = "external"  # shadow weights leave no room for it

    def __init__(self, settings: Settings, plan: Plan, side: Side, phases: Schedule, weights: np.ndarray, classes: int):
        s = self.settings = settings
        self.plan, self.side, self.phases, self.weights = plan, side, phases, weights
        rows, hidden = weights.shape
        inputs = self.inputs = rows - classes
        self.reads, self.half, self.trace_half = s.reads, side.hidden_half, side.trace_half
        self.batch, self.nudged, self.other = plan.batch, len(phases) - 1, c.BOTTOM - side.hemisphere
        self.factor = nudging.factor(s.beta * s.nudge_weights)
        self.teaching_rows = side.teaching_rows
        firsts = range(0, inputs, writing.INPUTS_PER_WRITE)
        self.writes = tuple(tuple(side.input_rows[f : f + writing.INPUTS_PER_WRITE].ravel().tolist()) for f in firsts)
        self.own_address = SUMS_ADDRESS + c.VECTOR_BYTES * side.hemisphere
        self.other_address = SUMS_ADDRESS + c.VECTOR_BYTES * self.other
        self.highest_address = HIGHEST_ADDRESS + HIGHEST_VECTORS * c.VECTOR_BYTES * side.hemisphere

        bias = round(rates.RATE_ONE * trace_lsb(s.input_khz))
        self.take_free, self.take_nudged = rates.take_kernels(s.reads)
        self.sum_values = readout.sum_kernel(classes, hidden, inputs)
        self.judge = readout.judge_kernel(classes, round(s.certain * (1 << readout.PROBABILITY_BITS)))
        self.make_nudge = nudging.nudge_kernel(classes, inputs)
        self.update = learning.update_kernel(inputs - 1, classes, bias)
        self.memory = rates.MEMORY | readout.MEMORY | nudging.MEMORY | writing.MEMORY | learning.memory(rows) | Memory(
            gain=i16[len(phases)], amplitude=i16[len(phases)], plan=i32[PLAN_WORDS]
        )  # fmt: skip
        self.kernels = (
            *(traces.add_reading, traces.keep_rest, self.take_free, self.take_nudged, rates.watch_rates),
            *(self.sum_values, self.judge, self.make_nudge, nudging.teach, seed_noise, self.update),
            *(lower_rates, writing.rows_of_synapses),
        )

    def image(self) -> dict[str, np.ndarray]:
        own = np.zeros(LANES_OF_A_VECTOR, np.int16)
        own[: self.weights.shape[1]] = 1
        shadow = np.zeros((len(self.weights), LANES_OF_A_VECTOR), np.int16)
        shadow[:, : self.weights.shape[1]] = limited(self.weights)
        random = np.random.default_rng([self.settings.seed, 7, self.side.hemisphere])
        updates = self.plan.epochs * self.plan.batches
        return {
            "shadow": shadow.ravel(),
            "own": own,
            "boltzmann": readout.boltzmann_table(),
            "noise": seeds(random),
            "rate": falling_rate(round(RATE_ONE * self.settings.rate), updates),
            "readout_rate": falling_rate(round(RATE_ONE * self.settings.readout_rate), updates),
            "gain": self.phases.gains.astype(np.int16),
            "amplitude": self.phases.amplitudes.astype(np.int16),
            "plan": plan_words(self.plan),
        }

    def see(self, ppu, at) -> Generator:
        """Behind a free phase: rates, what both halves make of them, errors."""
        yield from self.read_traces(ppu)
        yield ppu.load_record(0, into="record")
        yield ppu.run(self.take_free, ppu.word("gain", 0))
        yield ppu.run(self.sum_values)
        yield ppu.store_external(u32(self.own_address), source="sums")
        yield ppu.ring(self.other, SUMS_LINE)
        yield ppu.wait_doorbell(SUMS_LINE)
        yield ppu.load_external(u32(self.other_address), into="other")
        yield ppu.run(self.judge, at)

    def nudge(self, ppu, amplitude) -> Generator:
        """Write the teacher's rows."""
        yield ppu.run(nudging.teach, amplitude)
        yield ppu.store_weights(self.teaching_rows, self.half, source="teaching")

    def take(self, ppu, phase) -> Generator:
        """Behind a nudged phase."""
        yield from self.read_traces(ppu)
        yield ppu.run(self.take_nudged, ppu.word("gain", phase))

    def write(self, ppu) -> Generator:
        """Write this hemisphere's synapses, and lower the rates of learning."""
        yield ppu.run(lower_rates)
        for number in range(len(self.writes)):
            first = writing.INPUTS_PER_WRITE * number
            yield ppu.run(writing.rows_of_synapses, first, minimum(writing.INPUTS_PER_WRITE, self.inputs - first))
            yield ppu.store_weights(self.writes[number], self.half, source="synapses")

    def keep_highest(self, ppu) -> Generator:
        yield ppu.store_external(u32(self.highest_address), source="highest", vectors=HIGHEST_VECTORS)


class Follower(HalfProgram):
    """The processor that hears when phases end."""

    name = "equilibrium propagation with softmax, follows"

    def main(self, ppu) -> Generator:
        yield from self.prepare(ppu)
        for _ in range(ppu.word("plan", EPOCHS)):
            for _ in range(ppu.word("plan", BATCHES)):
                for _ in range(self.batch):
                    yield from self.learn(ppu)
                yield from self.write(ppu)
                yield ppu.ring(self.other, READY_LINE)
        for _ in range(ppu.word("plan", VALIDATION_COUNT) + ppu.word("plan", TEST_COUNT)):
            yield ppu.wait_doorbell(SAMPLE_LINE)
            yield from self.see(ppu, 0)
            yield ppu.run(rates.watch_rates)
        yield from self.keep_highest(ppu)
        return 0

    def learn(self, ppu) -> Generator:
        yield ppu.wait_doorbell(SAMPLE_LINE)
        yield from self.see(ppu, 0)
        if ppu.word("nudged", 0) > 0:
            yield ppu.run(self.make_nudge, self.factor)
            for phase in range(1, 1 + self.nudged):
                yield from self.nudge(ppu, ppu.word("amplitude", phase))
                yield ppu.ring(self.other, READY_LINE)
                yield ppu.wait_doorbell(SAMPLE_LINE)
                yield from self.take(ppu, phase)
            yield from self.nudge(ppu, 0)
            yield ppu.ring(self.other, READY_LINE)
            yield ppu.run(self.update, ppu.word("rate"), ppu.word("readout_rate"))


class Conductor(HalfProgram):
    """The processor that has samples played, and reports."""

    name = "equilibrium propagation with softmax, conducts"

    def __init__(self, settings, plan, side, phases, weights, classes):
        super().__init__(settings, plan, side, phases, weights, classes)
        self.draw_order = shuffle.order_kernel(len(plan.train))
        self.memory = self.memory | shuffle.memory(plan.batch)
        self.kernels = (*self.kernels, self.draw_order, shuffle.draw_keys, report_counters)

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"key_random": generator_state(self.settings.seed, 2)}

    def main(self, ppu) -> Generator:
        yield from self.prepare(ppu)
        for epoch in range(ppu.word("plan", EPOCHS)):
            yield ppu.run(shuffle.draw_keys)
            for batch in range(ppu.word("plan", BATCHES)):
                yield ppu.run(self.draw_order, batch * self.batch, self.batch)
                for i in range(self.batch):
                    yield from self.learn(ppu, ppu.word("plan", TRAIN) + ppu.word("order", i))
                yield from self.write(ppu)
                yield ppu.wait_doorbell(READY_LINE)
            yield from self.report(ppu, epoch)
        reports = ppu.word("plan", EPOCHS)
        for number in range(2):
            first, count = ppu.word("plan", VALIDATION + 2 * number), ppu.word("plan", VALIDATION_COUNT + 2 * number)
            yield from self.evaluate(ppu, first, count, predictions_address(0) + PREDICTIONS_APART * number)
            yield from self.report(ppu, reports + number)
        yield from self.keep_highest(ppu)
        return 0

    def learn(self, ppu, sample) -> Generator:
        """Free phase, and where the sample is not certain nudged phases, update."""
        yield ppu.play(sample, ring=(self.other,))
        yield from self.see(ppu, 0)
        if ppu.word("nudged", 0) > 0:
            yield ppu.run(self.make_nudge, self.factor)
            for phase in range(1, 1 + self.nudged):
                yield from self.nudge(ppu, ppu.word("amplitude", phase))
                yield ppu.wait_doorbell(READY_LINE)
                yield ppu.play(sample, ring=(self.other,))
                yield from self.take(ppu, phase)
            yield from self.nudge(ppu, 0)
            yield ppu.wait_doorbell(READY_LINE)
            yield ppu.run(self.update, ppu.word("rate"), ppu.word("readout_rate"))

    def evaluate(self, ppu, first: int, count: int, address: int) -> Generator:
        """Play without learning; predictions go to external memory from an address on, a vector at a time."""
        for n in range(count):
            yield ppu.play(first + n, ring=(self.other,))
            yield from self.see(ppu, n & readout.PREDICTIONS - 1)
            yield ppu.run(rates.watch_rates)
            if n & readout.PREDICTIONS - 1 == readout.PREDICTIONS - 1 or n == count - 1:
                yield ppu.store_external(address + (n & -readout.PREDICTIONS), source="predictions")

    def report(self, ppu, number) -> Generator:
        yield ppu.run(report_counters)
        yield ppu.store_external(REPORTS_ADDRESS + u32(c.VECTOR_BYTES * number), source="report")


def limited(shadows: np.ndarray) -> np.ndarray:
    """int16 of the same shape: within the limits of shadow weights."""
    return np.clip(np.round(shadows), -SHADOW_LIMIT, SHADOW_LIMIT).astype(np.int16)
