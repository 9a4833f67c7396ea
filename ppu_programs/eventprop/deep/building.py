"""What a deep network that the chip learns by itself is loaded with, and what the host reads afterwards."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, Resource
from ppu_programs.eventprop.deep.between import PROJECTION, STREAMED, BetweenProgram
from ppu_programs.eventprop.deep.events import MOST_FIRST
from ppu_programs.eventprop.deep.outer import OuterProgram
from ppu_programs.eventprop.deep.weights import LANES
from ppu_programs.streaming import Layout, behind
from ppu_programs.two_layer import weights, windowed_update
from ppu_programs.two_layer.integrators import DIVIDED_ARGUMENTS
from ppu_programs.two_layer.plan import REPORTS_ADDRESS
from ppu_programs.two_layer.training import Training, recording_ns

if TYPE_CHECKING:
    from chip.link import HostLink

DEPTH = 3  # two hidden layers and readouts


@dataclass(frozen=True, eq=False)
class DeepTraining(Training):
    """Samples and network of one run, and where the weights between the hidden layers lie in external memory."""

    layout: Layout

    @classmethod
    def of(cls, training: Training, config: ChipConfig) -> DeepTraining:
        """Return a training of a network of two hidden layers with what the chip needs to learn it.

        Raises ChipLimitError where a layer is too large.
        """
        _check_sizes(training)
        duration_ns = recording_ns(training.settings, config, DIVIDED_ARGUMENTS)
        samples = dataclasses.replace(training.samples, duration_ns=duration_ns)
        layout = Layout(training.placement.on_chip, PROJECTION, STREAMED, behind(samples))
        if layout.end > REPORTS_ADDRESS:
            room = REPORTS_ADDRESS - layout.address
            what, remedy = "DRAM between samples and reports", "load fewer samples"
            raise ChipLimitError(Resource.DRAM, what, layout.nbytes, room, "bytes", remedy)
        return cls(training.settings, training.plan, training.placement, samples, layout)

    def programs(self) -> tuple[OuterProgram, BetweenProgram]:
        """Return the top and the bottom program."""
        settings, plan, placement = self.settings, self.plan, self.placement
        return OuterProgram(settings, plan, placement), BetweenProgram(settings, plan, placement, self.layout)

    def external(self) -> dict[int, np.ndarray]:
        """Return what external memory is to begin with, beside samples: initial shadows, an optimiser's empty state."""
        shadow = weights.initial_shadows(self.placement.network, self.settings.seed)[PROJECTION]
        rows = self.settings.inputs + self.settings.readouts
        outer_state = {windowed_update.state_address(c.TOP): np.zeros(rows * windowed_update.ROW_BYTES, np.uint8)}
        return outer_state | self.layout.image(shadow=shadow, record=np.zeros_like(shadow))

    def shadows(self, link: HostLink) -> list[np.ndarray]:
        """Read the shadow weights of each layer: int[inputs, outputs]."""
        (first, second), inputs = (len(layer.lanes) for layer in self.placement.layers[:2]), self.settings.inputs
        rows = link.read_sram(c.TOP, "shadow").reshape(-1, c.LANES)
        outer = weights.from_rows(rows[:inputs], first), weights.from_rows(rows[inputs:], second).T
        return [outer[0], self.layout.read(link, "shadow").astype(np.int16), outer[1]]


def _check_sizes(training: Training) -> None:
    (_, first), (_, second), _ = training.placement.network.layers
    for name, size, limit in (("first", first.size, MOST_FIRST), ("second", second.size, LANES)):
        if size > limit:
            where = f"{name} of two hidden layers that the chip learns by itself"
            raise ChipLimitError(Resource.NEURONS, where, size, limit, "neurons", f"use 1..{limit} neurons")
