"""EventProp as a host sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chip.base.config import ChipConfig
from ppu_programs.contract import Array
from ppu_programs.eventprop.deep.building import DEPTH, DeepTraining
from ppu_programs.eventprop.halves import divided_programs
from ppu_programs.eventprop.programs import HiddenProgram
from ppu_programs.eventprop.settings import Settings, deep_network
from ppu_programs.network import Network
from ppu_programs.two_layer.firmware import TwoLayerFirmware
from ppu_programs.two_layer.programs import LayerProgram
from ppu_programs.two_layer.settings import SampleSettings
from ppu_programs.two_layer.training import Training

if TYPE_CHECKING:
    from chip.link import HostLink


class EventProp(TwoLayerFirmware):
    """EventProp on both processors: inputs and a bias - hidden spiking neurons - leaky integrators, one per class.

    Up to 128 hidden neurons lie in one hemisphere, more are divided between both. Of two hidden layers each processor
    has one, see :mod:`ppu_programs.eventprop.deep`.

    Arguments and errors are those of :class:`ppu_programs.two_layer.firmware.TwoLayerFirmware`; for settings see
    :class:`ppu_programs.eventprop.settings.Settings`. A network of three hidden layers is for
    :class:`host.loop.host_loop.HostLoop`; no program here trains it.
    """

    name = "eventprop"
    settings_class = Settings
    hidden_program = HiddenProgram
    divided_programs = staticmethod(divided_programs)
    served: ClassVar[str] = "one or two hidden layers and readouts"

    @classmethod
    def deep_network(cls, settings: SampleSettings, sizes: tuple[int, ...]) -> Network:
        return deep_network(settings.inputs, sizes, settings.readouts)

    def _remedy(self) -> str:
        return super()._remedy() + (", or smaller batches" if self.network.depth == DEPTH else "")

    def on_chip(self, training: Training, config: ChipConfig) -> Training:
        return DeepTraining.of(training, config) if self.network.depth == DEPTH else training

    def programs(self, training: Training) -> tuple[LayerProgram, LayerProgram]:
        return training.programs() if isinstance(training, DeepTraining) else super().programs(training)

    def shadow_arrays(self, link: HostLink, training: Training) -> dict[str, Array]:
        """Read the shadow weights of all layers; of two hidden layers ``hidden_0_shadow`` and ``hidden_1_shadow``."""
        if not isinstance(training, DeepTraining):
            return super().shadow_arrays(link, training)
        first, second, readout = training.shadows(link)
        return {
            "hidden_0_shadow": Array(first, "input", "hidden 0"),
            "hidden_1_shadow": Array(second, "hidden 0", "hidden 1"),
            "readout_shadow": Array(readout.T, "readout", "hidden 1"),
        }
