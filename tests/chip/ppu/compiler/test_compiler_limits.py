"""No limit of what is generated reaches a user: what Python reads is compiled, or a sentence names the line."""

import re

import numpy as np
import pytest
from numba.core import config as numba_config

from chip.ppu import KernelError, Memory, VectorUnit, i32
from chip.ppu.stepping import steps
from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.compiler.tasks import check_against_generator, form_of, program, regions_of

HEAD = "@kernel\ndef f(v, m, x):\n"
LONG = "n" * 300


def elifs(ways, indent="    ", assigned="m.a[0]"):
    lines = [f"if x == 0:\n{indent}{assigned} = 1000"]
    lines += [f"elif x == {n}:\n{indent}{assigned} = {n}" for n in range(1, ways + 1)]
    return "\n".join([*lines, f"else:\n{indent}{assigned} = 7"])


def nested(levels, head, assigned):
    lines = ["    " * level + head.format(level) for level in range(levels)]
    return "\n".join([*lines, "    " * levels + assigned])


def joined(operator, term, terms):
    return f" {operator} ".join([term] * terms)


STATEMENTS = {
    "elif 98": (elifs(98), 98, 98),
    "elif 99": (elifs(99), 99, 99),
    "elif 300": (elifs(300), 250, 250),
    "elif 300, the else": (elifs(300), 1000, 7),
    "if within if": (nested(96, "if x > {}:", "m.a[0] = 5"), 99, 5),
    "sum 400": (f"m.a[0] = {joined('+', 'x', 400)}", 3, 1200),
    "sum 2000 of constants": (f"m.a[0] = x + {joined('+', '1', 2000)}", 3, 2003),
    "and 400": (f"m.a[0] = {joined('and', 'x > 2', 400)}", 3, 1),
    "and 400 of numbers": (f"m.a[0] = {joined('and', 'x', 400)}", 3, 3),
    "chain 400": (f"m.a[0] = {joined('<=', 'x', 400)}", 3, 1),
    "parentheses": (f"m.a[0] = {'x + (' * 190}x{')' * 190}", 1, 191),
    "minus 400": (f"m.a[0] = {'-' * 400}x", 3, 3),
    "not 400": (f"m.a[0] = {'not ' * 400}x", 3, 1),
    "conditional 400": (f"m.a[0] = {'x if x > 1 else ' * 400}9", 0, 9),
    "index of index": (f"m.a[0] = {'m.a[' * 90}x{']' * 90}", 0, 0),
    "call of call": (f"m.a[0] = {'saturate8(' * 190}x{')' * 190}", 1000, 127),
    "long name": (f"{LONG} = x\nm.a[0] = {LONG} + 1", 3, 4),
}


def stepped(made, x):
    """Return what a kernel does with a number, step by step, which compiles nothing."""
    regions = {"a": np.zeros(4, np.int32)}
    taken = list(steps(made, VectorUnit(), regions, x))
    assert taken[-1].operation == "return"
    return regions["a"][0], taken[-1].cycles


def indented(text):
    return "".join(f"    {line}\n" for line in text.split("\n"))


@pytest.mark.parametrize("name", STATEMENTS)
def test_kernels_that_are_long_or_deep(tmp_path, name):
    text, x, expected = STATEMENTS[name]
    made = module(tmp_path, HEAD + indented(text)).f
    assert stepped(made, x)[0] == expected
    compile(made.form(frozenset()).text, "the generated text", "exec")


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
@pytest.mark.parametrize("name", ["elif 99", "if within if", "and 400", "minus 400"])
def test_their_machine_code_is_the_same(tmp_path, name):
    text, x, expected = STATEMENTS[name]
    made = module(tmp_path, HEAD + indented(text)).f
    region = np.zeros(4, np.int32)
    cycles = made.bind(VectorUnit(), {"a": region})(1_000_000, x)
    assert region[0] == expected and cycles == stepped(made, x)[1]


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
def test_loops_within_each_other_do_not_compile_for_minutes(tmp_path):
    text = HEAD + "    m.a[0] = 0\n" + indented(nested(8, "for i{} in range(2):", "m.a[0] = m.a[0] + x"))
    region = np.zeros(4, np.int32)
    module(tmp_path, text).f.bind(VectorUnit(), {"a": region})(1_000_000, 3)
    assert region[0] == 3 * 2**8


def test_as_many_loops_within_each_other_as_python_has(tmp_path):
    made = module(tmp_path, HEAD + indented(nested(20, "for i{} in range(1):", "m.a[0] = x"))).f
    assert stepped(made, 3)[0] == 3
    compile(made.form(frozenset()).text, "the generated text", "exec")


def test_5000_statements(tmp_path):
    assert stepped(module(tmp_path, HEAD + "    m.a[0] = m.a[0] + x\n" * 5000).f, 2)[0] == 10_000


@pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="there is no machine code")
@pytest.mark.parametrize("letters", [100, 300])
def test_long_names(tmp_path, letters):
    name = "k" * letters
    text = f"""
@subroutine
def sub_{name}(v, m, x_{name}):
    m.a_{name}[1] = x_{name}
    return x_{name} + 1

@kernel
def f_{name}(v, m, y_{name}):
    z_{name} = sub_{name}(v, m, y_{name})
    m.a_{name}[0] = z_{name}
"""
    made = getattr(module(tmp_path, text), f"f_{name}")
    region = np.zeros(4, np.int32)
    made.bind(VectorUnit(), {f"a_{name}": region})(1000, 3)
    assert region[:2].tolist() == [4, 3]
    assert Memory(**{f"a_{name}": i32[4]})[f"a_{name}"].length == 4


