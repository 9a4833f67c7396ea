"""The bottom processor of a deep network: adjoint and weights between both hidden layers."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.fpga.writer import RECORD_HEADER_WORDS
from chip.ppu import Memory, i8, i16, i32, u8
from chip.ppu.processor.timing import SAMPLE_LINE
from ppu_programs.eventprop.deep import tables
from ppu_programs.eventprop.deep.adjoint import backward_kernel
from ppu_programs.eventprop.deep.currents import currents_kernel
from ppu_programs.eventprop.deep.events import gather_pushes, name_events_kernel
from ppu_programs.eventprop.deep.outer import PUSHES_LINE
from ppu_programs.eventprop.deep.update import step_kernel
from ppu_programs.eventprop.deep.weights import LANES, packed
from ppu_programs.eventprop.settings import DeepSettings
from ppu_programs.placement import Placement
from ppu_programs.streaming import Layout, Stream
from ppu_programs.two_layer import update, weights
from ppu_programs.two_layer.layout import RECORD_WORDS
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.programs import LayerProgram, generator_state
from ppu_programs.two_layer.roles import DONE_LINE, ERRORS_LINE, RECORD_SLOT, WEIGHTS_LINE, Following

PROJECTION = 1  # of the network, from the first to the second hidden layer
STREAMED = {"shadow": i16, "record": i32}  # shadow weights; state of the optimiser


class BetweenProgram(Following, LayerProgram):
    """Follows the samples that the other processor asks for; rows are those of the stream, by rising synapse row."""

    code_in = "external"

    def __init__(self, settings: DeepSettings, plan: Plan, placement: Placement, layout: Layout):
        backward = (backward_kernel(settings), gather_pushes)
        super().__init__(settings.of_layer(1), plan, "second hidden layer", backward)
        self.placement, self.stream = placement, Stream(layout, c.BOTTOM)
        self.observe = (name_events_kernel(placement), currents_kernel(self.settings))
        self.step = step_kernel(self.settings.hidden)
        self.memory = memory(len(self.stream.side.sources), self.settings.hidden, self.settings.table_entries)
        self.kernels = (*self.observe, *backward, self.step, update.lower_rate, *self.stream.kernels)

    def image(self) -> dict[str, np.ndarray]:
        sources = self.stream.side.sources
        between = weights.initial_shadows(self.placement.network, self.seed)[PROJECTION]
        return {
            "weights": packed(weights.steps(between[sources])),
            "row_of": np.argsort(sources).astype(np.uint8),
            "tables": tables.between_tables(self.settings),
            "random": generator_state(self.seed, 0),
            "rate": self.falling_rate(0),
        }

    def watch(self, ppu, samples: int, learn: bool) -> Generator:
        """Follow so many samples; behind each that is learned from, send the pushes on the layer below."""
        settle_cycles = self.settings.settle_ns // c.PPU_CLOCK_NS
        for _ in range(samples):
            yield ppu.wait_doorbell(SAMPLE_LINE)
            settled = ppu.time_base + settle_cycles
            if learn:
                yield ppu.load_record(RECORD_SLOT, into="record")
                for kernel in self.observe:
                    yield ppu.run(kernel)
                yield ppu.wait_doorbell(ERRORS_LINE)
                if ppu.word("pulls", 0) >= 0:
                    for kernel in self.backward:
                        yield ppu.run(kernel)
                    nbytes = c.WORD_BYTES * (RECORD_HEADER_WORDS + ppu.word("record", 0))
                    yield ppu.send(c.TOP, source="record", into="record", line=PUSHES_LINE, nbytes=nbytes)
            if ppu.time_base < settled:
                yield ppu.wait_until(settled)
            yield ppu.ring(c.TOP, DONE_LINE)

    def update_weights(self, ppu) -> Generator:
        yield from self.stream.walk(ppu, self.step, written=tuple(STREAMED))
        yield ppu.run(update.lower_rate)
        yield ppu.ring(c.TOP, WEIGHTS_LINE)


def memory(sources: int, targets: int, entries: int) -> Memory:
    """The regions of a layer of so many neurons with so many sources, the window of its stream among them.

    record: the spike record, then currents and pushes in it; between batches the window of the optimiser's state.
    who: see ``events``; row_of: of each source. pulls: an exponent, then a pull for each neuron.
    lanes: lambda_V as a vector, and behind it the products of a push; again: see ``adjoint``.
    """
    return Memory(
        record=i32[RECORD_WORDS],
        who=u8[RECORD_WORDS],
        row_of=u8[sources],
        pulls=i16[1 + targets],
        tables=i16[4 * entries],
        weights=i8[(sources + 1) // 2 * c.VECTOR_BYTES],
        gradient=i16[sources * LANES],
        lanes=i16[2 * LANES],
        again=i16[LANES],
        shadow=i16[c.LANES],
        synapse_mask=i8[c.LANES],
        random=i32[1],
        rate=i32[3],
    )
