"""The vector unit around its arithmetic: moves, random numbers, snapshots; one kernel that has all operations.

The operations are called as they stand, without a kernel around them; the kernel shows that kernels pass on what they
are given, and book it. What each instruction computes: ``test_vector_instructions.py``.
"""

import importlib
import itertools

import numpy as np
import pytest

from chip.ppu import Condition, Memory, VectorUnit, i8, i16
from chip.ppu.costs import COSTS
from chip.ppu.vector.operations import OPERATIONS
from chip.ppu.vector.unit import RANDOM_TAPS
from tests.chip.ppu.compiler.sources import Machine, module
from tests.naive import vector as naive

UNIT = VectorUnit(1)
STATE = UNIT.state


def function_of(name):
    return getattr(importlib.import_module(OPERATIONS[name].module), name)


# ---------------------------------------------------------------------- moves


def test_move_copies_every_byte():
    STATE.bytes[4] = np.arange(128) - 64
    function_of("move")(STATE, 3, 4)
    assert STATE.bytes[3].tolist() == list(range(-64, 64))


@pytest.mark.parametrize("width", [8, 16])
def test_load_and_store_move_the_indexed_vector(width):
    rng = np.random.default_rng(3)
    count = 1024 // width
    region = rng.integers(-128, 128, 2 * count).astype(np.int8 if width == 8 else np.uint16)
    before = region.copy()
    function_of(f"load{width}")(STATE, 3, region, 1)
    assert (STATE.bytes if width == 8 else STATE.halfwords)[3].tobytes() == before[count:].tobytes()
    function_of(f"store{width}")(STATE, 3, region, 0)
    assert region[:count].tolist() == before[count:].tolist() == region[count:].tolist()


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
            arguments.append(str(Condition(values[-1])) if kind == "code" else f"{prefix}{values[-1]}")
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


def test_measured_costs_are_those_of_the_vendor():
    assert (COSTS["vector_load"].cycles, COSTS["vector_store"].cycles) == (49, 47)
    assert COSTS["vector_multiply_add"].cycles == 12
    assert all(cost.source and cost.cycles >= 1 for cost in COSTS.values())
