"""Regions: their types, their names, and what is refused when they are declared."""

import numpy as np
import pytest

from chip.ppu import Memory, i8, i16, i32, u8, u16, u32
from tests.chip.ppu.compiler.sources import Machine, module


def test_every_type_has_its_bytes():
    memory = Memory(a=u8[3], b=i8[3], c=u16[3], d=i16[3], e=u32[3], f=i32[3])
    assert [region.size for region in memory.values()] == [3, 3, 6, 6, 12, 12]
    assert [str(region) for region in memory.values()] == ["u8[3]", "i8[3]", "u16[3]", "i16[3]", "u32[3]", "i32[3]"]


def test_bad_declarations_are_refused():
    for length in (0, -1, 1.5, True, np.True_):
        with pytest.raises(ValueError, match="one element or more"):
            u8[length]
    with pytest.raises(ValueError, match=r"declare it as u8\[256\]"):
        Memory(a=256)
    for name in ("_a", "a b", "1a", "for", "None", ""):
        with pytest.raises(ValueError, match="cannot be named"):
            Memory(**{name: u8[1]})
    with pytest.raises(ValueError, match=r"region u8\[1\] has no name; declare it as Memory\(name=u8\[256\]\)"):
        Memory(u8[1], a=u8[2])
    with pytest.raises(ValueError, match="declared twice"):
        Memory(a=u8[1]) | Memory(a=u8[2])
    assert list(Memory(a=u8[1]) | Memory(b=u8[2])) == ["a", "b"]


@pytest.mark.parametrize(
    "name", "self regions v m n i ppu limit image range V0 load8 match int64 helper k stack mailbox".split()
)
def test_a_region_may_be_called_like_anything_else(name, tmp_path):
    text = f"""
        @subroutine
        def helper(v, m, n):
            return m.{name}[n] + 1
        @kernel
        def k(v, m, n):
            for i in range(n):
                m.{name}[i] = helper(v, m, i) + i
    """
    machine = Machine(module(tmp_path, text).k, Memory(**{name: i32[4]}) | Memory(other=i32[4]))
    machine(3)
    assert machine.regions[name].tolist() == [1, 2, 3, 0] and not machine.regions["other"].any()
