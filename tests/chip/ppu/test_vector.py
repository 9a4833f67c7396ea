"""Every vector operation against its Python-integer twin: bytes exhaustively, halfwords at edges and at random."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import config as numba_config

from chip.ppu import Memory, VectorUnit, byte_lanes, i8, i16
from chip.ppu.costs import COSTS
from chip.ppu.operations import OPERATIONS
from chip.ppu.vector import RANDOM_TAPS
from tests.chip.ppu.sources import Machine, module
from tests.naive import vector as naive

MASKED = [name for name, operation in OPERATIONS.items() if "code" in operation.operands]
EDGES = [0, 1, 2, 255, 256, 16384, 32766, 32767, 32768, 32769, 49152, 65280, 65534, 65535]
BYTE_PAIRS = np.array(list(itertools.product(range(256), repeat=2)), np.uint8).reshape(-1, 128, 2)
if numba_config.DISABLE_JIT:  # plain Python is slow; the compiled run is the exhaustive one
    BYTE_PAIRS = BYTE_PAIRS[::37]


ALL_CODES = {"select", "add8_sat", "mul16_sat", "mac_to_accumulator8_mod"}  # the others take one code each
AMOUNTS = {8: (0, 1, 4, 7), 16: (0, 1, 8, 15)}


def codes(name):
    """Return the condition codes other than ALWAYS that an operation is tested with."""
    return (1, 2, 3) if name in ALL_CODES else (1 + list(OPERATIONS).index(name) % 3,)


def calls():
    """Return the text of every call that the tests need, by (operation, code or amount)."""
    texts = {}
    for name, operation in OPERATIONS.items():
        variants = [0]
        if "code" in operation.operands:
            variants = [0, *codes(name)]
        elif operation.operands[-1].startswith("amount"):
            variants = AMOUNTS[int(operation.operands[-1][6:]) + 1]
        for variant in variants:
            registers = itertools.count(3)
            region = "m.bytes" if operation.lanes == 128 else "m.halfwords"
            texts[name, variant] = ", ".join(
                {"register": lambda r=registers: f"V{next(r)}", "region": lambda g=region: g}.get(
                    kind, lambda k=kind, c=variant: {"index": "x", "scalar": "x"}.get(k, str(c))
                )()
                for kind in operation.operands
            )
    return texts


CALLS = {key: number for number, key in enumerate(calls())}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Return a machine whose kernel does operation ``n`` on registers V3, V4, V5 with the scalar or index ``x``."""
    lines = ["@kernel", "def one(v, m, n, x):"]
    for ((name, _), arguments), number in zip(calls().items(), itertools.count(), strict=False):
        lines += [f"    if n == {number}:", f"        {name}(v, {arguments})", "        return"]
    kernel = module(tmp_path_factory.mktemp("all"), "\n".join(lines)).one
    made = Machine(kernel, Memory(bytes=i8[256], halfwords=i16[256]))
    made.unit.state.bytes[:] = np.random.default_rng(1).integers(-128, 128, (32, 128))
    return made


def run(machine, name, variant=0, x=0):
    """Do one operation; return the cycles of the operation itself."""
    return machine(CALLS[name, variant], x)


def lanes(machine, width):
    """Return the registers by lane, and the accumulator, as unsigned patterns."""
    state = machine.unit.state
    if width == 8:
        return state.bytes.view(np.uint8), state.accumulator16.view(np.uint16), state.conditions
    return state.halfwords.view(np.uint16), state.accumulator32.view(np.uint32), state.conditions[::2]


