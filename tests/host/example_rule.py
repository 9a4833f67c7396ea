"""A rule as a user writes it: tests copy this file elsewhere, and change it. It counts and learns nothing."""

import numpy as np

from chip import Chip, ChipConfig
from chip.base.registers import Registers
from chip.fpga.samples import SampleSet
from chip.ppu import V0, Memory, add8_sat, i8, i32, kernel, load8, store8
from chip.ppu.program import Firmware, Program

STEP = 3


@kernel
def add(v, m, x):
    """Add x to the total in SRAM, element by element."""
    load8(v, V0, m.lanes)
    add8_sat(v, V0, V0, V0)
    store8(v, V0, m.lanes)
    for i in range(4):
        m.total[i] = m.total[i] + STEP * x


@kernel
def unused(v, m):
    """Nobody calls it."""
    m.total[1] = STEP


class Adder(Program):
    """Plays all samples and adds up their numbers."""

    name = "adder"
    memory = Memory(total=i32[32], lanes=i8[128])
    kernels = (add, unused)

    def __init__(self, count):
        self.count = count

    def main(self, ppu):
        for index in range(self.count):
            yield ppu.play(index)
            yield ppu.run(add, index)
        return 0


class Mine(Firmware):
    """The rule."""

    name = "my rule"

    def __init__(self, seed=0, epochs=1):
        self.seed, self.epochs = seed, epochs

    def samples(self, inputs, targets, ranges, config):
        self.ranges = ranges
        times_ns, labels = np.zeros(len(inputs), np.int64), np.zeros(len(inputs), np.uint16)
        return SampleSet(np.arange(len(inputs) + 1), times_ns, labels, targets.astype(np.uint16), 8_000)

    def registers(self):
        return Registers()

    def programs(self):
        return None, Adder(self.ranges["test"].stop)

    def timed_samples(self):
        return range(1, self.ranges["train"].stop)

    def status(self, chip):
        return self.ranges["test"].stop, None

    def decode(self, link):
        return {"accuracy": 0.5, "train_accuracy": [0.5], "total": link.read_sram(1, "total")[:4]}


if __name__ == "__main__":
    from host import Host
    from tests.host.toy import TASK

    host = Host(Chip(ChipConfig.ideal()))
    host.load(Mine(), TASK)
    result = host.run()
    print(result.arrays["total"], result.rule_source["class"], *result.rule_source["files"])
