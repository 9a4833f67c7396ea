"""A firmware that learns nothing, on a task of five samples: what the host does around it is real."""

import numpy as np

from chip.base.registers import Registers
from chip.fpga.samples import SampleSet
from chip.ppu.program import Firmware, UncompiledProgram
from host.tasks import Split, Task

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


class Toy(Firmware):
    """Learns nothing; ``decode`` knows what a learner would have recorded."""

    name = "toy rule"

    def __init__(self, temptation=lambda ppu: None, seed=7, epochs=1, hidden=2, exit_code=0):
        self.temptation, self.seed, self.epochs = temptation, seed, epochs
        self.hidden, self.exit_code = hidden, exit_code

    def samples(self, inputs, targets, ranges, config):
        self.ranges = ranges
        times_ns = 8 * (100 * inputs[:, 0]).astype(np.int64)
        labels = np.zeros(len(inputs), np.uint16)
        return SampleSet(np.arange(len(inputs) + 1), times_ns, labels, targets.astype(np.uint16), 8_000)

    def registers(self):
        registers = Registers()
        registers.weights[0, 3, 5] = 42
        return registers

    def programs(self):
        return None, PlayAll(self.ranges["test"].stop, self.temptation, self.exit_code)

    def timed_samples(self):
        return range(1, self.ranges["train"].stop)

    def status(self, chip):
        return self.ranges["test"].stop, 0.5

    def decode(self, link):
        return {"accuracy": 0.25, "train_accuracy": [0.75], "losses": [3, 2, 1]}

    def assumptions(self):
        return ["toys are real"]
