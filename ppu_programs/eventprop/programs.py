"""EventProp's top processor: it sorts the spike record while the errors are on their way, then walks back in time."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from chip.ppu.processor_core import SAMPLE_LINE
from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer import programs
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.programs import RECORD_SLOT


class HiddenProgram(programs.HiddenProgram):
    """The top processor: adjoint and weights of the hidden layer."""

    def __init__(self, settings: Settings, plan: Plan, seed: int):
        self.backward = adjoint.backward_kernel(settings)
        super().__init__(settings, plan, seed, adjoint.memory(settings), (adjoint.sort_record, self.backward))

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"tables": tables.hidden_tables(self.settings)}

    def observe(self, ppu) -> Generator:
        yield ppu.wait_doorbell(SAMPLE_LINE)
        ended = ppu.time_base
        yield ppu.load_record(RECORD_SLOT, into="record")
        yield ppu.run(adjoint.sort_record)
        return ended

    def gradient(self, ppu) -> Generator:
        yield ppu.run(self.backward)
