"""Stepping equals the compiled kernel: bytes, cycles and faults, for operations, expressions, control flow."""

import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base.errors import MachineFault
from chip.ppu import (
    LESS,
    V0,
    V1,
    KernelError,
    Memory,
    VectorUnit,
    compare8,
    i8,
    i16,
    i32,
    kernel,
    link,
    load8,
    select,
    u8,
    u16,
    u32,
)
from chip.ppu.compiler.walk import plain
from chip.ppu.costs import COSTS
from chip.ppu.stepping import steps, steps_on
from chip.ppu.vector.operations import OPERATIONS
from tests.chip.ppu.compiler.sources import INT32, module
from tests.chip.ppu.compiler.test_kernel_expressions import HEAD, NEAR, NEAR_UNSIGNED, SIGNED, UNSIGNED
from tests.chip.ppu.processor import programs
from tests.naive.kernel_walk import Walk

VECTORS = Memory(bytes=i8[256], halfwords=i16[128], unsigned=u8[256], out=i32[8])


def same(step, seen):
    """Return whether a step is what the walk over the syntax tree has met."""
    *names, result, cycles = seen
    if [step.routine, step.line, step.operation, step.operands, step.cycles] != [*names, cycles]:
        return False
    return np.array_equal(step.result, result) if isinstance(result, np.ndarray) else step.result == result


def check_steps(taken, seen):
    """Check steps against the walk over the syntax tree; a branch on a constant is not one in the compiled kernel."""
    remaining = iter(seen)
    for step in taken:
        met = next(remaining)
        while met[2] == "if" and not same(step, met):
            met = next(remaining)
        assert same(step, met), (step, met)
    assert all(met[2] == "if" for met in remaining)


class Twins:
    """The same kernel, units and regions three times: compiled, step by step, and by a walk over the syntax tree."""

    def __init__(self, kernel, memory, seed=1):
        generator = np.random.default_rng(seed)
        self.kernel, self.units, self.regions = kernel, [VectorUnit(seed) for _ in range(3)], []
        image = generator.integers(0, 256, 16384).astype(np.uint8)
        registers, conditions = generator.integers(-128, 128, (32, 128)), generator.integers(0, 4, 128)
        accumulator = generator.integers(-(2**15), 2**15, 128)
        for unit in self.units:
            unit.state.bytes[:], unit.state.accumulator16[:] = registers, accumulator
            unit.state.conditions[:] = conditions
            self.regions.append(link(memory).views(image.copy()))

    def run(self, *integers, limit=100_000):
        """Run all three; return the steps, and the fault or None."""
        taken, seen, faults = [], [], []
        cycles = None
        try:
            cycles = self.kernel.bind(self.units[0], self.regions[0])(limit, *integers)
        except MachineFault as fault:
            faults.append((str(fault), fault.site, fault.index, fault.cycles))
        try:
            for step in steps(self.kernel, self.units[1], self.regions[1], *integers, limit_cycles=limit):
                taken.append(step)
        except MachineFault as fault:
            faults.append((str(fault), fault.site, fault.index, fault.cycles))
        form = self.kernel.form_for(self.regions[2])
        walk = Walk(form, self.units[2], self.regions[2], limit)
        try:
            for met in walk.kernel_events(integers):
                seen.append((met.routine.name, *met[1:], walk.cycles - walk.pending))
        except MachineFault as fault:
            faults.append((str(fault), fault.site, fault.index, fault.cycles))
        self.check()
        check_steps(taken, seen)
        assert len(faults) in (0, 3) and len(set(faults)) <= 1
        assert list(itertools.accumulate(step.cost for step in taken)) == [step.cycles for step in taken]
        if not faults:
            assert taken[-1].cycles == cycles and taken[-1].operation == "return"
        return taken, faults[0] if faults else None

    def bytes(self):
        """Return everything that the compiled twin has, in one piece."""
        return b"".join(a.tobytes() for a in [*self.units[0].snapshot().values(), *self.regions[0].values()])

    def check(self):
        compiled, *others = (unit.snapshot() for unit in self.units)
        for other, regions in zip(others, self.regions[1:], strict=True):
            for name, array in compiled.items():
                assert np.array_equal(array, other[name]), name
            for name, region in self.regions[0].items():
                assert np.array_equal(region, regions[name]), name


