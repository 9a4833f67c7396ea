"""What a program cannot reach: misaligned addresses, the other hemisphere, what is not there. Faults, never silence."""

import inspect
import traceback

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.errors import ChipLimitError, MachineFault
from chip.base.registers import Registers
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE
from chip.ppu import Memory, i8, kernel, u8, u16, u32
from chip.ppu.processor.operation import signatures
from tests.chip.ppu.processor.programs import UncompiledScript, build, run, sleep

MEMORY = Memory(row=u8[512], word=u32[1])


def program(operation, kernels=()):
    def main(ppu):
        yield operation(ppu)
        return 0

    return UncompiledScript(main, kernels, memory=MEMORY, image={"row": np.arange(512) % 64})


@pytest.mark.parametrize("base", [BLOCK_RAM_BASE, DRAM_BASE])
@pytest.mark.parametrize("off", [1, 4, 64, 127, 129])
def test_external_memory_moves_aligned_vectors_only(base, off):
    for operation in (
        lambda p: p.load_external(base + off, into="row"),
        lambda p: p.store_external(base + off, source="row"),
    ):
        words = f"program script on the top PPU moves .* external address 0x{base + off:08x}.* multiple of 128"
        with pytest.raises(MachineFault, match=words):
            run(top=program(operation), bottom=sleep)


@pytest.mark.parametrize("offset", [1, 2, 127])
def test_vectors_of_sram_begin_at_words(offset):
    for operation in (
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", offset=offset),
        lambda p: p.store_external(BLOCK_RAM_BASE, source="row", offset=offset),
    ):
        with pytest.raises(MachineFault, match=f"program script .* byte offset 0x{offset:08x}.* multiple of 4"):
            run(top=program(operation), bottom=sleep)


def test_an_aligned_transfer_arrives_where_it_says():
    chip = run(top=program(lambda p: p.store_external(BLOCK_RAM_BASE + 128, source="row", vectors=2, offset=132)))
    found = chip.link.read_external(BLOCK_RAM_BASE, 512)
    assert found[128:384].tolist() == [i % 64 for i in range(132, 388)]
    assert not found[:128].any() and not found[384:].any()


@pytest.mark.parametrize(
    "operation",
    [
        lambda p: p.load_external(0, into="row"),
        lambda p: p.load_external(-128, into="row"),
        lambda p: p.load_external(1 << 40, into="row"),
        lambda p: p.load_external(float(BLOCK_RAM_BASE), into="row"),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", offset=0.0),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", offset=512),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="row", vectors=5),
        lambda p: p.load_external(BLOCK_RAM_BASE, into="word"),
        lambda p: p.store_external(BLOCK_RAM_BASE + c.BLOCK_RAM_BYTES, source="row"),
        lambda p: p.store_external(DRAM_BASE + c.DRAM_BYTES - 128, source="row", vectors=2),
        lambda p: p.store_weights(-1, c.EVEN, source="row"),
        lambda p: p.store_weights(c.ROWS, c.EVEN, source="row"),  # where the other hemisphere's rows would begin
        lambda p: p.load_weights(range(5), c.EVEN, into="row"),
        lambda p: p.load_weights(0, c.EVEN, into="word"),
    ],
)
def test_what_is_not_there_is_a_machine_fault_with_its_program(operation):
    with pytest.raises(MachineFault) as caught:
        run(top=program(operation), bottom=sleep)
    told = "".join(traceback.format_exception(caught.value))
    assert "program script on the top PPU" in told and "IndexError" not in told


@kernel
def reach(v, m, i):
    m.row[i] = 1


def test_a_kernel_s_fault_names_program_kernel_place_and_address():
    with pytest.raises(MachineFault) as caught:
        run(top=program(lambda p: p.run(reach, 512), [reach]), bottom=sleep)
    line = inspect.getsourcelines(reach.routine.function)[1] + 2
    told = "".join(traceback.format_exception(caught.value))
    for words in (
        f"test_memory_faults.py:{line}: kernel reach reached for element 512 of region row, which has 512",
        "in program script on the top PPU, at ",
    ):
        assert words in told


