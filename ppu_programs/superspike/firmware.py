"""SuperSpike as a host sees it."""

from __future__ import annotations

import dataclasses

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.fpga.samples import SampleSet
from chip.ppu.costs import issue_cycles
from ppu_programs.superspike.programs import EVENTS, HiddenProgram, ReadoutProgram
from ppu_programs.superspike.settings import Settings
from ppu_programs.two_layer.firmware import TwoLayerFirmware
from ppu_programs.two_layer.plan import SAMPLES, report_address

PLAY_ARGUMENTS = 3  # of the operation behind the ring, `ppu.play(sample, slot, ring)`


def lead_ns(config: ChipConfig) -> int:
    """From the end of a ring to the time zero of the sample that is asked for next; at most 4 ns more."""
    request_ns = (issue_cycles(PLAY_ARGUMENTS) + config.ppu.omnibus_write_cycles) * c.PPU_CLOCK_NS
    return request_ns + config.fpga.player_latency_ns


class SuperSpike(TwoLayerFirmware):
    """Surrogate gradients on both processors: inputs and a bias - hidden spiking neurons - leaky integrators.

    Arguments and errors are those of :class:`ppu_programs.two_layer.firmware.TwoLayerFirmware`; for settings see
    :class:`ppu_programs.superspike.settings.Settings`.
    """

    name = "superspike"
    settings_class = Settings
    hidden_program = HiddenProgram
    readout_program = ReadoutProgram

    def samples(
        self, inputs: np.ndarray, targets: np.ndarray, ranges: dict[str, range], config: ChipConfig
    ) -> SampleSet:
        """As every rule for one hidden layer does it; the time from a ring to time zero comes from ``config``.

        Raises:
            ValueError: as there, or the chip converts membranes too slowly.
        """
        conversion_ns, period_ns = config.cadc.read_cycles * c.PPU_CLOCK_NS, self.settings.sample_period_ns
        if conversion_ns > period_ns:
            raise ValueError(
                f"superspike samples membranes every {period_ns} ns, and this chip takes {conversion_ns} ns for one "
                "conversion; lower cadc.read_cycles or raise sample_period_ns"
            )
        self.settings = dataclasses.replace(self.settings, lead_ns=lead_ns(config))
        return super().samples(inputs, targets, ranges, config)

    def decode(self, link) -> dict:
        """Read all reports; beside those of every rule spikes per hidden neuron and sample.

        ``train_spikes``, float64[epochs reached], ``validation_spikes`` and ``test_spikes``, NaN where the split was
        not reached.
        """
        activity = [
            self._spikes_per_neuron(link.read_external(report_address(number), c.VECTOR_BYTES))
            for number in range(self.epochs + 2)
        ]
        return super().decode(link) | {
            "train_spikes": [spikes for spikes in activity[: self.epochs] if not np.isnan(spikes)],
            "validation_spikes": activity[self.epochs],
            "test_spikes": activity[self.epochs + 1],
        }

    def _spikes_per_neuron(self, report: np.ndarray) -> float:
        counters = report.view(np.int32)
        seen = int(counters[SAMPLES])
        return (int(counters[EVENTS]) / seen - self.settings.inputs) / self.settings.hidden if seen else np.nan
