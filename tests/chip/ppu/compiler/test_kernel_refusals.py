"""What the kernel compiler refuses, with file and line, while it reads and while it binds."""

import numpy as np
import pytest
from numba.core import config as numba_config

from chip.ppu import KernelError, Memory, VectorUnit, i8, i16, i32
from chip.ppu.stepping import steps
from tests.chip.ppu.compiler.sources import Machine, module


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x = 1.5", "float 1.5"),
        ("x = x / 2", "use divide"),
        ("x = x // 2", "rounds down"),
        ("x = x % 2", "uses %"),
        ("x = x ** 2", r"uses \*\*"),
        ("x = [1, 2]", "makes a list"),
        ("x = (1, 2)", "makes a tuple"),
        ("x = {}", "makes a dict"),
        ("x = [i for i in range(3)]", "comprehension"),
        ("x = lambda y: y", "lambda"),
        ("x = 'text'", "string"),
        ("x = f'{x}'", "string"),
        ("x = np.zeros(3)", "calls np.zeros"),
        ("x = TABLE[x]", "global array TABLE"),
        ("x = TABLE", "global array TABLE"),
        ("x = LIST[x]", "global array LIST"),
        ("x = RATE", "float RATE"),
        ("x = missing", "unknown name missing"),
        ("x = missing(3)", "calls missing"),
        ("x = max(x, 3)", "use maximum"),
        ("x = abs(x)", "use absolute"),
        ("x = int(x)", "an integer already"),
        ("print(x)", "write to a region"),
        ("x = bad(v, m, x)", "calls itself"),
        ("x = other(v, m)", "only a @subroutine"),
        ("x = helper(v, m)", "with 2 arguments; it takes 3"),
        ("x = helper(m, v, x)", "without v as argument 1"),
        ("x = nothing(v, m)", "which has none"),
        ("x = m.a", "as a value"),
        ("x = m", "as a value"),
        ("x = m.a[0:2]", "slice"),
        ("x = m.a[-1]", "indices begin at 0"),
        ("x = m.a[0].real", "unknown name"),
        ("x.y = 3", "assigns to x.y"),
        ("x, y = 1, 2", "tuple"),
        ("x = y = 3", "several names"),
        ("v = 3", "assigns to v"),
        ("x = y", "unknown name y"),
        ("if x:\n        y = 1\n    x = y", "before it has a value"),
        ("for i in range(x):\n        y = 1\n    x = y", "before it has a value"),
        ("x + 1", "does nothing with it"),
        ("try:\n        x = 1\n    except ValueError:\n        x = 2", "uses try"),
        ("with x:\n        x = 1", "uses with"),
        ("raise ValueError", "raises"),
        ("assert x", "uses assert"),
        ("import os", "imports"),
        ("global z", "uses global"),
        ("yield x", "yields"),
        ("def f():\n        pass", "defines a function"),
        ("for i in m.a:\n        x = i", "loop over range"),
        ("for i in range(0, 5, x):\n        x = i", "step"),
        ("for i in range(3):\n        x = i\n    else:\n        x = 1", "else after a loop"),
        ("while x:\n        x = 0\n    else:\n        x = 1", "else after a loop"),
        ("return x", "returns a value; a kernel writes"),
        ("x = 1 << 32", "shifts by 32"),
        ("x = 4294967296", "does not fit in 32 bits"),
        ("x = x is None", "uses x is None"),
        ("x = saturate8(x, 3)", "with 2 arguments; it takes 1"),
        ("x = saturate8(x=3)", "keyword"),
        ("add8_sat(v, V0, V1)", "takes 4 to 5"),
        ("add8_sat(m, V0, V1, V2)", "without v"),
        ("add8_sat(v, x, V1, V2)", "uses its variable x as a vector register; write V0 to V31 for the register; for a"),
        ("add8_sat(v, V0, x + 1, V2)", r"uses x \+ 1 as a vector register; write V0 to V31"),
        (
            "add8_sat(v, V0, V0, 3)",
            "uses the number 3 as a vector register; write V3 for the register; for the number 3 ",
        ),
        (
            "add8_sat(v, V0, V0, THREE)",
            "number 3 as a vector register; write V3 for the register; for the number 3 splat",
        ),
        ("add8_sat(v, V0, V0, -3)", "uses the number -3 as a vector register; write V0 to V31 for the register"),
        ("add8_sat(v, 32, V1, V2)", "uses the number 32 as a vector register; write V0 to V31 for the register"),
        ("add8_sat(v, V0, V1, GREATER)", "uses GREATER as a vector register; write V0 to V31"),
        ("add8_sat(v, V0, V1, m.a)", "uses the region m.a as a value"),
        ("add8_sat(v, V0, V1, m.a[0])", r"uses m.a\[0\] as a vector register; .* for a number splat it"),
        ("add8_sat(v, V0, V1, V1 + 1)", "uses the vector register V1 as a number; store it to a region"),
        ("add8_sat(v, V0, V1, RATE)", "float RATE"),
        ("V0 = 1\n    add8_sat(v, V0, V1, V2)", "uses its variable V0 as a vector register"),
        ("add8_sat(v, V0, V1, V2, 1)", "uses the number 1 as a condition; write GREATER"),
        ("add8_sat(v, V0, V1, V2, 4)", "uses the number 4 as a condition; write ALWAYS, GREATER, LESS or EQUAL"),
        ("add8_sat(v, V0, V1, V2, V3)", "uses V3 as a condition; write ALWAYS"),
        ("add8_sat(v, V0, V1, V2, x)", "uses its variable x as a condition; write ALWAYS"),
        ("m.a[0] = V1 + 1", "uses the vector register V1 as a number; store it to a region and read an element"),
        ("x = V1", "uses the vector register V1 as a number"),
        ("x = GREATER", "uses the condition GREATER as a number; it can only stand last"),
        ("if x == LESS:\n        x = 1", "uses the condition LESS as a number"),
        ("splat8(v, V0, V1)", "uses the vector register V1 as a number"),
        ("shift_left8(v, V0, V1, V2)", "uses the vector register V2 as a number"),
        ("load8(v, V0, m.a, V1)", "uses the vector register V1 as a number"),
        ("x = helper(v, m, V1)", "uses the vector register V1 as a number"),
        ("x = saturate8(V1)", "uses the vector register V1 as a number"),
        ("for i in range(V1):\n        x = i", "uses the vector register V1 as a number"),
        ("x = m.a[V1]", "uses the vector register V1 as a number"),
        ("shift_left8(v, V0, V1, 8)", "must be 0..7"),
        ("load8(v, V0, TABLE)", "global array TABLE"),
        ("load8(v, V0, x)", "needs a region such as m.weights"),
        ("x = load8(v, V0, m.a)", "which has none"),
        ("x = (y := 3)", ":="),
        ("x = x and load8(v, V0, m.a)", "which has none"),
        ("if load8(v, V0, m.a):\n        x = 1", "which has none"),
    ],
)
def test_refusals_name_line_and_reason(tmp_path, line, words):
    text = f"""
import numpy as np
TABLE, LIST, RATE, THREE = np.zeros(4), [1, 2], 0.5, 3
@kernel
def other(v, m):
    pass
@subroutine
def helper(v, m, x):
    return x
@subroutine
def nothing(v, m):
    pass
@kernel
def bad(v, m, x):
    x = 1
    {line}
"""
    with pytest.raises(KernelError, match=words) as caught:
        module(tmp_path, text)
    message = str(caught.value)
    number = int(message.split(".py:")[1].split(":")[0])
    assert 13 <= number <= 19 and "kernel bad " in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@kernel\ndef f(v):\n    pass", "needs at least the parameters"),
        ("@kernel\ndef f(v, m, *x):\n    pass", "plain positional"),
        ("@kernel\ndef f(v, m, x=1):\n    pass", "plain positional"),
        ("@subroutine\ndef f(v, m, x):\n    if x:\n        return 1", "none at its end"),
        ("@subroutine\ndef f(v, m, x):\n    if x:\n        return\n    return 1", "none here"),
        ("f = kernel(lambda v, m: 0)", "not a plain function"),
        ("def make():\n    @subroutine\n    def f(v, m):\n        f(v, m)\nmake()", "f calls itself"),
    ],
)
def test_routines_that_are_not_kernels(tmp_path, text, words):
    with pytest.raises(KernelError, match=words):
        module(tmp_path, text)


