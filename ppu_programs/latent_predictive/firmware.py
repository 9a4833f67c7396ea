"""The rule for a host: views as samples, what is loaded, what is read, and the readout that the host fits."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.fpga.memory import DRAM_BASE
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.contract.needs import LABELLED, check_gateware, check_has
from ppu_programs.latent_predictive import pictures, readout
from ppu_programs.latent_predictive.network import LatentPlacement, unit_lanes
from ppu_programs.latent_predictive.programs import Conductor, Follower, Plan
from ppu_programs.latent_predictive.settings import Settings
from ppu_programs.latent_predictive.statistics import CHANGE, RESTS, VARIANCE

if TYPE_CHECKING:
    from chip.chip import Chip

VIEWS = 2  # of one thing, samples that follow each other
NEEDED = (*LABELLED, "views")


@dataclass(frozen=True, eq=False)
class Learned:
    """What is learned on one chip.

    Attributes:
        plan: what is played; places: where the network lies.
        pictures: float64[n, inputs], what the units see; targets: their classes, which only the host knows.
        ranges: which samples are for what.
    """

    plan: Plan
    places: LatentPlacement
    pictures: np.ndarray
    targets: np.ndarray
    ranges: dict[str, range]

    @property
    def seen(self) -> np.ndarray:
        """int64[seen]: the samples of a look."""
        return np.concatenate([VIEWS * np.arange(self.plan.readout), np.array(self.plan.evaluated)])


class LatentPredictive(Firmware):
    """The rule, see :mod:`ppu_programs.latent_predictive`.

    Metrics: ``accuracy`` of a linear readout of test samples that the host fits to the frozen features,
    ``random_accuracy`` and ``pixel_accuracy`` of the same on the features of the initial weights and on the pictures,
    ``active_units``, ``dimension`` of the features, ``change``: how much two views of one thing differ, as a fraction
    of how much any two do; of tasks with two classes ``d_prime``, the mean of the units', and ``random_d_prime``.
    Arrays: ``validation_accuracy`` by looks, ``test_predictions`` and ``receptive_fields``, an image of all weights.
    """

    name = "latent-predictive"
    settings_class = Settings
    learns_task = True

    def build(self, task: Any, config: ChipConfig) -> Built:
        s = self.settings
        self._check(task, config)
        seen = pictures.seen(task.inputs, s.side)
        places = LatentPlacement(s, seen.shape[1])
        samples = pictures.encode(seen, places.labels, s.events, s.window_ns)
        ranges = task.ranges
        pairs = len(ranges["train"]) // VIEWS
        pairs = min(s.pairs or pairs, pairs)
        batches = s.epochs * pairs // (s.batch * s.looks)
        if not batches or pairs < VIEWS:
            raise ValueError(
                f"{self.name}: {s.epochs * pairs} pairs of views are no batch of {s.batch} for each of {s.looks} "
                f"looks; give it {s.batch * s.looks} pairs, or look less often"
            )
        base = DRAM_BASE + -(-samples.nbytes // c.VECTOR_BYTES) * c.VECTOR_BYTES
        evaluated = range(ranges["validation"].start, ranges["test"].stop)
        plan = Plan(pairs, min(s.readout, pairs), evaluated, len(samples) - 1, base, s.looks, batches)
        random = np.random.default_rng([s.seed, 13])
        weights = np.rint(random.normal(0.0, s.spread, (places.inputs, s.units))).clip(-c.WEIGHT_MAX, c.WEIGHT_MAX)
        first = RESTS + plan.seen + VIEWS * (s.settling_pairs + s.batch)
        last = RESTS + plan.seen + VIEWS * (s.settling_pairs + s.batch * batches)
        return Built(
            places.registers(weights.astype(np.int64)),
            (Conductor(s, plan, places.sides[c.TOP]), Follower(s, plan, places.sides[c.BOTTOM])),
            samples,
            timed=range(first, last) if first < last else range(0),
            plays_per_sample=VIEWS,
            remedy=f"{places.inputs} inputs and {s.units} units are too many for the program; choose a smaller side",
            plan=Learned(plan, places, seen, np.asarray(task.targets, np.int64), ranges),
            placement=places.on_chip,
        )

    def _check(self, task: Any, config: ChipConfig) -> None:
        check_has(self.name, task, NEEDED)
        if task.views != VIEWS:
            raise ValueError(
                f"{self.name} learns from {VIEWS} views of one thing, samples that follow each other; task "
                f"{getattr(task, 'name', '')} has {task.views} of each: moving-digits:DIRECTORY, moving-bars and "
                "two-clusters have such views"
            )
        check_gateware(self.name, config.fpga, ("sample_player",))

    def status(self, chip: Chip, built: Built) -> Status:
        """Views that were played."""
        s, plan = self.settings, built.plan.plan
        pairs = s.settling_pairs + s.looks * plan.batches * s.batch
        return Status(chip.player.played, RESTS + (s.looks + 1) * plan.seen + VIEWS * pairs, "views")

    # ------------------------------------------------------------------ what is read

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read all features over the host link, fit readouts, read the weights."""
        learned: Learned = built.plan
        looks = self.looks(link, built)
        found = [self._accuracies(learned, features) for features in looks]
        reached = len(looks) == self.settings.looks + 1
        metrics: dict[str, float | None] = {"accuracy": found[-1][1] if reached else None}
        metrics |= {"random_accuracy": found[0][1] if found else None}
        metrics |= {"pixel_accuracy": self._accuracies(learned, learned.pictures[learned.seen])[1]}
        if reached:
            test = self._part(learned, looks[-1], "test")
            metrics |= {"active_units": int((test.std(axis=0) > 1.0).sum()), "dimension": readout.dimension(test)}
            metrics |= {"change": self.change(link, built)}
            if learned.targets.max() == 1:
                targets = self._targets(learned, "test")
                metrics |= {"d_prime": float(readout.d_prime(test, targets).mean())}
                first = self._part(learned, looks[0], "test")
                metrics |= {"random_d_prime": float(readout.d_prime(first, targets).mean())}
        weights = learned.places.load(link.read_weights())
        arrays = {
            "validation_accuracy": Array(np.array([accuracy for accuracy, _, _ in found]), "look"),
            "receptive_fields": Array(mosaic(weights), "x", "y"),
        }
        if reached:
            arrays["test_predictions"] = Array(found[-1][2], "sample")
        return Outcome(metrics, arrays, curve="validation_accuracy")

    def looks(self, link: HostLink, built: Built) -> list[np.ndarray]:
        """float64[seen, units] of every look that the chip has come to the end of: activities in LSB."""
        plan, lanes = built.plan.plan, unit_lanes(self.settings.units)
        reached = int(link.read_external(plan.report_address, c.VECTOR_BYTES).view(np.int32)[0])
        found = []
        for look in range(reached):
            raw = link.read_external(plan.look_address(look), c.VECTOR_BYTES * plan.seen)
            found.append(raw.reshape(plan.seen, c.VECTOR_BYTES)[:, lanes].astype(float))
        return found

    def change(self, link: HostLink, built: Built) -> float | None:
        """Mean square of what a unit changes by between views of one thing, over twice its variance, while learning."""
        plan, units = built.plan.plan, self.settings.units
        address = plan.look_address(self.settings.looks) + c.VECTOR_BYTES * plan.seen
        moments = link.read_external(address, 2 * c.VECTOR_BYTES).view(np.int16).reshape(2, -1)[:, :units].astype(float)
        variance = moments[VARIANCE].sum()
        return float(moments[CHANGE].sum() / (2 * variance)) if variance else None

    def _accuracies(self, learned: Learned, features: np.ndarray) -> tuple[float, float, np.ndarray]:
        """Accuracy of validation and test, and the classes seen in the latter."""
        targets = learned.targets
        fitted = readout.fit(
            features[: learned.plan.readout],
            targets[learned.seen[: learned.plan.readout]],
            int(targets.max()) + 1,
        )
        validation, test = (self._part(learned, features, name) for name in ("validation", "test"))
        accuracy = fitted.accuracy(validation, self._targets(learned, "validation"))
        predicted = fitted.classes(test)
        return accuracy, float((predicted == self._targets(learned, "test")).mean()), predicted

    @staticmethod
    def _part(learned: Learned, features: np.ndarray, name: str) -> np.ndarray:
        first = learned.plan.readout - learned.plan.evaluated.start
        its = learned.ranges[name]
        return features[first + its.start : first + its.stop]

    @staticmethod
    def _targets(learned: Learned, name: str) -> np.ndarray:
        its = learned.ranges[name]
        return learned.targets[its.start : its.stop]


def mosaic(weights: np.ndarray) -> np.ndarray:
    """int64[x, y]: the weights int64[inputs, units] as pictures side by side, y from below; gaps hold 0.

    Inputs that are no square are a column of pixels.
    """
    inputs, units = weights.shape
    side = isqrt(inputs)
    height, width = (side, side) if side * side == inputs else (inputs, 1)
    across = isqrt(units - 1) + 1
    down = -(-units // across)
    found = np.zeros((across * (width + 1) - 1, down * (height + 1) - 1), np.int64)
    for unit in range(units):
        row, column = divmod(unit, across)
        x, y = column * (width + 1), (down - 1 - row) * (height + 1)
        found[x : x + width, y : y + height] = weights[:, unit].reshape(height, width)[::-1].T
    return found


__all__ = ["LatentPredictive", "Learned", "mosaic"]