# ------------------------------------------------------------------ straight-line kernels of vector operations

ARGUMENTS = {
    "register": st.integers(0, 7).map(lambda number: f"V{number}"),
    "index": st.sampled_from(["0", "1", "x & 1", "i"]),
    "scalar": st.sampled_from(["x", "x * 77", "5", "-1", "m.out[2]"]),
    "code": st.sampled_from(["ALWAYS", "GREATER", "LESS", "EQUAL"]),
}


@st.composite
def call(draw, name):
    """Return the text of a call of one vector operation with operands of every kind."""
    operation = OPERATIONS[name]
    region = "m.halfwords" if operation.lanes == 64 else draw(st.sampled_from(["m.bytes", "m.unsigned"]))
    texts = []
    for kind in operation.operands[: len(operation.operands) - draw(st.integers(0, operation.defaults))]:
        if kind.startswith("amount"):
            texts.append(str(draw(st.integers(0, int(kind.removeprefix("amount"))))))
        else:
            texts.append(region if kind == "region" else draw(ARGUMENTS[kind]))
    return f"{name}(v, {', '.join(texts)})"


def straight_line(directory, calls):
    text = "@kernel\ndef line(v, m, x):\n    i = (x >> 3) & 1\n" + "".join(f"    {text}\n" for text in calls)
    return module(directory, text).line


ANY_CALL = st.sampled_from(list(OPERATIONS)).flatmap(call)


@settings(max_examples=5, deadline=None)
@given(calls=st.lists(ANY_CALL, min_size=8, max_size=8), x=INT32, seed=st.integers(0, 99))
def test_random_lines_of_vector_operations(tmp_path_factory, calls, x, seed):
    check_line(tmp_path_factory.mktemp("line"), calls, x, seed)


def check_line(directory, calls, x, seed):
    twins = Twins(straight_line(directory, calls), VECTORS, seed)
    for value in (x, 0, -1):
        taken, _ = twins.run(value)
        done = [step for step in taken if step.operation in OPERATIONS]
        assert [step.operation for step in done] == [text.partition("(")[0] for text in calls]
        assert [step.line for step in done] == list(range(5, 5 + len(calls)))
        least = [sum(COSTS[name].cycles for name in instructions_of(step)) for step in done]
        assert all(cost <= step.cost <= cost + 12 for step, cost in zip(done, least, strict=True))


def instructions_of(step):
    """Return what the operation of a step is made of; a shift shows its amount as its last operand."""
    operation = OPERATIONS[step.operation]
    amount = int(step.operands[-1]) if step.operation.startswith("shift") else None
    return operation.instructions_with(amount)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_vector_operation_is_the_same_in_plain_python(name):
    operation = OPERATIONS[name]
    function = getattr(importlib.import_module(operation.module), name)
    twins = Twins(shown, VECTORS)
    before = twins.bytes()
    for code in range(4):
        for unit, regions, way in zip(
            twins.units, twins.regions, (function, plain(function), plain(function)), strict=True
        ):
            region, registers = regions["halfwords" if operation.lanes == 64 else "bytes"], itertools.count(3)
            given = {"region": region, "index": 1, "scalar": 5 - 7 * code}
            kinds = operation.operands
            way(unit.state, *(next(registers) if kind == "register" else given.get(kind, code) for kind in kinds))
        twins.check()
    assert twins.bytes() != before


# ------------------------------------------------------------------ expressions and control flow


@settings(max_examples=4, deadline=None)  # the first one is the simplest there is
@given(
    expressions=st.lists(st.one_of(SIGNED, UNSIGNED), min_size=20, max_size=20),
    values=st.lists(st.tuples(NEAR, NEAR, NEAR, NEAR_UNSIGNED, NEAR_UNSIGNED), min_size=12, max_size=12),
)
def test_random_expressions(tmp_path_factory, expressions, values):
    body = "\n".join(f"    m.out[{i}] = {text}" for i, text in enumerate(expressions))
    made = module(tmp_path_factory.mktemp("expressions"), HEAD + body).all
    twins = Twins(made, Memory(out=i32[len(expressions)], u=u32[2]))
    for integers in values:
        for regions in twins.regions:
            regions["u"][:] = integers[3:]
        twins.run(*integers)


