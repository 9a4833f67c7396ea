"""The rule for a host: samples as steady frames, what is loaded, what is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.fpga.samples import SampleSet
from chip.link import HostLink
from ppu_programs.contract import Array, Built, Firmware, Outcome, Status
from ppu_programs.contract.needs import LABELLED, check_gateware, check_has
from ppu_programs.equilibrium_propagation.checks import Checks
from ppu_programs.equilibrium_propagation.network import EquilibriumPlacement
from ppu_programs.equilibrium_propagation.programs import Conductor, Follower
from ppu_programs.equilibrium_propagation.schedule import Schedule, schedule
from ppu_programs.equilibrium_propagation.settings import MOST_OUTPUTS, Settings
from ppu_programs.equilibrium_propagation.teaching import CORRECT, SAMPLES
from ppu_programs.trains import Train, regular
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.plan import Plan, predictions_address, report_address

if TYPE_CHECKING:
    from chip.chip import Chip

GATEWARE = ("sample_player", "spike_writer")


@dataclass(frozen=True, eq=False)
class Training:
    """What is learned on one chip.

    Attributes:
        plan: which samples are played; places: where the network lies; phases: of a sample.
        hidden, output: initial weights, float64[inputs, hidden] and [hidden, outputs], in weight steps.
    """

    plan: Plan
    places: EquilibriumPlacement
    phases: Schedule
    hidden: np.ndarray
    output: np.ndarray


class EquilibriumPropagation(Firmware):
    """The rule, see :mod:`ppu_programs.equilibrium_propagation`.

    Metrics ``accuracy``, of the test samples, ``validation_accuracy``, and what
    :class:`ppu_programs.equilibrium_propagation.checks.Checks` has; arrays
    ``train_accuracy`` of every epoch while learning, ``validation_predictions``, ``test_predictions``, and
    ``warnings``, sentences about what is wrong with the run.
    """

    name = "equilibrium-propagation"
    settings_class = Settings
    learns_task = True

    def build(self, task: Any, config: ChipConfig) -> Built:
        training = self.training(task, config)
        plan, places = training.plan, training.places
        initial = training.hidden, training.output
        programs = tuple(
            (Conductor if side.hemisphere == places.conductor else Follower)(
                self.settings, plan, places, side, training.phases, initial
            )
            for side in places.sides
        )
        registers = places.registers(*(weights.steps(weights.limited(512 * its)) for its in initial))
        frames = len(training.phases)
        return Built(
            registers,
            programs,
            encode(self.settings, places, task.inputs, task.targets),
            timed=range(frames * plan.batch, frames * plan.trained),
            plays_per_sample=frames,
            remedy=f"{self.settings.hidden} hidden neurons are too many for the program; use fewer",
            plan=training,
            placement=places.on_chip,
        )

    def training(self, task: Any, config: ChipConfig) -> Training:
        """Return plan, placement and initial weights; raises ValueError for a task that it cannot learn here."""
        s = self.settings
        check_has(self.name, task, LABELLED)
        check_gateware(self.name, config.fpga, GATEWARE)
        ranges, outputs = task.ranges, int(task.targets.max()) + 1
        if not 2 <= outputs <= MOST_OUTPUTS:
            raise ValueError(f"{self.name}: the task has {outputs} classes; it takes 2..{MOST_OUTPUTS}")
        if len(ranges["train"]) < s.batch:
            raise ValueError(f"{self.name}: {len(ranges['train'])} training samples are less than a batch of {s.batch}")
        if len(ranges["validation"]) < s.checked:
            raise ValueError(
                f"{self.name}: {s.checked} samples are to be settled twice, of {len(ranges['validation'])} for "
                "validation; check fewer"
            )
        inputs, most = task.inputs.shape[1], c.LANES - outputs - s.hidden // c.HEMISPHERES - 1
        if inputs > most:
            raise ValueError(
                f"{self.name}: a sample has {inputs} inputs; with {s.hidden} hidden neurons and {outputs} classes this "
                f"rule takes {most} at most, since traces of all that a processor learns from lie in {c.LANES} columns"
            )
        plan = Plan(s.epochs, s.batch, ranges["train"], ranges["validation"], ranges["test"])
        places = EquilibriumPlacement(s, inputs + 1, outputs)
        random = np.random.default_rng([s.seed, 5])
        hidden = random.normal(s.mean, s.spread, (places.inputs, s.hidden)).clip(-c.WEIGHT_MAX, c.WEIGHT_MAX)
        output = random.normal(s.readout_mean, s.readout_spread, (s.hidden, outputs)).clip(-c.WEIGHT_MAX, c.WEIGHT_MAX)
        return Training(plan, places, schedule(s), hidden, output)

    def status(self, chip: Chip, built: Built) -> Status:
        """Frames that were played; training accuracy of the last whole epoch."""
        plan, frames = built.plan.plan, len(built.plan.phases)
        total = frames * plan.trained + len(plan.validation) + len(plan.test) + 3 * self.settings.checked
        epoch = min(chip.player.played // (frames * plan.batches * plan.batch), plan.epochs) - 1
        accuracy = None
        if epoch >= 0:
            accuracy = accuracy_of(chip.external.view(report_address(epoch), c.VECTOR_BYTES).view(np.int32))
        return Status(chip.player.played, total, "frames", metrics={"train_accuracy": accuracy})

    def outcome(self, link: HostLink, built: Built) -> Outcome:
        """Read all reports over the host link."""
        plan = built.plan.plan
        reports = [link.read_external(report_address(n), c.VECTOR_BYTES).view(np.int32) for n in range(plan.epochs + 3)]
        accuracies = [accuracy_of(report) for report in reports]
        trained = np.array([accuracy for accuracy in accuracies[: plan.epochs] if accuracy is not None], float)
        predicted = [
            link.read_external(predictions_address(n), 0 if accuracies[plan.epochs + n] is None else len(split))
            for n, split in enumerate(plan.evaluations())
        ]
        checks = Checks(self.settings, built.plan.places.outputs, reports[: plan.epochs], *reports[plan.epochs + 1 :])
        return Outcome(
            {"accuracy": accuracies[plan.epochs + 1], "validation_accuracy": accuracies[plan.epochs]}
            | checks.metrics(),
            {
                "train_accuracy": Array(trained, "epoch"),
                "validation_predictions": Array(predicted[0], "sample"),
                "test_predictions": Array(predicted[1], "sample"),
                "warnings": Array(np.array(checks.sentences(), dtype=np.str_), "warning"),
            },
            curve="train_accuracy",
        )


def encode(s: Settings, places: EquilibriumPlacement, inputs: np.ndarray, targets: np.ndarray) -> SampleSet:
    """Encode inputs float64[n, inputs - 1] in 0..1, and a bias of 1, as regular trains of proportional rates.

    The teacher's train is there in every frame; its synapses say whether anybody hears it. Sources begin one behind the
    other, within a period of an input of 1.
    """
    numbers = places.inputs + 1
    first_ns = c.FPGA_CLOCK_NS * np.round(np.arange(numbers) / numbers * 1e6 / s.input_khz / c.FPGA_CLOCK_NS).astype(
        int
    )
    trains = [regular(rates, numbers, s.frame_ns, first_ns=first_ns) for rates in rates_hz(s, inputs)]
    return SampleSet(
        offsets=np.concatenate([[0], np.cumsum([len(train) for train in trains])]),
        times_ns=np.concatenate([train.times_ns for train in trains]),
        labels=places.labels[np.concatenate([train.sources for train in trains])],
        tags=targets.astype(np.uint16),
        duration_ns=s.frame_ns,
    )


def rates_hz(s: Settings, inputs: np.ndarray) -> np.ndarray:
    """float64[n, inputs + 1], of inputs, bias and teacher; what is slower than a tenth of a frame's inverse is off."""
    ones = np.ones((len(inputs), 1))
    rates = np.concatenate([s.input_khz * inputs, s.input_khz * ones, s.teacher_khz * ones], axis=1) * 1e3
    return np.where(rates < 0.1e9 / s.frame_ns, 0.0, rates)


def accuracy_of(report: np.ndarray) -> float | None:
    """The fraction of right samples in a report; None where it was not reached."""
    return int(report[CORRECT]) / int(report[SAMPLES]) if report[SAMPLES] else None


__all__ = ["EquilibriumPropagation", "Train", "Training", "encode", "rates_hz"]
