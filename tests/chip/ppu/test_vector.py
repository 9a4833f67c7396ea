"""Every vector operation against its Python-integer twin: bytes exhaustively, halfwords at edges and at random.

The operations are called as they stand, without a kernel around them; one kernel that has all of them shows that
kernels pass on what they are given, and book it.
"""

import importlib
import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import config as numba_config

from chip.ppu import Memory, VectorUnit, byte_lanes, i8, i16
from chip.ppu.costs import COSTS
from chip.ppu.processor.processor import Processor
from chip.ppu.vector.operations import OPERATIONS
from chip.ppu.vector.unit import RANDOM_TAPS
from tests.chip.ppu.sources import Machine, module
from tests.naive import vector as naive

ARITHMETIC = [name for name in OPERATIONS if re.fullmatch(r"\w+(8|16)_(mod|sat)", name)]
AMOUNTS = {8: range(8), 16: range(16)}
EDGES = [0, 1, 2, 255, 256, 16384, 32766, 32767, 32768, 32769, 49152, 65280, 65534, 65535]
ACCUMULATORS = (0, 0x00FF, 0x7FFF, 0x8000, 0x8001, 0xA5C3, 0xFFFF)
READS_ACCUMULATOR = ("mac", "mac_to_accumulator", "accumulate", "add_accumulator")
PAIRS = np.array(list(itertools.product(range(256), repeat=2)), np.uint8)
VECTORS = range(0, 512, 37 if numba_config.DISABLE_JIT else 1)  # plain Python is slow; the compiled run is exhaustive

UNIT = VectorUnit(1)
STATE = UNIT.state


def function_of(name):
    return getattr(importlib.import_module(OPERATIONS[name].module), name)


def lanes(width):
    """Return the registers, the accumulator and the bytes' conditions by lane; patterns are unsigned."""
    if width == 8:
        return STATE.bytes.view(np.uint8), STATE.accumulator16.view(np.uint16), STATE.conditions.reshape(128, 1)
    return STATE.halfwords.view(np.uint16), STATE.accumulator32.view(np.uint32), STATE.conditions.reshape(64, 2)


def arguments_of(name, code):
    """Return the arguments of an arithmetic operation: V3 is the destination, if there is one, V4 and V5 are read."""
    count = OPERATIONS[name].operands.count("register")
    keeps = naive.parts(name)[0] in naive.KEEPING
    return (*((4, 5)[:count] if keeps else (3, 4, 5)[:count]), code)


# ---------------------------------------------------------------------- arithmetic, bytes: all pairs


@pytest.mark.parametrize("name", [name for name in ARITHMETIC if naive.parts(name)[1] == 8])
def test_byte_operations_on_all_pairs(name):
    verb, _, _ = naive.parts(name)
    registers, accumulator, _ = lanes(8)
    function, arguments = function_of(name), arguments_of(name, 0)
    target = accumulator if verb in naive.KEEPING else registers[3]
    for before in ACCUMULATORS if verb in READS_ACCUMULATOR else ACCUMULATORS[-1:]:
        wanted = [naive.result(name, a, b, before) for a in range(256) for b in range(256)]
        found = np.zeros((512, 128), np.int64)
        for vector in VECTORS:
            pairs = PAIRS[128 * vector : 128 * vector + 128]
            registers[4], registers[5] = pairs[:, 0], pairs[:, 1]
            accumulator[:] = before
            function(STATE, *arguments)
            found[vector] = target
            assert target is accumulator or (accumulator == before).all(), "the accumulator stays"
        wrong = (found != np.reshape(wanted, (512, 128)))[list(VECTORS)]
        assert not wrong.any(), (name, before, PAIRS.reshape(512, 128, 2)[list(VECTORS)][wrong][:5].tolist())


# ---------------------------------------------------------------------- arithmetic: masks, halfwords


