"""A program may be simulated ahead of the others, and looked for circles in; nobody can tell."""

import hashlib

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, PpuConfig
from chip.base.errors import ChipError, MachineFault
from chip.base.registers import Registers
from chip.chip import Chip
from chip.ppu import Memory, divide, i32, kernel
from chip.ppu.compiler.language import KernelError
from chip.ppu.costs import COSTS, issue_cycles
from chip.ppu.processor.flows import compiled
from chip.testing import Script, UncompiledScript, load_firmware
from tests.chip.listening import Everything
from tests.chip.ppu.compiler.sources import module
from tests.chip.ppu.processor.pairs import pair
from tests.chip.ppu.processor.programs import build

MEMORY = Memory(flag=i32[1], buffer=i32[64], seen=i32[4])
ENTRY = COSTS["entry"].cycles
LENIENT = ChipConfig.ideal(strict=False)


@kernel
def long(v, m, x):
    for _ in range(20):
        for i in range(64):
            m.buffer[i] = i
    m.seen[0] = divide(1, x)


@kernel
def mark(v, m):
    m.seen[1] = 7


def observe(chip, observers):
    for processor in observers:
        chip.processors[processor].observers.append(lambda ppu, one: None)


def state(chip, told):
    """Return everything that a run has left; where a program was ended from outside, what it has done alone differs."""
    ppus = chip.processors
    ended = [isinstance(ppu.exit_code, int) for ppu in ppus]
    whole = all(ended)
    sram = [hashlib.sha256(ppu.sram).hexdigest() for ppu in ppus if whole]
    return {
        "told": told,
        "exit codes": [ppu.exit_code for ppu in ppus],
        "now": chip.now_ns,
        "losses": chip.losses() if whole else None,
        "cycles": [dict(+ppu.cycles) if end else None for ppu, end in zip(ppus, ended, strict=True)],
        "sram": sram,
    }


def outcome(made, config, observers=(), most_steps=None, followed=()):
    chip = Chip(config)
    load_firmware(chip, made.Top(), made.Bottom(), registers=Registers())
    observe(chip, observers)
    Everything(chip, followed)
    chip.start()
    try:
        while most_steps and chip.learning and chip.environment.queue and chip.now_ns <= chip.limit_ns:
            chip.environment.take_steps(most_steps)
        chip.run()
    except ChipError as error:
        return state(chip, f"{type(error).__name__}: {error}")
    return state(chip, "")


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_pairs_do_the_same_whoever_looks(tmp_path, monkeypatch, first):
    compared = 0
    for seed in range(first, first + 20):
        text, drawn = pair(seed)
        limit = drawn.choice([1_000, 20_000, drawn.randint(1_000, 60_000), 300_000])
        made = module(tmp_path, text)
        config = ChipConfig.ideal(strict=drawn.random() < 0.15, ppu=PpuConfig(program_limit_cycles=limit))
        try:
            plain = outcome(made, config)
        except KernelError:
            continue
        compared += 1
        for observers in ((0,), (1,), (0, 1)):
            assert outcome(made, config, observers) == plain, seed
        assert outcome(made, config, followed=((0,), (1,), (0, 1))[seed % 3]) == plain, seed
        assert outcome(made, config, most_steps=1 + seed % 3) == plain, seed
        for polling_ns in (300, 1 << 40):
            with monkeypatch.context() as patch:
                patch.setattr(compiled, "POLLING_NS", polling_ns)
                assert outcome(made, config) == plain, seed
    assert compared >= 15


# ---------------------------------------------------------------------- cases


def sends_in_between(ppu):
    yield ppu.wait(50)
    yield ppu.send(c.TOP, source="flag", into="flag", line=1)
    return 0


def word_behind(ppu):
    yield ppu.run(long, 1)
    return ppu.word("flag")


def ring_behind(ppu):
    yield ppu.wait(40)
    yield ppu.run(long, 1)
    yield ppu.send(c.BOTTOM, source="flag", into="seen", line=2)
    return 0


def chip_of(top, bottom, config=LENIENT):
    images = {"flag": np.array([7])}
    programs = [Script(top, (long, mark), MEMORY), Script(bottom, (long, mark), MEMORY, images)]
    return build(*programs, config=config)


@pytest.mark.parametrize("observers", [(), (0,)])
def test_a_word_behind_a_long_kernel_is_what_was_sent_meanwhile(observers):
    chip = chip_of(word_behind, sends_in_between)
    observe(chip, observers)
    assert chip.link.run() == [7, 0]


def test_so_does_a_plain_program():
    chip = build(UncompiledScript(word_behind, (long,), MEMORY), Script(sends_in_between, (), MEMORY, {"flag": [7]}))
    assert chip.link.run() == [7, 0]


@pytest.mark.parametrize("observers", [(), (0,)])
def test_what_is_sent_behind_a_long_kernel_is_what_came_meanwhile(observers):
    chip = chip_of(ring_behind, sends_in_between)
    observe(chip, observers)
    assert chip.link.run() == [0, 0] and chip.processors[1].regions["seen"][0] == 7


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("cycles", range(940, 1_010, 7))
def test_nothing_begins_behind_the_watchdogs_time(watched, cycles):
    def top(ppu):
        yield ppu.wait(cycles)
        yield ppu.run(mark)
        yield ppu.wait(1)
        return 0

    chip = chip_of(top, sends_in_between, ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=1_000)))
    if watched:
        observe(chip, (0, 1))
    chip.start()
    chip.run()
    begins = ENTRY + issue_cycles(1) + cycles + issue_cycles(1)
    assert bool(chip.processors[0].regions["seen"][1] == 7) is (begins <= 1_000)


