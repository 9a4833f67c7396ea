"""Drawn programs: everything of the language occurs, all are accepted and end, failures shrink, and print as code."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis.vendor.pretty import pretty

from chip import Program
from chip.ppu import Kernel, KernelError, VectorUnit
from chip.ppu.contract import check_program
from chip.ppu.stepping import steps
from chip.testing import kernel_cases, kernel_from_text, task_cases
from chip.testing.code import tree as t
from chip.testing.code.code import Code
from chip.testing.code.loading import module_from_text
from chip.testing.code.programs import seeded_kernel, seeded_task
from chip.testing.code.tree import (
    Break,
    Call,
    Comparison,
    Conditional,
    Constant,
    Continue,
    Element,
    For,
    If,
    Intrinsic,
    Region,
    Return,
    Run,
    Variable,
    Wait,
    While,
    walk,
)

LIMIT_CYCLES = 3_000_000


def run(case):
    """Return the regions that a kernel leaves, stepped."""
    regions = case.regions()
    for integers in case.calls:
        for _ in steps(case.kernel, VectorUnit(), regions, *integers, limit_cycles=LIMIT_CYCLES):
            pass
    return regions


def nodes(case):
    return [node for routine in case.code.routines for node in walk(routine.body)]


# ---------------------------------------------------------------------- what is drawn

EVERYTHING = {
    "kernel": "Constant Variable Element Length Conditional Call Assign Store If For While Break Continue Return Do",
    "task": "Constant Variable Element Conditional Call Assign Store If For While Break Continue Return Run Wait",
}
OPERATORS = {
    "Unary": {"-", "~", "not"},
    "Binary": set("+-*&|^") | {"<<", ">>"},
    "Comparison": {"<", "<=", ">", ">=", "==", "!="},
    "Joint": {"and", "or"},
    "AugmentedAssign": set("+-*&|^") | {"<<", ">>"},
    "AugmentedStore": set("+-*&|^") | {"<<", ">>"},
}
INTRINSICS = "minimum maximum divide absolute saturate8 saturate16 multiply_high count_leading_zeros"


@pytest.mark.parametrize("draw, kind", [(seeded_kernel, "kernel"), (seeded_task, "task")])
def test_everything_of_the_language_occurs(draw, kind):
    drawn = Counter(node for seed in range(300) for node in nodes(draw(seed, unsigned=True)))
    kinds = {type(node).__name__ for node in drawn}
    assert set(EVERYTHING[kind].split()) <= kinds
    for name, operators in OPERATORS.items():
        assert {node.operator for node in drawn if type(node).__name__ == name} == operators, name
    assert {node.name for node in drawn if isinstance(node, Intrinsic)} == set(INTRINSICS.split())
    assert {node.type for node in drawn if type(node).__name__ == "Conversion"} == {
        "i8",
        "u8",
        "i16",
        "u16",
        "i32",
        "u32",
    }


def test_what_is_signed_has_no_unsigned():
    for case in map(seeded_kernel, range(200)):
        assert "Conversion" not in {type(node).__name__ for node in nodes(case)}
        assert all(node.value < 2**31 for node in nodes(case) if isinstance(node, Constant))
        assert "u32" not in {region.type for region in case.code.regions}
        assert {x.type for routine in case.code.routines for x in routine.parameters + routine.locals} <= {"i32"}


def test_a_seed_is_one_program():
    assert seeded_kernel(3) == seeded_kernel(3) != seeded_kernel(4)
    assert seeded_task(3).code == seeded_task(3).code != seeded_kernel(3).code


@settings(max_examples=60)
@given(kernel_cases())
def test_drawn_kernels_are_accepted_and_end(case):
    assert isinstance(case.kernel, Kernel)
    before, after = case.regions(), run(case)
    assert {name: (x.dtype, x.shape) for name, x in before.items()} == {
        name: (x.dtype, x.shape) for name, x in after.items()
    }
    for name, values in case.contents.items():
        assert before[name][: len(values)].tolist() == list(values) and not before[name][len(values) :].any()


def test_drawn_tasks_are_programs():
    for case in map(seeded_task, range(60)):
        program = module_from_text(str(case.code)).Task()
        assert isinstance(program, Program)
        check_program(program)
        used = {node.kernel for node in nodes(case) if isinstance(node, Run)}
        assert {kernel.name for kernel in program.kernels} == used
        assert set(program.memory) == {region.name for region in case.code.regions}


# ---------------------------------------------------------------------- how it prints

EXAMPLE = """from chip.ppu import *


memory = Memory(words=i32[8], bytes=u8[16])


@subroutine
def first(v, m, x, y: u32):
    while x:
        x -= 1
        continue
    return x if (x < (-5)) else m.bytes[2]


@kernel
def drawn(v, m):
    for i in range(3, 0, -1):
        if i == 1:
            break
        elif not i:
            pass
        else:
            first(v, m, i, 3)
        m.bytes[i & 3] += (2 - len(m.words)) * (-3)
    a = i8(-(1 + 2))
