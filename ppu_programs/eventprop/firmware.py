"""EventProp as a host sees it."""

from __future__ import annotations

from ppu_programs.eventprop.halves import divided_programs
from ppu_programs.eventprop.programs import HiddenProgram
from ppu_programs.eventprop.settings import Settings
from ppu_programs.two_layer.firmware import TwoLayerFirmware


class EventProp(TwoLayerFirmware):
    """EventProp on both processors: inputs and a bias - hidden spiking neurons - leaky integrators, one per class.

    Up to 128 hidden neurons lie in one hemisphere, more are divided between both.

    Arguments and errors are those of :class:`ppu_programs.two_layer.firmware.TwoLayerFirmware`; for settings see
    :class:`ppu_programs.eventprop.settings.Settings`. A network of three or four layers is for
    :class:`host.loop.host_loop.HostLoop`; no program here trains it.
    """

    name = "eventprop"
    settings_class = Settings
    hidden_program = HiddenProgram
    divided_programs = staticmethod(divided_programs)
