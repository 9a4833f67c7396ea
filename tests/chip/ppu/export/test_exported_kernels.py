"""Kernels that are awkward in C: names that C has taken, bounds that a loop changes, faults, all registers in use."""

import subprocess

import numpy as np
import pytest

from chip.base.errors import MachineFault
from chip.ppu import i32, u8
from chip.ppu.export.calls import Sequel, calls_of, left_by
from chip.ppu.export.errors import ExportError
from chip.ppu.export.program import ExportedProgram
from chip.ppu.memory import Memory
from chip.testing.code.loading import kernel_from_text
from tests.chip.ppu.export.qemu import QEMU, build, needs_powerpc, run

NAMES = """
from chip.ppu import *

@subroutine
def minimum_unsigned(v, m, register: u32, t1):
    return t1 + i32(register >> 1)

@kernel
def main(v, m, int_, volatile):
    short = 0
    for n in range(int_):
        short_ = minimum_unsigned(v, m, u32(n & 7), volatile)
        n_ = short_ + n
        short += n_
        m.int[n & 3] = short
    t1 = short * 3
    t1_ = t1 - 1
    m.m[5] = t1_
    m.offsetof[0] = t1
"""
LOOPS = """
from chip.ppu import *

@kernel
def loops(v, m, stop, x):
    at = 0
    for i in range(stop):
        stop -= 1
        at += i
    i = 7
    for i in range(stop, i):
        at += i
    at += i
    for k in range(x, x - 6, -2):
        for k in range(k, k + 2):
            at += k * 3
        at ^= k
    for far in range(2147483646, 2147483647, 1073741824):
        at += far >> 20
    m.out[0] = at
    m.out[1] = i
"""
DIVISIONS = """
from chip.ppu import *

@kernel
def divisions(v, m, a, b, c: u32, d: u32):
    m.out[0] = divide(a, b)
    m.out[1] = remainder(a, b)
    m.out[2] = i32(divide(c, d))
    m.out[3] = i32(remainder(c, d))
    m.out[4] = remainder(a & 255, 7) * remainder(a, 10)
    m.out[5] = divide(a, -1) + remainder(a, -1)
"""
FAULTS = """
from chip.ppu import *

@kernel
def faults(v, m, index, divisor):
    m.out[0] = 9
    m.out[1] = divide(100, divisor)
    load8(v, V0, m.bytes, index)
    store8(v, V0, m.bytes)
"""
LEFT = "\n".join(["from chip.ppu import *", "@kernel", "def full(v, m):"])
LEFT += "".join(f"\n    splat8(v, V{number}, {number})" for number in range(32))
NO_REGISTER = f"{LEFT}\n    shift_right8(v, V0, V1, 3)\n"


def program_of(text, **memory):
    return ExportedProgram("awkward", Memory(**memory), [kernel_from_text(text)])


def sequel_of(program, *integers):
    rng = np.random.default_rng(3)
    regions = {
        name: rng.integers(np.iinfo(region.dtype).min, np.iinfo(region.dtype).max, region.length, region.dtype)
        for name, region in program.memory.items()
    }
    return Sequel(0, ((0, integers),), regions)


@needs_powerpc
@pytest.mark.parametrize(
    "text, memory, calls",
    [
        (NAMES, {"int": i32[4], "m": i32[8], "offsetof": i32[1]}, [(9, -4), (0, 5)]),
        (LOOPS, {"out": i32[2]}, [(10, 3), (-1, -20), (6, 2147483600)]),
        (DIVISIONS, {"out": i32[6]}, [(-7, 3, 2**32 - 7, 3), (-(2**31), -1, 5, 2**31), (7, -3, 2**31, 2**32 - 1)]),
    ],
    ids=["names", "loops", "divisions"],
)
def test_awkward_kernels_leave_the_same_bytes(tmp_path, text, memory, calls):
    program = program_of(text, **memory)
    sequels = [sequel_of(program, *integers) for integers in calls]
    left = run(build(tmp_path, [program]), calls_of([program], sequels))
    assert left == b"".join(left_by([program], sequel) for sequel in sequels)


@needs_powerpc
def test_with_checks_it_faults_where_the_simulation_faults(tmp_path):
    program = program_of(FAULTS, out=i32[2], bytes=u8[256])
    firmware = build(tmp_path, [program], "-DPPU_CHECK", "-O1")
    for integers, fault in (
        ((1, 3), ""),
        ((2, 3), "reached for vector 2"),
        ((-1, 3), "vector -1"),
        ((1, 0), "by zero"),
    ):
        sequel = sequel_of(program, *integers)
        done = subprocess.run([QEMU, firmware], input=calls_of([program], [sequel]), capture_output=True, timeout=60)
        if not fault:
            assert (done.returncode, done.stdout) == (0, left_by([program], sequel))
            continue
        with pytest.raises(MachineFault, match=fault) as raised:
            left_by([program], sequel)
        number = program.kernels[0].form.sites.index(raised.value.site)
        assert done.returncode == 2 and f"fault at site {number}:" in done.stderr.decode()


def test_a_shift_needs_a_register_that_is_free():
    program = program_of(NO_REGISTER, out=i32[1])
    with pytest.raises(
        ExportError, match="kernel full of program awkward names all 32 vector registers.*leave a regis"
    ):
        program.text()
    assert (
        "fxv_mulbfs(V0, V1, V31, ALWAYS)"
        in program_of(NO_REGISTER.replace("    splat8(v, V31, 31)\n", ""), out=i32[1]).text()
    )
