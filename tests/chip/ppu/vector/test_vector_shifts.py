"""An arithmetic shift right is the vendor's sequence: a constant, its splat, a fractional multiplication."""

import numpy as np
import pytest
from numba.core import config as numba_config

from chip.ppu import (
    V0,
    V1,
    KernelError,
    VectorUnit,
    kernel,
    mul8_sat,
    mul16_sat,
    shift_left8,
    shift_right8,
    shift_right16,
    shift_right_logic16,
    splat8,
    splat16,
)
from chip.ppu.compiler.profiling import ProfiledKernel
from chip.ppu.costs import COSTS
from chip.ppu.stepping import steps
from tests.chip.ppu.compiler.sources import module
from tests.naive import vector as naive

SEQUENCE, MOVE = ("alu", "vector_splat", "vector_multiply_add"), ("vector_permute",)
# plain Python is slow, and bounds are those of registers, whatever they hold; the compiled run is exhaustive
EVERY = 29 if numba_config.DISABLE_JIT or numba_config.BOUNDSCHECK else 1


@pytest.mark.parametrize("width, amount", [(8, n) for n in range(1, 8)] + [(16, n) for n in range(1, 16)])
def test_a_shift_is_the_multiplication_by_its_fraction_on_every_number(width, amount):
    """libnux writes ``x >> n`` as the product with 1 << (width - 1 - n); there is no such byte for 0."""
    state = VectorUnit().state
    registers = (state.bytes if width == 8 else state.halfwords).view(f"u{width // 8}")
    shift, splat, multiply = (shift_right8, splat8, mul8_sat) if width == 8 else (shift_right16, splat16, mul16_sat)
    splat(state, 2, 1 << (width - 1 - amount))
    for numbers in np.arange(1 << width).reshape(-1, registers.shape[1])[::EVERY]:
        registers[0] = numbers
        shift(state, 1, 0, amount)
        multiply(state, 3, 0, 2)
        assert registers[1].tolist() == registers[3].tolist()
        assert registers[1].tolist() == [naive.shift(x, -amount, width, keep_sign=True) for x in numbers.tolist()]


def one_shift(amount):
    @kernel
    def shifted(v, m):
        shift_right8(v, V0, V1, amount)

    return shifted


def one_shift16(amount):
    @kernel
    def shifted(v, m):
        shift_right16(v, V0, V1, amount)

    return shifted


@kernel
def nothing(v, m):
    pass


@kernel
def other_shifts(v, m):
    shift_left8(v, V0, V1, 3)
    shift_right_logic16(v, V0, V1, 0)


@pytest.mark.parametrize(
    "made, instructions",
    [
        *((make(amount), SEQUENCE) for make, amount in ((one_shift, 1), (one_shift, 7), (one_shift16, 15))),
        *((make(0), MOVE) for make in (one_shift, one_shift16)),
        (other_shifts, ("vector_shift",) * 2),
    ],
)
def test_a_shift_books_its_sequence(made, instructions):
    cycles = sum(COSTS[name].cycles for name in instructions)
    assert made.bind(VectorUnit(), {})(100) == COSTS["entry"].cycles + cycles
    assert made.code_bytes - nothing.code_bytes == 4 * len(instructions)
    profiled = ProfiledKernel(made.form_for({}), VectorUnit(), [])
    profiled(100)
    booked = profiled.cycles_by_instruction()
    assert booked.pop("entry") == COSTS["entry"].cycles
    assert booked == {name: instructions.count(name) * COSTS[name].cycles for name in instructions}
    taken = list(steps(made, VectorUnit(), {}))
    assert taken[-2].cycles == taken[-1].cycles == COSTS["entry"].cycles + cycles


def test_what_a_shift_costs():
    """19 cycles and three words instead of the shift's 7 and one."""
    assert [sum(getattr(COSTS[name], what) for name in SEQUENCE) for what in ("cycles", "words")] == [19, 3]
    assert [COSTS[MOVE[0]].cycles, COSTS["vector_shift"].cycles] == [8, 7]


def test_a_step_of_several_instructions_settles_them_all(tmp_path):
    """Also where the operations around it are made of the same ones."""
    text = """
@kernel
def line(v, m, x):
    splat8(v, V0, x)
    mul8_sat(v, V1, V0, V0)
    shift_right8(v, V1, V1, 2)
    mul8_sat(v, V1, V0, V0)
    splat8(v, V0, 3)
    shift_right8(v, V1, V1, 0)
    select(v, V0, V0, V1, LESS)
"""
    made = module(tmp_path, text).line
    taken = list(steps(made, VectorUnit(), {}, -5))
    names = ["splat8", "mul8_sat", "shift_right8", "mul8_sat", "splat8", "shift_right8", "select", "return"]
    assert [(step.operation, step.cost) for step in taken[1:]] == list(
        zip(names[1:], [12, 19, 12, 7, 8, 8, 0], strict=True)
    )
    assert taken[-1].cycles == made.bind(VectorUnit(), {})(1000, -5)


@pytest.mark.parametrize("name, largest", [("shift_right8", 7), ("shift_right16", 15)])
def test_amounts_that_no_fraction_stands_for_are_refused(tmp_path, name, largest):
    for amount in (-1, largest + 1):
        with pytest.raises(KernelError, match=rf"uses {amount} as a shift amount, which must be 0..{largest}"):
            module(tmp_path, f"@kernel\ndef line(v, m):\n    {name}(v, V0, V1, {amount})\n")