PROGRAM = """
import chip.base.constants as constants
import chip.ppu.vector.operands as vector
ENOUGH = 40

@subroutine
def early(v, m, x):
    if x > 900:
        return 70000
    for i in range(8):
        if m.a[i] == x & 15:
            return i
    return -1

@subroutine
def low(v, m, x):

    return x & 63

@subroutine
def nothing(v, m):
    store8(v, V1, m.b)

@kernel
def program(v, m, n, seed):
    '''Loops, branches, jumps and calls of every kind.'''
    x: int = seed
    total = 0
    if ENOUGH > 50:
        total = 9
    m.a[4] = ((seed * 65539 + n) * 7919 + (n << 29) - 5) >> 3
    if n < 3 or seed > 90:
        m.a[7] += seed < 50 and n >= 3 or n == 0
    for i in range(n):
        x = (x * 5 + 7) & 1023
        if x < 100:
            continue
        elif x > 1000 or m.a[i & 7] > 50 and x & 1 or m.a[1] < x < 700 <= m.a[2]:
            total += 3
            break
        else:
            m.a[x & 7] += i
            total ^= x if x & 2 else -m.a[3]
        for j in range(10, 0, -3):
            while j > 4 and (m.a[j & 7] or total):
                j -= 2
                m.u[j & 3] = j << 14
                if j == 5:
                    total += early(v, m, x)
                    break
            total = total + low(v, m, j)
            splat8(v, vector.V1, m.a[2] or constants.WEIGHT_MAX)
        nothing(v, m)
    for k in range(3):
        last = k * 2
    while True:
        last += early(v, m, last) + 2
        if last > ENOUGH:
            break
    if not total == last:
        m.a[5] = m.u[1] >> (seed & 63) if 0 < total <= 5000 else absolute(total) - (1 << (last & 31))
    if total < 0:
        return
    m.a[6] = len(m.a) - ~divide(total, last)
    pass
"""


def test_control_flow(tmp_path):
    twins = Twins(module(tmp_path, PROGRAM).program, Memory(a=i32[8], b=i8[128], u=u16[4]))
    seen = set()
    for n, seed in itertools.product((0, 1, 5, 30), range(0, 400, 23)):
        for regions in twins.regions:
            regions["a"][:] = [seed, 1, 3, 0, 60, 7, 0, 9]
        taken, _ = twins.run(n, seed)
        seen |= {step.operation for step in taken}
    everything = {"set", "load", "store", "if", "while", "for", "break", "continue", "call", "return"}
    assert seen == everything | {"splat8", "store8"}


FAULTY = """
@subroutine
def inside(v, m, x):
    m.a[x] = divide(7, m.a[0])
    return 3

@kernel
def faulty(v, m, way, x):
    m.a[1] = 5
    if way == 0:
        m.a[x] += 1
    if way == 1:
        load8(v, V0, m.b, x)
    if way == 2:
        m.a[2] = inside(v, m, x)
    while way == 3:
        for i in range(x):
            m.a[2] += m.a[3] + m.a[i & 3]
    m.a[3] = divide(x, way - 4)
"""
FAULTS = {
    (0, 4): "reached for element 4 of region a, which has 4, after",
    (0, -1): "reached for element -1 of region a, which has 4, after",
    (1, 2): "reached for vector 2 of region b, which has 2, after",
    (2, 0): ":5: kernel faulty, subroutine inside, divided by zero after",
    (3, 2): ":17: kernel faulty ran for ",
    (3, 99999): ":18: kernel faulty ran for ",
    (4, 1): ":20: kernel faulty divided by zero after",
}


