"""Where rows lie in external memory, whose they are, and what does not fit."""

import numpy as np
import pytest
from hypothesis import assume, given

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, Resource
from chip.chip import Chip
from chip.fpga import SampleSet
from chip.fpga.memory import DRAM_BASE
from chip.ppu import Memory, i8, i16, i32, u8, u16
from ppu_programs.network import LI, LIF, Inputs, Linear, Network, NetworkGraph, Projection
from ppu_programs.placement import place
from ppu_programs.streaming import Layout, Stream, behind, shared_memory, sides
from ppu_programs.streaming.layout import from_vectors, to_vectors
from ppu_programs.two_layer.layout import position
from tests.naive import streaming as naive
from tests.ppu_programs.placement.graphs import graphs
from tests.ppu_programs.streaming.rule import Walk

FULL = place(Network(Linear(256, 246), LIF(246), Linear(246, 10), LI(10)).graph)
NARROW = place(NetworkGraph({"in": Inputs(40), "out": LIF(20)}, Projection("in", "out", sign="excitatory")))


@given(graphs())
def test_sides_have_every_synapse_once_by_rising_rows(graph):
    try:
        placement = place(graph)
    except ChipLimitError:
        assume(False)
    for k, p in enumerate(graph.projections):
        found = np.zeros(p.mask.shape, np.int64)
        for side in sides(placement, k):
            rows = naive.rows_of(placement, k, side.hemisphere)
            assert [(source, pair) for source, pair, _ in rows] == list(
                zip(side.sources.tolist(), side.synapse_rows.tolist(), strict=True)
            )
            assert len(set(side.halves)) == len(side.halves) == side.targets.shape[1]
            for row, (source, _, columns) in enumerate(rows):
                for target, column in columns.items():
                    half, lane = side.halves.index(column % c.HALVES), column // c.HALVES
                    assert side.targets[row, half, lane] == target
                    found[source, target] += 1
        assert np.array_equal(found, p.mask)
        assert sum(int(side.mask.sum()) for side in sides(placement, k)) == p.mask.sum()


@pytest.mark.parametrize("kind", [i8, u8, i16, u16, i32])
def test_vectors_are_in_the_order_that_kernels_expect(kind):
    limits = np.iinfo(kind.dtype)
    rows = np.random.default_rng(1).integers(limits.min, limits.max, (3, 2, 128), endpoint=True)
    vectors = to_vectors(rows, kind)
    assert vectors.dtype == np.uint8 and vectors.size == rows.size * kind.dtype.itemsize
    assert np.array_equal(from_vectors(vectors, kind, rows.shape), rows)
    elements = vectors.view(kind.dtype).reshape(rows.shape)
    packed = [position.routine.function(None, None, lane) for lane in range(128)]
    places = packed if kind.dtype.itemsize > 1 else list(range(128))
    assert np.array_equal(elements[..., places], rows)


@pytest.mark.parametrize("address", [DRAM_BASE, DRAM_BASE + (1 << 20)])
def test_what_the_host_writes_it_reads_back(address):
    layout = Layout(NARROW, 0, {"shadow": i16, "trace": i8}, address)
    rng, chip = np.random.default_rng(4), Chip(ChipConfig.ideal())
    values = {"shadow": rng.integers(-(1 << 15), 1 << 15, layout.shape), "trace": rng.integers(-128, 128, layout.shape)}
    image = layout.image(**values)
    assert sum(map(len, image.values())) == layout.nbytes == 40 * (256 + 128) + 128 == layout.end - address
    for at, written in image.items():
        chip.link.write_external(at, written)
    for name, written in values.items():
        assert np.array_equal(layout.read(chip.link, name), written)
    only = layout.image(trace=values["trace"])
    assert list(only) == [layout.address_of(c.TOP, name) for name in ("trace", "synapse_mask")]


def test_the_full_chip_has_half_of_the_sources_on_each_side():
    layout = Layout(FULL, 0, {"shadow": i16, "gradient": i16})
    assert [len(side) for side in layout.sides] == [128, 128]
    assert all(side.halves == (0, 1) and side.uniform for side in layout.sides)
    assert layout.nbytes == 2 * (2 * 128 * 512 + 256)
    behind = Layout(FULL, 1, {"shadow": i16}, layout.end)
    assert behind.address_of(c.TOP, "shadow") == layout.end


def test_a_layout_begins_behind_samples():
    samples = SampleSet(np.array([0, 1]), np.array([0]), np.array([0], np.uint16), np.array([0], np.uint16), 8_000)
    chip = Chip(ChipConfig.ideal())
    chip.link.write_samples(samples)
    address = behind(samples)
    assert address % 128 == 0 and 0 <= address - DRAM_BASE - samples.nbytes < 128
    for at, written in Layout(NARROW, 0, {"trace": i8}, address).image(trace=np.ones((40, 20), int)).items():
        chip.link.write_external(at, written)