def test_regions_are_checked_when_a_kernel_is_bound(tmp_path):
    made = module(tmp_path, "@kernel\ndef f(v, m):\n    m.a[8] = 1\n    load16(v, V0, m.h, 1)\n")
    good = dict(a=i32[9], h=i16[128])
    Machine(made.f, Memory(**good))()
    for change, words in (
        (dict(a=i32[8]), r"element 8 of region a, which has 8"),
        (dict(h=i16[127]), r"load16 reaches element 127 of region h, which has 127"),
        (dict(h=i8[128]), "moves elements of 2 bytes, region h has 1"),
    ):
        with pytest.raises(KernelError, match=words):
            Machine(made.f, Memory(**(good | change)))
    with pytest.raises(KernelError, match="uses region a; the program's regions are: h"):
        Machine(made.f, Memory(h=i16[128]))


def test_a_constant_condition_leaves_the_other_way_out(tmp_path):
    made = module(tmp_path, "DEBUG = 0\n@kernel\ndef f(v, m):\n    if DEBUG:\n        m.log[0] = 1\n    m.a[0] = 2\n")
    assert made.f.regions == ("a",)


def test_the_generated_text_shows_the_source(tmp_path):
    made = module(tmp_path, "@kernel\ndef f(v, m):\n    m.a[0] = 2  # why\n")
    assert "# +2: m.a[0] = 2  # why" in made.f.text
    if not numba_config.DISABLE_JIT:
        assert made.f.form(None).function.signatures == []


