"""The top processor of a deep network: it conducts, and has the weights of the first hidden layer and of the readouts.

Its memory and its update are those of one half of a divided layer, see :mod:`ppu_programs.two_layer.halves`, where
input weights and readout weights are rows of ``shadow``, too: here lanes are neurons of the first layer in those of
inputs, of the second layer in those of readouts.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Kernel, Memory, i16, kernel
from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.deep.adjoint import NOT_LEARNED
from ppu_programs.eventprop.deep.events import layer_code
from ppu_programs.eventprop.settings import DeepSettings, Settings
from ppu_programs.placement import INPUT_MARK, POPULATION_MASK, Part, Placement
from ppu_programs.two_layer import integrators, weights
from ppu_programs.two_layer.halves import Learning
from ppu_programs.two_layer.integrators import DIVIDED_HALVES, ConductingIntegrators
from ppu_programs.two_layer.layout import ROW, position
from ppu_programs.two_layer.own_events import own_events_kernel
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.roles import ERRORS_LINE, RECORD_SLOT, Conducting
from ppu_programs.two_layer.tables import readout_table

PUSHES_LINE = 1  # of the top processor, whose ERRORS_LINE never rings


class OuterProgram(ConductingIntegrators):
    """Conducts; ``backward`` are the kernels that need the pushes of the layer above.

    The host writes an optimiser's empty state, since code that would do so has no room.
    """

    main = Conducting.main

    def __init__(self, settings: DeepSettings, plan: Plan, placement: Placement):
        first, second = settings.of_layer(0), settings.of_layer(1)
        part = outer_part(placement)
        super().__init__(first, plan, part, outer_learning(first, part))
        self.name = f"{settings.section}, first hidden layer and readouts"
        self.placement, self.pull_words = placement, 1 + second.hidden
        self.pull = pull_kernel(first, second.hidden)
        self.of_readouts = integrators.readout_backward_kernel(
            second, above=first.inputs, mask=INPUT_MARK | POPULATION_MASK, wanted=layer_code(placement, 1)
        )
        self.backward = self.learning.backward
        self.memory = self.memory | Memory(pulls=i16[self.pull_words])
        self.kernels = (*self.kernels, self.pull, self.of_readouts)

    def initial_shadow(self) -> np.ndarray:
        first, _, readout = weights.initial_shadows(self.placement.network, self.seed)
        return np.concatenate([weights.to_rows(first), weights.to_rows(readout.T)])

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        yield ppu.play(sample, RECORD_SLOT, ring=(c.BOTTOM,))
        yield ppu.read_cadc(into="membranes", halves=DIVIDED_HALVES)
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.loss)

    def learn_batch(self, ppu) -> Generator:
        """Play the next samples of the epoch's order; send pulls to the bottom, and learn from each and its pushes."""
        first, nbytes = self.plan.train.start, 2 * self.pull_words
        for i in range(self.plan.batch):
            sample = first + ppu.word("order", i)
            yield from self.play_sample(ppu, sample, False)
            yield ppu.run(self.pull)
            if ppu.word("pulls", 0) >= 0:
                yield ppu.run(self.of_readouts)
                for kernel in self.observe:  # before anything is sent: what comes back takes the place of the record
                    yield ppu.run(kernel)
            yield ppu.send(c.BOTTOM, source="pulls", into="pulls", line=ERRORS_LINE, nbytes=nbytes)
            if ppu.word("pulls", 0) >= 0:
                yield ppu.wait_doorbell(PUSHES_LINE)
                for kernel in self.backward:
                    yield ppu.run(kernel)
            yield from self.end_sample(ppu)


def outer_part(placement: Placement) -> Part:
    """The first layer, its input rows, and the rows of the second layer's readout synapses, all on top."""
    first, _, readouts = placement.layers
    return Part(
        first.hemisphere,
        range(len(first.lanes)),
        first.lanes,
        first.rows,
        readouts.rows,
        placement.spike_labels(0),
        placement.input_labels,
    )


def outer_learning(settings: Settings, part: Part) -> Learning:
    """What is computed of the first layer from the pushes on its spikes; settings are those of the first layer."""
    return Learning(
        adjoint.memory(settings) | integrators.backward_memory(settings),
        {"tables": tables.hidden_tables(settings), "psp": readout_table(settings)},
        observe=(own_events_kernel(part), adjoint.sort_spikes),
        backward=(adjoint.backward_kernel(settings, pushed=True),),
    )


def pull_kernel(settings: Settings, neurons: int) -> Kernel:
    """Return the kernel ``pull``: what the readouts' errors have of each of so many neurons before them."""
    readouts, above = settings.readouts, settings.inputs

    @kernel
    def pull(v, m):
        """Write the exponent of the errors and the sums over readouts; where the label has no error, none has."""
        m.pulls[0] = NOT_LEARNED
        if m.errors[1 + m.record[1]] != 0:
            m.pulls[0] = m.errors[0]
            for lane in range(neurons):
                place = position(v, m, lane) + ROW * above
                total = 0
                for o in range(readouts):
                    total += ((m.shadow[ROW * o + place] + 256) >> 9) * m.errors[1 + o]
                m.pulls[1 + lane] = total >> 8

    return pull
