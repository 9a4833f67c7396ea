"""What tasks cost: cycles on the way between operations, words of code, constant tables, stack."""

import pytest

from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError
from chip.chip import Chip
from chip.link import omnibus_bytes
from chip.ppu import Memory, i32, link
from chip.ppu.costs import COSTS, INSTRUCTION_BYTES, issue_cycles
from chip.ppu.linker import START_CODE_BYTES
from chip.ppu.processor.linking import link_program
from tests.chip.ppu.compiler.tasks import Runs, form_of, plain, program, regions_of

ATTRIBUTES = """
table = (1, 2, 300)
wide = (1, 2, 70000)
rows = [[1, 2], [3, 4]]

def step(self, ppu, n):
    yield ppu.wait(n)
"""


def cost(*names):
    return sum(COSTS[name].cycles for name in names)


def cycles_before(directory, lines, attributes=ATTRIBUTES):
    """Return the cycles from one operation to the next, in between the lines, of which one may be its argument."""
    made = program(directory, f"x = ppu.word('s')\nyield ppu.wait(1)\n{lines}\nreturn 0", attributes)
    form = form_of(made)
    runs = Runs(form, regions_of(made, s=[3, 1]), [plain(form)]).run(take_ns=400)
    first, second, *_ = runs.times_ns
    return (second - first - 400) // 4


@pytest.mark.parametrize(
    ("lines", "cycles"),
    [
        ("yield ppu.wait(1)", issue_cycles(1)),
        ("yield ppu.ring(0, 1)", issue_cycles(2)),
        ("yield ppu.run(nothing)", issue_cycles(1)),
        ("yield ppu.wait(x)", issue_cycles(1)),
        ("yield ppu.wait(x + 1)", cost("alu") + issue_cycles(0)),
        ("yield ppu.wait(x * 70000)", cost("multiply", "alu", "alu") + issue_cycles(0)),
        ("y = x\nyield ppu.wait(y)", cost("alu") + issue_cycles(1)),
        ("y = 3 * 7 + 1\nyield ppu.wait(y)", issue_cycles(1)),
        ("y = ppu.word('s', x)\nyield ppu.wait(y)", cost("address", "load") + issue_cycles(1)),
        ("y = self.table[x - 1]\nyield ppu.wait(y)", cost("alu", "address", "load") + issue_cycles(1)),
        ("y = divide(x, 3)\nyield ppu.wait(y)", cost("divide", "alu") + issue_cycles(1)),
        ("y = remainder(x, 3)\nyield ppu.wait(y)", cost("divide", "multiply", "alu", "alu") + issue_cycles(1)),
        ("y = i32(ppu.time_base)\nyield ppu.wait(y)", cost("load", "address") + issue_cycles(1)),
        ("if x > 2:\n    yield ppu.wait(1)", cost("alu", "branch") + issue_cycles(1)),
        ("if self.table:\n    yield ppu.wait(1)", issue_cycles(1)),
        ("a, b = x, 1\na, b = b, a\nyield ppu.wait(a)", 2 * cost("alu") + 2 * cost("alu") + issue_cycles(1)),
        ("for i in range(1):\n    yield ppu.wait(i)", cost("alu", "alu", "alu", "branch") + issue_cycles(1)),
        ("for i in self.table:\n    yield ppu.wait(i)", issue_cycles(1)),
        ("yield from self.step(ppu, x)", cost("alu", "call", "entry") + issue_cycles(1)),
        ("yield from self.step(ppu, 4)", cost("call", "entry") + issue_cycles(1)),
    ],
)
def test_the_way_to_an_operation_is_booked_as_in_a_kernel(tmp_path, lines, cycles):
    assert cycles_before(tmp_path, lines) == cycles


def code_bytes(directory, lines):
    form = form_of(program(directory, f"{lines}\nreturn 0", ATTRIBUTES))
    return sum(form.code_sizes.values())


def test_a_loop_costs_its_code_once_and_an_unrolled_one_as_often_as_it_runs(tmp_path):
    nothing = code_bytes(tmp_path, "yield ppu.wait(1)")
    loops = [
        code_bytes(tmp_path, f"yield ppu.wait(1)\nfor i in range({n}):\n    yield ppu.wait(i)") - nothing
        for n in (2, 9)
    ]
    assert loops[0] == loops[1] > 0
    unrolled = [
        code_bytes(tmp_path, f"yield ppu.wait(1)\nfor i in {values}:\n    yield ppu.wait(i)") - nothing
        for values in ((1, 5, 7), (1, 5, 7, 2, 4, 9))
    ]
    wait = INSTRUCTION_BYTES * (COSTS["call"].words + COSTS["alu"].words)
    assert unrolled == [3 * wait, 6 * wait]


