"""What programs and firmware declare: whatever cannot be meant is refused in one sentence when it is loaded."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.declaration import shown
from chip.base.errors import DeclarationError
from chip.base.registers import Registers
from chip.chip import Chip
from chip.ppu import Memory, Recording, Timer, i32, kernel, subroutine, u8
from chip.ppu.program import Program
from chip.testing import UncompiledScript, load_firmware
from tests.chip.ppu.processor.programs import sleep

HERE = Path(__file__).name


@kernel
def count(v, m):
    m.total[0] = m.total[0] + 1


@subroutine
def helper(v, m):
    return 1


class Counter(Program):
    """Counts to one."""

    name = "counter"
    memory = Memory(total=i32[4], row=u8[128])
    kernels = (count,)

    def main(self, ppu):
        yield ppu.run(count)
        return 0


def changed(base, **attributes):
    """Return an object of a subclass with other attributes."""
    return type("Changed", (base,), attributes)()


def refused(load, said):
    with pytest.raises(ValueError, match=said) as caught:
        load()
    assert "\n" not in str(caught.value) and " 0x" not in str(caught.value) and len(str(caught.value)) < 400


# ---------------------------------------------------------------------- programs


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (dict(kernels=count), r"^kernels of program counter is a Kernel called count; it must be a tuple, \(count,\)$"),
        (dict(kernels=None), r"kernels of program counter is None; it must be a tuple of kernels"),
        (
            dict(kernels={count}),
            r"kernels of program counter is \{<chip.*Kernel object>\}; it must be a tuple of kernels",
        ),
        (dict(kernels="count"), r"kernels of program counter is 'count'; it must be a tuple of kernels"),
        (dict(kernels=(len,)), r"program counter lists <built-in function len> among its kernels; decorate"),
        (dict(kernels=(count, helper)), r"program counter lists a Subroutine called helper among its kernels"),
        (dict(memory=u8[4]), r"memory of program counter is .*; make it of regions, Memory\(name=u8\[256\]\)"),
        (dict(memory=Memory), r"memory of program counter is the class Memory; make it of regions"),
        (dict(memory={"total": i32[4]}), r"memory of program counter is \{.*; make it of regions"),
        (dict(tasks=Timer(0, 1, 1)), r"tasks of program counter is Timer\(.*it must be a tuple, \(Timer\(...\),\)"),
        (dict(tasks=np.zeros((9, 9))), r"tasks of program counter is array\(.*\.\.\.; it must be a tuple"),
        (
            dict(recordings=Recording("x", rows=3, count=1)),
            r"recordings of program counter is Recording\(.*it must be a tuple, \(Recording\(...\),\)",
        ),
        (dict(recordings=("x",)), r"a recording of program counter is 'x'; it must be a Recording"),
        (dict(name=3), r"name of program Changed is 3; give it a name, a text"),
        (dict(name=""), r"name of program Changed is ''; give it a name"),
        (dict(code_in="dram"), r"code_in is 'dram'; it is 'sram' or 'external'"),
        (dict(stop_cycle="3"), r"stop_cycle of program counter is '3'; it must be a whole number"),
        (dict(main=3), r"main of program counter is 3; write a method, `def main\(self, ppu\)`"),
        (dict(main=count), r"main of program counter is a Kernel called count; write `def main\(self, ppu\)` that"),
        (
            dict(main=lambda self: None),
            rf"^\S*{HERE}:\d+: main of program counter takes other arguments than it is given; write `def main",
        ),
        (dict(image={}), r"image of program counter is \{\}; write a method, `def image\(self\)`"),
        (dict(image=lambda self, ppu: {}), r"image of program counter takes other arguments .*`def image\(self\)`"),
        (
            dict(image=lambda self: None),
            r"image\(\) of program counter returned None; return a dict of arrays by region",
        ),
        (dict(image=lambda self: [1]), r"image\(\) of program counter returned \[1\]; return a dict"),
        (dict(image=lambda self: {"rows": 1}), r"fills region 'rows'; the program's regions are: total, row"),
        (dict(image=lambda self: {7: 1}), r"fills region 7; the program's regions are: total, row"),
        (
            dict(image=lambda self: {"row": [[1], [1, 2]]}),
            r"image of region row of program counter has rows of different lengths; the region takes 128 integers",
        ),
        (dict(image=lambda self: {"row": np.zeros(3, int)}), r"image of region row .* is int64\[3\]; the region takes"),
    ],
)
def test_a_program_that_cannot_be_meant_is_refused(attributes, said):
    chip = Chip()
    refused(lambda: chip.link.load_program(c.BOTTOM, changed(Counter, **attributes)), said)
    assert chip.processors[c.BOTTOM].program is None
    chip.link.load_program(c.BOTTOM, Counter())


class Bare(Program):
    """Declares nothing."""

    def main(self, ppu):
        yield ppu.wait(1)

    def on_timer(self, ppu):
        yield ppu.wait(1)


@pytest.mark.parametrize(
    ("attributes", "right"),
    [
        (dict(task=(Timer(0, 1, 1),)), "tasks"),
        (dict(task=Timer(0, 1, 1)), "tasks"),
        (dict(kernel=count), "kernels"),
        (dict(kernal=(count,)), "kernels"),
        (dict(recording=Recording("x", rows=3, count=1)), "recordings"),
        (dict(recordngs=[Recording("x", rows=3, count=1)]), "recordings"),
        (dict(memmory=Memory(a=u8[4])), "memory"),
        (dict(code="external"), "code_in"),
        (dict(stop_cycles=400), "stop_cycle"),
        (dict(images=lambda self: {}), "image"),
    ],
)
def test_a_misspelt_declaration_is_refused(attributes, right):
    (wrong,) = attributes
    said = rf"^program program has an attribute {wrong}, at which the chip does not look; call it {right}, or something"
    refused(lambda: Chip().link.load_program(c.TOP, changed(Bare, **attributes)), said)
    own = Bare()
    vars(own).update(attributes)
    if right != "image":  # a method belongs to a class
        refused(lambda: Chip().link.load_program(c.TOP, own), said)


@pytest.mark.parametrize(
    "attributes",
    [
        dict(kernel=count, kernels=(count,), memory=Counter.memory),
        dict(timer=Timer(0, 1, 1), tasks=(Timer(0, 1, 1),)),
        dict(task="on_timer", recording=True, kernel=None, records=(), code="A", stop=3, names=("a", "b")),
        dict(step_cycles=3, stop_cycles=(1, 2), images={}, imaging=lambda self: {}, memories=[]),
        dict(update=count, first=Memory(a=u8[4]), _task=Timer(0, 1, 1)),
    ],
)
def test_attributes_for_a_programs_own_use_are_its_own(attributes):
    Chip().link.load_program(c.TOP, changed(Bare, **attributes))


# ---------------------------------------------------------------------- one program on both processors


class Adder(Program):
    """Adds one to what its image holds, which its arrays are."""

    name = "adder"
    memory = Memory(total=i32[4])
    kernels = (count,)
    recordings = (Recording("total", region="total", count=1),)

    def __init__(self):
        self.array = np.array([5, 6, 7, 8])

    def image(self):
        return {"total": self.array}

    def main(self, ppu):
        for _ in range(1 + ppu.hemisphere):
            yield ppu.run(count)
        yield ppu.record("total")
        return ppu.hemisphere


def test_one_object_serves_both_processors_with_a_memory_each():
    chip, program = Chip(), Adder()
    chip.link.write_registers(Registers())
    for hemisphere in (c.TOP, c.BOTTOM):
        chip.link.load_program(hemisphere, program)
    program.array[...] = 99  # the chip has its copy
    top, bottom = chip.processors
    assert not np.shares_memory(top.sram, bottom.sram)
    assert not any(np.shares_memory(ppu.sram, program.array) for ppu in chip.processors)
    assert chip.link.run() == [0, 1]
    for hemisphere, expected in ((c.TOP, [6, 6, 7, 8]), (c.BOTTOM, [7, 6, 7, 8])):
        assert chip.link.read_sram(hemisphere, "total").tolist() == expected
        assert chip.link.read_recording(hemisphere, "total")["values"].tolist() == [expected]
    assert program.array.tolist() == [99] * 4


# ---------------------------------------------------------------------- firmware, as the kit knows it


class Counting:
    """Two counters."""

    name = "counting"

    def __init__(self, program=None):
        self.program = Counter() if program is None else program

    def build(self, task, config):
        return SimpleNamespace(registers=Registers(), programs=(self.program, self.program), stimuli=None)


def test_a_firmware_may_give_the_same_object_twice():
    assert load_firmware(Chip(), Counting(Adder())).link.run() == [0, 1]


def test_a_firmware_that_builds_nothing_is_refused():
    with pytest.raises(
        DeclarationError, match=r"build\(\) of firmware counting returned None; return what it has buil"
    ):
        load_firmware(Chip(), changed(Counting, build=lambda self, task, config: None))


def test_beside_a_firmware_there_is_no_program():
    with pytest.raises(ValueError, match=r"bottom is a Counter called counter, but top is a firmware, which has"):
        load_firmware(Chip(), Counting(), Counter())


def test_a_script_refuses_what_a_program_does():
    with pytest.raises(
        DeclarationError, match=r"kernels of program script is a Kernel called count; it must be a tuple"
    ):
        load_firmware(Chip(), UncompiledScript(sleep, count))
    with pytest.raises(DeclarationError, match=r"image\(\) of program script returned 3; return a dict"):
        load_firmware(Chip(), UncompiledScript(sleep, image=3))


def test_values_are_shown_in_one_short_line():
    assert shown(Counter) == "the class Counter" and shown(Counter()) == "a Counter called counter"
    assert shown(object()) == "a object" and shown("a\nb") == r"'a\nb'"
    assert len(shown(np.zeros((99, 99)))) == 80 and "\n" not in shown(np.zeros((99, 99)))