def check_masked(name, code, first, second, before, conditions):
    """Compare one operation under one condition code on whole vectors of patterns; a condition a byte."""
    verb, bits, _ = naive.parts(name)
    registers, accumulator, by_lane = lanes(bits)
    STATE.conditions[:] = conditions
    registers[3], registers[4], registers[5], accumulator[:] = second[::-1], first, second, before
    old = [*registers[3].tolist()], [*accumulator.tolist()]
    function_of(name)(STATE, *arguments_of(name, code))
    new = registers[3].tolist(), accumulator.tolist()
    kept, written, width = (0, 1, 2 * bits) if verb in naive.KEEPING else (1, 0, bits)
    assert new[kept] == old[kept]
    for lane, of_lane in enumerate(by_lane.tolist()):
        a, b, sum_before = first[lane].item(), second[lane].item(), before[lane].item()
        computed = naive.result(name, a, b, sum_before)
        wanted = naive.written(old[written][lane], computed, code, of_lane, width)
        assert new[written][lane] == wanted, (name, code, lane, a, b, sum_before)


def patterns(rng, bits, count):
    """Return random patterns, a third of them at the edges of the width."""
    edges = [0, 1, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2 ** (bits - 1) + 1, 2**bits - 1, 3 << (bits - 2)]
    return np.where(rng.random(count) < 0.33, rng.choice(edges, count), rng.integers(0, 2**bits, count))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_every_operation_under_every_code(seed):
    rng = np.random.default_rng(seed)
    for name, code in itertools.product(ARITHMETIC, range(4)):
        bits = naive.parts(name)[1]
        count = 1024 // bits
        first, second, before = (patterns(rng, width, count) for width in (bits, bits, 2 * bits))
        check_masked(name, code, first, second, before, rng.integers(0, 4, 128))


@pytest.mark.parametrize("name", [name for name in ARITHMETIC if naive.parts(name)[1] == 16])
def test_halfword_operations_at_edges(name):
    pairs = np.resize(np.array(list(itertools.product(EDGES, repeat=2))), (4, 64, 2))
    for number, pair in enumerate(pairs):
        before = np.resize([0, 2**31 - 1, 2**31, 2**32 - 1, 0xA5C3_0F01][number:], 64)
        check_masked(name, 0, pair[:, 0], pair[:, 1], before, np.zeros(128, int))


# ---------------------------------------------------------------------- compare, select, shift, permute


