"""The vendor's instructions, by their mnemonics, against a twin on bytes: every condition, every lane.

Bytes are exhaustive, halfwords at edges and at random. The operations are called as they stand, without a kernel around
them.
"""

import importlib
import itertools
import re

import numpy as np
import pytest
from numba.core import config as numba_config

from chip.ppu import VectorUnit, byte_lanes
from chip.ppu.processor.operation import OFFERED
from chip.ppu.vector.operations import OPERATIONS
from tests.naive import vector as naive

ARITHMETIC = """
    fxvmahm mac16_mod, fxvmatachm mac_to_accumulator16_mod, fxvmulhm mul16_mod, fxvmultachm mul_to_accumulator16_mod,
    fxvsubhm sub16_mod, fxvaddactachm accumulate16_mod, fxvaddtachm add_to_accumulator16_mod,
    fxvaddachm add_accumulator16_mod, fxvaddhm add16_mod, fxvmtach to_accumulator16_mod,
    fxvmabm mac8_mod, fxvmatacbm mac_to_accumulator8_mod, fxvmulbm mul8_mod, fxvmultacbm mul_to_accumulator8_mod,
    fxvsubbm sub8_mod, fxvaddactacb accumulate8_mod, fxvaddtacb add_to_accumulator8_mod,
    fxvaddacbm add_accumulator8_mod, fxvaddbm add8_mod, fxvmtacb to_accumulator8_mod,
    fxvmahfs mac16_sat, fxvmatachfs mac_to_accumulator16_sat, fxvmulhfs mul16_sat,
    fxvmultachfs mul_to_accumulator16_sat, fxvsubhfs sub16_sat, fxvaddactachf accumulate16_sat,
    fxvaddachfs add_accumulator16_sat, fxvaddhfs add16_sat, fxvmtachf to_accumulator16_sat,
    fxvmabfs mac8_sat, fxvmatacbfs mac_to_accumulator8_sat, fxvmulbfs mul8_sat, fxvmultacbfs mul_to_accumulator8_sat,
    fxvsubbfs sub8_sat, fxvaddactacbf accumulate8_sat, fxvaddacbfs add_accumulator8_sat, fxvaddbfs add8_sat,
    fxvmtacbf to_accumulator8_sat
"""
OTHERS = """
    fxvsel select, fxvcmph compare16, fxvcmpb compare8, fxvsplath splat16, fxvsplatb splat8,
    fxvshh shift_left16, fxvshh shift_right_logic16, fxvshb shift_left8, fxvshb shift_right_logic8,
    fxvpckbu pack_upper, fxvpckbl pack_lower, fxvupckbl unpack_left, fxvupckbr unpack_right,
    fxvlax load8, fxvlax load16, fxvstax store8, fxvstax store16, fxvinx random8, fxvoutx seed_random8
"""


def table(text):
    return [tuple(entry.split()) for entry in text.split(",")]


INSTRUCTIONS = dict(table(ARITHMETIC))
WIDTH = {"fxvcmpb": 8, "fxvcmph": 16}  # of comparisons, in bits
CODES = range(4)  # always, greater, less, equal
EDGES = {
    8: [0, 1, 127, 128, 129, 255],
    16: [0, 1, 2, 255, 256, 16384, 32766, 32767, 32768, 32769, 49152, 65280, 65534, 65535],
    32: [0, 1, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xA5C3_0F01, 0xFFFF_FFFF],
}
ACCUMULATORS = (0, 0x00FF, 0x7FFF, 0x8000, 0x8001, 0xA5C3, 0xFFFF)
# plain Python is slow, and bounds are those of registers, whatever they hold; the compiled run is exhaustive
EVERY = 37 if numba_config.DISABLE_JIT or numba_config.BOUNDSCHECK else 1
VENDOR_S_LANES = 38 * 4 * 9 * 128  # that were once compared with the vendor's own predictor

