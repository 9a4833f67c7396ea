"""The rule for a host: what is loaded, what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.placement import GraphPlacement
from ppu_programs.spiking_lpl import measures, signals
from ppu_programs.spiking_lpl.network import FROM_INHIBITORY, LPLPlacement, by_group
from ppu_programs.spiking_lpl.programs import LPLProgram
from ppu_programs.spiking_lpl.settings import Settings

if TYPE_CHECKING:
    from chip.chip import Chip

OF_SPIKES = ("slowness", "slow_r2", "shuffled_r2", "correlation", "rate_khz")
BLOCKS = 10  # of ticks, which the curve has a value for each
SHOWN_TICKS = 300
LEAST_WEIGHT = 0.01  # that a mean weight counts as in a ratio


class SpikingLPL(Firmware):
    """The rule, see :mod:`ppu_programs.spiking_lpl`; it learns no task.

    Metrics: ``slowness``, R^2 of the slow signal less that of the shuffled one; both, ``slow_r2`` and ``shuffled_r2``;
    ``weight_ratio``, mean weights of slow inputs over those of shuffled ones; ``correlation``, the mean one of two
    neurons' spike counts in a tick; ``rate_khz``, mean rate of excitatory neurons; ``missed_ticks``; ``weight_slow``,
    ``weight_shuffled``, ``weight_constant``, ``weight_inhibitory``, mean weights.

    Arrays: ``slowness_of_blocks``, of tenths of the run, R^2 of 0 at least; ``weights_by_group``, slow, shuffled and
    constant, at the start and at the end; ``signals_and_rates``, of the last ticks, a line each: the slow signal, the
    shuffled one, and what neurons spike in the mean, over their means; ``spikes`` of every neuron in the same ticks;
    ``weights_of_neurons``.
    """

    name = "spiking-lpl"
    settings_class = Settings

    @property
    def placement(self) -> GraphPlacement:
        """Where the network lies."""
        return LPLPlacement(self.settings).on_chip

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        places = LPLPlacement(s)
        random = np.random.default_rng([s.seed, 3])
        learned = np.rint(random.normal(s.weight, s.weight_spread, (s.inputs, s.excitatory)))
        learned = learned.clip(0, c.WEIGHT_MAX).astype(np.int64)
        onto = random.integers(0, s.onto_inhibitory + 1, (s.excitatory, s.inhibitory))
        of = random.integers(0, s.from_inhibitory + 1, (s.inhibitory, s.excitatory))
        program = LPLProgram(s, places, learned)
        stimuli = signals.trains(s).program(places.labels)
        return Built(
            places.registers(learned, onto, of),
            (program, None),
            stimuli,
            plan=(places, learned),
            placement=places.on_chip,
        )

    def status(self, chip: Chip, built: Built) -> Status:
        """Ticks that were recorded."""
        return Status(chip.processors[c.TOP].recorder.track("counts").written, self.settings.ticks, "ticks")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        s, (places, learned) = self.settings, built.plan
        records = link.read_recording(c.TOP, "counts")
        counts = np.diff(records["values"], axis=0, prepend=np.zeros((1, s.excitatory), np.uint8)).astype(float)
        ticks = records["time_cycles"].astype(np.int64) * c.PPU_CLOCK_NS // s.tick_ns - 1  # that has just ended
        both = np.stack([signal[ticks] for signal in signals.signals(s)])
        loaded = link.read_weights()
        final = places.learned(loaded)
        groups = np.array([[group.mean() for group in by_group(s, weights)] for weights in (learned, final)])
        whole = len(records) and ticks[-1] >= s.ticks
        metrics = self._of_spikes(counts, both) if whole else dict.fromkeys(OF_SPIKES)
        metrics["missed_ticks"] = int(s.ticks - len(records)) if whole else None
        metrics |= dict(zip(("weight_slow", "weight_shuffled", "weight_constant"), groups[1].tolist(), strict=True))
        metrics["weight_ratio"] = metrics["weight_slow"] / max(metrics["weight_shuffled"], LEAST_WEIGHT)
        metrics["weight_inhibitory"] = float(places.on_chip.load(loaded, FROM_INHIBITORY).mean())
        arrays = self._arrays(counts, both, groups) | {"weights_of_neurons": Array(final, "input", "neuron")}
        return Outcome(metrics, arrays, curve="slowness_of_blocks")

    def _of_spikes(self, counts: np.ndarray, both: np.ndarray) -> dict[str, float | None]:
        """OF_SPIKES of the ticks at the end.

        Args:
            counts: float[ticks, neurons]; both: float[2, ticks], the slow signal and the shuffled one.
        """
        last = slice(-self.settings.evaluated, None)
        explained = _explained(counts[last], both[:, last])
        rate = counts[last].mean() / (self.settings.tick_ns * 1e-6)
        values = (explained[0] - explained[1], *explained, measures.correlation(counts[last]), float(rate))
        return dict(zip(OF_SPIKES, values, strict=True))

    def _arrays(self, counts: np.ndarray, both: np.ndarray, groups: np.ndarray) -> dict[str, Array]:
        length = max(len(counts) // BLOCKS, 2 * measures.BLOCK)
        starts = range(0, len(counts) - length + 1, length)
        found = [_slowness(counts[first : first + length], both[:, first : first + length]) for first in starts]
        shown = slice(-SHOWN_TICKS, None)
        spikes = counts[shown].mean(axis=1)
        lines = np.stack([*both[:, shown], spikes / max(spikes.sum() / max(len(spikes), 1), 1e-9)], axis=1)
        return {
            "slowness_of_blocks": Array(np.array(found, float), "block"),
            "signals_and_rates": Array(lines, "tick", "line"),
            "spikes": Array(counts[shown].astype(np.int64), "tick", "neuron"),
            "weights_by_group": Array(groups, "time", "group"),
        }


def _explained(counts: np.ndarray, both: np.ndarray) -> list[float]:
    """R^2 of the slow signal and of the shuffled one, 0 at least."""
    return [max(0.0, measures.explained(counts, signal)) for signal in both]


def _slowness(counts: np.ndarray, both: np.ndarray) -> float:
    slow, shuffled = _explained(counts, both)
    return slow - shuffled