@pytest.mark.parametrize("width", [8, 16])
def test_compare_then_select_takes_every_code(width):
    registers, _, conditions = lanes(width)
    patterns_of_width = np.arange(2**width).reshape(-1, registers.shape[1])
    for values in patterns_of_width if width == 8 else patterns_of_width[::73]:
        registers[3], STATE.conditions[:] = values, 0
        function_of(f"compare{width}")(STATE, 3)
        assert conditions.tolist() == [[naive.condition(int(value), width)] * (width // 8) for value in values]
    values = np.resize([0, 1, 2 ** (width - 1), 2 ** (width - 1) - 1, 2**width - 1], registers.shape[1])
    registers[3] = values
    function_of(f"compare{width}")(STATE, 3)
    assert set(conditions[:, 0].tolist()) == {1, 2, 3}
    for code in range(4):
        one = 1 if width == 8 else 257  # both bytes of a halfword differ
        registers[4], registers[5] = one * np.arange(len(values)), one * (np.arange(len(values)) + 40)
        function_of("select")(STATE, 3, 4, 5, code)
        chosen = [40 * naive.enabled(code, naive.condition(int(x), width)) for x in values]
        assert registers[3].tolist() == [one * (lane + offset) for lane, offset in enumerate(chosen)]


@pytest.mark.parametrize("kind", ["shift_left", "shift_right", "shift_right_logic"])
@pytest.mark.parametrize("width", [8, 16])
def test_shifts(kind, width):
    registers, _, _ = lanes(width)
    vectors = np.arange(256).reshape(2, 128) if width == 8 else np.resize(np.array(EDGES), (1, 64))
    for amount, vector in itertools.product(AMOUNTS[width], vectors):
        registers[4] = vector
        function_of(f"{kind}{width}")(STATE, 3, 4, amount)
        assert registers[3].tolist() == [naive.shift(kind, int(x), amount, width) for x in vector]


def test_move_copies_every_byte():
    STATE.bytes[4] = np.arange(128) - 64
    function_of("move")(STATE, 3, 4)
    assert STATE.bytes[3].tolist() == list(range(-64, 64))


def scrambled(width):
    """Return the registers of a width after all of them were filled at random, and their rows 4 and 5 as lists."""
    registers, _, _ = lanes(width)
    registers[:] = np.random.default_rng(width).integers(0, 2**width, registers.shape)
    return registers, registers[4].tolist(), registers[5].tolist()


@pytest.mark.parametrize("spare", range(4))
@pytest.mark.parametrize("destination", [3, 4, 5])
@pytest.mark.parametrize("upper", [True, False])
def test_pack_takes_upper_or_lower_bits(upper, destination, spare):
    _, a, b = scrambled(16)
    function_of("pack_upper" if upper else "pack_lower")(STATE, destination, 4, 5, spare)
    packed = lanes(8)[0][destination].tolist()
    assert packed == naive.pack(a, b, upper, spare)
    if spare == 0:
        for halfwords, second in ((a, False), (b, True)):
            split = [divmod(x, 256)[0 if upper else 1] for x in halfwords]
            assert [packed[lane] for lane in byte_lanes(second)] == split


@pytest.mark.parametrize("spare", range(4))
@pytest.mark.parametrize("destination", [3, 4, 5])
@pytest.mark.parametrize("right", [False, True])
def test_unpack_is_the_way_back(right, destination, spare):
    _, upper, lower = scrambled(8)
    name = "unpack_right" if right else "unpack_left"
    function_of(name)(STATE, destination, 4, 5, spare)
    assert lanes(16)[0][destination].tolist() == naive.unpack(upper, lower, right, spare)
    _, a, b = scrambled(16)
    function_of("pack_upper")(STATE, 6, 4, 5, spare)
    function_of("pack_lower")(STATE, 7, 4, 5, spare)
    function_of(name)(STATE, 8, 6, 7, spare)
    kept = 0xFFFF << (2 * spare) & 0xFFFF  # the bits that both bytes have room for
    assert lanes(16)[0][8].tolist() == [x & kept for x in (b if right else a)]


@pytest.mark.parametrize("width", [8, 16])
def test_load_and_store_move_the_indexed_vector(width):
    rng = np.random.default_rng(3)
    count = 1024 // width
    region = rng.integers(-128, 128, 2 * count).astype(np.int8 if width == 8 else np.uint16)
    before = region.copy()
    function_of(f"load{width}")(STATE, 3, region, 1)
    assert lanes(width)[0][3].tobytes() == before[count:].tobytes()
    function_of(f"store{width}")(STATE, 3, region, 0)
    assert region[:count].tolist() == before[count:].tolist() == region[count:].tolist()


@pytest.mark.parametrize("value", [0, 127, 128, 255, -1, 32768, 65535, -(2**31), 2**31 - 1])
def test_splat_takes_the_low_bits(value):
    for width in (8, 16):
        function_of(f"splat{width}")(STATE, 3, value)
        assert set(lanes(width)[0][3].tolist()) == {value % 2**width}


# ---------------------------------------------------------------------- random numbers


def test_random_numbers_follow_the_shift_registers():
    for _ in range(40):
        before = STATE.random_state.tolist()
        function_of("random8")(STATE, 3)
        wanted = [naive.random_step(x, int(taps)) for x, taps in zip(before, RANDOM_TAPS, strict=True)]
        assert STATE.random_state.tolist() == wanted
        assert STATE.bytes[3].view(np.uint8).tolist() == [x % 256 for x in wanted]


@pytest.mark.parametrize("code", range(4))
def test_a_masked_draw_steps_all_and_a_masked_seed_sets_some(code):
    STATE.conditions[:] = np.arange(128) % 4
    enabled = [naive.enabled(code, condition) for condition in STATE.conditions.tolist()]
    STATE.bytes[3], before = 77, STATE.random_state.tolist()
    function_of("random8")(STATE, 3, code)
    stepped = [naive.random_step(x, int(taps)) for x, taps in zip(before, RANDOM_TAPS, strict=True)]
    assert STATE.random_state.tolist() == stepped
    drawn = [x % 256 if on else 77 for x, on in zip(stepped, enabled, strict=True)]
    assert STATE.bytes[3].view(np.uint8).tolist() == drawn
    STATE.bytes[4] = np.arange(128) - 200  # wraps: every sign
    seeds = STATE.bytes[4].view(np.uint8).tolist()
    function_of("seed_random8")(STATE, 4, code)
    wanted = [seed if on else x for seed, x, on in zip(seeds, stepped, enabled, strict=True)]
    assert STATE.random_state.tolist() == wanted


def test_a_seed_of_zero_draws_zeros():
    STATE.bytes[4] = np.arange(128) % 2
    function_of("seed_random8")(STATE, 4)
    for _ in range(20):
        function_of("random8")(STATE, 3)
        assert (STATE.random_state != 0).tolist() == [False, True] * 64


@pytest.fixture(scope="module")
def draws():
    """Return uint8[65535, 128]: what the shift registers draw in one period, by numpy."""
    taps, state = RANDOM_TAPS.astype(np.int64), VectorUnit(7).state.random_state.astype(np.int64)
    found, start = np.empty((65535, 128), np.uint8), state
    for step, row in enumerate(found):
        assert step == 0 or (state != start).all(), step
        state = (state >> 1) ^ (taps * (state & 1))
        row[:] = state & 255
    assert (state == start).all()
    return found


def test_every_shift_register_has_its_own_polynomial_and_full_period(draws):
    assert len(set(RANDOM_TAPS.tolist())) == 128
    for lane in range(128):
        assert np.bincount(draws[:, lane], minlength=256).tolist() == [255, *[256] * 255]


def test_a_draw_has_one_new_bit(draws):
    """As on the chip: who knows a draw has two choices for the next one; 8 draws later nothing is left of it."""
    for lane in range(0, 128, 17):
        for apart, choices in ((1, 2), (4, 16), (8, 256)):
            pairs = np.unique(256 * draws[:, lane].astype(int) + np.roll(draws[:, lane], -apart))
            assert 255 * choices < len(pairs) <= 256 * choices


def test_lanes_are_not_copies_of_each_other(draws):
    """Two lanes at the same time, and the same lane at two times, are no more alike than chance."""
    centred = draws[:, ::9] - 127.5
    alike = centred.T @ centred / (centred**2).sum(axis=0)
    assert abs(alike - np.eye(len(alike))).max() < 0.03
    assert abs((centred[:-8] * centred[8:]).sum(axis=0) / (centred**2).sum(axis=0)).max() < 0.03


def test_one_seed_one_state_and_snapshots_restore_it():
    assert (VectorUnit(3).state.random_state == VectorUnit(3).state.random_state).all()
    assert (VectorUnit(3).state.random_state != VectorUnit(4).state.random_state).any()

    def three_draws():
        return [(function_of("random8")(STATE, 3), STATE.bytes[3].tolist()) for _ in range(3)]

    saved = UNIT.snapshot()
    first = three_draws()
    function_of("to_accumulator8_sat")(STATE, 3)
    UNIT.restore(saved)
    assert all((UNIT.snapshot()[name] == saved[name]).all() for name in saved)
    assert three_draws() == first


# ---------------------------------------------------------------------- all of them in a kernel


def texts():
    """Return, for each operation, its call in a kernel and the same arguments for the function itself."""
    found = []
    for number, (name, operation) in enumerate(OPERATIONS.items()):
        registers, arguments, values = itertools.count(number), [], []
        region = "bytes" if operation.lanes == 128 else "halfwords"
        for kind in operation.operands:
            if kind == "register":
                values.append(next(registers) % 32)
            elif kind == "region":
                values.append(region)
            else:  # codes 0..3, amounts within the smallest range, an index of 0 or 1, any scalar
                values.append({"index": number % 2, "scalar": number - 300}.get(kind, number % 4))
            prefix = {"register": "V", "region": "m."}.get(kind, "")
            arguments.append(f"{prefix}{values[-1]}")
        found.append((name, ", ".join(arguments), values))
    return found


def test_a_kernel_does_and_books_every_operation(tmp_path):
    calls = texts()
    text = "@kernel\ndef all_of_them(v, m):\n" + "".join(f"    {name}(v, {given})\n" for name, given, _ in calls)
    machine = Machine(module(tmp_path, text).all_of_them, Memory(bytes=i8[256], halfwords=i16[128]))
    rng = np.random.default_rng(5)
    regions = {name: rng.integers(-128, 128, region.size) for name, region in machine.regions.items()}
    by_hand = VectorUnit(9)
    machine.unit.seed_random(9)
    for unit in (machine.unit, by_hand):
        unit.state.bytes[:] = np.random.default_rng(6).integers(-128, 128, (32, 128))
    for name, values in regions.items():
        machine.regions[name][:] = values
        regions[name] = values.astype(machine.regions[name].dtype)
    cycles = machine()
    for name, _, values in calls:
        function_of(name)(by_hand.state, *[regions.get(value, value) for value in values])
    for name, array in by_hand.snapshot().items():
        assert name == "record" or (machine.unit.snapshot()[name] == array).all(), name
    assert all((machine.regions[name] == values).all() for name, values in regions.items())
    extra = sum(1 for name, _, _ in calls for kind in OPERATIONS[name].operands if kind in ("region", "scalar"))
    amounts = [values[-1] if OPERATIONS[name].operands[-1].startswith("amount") else None for name, _, values in calls]
    booked = sum(
        COSTS[instruction].cycles
        for (name, _, _), amount in zip(calls, amounts, strict=True)
        for instruction in OPERATIONS[name].instructions_with(amount)
    )
    assert cycles == COSTS["entry"].cycles + booked + extra * COSTS["alu"].cycles


MNEMONICS = """
    fxvmahm mac16_mod, fxvmatachm mac_to_accumulator16_mod, fxvmulhm mul16_mod, fxvmultachm mul_to_accumulator16_mod,
    fxvsubhm sub16_mod, fxvaddactachm accumulate16_mod, fxvaddtachm add_to_accumulator16_mod,
    fxvaddachm add_accumulator16_mod, fxvaddhm add16_mod, fxvmtach to_accumulator16_mod, fxvsplath splat16,
    fxvcmph compare16,
    fxvmabm mac8_mod, fxvmatacbm mac_to_accumulator8_mod, fxvmulbm mul8_mod, fxvmultacbm mul_to_accumulator8_mod,
    fxvsubbm sub8_mod, fxvaddactacb accumulate8_mod, fxvaddtacb add_to_accumulator8_mod,
    fxvaddacbm add_accumulator8_mod, fxvaddbm add8_mod, fxvmtacb to_accumulator8_mod, fxvsplatb splat8,
    fxvcmpb compare8,
    fxvmahfs mac16_sat, fxvmatachfs mac_to_accumulator16_sat, fxvmulhfs mul16_sat,
    fxvmultachfs mul_to_accumulator16_sat, fxvsubhfs sub16_sat, fxvaddactachf accumulate16_sat,
    fxvaddachfs add_accumulator16_sat, fxvaddhfs add16_sat,
    fxvmtachf to_accumulator16_sat,
    fxvmabfs mac8_sat, fxvmatacbfs mac_to_accumulator8_sat, fxvmulbfs mul8_sat, fxvmultacbfs mul_to_accumulator8_sat,
    fxvsubbfs sub8_sat, fxvaddactacbf accumulate8_sat, fxvaddacbfs add_accumulator8_sat, fxvaddbfs add8_sat,
    fxvmtacbf to_accumulator8_sat,
    fxvsel select, fxvshh shift_left16, fxvshb shift_left8, fxvpckbu pack_upper, fxvpckbl pack_lower,
    fxvupckbl unpack_left, fxvupckbr unpack_right,
    fxvlax load8, fxvlax load16, fxvstax store8, fxvstax store16, fxvinx random8, fxvoutx seed_random8
"""
UNMASKED = ("load", "store", "splat", "compare", "shift", "pack", "unpack", "move")


def test_every_instruction_of_the_manual_has_its_operation():
    """The instructions in the order of the manual; the parallel bus's other uses are operations of programs."""
    table = [entry.split() for entry in MNEMONICS.split(",")]
    assert len({mnemonic for mnemonic, _ in table}) == 53
    for mnemonic, name in table:
        assert re.search(rf"\b{mnemonic}\b", function_of(name).__doc__), (mnemonic, name)
        assert ("code" in OPERATIONS[name].operands) != name.startswith(UNMASKED), name
    beyond = set(OPERATIONS) - {name for _, name in table}
    assert beyond == {"move", *(f"shift_right{kind}{width}" for kind in ("", "_logic") for width in (8, 16))}
    for name in ("load_weights", "store_weights", "read_cadc", "reset_neurons", "load_external", "store_external"):
        assert callable(getattr(Processor, name))


def test_measured_costs_are_those_of_the_vendor():
    assert (COSTS["vector_load"].cycles, COSTS["vector_store"].cycles) == (49, 47)
    assert COSTS["vector_multiply_add"].cycles == 12
    assert all(cost.source and cost.cycles >= 1 for cost in COSTS.values())