@pytest.mark.parametrize("where", ["m.a[0] = {}", "m.a[{}] = 1", "while {}:\n    break", "return {}"])
def test_what_nests_too_deeply_is_refused_in_a_sentence(tmp_path, where):
    """Branches within each other, which Python writes in fewer levels than the generated text needs."""
    deep = "(m.a[x] and 1 + " * 120 + "x" + ")" * 120
    kind, tail = (
        ("subroutine", "@kernel\ndef g(v, m, x):\n    m.a[1] = f(v, m, x)\n") if "return" in where else ("kernel", "")
    )
    with pytest.raises(KernelError, match=f":3: {kind} f nests too deeply to be compiled: break up its longest"):
        module(tmp_path, f"@{kind}\ndef f(v, m, x):\n{indented(where.format(deep))}{tail}")


WORD = "ppu.word('s')"
TASKS = {
    "elif 99": "x = ppu.word('s')\n" + elifs(99, assigned="y") + "\nyield ppu.wait(y)",
    "elif 300": "x = ppu.word('s')\n" + elifs(300, assigned="y") + "\nyield ppu.wait(y)",
    "elif 300 that wait": "x = ppu.word('s')\n" + re.sub(r"y = (\d+)", r"yield ppu.wait(\1)", elifs(300, assigned="y")),
    "if within if": "x = ppu.word('s') + 100\ny = 0\n" + nested(90, "if x > {}:", "y = 1") + "\nyield ppu.wait(y)",
    "if within if that waits": "x = ppu.word('s') + 100\n" + nested(90, "if x > {}:", "yield ppu.wait(1)"),
    "for within for": "x = ppu.word('s')\n" + nested(20, "for i{} in range(x - 2):", "yield ppu.wait(1)"),
    "sum 2000": f"x = ppu.word('s')\nyield ppu.wait({joined('+', 'x', 2000)})",
    "sum 400 of words": f"yield ppu.wait({joined('+', WORD, 400)})",
    "sum 2000 of what is known": f"yield ppu.wait({joined('+', 'self.count', 2000)})",
    "and 400": f"x = ppu.word('s')\ny = {joined('and', 'x > 2', 400)}\nyield ppu.wait(y)",
    "and 400 of words": f"y = {joined('and', WORD, 400)}\nyield ppu.wait(y)",
    "not 400": f"x = ppu.word('s')\ny = {'not ' * 400}x\nyield ppu.wait(y)",
    "conditional 400": f"x = ppu.word('s')\ny = {'x if x > 4 else ' * 400}9\nyield ppu.wait(y)",
    "5000 statements": "x = ppu.word('s')\ny = 0\n" + "y = y + 1\n" * 5000 + "yield ppu.wait(y)",
    "2000 operations": "x = ppu.word('s')\n" + "yield ppu.wait(x)\n" * 2000,
    "long name": f"{LONG} = ppu.word('s')\nyield ppu.wait({LONG})",
}


@pytest.mark.parametrize("name", TASKS)
def test_tasks_that_are_long_or_deep(tmp_path, name):
    made = program(tmp_path, TASKS[name].rstrip("\n") + "\nreturn 0", "count = 3")
    check_against_generator(made, regions_of(made, s=[3]))


def test_long_names_of_tasks(tmp_path):
    name = "k" * 300
    attributes = f"def {name}(self, ppu, {name}):\n    yield ppu.wait({name})"
    made = program(tmp_path, f"x = ppu.word('s')\nyield from self.{name}(ppu, x)\nreturn 0", attributes)
    type(made).name = "the name of a program with blanks and ümlauts " * 9
    check_against_generator(made, regions_of(made, s=[3]))
    assert form_of(made).function_name.isidentifier() and len(form_of(made).function_name) < 60


CONSTANTS = """
import enum
from types import SimpleNamespace


class Mode(enum.IntEnum):
    OFF = 0
    FAST = 3


class Flags(enum.IntFlag):
    A = 1
    B = 4


class Sizes:
    rows = 5
    inner = SimpleNamespace(count=7)


settings = SimpleNamespace(count=11, mode=Mode.FAST)

@kernel
def f(v, m, x):
    m.a[0] = Mode.FAST + Flags.B + Sizes.rows
    m.a[1] = settings.count * Sizes.inner.count if settings.mode == Mode.FAST else 0
    if Mode.OFF:
        m.missing[0] = 1
    for i in range(settings.mode):
        m.a[2] = m.a[2] + i
    m.a[3] = x + settings.mode
"""


def test_constants_in_enumerations_classes_and_objects(tmp_path):
    made = module(tmp_path, CONSTANTS).f
    assert made.regions == ("a",)
    regions = {"a": np.zeros(4, np.int32)}
    list(steps(made, VectorUnit(), regions, 1))
    assert regions["a"].tolist() == [12, 77, 3, 4]


@pytest.mark.parametrize(
    ("name", "words"),
    [("settings.missing", "unknown name settings.missing"), ("settings", "there are integers only"), ("Mode", "Mode")],
)
def test_what_is_no_number_of_an_object_is_refused(tmp_path, name, words):
    with pytest.raises(KernelError, match=words):
        module(tmp_path, CONSTANTS.replace("x + settings.mode", f"x + {name}"))
