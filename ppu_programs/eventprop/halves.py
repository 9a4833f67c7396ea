"""What either processor computes where EventProp's hidden layer is divided between both."""

from __future__ import annotations

from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import Part
from ppu_programs.two_layer import integrators
from ppu_programs.two_layer.halves import Learning
from ppu_programs.two_layer.tables import readout_table


def learning(settings: Settings, part: Part) -> Learning:
    """Return the adjoint of a part's neurons, and the gradient of their readout weights."""
    return Learning(
        adjoint.memory(settings) | integrators.backward_memory(settings),
        {"tables": tables.hidden_tables(settings), "psp": readout_table(settings)},
        observe=(adjoint.sort_spikes,),
        backward=(
            adjoint.backward_kernel(settings, owned=len(part.neurons)),
            integrators.readout_backward_kernel(settings, above=settings.inputs),
        ),
    )
