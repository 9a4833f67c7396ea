"""Programs that poll: every look takes time, words come when they are written, the watchdog ends what does not."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import LossError
from chip.ppu import Memory, i32, u8, u32
from chip.ppu.costs import COSTS, issue_cycles
from chip.testing import Script, UncompiledScript
from tests.chip.ppu.processor.programs import build

MEMORY = Memory(flag=u32[1], message=u32[8], bytes=u8[64], seen=i32[4])
ENTRY, BRANCH = COSTS["entry"].cycles, COSTS["branch"].cycles
LOAD = COSTS["load"].cycles + COSTS["address"].cycles
LOOK = LOAD + COSTS["alu"].cycles + BRANCH  # one round of polling: load, compare, branch
WRITE = PpuConfig().omnibus_write_cycles
DONE = np.array([1], np.uint32)


def run(top, bottom=None, limit=None, strict=True, image=None):
    """Run two mains, the top one compiled; return the chip and the cycle at which each operation began."""
    ppu = PpuConfig() if limit is None else PpuConfig(program_limit_cycles=limit)
    programs = [Script(top, memory=MEMORY)]
    if bottom is not None:
        programs.append(Script(bottom, memory=MEMORY, image=image or {"flag": DONE}))
    chip = build(*programs, config=ChipConfig.ideal(ppu=ppu, strict=strict))
    begun = {"top": [], "bottom": []}
    for processor in chip.processors:
        processor.observers.append(lambda ppu, one: begun[ppu.name].append((one.name, ppu.start_ns / c.PPU_CLOCK_NS)))
    chip.start()
    chip.run()
    return chip, begun


def polling(ppu):
    while ppu.word("flag") == 0:
        pass
    yield ppu.wait(1)
    return 0


def first_look(cycle):
    """When a program that polls from its first instruction on looks for the first time at a cycle or later."""
    first = ENTRY + LOAD
    return first + -(-max(0, cycle - first) // LOOK) * LOOK


def sender(wait):
    def main(ppu):
        yield ppu.wait(wait)
        yield ppu.send(c.TOP, source="flag", into="flag", line=1)
        return 0

    return main


@settings(max_examples=40)
@given(st.integers(0, 3 * LOOK) | st.integers(0, 60_000))
def test_a_word_is_seen_at_the_first_look_after_its_bus_write(wait):
    chip, begun = run(polling, sender(wait))
    (_, (name, sent)) = begun["bottom"]
    assert name == "send" and sent == ENTRY + issue_cycles(1) + wait + issue_cycles(4)
    look = first_look(sent + WRITE)
    assert begun["top"] == [("wait", look + COSTS["alu"].cycles + BRANCH + issue_cycles(1))]
    assert chip.losses()["races between PPUs"] == 0  # one word is written whole
    assert chip.processors[0].cycles["control"] == begun["top"][0][1] + COSTS["alu"].cycles  # and the exit code


def test_the_last_word_of_a_message_comes_last_and_may_be_polled():
    def receiver(ppu):
        while ppu.word("message", 7) == 0:
            pass
        yield ppu.wait(ppu.word("message", 0) - 1)
        return 0

    def source(ppu):
        yield ppu.wait(500)
        yield ppu.send(c.TOP, source="message", into="message", line=1)
        return 0

    chip, begun = run(receiver, source, image={"message": np.arange(1, 9, dtype=np.uint32)})
    sent = begun["bottom"][1][1]
    seen = begun["top"][0][1] - (COSTS["alu"].cycles + BRANCH) - LOAD - COSTS["alu"].cycles - issue_cycles(1)
    assert begun["top"][0][0] == "wait" and 0 <= seen - (sent + 8 * WRITE) < LOOK
    assert chip.losses()["races between PPUs"] == 0


@pytest.mark.parametrize("element", [0, 3, 6])
def test_a_word_with_more_behind_it_is_seen_in_its_turn_and_is_a_race(element):
    def receiver(ppu):
        while ppu.word("message", element) == 0:
            pass
        yield ppu.wait(1)
        return 0

    def source(ppu):
        yield ppu.wait(500)
        yield ppu.send(c.TOP, source="message", into="message", line=1)
        return 0

    image = {"message": np.arange(1, 9, dtype=np.uint32)}
    with pytest.raises(
        LossError, match=f"element {element} of region message of the top PPU was read at .* poll the l"
    ):
        run(receiver, source, image=image)
    chip, begun = run(receiver, source, image=image, strict=False)
    sent = begun["bottom"][1][1]
    look = first_look(sent + (element + 1) * WRITE)
    assert begun["top"][0][1] == look + COSTS["alu"].cycles + BRANCH + issue_cycles(1)
    looks = [at for at in range(ENTRY + LOAD, int(look) + 1, LOOK) if sent < at]
    assert chip.losses()["races between PPUs"] == len(looks)


@pytest.mark.parametrize("kind", [Script, UncompiledScript])
@pytest.mark.parametrize("element, nbytes, races", [(8, 16, 3), (12, 16, 2), (12, 14, 2), (12, 20, 3), (20, 20, 2)])
def test_bytes_of_a_message_come_with_its_words(kind, element, nbytes, races):
    """Two words have been written. To look at bytes of the last one is no race, nor at what is not sent at all."""

    def receiver(ppu):
        yield ppu.wait(1_100)
        return ppu.word("bytes", 3) + ppu.word("bytes", 4) + ppu.word("bytes", element)

    def source(ppu):
        yield ppu.wait(1_000)
        yield ppu.send(c.TOP, source="bytes", into="bytes", line=1, nbytes=nbytes)
        return 0

    programs = kind(receiver, memory=MEMORY), Script(source, memory=MEMORY, image={"bytes": np.full(64, 5)})
    chip = build(*programs, config=ChipConfig.ideal(strict=False))
    assert chip.link.run()[0] == 10
    assert chip.losses()["races between PPUs"] == races


@settings(max_examples=20)
@given(st.integers(0x10000, 0x10000 + 40) | st.integers(0x10000, 200_000))
def test_polling_the_time_base_ends_at_its_cycle(cycle):
    def main(ppu):
        while ppu.time_base < cycle:
            pass
        yield ppu.wait(1)
        return 0

    _, begun = run(main)
    wide = 6  # to load a constant of more than 16 bits, compare numbers of 64 bits, and branch
    reading = ENTRY + LOAD
    reading += -(-(cycle - reading) // (LOAD + wide)) * (LOAD + wide)
    assert begun["top"] == [("wait", reading + wide + issue_cycles(1))]


def test_two_readings_of_the_time_base_are_apart_by_what_is_between_them():
    def main(ppu):
        before = ppu.time_base
        value = ppu.word("seen") * 3 + 1
        after = ppu.time_base
        yield ppu.wait(value)
        return i32(after - before)

    chip, _ = run(main)
    arithmetic = COSTS["multiply"].cycles + COSTS["alu"].cycles
    assert chip.processors[0].exit_code == LOAD + arithmetic + LOAD


# ---------------------------------------------------------------------- the watchdog


def looping(ppu):
    while True:
        pass


def asking(ppu):
    while True:
        if ready(ppu):
            yield ppu.wait(1)


def ready(ppu):
    for index in range(8):
        if ppu.word("message", index) > 0:
            return 1
    return 0


def counting(ppu):
    count = 0
    while True:
        count += 1


def timing(ppu):
    while ppu.time_base >= 0:
        pass
    yield ppu.wait(1)
    return 0


def ticking(ppu):
    for _ in range(100):
        yield ppu.wait(1_000)
    return 5


@pytest.mark.parametrize("main", [polling, looping, asking, counting, timing])
@pytest.mark.parametrize("limit", [1_000, 50_000, 123_457])
def test_the_watchdog_ends_what_polls_or_loops_while_the_other_processor_goes_on(main, limit):
    chip, begun = run(main, ticking, limit=limit)
    assert [ppu.exit_code for ppu in chip.processors] == ["watchdog", "watchdog" if limit < 100_000 else 5]
    assert chip.now_ns == (limit + 1) * c.PPU_CLOCK_NS
    between = 1_000 + COSTS["alu"].cycles + BRANCH + issue_cycles(1)  # the loop counts on and tests
    expected = range(int(begun["bottom"][0][1]), limit + 1, between)[:100]
    assert [cycle for _, cycle in begun["bottom"]] == list(expected)
    assert 0 <= chip.processors[0].cycles["control"] - limit < 100


@pytest.mark.parametrize("main", [polling, looping, asking])
@pytest.mark.parametrize("bottom", [None, ticking])
def test_an_hour_of_polling_takes_milliseconds(main, bottom):
    chip = build(*(Script(one, memory=MEMORY) for one in (main, bottom) if one), config=ChipConfig.ideal())
    chip.start()
    begun = time.process_time()
    chip.run()
    assert time.process_time() - begun < 5  # without a leap over the circles: minutes
    limit = PpuConfig().program_limit_cycles
    assert chip.processors[0].exit_code == "watchdog" and chip.now_ns == (limit + 1) * c.PPU_CLOCK_NS
    assert 0 <= chip.processors[0].cycles["control"] - limit < 100


@pytest.mark.parametrize("wait", range(LOOK + 2))
def test_so_it_does_wherever_the_other_processor_stops_it(wait):
    """Where the flow is stopped by a horizon, it may be at a place that it never sees again when it goes by looks."""

    def waiting(ppu):
        yield ppu.wait(wait)
        return 5

    test_an_hour_of_polling_takes_milliseconds(polling, waiting)


def test_what_comes_while_the_flow_looks_for_circles_is_not_lost():
    """It looks for them after 10 000 cycles without an operation, when some of these programs are done."""

    def main(ppu):
        left = ppu.word("seen")
        while left > 0:
            left -= 1
        yield ppu.wait(3)
        return left + 5

    def outcome(rounds):
        chip = build(Script(main, memory=MEMORY, image={"seen": np.array([rounds, 0, 0, 0])}))
        chip.start()
        chip.run()
        return chip.processors[0].exit_code, chip.now_ns // c.PPU_CLOCK_NS

    (_, first), (_, second) = outcome(0), outcome(1)
    around = 10_000 // (second - first)
    for rounds in range(around - 10, around + 80):
        assert outcome(rounds) == (5, first + rounds * (second - first))
