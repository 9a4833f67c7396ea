"""SuperSpike as a host sees it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.ppu.costs import issue_cycles
from ppu_programs.contract import Array, Built, Outcome
from ppu_programs.superspike.programs import EVENTS, HiddenProgram, ReadoutProgram
from ppu_programs.superspike.settings import Settings
from ppu_programs.two_layer.firmware import TwoLayerFirmware
from ppu_programs.two_layer.plan import SAMPLES
from ppu_programs.two_layer.settings import SampleSettings

if TYPE_CHECKING:
    from chip.link import HostLink

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

    def settings_on(self, config: ChipConfig) -> SampleSettings:
        """Return the settings with what they take from a chip: the time from a ring to time zero, too.

        Raises:
            ValueError: the chip converts membranes too slowly.
        """
        conversion_ns, period_ns = config.cadc.read_cycles * c.PPU_CLOCK_NS, self.settings.sample_period_ns
        if conversion_ns > period_ns:
            raise ValueError(
                f"superspike samples membranes every {period_ns} ns, and this chip takes {conversion_ns} ns for one "
                "conversion; lower cadc.read_cycles or raise sample_period_ns"
            )
        return dataclasses.replace(super().settings_on(config), lead_ns=lead_ns(config))

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read all reports; beside what every rule reads spikes per hidden neuron and sample.

        Metrics ``validation_spikes`` and ``test_spikes``; ``train_spikes``, float64[epochs reached].
        """
        plan, found = built.plan.plan, super().outcome(link, built)
        *trained, validation, test = (_spikes_per_neuron(report, built) for report in self.reports(link, plan))
        spikes = np.array([value for value in trained if value is not None], float)
        return dataclasses.replace(
            found,
            metrics={**found.metrics, "validation_spikes": validation, "test_spikes": test},
            arrays={**found.arrays, "train_spikes": Array(spikes, "epoch")},
        )


def _spikes_per_neuron(report: np.ndarray, built: Built) -> float | None:
    settings, seen = built.plan.settings, int(report[SAMPLES])
    return (int(report[EVENTS]) / seen - settings.inputs) / settings.hidden if seen else None
