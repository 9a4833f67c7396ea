"""The rule for a host: what is loaded, what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.inhibitory_plasticity import channels, measures
from ppu_programs.inhibitory_plasticity.network import BalancePlacement, tuning
from ppu_programs.inhibitory_plasticity.programs import BalanceProgram
from ppu_programs.inhibitory_plasticity.settings import CHANNELS, Settings
from ppu_programs.placement import GraphPlacement

if TYPE_CHECKING:
    from chip.chip import Chip

AT_CHANGE = 20  # updates behind the change whose rates say what it did


class InhibitoryPlasticity(Firmware):
    """The rule, see :mod:`ppu_programs.inhibitory_plasticity`; it learns no task.

    Metrics, each of the end of the half of the run before the change of the input, and of that after it:
    ``rate_error``, the worse of both, ``rate_error_before`` and ``rate_error_after``, see
    :func:`ppu_programs.inhibitory_plasticity.measures.rate_error`; ``tuning_correlation_before`` and ``_after``, and
    ``_at_change``, of the old weights with the new input; ``rate_error_at_change``, of the first updates behind it.

    Arrays: ``rate_errors`` of blocks of ``watched`` updates; ``tuning_correlations``, of each record of the weights;
    ``inhibition`` and ``excitation``, mean weights by cell and signal at the end; ``mean_rates``, kHz, of every block.
    """

    name = "inhibitory-plasticity"
    settings_class = Settings

    @property
    def placement(self) -> GraphPlacement:
        """Where the network lies."""
        return BalancePlacement(self.settings).on_chip

    def build(self, task: None, config: ChipConfig) -> Built:
        s = self.settings
        places = BalancePlacement(s)
        random = np.random.default_rng([s.seed, 2])
        inhibition = random.integers(0, s.initial + 1, (CHANNELS * s.interneurons, s.cells))
        program = BalanceProgram(s, places)
        stimuli = channels.trains(s, places.first_drive).program(places.labels)
        return Built(places.registers(inhibition), (program, None), stimuli, plan=places, placement=places.on_chip)

    def status(self, chip: Chip, built: Built) -> Status:
        """Updates that were recorded."""
        return Status(chip.processors[c.TOP].recorder.track("counts").written, self.settings.updates, "updates")

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        s = self.settings
        middle = s.updates // 2
        counts = link.read_recording(c.TOP, "counts")["values"][:, : s.cells].astype(np.int64)
        before, after = counts[:middle], counts[middle:]
        weights = self._inhibition(link, built)
        excitation = [measures.by_signal(tuning(s), channels.excited_by(s, changed)) for changed in (False, True)]
        last_before = -(-middle // s.watched)  # records of the weights up to the change
        correlations = np.array(
            [measures.tuning_correlation(excitation[n >= last_before], one) for n, one in enumerate(weights)]
        )
        errors = {
            "rate_error_before": _error(before, middle, s),
            "rate_error_after": _error(after, middle, s),
            "rate_error_at_change": measures.rate_error(after[:AT_CHANGE], s.target),
        }
        reached = [errors["rate_error_before"], errors["rate_error_after"]]
        old = weights[last_before - 1] if len(weights) >= last_before else None
        whole = len(weights) == -(-s.updates // s.watched)
        metrics = {
            "rate_error": None if None in reached else max(reached),
            **errors,
            "tuning_correlation_before": _correlation(excitation[0], old),
            "tuning_correlation_at_change": _correlation(excitation[1], old),
            "tuning_correlation_after": _correlation(excitation[1], weights[-1] if whole else None),
        }
        return Outcome(metrics, self._arrays(counts, weights, correlations, excitation), curve="rate_errors")

    def _inhibition(self, link: HostLink, built: Built) -> np.ndarray:
        """float64[records, channels, cells]: mean inhibitory weights of each channel."""
        s, places = self.settings, built.plan
        found = link.read_recording(c.TOP, "weights")["values"]
        columns = places.on_chip.neurons["cells"].columns
        found = found[:, :, columns].astype(float)
        return found.reshape(-1, CHANNELS, s.interneurons, s.cells).mean(axis=2)

    def _arrays(self, counts, weights, correlations, excitation) -> dict[str, Array]:
        s = self.settings
        blocks = [counts[first : first + s.watched] for first in range(0, len(counts) - s.watched + 1, s.watched)]
        errors = np.array([measures.rate_error(block, s.target) for block in blocks], float)
        rates = np.array([block.mean() for block in blocks], float) / (s.period_ns * 1e-6)
        arrays = {
            "rate_errors": Array(errors, "block"),
            "tuning_correlations": Array(correlations, "block"),
        }
        if len(weights):
            arrays["inhibition"] = Array(weights[-1].T, "cell", "signal")
        return arrays | {"excitation": Array(excitation[1].T, "cell", "signal"), "mean_rates": Array(rates, "block")}


def _error(counts: np.ndarray, length: int, s: Settings) -> float | None:
    """Of the last updates of a half of the run; None where it is not over."""
    return measures.rate_error(counts[-s.evaluated :], s.target) if len(counts) == length else None


def _correlation(excitation: np.ndarray, inhibition: np.ndarray | None) -> float | None:
    return None if inhibition is None else measures.tuning_correlation(excitation, inhibition)
