"""Pong for a host: what is loaded, what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.contract.needs import check_gateware
from ppu_programs.placement import GraphPlacement
from ppu_programs.pong import measures, stimuli
from ppu_programs.pong.learning import UPDATE_CYCLES
from ppu_programs.pong.network import PongPlacement
from ppu_programs.pong.programs import START_CYCLES, PongProgram
from ppu_programs.pong.settings import PLAYER, Settings

if TYPE_CHECKING:
    from chip.chip import Chip

LAST = 10  # epochs that metrics are means of


class Pong(Firmware):
    """The rule, see :mod:`ppu_programs.pong`; it learns no task.

    Metrics: ``success``, the part of balls whose most active neuron is within the paddle, and ``expected_reward``, both
    means of the last ten epochs; ``diagonal_weight`` and ``off_diagonal_weight``, at the end; ``update_ms``, chip time
    of the longest update. Arrays: ``success``, ``expected_reward`` and ``spikes`` of a neuron and a ball, by epoch;
    ``diagonal_weights`` and ``off_diagonal_weights`` of each record; ``final_weights``, by input and output.
    """

    name = "pong"
    settings_class = Settings

    @property
    def placement(self) -> GraphPlacement:
        """Where the network lies."""
        return PongPlacement(self.settings).on_chip

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        places = PongPlacement(s)
        if s.stimuli == PLAYER:
            check_gateware(self.name, config.fpga, ("sample_player",))
            events = stimuli.samples(s, places.labels)
        else:
            events = stimuli.playback(s, places.labels, START_CYCLES * c.PPU_CLOCK_NS + s.reset_ns)
        program = PongProgram(s, places)
        return Built(places.registers(), (program, None), events, plan=places, placement=places.on_chip)

    def status(self, chip: Chip, built: Built) -> Status:
        """Epochs that were recorded."""
        return Status(chip.processors[c.TOP].recorder.track("report").written, self.settings.epochs, "epochs")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        s, places = self.settings, built.plan
        reports = link.read_recording(c.TOP, "report")["values"]
        curves = measures.curves(reports, s.positions)
        weights = places.load(link.read_weights())
        kept = places.of_record(link.read_recording(c.TOP, "weights")["values"])
        off = s.form.off_diagonal
        whole = len(reports) == s.epochs
        metrics = {
            "success": float(curves["success"][-LAST:].mean()) if whole else None,
            "expected_reward": float(curves["expected_reward"][-LAST:].mean()) if whole else None,
            "diagonal_weight": float(measures.diagonal(weights)),
            "off_diagonal_weight": float(measures.off_diagonal(weights, off)),
            "update_ms": float(reports[:, UPDATE_CYCLES].max()) * c.PPU_CLOCK_NS * 1e-6 if len(reports) else None,
        }
        arrays = {name: Array(values, "epoch") for name, values in curves.items()}
        arrays["diagonal_weights"] = Array(measures.diagonal(kept), "record")
        arrays["off_diagonal_weights"] = Array(measures.off_diagonal(kept, off), "record")
        arrays["final_weights"] = Array(weights, "input", "output")
        return Outcome(metrics, arrays, curve="success")
