"""Faults end a program, whatever it does about them: what was done stays and is booked, time has gone on."""

from pathlib import Path

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import MachineFault
from chip.ppu import Memory, VectorUnit, divide, i32, kernel, link, u8
from chip.ppu.compiler.language import KernelError
from chip.ppu.costs import COSTS, issue_cycles
from chip.ppu.processor.endings import ending
from chip.ppu.processor.processor import FAULTED
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.testing import Script, UncompiledScript
from tests.chip.ppu.processor.programs import build, sleep

HERE = Path(__file__).name
MEMORY = Memory(row=u8[8], word=i32[2])
KERNEL_LIMIT = 3_000
CONFIG = ChipConfig.ideal(ppu=PpuConfig(kernel_limit_cycles=KERNEL_LIMIT))
ENTRY = COSTS["entry"].cycles


@kernel
def reach(v, m, index):
    for i in range(5):
        m.row[i] = 10 + i
    m.row[index] = 1


@kernel
def quotient(v, m, divisor):
    for i in range(5):
        m.row[i] = 10 + i
    m.word[0] = divide(7, divisor)


@kernel
def forever(v, m, value):
    for i in range(5):
        m.row[i] = 10 + i
    while True:
        m.word[1] = value


KERNELS = (reach, quotient, forever)
FAULTS = [
    (reach, 8, "kernel reach reached for element 8 of region row, which has 8"),
    (quotient, 0, "kernel quotient divided by zero"),
    (forever, 1, f"the watchdog's limit is {KERNEL_LIMIT}"),
]


def cycles_of(made, argument):
    """Cycles up to a kernel's fault, of a processor that is none."""
    bound = made.bind(VectorUnit(), link(MEMORY, KERNELS).views(np.zeros(c.SRAM_BYTES, np.uint8)))
    with pytest.raises(MachineFault) as caught:
        bound(KERNEL_LIMIT, argument)
    assert caught.value.cycles > 5 * 3
    return caught.value.cycles


def faulted(top, words, bottom=None):
    """Run a program into its fault; return the chip, and what was told."""
    chip = build(top, bottom, config=CONFIG)
    chip.start()
    with pytest.raises(MachineFault, match=words) as caught:
        chip.run()
    return chip, caught.value


def check_work_is_kept(chip, begun, cycles):
    """The fault came in a kernel that had begun at a cycle; everything up to there stays."""
    ppu = chip.processors[0]
    assert ppu.exit_code == FAULTED == chip.report()["ppu"]["exit_codes"]["top"] == "fault"
    assert chip.link.read_sram(0, "row").tolist()[:5] == [10, 11, 12, 13, 14]
    assert ppu.cycles["kernel"] == cycles == ppu.vector.cycles
    assert chip.now_ns == (begun + cycles) * c.PPU_CLOCK_NS
    assert ppu.busy_cycles == begun + cycles
    with pytest.raises(RuntimeError, match="was stopped before its programs ended; build a new Chip"):
        chip.start()


@pytest.mark.parametrize("made, argument, words", FAULTS)
def test_no_program_survives_the_fault_of_its_kernel(made, argument, words):
    survived = []

    def main(ppu):
        try:
            yield ppu.run(made, argument)
        except BaseException as error:
            survived.append(error)
            if isinstance(error, GeneratorExit):
                raise
        survived.append("went on")
        yield ppu.wait(1)
        return 0

    chip, error = faulted(UncompiledScript(main, KERNELS, MEMORY), words)
    assert not [one for one in survived if not isinstance(one, GeneratorExit)]
    check_work_is_kept(chip, PLAIN_CONTROL_CYCLES, cycles_of(made, argument))
    assert f"in program script on the top PPU, at {chip.now_ns} ns" in error.__notes__


@pytest.mark.parametrize("made, argument, words", FAULTS)
def test_the_fault_of_a_kernel_ends_a_compiled_program_and_names_its_line(made, argument, words):
    def main(ppu):
        yield ppu.run(made, argument)
        yield ppu.wait(1)
        return 0

    chip, error = faulted(Script(main, KERNELS, MEMORY), words)
    check_work_is_kept(chip, ENTRY + issue_cycles(2), cycles_of(made, argument))
    assert ending(chip.processors[0], CONFIG) == "program script on the top PPU faulted"
    assert f"{HERE}:{main.__code__.co_firstlineno + 1}: task main" in error.__notes__[0]


def test_a_fault_inside_of_a_chain_comes_when_its_operation_does():
    def main(ppu):
        yield ppu.chain(ppu.reset_neurons(), ppu.run(reach, 8), ppu.reset_neurons())
        return 0

    chip, _ = faulted(UncompiledScript(main, KERNELS, MEMORY), "element 8 of region row")
    check_work_is_kept(chip, 2 * PLAIN_CONTROL_CYCLES + c.NEURON_RESET_CYCLES, cycles_of(reach, 8))
    assert chip.processors[0].cycles["neuron reset"] == c.NEURON_RESET_CYCLES


def test_the_fault_of_an_operation_takes_no_time_and_nobody_else_goes_on():
    def main(ppu):
        yield ppu.wait(500)
        yield ppu.load_weights(256, 0, into="row")
        return 0

    chip, _ = faulted(UncompiledScript(main, (), Memory(row=u8[128])), "rows 0..255", bottom=busy)
    assert chip.now_ns == (500 + 2 * PLAIN_CONTROL_CYCLES) * c.PPU_CLOCK_NS
    assert [ppu.exit_code for ppu in chip.processors] == [FAULTED, None]
    assert chip.processors[1].cycles["control"] < 520


def busy(ppu):
    for _ in range(1_000):
        yield ppu.wait(10)
    return 0


def table_beyond(ppu):
    index = ppu.word("word")
    yield ppu.wait((5, 6, 7)[index])
    return 0


def region_beyond(ppu):
    index = ppu.word("word")
    if ppu.word("row", index) == 3:
        yield ppu.wait(1)
    return 0


def divided(ppu):
    value = divide(8, ppu.word("word") - 9)
    yield ppu.wait(value)
    return 0


@pytest.mark.parametrize(
    "main, line, words",
    [
        (table_beyond, 2, "task table_beyond reached for element 9 of .*, beyond its end"),
        (region_beyond, 2, "task region_beyond reached for element 9 of row, beyond its end"),
        (divided, 1, "task divided divided by zero"),
    ],
)
def test_a_fault_between_operations_ends_the_program_at_its_cycle(main, line, words):
    place = f"{HERE}:{main.__code__.co_firstlineno + line}: "
    chip, _ = faulted(Script(main, (), MEMORY, {"word": np.array([9, 0])}), place + words, bottom=sleep)
    ppu = chip.processors[0]
    assert ppu.exit_code == FAULTED and chip.now_ns == ppu.cycles["control"] * c.PPU_CLOCK_NS > 0
    assert set(ppu.cycles) == {"control"}


def catching(ppu):
    try:
        yield ppu.wait(1)
    except Exception:
        return 1
    return 0


def closing(ppu):
    try:
        yield ppu.wait(1)
    finally:
        yield ppu.wait(2)
    return 0


@pytest.mark.parametrize("main", [catching, closing])
def test_a_task_that_would_catch_a_fault_is_refused_when_it_is_loaded(main):
    with pytest.raises(KernelError, match=f"{HERE}:{main.__code__.co_firstlineno + 1}: task {main.__name__} .*try"):
        build(top=Script(main))
