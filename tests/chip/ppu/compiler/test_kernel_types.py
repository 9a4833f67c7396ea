"""i32 and u32 in kernels, as in C: which type a number has, what it does with it, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings

from chip.ppu import KernelError, Memory, VectorUnit, i8, i16, i32, u8, u16, u32
from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.compiler.test_kernel_expressions import NEAR, NEAR_UNSIGNED
from tests.chip.ppu.compiler.test_stepping import Twins

MEMORY = Memory(u=u32[4], s=i32[4], b=i8[4], c=u8[4], h=i16[4], w=u16[4], r=i32[16], out=u32[16])

COMPARED = """
LARGE = 0x80000000

@kernel
def compared(v, m):
    m.r[0] = m.u[0] > 5
    m.r[1] = m.u[0] >> 28 == 15
    m.r[2] = m.u[1] < 0x80000000
    for i in range(0xFFFFFFFF):
        m.r[3] = i + 1 > 0
        break
    m.r[4] = m.u[0] >= LARGE > m.u[1]
    m.r[5] = 0xF0000000 == m.u[0]
    m.r[6] = not m.u[0] < m.u[1] and m.u[0] != 0
    m.r[7] = m.u[2] <= 4294967295 and m.u[0] > 0
"""


def ran(made, integers=(), **regions):
    """Return the regions after a run that is the same compiled, stepped and by the slow twin."""
    twins = Twins(made, MEMORY)
    for one in twins.regions:
        for array in one.values():
            array[:] = 0
        for name, values in regions.items():
            one[name][: len(values)] = values
    twins.run(*integers)
    return twins.regions[0]


def test_unsigned_numbers_compare_and_count_as_such(tmp_path):
    made = module(tmp_path, COMPARED).compared
    assert ran(made, u=[0xF0000000, 7, 0xFFFFFFFF])["r"][:8].tolist() == [1] * 8


ARITHMETIC = """
@subroutine
def half(v, m, x: u32):
    return x >> 1

@subroutine
def low(v, m, x):
    return i32(half(v, m, u32(x))) - 1

@kernel
def computed(v, m, x: u32, n):
    m.out[0] = x + 1
    m.out[1] = x - 2
    m.out[2] = x * x
    m.out[3] = -x
    m.out[4] = ~x
    m.out[5] = x >> n
    m.out[6] = x << n
    m.out[7] = divide(x, 7)
    m.out[8] = half(v, m, x)
    m.out[9] = minimum(x, 5) + maximum(x, 0x90000000)
    y = 3
    y = x + y - 2
    m.out[10] = y >> 4
    total: u32 = 0
    for i in range(3):
        total = total - 1 >> 1
    m.out[11] = total
    m.out[12] = low(v, m, -2)
    m.out[13] = x if n > 3 else 7
    z: u32 = 3
    z -= 4
    m.out[14] = z > 5
    m.out[15] = u8(x) + u16(x)
    m.r[0] = i8(x)
    m.r[1] = i16(x)
    m.r[2] = i32(x) >> n
    m.r[3] = count_leading_zeros(x)
    m.r[4] = i32(x)
"""


@settings(max_examples=12)
@given(x=NEAR_UNSIGNED, n=NEAR)
def test_arithmetic_is_that_of_numpy_s_uint32(computed, x, n):
    n %= 32
    regions = ran(computed, (x, n))
    full = 2**32
    minus = 0
    for _ in range(3):
        minus = (minus - 1) % full >> 1
    expected = [x + 1, x - 2, x * x, -x, ~x, x >> n, x << n, x // 7, x >> 1, min(x, 5) + max(x, 0x90000000)]
    expected += [(x + 1) % full >> 4, minus, (2**32 - 2) // 2 - 1, x if n > 3 else 7, 1, x % 256 + x % 65536]
    assert regions["out"].tolist() == [number % full for number in expected]
    bits = np.array(x, np.uint32)
    signed = int(bits.astype(np.int32))
    assert regions["r"][:5].tolist() == [
        *(int(bits.astype(np.int8)), int(bits.astype(np.int16))),
        *(signed >> n, 32 - x.bit_length(), signed),
    ]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    return module(tmp_path_factory.mktemp("computed"), ARITHMETIC).computed


FOLDED = """
MASK = 0xFFFFFFFF

