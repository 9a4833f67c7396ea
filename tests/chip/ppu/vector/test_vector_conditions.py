"""Operations of one width under the conditions of another: a condition belongs to a byte, and so does what it masks."""

import numpy as np
import pytest

from chip.ppu import (
    EQUAL,
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V4,
    VectorUnit,
    add8_mod,
    add16_mod,
    add_accumulator16_mod,
    add_accumulator16_sat,
    compare8,
    compare16,
    kernel,
    load8,
    mul_to_accumulator16_mod,
    splat16,
    store16,
    to_accumulator16_mod,
)
from chip.ppu.stepping import steps
from tests.naive import vector as naive


@kernel
def halfwords_under_byte_conditions(v, m):
    load8(v, V0, m.mask)
    compare8(v, V0)
    splat16(v, V1, 0x1122)
    splat16(v, V2, 0)
    splat16(v, V3, 0x7788)
    add16_mod(v, V3, V1, V2, GREATER)
    store16(v, V3, m.register)
    splat16(v, V4, 0x0100)
    to_accumulator16_mod(v, V2)
    mul_to_accumulator16_mod(v, V1, V4, GREATER)  # 0x0011_2200
    add_accumulator16_mod(v, V3, V2)
    store16(v, V3, m.lower)
    add_accumulator16_sat(v, V3, V2)
    store16(v, V3, m.upper)


@pytest.mark.parametrize("stepped", [False, True])
def test_a_halfword_under_the_conditions_of_bytes_is_written_byte_by_byte(stepped):
    """The chip is big-endian: the first byte's condition is that of the halfword's upper byte."""
    mask = np.resize(np.array([1, 0, 0, 1, 1, 1, 0, 0], np.int8), 128)
    regions = {name: np.zeros(64, np.uint16) for name in ("register", "lower", "upper")} | {"mask": mask}
    if stepped:
        assert [*steps(halfwords_under_byte_conditions, VectorUnit(), regions)]
    else:
        halfwords_under_byte_conditions.bind(VectorUnit(), regions)(10_000)
    assert regions["register"].tolist() == [0x1188, 0x7722, 0x1122, 0x7788] * 16
    assert regions["upper"].tolist() == [0x0011, 0, 0x0011, 0] * 16
    assert regions["lower"].tolist() == [0, 0x2200, 0x2200, 0] * 16


@pytest.mark.parametrize("condition", [GREATER, LESS, EQUAL])
def test_a_byte_operation_under_the_conditions_of_halfwords_takes_both_bytes(condition):
    """Also where the bytes themselves would compare otherwise."""
    state, halfwords = VectorUnit().state, [0x0001, 0x7F80, 0x80FF, 0x00FF, 0, 0xFFFF, 0xFF00, 0x0100] * 8
    state.halfwords.view(np.uint16)[3] = halfwords
    compare16(state, 3)
    state.bytes[4:7] = np.array([[1], [2], [77]])
    add8_mod(state, 6, 4, 5, condition.code)
    taken = [naive.enabled(condition.code, of) for of in naive.compare("fxvcmph", naive.joined(halfwords, 16))]
    assert state.bytes[6].tolist() == [3 if byte else 77 for byte in taken]
    assert {*taken} == {True, False} and taken[0::2] == taken[1::2]
