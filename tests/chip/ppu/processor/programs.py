"""Small programs and networks that tests of the whole chip share."""

import inspect

import numpy as np

from chip.base.config import ChipConfig
from chip.chip import Chip
from chip.fpga.samples import SampleSet
from chip.testing import BUFFERS as BUFFERS
from chip.testing import UncompiledScript as UncompiledScript
from chip.testing import load_firmware
from ppu_programs.placement import place, two_layers


def sleep(ppu):
    """End at once."""
    yield ppu.wait(1)
    return 0


def two_inputs(weights=((20, -15),), duration_ns=20_000):
    """Registers of a 2 - 1 - 1 network (or more hidden neurons), and one sample with events at 1 and 3 us."""
    weights = np.array(weights)
    placement = place(two_layers(2, len(weights), 1))
    registers = placement.routing()
    registers.leak_lsb[...] = registers.reset_lsb[...] = 80
    placement.store(registers, 0, weights.T)
    times_ns, tags = np.array([1000, 3000], np.int32), np.array([3], np.uint16)
    events = SampleSet(np.array([0, 2]), times_ns, placement.input_labels, tags, duration_ns)
    return registers, events


def build(top=None, bottom=None, registers=None, samples=None, config=None):
    """A chip with everything loaded, ready to start; the network of :func:`two_inputs` by default.

    A ``main`` that is a function runs as plain Python, so that it can keep what it sees.
    """
    top, bottom = (UncompiledScript(p) if inspect.isfunction(p) else p for p in (top, bottom))
    default_registers, default_samples = two_inputs()
    chip = Chip(config or ChipConfig.ideal())
    return load_firmware(chip, top, bottom, registers or default_registers, samples or default_samples)


def run(*arguments, **named):
    """Build, start, run; return the chip."""
    chip = build(*arguments, **named)
    chip.start()
    chip.run()
    return chip
