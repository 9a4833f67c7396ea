"""The instruction cache: what is fetched when, by a model on lists and by programs."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base.config import ChipConfig, PpuConfig
from chip.ppu import Memory, i32, kernel
from chip.ppu.linker import START_CODE_BYTES
from chip.ppu.processor.instruction_cache import InstructionCache
from tests.chip.ppu.processor.programs import UncompiledScript, run, sleep


@dataclass(frozen=True)
class Sized:
    """Something with routines of known sizes, as a kernel has."""

    sizes: tuple

    @property
    def code_sizes(self):
        return dict(self.sizes)


SIZES = {"a": 100, "b": 128, "c": 700, "d": 1500, "shared": 300}
ROUTINES = ["a"], ["b"], ["shared", "c"], ["shared", "d"]
KERNELS = [Sized(tuple((name, SIZES[name]) for name in names)) for names in ROUTINES]


def fetched_lines(order, size, line):
    """Return the lines that each run fetches, from the list of routines used so far, youngest first."""
    history, found = [], []
    resident = []
    for kernel_run in order:
        used = {"start": START_CODE_BYTES, **kernel_run.code_sizes}
        found.append(sum(-(-used[name] // line) for name in used if name not in resident))
        for name in used:
            history = [name, *(other for other in history if other != name)]
        resident, room = [], size // line
        for name in history:
            room -= -(-({"start": START_CODE_BYTES} | SIZES)[name] // line)
            if room < 0:
                break
            resident.append(name)
        history = resident
    return found


@given(
    st.lists(st.sampled_from(KERNELS), max_size=30),
    st.sampled_from([512, 1000, 2048, 4096]),
    st.sampled_from([32, 128]),
)
def test_the_longest_unused_routine_makes_room(order, size, line):
    config = PpuConfig(
        instruction_cache_bytes=size, instruction_cache_line_bytes=line, instruction_cache_miss_cycles=344
    )
    cache = InstructionCache(config)
    assert [cache.fetch(one) for one in order] == [344 * lines for lines in fetched_lines(order, size, line)]
    assert cache.fetched_lines == sum(fetched_lines(order, size, line))


@kernel
def first(v, m):
    m.a[0] = m.a[0] + 1


@kernel
def second(v, m):
    m.a[1] = m.a[1] + 1


def cycles_of(code_in, **ppu):
    """Return the busy cycles by part, and the memory, of a program that runs two kernels in turn, four times."""

    def main(ppu):
        for _ in range(4):
            yield ppu.run(first)
            yield ppu.run(second)
        return 0

    program = UncompiledScript(main, [first, second], memory=Memory(a=i32[2]))
    program.code_in = code_in
    chip = run(top=program, bottom=sleep, config=ChipConfig.from_dict({"ppu": ppu}))
    assert np.array_equal(chip.processors[0].regions["a"], [4, 4])
    return chip.processors[0].cycles, chip


def test_fetches_are_booked_apart_and_take_time():
    inside, chip_inside = cycles_of("sram")
    outside, chip_outside = cycles_of("external")
    assert "fetch" not in inside and outside["fetch"] == 344 * (4 + 1 + 1)  # start-up code, two small kernels
    assert {part: count for part, count in outside.items() if part != "fetch"} == inside
    assert chip_outside.now_ns - chip_inside.now_ns == 4 * outside["fetch"]


def test_a_cache_that_is_too_small_fetches_every_time():
    tiny, _ = cycles_of("external", instruction_cache_bytes=128)
    assert tiny["fetch"] == 8 * 344 * (4 + 1)
    free, _ = cycles_of("external", instruction_cache_bytes=128, instruction_cache_miss_cycles=0)
    assert free["fetch"] == 0


def test_the_settings_are_checked_and_named_as_assumptions():
    for name in ("instruction_cache_bytes", "instruction_cache_line_bytes", "instruction_cache_miss_cycles"):
        assert any(f"ppu.{name} = " in sentence for sentence in ChipConfig.ideal().assumptions())
        with pytest.raises(ValueError, match=f"ppu.{name} is -4"):
            PpuConfig(**{name: -4})
