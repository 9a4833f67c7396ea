"""Pong with the game on the processor, for a host: what is loaded, what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.placement import GraphPlacement
from ppu_programs.pong.game.learning import MISSED, RETURNED, REWARD, REWARD_ONE, SPIKES
from ppu_programs.pong.game.network import GamePlacement
from ppu_programs.pong.game.programs import BLOCK, GameProgram
from ppu_programs.pong.game.settings import Settings

if TYPE_CHECKING:
    from chip.chip import Chip

LAST = 10  # blocks that metrics are means of


class PongGame(Firmware):
    """The rule, see :mod:`ppu_programs.pong.game`; it learns no task.

    Metrics: ``reward`` of an iteration, at most 1, and ``returned``, the part of balls that the paddle hit, both of the
    last 1000 iterations; ``first_reward``, of the first 1000; ``iteration_us``, chip time of an iteration. Arrays:
    ``rewards`` and ``spikes`` of an iteration, by blocks of 100; ``balls_returned``, by 1000; ``final_weights``, by
    position and output, and ``weights_over_time`` of each record.
    """

    name = "pong game"
    settings_class = Settings

    @property
    def placement(self) -> GraphPlacement:
        """Where the network lies."""
        return GamePlacement(self.settings).on_chip

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        places, random = GamePlacement(s), np.random.default_rng([s.seed, 0])
        first = random.normal(s.first_weight, s.spread, (s.positions, s.positions)).round()
        registers = places.registers(np.clip(first, 0, c.WEIGHT_MAX).astype(np.int64))
        return Built(registers, (GameProgram(s, places), None), plan=places, placement=places.on_chip)

    def status(self, chip: Chip, built: Built) -> Status:
        """Iterations in blocks that were recorded."""
        blocks = chip.processors[c.TOP].recorder.track("report").written
        return Status(BLOCK * blocks, self.settings.iterations, "iterations")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        record = link.read_recording(c.TOP, "report")
        reports = record["values"].astype(float)
        rewards = reports[:, REWARD] / (REWARD_ONE * BLOCK)
        whole = BLOCK * len(reports) == self.settings.iterations
        metrics = {
            "reward": float(rewards[-LAST:].mean()) if whole else None,
            "returned": _returned(reports[-LAST:]) if whole else None,
            "first_reward": float(rewards[:LAST].mean()) if len(reports) >= LAST else None,
            "iteration_us": _iteration_us(record["time_cycles"]) if len(reports) > 1 else None,
        }
        columns = built.plan.columns
        arrays = {
            "rewards": Array(rewards, "block"),
            "final_weights": Array(built.plan.on_chip.load(link.read_weights(), 0), "position", "output"),
            "balls_returned": Array(_returned_over_time(reports), "thousand"),
            "spikes": Array(reports[:, SPIKES] / BLOCK, "block"),
            "weights_over_time": Array(
                link.read_recording(c.TOP, "weights")["values"][:, :, columns], "record", "position", "output"
            ),
        }
        return Outcome(metrics, arrays, curve="rewards")


def _returned(reports: np.ndarray) -> float | None:
    """The part of balls that were hit; None where none came to the paddle."""
    balls = reports[:, [RETURNED, MISSED]].sum()
    return float(reports[:, RETURNED].sum() / balls) if balls else None


def _returned_over_time(reports: np.ndarray) -> np.ndarray:
    """The same of each 1000 iterations, 0 where no ball came to the paddle."""
    whole = len(reports) // LAST * LAST
    return np.array([_returned(some) or 0.0 for some in reports[:whole].reshape(-1, LAST, reports.shape[-1])])


def _iteration_us(cycles: np.ndarray) -> float:
    return (int(cycles[-1]) - int(cycles[0])) / (len(cycles) - 1) / BLOCK * c.PPU_CLOCK_NS * 1e-3