@pytest.mark.parametrize("integers", FAULTS)
def test_faults_are_the_compiled_kernel_s(faulty, integers):
    twins = Twins(faulty, Memory(a=i32[4], b=i8[256]))
    for regions in twins.regions:
        regions["a"][:] = 0
    taken, fault = twins.run(*integers, limit=3000)
    assert FAULTS[integers] in fault[0]
    assert taken[-1].cycles <= fault[3]
    assert twins.run(5, 1)[1] is None  # the next call works


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    return module(tmp_path_factory.mktemp("faulty"), FAULTY).faulty


def test_watchdog_stops_at_the_very_cycle(faulty):
    twins = Twins(faulty, Memory(a=i32[4], b=i8[256]))
    assert {twins.run(3, 2, limit=limit)[1][3] - limit for limit in range(400, 430)} > {1, 2, 3}


# ------------------------------------------------------------------ what is shown


@kernel
def shown(v, m, x):
    m.a[x] = x * 3
    load8(v, V1, m.b, x)


def test_a_step_tells_where_what_and_how_long():
    unit, regions = VectorUnit(), link(Memory(a=i32[4], b=i8[256])).views(np.zeros(16384, np.uint8))
    taken = []
    for step in steps(shown, unit, regions, 1):
        if step.operation == "load8":
            assert unit.state.bytes[1].tolist() == [5] * 128  # it has just happened
        if step.operation == "store":
            regions["b"][128:] = 5  # before the next one
        taken.append(step)
    assert unit.cycles == taken[-1].cycles == sum(step.cost for step in taken)
    first = taken[0]
    assert (first.routine, first.operation, first.operands, first.result) == ("shown", "store", ("a[1]",), 3)
    assert first.file == __file__
    line = str(taken[1]).removeprefix(f"{__file__}:")
    assert line == f"{first.line + 1}  load8 V1 b[128:256]  -> 128 x 5  52 cycles, {taken[1].cycles} so far"


@kernel
def conditional(v, m):
    load8(v, V0, m.b)
    compare8(v, V0)
    select(v, V1, V0, V0, LESS)


def test_a_step_tells_conditions_by_their_names():
    regions = {"b": np.arange(-1, 127, dtype=np.int8)}
    _, compared, selected, _ = (str(step) for step in steps(conditional, VectorUnit(), regions))
    assert "compare8 V0  -> [LESS EQUAL GREATER GREATER GREATER GREATER GREATER GREATER ...]  6 cycles" in compared
    assert "select V1 V0 V0 LESS  -> [-1 0 1 2 3 4 5 6 ...]" in selected
    regions["b"][:] = 5
    assert "compare8 V0  -> 128 x GREATER  6 cycles" in [str(s) for s in steps(conditional, VectorUnit(), regions)][1]


def test_wrong_calls_are_refused_before_the_first_step():
    unit, regions = VectorUnit(), link(Memory(a=i32[4], b=i8[256])).views(np.zeros(16384, np.uint8))
    with pytest.raises(KernelError, match="uses region a; the program's regions are: b"):
        steps(shown, unit, {"b": regions["b"]}, 1)
    with pytest.raises(ValueError, match=r"takes 1 integers \(x\), not 0"):
        steps(shown, unit, regions)
    with pytest.raises(TypeError, match="steps takes a kernel, not 3; decorate"):
        steps(3, unit, regions)


def test_a_loaded_processor_is_stepped_on_copies():
    memory = Memory(a=i32[4], b=i8[256])
    script = programs.UncompiledScript(programs.sleep, kernels=[shown], memory=memory, image={"a": np.array(7)})
    chip = programs.build(top=script)
    processor = chip.processors[0]
    before = processor.sram.copy(), processor.vector.snapshot()
    taken = list(steps_on(processor, shown, 1))
    assert [str(step.result) for step in taken[:1]] == ["3"] and taken[1].operation == "load8"
    with pytest.raises(RuntimeError, match="the bottom PPU has no program"):
        steps_on(chip.processors[1], shown, 2)
    assert np.array_equal(processor.sram, before[0])
    assert all(np.array_equal(processor.vector.snapshot()[name], array) for name, array in before[1].items())