def test_a_program_reaches_the_synapses_of_its_own_hemisphere_only():
    """No operation that touches synapses, neurons or the CADC takes a hemisphere; doorbells and words cross."""
    for name in ("load_weights", "store_weights", "reset_neurons", "read_cadc", "sample_membranes"):
        assert "hemisphere" not in signatures()[name].parameters
    for name in ("ring", "send"):
        assert "hemisphere" in signatures()[name].parameters
    for side in (c.TOP, c.BOTTOM):
        programs = [sleep, sleep]
        programs[side] = program(lambda p: p.store_weights(range(4), c.ODD, source="row"))
        chip = build(*programs)
        before = chip.weights()
        chip.start()
        chip.run()
        assert (chip.weights()[1 - side] == before[1 - side]).all()
        assert chip.weights()[side, :4, 1::2].ravel().tolist() == [i % 64 for i in range(512)]


def test_a_program_that_does_not_fit_is_refused_when_it_is_loaded():
    big = UncompiledScript(sleep, memory=Memory(row=u8[c.SRAM_BYTES]))
    with pytest.raises(ChipLimitError, match="SRAM of the .* 16384 available; the largest object is region row"):
        build(top=big)


# ---------------------------------------------------------------------- widths

WIDTHS = Memory(wide=u16[1024], words=u32[512], signed=i8[1024])
BYTE_OPERATIONS = [
    lambda p, region: p.read_cadc(into=region),
    lambda p, region: p.read_cadc(into=region, halves=(0, 1)),
    lambda p, region: p.sample_membranes(2, into=region),
    lambda p, region: p.load_weights(3, c.EVEN, into=region),
    lambda p, region: p.store_weights(3, c.EVEN, source=region),
    lambda p, region: p.load_row(3, into=region),
    lambda p, region: p.store_row(3, source=region),
    lambda p, region: p.reset_neurons(mask=region),
]


def on_widths(operation, registers=None):
    def main(ppu):
        if registers is not None:
            yield ppu.connect("correlation")
        yield operation(ppu)
        return 0

    return run(top=UncompiledScript(main, memory=WIDTHS), bottom=sleep, registers=registers)


@pytest.mark.parametrize("operation", BYTE_OPERATIONS)
@pytest.mark.parametrize("region, size", [("wide", 2), ("words", 4)])
def test_bytes_do_not_go_into_wider_elements(operation, region, size):
    words = f"vectors of bytes to or from region {region}, whose elements have {size} bytes; declare it as u8 or i8"
    with pytest.raises(MachineFault, match=words):
        on_widths(lambda p: operation(p, region))
    on_widths(lambda p: operation(p, "signed"))


def test_conversions_of_sensors_are_bytes():
    registers = Registers()
    registers.correlation_enabled[...] = True
    with pytest.raises(MachineFault, match="region wide, whose elements have 2 bytes; declare it as u8 or i8"):
        on_widths(lambda p: p.read_correlation(0, into="wide"), registers)
    on_widths(lambda p: p.read_correlation(0, into="signed"), registers)


@pytest.mark.parametrize("region, size", [("wide", 2), ("signed", 1)])
def test_records_of_spikes_are_words(region, size):
    words = f"words of 32 bits, into region {region} with elements of {size} bytes; declare it as u32 or i32"
    with pytest.raises(MachineFault, match=words):
        on_widths(lambda p: p.load_record(0, into=region))
    on_widths(lambda p: p.load_record(0, into="words"))


@pytest.mark.parametrize("source, into", [("wide", "words"), ("words", "signed"), ("signed", "wide")])
def test_a_send_goes_between_elements_of_one_width(source, into):
    other = UncompiledScript(sleep, memory=WIDTHS)

    def sending(into):
        def main(ppu):
            yield ppu.send(c.BOTTOM, source=source, into=into, line=1, nbytes=4)
            return 0

        return UncompiledScript(main, memory=WIDTHS)

    sizes = {"signed": 1, "wide": 2, "words": 4}
    words = (
        f"region {source} with elements of {sizes[source]} bytes into region {into} of the bottom PPU with elements of "
    )
    with pytest.raises(MachineFault, match=f"{words}{sizes[into]}; declare both alike"):
        run(top=sending(into), bottom=other)
    run(top=sending(source), bottom=other)


@pytest.mark.parametrize("region", list(WIDTHS))
def test_external_memory_takes_elements_of_any_width(region):
    on_widths(lambda p: p.store_external(BLOCK_RAM_BASE, source=region, vectors=2))
    on_widths(lambda p: p.load_external(BLOCK_RAM_BASE, into=region, vectors=2))