HALF = "from chip.ppu import *\n@kernel\ndef half(v, m):\n    for i in range(4):\n        m.a[i] = m.a[i] >> 1\n"
LOCKED = np.arange(4, dtype=np.int32)
LOCKED.setflags(write=False)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (
            np.array([5.5, -7.9, 1e12, np.nan]),
            r"as float64\[4\]; give a one-dimensional array of integers of 8, 16 or 32",
        ),
        (np.zeros(4, np.float32), r"as float32\[4\]; give a one-dim"),
        (np.arange(4), r"as int64\[4\]; give a one-dim"),
        (np.arange(4, dtype=np.uint64), r"as uint64\[4\]; give a one-dim"),
        (np.ones(4, bool), r"as bool\[4\]; give a one-dim"),
        (np.zeros(4, ">i4"), r"as >i4\[4\]; give a one-dim"),
        (np.zeros(4, object), r"as object\[4\]; give a one-dim"),
        (np.zeros((4, 4), np.int32), r"as int32\[4, 4\]; give a one-dim"),
        (np.int32(3), "as np.int32(3); give a one-dim"),
        ([1, 2, 3, 4], r"as \[1, 2, 3, 4\]; give a one-dim"),
        (np.zeros(8, np.int32)[::2], r"as int32\[4\] whose elements do not lie side by side; give a copy of it"),
        (
            np.zeros(17, np.uint8)[1:].view(np.int32),
            r"as int32\[4\] whose elements do not lie side by side; give a copy",
        ),
        (LOCKED, r"as int32\[4\], which cannot be written; give a copy of it"),
    ],
)
def test_what_is_no_region_is_not_bound(tmp_path, region, said):
    half = module(tmp_path, HALF).half
    for use in (lambda: half.bind(VectorUnit(), {"a": region}), lambda: next(steps(half, VectorUnit(), {"a": region}))):
        with pytest.raises(KernelError, match=rf":3: kernel half gets region a {said}".replace("(3)", r"\(3\)")):
            use()


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_what_is_one_is(tmp_path, kind):
    region = np.arange(8).astype(kind)[2:6]
    module(tmp_path, HALF).half.bind(VectorUnit(), {"a": region})(1_000)
    assert region.tolist() == [1, 1, 2, 2]


def test_a_kernel_is_bound_to_a_vector_unit(tmp_path):
    with pytest.raises(TypeError, match=r"kernel half is bound to \{\}; give it a VectorUnit"):
        module(tmp_path, HALF).half.bind({}, VectorUnit())
