"""The kernel compiler: what it computes, books, refuses and stops."""

import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import chip
from chip.base.errors import MachineFault
from chip.ppu import Memory, i8, i16, i32, u8, u16, u32
from tests.chip.ppu.compiler.sources import INT32, Machine, module, signed


def truncated(a, b):
    """Return a / b towards zero."""
    return signed(int(np.sign(a)) * int(np.sign(b)) * (abs(a) // abs(b)))


@pytest.fixture(scope="module")
def scalars(tmp_path_factory):
    text = """
        @kernel
        def scalars(v, m, a, b):
            m.out[0] = divide(a, b)
            m.out[1] = a << b
            m.out[2] = a >> b
            m.out[3] = a < b
            m.out[4] = 0 <= a < 10
            m.out[5] = not a
            m.out[6] = +a
            m.out[7] = (a + b) >> 1
            m.out[8] = (a - b) >> 1
            m.out[9] = (a * b) >> 3
            m.out[10] = (-a) >> 1
            m.out[11] = (a << 3) >> 1
            m.out[12] = a + 1 < b
            m.out[13] = remainder(a, b)
    """
    return Machine(module(tmp_path_factory.mktemp("scalars"), text).scalars, Memory(out=i32[14]))


@settings(max_examples=60, deadline=None)
@given(a=INT32, b=INT32.filter(bool))
def test_division_shifts_and_comparisons(scalars, a, b):
    scalars(a, b)
    amount = b % 64
    wanted = [truncated(a, b), signed(a << amount) if amount < 32 else 0, a >> amount]
    wanted += [int(a < b), int(a in range(10)), int(a == 0), a]
    wanted += [signed(x) >> shift for x, shift in ((a + b, 1), (a - b, 1), (a * b, 3), (-a, 1), (a << 3, 1))]
    wanted += [int(signed(a + 1) < b), a - b * truncated(a, b) if b != -1 else 0]
    assert scalars.regions["out"].tolist() == wanted


def test_loads_extend_and_stores_keep_the_low_bits(tmp_path):
    names = ["u8", "i8", "u16", "i16", "u32", "i32"]
    lines = ["m.{n}[0] = x", "m.{n}[1] = x", "m.{n}[1] += 1", "m.out[{i}] = m.{n}[0]"]
    body = "".join(f"    {line.format(n=n, i=i)}\n" for i, n in enumerate(names) for line in lines)
    kernel = module(tmp_path, f"@kernel\ndef move(v, m, x):\n{body}").move
    memory = Memory(u8=u8[2], i8=i8[2], u16=u16[2], i16=i16[2], u32=u32[2], i32=i32[2], out=i32[6])
    machine = Machine(kernel, memory)
    for x in (0, 1, -1, 127, 128, 255, 256, 32767, 32768, 65535, -32769, 2**31 - 1, -(2**31)):
        machine(x)
        for i, name in enumerate(names):
            kept = np.array([x, x + 1], np.int64).astype(machine.regions[name].dtype)
            assert machine.regions[name].tolist() == kept.tolist()
            assert machine.regions["out"][i] == signed(int(kept[0]))


# ------------------------------------------------------------------ control flow, against the same text in Python
PROGRAM = """
{decorator}
def program(v, m, n, seed):
    '''Loops, branches and jumps of every kind.'''
    x: int = seed
    total = 0
    for i in range(n):
        x = (x * 5 + 7) & 1023
        if x < 100:
            continue
        elif x > 1000 or m.a[i & 7] > 50 and x & 1:
            total += 3
            break
        else:
            m.a[x & 7] += i
            total ^= x if x & 2 else -x
        for j in range(10, 0, -3):
            while j > 4:
                j -= 2
                if j == 5:
                    total += 1
                    break
            total = total + j
    for k in range(3):
        last = k * 2
    for _ in range(2):
        total += last
    if m.a[0] and not m.a[1] == 7:
        m.a[7] = total
    m.a[6] = len(m.a)
    if total < 0:
        return
    m.a[5] = total if 0 < total <= 5000 else -1
"""


def test_control_flow_equals_python(tmp_path):
    names = {}
    exec(PROGRAM.format(decorator=""), names)
    machine = Machine(module(tmp_path, PROGRAM.format(decorator="@kernel")).program, Memory(a=i32[8]))
    outcomes = set()
    for n in (0, 1, 5, 40):
        for seed in range(60):
            regions = types.SimpleNamespace(a=[seed, 1, 0, 0, 0, 0, 0, 0])
            names["program"](None, regions, n, seed)
            machine.regions["a"][:] = [seed, 1, 0, 0, 0, 0, 0, 0]
            machine(n, seed)
            assert machine.regions["a"].tolist() == regions.a
            outcomes.add(regions.a[5])
    assert len(outcomes) > 20


def test_subroutines_return_nest_and_share_regions(tmp_path):
    text = """
        def make(size):
            @subroutine
            def square(v, m, x):
                m.calls[0] += 1
                return x * x
            @subroutine
            def put(v, m, i, x):
                if i >= size:
                    return
                m.out[i] = square(v, m, x) + square(v, m, x + 1)
            @kernel
            def fill(v, m, n):
                for i in range(n):
                    put(v, m, i, i - 2)
            return fill
        four, two = make(4), make(2)
    """
    made = module(tmp_path, text)
    memory = Memory(out=i16[4], calls=u8[1])
    machine = Machine(made.four, memory)
    machine(6)
    assert machine.regions["out"].tolist() == [5, 1, 1, 5]
    assert machine.regions["calls"].tolist() == [8]
    machine = Machine(made.two, memory)
    machine(6)
    assert machine.regions["out"].tolist() == [5, 1, 0, 0]
    assert set(made.four.regions) == {"out", "calls"}
    assert "square" in repr([r.name for r in made.four.code_sizes])


# ------------------------------------------------------------------ faults
FAULTS = """
@subroutine
def read(v, m, i):
    return m.a[i]

@kernel
def faulty(v, m, what, x):
    m.a[0] = 1
    if what == 0:
        m.a[1] = m.a[x]
    if what == 1:
        m.a[x] = 1
    if what == 2:
        m.a[1] = divide(5, x)
    if what == 3:
        m.a[1] = read(v, m, x)
    if what == 4:
        load8(v, V0, m.b, x)
    if what == 5:
        store8(v, V0, m.b, x)
    if what == 6:
        while x == 0:
            m.a[1] += 1
    if what == 7:
        m.a[x] += 1
    if what == 8:
        load16(v, V0, m.h, x)
    if what == 9:
        store16(v, V0, m.h, x)
    m.a[2] = 1
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    return Machine(module(tmp_path_factory.mktemp("faults"), FAULTS).faulty, Memory(a=i32[8], b=u8[256], h=i16[64]))


@pytest.mark.parametrize(
    ("what", "x", "line", "words"),
    [
        (0, 8, 11, "kernel faulty reached for element 8 of region a, which has 8"),
        (0, -1, 11, "element -1 of region a"),
        (1, 2**31 - 1, 13, "element 2147483647 of region a"),
        (2, 0, 15, "divided by zero"),
        (3, 9, 5, "kernel faulty, subroutine read, reached for element 9"),
        (4, 2, 19, "vector 2 of region b, which has 2"),
        (5, -1, 21, "vector -1 of region b"),
        (6, 0, 23, "the watchdog's limit is 100000"),
        # a negative index never counts from the end
        (0, -8, 11, "element -8 of region a"),
        (0, -(2**31), 11, "element -2147483648 of region a"),
        (1, -1, 13, "element -1 of region a, which has 8"),
        (1, -8, 13, "element -8 of region a"),
        (3, -1, 5, "subroutine read, reached for element -1"),
        (4, -1, 19, "vector -1 of region b, which has 2"),
        (4, -(2**31), 19, "vector -2147483648 of region b"),
        (7, -1, 26, "element -1 of region a"),
        (8, -1, 28, "vector -1 of region h, which has 1"),
        (9, -1, 30, "vector -1 of region h, which has 1"),
    ],
)
def test_faults_stop_the_kernel_and_name_the_line(faulty, what, x, line, words):
    faulty.regions["a"][:] = 0
    before = faulty.unit.cycles
    with pytest.raises(MachineFault, match=words) as caught:
        faulty(what, x, limit=100_000)
    assert f".py:{line}: " in str(caught.value)
    assert faulty.regions["a"][0] == 1 and faulty.regions["a"][2] == 0
    assert faulty.unit.cycles - before == caught.value.cycles > 0
    assert faulty.regions["a"].tolist()[3:] == [0] * 5
    assert faulty.regions["b"].tolist() == [0] * 256 and not faulty.regions["h"].any()


def test_in_bounds_the_same_lines_run(faulty):
    for what, x in ((0, 7), (1, 0), (2, 3), (3, 7), (4, 1), (5, 0), (6, 1), (7, 7), (8, 0), (9, 0)):
        faulty(what, x)
        assert faulty.regions["a"][2] == 1


def test_parameters_are_checked(faulty):
    with pytest.raises(ValueError, match=r"takes 2 integers \(what, x\), not 1"):
        faulty(0)
    with pytest.raises(ValueError, match="2147483648 as x, which does not fit in 32 bits, signed"):
        faulty(0, 2**31)
    with pytest.raises(TypeError, match=r"takes integers \(what, x\), not \(0, 1.5\)"):
        faulty(0, 1.5)
    with pytest.raises(TypeError, match="bind it"):
        faulty.kernel.kernel(None, None)


SAME = """
import hashlib, sys
import numpy as np
sys.path.insert(0, {project!r})
from chip.ppu import *

@subroutine
def mix(v, m, x):
    return (x * 1103515245 + 12345) ^ (x >> 3)

@kernel
def same(v, m, n):
    x = n
    for i in range(n):
        x = mix(v, m, x)
        m.words[i & 63] += x
        splat16(v, V1, x)
        random8(v, V2)
        mac16_sat(v, V3, V1, V2)
        mac_to_accumulator16_sat(v, V1, V2)
        compare16(v, V3)
        sub8_sat(v, V4, V3, V2, GREATER)
        pack_upper(v, V5, V4, V1)
        unpack_right(v, V6, V5, V2)
        store16(v, V6, m.halfwords, i & 1)

memory = Memory(words=u16[64], halfwords=i16[128])
unit, sram = VectorUnit(5), np.zeros(16384, np.uint8)
cycles = same.bind(unit, link(memory, [same]).views(sram))(10**6, 37)
state = sram.tobytes() + b"".join(unit.snapshot()[name].tobytes() for name in sorted(unit.snapshot()))
print(cycles, hashlib.sha256(state).hexdigest())
"""


def test_compiled_and_plain_python_agree_in_bytes_and_cycles(tmp_path):
    script = tmp_path / "same.py"
    script.write_text(SAME.format(project=str(Path(chip.__file__).parent.parent)))
    outputs = []
    for disabled in "01":
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1] != ""