@kernel
def folded(v, m):
    m.r[0] = u32(5) - u32(3) - 4 > 5
    m.r[1] = (MASK >> 4) - 0x10000000 > 0
    m.r[2] = -u32(1) > 1
    m.r[3] = ~u32(0) == MASK
    m.r[4] = u32(-1) == MASK
    m.r[5] = i32(MASK) == -1
    m.r[6] = -2147483648 < 0
    m.out[0] = (u32(1) - 2) >> 31
    m.r[7] = i8(200) + u8(-1) == 199
"""


def test_constants_keep_their_type_when_they_are_folded(tmp_path):
    regions = ran(module(tmp_path, FOLDED).folded)
    assert regions["r"][:8].tolist() == [1] * 8 and regions["out"][0] == 1


NARROW = """
@kernel
def narrow(v, m):
    m.r[0] = m.c[0] - m.b[0]
    m.r[1] = m.w[0] + m.h[0]
    m.out[0] = m.u[0] + u32(m.c[0] + m.w[0])
    m.c[1] = m.u[0]
    m.b[1] = m.u[0]
    m.u[1] = m.s[0]
    m.s[1] = m.u[0]
    m.u[2] >>= 1
    m.s[2] >>= 1
    m.u[3] -= 1
    m.c[2] -= 1
