"""What either processor computes where EventProp's hidden layer is divided between both."""

from __future__ import annotations

from ppu_programs.eventprop import adjoint, tables
from ppu_programs.eventprop.settings import Settings
from ppu_programs.placement import DividedPlacement, Part
from ppu_programs.two_layer import integrators
from ppu_programs.two_layer.halves import FollowingHalf, Learning
from ppu_programs.two_layer.own_events import own_events_kernel
from ppu_programs.two_layer.plan import Plan
from ppu_programs.two_layer.tables import readout_table


def divided_programs(
    settings: Settings, plan: Plan, placement: DividedPlacement
) -> tuple[FollowingHalf, integrators.ConductingIntegrators]:
    """Return the programs of the top and of the bottom processor."""
    top, bottom = ((part, learning(settings, part)) for part in placement.parts)
    return FollowingHalf(settings, plan, *top), integrators.ConductingIntegrators(settings, plan, *bottom)


def learning(settings: Settings, part: Part) -> Learning:
    """Return the adjoint of a part's neurons, and the gradient of their readout weights."""
    return Learning(
        adjoint.memory(settings) | integrators.backward_memory(settings),
        {"tables": tables.hidden_tables(settings), "psp": readout_table(settings)},
        observe=(own_events_kernel(part), adjoint.sort_spikes),
        backward=(
            adjoint.backward_kernel(settings, owned=len(part.neurons)),
            integrators.readout_backward_kernel(settings, above=settings.inputs),
        ),
    )
