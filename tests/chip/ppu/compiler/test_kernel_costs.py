"""What the kernel compiler books: every instruction, every iteration, only the branch taken."""

import pytest

from chip.ppu import Memory, i16, i32
from chip.ppu.assumptions import assumptions
from chip.ppu.costs import COSTS
from chip.ppu.linker import MAILBOX_BYTES, STACK_BYTES, START_CODE_BYTES
from tests.chip.ppu.compiler.sources import Machine, module


def cycles(tmp_path, body, *integers, parameters="", memory=None):
    text = "@kernel\ndef timed(v, m" + parameters + "):\n" + "".join(f"    {line}\n" for line in body)
    return Machine(module(tmp_path, text).timed, memory or Memory(a=i32[64]))(*integers)


def test_n_additions_cost_at_least_n_cycles(tmp_path):
    few = cycles(tmp_path, ["x = x + y"] * 3, 1, 2, parameters=", x, y")
    many = cycles(tmp_path, ["x = x + y"] * 53, 1, 2, parameters=", x, y")
    assert many - few == 50 * COSTS["alu"].cycles


def test_every_iteration_of_a_loop_is_booked(tmp_path):
    body = ["for i in range(n):", "    x = x * 3"]
    per_iteration = [cycles(tmp_path, body, n, 1, parameters=", n, x") for n in (0, 1, 11)]
    assert per_iteration[2] - per_iteration[1] == 10 * (per_iteration[1] - per_iteration[0])
    once = sum(COSTS[name].cycles for name in ("multiply", "alu", "branch"))
    assert per_iteration[1] - per_iteration[0] == once


@pytest.mark.parametrize(
    ("line", "least"),
    [
        ("x = m.a[0]", 3), ("x = m.a[x]", 5), ("m.a[0] = x", 3), ("m.a[x] = x", 5), ("m.a[x] += 1", 9),
        ("x = divide(x, 3)", 31), ("x = x * 3", 4), ("x = multiply_high(x, x)", 4), ("x = 5", 1), ("x = 70000", 2),
        ("x = y", 1), ("x = saturate16(y)", 2), ("add8_sat(v, V0, V0, V1)", 12), ("load16(v, V0, m.h, x)", 49),
        ("store16(v, V0, m.h)", 47), ("random8(v, V0)", 20), ("x = 1 if y < 2 else 2", 3),
        ("x = y + 70000", 3), ("x = x < y and y < 3", 2),
    ],
)  # fmt: skip
def test_each_line_books_its_instructions(tmp_path, line, least):
    memory = Memory(a=i32[64], h=i16[64])
    base = cycles(tmp_path, ["pass"], 0, 1, parameters=", x, y", memory=memory)
    once = cycles(tmp_path, [line], 0, 1, parameters=", x, y", memory=memory)
    twice = cycles(tmp_path, [line, line], 0, 1, parameters=", x, y", memory=memory)
    assert least <= once - base <= least + 4
    assert twice - once == once - base


def test_only_the_branch_taken_is_booked(tmp_path):
    body = ["if x < 5:", *["    y = divide(y, 3)"] * 10, "else:", "    y = y + 1"]
    long, short = (cycles(tmp_path, body, x, 9, parameters=", x, y") for x in (0, 9))
    assert long - short >= 9 * COSTS["divide"].cycles


def test_cycles_add_up_on_the_unit_and_code_has_a_size(tmp_path):
    made = module(tmp_path, "@kernel\ndef one(v, m, x):\n    m.a[0] = x\n")
    machine = Machine(made.one, Memory(a=i32[1]))
    assert machine(1) + machine(2) == machine.unit.cycles > 0
    assert made.one.code_bytes % 4 == 0 and 8 <= made.one.code_bytes <= 64


@pytest.mark.parametrize(
    ("line", "least"),
    [
        ("x = len(m.a)", 1), ("x = 0", 1), ("x = -5", 1), ("x = -y", 1), ("x = ~y", 1), ("x = +y", 1), ("x = not y", 3),
        ("x = x < y", 3), ("x += 1", 1), ("m.a[0] = 5", 4), ("m.a[0] = len(m.a)", 4), ("m.a[0] = x < y", 6),
        ("x = y and 5", 4), ("x = y or 5", 3), ("x = y if 1 else x", 1), ("x = 1 if y else 2", 4),
        ("nothing(v, m, 5)", 7), ("nothing(v, m, x)", 7), ("nothing(v, m, 70000)", 9), ("x = give(v, m)", 7),
        ("x = early(v, m, x)", 10),
        ("x = x < 3 or y < 3", 5), ("splat8(v, V0, 5)", 5), ("x = minimum(y, 5)", 3),
        ("for i in range(0):\n        pass", 2), ("if x:\n        pass", 2),
        ("while x:\n        break", 2), ("x = a_constant", 1),
    ],
)  # fmt: skip
def test_whatever_needs_an_instruction_books_one(tmp_path, line, least):
    text = """
a_constant = 3
@subroutine
def nothing(v, m, x):
    pass
@subroutine
def give(v, m):
    return 5
@subroutine
def early(v, m, x):
    if x:
        return 70000
    return x
@kernel
def timed(v, m, x, y):
    m.a[9] = x + y
"""
    booked = []
    for count in (0, 1, 2):
        made = module(tmp_path, text + f"    {line}\n" * count)
        booked.append(Machine(made.timed, Memory(a=i32[64]))(0, 1))
    assert booked[1] - booked[0] >= least
    assert booked[2] - booked[1] >= least


def test_assumptions_are_sentences_with_the_model_s_own_numbers():
    found = assumptions()
    assert len(found) == len(set(found)) >= 10 and all("(assumed" in sentence for sentence in found)
    text = " ".join(found)
    for words in (
        f"routine takes {COSTS['entry'].cycles} cycles", "branch cache", "in SRAM runs without", f"{STACK_BYTES} bytes",
        "polynomials", f"mailbox {MAILBOX_BYTES}", f"{START_CODE_BYTES} (", "shift right of a PPU's vectors",
        "instruction cache", "stack frame",
    ):  # fmt: skip
        assert words in text
