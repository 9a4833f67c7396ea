"""A firmware that learns nothing, on a task of five samples: what the host does around it is real."""

from dataclasses import dataclass

import numpy as np

from chip.base.registers import Registers
from chip.fpga.samples import SampleSet
from chip.ppu.program import UncompiledProgram
from host.tasks import Split, Task
from ppu_programs import Array, Built, Firmware, Outcome, Status

TASK = Task(
    "toy",
    ("low", "high"),
    Split(np.array([[0.0], [1.0], [0.5]]), np.array([0, 1, 1], np.uint8)),
    Split(np.array([[0.2]]), np.array([0], np.uint8)),
    Split(np.array([[0.8]]), np.array([1], np.uint8)),
)


class PlayAll(UncompiledProgram):
    """Plays every sample in order; ``temptation`` is called between two samples, as no real program could."""

    name = "play all"

    def __init__(self, count, temptation, exit_code=0):
        self.count, self.temptation, self.exit_code = count, temptation, exit_code

    def main(self, ppu):
        for index in range(self.count):
            yield ppu.play(index)
            self.temptation(ppu)
        return self.exit_code


@dataclass(frozen=True)
class ToySettings:
    """Of a toy."""

    seed: int = 7
    epochs: int = 1
    hidden: int = 2


class Toy(Firmware):
    """Learns nothing; ``outcome`` knows what a learner would have recorded."""

    name = "toy rule"
    settings_class = ToySettings
    learns_task = True

    def __init__(self, temptation=lambda ppu: None, exit_code=0, **settings):
        super().__init__(**settings)
        self.temptation, self.exit_code = temptation, exit_code

    def build(self, task, config):
        inputs, count = task.inputs, task.ranges["test"].stop
        times_ns, labels = 8 * (100 * inputs[:, 0]).astype(np.int64), np.zeros(len(inputs), np.uint16)
        registers = Registers()
        registers.weights[0, 3, 5] = 42
        return Built(
            registers,
            (None, PlayAll(count, self.temptation, self.exit_code)),
            SampleSet(np.arange(len(inputs) + 1), times_ns, labels, task.targets.astype(np.uint16), 8_000),
            timed=range(1, task.ranges["train"].stop),
            plan=count,
        )

    def status(self, chip, built):
        return Status(chip.player.played, built.plan, metrics={"train_accuracy": 0.5})

    def outcome(self, link, built):
        arrays = {"train_accuracy": Array([0.75], "epoch"), "losses": Array([3, 2, 1], "step")}
        return Outcome({"accuracy": 0.25, "validation_accuracy": None}, arrays, curve="train_accuracy")

    def assumptions(self):
        return ["toys are real"]
