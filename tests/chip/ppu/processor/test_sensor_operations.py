"""A processor's operations on correlation sensors: what they refuse."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.base.registers import Registers
from chip.ppu import V0, V1
from tests.chip.ppu.processor.programs import run


def sensors(*hemispheres):
    registers = Registers()
    registers.correlation_enabled[list(hemispheres)] = True
    return registers


@pytest.mark.parametrize(
    "operation, sentence",
    [
        (lambda ppu: ppu.reset_correlation(0, branches="acausal"), "give a sequence of one or both"),
        (lambda ppu: ppu.reset_correlation(0, branches=("casual",)), "the branches are 'causal' and 'acausal'"),
        (lambda ppu: ppu.reset_correlation(0, halves=(0, 2)), "half 2"),
        (lambda ppu: ppu.reset_correlation(0, halves=()), "names no half"),
        (lambda ppu: ppu.reset_correlation(0, mask=np.ones(3)), r"mask of shape \(3,\)"),
        (lambda ppu: ppu.read_correlation(0, into=V0, branches=(), halves=(0,)), "give a sequence of one or both"),
        (lambda ppu: ppu.read_correlation(0, into=(V0, V1), branches=("causal",)), "see the membranes"),
        (lambda ppu: ppu.read_cadc(into="membranes", halves=()), "names no half"),
        (lambda ppu: ppu.connect("spikes"), "'correlation' or 'membrane'"),
    ],
)
def test_what_is_none_is_refused(operation, sentence):
    def main(ppu):
        yield operation(ppu)
        return 0

    with pytest.raises(MachineFault, match=sentence):
        run(top=main, registers=sensors(c.TOP, c.BOTTOM))


def test_the_other_hemispheres_sensors_do_not_count():
    def main(ppu):
        yield ppu.connect("correlation")
        yield ppu.read_correlation(0, into="membranes")
        return 0

    run(top=main, registers=sensors(c.TOP))
    with pytest.raises(MachineFault, match=r"bottom hemisphere, which are off"):
        run(bottom=main, registers=sensors(c.TOP))


def test_membranes_cannot_be_read_while_the_channels_see_the_sensors():
    def main(ppu):
        yield ppu.connect("correlation")
        yield ppu.read_cadc(into="membranes")
        return 0

    with pytest.raises(MachineFault, match="connect\\('membrane'\\) first"):
        run(top=main, registers=sensors(c.TOP))


@pytest.mark.parametrize(
    "arguments, vectors",
    [({}, 2), ({"halves": (c.ODD,)}, 1), ({"branches": ("causal",)}, 2), ({"mask": np.ones(c.LANES, np.uint8)}, 2)],
)
def test_a_reset_is_booked_once_for_each_half(arguments, vectors):
    def main(ppu):
        yield ppu.reset_correlation(3, **arguments)
        return 0

    chip = run(top=main, registers=sensors(c.TOP))
    assert chip.processors[c.TOP].cycles["correlation reset"] == vectors * c.CORRELATION_RESET_CYCLES
    assert chip.now_ns == chip.processors[c.TOP].busy_cycles * c.PPU_CLOCK_NS