STATE = VectorUnit(1).state
TARGET, FIRST, SECOND, COMPARED = 3, 4, 5, 6  # registers


def function_of(name):
    return getattr(importlib.import_module(OPERATIONS[name].module), name)


def arguments_of(mnemonic):
    """Return the registers that an arithmetic instruction names: its target, if it has one, and those that it reads."""
    count = OPERATIONS[INSTRUCTIONS[mnemonic]].operands.count("register")
    return (FIRST, SECOND)[:count] if naive.decode(mnemonic)[0].keeps else (TARGET, FIRST, SECOND)[:count]


class Lanes:
    """Registers and accumulator of one width, as the chip's bytes: big-endian."""

    def __init__(self, bits):
        self.registers = STATE.bytes if bits == 8 else STATE.halfwords
        self.accumulator = STATE.accumulator16 if bits == 8 else STATE.accumulator32

    def set(self, register, data):
        self.registers[register] = np.frombuffer(data, self.registers.dtype.newbyteorder(">"))

    def set_accumulator(self, data):
        self.accumulator[:] = np.frombuffer(data, self.accumulator.dtype.newbyteorder(">"))

    def get(self, register):
        return self.registers[register].astype(self.registers.dtype.newbyteorder(">")).tobytes()

    def get_accumulator(self):
        return self.accumulator.astype(self.accumulator.dtype.newbyteorder(">")).tobytes()


def vector(rng, bits, size=128, zeros=0.0):
    """Return random bytes, a third of the elements at the edges of their width, some of them 0."""
    count = 8 * size // bits
    drawn = np.where(rng.random(count) < 0.33, rng.choice(EDGES[bits], count), rng.integers(0, 2**bits, count))
    drawn[rng.random(count) < zeros] = 0
    return naive.joined(drawn.tolist(), bits)


def check(mnemonic, code, old, wanted, conditions):
    """Run an instruction on what the registers hold; compare register and accumulator, all 128 lanes of them.

    Args:
        old: the target's bytes and the accumulator's before; wanted: what the instruction computes, unmasked.
    """
    verb, bits, _ = naive.decode(mnemonic)
    lanes, (target, accumulator) = Lanes(bits), old
    lanes.set(TARGET, target)
    lanes.set_accumulator(accumulator)
    function_of(INSTRUCTIONS[mnemonic])(STATE, *arguments_of(mnemonic), code)
    if verb.keeps:
        accumulator = naive.merged(accumulator, wanted, conditions, code)
    else:
        target = naive.merged(target, wanted, conditions, code)
    assert lanes.get(TARGET) == target, (mnemonic, code)
    assert lanes.get_accumulator() == accumulator, (mnemonic, code)


def compared(mnemonic, data):
    """Compare a register with 0; return the conditions, all of them as the twin has them."""
    Lanes(WIDTH[mnemonic]).set(COMPARED, data)
    function_of(dict(table(OTHERS))[mnemonic])(STATE, COMPARED)
    conditions = naive.compare(mnemonic, data)
    assert STATE.conditions.tolist() == conditions
    return conditions


# ---------------------------------------------------------------------- arithmetic and select


def test_every_instruction_under_every_condition_of_bytes_and_of_halfwords():
    """The conditions come from a comparison of either width, whatever the instruction's own."""
    rng, lanes_compared = np.random.default_rng(1), 0
    for mnemonic, compare, _ in itertools.product(INSTRUCTIONS, WIDTH, range(9)):
        bits = naive.decode(mnemonic)[1]
        conditions = compared(compare, vector(rng, WIDTH[compare], zeros=0.3))
        assert set(conditions) == {1, 2, 3}
        first, second, target = (vector(rng, bits) for _ in range(3))
        accumulator = vector(rng, 2 * bits, 256)
        Lanes(bits).set(FIRST, first)
        Lanes(bits).set(SECOND, second)
        wanted = naive.compute(mnemonic, first, second, accumulator)
        for code in CODES:
            check(mnemonic, code, (target, accumulator), wanted, conditions)
            lanes_compared += 128
    print(f"{lanes_compared} lanes of {len(INSTRUCTIONS)} instructions")
    assert lanes_compared == 2 * VENDOR_S_LANES


