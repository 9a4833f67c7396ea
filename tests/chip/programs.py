"""Small programs and networks that tests of the whole chip share."""

import numpy as np

from chip.chip import Chip
from chip.config import ChipConfig
from chip.fpga import SampleSet
from chip.ppu import Memory, u8, u32
from chip.ppu.program import Program
from ppu_programs.placement import input_labels, place_two_layers, store_signed

BUFFERS = Memory(membranes=u8[128 * 64], record=u32[256], row=u8[256], word=u32[1])


class Script(Program):
    """A program whose main is given as a function of the PPU."""

    name = "script"
    memory = BUFFERS

    def __init__(self, main, kernels=(), memory=BUFFERS, image=None):
        self._main, self.kernels, self.memory, self._image = main, tuple(kernels), memory, image or {}

    def image(self):
        return self._image

    def main(self, ppu):
        return self._main(ppu)


def sleep(ppu):
    """End at once."""
    yield ppu.wait(1)
    return 0


def two_inputs(weights=((20, -15),), duration_ns=20_000):
    """Registers of a 2 - 1 - 1 network (or more hidden neurons), and one sample with events at 1 and 3 us."""
    weights = np.array(weights)
    registers = place_two_layers(2, len(weights), 1)
    registers.leak_lsb[...] = registers.reset_lsb[...] = 80
    store_signed(registers, 0, [0, 1], len(weights), weights.T)
    times_ns, tags = np.array([1000, 3000], np.int32), np.array([3], np.uint16)
    events = SampleSet(np.array([0, 2]), times_ns, input_labels(2), tags, duration_ns)
    return registers, events


def build(top=None, bottom=None, registers=None, samples=None, config=None):
    """A chip with everything loaded, ready to start."""
    chip = Chip(config or ChipConfig.ideal())
    default_registers, default_samples = two_inputs()
    chip.link.write_registers(registers or default_registers)
    chip.link.write_samples(samples or default_samples)
    for hemisphere, program in enumerate((top, bottom)):
        if program is not None:
            chip.link.load_program(hemisphere, program if isinstance(program, Program) else Script(program))
    return chip


def run(*arguments, **named):
    """Build, start, run; return the chip."""
    chip = build(*arguments, **named)
    chip.start()
    chip.run()
    return chip
