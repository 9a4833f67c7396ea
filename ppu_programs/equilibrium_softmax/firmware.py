"""The rule for a host: samples as steady frames, what is loaded, what is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.contract.needs import LABELLED, check_gateware, check_has
from ppu_programs.equilibrium_propagation.firmware import GATEWARE, accuracy_of, encode
from ppu_programs.equilibrium_propagation.schedule import Schedule, schedule
from ppu_programs.equilibrium_propagation.settings import WEIGHT_STEP
from ppu_programs.equilibrium_softmax.checks import Checks
from ppu_programs.equilibrium_softmax.network import SoftmaxPlacement
from ppu_programs.equilibrium_softmax.programs import (
    HIGHEST_ADDRESS,
    HIGHEST_VECTORS,
    Conductor,
    Follower,
    limited,
)
from ppu_programs.equilibrium_softmax.readout import WEIGHT_ONE
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR, MOST_CLASSES, MOST_INPUTS, Settings
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.plan import LEARNED, SAMPLES, Plan, predictions_address, report_address

if TYPE_CHECKING:
    from chip.chip import Chip

CONDUCTOR = c.BOTTOM


@dataclass(frozen=True, eq=False)
class Training:
    """What is learned on one chip.

    Attributes:
        plan: which samples are played; places: where the network lies; phases: of a sample.
        hidden: initial weights float64[inputs, hidden], in weight steps; readout: float64[classes, hidden], in nats for
            100 kHz.
    """

    plan: Plan
    places: SoftmaxPlacement
    phases: Schedule
    hidden: np.ndarray
    readout: np.ndarray


class EquilibriumSoftmax(Firmware):
    """The rule, see :mod:`ppu_programs.equilibrium_softmax`.

    Metrics ``accuracy``, of the test samples, ``validation_accuracy``, ``certain_fraction``, of training samples of the
    last epoch that were not learned from, and what :class:`ppu_programs.equilibrium_softmax.checks.Checks` has; arrays
    ``train_accuracy`` of every epoch while learning, ``validation_predictions``, ``test_predictions``,
    ``readout_weights`` float64[class, hidden] in nats for 100 kHz, and ``warnings``, sentences about what is wrong with
    the run.
    """

    name = "equilibrium-softmax"
    settings_class = Settings
    learns_task = True

    def build(self, task: Any, config: ChipConfig) -> Built:
        s, training = self.settings, self.training(task, config)
        plan, places, frames = training.plan, training.places, len(training.phases)
        programs = tuple(
            (Conductor if side.hemisphere == CONDUCTOR else Follower)(
                *(s, plan, side, training.phases, self.shadows(training, side.numbers), len(training.readout))
            )
            for side in places.sides
        )
        return Built(
            places.registers(weights.steps(limited(WEIGHT_STEP * training.hidden))),
            programs,
            encode(s, places, task.inputs, task.targets),
            timed=range(0) if s.certain else range(frames * plan.batch, frames * plan.trained),
            plays_per_sample=1 if s.certain else frames,
            remedy="the program is too large for this memory; take fewer inputs or classes",
            plan=training,
            placement=places.on_chip,
        )

    @staticmethod
    def shadows(training: Training, numbers: range) -> np.ndarray:
        """float64[inputs + classes, hidden of a half]: initial shadow weights."""
        own = slice(numbers.start, numbers.stop)
        return np.concatenate([WEIGHT_STEP * training.hidden[:, own], WEIGHT_ONE * training.readout[:, own]])

    def training(self, task: Any, config: ChipConfig) -> Training:
        """Return plan, placement and initial weights; raises ValueError for a task that it cannot learn here."""
        s = self.settings
        check_has(self.name, task, LABELLED)
        check_gateware(self.name, config.fpga, GATEWARE)
        ranges, classes = task.ranges, int(task.targets.max()) + 1
        if not 2 <= classes <= MOST_CLASSES:
            raise ValueError(f"{self.name}: the task has {classes} classes; it takes 2..{MOST_CLASSES}")
        if len(ranges["train"]) < s.batch:
            raise ValueError(f"{self.name}: {len(ranges['train'])} training samples are less than a batch of {s.batch}")
        if (inputs := task.inputs.shape[1]) > MOST_INPUTS:
            raise ValueError(
                f"{self.name}: a sample has {inputs} inputs; this rule takes {MOST_INPUTS} at most, whose traces lie "
                "between those of the hidden neurons: scale pictures down, as in digits-8x8:DIRECTORY"
            )
        plan = Plan(s.epochs, s.batch, ranges["train"], ranges["validation"], ranges["test"])
        random = np.random.default_rng([s.seed, 5])
        shown = task.inputs[plan.train.start : plan.train.stop]
        hidden = random.normal(*initial(s, shown), (inputs + 1, s.hidden)).clip(-c.WEIGHT_MAX, c.WEIGHT_MAX)
        readout = random.normal(0.0, s.readout_spread, (classes, s.hidden))
        return Training(plan, SoftmaxPlacement(s, inputs + 1), schedule(s), hidden, readout)

    def status(self, chip: Chip, built: Built) -> Status:
        """Frames that were played, how many come is up to what is certain; training accuracy of the last epoch."""
        accuracy = None
        for epoch in reversed(range(built.plan.plan.epochs)):
            if accuracy is None:
                accuracy = accuracy_of(chip.external.view(report_address(epoch), c.VECTOR_BYTES).view(np.int32))
        return Status(chip.player.played, None, "frames", metrics={"train_accuracy": accuracy})

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read all reports over the host link."""
        training = built.plan
        plan = training.plan
        reports = [link.read_external(report_address(n), c.VECTOR_BYTES).view(np.int32) for n in range(plan.epochs + 2)]
        accuracies = [accuracy_of(report) for report in reports]
        trained = np.array([accuracy for accuracy in accuracies[: plan.epochs] if accuracy is not None], float)
        predicted = [
            link.read_external(predictions_address(n), 0 if accuracies[plan.epochs + n] is None else len(split))
            for n, split in enumerate(plan.evaluations())
        ]
        done = accuracies[plan.epochs + 1] is not None
        checks = Checks(self.settings, self.highest(link, training) if done else None)
        return Outcome(
            {
                "accuracy": accuracies[plan.epochs + 1],
                "validation_accuracy": accuracies[plan.epochs],
                "certain_fraction": certain_of(reports[: plan.epochs]),
            }
            | checks.metrics(),
            {
                "train_accuracy": Array(trained, "epoch"),
                "validation_predictions": Array(predicted[0], "sample"),
                "test_predictions": Array(predicted[1], "sample"),
                "readout_weights": Array(self.readout_weights(link, training), "class", "hidden"),
                "warnings": Array(np.array(checks.sentences(), dtype=np.str_), "warning"),
            },
            curve="train_accuracy",
        )

    @staticmethod
    def highest(link: HostLink, training: Training) -> np.ndarray:
        """Read int64[2, hidden]: the highest rate of each hidden neuron with a test or validation sample, its nudge."""
        found = []
        for side in training.places.sides:
            nbytes = HIGHEST_VECTORS * c.VECTOR_BYTES
            values = link.read_external(HIGHEST_ADDRESS + nbytes * side.hemisphere, nbytes).view(np.int16)
            found.append(values.reshape(HIGHEST_VECTORS, -1)[:, : len(side.numbers)])
        return np.concatenate(found, axis=1).astype(np.int64)

    @staticmethod
    def readout_weights(link: HostLink, training: Training) -> np.ndarray:
        """Read float64[classes, hidden]."""
        found = []
        for side in training.places.sides:
            rows = link.read_sram(side.hemisphere, "shadow").reshape(-1, LANES_OF_A_VECTOR)
            found.append(rows[training.places.inputs :, : len(side.numbers)])
        return np.concatenate(found, axis=1) / WEIGHT_ONE


def initial(s: Settings, inputs: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of initial weights, in weight steps, for training samples float64[n, inputs]."""
    unit = s.threshold_weights(s.input_khz)
    total, square = (float((inputs**power).sum(axis=1).mean()) + 1.0 for power in (1, 2))  # 1 is the bias
    return s.mean * unit / total, s.spread * unit / square**0.5


def certain_of(reports: list[np.ndarray]) -> float | None:
    """The fraction of samples of the last epoch that was over which were not learned from; None before."""
    done = [report for report in reports if report[SAMPLES]]
    return int(done[-1][LEARNED]) / int(done[-1][SAMPLES]) if done else None
