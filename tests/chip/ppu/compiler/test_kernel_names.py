"""Names that a user may choose: variables, kernels and subroutines called like something of the compiler's own."""

import pytest

from chip.ppu import Memory, i32
from chip.ppu.compiler.build import _RUNTIME, _SCALARS
from tests.chip.ppu.compiler.sources import Machine, module


def test_variables_with_similar_names_are_different(tmp_path):
    names = ["_x", "u_x", "u__x", "ux", "x", "_t1", "_cy", "_record", "_limit", "_m_out", "_k1", "_int64", "record"]
    names += ["min", "compiled", "sub_one_0", "kernel_f", "_one", "vector"]
    lines = [f"    {name} = {i} + a\n" for i, name in enumerate(names)]
    lines += [f"    m.out[{i}] = {name} + one(v, m, {name})\n" for i, name in enumerate(names)]
    text = "@subroutine\ndef one(v, m, _limit):\n    return _limit - _limit + 1\n@kernel\ndef f(v, m, a):\n"
    machine = Machine(module(tmp_path, text + "".join(lines)).f, Memory(out=i32[len(names)]))
    machine(100)
    assert machine.regions["out"].tolist() == [101 + i for i in range(len(names))]


def test_regions_with_similar_names_are_different(tmp_path):
    text = "@kernel\ndef f(v, m, u_x):\n    m.u_x[0] = u_x\n    m.x[0] = 2\n    m.t1[0] = m.x[0] + m.u_x[0]\n"
    machine = Machine(module(tmp_path, text).f, Memory(u_x=i32[1], x=i32[1], t1=i32[1]))
    machine(1)
    assert [machine.regions[name][0] for name in ("u_x", "x", "t1")] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["kernel", "subroutine"])
def test_routines_may_have_any_name(tmp_path, kind):
    names = ["compiled", "len", "range", "sub_range_0", "add8_sat", "_add8_sat", "saturate8", "Größe", "__init__"]
    names += [f"_{name}" for name in (*_RUNTIME, *_SCALARS)]
    body = "(v, m):\n    m.out[0] = m.out[1] + 1\n    for i in range(2):\n        m.out[i + 2] = saturate8(300)\n"
    body += "    add8_sat(v, V0, V0, V0)\n"
    for name in names:
        text = f"@{kind}\ndef {name}{body}"
        if name in ("range", "saturate8", "add8_sat"):
            text = f"def make():\n    @{kind}\n" + "".join(f"    {line}\n" for line in f"def {name}{body}".splitlines())
            text += f"    return {name}\nmade = make()\n"
        else:
            text += f"made = {name}\n"
        if kind == "subroutine":
            text += "@kernel\ndef call(v, m):\n    made(v, m)\nmade_kernel = call\n"
        found = module(tmp_path, text)
        machine = Machine(getattr(found, "made_kernel", found.made), Memory(out=i32[4]))
        machine()
        assert machine.regions["out"].tolist() == [1, 0, 127, 127], name
