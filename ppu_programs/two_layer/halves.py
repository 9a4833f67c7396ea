"""What the two processors own where the hidden layer is divided between them: the same, each for its own hemisphere.

Each owns its hidden neurons with their input weights and their readout weights, rows of ``shadow`` in this order, and
learns both. The readouts hear all hidden neurons. The bottom processor, which conducts, judges for both, and sends the
errors to the top. Of readouts that are leaky integrators nothing else crosses, but doorbells; either CADC could judge
them, but the two differ in offset and noise, so both would work on other errors, and each would for ever correct what
the other has put right.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from chip.base import constants as c
from chip.ppu import Kernel, Memory, i16, i32, kernel, u8, u32
from ppu_programs.placement import Part
from ppu_programs.two_layer import own_events, shuffle, weights, windowed_update
from ppu_programs.two_layer.layout import RECORD_WORDS, ROW
from ppu_programs.two_layer.plan import COUNTERS, Plan
from ppu_programs.two_layer.programs import LayerProgram, generator_state
from ppu_programs.two_layer.roles import (
    DONE_LINE,
    PREDICTIONS,
    WEIGHTS_LINE,
    Conducting,
    Following,
)
from ppu_programs.two_layer.settings import Settings


@dataclass(frozen=True)
class Learning:
    """What a rule computes on a part of the hidden layer.

    The labels of inputs are in ``input_labels``, see :mod:`ppu_programs.two_layer.own_events`. ``backward`` adds to
    ``gradient`` what all own weights learn from the sample, in the order of ``shadow``.

    Attributes:
        memory, image: regions of its own, and their initial contents.
        observe: kernels for the record of each sample to be learned.
        backward: kernels behind them, where not all errors are zero.
        before_update: kernels behind a batch, before its gradients are taken.
    """

    memory: Memory
    image: dict[str, np.ndarray]
    observe: tuple[Kernel, ...]
    backward: tuple[Kernel, ...]
    before_update: tuple[Kernel, ...] = ()


class HalfProgram(LayerProgram):
    """What both processors do with their neurons: learn, and write their weights into their synapses."""

    def __init__(self, settings: Settings, plan: Plan, part: Part, learning: Learning):
        super().__init__(settings, plan, f"neurons {part.neurons[0]} to {part.neurons[-1]}", learning.backward)
        self.part, self.learning, self.observe = part, learning, learning.observe
        self.before_update = learning.before_update
        self.rows = settings.inputs + settings.readouts
        self.state = windowed_update.state_address(part.hemisphere)
        self.input_rows = tuple(part.input_rows)
        self.readout_rows = tuple(part.readout_rows)
        self.memory = learning.memory | own_events.memory(part) | half_memory(settings)
        self.transposed = weights.transposed_synapses_kernel(settings.readouts, settings.inputs)
        self.kernels = (
            *(*learning.observe, *learning.backward, *learning.before_update),
            *(windowed_update.update_row, windowed_update.lower_rates),
            *(weights.row_of_synapses, self.transposed),
        )

    def image(self) -> dict[str, np.ndarray]:
        optimiser = windowed_update.image(
            generator_state(self.seed, self.part.hemisphere), [self.falling_rate(0), self.falling_rate(1)]
        )
        return {"shadow": self.initial_shadow()} | optimiser | own_events.image(self.part) | self.learning.image

    def initial_shadow(self) -> np.ndarray:
        """int16[rows * 128]: the initial weights of inputs, then those of readouts, in vector order."""
        hidden, readout = weights.initial_shadows(self.settings.network, self.seed)
        neurons = slice(self.part.neurons.start, self.part.neurons.stop)
        return weights.to_rows(np.concatenate([hidden[:, neurons], readout[neurons].T]))

    def clear_state(self, ppu) -> Generator:
        """Begin with an optimiser that has seen nothing; ``record`` is empty yet."""
        for row in range(self.rows):
            address = self.state + windowed_update.ROW_BYTES * u32(row)
            yield ppu.store_external(address, source="record", vectors=windowed_update.ROW_VECTORS)

    def update_own(self, ppu) -> Generator:
        """Step all own weights, and write them into their synapses."""
        settings = self.settings
        for prepare in self.before_update:
            yield ppu.run(prepare)
        for row in range(self.rows):
            address = self.state + windowed_update.ROW_BYTES * u32(row)
            yield ppu.load_external(address, into="record", vectors=windowed_update.ROW_VECTORS)
            if row < settings.inputs:
                yield ppu.run(windowed_update.update_row, row, settings.gradient_shift, ppu.word("rates", 0))
                yield ppu.run(weights.row_of_synapses, row)
                yield ppu.store_weights(self.input_rows[row], c.EVEN, source="synapses")
            else:
                yield ppu.run(windowed_update.update_row, row, settings.readout_gradient_shift, ppu.word("rates", 3))
            yield ppu.store_external(address, source="record", vectors=windowed_update.ROW_VECTORS)
        yield ppu.run(windowed_update.lower_rates)
        for number in range(len(self.readout_rows)):
            yield ppu.run(self.transposed, number, 1)
            yield ppu.store_weights(self.readout_rows[number], c.ODD, source="synapses")


class FollowingHalf(Following, HalfProgram):
    """The top processor: its neurons, with the errors that the other one sends."""

    def main(self, ppu) -> Generator:
        yield from self.clear_state(ppu)
        return (yield from super().main(ppu))

    def update_weights(self, ppu) -> Generator:
        yield from self.update_own(ppu)
        yield ppu.ring(c.BOTTOM, WEIGHTS_LINE)  # its DONE_LINE may be unanswered, of the last sample


class ConductingHalf(Conducting, HalfProgram):
    """The bottom processor: its neurons, and all that there is once: order of samples, loss, reports.

    A rule says how a sample is played and judged, :meth:`play_sample`, and gives to the constructor ``memory`` and
    ``kernels`` for it.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        part: Part,
        learning: Learning,
        *,
        memory: Memory,
        kernels: tuple[Kernel, ...],
    ):
        super().__init__(settings, plan, part, learning)
        self.error_words = 1 + settings.readouts
        self.draw_order = shuffle.order_kernel(len(plan.train))
        self.memory = self.memory | memory | conductor_memory() | shuffle.memory(plan.batch)
        self.kernels = (*self.kernels, *kernels, self.draw_order, shuffle.draw_keys, report_in_record)

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"key_random": generator_state(self.seed, 2)}

    def main(self, ppu) -> Generator:
        yield from self.clear_state(ppu)
        return (yield from super().main(ppu))

    def end_sample(self, ppu) -> Generator:
        """Wait for the top processor."""
        yield ppu.wait_doorbell(DONE_LINE)

    def update_weights(self, ppu) -> Generator:
        yield from self.update_own(ppu)
        yield ppu.wait_doorbell(WEIGHTS_LINE)

    def report(self, ppu, address: int) -> Generator:
        yield ppu.run(report_in_record)
        yield ppu.store_external(address, source="record")


@kernel
def report_in_record(v, m):
    """Move the counters to where they go to external memory from, ``record``, and clear them."""
    for i in range(COUNTERS):
        m.record[i] = m.counters[i]
        m.counters[i] = 0


def half_memory(settings: Settings) -> Memory:
    """What each processor has but for its rule's regions."""
    rows = settings.inputs + settings.readouts
    own = Memory(
        record=i32[RECORD_WORDS],
        errors=i16[1 + settings.readouts],
        shadow=i16[rows * ROW],
        gradient=i32[rows * ROW],
        synapses=u8[2 * ROW],
    )
    return own | windowed_update.memory()


def conductor_memory() -> Memory:
    """What the processor that conducts has beside it, but for the loss and the order of samples."""
    return Memory(counters=i32[COUNTERS], predictions=u8[PREDICTIONS])
