"""What either processor computes where Fast & Deep's hidden layer is divided between both.

A readout's impulse needs the current at its spike, to which all hidden neurons add. So each processor sums what its own
have added; the top one sends its sums to the bottom one, which makes impulses of both and sends these to the top.

With 256 hidden neurons, 5 inputs and 3 readouts the bottom processor's SRAM is full but for 52 bytes. To come to that,
both compute the slope of the readouts' PSP from two tables instead of looking it up in a third one, and the loss has a
short table.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.base import constants as c
from chip.ppu import Memory, i16, i32, u8
from ppu_programs.fast_and_deep import hidden, readout, spikes, tables
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.placement import DividedPlacement, Part
from ppu_programs.two_layer import halves
from ppu_programs.two_layer.layout import ROW
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.roles import RECORD_SLOT, has_errors

CURRENTS_LINE = 1  # of the bottom processor, to which nobody sends errors


class FollowingHalf(halves.FollowingHalf):
    """The top processor: its neurons, with the impulses that the other one sends."""

    def tell(self, ppu) -> Generator:
        """Send the own sums of currents."""
        nbytes = 4 * self.settings.readouts
        yield ppu.send(c.BOTTOM, source="currents", into="top_currents", line=CURRENTS_LINE, nbytes=nbytes)


class ConductingHalf(halves.ConductingHalf):
    """The bottom processor: its neurons, and all that there is once, errors and impulses among it."""

    def __init__(self, settings: Settings, plan: Plan, part: Part, learning: halves.Learning):
        entries = tables.FEW_BOLTZMANN_ENTRIES
        self.loss = readout.loss_kernel(settings, entries)
        self.impulses = readout.impulses_kernel(settings, divided=True)
        own = Memory(boltzmann=i32[entries], factors=i32[settings.readouts], top_currents=i32[settings.readouts])
        super().__init__(settings, plan, part, learning, memory=own, kernels=(self.loss, self.impulses))
        self.first_spikes, self.sum_currents = self.observe

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"boltzmann": tables.boltzmann_table(self.settings, tables.FEW_BOLTZMANN_ENTRIES)}

    def play_sample(self, ppu, sample: int, announce: bool) -> Generator:
        yield ppu.play(sample, RECORD_SLOT, ring=(c.TOP,))
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(self.first_spikes)
        yield ppu.run(self.loss)

    def complete(self, ppu) -> Generator:
        """Make impulses of errors, with the currents of both processors."""
        yield ppu.run(self.sum_currents)
        yield ppu.wait_doorbell(CURRENTS_LINE)
        if has_errors(ppu, self.settings):
            yield ppu.run(self.impulses)


def divided_programs(
    settings: Settings, plan: Plan, placement: DividedPlacement
) -> tuple[FollowingHalf, ConductingHalf]:
    """Return the programs of the top and of the bottom processor."""
    top, bottom = ((part, learning(settings, placement, part)) for part in placement.parts)
    return FollowingHalf(settings, plan, *top), ConductingHalf(settings, plan, *bottom)


def learning(settings: Settings, placement: DividedPlacement, part: Part) -> halves.Learning:
    """Return the gradients of a part's neurons and of their readout weights."""
    owned = len(part.neurons)
    own = Memory(
        tables=i16[tables.OWN_TABLES * settings.table_entries], active=u8[ROW], currents=i32[settings.readouts]
    )
    return halves.Learning(
        spikes.own_memory(settings) | own,
        {"tables": tables.own_tables(settings)},
        observe=(
            spikes.own_first_spikes_kernel(settings, placement, part),
            readout.sum_currents_kernel(settings, owned),
        ),
        backward=(hidden.backward_kernel(settings, owned), readout.readout_backward_kernel(settings, owned)),
        before_update=(hidden.bump_kernel(settings, owned),),
    )