def test_a_routine_s_code_is_there_once_however_often_it_is_called(tmp_path):
    once = code_bytes(tmp_path, "x = ppu.word('s')\nyield from self.step(ppu, x)")
    twice = code_bytes(tmp_path, "x = ppu.word('s')\nyield from self.step(ppu, x)\nyield from self.step(ppu, x)")
    assert twice - once == INSTRUCTION_BYTES * (COSTS["call"].words + COSTS["alu"].words)


def test_tasks_have_their_places_in_the_memory(tmp_path):
    body = "x = ppu.word('s')\nyield from self.step(ppu, self.table[x])\nreturn self.wide[x]"
    made = program(tmp_path, body, ATTRIBUTES)
    form = form_of(made)
    linked = link_program(made, 0)
    placed = {(p.name, p.kind): p.size for p in linked.placements}
    sizes = {task.name: size for task, size in form.code_sizes.items()}
    assert placed["task main", "code"] == sizes["main"] > 0 and placed["task step", "code"] == sizes["step"] > 0
    assert placed["tables of tasks", "const"] == 3 * 2 + 3 * 4  # halfwords, words
    code = sum(size for (_, kind), size in placed.items() if kind == "code")
    assert (
        linked.code_bytes
        == code
        == START_CODE_BYTES
        + sum(sizes.values())
        + sum(size for kernel in made.kernels for size in kernel.code_sizes.values())
    )
    regions = sum(size for (_, kind), size in placed.items() if kind == "region")
    chip = Chip(ChipConfig.ideal())
    chip.link.load_program(0, made)
    assert chip.link.bytes["before"] == omnibus_bytes(code + 3 * 2 + 3 * 4 + regions)  # the stack is not written


def table_bytes(directory, lines):
    return form_of(program(directory, f"{lines}\nreturn 0", ATTRIBUTES)).table_bytes


def test_a_table_is_there_once_however_often_it_is_read(tmp_path):
    once = "x = self.wide[ppu.word('s')]\nyield ppu.wait(x)"
    assert table_bytes(tmp_path, once) == table_bytes(tmp_path, f"{once}\ny = self.wide[x & 1]\n{once}") == 3 * 4


@pytest.mark.parametrize(
    "numbers, each",
    [
        *(((0, 7, 255), 1), ((-128, 0, 127), 1), ((-1, 0, 128), 2), ((0, 7, 256), 2), ((0, 7, 65_535), 2)),
        *(((-1, 0, 32_768), 4), ((0, 1, 2_000_000_000), 4), ((1, 5, 0x9000_0000), 4), ((0x9000_0000, 1), 4)),
    ],
)
def test_an_element_of_a_table_has_the_bytes_that_its_largest_number_needs(tmp_path, numbers, each):
    assert table_bytes(tmp_path, f"x = {numbers}[ppu.word('s')]\nyield ppu.wait(1)") == each * len(numbers)


def test_numbers_that_count_are_computed_and_not_kept(tmp_path):
    for numbers in ("(3, 5, 7, 9)", "range(0, 0x7fff_ffff, 7)", "range(9, 2, -3)"):
        assert table_bytes(tmp_path, f"x = {numbers}[ppu.word('s')]\nyield ppu.wait(x)") == 0


def test_code_in_external_memory_takes_the_tasks_along(tmp_path):
    made = program(tmp_path, "yield ppu.wait(1)\nreturn 0")
    inside = link_program(made, 0)
    type(made).code_in = "external"
    outside = link_program(made, 0)
    assert inside.used - outside.used >= inside.code_bytes == outside.code_bytes
    assert not any(p.kind == "code" for p in outside.placements)
    assert any(p.name == "task main" for p in outside.external)


def test_the_deepest_chain_of_calls_goes_from_main_to_the_last_subroutine(tmp_path):
    attributes = """
def outer(self, ppu, n):
    a, b, c, d = n, n + 1, n + 2, n + 3
    yield from self.inner(ppu, a + b)
    yield ppu.wait(a + b + c + d)

def inner(self, ppu, n):
    yield ppu.run(put, n)
"""
    made = program(tmp_path, "x = ppu.word('s')\nyield from self.outer(ppu, x)\nreturn x", attributes)
    deepest = link_program(made, 0).deepest
    assert deepest.names == ("main", "outer", "inner", "put")
    assert deepest.frame_bytes % 16 == 0 and deepest.frame_bytes >= 4 * 16
    with pytest.raises(ChipLimitError, match="main > outer > inner > put") as caught:
        link(Memory(s=i32[8], u=i32[4]), [made.kernels[1]], stack=128, tasks=form_of(made))
    assert "the processor for its tasks" in str(caught.value)


def test_a_program_that_does_not_fit_is_refused(tmp_path):
    lines = "\n".join(f"yield ppu.wait(x + {number})" for number in range(1500))
    made = program(tmp_path, f"x = ppu.word('s')\n{lines}\nreturn 0")
    with pytest.raises(ChipLimitError, match="the largest object is code task main"):
        link_program(made, 0)
