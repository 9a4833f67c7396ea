"""Registers and conditions are no numbers: what their types can do, and what tasks refuse in a register's place."""

import copy
import operator
import pickle

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.errors import MachineFault
from chip.base.registers import Registers
from chip.ppu import (
    ALWAYS,
    EQUAL,
    GREATER,
    LESS,
    V0,
    V1,
    V2,
    V3,
    V5,
    V9,
    V31,
    Condition,
    Memory,
    VectorRegister,
    VectorUnit,
    add8_mod,
    kernel,
    u8,
)
from chip.ppu.stepping import steps
from chip.testing import UncompiledScript
from tests.chip.ppu.processor.programs import run


def test_there_are_32_registers_and_4_conditions():
    assert [repr(register) for register in VectorRegister] == [f"V{number}" for number in range(32)]
    assert [register.number for register in VectorRegister] == list(range(32)) and V31.number == 31
    assert [str(condition) for condition in Condition] == ["ALWAYS", "GREATER", "LESS", "EQUAL"]
    assert [condition.code for condition in (ALWAYS, GREATER, LESS, EQUAL)] == [0, 1, 2, 3]


@pytest.mark.parametrize("named", [V0, V3, ALWAYS, GREATER])
def test_they_compare_and_hash_and_are_copied(named):
    same = [named, copy.deepcopy(named), pickle.loads(pickle.dumps(named))]
    assert all(other == named and hash(other) == hash(named) for other in same)
    assert VectorRegister(3) == V3 and named != V1 and named not in (0, 3, 1)
    assert {V0: "a", V3: "b"}[VectorRegister(0)] == "a"


@pytest.mark.parametrize("named", [V1, GREATER])
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.lt, operator.lshift])
def test_they_have_no_arithmetic(named, operation):
    for pair in ((named, 1), (1, named), (named, named)):
        with pytest.raises(TypeError):
            operation(*pair)
    for use in (int, operator.index, operator.neg, range, np.zeros(40).__getitem__):
        with pytest.raises((TypeError, IndexError)):
            use(named)


def adder(target, condition):
    @kernel
    def add(v, m):
        add8_mod(v, target, V1, V1, condition)

    return add


def test_a_factory_chooses_registers_and_conditions():
    for target, condition in ((V3, ALWAYS), (V31, LESS), (V0, EQUAL)):
        made, units = adder(target, condition), (VectorUnit(), VectorUnit())
        for unit in units:
            unit.state.bytes[V1.number], unit.state.conditions[:] = 21, np.arange(128) % 4
        made.bind(units[0], {})(100)
        (step, _) = steps(made, units[1], {})
        masked = (
            () if condition is ALWAYS else (str(condition),)
        )  # the condition of most operations goes without saying
        assert step.operands == (str(target), "V1", "V1", *masked)
        written = [condition is ALWAYS or lane % 4 == condition.code for lane in range(128)]
        for unit in units:
            assert (unit.state.bytes[target.number] == 42).tolist() == written


def sensing():
    registers = Registers()
    registers.correlation_enabled[...] = True
    return registers


REGISTER = r"names {} as a vector register; write one of V0 to V31, for example V3 for register 3, or the name of a reg"


@pytest.mark.parametrize(
    "operation, words",
    [
        (lambda ppu: ppu.load_row(0, into=3), REGISTER.format(3)),
        (lambda ppu: ppu.load_row(0, into=(0, 1)), REGISTER.format(0)),
        (lambda ppu: ppu.load_row(0, into=[V0, 1]), REGISTER.format(1)),
        (lambda ppu: ppu.load_row(0, into=(V0, GREATER)), REGISTER.format("GREATER")),
        (lambda ppu: ppu.load_row(0, into=(V0, [1])), REGISTER.format(r"\[1\]")),
        (lambda ppu: ppu.load_row(0, into=np.arange(2)), REGISTER.format(r"array\(\[0, 1\]\)")),
        (lambda ppu: ppu.load_row(0, into=range(2)), REGISTER.format(r"range\(0, 2\)")),
        (lambda ppu: ppu.load_row(0, into=None), REGISTER.format("None")),
        (
            lambda ppu: ppu.load_row(0, into=V0),
            "a number of vector registers of 1; valid are the whole numbers 2",
        ),
        (lambda ppu: ppu.load_row(0, into=(V0, V1, V2)), "names a number of vector registers of 3"),
        (lambda ppu: ppu.load_row(0, into=()), "names a number of vector registers of 0"),
        (lambda ppu: ppu.store_row(0, source=(0, 1)), REGISTER.format(0)),
        (lambda ppu: ppu.store_row(0, source=np.int64(4)), REGISTER.format(".*4.*")),
        (lambda ppu: ppu.read_correlation(0, into=(0, 1, 2, 3)), REGISTER.format(0)),
        (lambda ppu: ppu.chain(ppu.load_row(0, (0, 1))), REGISTER.format(0)),
    ],
)
def test_numbers_are_no_registers_in_tasks(operation, words):
    def main(ppu):
        yield ppu.connect("correlation")
        yield operation(ppu)
        return 0

    with pytest.raises(MachineFault, match=words):
        run(top=main, registers=sensing())


def test_registers_are_named_in_any_order_as_tuple_or_list():
    rows = {}

    def main(ppu):
        for into in ((V0, V1), [V5, V2], (V31, V9)):
            yield ppu.load_row(7, into=into)
            numbers = [register.number for register in into]
            rows[tuple(into)] = ppu.vector.state.bytes[numbers].view(np.uint8)
            yield ppu.store_row(20 + numbers[0], source=into)
        yield ppu.read_correlation(0, into=V3, branches=("acausal",), halves=(c.ODD,))
        assert ppu.vector.state.bytes[V3.number].any()
        return 0

    registers = sensing()
    registers.weights[c.TOP, 7] = np.arange(c.COLUMNS) % 64
    chip = run(top=main, registers=registers)
    assert len(rows) == 3
    for seen in rows.values():
        assert seen.T.ravel().tolist() == (np.arange(c.COLUMNS) % 64).tolist()
    for row in (20, 25, 51):
        assert (chip.weights()[c.TOP, row] == chip.weights()[c.TOP, 7]).all()


@kernel
def counts_up(v, m, amount):
    m.a[0] = m.a[0] + amount


@pytest.mark.parametrize("given", [V3, GREATER])
def test_a_kernel_s_integer_is_no_register(given):
    def main(ppu):
        yield ppu.run(counts_up, given)
        return 0

    program = UncompiledScript(main, memory=Memory(a=u8[4]))
    program.kernels = (counts_up,)
    with pytest.raises(TypeError, match=rf"kernel counts_up takes integers \(amount\), not \({given},\)"):
        run(top=program)