"""


def test_small_regions_are_signed_numbers_and_stores_take_the_low_bits(tmp_path):
    given_ = dict(c=[200], b=[-56], w=[60000], h=[-60], u=[0xFFFFFFF0, 0, 0x80000000, 0], s=[-5, 0, -8])
    regions = ran(module(tmp_path, NARROW).narrow, **given_)
    assert regions["r"][:2].tolist() == [256, 59940]
    assert regions["out"][0] == (0xFFFFFFF0 + 200 + 60000) % 2**32
    assert regions["c"][:3].tolist() == [200, 0xF0, 255] and regions["b"][1] == -16
    assert regions["u"].tolist() == [0xFFFFFFF0, 2**32 - 5, 0x40000000, 0xFFFFFFFF]
    assert regions["s"][1:3].tolist() == [-16, -4]


def bound(directory, text, head=""):
    """Make a kernel of statements and bind it to regions of all types, of which it learns theirs there."""
    body = "".join(f"    {line}\n" for line in text.split("\n"))
    source = f"{head}@kernel\ndef f(v, m, x, y: u32):\n{body}"
    made = module(directory, source).f
    regions = {name: np.zeros(region.length, region.dtype) for name, region in MEMORY.items()}
    return made.bind(VectorUnit(), {name: regions[name] for name in made.regions})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("m.out[0] = y + x", r"combines a signed number with an unsigned one in y \+ x: as in C .* write u32\(...\)"),
        ("m.out[0] = m.u[0] + m.s[0]", "combines a signed number"),
        ("m.out[0] = y + (-1)", "combines the constant -1 with an unsigned one"),
        ("m.out[0] = m.u[0] & m.b[0]", "combines a signed number"),
        ("m.out[0] = y < x", "combines a signed number"),
        ("m.out[0] = x == m.u[0]", "combines a signed number"),
        ("m.out[0] = y < 0", "asks for y < 0: an unsigned number is never below 0; write i32"),
        ("m.out[0] = y >= 0", "asks for y >= 0"),
        ("m.out[0] = 0 > m.u[0]", r"asks for 0 > m.u\[0\]"),
        ("while y >= 0:\n    y -= 1", "asks for y >= 0"),
        ("m.out[0] = absolute(y)", "calls absolute, which is signed, with an unsigned number; write i32"),
        ("m.out[0] = multiply_high(y, 3)", "calls multiply_high, which is signed"),
        ("m.out[0] = minimum(y, x)", "combines a signed number"),
        ("m.out[0] = divide(x, y)", "combines a signed number"),
        ("m.out[0] = y if x > 0 else x", "is a signed or an unsigned number in y if x > 0 else x"),
        ("m.out[0] = y or x", "is a signed or an unsigned number in y or x"),
        ("z = x\nz = y", "gives a signed number to variable z, which is u32; write u32"),
        ("x = y", "gives an unsigned number to parameter x, which is i32; declare x: u32, write i32"),
        ("z: i32 = 3\nz = y", "declares z as i32, and gives it unsigned numbers elsewhere; write i32"),
        ("z = 0\nz = z + y\nz = z + x", "combines a signed number with an unsigned one in z . x"),
        ("y = x", "gives a signed number to variable y, which is u32"),
        ("y += x", "combines a signed number"),
        ("z: i32 = y", "gives an unsigned number to variable z, which is i32; write i32"),
        ("z: u32 = x", "gives a signed number to variable z, which is u32"),
        ("z: u8 = 3", "declares u8; a variable is u32 or i32"),
        ("z: float = 3", "declares float; a variable is u32 or i32"),
        ("z: u32", "declares z without a value"),
        ("for i in range(x, y):\n    m.out[0] = i", "combines a signed number"),
        ("m.out[0] = signed(v, m, y)", "gives an unsigned number to parameter n of signed, which is i32"),
        ("m.out[0] = unsigned(v, m, x)", "gives a signed number to parameter n of unsigned, which is u32"),
        ("m.out[0] = u32(x, 3)", "calls u32 with 2 arguments; it takes one number"),
        ("m.out[0] = y + m.c[0]", "combines a signed number"),
        ("m.out[0] = y < x < 3", "combines a signed number"),
    ],
)
def test_mixed_types_are_refused_where_the_kernel_gets_its_regions(tmp_path, text, words):
    head = "@subroutine\ndef signed(v, m, n):\n    return n\n@subroutine\ndef unsigned(v, m, n: u32):\n    return n\n"
    with pytest.raises(KernelError, match=words) as caught:
        bound(tmp_path, text, head)
    line = int(str(caught.value).split(".py:")[1].split(":")[0])
    assert 10 <= line <= 12 and "kernel f " in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("m.out[0] = y + 1", "m.out[0] = y & 0xFFFFFFFF", "m.out[0] = y + u32(x)", "m.r[0] = i32(y) + x"),
        *("m.out[0] = y << x", "m.r[0] = x >> i32(y)", "m.r[0] = y > 0", "m.r[0] = 0 < y", "m.r[0] = y == 0"),
        *("m.out[0] = y + u32(m.c[0])", "m.out[0] = y + (m.w[0] & 255)", "for i in range(4):\n    m.out[i] = y + i"),
        *("m.out[0] = y + (x & 7)", "m.out[x & 3] = m.s[y & 3]", "m.u[0] = x", "m.s[0] = y", "z = 3\nz = y"),
        *("z = 0\nfor i in range(4):\n    z = z + m.u[i]", "z = 0\nfor i in range(4):\n    z += m.u[i]"),
        "z = 0\nw = z + 1\nwhile w < y:\n    z = w + z\n    w = z + y",
    ],
)
def test_what_has_a_common_type_is_taken(tmp_path, text):
    bound(tmp_path, text)


@pytest.mark.parametrize(("text", "words"), [("x: u8", "declares u8"), ("x: float", "declares float")])
def test_parameters_are_u32_or_i32(tmp_path, text, words):
    with pytest.raises(KernelError, match=words):
        module(tmp_path, f"@kernel\ndef f(v, m, {text}):\n    m.a[0] = x\n")


def test_integers_of_a_call_fit_their_parameters(tmp_path):
    made = module(tmp_path, "@kernel\ndef f(v, m, x, y: u32):\n    m.out[0] = y\n    m.out[1] = x\n").f
    assert ran(made, (-1, 2**32 - 1))["out"][:2].tolist() == [2**32 - 1] * 2
    call = made.bind(VectorUnit(), {"out": np.zeros(2, np.uint32)})
    for integers, words in (
        ((2**31, 0), "got 2147483648 as x, which does not fit in 32 bits, signed"),
        ((0, -1), "got -1 as y, which does not fit in 32 bits, unsigned"),
        ((0, 2**32), "got 4294967296 as y"),
    ):
        with pytest.raises(ValueError, match=words):
            call(1000, *integers)
