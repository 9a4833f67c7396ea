"""What the two processors own where each has a layer: the top one the hidden neurons, the bottom one the readouts.

The bottom one conducts, the top one follows, see :mod:`ppu_programs.two_layer.roles`. After a batch both update their
weights and write them into their own synapses; the bottom processor leaves a copy of the readout weights in external
memory, from where the top one takes it for the next batch's errors.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

import numpy as np

from chip.base import constants as c
from chip.ppu import Kernel, Memory, i8, i16, i32, minimum, u8
from chip.ppu.program import Program
from ppu_programs.placement import Placement
from ppu_programs.two_layer import shuffle, update, weights
from ppu_programs.two_layer.layout import RECORD_WORDS, ROW
from ppu_programs.two_layer.plan import COUNTERS, READOUT_WEIGHTS_ADDRESS, REPORT_WORDS, Plan, report_counters
from ppu_programs.two_layer.roles import DONE_LINE, PREDICTIONS, WEIGHTS_LINE, Conducting, Following
from ppu_programs.two_layer.settings import Settings

NEURONS_PER_WRITE = 15  # hidden neurons whose two readout rows fit the row buffer at once, where a rule says no other


def generator_state(seed: int, stream: int) -> np.ndarray:
    """int32[1], not 0: where generator ``stream`` of a run starts; streams and seeds have nothing in common."""
    return np.random.SeedSequence([seed, stream]).generate_state(1).astype(np.int32) | 1


class LayerProgram(Program):
    """What all programs have in common.

    Attributes:
        settings, plan: what they were made for; seed: that of the settings.
        backward: the kernels that add a sample's gradient.
    """

    def __init__(self, settings: Settings, plan: Plan, owned: str, backward: tuple[Kernel, ...]):
        self.settings, self.plan, self.seed, self.backward = settings, plan, settings.seed, backward
        self.name = f"{settings.section}, {owned}"

    def falling_rate(self, layer: int) -> np.ndarray:
        """Initial contents of ``rate`` in layer 0, the hidden one, or 1, the readouts."""
        return update.falling_rate(self.settings.first_rates[layer], self.plan.epochs * self.plan.batches)


class HiddenProgram(Following, LayerProgram):
    """The top processor: gradient and weights of the hidden layer.

    A rule gives to the constructor ``memory`` of its own, the kernels ``observe`` that it runs on the record of each
    sample to be learned, its kernel ``backward``, and other ``kernels``. ``backward`` adds the sample's gradient to
    ``gradient``; it is run with the errors in place, where not all are zero. Regions that are there already: ``record``
    (int32, the spike record: count, tag, then time stamp << 16 | label), ``shadow`` and ``gradient`` (int16 and int32,
    a row an input, in the order of ``layout``), ``readout_weights`` (int8, -63..63, a row a readout, lanes are hidden
    neurons), ``errors`` (int16[64], what the other processor sends) and those of ``update`` and ``weights``.

    Attributes:
        gradient_type: of the elements of ``gradient``, if a rule wants another one than int32.
    """

    gradient_type = i32

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        placement: Placement,
        *,
        memory: Memory,
        observe: tuple[Kernel, ...],
        backward: Kernel,
        kernels: tuple[Kernel, ...] = (),
    ):
        super().__init__(settings, plan, "hidden layer", (backward,))
        self.observe = observe
        self.rows = placement.layers[0].rows.ravel()
        self.memory = memory | hidden_memory(settings, self.gradient_type)
        self.update = update.update_kernel(settings.inputs, settings.gradient_shift)
        self.rows_of_synapses = weights.rows_of_synapses_kernel(settings.inputs)
        self.kernels = (*observe, backward, *kernels, self.update, update.lower_rate, self.rows_of_synapses)

    def image(self) -> dict[str, np.ndarray]:
        hidden, output = weights.initial_shadow(self.settings, self.seed)
        lanes = weights.steps(weights.from_rows(output, c.LANES))
        return {
            "shadow": hidden,
            "readout_weights": lanes.astype(np.int8).ravel(),
            "random": generator_state(self.seed, 0),
            "rate": self.falling_rate(0),
        }

    def update_weights(self, ppu) -> Generator:
        yield ppu.run(self.update, ppu.word("rate"))
        yield ppu.run(update.lower_rate)
        yield ppu.run(self.rows_of_synapses)
        yield ppu.store_weights(self.rows, c.EVEN, source="synapses")
        yield ppu.wait_doorbell(WEIGHTS_LINE)
        yield ppu.load_external(READOUT_WEIGHTS_ADDRESS, into="readout_weights", vectors=self.settings.readouts)
        yield ppu.ring(c.BOTTOM, DONE_LINE)


class ReadoutProgram(Conducting, LayerProgram):
    """The bottom processor: conducts, and owns loss, readout weights and reports.

    A rule says how a sample is played and judged, :meth:`play_sample`, and gives to the constructor ``memory`` of its
    own, its kernel ``backward`` and other ``kernels``. ``backward`` adds what the readout weights learn from the sample
    to ``gradient``; it is run where not all errors are zero. Regions that are there already: ``record`` (int32, the
    spike record), ``shadow`` and ``gradient`` (int16 and int32, a row a readout), ``errors`` (int16[64], of which
    ``error_words`` are sent to the top), ``counters`` and ``predictions`` as ``plan`` says, and those of ``update``,
    ``weights`` and ``shuffle``.

    Attributes:
        neurons_per_write: the size of the row buffer: less memory, more operations.
        integrates: whether readouts are leaky integrators, which are reset behind each sample.
    """

    neurons_per_write: ClassVar[int] = NEURONS_PER_WRITE

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        placement: Placement,
        *,
        memory: Memory,
        backward: Kernel,
        kernels: tuple[Kernel, ...],
    ):
        super().__init__(settings, plan, "readouts", (backward,))
        self.error_words = 1 + settings.readouts
        self.integrates = not settings.readout_neurons.spikes
        rows = placement.layers[1].rows  # of synapses, of each hidden neuron
        firsts = range(0, settings.hidden, self.neurons_per_write)
        self.writes = tuple(rows[first : first + self.neurons_per_write].ravel() for first in firsts)
        self.memory = memory | readout_memory(settings, self.neurons_per_write) | shuffle.memory(plan.batch)
        self.update = update.update_kernel(settings.readouts, settings.readout_gradient_shift)
        self.signed_rows = weights.signed_rows_kernel(settings.readouts)
        self.transposed = weights.transposed_synapses_kernel(settings.readouts)
        self.draw_order = shuffle.order_kernel(len(plan.train))
        self.kernels = (
            *(backward, *kernels, self.update, self.signed_rows, self.transposed),
            *(update.lower_rate, self.draw_order, shuffle.draw_keys, report_counters),
        )

    def image(self) -> dict[str, np.ndarray]:
        return {
            "shadow": weights.initial_shadow(self.settings, self.seed)[1],
            "random": generator_state(self.seed, 1),
            "key_random": generator_state(self.seed, 2),
            "rate": self.falling_rate(1),
        }

    def end_sample(self, ppu) -> Generator:
        """Wait for the top processor; then let readouts that integrate begin anew.

        A reset fires a neuron. Readouts that spike would be refractory in the next sample, so they are left alone: they
        have come to rest, as the hidden neurons have, which nobody resets either.
        """
        yield ppu.wait_doorbell(DONE_LINE)
        if self.integrates:
            yield ppu.reset_neurons()

    def update_weights(self, ppu) -> Generator:
        yield ppu.run(self.update, ppu.word("rate"))
        yield ppu.run(update.lower_rate)
        yield ppu.run(self.signed_rows)
        yield ppu.store_external(READOUT_WEIGHTS_ADDRESS, source="signed", vectors=self.settings.readouts)
        yield ppu.ring(c.TOP, WEIGHTS_LINE)
        hidden, neurons = self.settings.hidden, self.neurons_per_write
        for number in range(len(self.writes)):
            first = neurons * number
            yield ppu.run(self.transposed, first, minimum(neurons, hidden - first))
            yield ppu.store_weights(self.writes[number], c.EVEN, source="synapses")
        yield ppu.wait_doorbell(DONE_LINE)


def hidden_memory(settings: Settings, gradient_type=i32) -> Memory:
    """What every hidden layer has, see :class:`HiddenProgram`."""
    layer = Memory(
        record=i32[RECORD_WORDS],
        errors=i16[64],
        readout_weights=i8[settings.readouts * ROW],
        shadow=i16[settings.inputs * ROW],
        gradient=gradient_type[settings.inputs * ROW],
    )
    return layer | update.memory(settings.inputs) | weights.synapse_memory(settings.inputs)


def readout_memory(settings: Settings, neurons_per_write: int = NEURONS_PER_WRITE) -> Memory:
    """What every readout layer has but for the order of samples, see :class:`ReadoutProgram`."""
    layer = Memory(
        record=i32[RECORD_WORDS],
        errors=i16[64],
        counters=i32[COUNTERS],
        predictions=u8[PREDICTIONS],
        shadow=i16[settings.readouts * ROW],
        gradient=i32[settings.readouts * ROW],
        signed=i8[settings.readouts * ROW],
        report=i32[REPORT_WORDS],
    )
    return layer | update.memory(settings.readouts) | weights.synapse_memory(neurons_per_write)