# ---------------------------------------------------------------------- limits


def test_what_does_not_fit_external_memory_is_refused():
    with pytest.raises(ChipLimitError) as caught:
        Layout(FULL, 0, {"shadow": i16, "gradient": i32}, DRAM_BASE + c.DRAM_BYTES - 256)
    assert str(caught.value) == (
        "DRAM from 0x9fffff00 on for regions shadow, gradient of the projection from inputs to layer 0: 393728 bytes "
        "needed, 256 available; begin at a lower address, stream fewer regions, or narrower elements"
    )
    assert (caught.value.resource, caught.value.used, caught.value.size) == (Resource.DRAM, 393_728, 256)
    Layout(FULL, 0, {"shadow": i16}, DRAM_BASE + c.DRAM_BYTES - 131_584)


def test_a_window_that_does_not_fit_sram_is_refused():
    layout = Layout(FULL, 0, {"shadow": i16, "gradient": i32})
    assert Stream(layout, c.TOP, 10).memory["gradient"].length == 2560
    with pytest.raises(ChipLimitError) as caught:
        Stream(layout, c.TOP, 11)
    assert str(caught.value) == (
        "window of 11 rows of the projection from inputs to layer 0 in SRAM of the top PPU: 17152 bytes needed, 16384 "
        "available; let it have fewer rows, stream fewer regions, or narrower elements"
    )
    chip = Chip(ChipConfig.ideal())  # alone it fits, beside code and stack it does not
    layout = Layout(FULL, 0, {"shadow": i16, "total": i32, "trace": i8})
    with pytest.raises(ChipLimitError, match="SRAM of the processor: .* bytes needed, 16384 available"):
        chip.link.load_program(c.TOP, Walk(Stream(layout, c.TOP, 8)))


def test_a_window_has_no_more_rows_than_there_are():
    stream = Stream(Layout(NARROW, 0, {"shadow": i16}), c.TOP, 200)
    assert stream.window == stream.count == 40


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Layout(NARROW, 0, {}), "streams no regions; name one at least"),
        (lambda: Layout(NARROW, 0, {"synapse_mask": i8}), "is called synapse_mask, which the library has; rename it"),
        (lambda: Layout(NARROW, 0, {"shadow": i16[4]}), "region shadow of .* is Region.*; give its element type"),
        (lambda: Layout(NARROW, 0, {"shadow": i16}, DRAM_BASE + 4), "begin at 0x90000004; give a multiple of 128 in"),
        (lambda: Layout(NARROW, 0, {"shadow": i16}, 0), "begin at 0x00000000; give a multiple of 128 in the DRAM"),
        (lambda: Stream(Layout(NARROW, 0, {"shadow": i16}), c.BOTTOM), "has no rows in the bottom hemisphere"),
        (lambda: Stream(Layout(NARROW, 0, {"shadow": i16}), c.TOP, 0), "number of rows is 0; it must be a whole"),
        (lambda: Layout(NARROW, 0, {"a": i8}).image(b=np.zeros((40, 20), int)), "no region 'b'; there are: a"),
        (
            lambda: Layout(NARROW, 0, {"a": i8}).image(a=np.zeros((20, 40), int)),
            r"gets int64\[20, 40\]; it takes",
        ),
        (lambda: Layout(NARROW, 0, {"a": i8}).image(a=np.full((40, 20), 128)), "gets 128..128; i8 takes -128..127"),
    ],
)
def test_what_cannot_be_meant_is_refused(made, said):
    with pytest.raises(ValueError, match=said):
        made()


def test_windows_are_a_programs_memory_alone_and_together():
    stream = Stream(Layout(NARROW, 0, {"shadow": i16, "total": i32}), c.TOP, 3)
    assert dict(stream.memory) == dict(Memory(shadow=i16[3 * 128], total=i32[3 * 128], synapse_mask=i8[128]))
    wide = Stream(Layout(FULL, 0, {"shadow": i16, "trace": i8}), c.TOP)
    found = dict(shared_memory(stream, wide))
    assert found == dict(Memory(shadow=i16[384], total=i32[384], synapse_mask=i8[256], trace=i8[256]))
    other = Stream(Layout(FULL, 0, {"shadow": i8}), c.TOP)
    with pytest.raises(
        ValueError, match=r"region shadow is i16\[384\] in one stream and i8\[256\] in another; give it"
    ):
        shared_memory(stream, other)
