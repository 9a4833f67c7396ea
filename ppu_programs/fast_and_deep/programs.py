"""Fast & Deep's two processors: both read first spikes from the record of a sample.

The bottom one makes errors and impulses of the readouts' spike times and sends the impulses to the top one.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from ppu_programs.fast_and_deep import hidden, readout, tables
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.fast_and_deep.spikes import first_spikes_kernel
from ppu_programs.placement import Placement
from ppu_programs.two_layer import programs, weights
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.roles import RECORD_SLOT, has_errors


class HiddenProgram(programs.HiddenProgram):
    """The top processor: gradient and weights of the hidden layer."""

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        self.bump = hidden.bump_kernel(settings)
        super().__init__(
            *(settings, plan, placement),
            memory=hidden.memory(settings),
            observe=(first_spikes_kernel(settings), hidden.note_active_kernel(settings)),
            backward=hidden.backward_kernel(settings),
            kernels=(self.bump,),
        )

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"tables": tables.hidden_tables(self.settings)}

    def update_weights(self, ppu) -> Generator:
        yield ppu.run(self.bump)
        yield from super().update_weights(ppu)


class ReadoutProgram(programs.ReadoutProgram):
    """The bottom processor: conducts, and owns loss, impulses, readout weights and reports."""

    neurons_per_write = 10  # for room for the kernels

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        self.first_spikes = first_spikes_kernel(settings)
        self.loss = readout.loss_kernel(settings)
        self.impulses = readout.impulses_kernel(settings)
        super().__init__(
            *(settings, plan, placement),
            memory=readout.memory(settings),
            backward=readout.readout_backward_kernel(settings),
            kernels=(self.first_spikes, self.loss, self.impulses),
        )

    def image(self) -> dict[str, np.ndarray]:
        shadow = weights.initial_shadow(self.settings, self.seed)[1]
        own = {
            "boltzmann": tables.boltzmann_table(self.settings),
            "tables": tables.readout_tables(self.settings),
            "signed": weights.steps(weights.from_rows(shadow, c.LANES)).astype(np.int8).ravel(),
        }
        return super().image() | own

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        yield ppu.play(sample, RECORD_SLOT, ring=(c.TOP,))
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.first_spikes)
        yield ppu.run(self.loss)
        if has_errors(ppu, self.settings):
            yield ppu.run(self.impulses)