"""


def test_a_program_prints_as_a_module():
    """Every form of a statement once, built by hand."""
    i, x = Variable("i"), Variable("x")
    loop = While(x, (t.AugmentedAssign("x", "-", Constant(1)), Continue()))
    value = Conditional(x, Comparison("<", x, Constant(-5)), Element("bytes", Constant(2)))
    first = t.Routine(
        "subroutine", "first", (t.Parameter("x", "i32"), t.Parameter("y", "u32")), "i32", (), (loop, Return(value))
    )
    orelse = If(t.Unary("not", i), (), (t.Do(Call("first", (i, Constant(3)))),))
    product = t.Binary("*", t.Binary("-", Constant(2), t.Length("words")), Constant(-3))
    body = (
        If(Comparison("==", i, Constant(1)), (Break(),), (orelse,)),
        t.AugmentedStore("bytes", t.Binary("&", i, Constant(3)), "+", product),
    )
    loop = For("i", Constant(3), Constant(0), -1, body)
    last = t.Assign("a", t.Conversion("i8", t.Unary("-", t.Binary("+", Constant(1), Constant(2)))))
    names = (t.Parameter("a", "i32"), t.Parameter("i", "i32"))
    drawn = t.Routine("kernel", "drawn", (), None, names, (loop, last))
    code = Code((Region("words", "i32", 8), Region("bytes", "u8", 16)), (first, drawn))
    assert str(code) == EXAMPLE == repr(code)


@settings(max_examples=20)
@given(kernel_cases())
def test_what_is_printed_can_be_pasted(case):
    pasted = vars(module_from_text(repr(case)))
    assert pasted["calls"] == list(case.calls)
    assert {name: tuple(values) for name, values in pasted["contents"].items()} == case.contents
    assert pasted["drawn"].text == case.kernel.text
    assert {name: str(region) for name, region in pasted["memory"].items()} == {
        region.name: f"{region.type[0]}{region.type[1:]}[{region.length}]" for region in case.code.regions
    }


def test_hypothesis_reports_a_failure_as_it_prints():
    case = seeded_kernel(2)
    assert pretty(case) == repr(case) and pretty(case.code) == str(case.code)


# ---------------------------------------------------------------------- how it shrinks


def smallest(strategy, wanted):
    """Return the lines of the routines of what hypothesis finds to be the simplest with a property."""
    found = find(strategy, wanted, settings=settings(max_examples=3000, database=None, derandomize=True, deadline=None))
    text = str(found.code)
    return [line.strip() for line in text[text.index("\n", text.index("memory = ")) :].splitlines() if line]


def test_a_failing_value_shrinks_to_a_line():
    lines = smallest(kernel_cases(), lambda case: (run(case).get("words", np.zeros(1)) > 1000).any())
    assert lines[:2] == ["@kernel", "def drawn(v, m):"] and len(lines) == 3, lines
    assert lines[2].startswith("m.words[")


def test_a_failing_branch_shrinks_to_a_few_lines():
    def wanted(case):
        inside = [node for branch in nodes(case) if isinstance(branch, If) for node in walk(branch.body)]
        return any(isinstance(node, Intrinsic) and node.name == "divide" for node in inside)

    lines = smallest(kernel_cases(size=3), wanted)
    assert len(lines) <= 9 and any("divide(" in line for line in lines), lines


def test_a_failing_task_shrinks_to_a_few_lines():
    def wanted(case):
        loops = [node for node in nodes(case) if isinstance(node, For)]
        return any(isinstance(node, Wait) for loop in loops for node in walk(loop))

    lines = smallest(task_cases(size=3), wanted)
    assert lines[-4:] == ["def main(self, ppu):", "for a in range(0):", "yield ppu.wait(1)", "return 0"], lines


# ---------------------------------------------------------------------- kernels of a text

TEXT = """from chip.ppu import *

@kernel
def one(v, m):
    m.a[0] = 1

@kernel
def two(v, m):
    m.a[0] = 2
"""


def test_a_kernel_of_a_text():
    assert kernel_from_text(TEXT).name == "two"
    one = kernel_from_text(TEXT, "one")
    assert one is kernel_from_text(TEXT, "one")
    regions = {"a": np.zeros(1, np.uint8)}
    one.bind(VectorUnit(), regions)(100)
    assert regions["a"][0] == 1


def test_a_text_without_the_kernel_is_refused():
    with pytest.raises(ValueError, match="the text has no kernel three; it has: one, two"):
        kernel_from_text(TEXT, "three")
    with pytest.raises(ValueError, match="the text has no kernel; it has: none"):
        kernel_from_text("x = 1\n")
    with pytest.raises(KernelError, match=r"<text [0-9a-f]{16}>:5: kernel one uses the float 1.5"):
        kernel_from_text(TEXT.replace("= 1", "= 1.5"))