@pytest.mark.parametrize("mnemonic", [name for name in INSTRUCTIONS if naive.decode(name)[1] == 8])
def test_byte_instructions_on_all_pairs_under_every_condition(mnemonic):
    rng, lanes = np.random.default_rng(2), Lanes(8)
    pairs = np.array(list(itertools.product(range(256), repeat=2)), np.uint8).reshape(512, 128, 2)
    target, accumulates = vector(rng, 8), naive.decode(mnemonic)[0].accumulates
    for before in ACCUMULATORS if accumulates else ACCUMULATORS[-1:]:
        accumulator = naive.joined([before] * 128, 16)
        for pair in pairs[::EVERY]:
            first, second = pair[:, 0].tobytes(), pair[:, 1].tobytes()
            lanes.set(FIRST, first)
            lanes.set(SECOND, second)
            wanted = naive.compute(mnemonic, first, second, accumulator)
            STATE.conditions[:] = conditions = rng.integers(1, 4, 128).tolist()
            for code in CODES:
                check(mnemonic, code, (target, accumulator), wanted, conditions)


@pytest.mark.parametrize("mnemonic", [name for name in INSTRUCTIONS if naive.decode(name)[1] == 16])
def test_halfword_instructions_on_all_pairs_of_edges(mnemonic):
    rng, lanes = np.random.default_rng(3), Lanes(16)
    pairs = np.resize(np.array(list(itertools.product(EDGES[16], repeat=2))), (4, 64, 2))
    for number, pair in enumerate(pairs):
        first, second = (naive.joined(side, 16) for side in pair.T.tolist())
        lanes.set(FIRST, first)
        lanes.set(SECOND, second)
        accumulator = naive.joined(np.resize(EDGES[32][number:], 64).tolist(), 32)
        wanted = naive.compute(mnemonic, first, second, accumulator)
        STATE.conditions[:] = conditions = rng.integers(0, 4, 128).tolist()  # 0 as before the first comparison
        for code in CODES:
            check(mnemonic, code, (vector(rng, 16), accumulator), wanted, conditions)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("bits", [8, 16])
def test_select_takes_the_bytes_whose_condition_holds(bits, code):
    rng, lanes = np.random.default_rng(4), Lanes(bits)
    for compare in WIDTH if bits == 8 else ("fxvcmph",):
        conditions = compared(compare, vector(rng, WIDTH[compare], zeros=0.3))
        first, second = vector(rng, bits), vector(rng, bits)
        lanes.set(FIRST, first)
        lanes.set(SECOND, second)
        function_of("select")(STATE, TARGET, FIRST, SECOND, code)
        assert lanes.get(TARGET) == naive.merged(first, second, conditions, code)


# ---------------------------------------------------------------------- compare, shift, splat, pack


