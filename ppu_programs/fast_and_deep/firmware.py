"""Fast & Deep as a host sees it."""

from __future__ import annotations

from chip.base.config import ChipConfig
from ppu_programs.fast_and_deep.halves import divided_programs
from ppu_programs.fast_and_deep.programs import HiddenProgram, ReadoutProgram
from ppu_programs.fast_and_deep.settings import Settings
from ppu_programs.two_layer.firmware import TwoLayerFirmware
from ppu_programs.two_layer.settings import SampleSettings


class FastAndDeep(TwoLayerFirmware):
    """Fast & Deep on both processors: inputs and a bias - hidden spiking neurons - spiking readouts, one per class.

    Every neuron spikes at most once a sample; the readout that spikes first says the class. Up to 128 hidden neurons
    lie in one hemisphere, more are divided between both.

    Arguments and errors are those of :class:`ppu_programs.two_layer.firmware.TwoLayerFirmware`; for settings see
    :class:`ppu_programs.fast_and_deep.settings.Settings`.
    """

    name = "fast-and-deep"
    settings_class = Settings
    hidden_program = HiddenProgram
    readout_program = ReadoutProgram
    divided_programs = staticmethod(divided_programs)

    def recording_ns(self, settings: SampleSettings, config: ChipConfig) -> int:
        """The whole sample: nothing is converted behind it."""
        return settings.duration_ns
