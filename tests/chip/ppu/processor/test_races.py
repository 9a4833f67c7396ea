"""Half-written memory: whoever looks in the middle of a write sees what has arrived, and that is counted as a race."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import LossError, MachineFault
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE
from chip.ppu import Memory, Recording, i32, kernel, u8
from chip.testing import UncompiledScript
from tests.chip.ppu.processor.programs import build

MEMORY = Memory(a=u8[1024], b=u8[1024], other=u8[2048], seen=i32[1])
LENIENT, STRICT = ChipConfig.ideal(strict=False), ChipConfig.ideal()
WRITE_NS = PpuConfig().omnibus_write_cycles * c.PPU_CLOCK_NS
OLD = {"b": np.full(1024, 9, np.uint8)}
NEW = {"a": np.arange(1024) % 251 + 1}
VECTORS = 16


@kernel
def peek(v, m):
    m.seen[0] = m.b[0] * 1000 + m.b[1023]


@kernel
def fill(v, m):
    for i in range(1024):
        m.b[i] = 5


@kernel
def elsewhere(v, m):
    for i in range(1024):
        m.other[i] = 5


def play(top, bottom, config=LENIENT):
    """Run two programs; return the chip and when each operation began, by PPU and name."""
    chip, begun = build(top, bottom, config=config), {}
    for processor in chip.processors:
        processor.observers.append(lambda ppu, one: begun.setdefault((ppu.name, one.name), ppu.start_ns))
    chip.start()
    chip.run()
    return chip, begun


def script(*operations, image=None, kernels=(peek, fill, elsewhere)):
    def main(ppu):
        for name, *arguments in operations:
            yield getattr(ppu, name)(*arguments)
        return 0

    return UncompiledScript(main, kernels, MEMORY, image)


def races(chip):
    return chip.losses()["races between PPUs"]


def arrived(begun_ns, now_ns):
    """What is in the region b at a time, when a send of the whole region had begun at another one."""
    bytes_there = 4 * max(0, min(256, (now_ns - begun_ns) // WRITE_NS))
    return [*NEW["a"][:bytes_there].tolist(), *OLD["b"][bytes_there:].tolist()]


SENDER = script(("wait", 100), ("send", c.BOTTOM, "a", "b", 1), image=NEW)


# ---------------------------------------------------------------------- a send, and who looks


def test_a_kernel_in_the_middle_of_a_send_sees_new_words_before_old_ones():
    ones = script(("wait", 100), ("send", c.BOTTOM, "a", "b", 1), image={"a": np.ones(1024, np.uint8)})
    receiver = script(("wait", 8_000), ("run", peek), ("wait_doorbell", 1))
    chip, _ = play(ones, receiver)
    assert chip.link.read_sram(c.BOTTOM, "seen").tolist() == [1_000]
    assert races(chip) == 1 and (chip.link.read_sram(c.BOTTOM, "b") == 1).all()
    words = (
        "region b of the bottom PPU was used at 32064 ns while program script on the top PPU was writing it, from 464 "
    )
    with pytest.raises(LossError, match=words + "to 41424 ns: wait for the sender's doorbell first"):
        play(ones, receiver, STRICT)


def test_who_waits_for_the_doorbell_sees_all_of_it():
    receiver = script(("wait_doorbell", 1), ("run", peek), image=OLD)
    chip, _ = play(SENDER, receiver, STRICT)
    assert chip.link.read_sram(c.BOTTOM, "b").tolist() == NEW["a"].tolist()
    assert chip.link.read_sram(c.BOTTOM, "seen").tolist() == [1_000 + NEW["a"][1023]]


def test_a_region_beside_is_free_to_use():
    chip, _ = play(SENDER, script(("wait", 5_000), ("run", elsewhere), ("wait_doorbell", 1)), STRICT)
    assert races(chip) == 0


@settings(max_examples=15)
@given(st.integers(0, 10_800))
@pytest.mark.parametrize("name", ["store_external", "send", "record"])
def test_operations_take_what_has_arrived_when_they_begin(name, wait):
    operation = {
        "store_external": ("store_external", DRAM_BASE + c.DRAM_BYTES // 2, "b", 8),
        "send": ("send", c.TOP, "b", "other", 2),
        "record": ("record", "b"),
    }[name]
    receiver = script(("wait", wait), operation, ("wait_doorbell", 1), image=OLD)
    receiver.recordings = (Recording("b", region="b", count=1),)
    waiting = ("wait_doorbell", 2) if name == "send" else ("wait", 1)
    sender = script(("wait", 100), ("send", c.BOTTOM, "a", "b", 1), waiting, image=NEW)
    chip, begun = play(sender, receiver)
    link = chip.link
    found = {
        "store_external": lambda: link.read_external(DRAM_BASE + c.DRAM_BYTES // 2, 1024),
        "send": lambda: link.read_sram(c.TOP, "other", 1024),
        "record": lambda: link.read_recording(c.BOTTOM, "b")["values"][0],
    }[name]()
    sent_ns, taken_ns = begun["top", "send"], begun["bottom", name]
    assert found.tolist() == arrived(sent_ns, taken_ns)
    ended_ns = taken_ns + chip.processors[1].cycles[PARTS[name]] * c.PPU_CLOCK_NS
    overlap = taken_ns < sent_ns + 256 * WRITE_NS and sent_ns < ended_ns
    assert races(chip) == overlap


PARTS = {"store_external": "external store", "send": "omnibus", "record": "recording"}


@pytest.mark.parametrize(
    "operation",
    [
        ("run", fill),
        ("sample_membranes", 8, "b"),
        ("load_external", BLOCK_RAM_BASE, "b", 8),
        ("store_external", BLOCK_RAM_BASE, "b", 8),
        ("load_weights", range(8), 0, "b"),
        ("store_weights", range(8), 0, "b"),
        ("chain", "b"),
    ],
)
def test_nobody_writes_into_a_region_that_is_in_use(operation):
    def main(ppu):
        name, *arguments = operation
        if name == "chain":
            yield ppu.chain(*(ppu.store_weights(range(8), 0, source="b") for _ in range(3)))
        else:
            yield getattr(ppu, name)(*arguments)
        yield ppu.wait_doorbell(1)
        return 0

    receiver = UncompiledScript(main, (fill,), MEMORY)
    assert races(play(SENDER, receiver)[0]) == 1
    doing = f"its {operation[0]} uses it until"
    with pytest.raises(
        LossError, match=f"region b of the bottom PPU is written by .* top PPU from 464 ns on while {doing}"
    ):
        play(SENDER, receiver, STRICT)


def test_two_sends_into_one_region_at_once_are_a_race_and_both_arrive_word_by_word():
    own = script(("wait", 5_000), ("send", c.BOTTOM, "a", "b", 2), image={"a": np.full(1024, 7, np.uint8)})
    chip, begun = play(SENDER, own)
    assert races(chip) == 1
    assert (chip.link.read_sram(c.BOTTOM, "b") == 7).all()  # the later one comes last, word by word
    with pytest.raises(
        LossError, match="b of the bottom PPU is written by .* bottom PPU from 20064 ns on and by .* top "
    ):
        play(SENDER, own, STRICT)


def test_sends_into_one_region_one_after_the_other_are_none():
    own = script(("wait_doorbell", 1), ("send", c.BOTTOM, "a", "b", 2), image={"a": np.full(1024, 7, np.uint8)})
    chip, _ = play(SENDER, own, STRICT)
    assert (chip.link.read_sram(c.BOTTOM, "b") == 7).all()


# ---------------------------------------------------------------------- external memory


def stored(begun_ns, now_ns):
    """How many of the vectors are there; the store takes as long for each."""
    cycles = c.EXTERNAL_STORE_CYCLES + (VECTORS - 1) * c.EXTERNAL_STORE_SUSTAINED_CYCLES
    span_ns = (cycles + VECTORS * c.SRAM_VECTOR_LOAD_CYCLES) * c.PPU_CLOCK_NS
    return max(0, min(VECTORS, (now_ns - begun_ns) * VECTORS // span_ns)), begun_ns + span_ns


LOAD_NS = VECTORS * (c.EXTERNAL_LOAD_CYCLES + c.SRAM_VECTOR_STORE_CYCLES) * c.PPU_CLOCK_NS


@settings(max_examples=40)
@given(
    st.integers(0, 9_000) | st.integers(4_200, 6_700),
    st.integers(0, 400) | st.integers(0, 3_000),
    st.sampled_from([BLOCK_RAM_BASE, DRAM_BASE + c.DRAM_BYTES // 2]),
)
def test_a_load_brings_what_has_been_stored_when_it_ends(storing, loading, base):
    storer = script(
        ("wait", storing),
        ("store_external", base, "other", VECTORS),
        ("wait", 9_000),
        image={"other": np.full(2048, 3)},
    )
    loader = script(("wait", loading), ("load_external", base, "other", VECTORS), image={"other": np.full(2048, 9)})
    chip, begun = play(storer, loader)
    stored_ns, loaded_ns = begun["top", "store_external"], begun["bottom", "load_external"]
    count, ended_ns = stored(stored_ns, loaded_ns + LOAD_NS)
    assert chip.link.read_sram(c.BOTTOM, "other").tolist() == [3] * 128 * count + [0] * 128 * (VECTORS - count)
    assert races(chip) == (stored_ns < loaded_ns + LOAD_NS and loaded_ns < ended_ns)
    if races(chip):
        with pytest.raises(
            LossError, match=f"2048 bytes at 0x{base:08x} of external memory at .* wait for its doorbell"
        ):
            play(storer, loader, STRICT)


@pytest.mark.parametrize(
    "one, other, count",
    [
        (("store_external", 0, "a", 8), ("store_external", 7, "a", 1), 1),
        (("store_external", 0, "a", 8), ("store_external", 8, "a", 8), 0),
        (("load_external", 0, "a", 8), ("load_external", 0, "a", 8), 0),
        (("load_external", 0, "a", 8), ("store_external", 4, "a", 8), 1),
    ],
)
def test_what_meets_in_external_memory(one, other, count):
    def placed(name, vector, region, vectors):
        return name, BLOCK_RAM_BASE + vector * c.VECTOR_BYTES, region, vectors

    assert races(play(script(placed(*one)), script(("wait", 20), placed(*other)))[0]) == count


# ---------------------------------------------------------------------- the host, after a fault


def faulting(wait):
    return script(("wait", wait), ("load_weights", 256, 0, "b"), image=OLD)


def stopped(top, bottom, words="rows 0..255"):
    chip = build(top, bottom, config=LENIENT)
    chip.start()
    with pytest.raises(MachineFault, match=words):
        chip.run()
    return chip


@pytest.mark.parametrize("wait, torn", [(5_000, 1), (10_300, 1), (10_390, 0), (50, 0)])
def test_the_host_reads_what_has_arrived_after_a_fault(wait, torn):
    chip = stopped(SENDER, faulting(wait))
    assert chip.link.read_sram(c.BOTTOM, "b").tolist() == arrived(464, chip.now_ns)
    chip.link.read_sram(c.BOTTOM, "other")
    chip.link.read_sram(c.TOP, "b")
    assert chip.losses().get("reads of half-written memory", 0) == torn
    assert chip.report()["losses"] == chip.losses()


@pytest.mark.parametrize("wait, torn", [(1_000, True), (2_300, False)])
def test_the_host_reads_what_has_been_stored_after_a_fault(wait, torn):
    storer = script(
        ("store_external", BLOCK_RAM_BASE, "other", VECTORS), ("wait", 9_000), image={"other": np.full(2048, 3)}
    )
    chip = stopped(storer, faulting(wait))
    count, _ = stored(32, chip.now_ns)
    assert (0 < count < VECTORS) == torn
    assert chip.link.read_external(BLOCK_RAM_BASE, 2048).tolist() == [3] * 128 * count + [0] * 128 * (VECTORS - count)
    chip.link.read_external(BLOCK_RAM_BASE + 2048, 128)
    assert chip.losses().get("reads of half-written memory", 0) == torn
