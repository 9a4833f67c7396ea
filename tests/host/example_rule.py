"""A rule as a user writes it: tests copy this file elsewhere, and change it. It counts and learns nothing."""

from dataclasses import dataclass

import numpy as np

from chip import Chip, ChipConfig
from chip.base.registers import Registers
from chip.fpga.samples import SampleSet
from chip.ppu import V0, Memory, add8_sat, i8, i32, kernel, load8, store8
from chip.ppu.program import Program
from ppu_programs import Array, Built, Firmware, Outcome, Status

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


@dataclass(frozen=True)
class Settings:
    """What a user chooses."""

    seed: int = 0
    epochs: int = 1


class Mine(Firmware):
    """The rule."""

    name = "my rule"
    settings_class = Settings
    learns_task = True

    def build(self, task, config):
        count = task.ranges["test"].stop
        times_ns, labels = np.zeros(count, np.int64), np.zeros(count, np.uint16)
        samples = SampleSet(np.arange(count + 1), times_ns, labels, task.targets.astype(np.uint16), 8_000)
        registers = Registers()
        programs = None, Adder(count)
        return Built(registers, programs, samples, timed=range(1, task.ranges["train"].stop), plan=count)

    def status(self, chip, built):
        return Status(chip.player.played, built.plan)

    def outcome(self, link, built):
        total = link.read_sram(1, "total")[:4]
        arrays = {"train_accuracy": Array([0.5], "epoch"), "total": Array(total, "word")}
        return Outcome({"accuracy": 0.5}, arrays, curve="train_accuracy")


if __name__ == "__main__":
    from host import Host
    from tests.host.toy import TASK

    host = Host(Chip(ChipConfig.ideal()))
    host.load(Mine(), TASK)
    result = host.run()
    print(result.arrays["total"], result.rule_source["class"], *result.rule_source["files"])