@pytest.mark.parametrize("observers", [(), (0, 1)])
def test_a_fault_that_lies_behind_the_watchdog_does_not_come(observers):
    def top(ppu):
        yield ppu.run(long, 0)
        return 0

    def bottom(ppu):
        yield ppu.wait(50)
        yield ppu.run(mark)
        return 5

    chip = chip_of(top, bottom, ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=1_000)))
    observe(chip, observers)
    chip.start()
    chip.run()
    assert [ppu.exit_code for ppu in chip.processors] == ["watchdog", 5]
    assert chip.now_ns == 1_001 * c.PPU_CLOCK_NS and chip.processors[1].regions["seen"][1] == 7


def faulting_kernel(ppu):
    yield ppu.run(long, 0)
    return 0


def faulting_operation(ppu):
    yield ppu.run(long, 1)
    yield ppu.wait(ppu.word("seen", 2) - 5)
    return 0


def faulting_division(ppu):
    yield ppu.run(long, 1)
    return divide(1, ppu.word("seen", 2))


FAULTING = [faulting_kernel, faulting_operation, faulting_division]


@pytest.mark.parametrize("top", FAULTING)
@pytest.mark.parametrize("observers", [(), (0,)])
def test_a_fault_comes_at_its_time(top, observers):
    chip = chip_of(top, sends_in_between)
    observe(chip, observers)
    chip.start()
    with pytest.raises(MachineFault):
        chip.run()
    assert [ppu.exit_code for ppu in chip.processors] == ["fault", 0]
    assert 9_000 < chip.now_ns / c.PPU_CLOCK_NS < 9_200


@pytest.mark.parametrize("top", FAULTING)
@pytest.mark.parametrize("observers", [(), (0,), (1,), (0, 1)])
def test_of_two_faults_the_earlier_one_is_told(top, observers):
    def bottom(ppu):
        yield ppu.wait(100)
        return divide(5, ppu.word("seen"))

    chip = chip_of(top, bottom)
    observe(chip, observers)
    chip.start()
    with pytest.raises(MachineFault, match="task bottom divided by zero"):
        chip.run()
    assert [ppu.exit_code for ppu in chip.processors] == [None, "fault"] and chip.now_ns < 200 * c.PPU_CLOCK_NS


@pytest.mark.parametrize("observers", [(), (0,)])
def test_two_rings_before_a_wait_are_one_lost(observers):
    def top(ppu):
        yield ppu.run(long, 1)
        yield ppu.wait_doorbell(1)
        return 0

    def bottom(ppu):
        yield ppu.wait(50)
        yield ppu.ring(c.TOP, 1)
        yield ppu.ring(c.TOP, 1)
        return 0

    chip = chip_of(top, bottom)
    observe(chip, observers)
    assert chip.link.run() == [0, 0] and chip.losses()["doorbells"] == 1


@pytest.mark.parametrize("observers", [(), (0,)])
def test_a_deadlock_is_told_at_the_time_of_the_last_wait(observers):
    def top(ppu):
        yield ppu.run(long, 1)
        yield ppu.wait_doorbell(1)
        return 0

    def bottom(ppu):
        yield ppu.wait(3)
        return 0

    chip = chip_of(top, bottom)
    observe(chip, observers)
    chip.start()
    with pytest.raises(MachineFault, match=r"at 3\d{4} ns nothing .* on the top PPU waits for doorbell line 1 .*ring"):
        chip.run()
    assert chip.now_ns > 9_000 * c.PPU_CLOCK_NS


def test_a_plain_program_ends_behind_what_others_do_before():
    def top(ppu):
        yield ppu.wait(1)
        return sum(ppu.word("flag") for _ in range(1_000))

    def bottom(ppu):
        for _ in range(20):
            yield ppu.wait(50)
        return 5

    for limit, codes in ((20_000, [0, 5]), (1_500, ["watchdog", 5])):
        config = ChipConfig.ideal(ppu=PpuConfig(program_limit_cycles=limit))
        chip = build(UncompiledScript(top, memory=MEMORY), Script(bottom, memory=MEMORY), config=config)
        chip.start()
        times = []
        while chip.learning and chip.environment.queue:
            chip.environment.take_steps(1)
            times.append(chip.now_ns)
        chip.run()
        assert [ppu.exit_code for ppu in chip.processors] == codes
        assert times == sorted(times) and chip.now_ns == max(times)


@pytest.mark.parametrize("observers", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("waits", range(58, 67))
def test_at_one_instant_the_top_processor_is_first_whoever_looks(waits, observers):
    """A line rings again at the very instant at which its first ring is answered: that is before it, or behind it."""

    def top(ppu):
        yield ppu.wait(waits)
        for _ in range(9):
            pass
        yield ppu.wait_doorbell(1)
        yield ppu.wait_doorbell(1)
        return 0

    def bottom(ppu):
        yield ppu.ring(c.TOP, 1)
        yield ppu.ring(c.TOP, 1)
        yield ppu.wait(500)
        yield ppu.ring(c.TOP, 1)
        return 0

    chip = chip_of(top, bottom)
    observe(chip, observers)
    begun = {}
    chip.processors[0].observers += [lambda ppu, one: begun.setdefault(one.name, ppu.start_ns)] * (0 in observers)
    assert chip.link.run() == [0, 0]
    second_ring_ns = (ENTRY + 2 * (issue_cycles(2) + PpuConfig().omnibus_write_cycles)) * c.PPU_CLOCK_NS
    if begun:
        assert chip.losses()["doorbells"] == (begun["wait_doorbell"] > second_ring_ns)
