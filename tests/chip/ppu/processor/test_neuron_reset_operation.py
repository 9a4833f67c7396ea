"""Neuron resets by a program: counted as spikes, seen by the trace, by masks that a kernel wrote or that are given."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.base.registers import Registers
from chip.ppu import V0, V1, Memory, add8_mod, kernel, load8, splat8, store8, u8, u16
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.testing import UncompiledScript, load_firmware, run_firmware

LOAD, RESET = 49, 20  # cycles: a vector from SRAM, a reset of a half
REGIONS = Memory(counts=u8[256], mask=u8[256], wide=u16[128])


def all_neurons(**values):
    registers = Registers()
    registers.enabled[...] = True
    for name, value in values.items():
        getattr(registers, name)[...] = value
    return registers


@kernel
def ramp(v, m):
    """Lane l of the even half gets 2 l, of the odd half 2 l + 128, as bytes."""
    for i in range(128):
        m.mask[i] = 2 * i
    load8(v, V0, m.mask)
    splat8(v, V1, 128)
    add8_mod(v, V0, V0, V1)
    store8(v, V0, m.mask, 1)


def counted(main, kernels=(), registers=None):
    """Run a main on the top PPU, then read all its spike counters: uint8[2, 128], [half, lane]; and the chip."""

    def whole(ppu):
        yield from main(ppu)
        yield ppu.read_spike_counters(into="counts")
        return 0

    chip = run_firmware(UncompiledScript(whole, kernels, memory=REGIONS), registers=registers or all_neurons())
    return chip.processors[c.TOP].regions["counts"].reshape(2, 128).copy(), chip


@pytest.mark.parametrize("spiking", [True, False])
def test_counters_read_two_after_two_resets_and_one_after_one(spiking):
    """What libnux expects of its test neuron_reset_vector, and haldls of three resets."""

    def main(ppu):
        yield ppu.reset_neurons((c.EVEN, c.ODD))
        yield ppu.wait(2_500)
        yield ppu.reset_neurons((c.EVEN,))
        yield ppu.wait(2_500)

    counts, chip = counted(main, registers=all_neurons(spiking=spiking))
    assert (counts[c.EVEN] == 2).all() and (counts[c.ODD] == 1).all()
    assert chip.core.all_spikes()[1].max() < c.COLUMNS  # nobody of the other hemisphere


def test_a_reset_acts_when_its_bus_access_ends():
    def main(ppu):
        yield ppu.run(ramp)
        yield ppu.reset_neurons((c.ODD, c.EVEN))
        yield ppu.reset_neurons((c.ODD, c.EVEN), mask="mask")

    _, chip = counted(main, [ramp])
    times = sorted(set(chip.core.all_spikes()[0].tolist()))
    first, second, third, fourth = (time_ns // c.PPU_CLOCK_NS for time_ns in times)
    assert second - first == RESET
    assert third - second == PLAIN_CONTROL_CYCLES + LOAD + RESET and fourth - third == LOAD + RESET


def test_a_mask_comes_from_a_region_that_a_kernel_wrote():
    """128 bytes for each half in the order in which halves are named; bytes above 127 do not act, nor does 0."""

    def main(ppu):
        yield ppu.run(ramp)
        yield ppu.reset_neurons((c.ODD, c.EVEN), mask="mask")

    counts, _ = counted(main, [ramp])
    byte = 2 * np.arange(128)
    np.testing.assert_array_equal(counts[c.ODD], (byte > 0) & (byte < 128))
    np.testing.assert_array_equal(counts[c.EVEN], byte + 128 > 256)


@pytest.mark.parametrize("byte, acts", [(0x00, False), (0x01, True), (0x7F, True), (0x80, False), (0xFF, False)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_a_given_mask_acts_where_its_byte_is_above_zero_as_a_signed_number(byte, acts, dtype):
    mask = np.zeros(128, np.uint8)
    mask[7] = byte
    counts, chip = counted(lambda ppu: (yield ppu.reset_neurons((c.EVEN, c.ODD), mask=mask.view(dtype))))
    assert np.argwhere(counts).tolist() == ([[c.EVEN, 7], [c.ODD, 7]] if acts else [])
    assert chip.processors[c.TOP].cycles["neuron reset"] == 2 * RESET


def test_the_trace_has_the_events_of_resets_where_the_event_output_is_on():
    registers = all_neurons(refractory_ns=40)
    registers.event_output[:, 128:] = False
    registers.backend_address[...] = np.arange(c.COLUMNS) % 32
    registers.crossbar_mask[:8, 8:], registers.crossbar_target[:8, 8:] = 0, 0

    def main(ppu):
        yield ppu.wait(250)
        yield ppu.reset_neurons((c.EVEN,))
        yield ppu.wait(250)
        return 0

    chip = load_firmware(Chip(ChipConfig.ideal()), UncompiledScript(main), None, registers)
    chip.link.record_trace()
    chip.link.run()
    ticks, labels = chip.link.read_trace()
    acts_ns = (PLAIN_CONTROL_CYCLES + 250 + PLAIN_CONTROL_CYCLES + RESET) * c.PPU_CLOCK_NS
    assert set(ticks.tolist()) == {acts_ns // c.FPGA_CLOCK_NS}
    column = np.arange(0, 128, 2)
    output = column // 32  # which is the SPL1 address, too
    assert labels.tolist() == (output << c.SPL1_SHIFT | output << c.NEURON_OUTPUT_SHIFT | column % 32).tolist()


@pytest.mark.parametrize(
    "mask, words",
    [
        ("wide", "moves vectors of bytes to or from region wide, whose elements have 2 bytes; declare it as u8 or i8"),
        (np.ones(128, int), "program script on the top PPU: a neuron reset mask is int64; its elements are bytes"),
        (np.ones(64, np.uint8), r"a neuron reset mask has the shape \(64,\); it must be \(128,\)"),
    ],
)
def test_masks_of_other_shapes_and_widths_are_faults(mask, words):
    with pytest.raises(MachineFault, match=words):
        counted(lambda ppu: (yield ppu.reset_neurons((c.EVEN,), mask=mask)))


def test_a_region_with_a_mask_for_fewer_halves_is_a_fault():
    with pytest.raises(MachineFault, match="byte 384 of region mask on the top PPU was addressed; it has 256"):
        counted(lambda ppu: (yield ppu.reset_neurons((c.EVEN, c.ODD, c.EVEN), mask="mask")))