def set_conditions(machine, width, seed):
    count = 128 // (width // 8)
    values = np.random.default_rng(seed).integers(0, 4, count)
    machine.unit.state.conditions[:] = np.repeat(values, width // 8)


def expected(name, kind, width, a, b, accumulator):
    """Return the twin's lane of a masked operation: result, and new accumulator."""
    if name.startswith("mac_to") or name.startswith("mul_to") or name.startswith("to_"):
        return None, naive.accumulate(f"{name.split('_')[0]}_{kind}", accumulator, a, b, width)
    if name.startswith("mac"):
        return naive.multiply_accumulate(kind, accumulator, a, b, width), accumulator
    return naive.arithmetic(f"{name[:3]}_{kind}", a, b, width), accumulator


def check_masked(machine, name, pairs, code, seed):
    """Run one masked operation on pairs of patterns, unsigned [vector, lane, 2], and compare every lane."""
    width = 16 if "16" in name else 8
    kind = name.split("_")[-1]
    registers, accumulator, conditions = lanes(machine, width)
    rng = np.random.default_rng(seed)
    destination = 3 if OPERATIONS[name].operands.count("register") == 3 else None
    first = 3 if destination is None else 4
    for vector in pairs:
        registers[first], registers[first + 1] = vector[:, 0], vector[:, 1]
        accumulator[:] = rng.integers(0, 2 ** (2 * width), accumulator.size)
        accumulator[:4] = (0, 2 ** (2 * width - 1) - 1, 2 ** (2 * width - 1), 2 ** (2 * width) - 1)
        set_conditions(machine, width, seed)
        before, old = registers[3].tolist(), accumulator.tolist()
        run(machine, name, code)
        after, new, a, b = registers[3].tolist(), accumulator.tolist(), vector[:, 0].tolist(), vector[:, 1].tolist()
        for lane, condition in enumerate(conditions.tolist()):
            result, total = expected(name, kind, width, a[lane], b[lane], old[lane])
            if not naive.enabled(code, condition):
                result, total = before[lane], old[lane]
            assert new[lane] == total, (name, lane, a[lane], b[lane], old[lane])
            if destination is not None:
                assert after[lane] == result, (name, code, lane, a[lane], b[lane], old[lane])


@pytest.mark.parametrize("name", [name for name in MASKED if "8" in name])
def test_byte_operations_on_all_pairs(machine, name):
    check_masked(machine, name, BYTE_PAIRS, 0, seed=1)


@pytest.mark.parametrize("name", [name for name in MASKED if "16" in name])
def test_halfword_operations_at_edges(machine, name):
    pairs = np.array(list(itertools.product(EDGES, repeat=2)), np.uint16)
    check_masked(machine, name, np.resize(pairs, (4, 64, 2)), 0, seed=2)


@pytest.mark.parametrize(("name", "code"), [(name, c) for name in MASKED if name != "select" for c in codes(name)])
def test_masked_lanes_are_left_alone(machine, name, code):
    width, dtype = (16, np.uint16) if "16" in name else (8, np.uint8)
    pairs = np.random.default_rng(code).integers(0, 2**width, (2, 1024 // width, 2)).astype(dtype)
    check_masked(machine, name, pairs, code, seed=code)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([(n, c) for n in MASKED if "16" in n for c in (0, *codes(n))]), st.integers(0, 2**32))
def test_halfword_operations_at_random(machine, call, seed):
    name, code = call
    pairs = np.random.default_rng(seed).integers(0, 65536, (2, 64, 2)).astype(np.uint16)
    check_masked(machine, name, pairs, code, seed)


@pytest.mark.parametrize("width", [8, 16])
def test_compare_then_select_takes_every_code(machine, width):
    registers, _, conditions = lanes(machine, width)
    values = np.resize(np.array([0, 1, 2 ** (width - 1), 2 ** (width - 1) - 1, 2**width - 1]), registers.shape[1])
    registers[3] = values
    machine.unit.state.conditions[:] = 0
    run(machine, f"compare{width}")
    assert conditions.tolist() == [naive.condition(int(value), width) for value in values]
    assert set(conditions.tolist()) == {1, 2, 3}
    for code in range(4):
        one = 1 if width == 8 else 257  # both bytes of a halfword differ
        registers[4], registers[5] = one * np.arange(len(values)), one * (np.arange(len(values)) + 40)
        run(machine, "select", code)
        chosen = [40 * naive.enabled(code, naive.condition(int(x), width)) for x in values]
        wanted = [one * (lane + offset) for lane, offset in enumerate(chosen)]
        assert registers[3].tolist() == wanted


@pytest.mark.parametrize("kind", ["shift_left", "shift_right", "shift_right_logic"])
@pytest.mark.parametrize("width", [8, 16])
def test_shifts(machine, kind, width):
    registers, _, _ = lanes(machine, width)
    patterns = np.arange(256).reshape(2, 128) if width == 8 else np.resize(np.array(EDGES), (1, 64))
    for amount in AMOUNTS[width]:
        for vector in patterns:
            registers[4] = vector
            run(machine, f"{kind}{width}", amount)
            assert registers[3].tolist() == [naive.shift(kind, int(x), amount, width) for x in vector]


def test_move_copies_every_byte(machine):
    machine.unit.state.bytes[4] = np.arange(128) - 64
    run(machine, "move")
    assert machine.unit.state.bytes[3].tolist() == list(range(-64, 64))


@pytest.mark.parametrize("upper", [True, False])
def test_pack_takes_upper_or_lower_bytes(machine, upper):
    registers, _, _ = lanes(machine, 16)
    a, b = registers[4].tolist(), registers[5].tolist()
    run(machine, "pack_upper" if upper else "pack_lower")
    packed = lanes(machine, 8)[0][3].tolist()
    assert packed == naive.pack(a, b, upper)
    for halfwords, second in ((a, False), (b, True)):
        split = [divmod(x, 256)[0 if upper else 1] for x in halfwords]
        assert [packed[lane] for lane in byte_lanes(second)] == split


@pytest.mark.parametrize("right", [False, True])
def test_unpack_is_the_way_back(machine, right):
    upper, lower = lanes(machine, 8)[0][4].tolist(), lanes(machine, 8)[0][5].tolist()
    run(machine, "unpack_right" if right else "unpack_left")
    assert lanes(machine, 16)[0][3].tolist() == naive.unpack(upper, lower, right)


@pytest.mark.parametrize("width", [8, 16])
def test_load_and_store_move_the_indexed_vector(machine, width):
    name = "bytes" if width == 8 else "halfwords"
    region = machine.regions[name]
    count = 1024 // width
    region[:] = np.random.default_rng(3).integers(-128, 128, region.size)
    before = region.copy()
    run(machine, f"load{width}", x=1)
    assert getattr(machine.unit.state, name)[3].tolist() == before[count : 2 * count].tolist()
    run(machine, f"store{width}", x=0)
    assert region[:count].tolist() == before[count : 2 * count].tolist()
    assert region[count:].tolist() == before[count:].tolist()


@pytest.mark.parametrize("value", [0, 127, 128, 255, -1, 32768, 65535, -(2**31), 2**31 - 1])
def test_splat_takes_the_low_bits(machine, value):
    for width in (8, 16):
        run(machine, f"splat{width}", x=value)
        assert set(lanes(machine, width)[0][3].tolist()) == {value % 2**width}


def test_random_numbers_follow_the_shift_registers(machine):
    state = machine.unit.state
    for _ in range(40):
        before = state.random_state.tolist()
        run(machine, "random8")
        wanted = [naive.random_step(x, int(taps)) for x, taps in zip(before, RANDOM_TAPS, strict=True)]
        assert state.random_state.tolist() == wanted
        assert state.bytes[3].view(np.uint8).tolist() == [x % 256 for x in wanted]


def test_every_shift_register_has_its_own_polynomial_and_full_period():
    assert len(set(RANDOM_TAPS.tolist())) == 128
    taps, state = RANDOM_TAPS.astype(np.int64), np.ones(128, np.int64)
    for step in range(1, 65536):
        state = (state >> 1) ^ (taps * (state & 1))
        if step != 65535:
            assert (state != 1).all(), step
    assert (state == 1).all()


def test_random_bytes_are_uniform():
    unit = VectorUnit(7)
    taps, state = RANDOM_TAPS.astype(np.int64), unit.state.random_state.astype(np.int64)
    counts = np.zeros(256)
    for _ in range(4096):
        state = (state >> 1) ^ (taps * (state & 1))
        counts += np.bincount(state & 255, minlength=256)
    assert abs(counts / counts.mean() - 1).max() < 0.1


def test_one_seed_one_state_and_snapshots_restore_it(machine):
    assert (VectorUnit(3).state.random_state == VectorUnit(3).state.random_state).all()
    assert (VectorUnit(3).state.random_state != VectorUnit(4).state.random_state).any()
    saved = machine.unit.snapshot()
    first = [(run(machine, "random8"), machine.unit.state.bytes[3].tolist()) for _ in range(3)]
    run(machine, "to_accumulator8_sat")
    machine.unit.restore(saved)
    assert all((machine.unit.snapshot()[name] == saved[name]).all() for name in saved)
    assert [(run(machine, "random8"), machine.unit.state.bytes[3].tolist()) for _ in range(3)] == first


def test_measured_costs_are_those_of_the_vendor():
    assert (COSTS["vector_load"].cycles, COSTS["vector_store"].cycles) == (49, 47)
    assert COSTS["vector_multiply_add"].cycles == 12
    assert all(cost.source and cost.cycles >= 1 for cost in COSTS.values())


def test_every_operation_books_at_least_its_cost(tmp_path):
    for name in ("add8_sat", "compare16", "select", "random8", "load16", "shift_left8"):
        arguments = calls()[name, 0].replace("x", "0")
        text = "@kernel\ndef {n}(v, m):\n" + f"    {name}(v, {arguments})\n" * 3
        once, thrice = text.replace(f"    {name}(v, {arguments})\n" * 3, f"    {name}(v, {arguments})\n"), text
        made = module(tmp_path, once.format(n="once") + thrice.format(n="thrice"))
        memory = Memory(bytes=i8[256], halfwords=i16[256])
        difference = Machine(made.thrice, memory)() - Machine(made.once, memory)()
        assert difference >= 2 * COSTS[OPERATIONS[name].cost].cycles
