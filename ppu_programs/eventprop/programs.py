"""EventProp's top processor: it sorts the spike record while the errors are on their way, then walks back in time."""

from __future__ import annotations

import numpy as np

from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import Placement
from ppu_programs.two_layer import programs
from ppu_programs.two_layer.plan import Plan


class HiddenProgram(programs.HiddenProgram):
    """The top processor: adjoint and weights of the hidden layer."""

    def __init__(self, settings: Settings, plan: Plan, placement: Placement):
        memory, backward = adjoint.memory(settings), adjoint.backward_kernel(settings)
        super().__init__(settings, plan, placement, memory=memory, observe=(adjoint.sort_record,), backward=backward)

    def image(self) -> dict[str, np.ndarray]:
        return super().image() | {"tables": tables.hidden_tables(self.settings)}