@pytest.mark.parametrize("mnemonic, bits", WIDTH.items())
def test_compare_on_every_number(mnemonic, bits):
    numbers = np.arange(2**bits).reshape(-1, 1024 // bits)
    for patterns in numbers if bits == 8 else numbers[::EVERY]:
        compared(mnemonic, naive.joined(patterns.tolist(), bits))


@pytest.mark.parametrize("bits", [8, 16])
def test_shifts_on_every_number(bits):
    """The vendor's amount is signed; a negative one is our shift to the right, without the sign."""
    lanes, numbers = Lanes(bits), np.arange(2**bits).reshape(-1, 1024 // bits)
    for amount, patterns in itertools.product(range(1 - bits, bits), numbers if bits == 8 else numbers[:: 11 * EVERY]):
        lanes.set(FIRST, naive.joined(patterns.tolist(), bits))
        wanted = naive.joined([naive.shift(x, amount, bits) for x in patterns.tolist()], bits)
        for name in [f"shift_left{bits}"] * (amount >= 0) + [f"shift_right_logic{bits}"] * (amount <= 0):
            function_of(name)(STATE, TARGET, FIRST, abs(amount))
            assert lanes.get(TARGET) == wanted, (name, amount)


@pytest.mark.parametrize("value", [0, 127, 128, 255, -1, 32768, 65535, -(2**31), 2**31 - 1])
def test_splat_takes_the_low_bits(value):
    for bits in (8, 16):
        function_of(f"splat{bits}")(STATE, TARGET, value)
        assert Lanes(bits).get(TARGET) == naive.joined([value % 2**bits] * (1024 // bits), bits)


@pytest.fixture
def scrambled():
    """Fill all registers at random."""
    STATE.bytes[:] = np.random.default_rng(5).integers(-128, 128, STATE.bytes.shape)


@pytest.mark.parametrize("spare", range(4))
@pytest.mark.parametrize("destination", [TARGET, FIRST, SECOND])
@pytest.mark.parametrize("upper", [True, False])
def test_pack_takes_upper_or_lower_bits(upper, destination, spare, scrambled):
    a, b = (Lanes(16).get(register) for register in (FIRST, SECOND))
    function_of("pack_upper" if upper else "pack_lower")(STATE, destination, FIRST, SECOND, spare)
    packed = Lanes(8).get(destination)
    assert packed == naive.pack(a, b, upper, spare)
    if spare == 0:
        for halfwords, second in ((a, False), (b, True)):
            assert bytes(packed[lane] for lane in byte_lanes(second)) == halfwords[0 if upper else 1 :: 2]


@pytest.mark.parametrize("spare", range(4))
@pytest.mark.parametrize("destination", [TARGET, FIRST, SECOND])
@pytest.mark.parametrize("right", [False, True])
def test_unpack_is_the_way_back(right, destination, spare, scrambled):
    name = "unpack_right" if right else "unpack_left"
    upper, lower = (Lanes(8).get(register) for register in (FIRST, SECOND))
    function_of(name)(STATE, destination, FIRST, SECOND, spare)
    assert Lanes(16).get(destination) == naive.unpack(upper, lower, right, spare)
    before = naive.cut(Lanes(16).get(SECOND if right else FIRST), 16)
    function_of("pack_upper")(STATE, 7, FIRST, SECOND, spare)
    function_of("pack_lower")(STATE, 8, FIRST, SECOND, spare)
    function_of(name)(STATE, 9, 7, 8, spare)
    kept = 0xFFFF << (2 * spare) & 0xFFFF  # the bits that both bytes have room for
    assert Lanes(16).get(9) == naive.joined([x & kept for x in before], 16)


# ---------------------------------------------------------------------- the table is whole


UNMASKED = ("load", "store", "splat", "compare", "shift", "pack", "unpack", "move")


def test_every_instruction_of_the_manual_has_its_operation():
    """38 of arithmetic and 15 others; the parallel bus's other uses are operations of programs."""
    assert len(INSTRUCTIONS) == 38 and len({mnemonic for mnemonic, _ in table(OTHERS)}) == 15
    for mnemonic, name in table(ARITHMETIC) + table(OTHERS):
        assert re.search(rf"\b{mnemonic}\b", function_of(name).__doc__), (mnemonic, name)
        assert ("code" in OPERATIONS[name].operands) != name.startswith(UNMASKED), name
    beyond = set(OPERATIONS) - {name for _, name in table(ARITHMETIC) + table(OTHERS)}
    assert beyond == {"move", "shift_right8", "shift_right16"}
    for name in ("load_weights", "store_weights", "read_cadc", "reset_neurons", "load_external", "store_external"):
        assert name in OFFERED
