"""The linker: what is placed where, and what does not fit."""

import numpy as np
import pytest

from chip.base.constants import SRAM_BYTES
from chip.base.errors import ChipLimitError, MachineFault
from chip.ppu import KernelError, Memory, i16, i32, link, u8
from chip.ppu.compiler.stack import deepest_chain
from tests.chip.ppu.compiler.sources import Machine, module

TEXT = """
    @subroutine
    def helper(v, m, x):
        return x + 1
    @kernel
    def first(v, m):
        m.a[0] = helper(v, m, 1)
    @kernel
    def second(v, m):
        m.a[1] = helper(v, m, 2)
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    made = module(tmp_path_factory.mktemp("linked"), TEXT)
    return [made.first, made.second]


def test_placements_do_not_overlap_and_are_aligned(kernels):
    memory = Memory(a=i32[2], small=u8[5], large=i16[65], vector=u8[128], odd=u8[127])
    linked = link(memory, kernels)
    ends = [0]
    for placement in sorted(linked.placements, key=lambda p: p.offset):
        assert placement.offset >= ends[-1]
        ends.append(placement.offset + placement.size)
    assert linked.used == ends[-1] <= linked.size == SRAM_BYTES
    for name, region in memory.items():
        assert linked.offset(name) % (128 if region.size >= 128 else 4) == 0
    assert [p.kind for p in linked.placements[-2:]] == ["stack", "mailbox"]
    assert f"{linked.used} of 16384 bytes used" in linked.report()


def test_views_are_the_memory(kernels):
    memory = Memory(a=i32[2], b=u8[200], c=i16[4])
    sram = np.zeros(SRAM_BYTES, np.uint8)
    linked = link(memory, kernels)
    views = linked.views(sram)
    for value, (name, view) in enumerate(views.items(), start=1):
        assert (view.dtype, view.size) == (memory[name].dtype, memory[name].length)
        assert np.shares_memory(view, sram) and view.flags.c_contiguous and view.flags.aligned
        view[:] = value
    assert [set(view.tolist()) for view in views.values()] == [{1}, {2}, {3}]
    assert np.count_nonzero(sram) == 2 + 200 + 4
    with pytest.raises(ValueError, match=r"it must be uint8\[16384\]"):
        linked.views(np.zeros(100, np.uint8))


def test_a_shared_subroutine_is_placed_once_and_code_can_lie_outside(kernels):
    memory = Memory(a=i32[2])
    inside, outside = link(memory, kernels), link(memory, kernels, code_in="external")
    assert [p.name for p in inside.placements if p.kind == "code"].count("helper") == 1
    assert not [p for p in outside.placements if p.kind == "code"]
    assert inside.code_bytes == outside.code_bytes == sum(p.size for p in inside.placements if p.kind == "code")
    assert inside.used > outside.used
    assert inside.external == () and sum(p.size for p in outside.external) == outside.code_bytes
    assert [(p.name, p.size) for p in outside.external] == [(p.name, p.size) for p in inside.placements[:4]]
    for placement in outside.external:
        line = f"{placement.offset:>6} {placement.size:>6}  code     {placement.name} (external memory)"
        assert line in outside.report().splitlines() and line not in inside.report()
    assert "bytes of code in external memory" in outside.report()


def test_it_fits_to_the_last_byte_and_not_one_word_more(kernels):
    room = SRAM_BYTES - 1024 - 256
    assert link(Memory(a=u8[room])).used == SRAM_BYTES
    with pytest.raises(ChipLimitError, match="keep it in external memory") as caught:
        link(Memory(a=u8[room + 1]))
    assert (caught.value.used, caught.value.size) == (SRAM_BYTES + 4, SRAM_BYTES)
    with pytest.raises(ChipLimitError, match=r"region a with \d+ bytes.*move the code .* code_in='external'"):
        link(Memory(a=i32[room // 4]), kernels)
    assert link(Memory(a=i32[room // 4]), kernels, code_in="external").used == SRAM_BYTES


def test_kernels_are_checked_against_the_regions(kernels):
    with pytest.raises(KernelError, match="reaches element 1 of region a, which has 1"):
        link(Memory(a=i32[1]), kernels)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="'sram' or 'external'"):
        link(Memory(), code_in="elsewhere")
    with pytest.raises(ValueError, match="multiple of 4"):
        link(Memory(), stack=3)


# ---------------------------------------------------------------------- the stack


def chain_of(depth, variables=0):
    """Return the text of a kernel that calls ``depth`` subroutines within each other, with so many variables each."""
    text = "@subroutine\ndef s0(v, m, x):\n    return x + 1\n"
    work = "".join(f"    y{i} = x + {i}\n" for i in range(variables))
    for level in range(1, depth):
        text += f"@subroutine\ndef s{level}(v, m, x):\n{work}    return s{level - 1}(v, m, x) + s0(v, m, x)\n"
    return text + f"@kernel\ndef deep(v, m):\n    m.a[0] = s{depth - 1}(v, m, 1)\n"


def test_the_deepest_chain_of_calls_is_known_before_it_runs(tmp_path):
    made = module(tmp_path, chain_of(5)).deep
    chain = deepest_chain(made)
    assert chain.names == ("deep", "s4", "s3", "s2", "s1", "s0")
    assert chain.frame_bytes == 6 * 16 and chain.stack_bytes == 128 + 6 * 16
    assert link(Memory(a=i32[1]), [made]).deepest == chain and link(Memory()).deepest is None
    wide = deepest_chain(module(tmp_path, chain_of(3, variables=20)).deep)
    assert wide.frame_bytes == 16 + 2 * 96 + 16  # 8 bytes and 21 words are 92, in multiples of 16


def test_a_stack_that_overflows_is_refused_when_the_program_is_loaded(tmp_path):
    memory = Memory(a=i32[1])
    made = module(tmp_path, chain_of(9, variables=20)).deep
    needed = 128 + 16 + 8 * 96 + 16
    assert deepest_chain(made).stack_bytes == needed
    assert link(memory, [made], stack=needed).deepest.stack_bytes == needed
    words = f"stack of .* kernel deep: {needed} bytes needed, {needed - 4} available; .*py:.*deep > s8 > s7"
    with pytest.raises(ChipLimitError, match=words) as caught:
        link(memory, [made], stack=needed - 4)
    assert (caught.value.used, caught.value.size) == (needed, needed - 4)
    with pytest.raises(ChipLimitError, match="stack of the processor for kernel deep: .* 1024 available"):
        link(memory, [module(tmp_path, chain_of(12, variables=20)).deep])


def test_what_is_never_called_needs_no_stack(tmp_path):
    text = """
        DEBUG = 0
        @subroutine
        def helper(v, m):
            return 1
        @kernel
        def quiet(v, m):
            m.a[0] = 2
            if DEBUG:
                m.a[0] = helper(v, m)
    """
    assert deepest_chain(module(tmp_path, text).quiet).names == ("quiet",)


# ---------------------------------------------------------------------- faults


def test_vectors_and_elements_stay_within_their_region(tmp_path):
    """A vector is the i-th of a region: it cannot lie across two of them, nor off its alignment."""
    text = """
        @kernel
        def vector(v, m, i):
            load8(v, V0, m.row, i)
        @kernel
        def element(v, m, i):
            m.row[i] = 1
        @kernel
        def small(v, m, i):
            load8(v, V0, m.half, i)
    """
    made = module(tmp_path, text)
    memory = Memory(row=u8[300], half=u8[64])
    vector, element = Machine(made.vector, memory), Machine(made.element, memory)
    for index in (0, 1):
        vector(index)
    for index in (2, -1, 2**31 - 1, -(2**31)):  # 300 bytes hold two whole vectors
        with pytest.raises(MachineFault, match=rf"py:5: kernel vector reached for vector {index} of region row, .* 2,"):
            vector(index)
    for index in (300, -1, 2**31 - 1):
        with pytest.raises(MachineFault, match=rf"kernel element reached for element {index} of region row, .* 300,"):
            element(index)
    assert (element.regions["row"] == 0).all()
    with pytest.raises(KernelError, match="load8 reaches element 127 of region half, which has 64"):
        link(memory, [made.small])
