"""What the two processors do, sample by sample: the bottom one conducts and owns the readouts, the top one the hidden
layer.

::

    bottom                                       top
    play sample k, wait for its doorbell ------> the same doorbell
    read the CADC, load the spike record         load the spike record, sort it by neuron
    softmax, send the errors ------------------> backward: adjoint in reverse time
    gradient of the readout weights              wait until currents have decayed
    wait <-------------------------------------- done
    reset the readouts' membranes

After a batch both update their weights and write them into their own synapses; the bottom processor leaves a copy of
the readout weights in external memory, from where the top one takes it for the next batch's errors.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from chip import constants as c
from chip.fpga import BLOCK_RAM_BASE, DRAM_BASE
from chip.ppu import Memory, i8, i32, kernel
from chip.ppu.processor_core import SAMPLE_LINE
from chip.ppu.program import Program
from ppu_programs import shuffle
from ppu_programs.eventprop import adjoint, readout, tables, update, weights
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import hidden_drivers

ERRORS_LINE, WEIGHTS_LINE, DONE_LINE = 1, 2, 3
READOUT_WEIGHTS_ADDRESS = BLOCK_RAM_BASE
REPORTS_ADDRESS = DRAM_BASE + c.DRAM_BYTES // 2  # a vector for each report, behind the samples
PREDICTIONS_ADDRESS = DRAM_BASE + c.DRAM_BYTES // 4 * 3  # a byte for each evaluation sample
REPORT_WORDS = c.VECTOR_BYTES // 4
NEURONS_PER_WRITE = 20  # hidden neurons whose two readout rows fit the row buffer at once
RECORD_SLOT = 0


@dataclass(frozen=True)
class Plan:
    """What is played: the sample numbers of each split, and how often."""

    epochs: int
    batch: int
    train: range
    validation: range
    test: range

    @property
    def batches(self) -> int:
        """Whole batches of an epoch; the rest of the order is left out."""
        return len(self.train) // self.batch

    @property
    def samples(self) -> int:
        """All samples that will be played."""
        return self.epochs * self.batches * self.batch + len(self.validation) + len(self.test)

    def evaluations(self) -> tuple[range, range]:
        """The splits that are played without learning, in this order."""
        return self.validation, self.test


def report_address(index: int) -> int:
    """Where report ``index`` stands: one for each epoch, then validation, then test."""
    return REPORTS_ADDRESS + index * c.VECTOR_BYTES


def predictions_address(evaluation: int, sample: int = 0) -> int:
    """Where the predicted classes stand, a byte a sample: of evaluation 0, validation, and 1, test."""
    return PREDICTIONS_ADDRESS + evaluation * c.DRAM_BYTES // 8 + sample


def has_errors(ppu, settings: Settings) -> bool:
    """False for a sample that counts as learned: all its errors are zero."""
    return any(ppu.word("errors", 1 + o) for o in range(settings.readouts))


@kernel
def report_counters(v, m):
    """Move the counters into the vector that goes to external memory, and clear them."""
    for i in range(4):
        m.report[i] = m.counters[i]
        m.counters[i] = 0


def generator_state(seed: int, stream: int) -> np.ndarray:
    """int32[1], not 0: where generator ``stream`` of a run starts; streams and seeds have nothing in common."""
    return np.random.SeedSequence([seed, stream]).generate_state(1).astype(np.int32) | 1


RATE_MEMORY = Memory(rate=i32[3])  # of the next update, the same times 2^16, what that loses by each update


def falling_rate(first: int, plan: Plan) -> np.ndarray:
    """Initial contents of ``rate``: it falls linearly to zero over all updates."""
    return np.array([first, first << 16, (first << 16) // (plan.epochs * plan.batches)], np.int32)


@kernel
def lower_rate(v, m):
    """Go on to the rate of the next update."""
    m.rate[1] = m.rate[1] - m.rate[2]
    m.rate[0] = m.rate[1] >> 16


class HiddenProgram(Program):
    """The top processor: adjoint and weights of the hidden layer."""

    name = "eventprop, hidden layer"

    def __init__(self, settings: Settings, plan: Plan, seed: int):
        self.settings, self.plan, self.seed = settings, plan, seed
        self.rows = range(2 * settings.inputs)
        self.memory = (
            adjoint.memory(settings)
            | update.memory(settings.inputs)
            | weights.synapse_memory(settings.inputs)
            | RATE_MEMORY
        )
        self.backward = adjoint.backward_kernel(settings)
        self.update = update.update_kernel(settings.inputs, settings.gradient_shift)
        self.rows_of_synapses = weights.rows_of_synapses_kernel(settings.inputs)
        self.kernels = (adjoint.sort_record, self.backward, self.update, lower_rate, self.rows_of_synapses)

    def image(self) -> dict[str, np.ndarray]:
        hidden, output = weights.initial_shadow(self.settings, self.seed)
        lanes = weights.steps(weights.from_rows(output, c.LANES))
        return {
            "tables": tables.hidden_tables(self.settings),
            "shadow": hidden,
            "readout_weights": lanes.astype(np.int8).ravel(),
            "random": generator_state(self.seed, 0),
            "rate": falling_rate(self.settings.first_rates[0], self.plan),
        }

    def main(self, ppu) -> Generator:
        for _ in range(self.plan.epochs * self.plan.batches):
            for _ in range(self.plan.batch):
                yield from self.learn_sample(ppu)
            yield from self.update_weights(ppu)
        for split in self.plan.evaluations():
            for _ in split:
                yield ppu.wait_doorbell(SAMPLE_LINE)
                yield from self.settle(ppu, ppu.time_base)
        return 0

    def learn_sample(self, ppu) -> Generator:
        yield ppu.wait_doorbell(SAMPLE_LINE)
        ended = ppu.time_base
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(adjoint.sort_record)
        yield ppu.wait_doorbell(ERRORS_LINE)
        if has_errors(ppu, self.settings):
            yield ppu.run(self.backward)
        yield from self.settle(ppu, ended)

    def settle(self, ppu, ended: int) -> Generator:
        """Let currents and membranes decay before the next sample may begin."""
        settled = ended + self.settings.settle_ns // c.PPU_CLOCK_NS
        if ppu.time_base < settled:
            yield ppu.wait_until(settled)
        yield ppu.ring(c.BOTTOM, DONE_LINE)

    def update_weights(self, ppu) -> Generator:
        yield ppu.run(self.update, ppu.word("rate"))
        yield ppu.run(lower_rate)
        yield ppu.run(self.rows_of_synapses)
        yield ppu.store_weights(self.rows, c.EVEN, source="synapses")
        yield ppu.wait_doorbell(WEIGHTS_LINE)
        yield ppu.load_external(READOUT_WEIGHTS_ADDRESS, into="readout_weights", vectors=self.settings.readouts)
        yield ppu.ring(c.BOTTOM, DONE_LINE)


class ReadoutProgram(Program):
    """The bottom processor: conducts, and owns loss, readout weights and reports."""

    name = "eventprop, readouts"

    def __init__(self, settings: Settings, plan: Plan, seed: int):
        self.settings, self.plan, self.seed = settings, plan, seed
        drivers = hidden_drivers(settings.hidden)
        self.rows = np.stack([2 * drivers, 2 * drivers + 1], axis=1)  # of each hidden neuron
        self.memory = (
            readout.memory(settings)
            | update.memory(settings.readouts)
            | weights.synapse_memory(NEURONS_PER_WRITE)
            | shuffle.memory(plan.batch)
            | RATE_MEMORY
            | Memory(signed=i8[settings.readouts * c.LANES], report=i32[REPORT_WORDS])
        )
        self.loss = readout.loss_kernel(settings)
        self.backward = readout.readout_backward_kernel(settings)
        self.update = update.update_kernel(settings.readouts, settings.readout_gradient_shift)
        self.signed_rows = weights.signed_rows_kernel(settings.readouts)
        self.transposed = weights.transposed_synapses_kernel(settings.readouts)
        self.draw_order = shuffle.order_kernel(len(plan.train))
        self.kernels = (
            *(self.loss, self.backward, self.update, self.signed_rows, self.transposed),
            *(lower_rate, self.draw_order, shuffle.draw_keys, report_counters),
        )

    def image(self) -> dict[str, np.ndarray]:
        return {
            "boltzmann": tables.boltzmann_table(self.settings),
            "psp": tables.readout_table(self.settings),
            "shadow": weights.initial_shadow(self.settings, self.seed)[1],
            "random": generator_state(self.seed, 1),
            "key_random": generator_state(self.seed, 2),
            "rate": falling_rate(self.settings.first_rates[1], self.plan),
        }

    def main(self, ppu) -> Generator:
        plan = self.plan
        for epoch in range(plan.epochs):
            yield ppu.run(shuffle.draw_keys)
            for batch in range(plan.batches):
                yield ppu.run(self.draw_order, batch * plan.batch, plan.batch)
                for i in range(plan.batch):
                    yield from self.learn_sample(ppu, plan.train.start + ppu.word("order", i))
                yield from self.update_weights(ppu)
            yield from self.report(ppu, epoch)
        for index, split in enumerate(plan.evaluations()):
            yield from self.evaluate(ppu, index, split)
            yield from self.report(ppu, plan.epochs + index)
        return 0

    def evaluate(self, ppu, index: int, split: range) -> Generator:
        """Play without learning; predictions go to external memory a vector at a time."""
        kept = readout.PREDICTIONS
        for n, sample in enumerate(split):
            yield from self.play_sample(ppu, sample)
            yield from self.end_sample(ppu)
            if n % kept == kept - 1 or n == len(split) - 1:
                yield ppu.store_external(predictions_address(index, n // kept * kept), source="predictions")

    def play_sample(self, ppu, sample: int) -> Generator:
        yield ppu.play(sample, RECORD_SLOT, ring=(c.TOP,))
        yield ppu.read_cadc(into="membranes")
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.loss)

    def learn_sample(self, ppu, sample: int) -> Generator:
        yield from self.play_sample(ppu, sample)
        error_bytes = 2 * (1 + self.settings.readouts)
        yield ppu.send(c.TOP, source="errors", into="errors", line=ERRORS_LINE, nbytes=error_bytes)
        if has_errors(ppu, self.settings):
            yield ppu.run(self.backward)
        yield from self.end_sample(ppu)

    def end_sample(self, ppu) -> Generator:
        yield ppu.wait_doorbell(DONE_LINE)
        yield ppu.reset_neurons()

    def update_weights(self, ppu) -> Generator:
        yield ppu.run(self.update, ppu.word("rate"))
        yield ppu.run(lower_rate)
        yield ppu.run(self.signed_rows)
        yield ppu.store_external(READOUT_WEIGHTS_ADDRESS, source="signed", vectors=self.settings.readouts)
        yield ppu.ring(c.TOP, WEIGHTS_LINE)
        for first in range(0, self.settings.hidden, NEURONS_PER_WRITE):
            rows = self.rows[first : first + NEURONS_PER_WRITE]
            yield ppu.run(self.transposed, first, len(rows))
            yield ppu.store_weights(rows.ravel(), c.EVEN, source="synapses")
        yield ppu.wait_doorbell(DONE_LINE)

    def report(self, ppu, index: int) -> Generator:
        yield ppu.run(report_counters)
        yield ppu.store_external(report_address(index), source="report")
