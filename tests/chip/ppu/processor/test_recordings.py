"""Recordings: what they hold, what they cost, where they lie, what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError, LinkError, LossError, MachineFault
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE
from chip.fpga.samples import SampleSet
from chip.fpga.writer import record_address
from chip.link import omnibus_bytes
from chip.ppu import Memory, Recording, Timer, i16, u8, u32
from chip.ppu.costs import COSTS, issue_cycles
from chip.ppu.program import Program, UncompiledProgram
from tests.chip.ppu.processor.programs import UncompiledScript, build, run, sleep

MEMORY = Memory(counts=u8[256], steps=i16[70], word=u32[1], odd=u8[3])
LENIENT = ChipConfig.ideal(strict=False)
HERE = Path(__file__).name


class Recorder(Program):
    """Records at every period."""

    name = "recorder"
    memory = MEMORY

    def __init__(self, *recordings, runs=3, period=400_000):
        self.recordings = recordings
        self.tasks = (Timer(1_000, period, runs),)

    def on_timer(self, ppu):
        for recording in self.recordings:
            yield ppu.record(recording.name)


class Changing(Recorder, UncompiledProgram):
    """Records at every period; ``change`` changes things beforehand."""

    def __init__(self, *recordings, change, **settings):
        super().__init__(*recordings, **settings)
        self.change = change

    def on_timer(self, ppu):
        yield from self.change(ppu)
        for recording in self.recordings:
            yield ppu.record(recording.name)


class Numbered:
    """Fills every region with known values, others at every run."""

    def __init__(self, seed):
        self.random, self.seen = np.random.default_rng(seed), []

    def __call__(self, ppu):
        for region in ppu.regions.values():
            limits = np.iinfo(region.dtype)
            region[...] = self.random.integers(limits.min, limits.max + 1, region.size)
        ppu.chip.core.posted_weights[ppu.hemisphere] = self.random.integers(0, 64, (c.ROWS, c.HALVES, c.LANES))
        self.seen.append(({name: region.copy() for name, region in ppu.regions.items()}, ppu.chip.weights()))
        yield ppu.wait(1)


REGIONS = st.sampled_from(list(MEMORY)).flatmap(
    lambda region: st.fixed_dictionaries(
        {"region": st.just(region), "element": st.none() | st.integers(0, MEMORY[region].length - 1)}
    )
)
ROW = st.integers(0, c.ROWS - 1)
WEIGHTS = st.fixed_dictionaries(
    {"rows": ROW | st.lists(ROW, min_size=1, max_size=4), "column": st.none() | st.integers(0, c.COLUMNS - 1)}
)


@given(
    st.lists(REGIONS | WEIGHTS, min_size=1, max_size=4),
    st.integers(0, 1),
    st.sampled_from(["dram", "block_ram"]),
    st.integers(0, 2**31),
)
def test_records_are_what_stood_there(whats, hemisphere, memory, seed):
    recordings = [Recording(f"r{i}", count=3, memory=memory, **what) for i, what in enumerate(whats)]
    change = Numbered(seed)
    programs = [sleep, sleep]
    programs[hemisphere] = Changing(*recordings, change=change)
    chip = run(*programs)
    for recording, what in zip(recordings, whats, strict=True):
        records = chip.link.read_recording(hemisphere, recording.name)
        assert len(records) == 3 and records.dtype.names == ("time_cycles", "values")
        for values, (regions, weights) in zip(records["values"], change.seen, strict=True):
            if "region" in what:
                expected = regions[what["region"]]
                expected = expected if what["element"] is None else expected[what["element"]]
            else:
                expected = weights[hemisphere, what["rows"]]
                expected = expected if what["column"] is None else expected[..., what["column"]]
            assert values.dtype == expected.dtype and values.shape == expected.shape
            assert (values == expected).all()


def test_the_array_of_all_weights_is_one_record():
    chip = run(top=Changing(Recording("array", rows=range(256), count=2), change=Numbered(1), runs=2), bottom=sleep)
    assert chip.link.read_recording(0, "array")["values"].shape == (2, 256, 256)


STAMP = 5 + 2 * 40
WAY = COSTS["entry"].cycles + issue_cycles(1)  # from the pass of the loop through the task to the operation


@pytest.mark.parametrize(
    "recording, cycles",
    [
        (Recording("x", region="counts", count=1), 2 * 49 + 38 + 88),
        (Recording("x", region="counts", element=200, count=1), 5 + 40),
        (Recording("x", region="steps", count=1), 49 + 38 + 3 * (5 + 40)),  # 140 bytes: a vector and 3 words
        (Recording("x", region="odd", count=1), 5 + 40),
        (Recording("x", rows=3, count=1), 2 * 20 + 38 + 88),
        (Recording("x", rows=3, column=17, count=1), 20 + 38),
        (Recording("x", rows=(3, 5, 9), column=17, count=1), 3 * 20 + 38 + 2 * 88),
        (Recording("x", rows=range(256), count=1), 512 * 20 + 38 + 511 * 88),
    ],
)
def test_a_record_costs_its_stamp_and_its_stores(recording, cycles):
    chip = run(top=Recorder(recording, runs=1))
    ppu = chip.processors[0]
    assert ppu.cycles["recording"] == STAMP + cycles
    # due at 1000; a pass of the loop; the way to the operation; at the end a pass that finds that all is done
    start = 1_000 + 100 + WAY
    assert chip.link.read_recording(0, "x")["time_cycles"].tolist() == [start]
    assert chip.now_ns // 4 == start + STAMP + cycles + 100


def test_time_stamps_are_those_of_the_time_base():
    chip = run(top=Recorder(Recording("x", region="word", count=5), runs=5, period=10**9))
    stamps = chip.link.read_recording(0, "x")["time_cycles"]
    assert stamps.dtype == np.uint64
    assert stamps.tolist() == [1_000 + 100 + WAY + k * 10**9 for k in range(5)]


def test_both_processors_record_with_the_same_names():
    program = Changing(Recording("x", region="counts", count=3), Recording("y", rows=1, count=3), change=Numbered(2))
    chip = run(top=program, bottom=program)
    for hemisphere in (c.TOP, c.BOTTOM):
        assert chip.link.read_recording(hemisphere, "y")["values"].shape == (3, 256)
    # the top PPU fills its memory first at each period, being loaded first
    seen = [regions["counts"] for regions, _ in program.change.seen]
    assert (chip.link.read_recording(c.TOP, "x")["values"] == seen[0::2]).all()
    assert (chip.link.read_recording(c.BOTTOM, "x")["values"] == seen[1::2]).all()
    assert chip.report()["ppu"]["records"] == {"top": {"x": 3, "y": 3}, "bottom": {"x": 3, "y": 3}}


def test_the_link_counts_what_the_host_reads_and_is_closed_before():
    chip = build(top=Recorder(Recording("x", rows=3, column=17, count=10)))
    assert len(chip.link.read_recording(0, "x")) == 0
    chip.start()
    with pytest.raises(LinkError, match="read recording x"):
        chip.link.read_recording(0, "x")
    chip.run()
    records = chip.link.read_recording(0, "x")
    assert len(records) == 3 and chip.link.bytes["after"] == omnibus_bytes(3 * (8 + 1))
    with pytest.raises(MachineFault, match="there is no recording 'z'; the program's are: x"):
        chip.link.read_recording(0, "z")


def test_records_beyond_the_count_are_losses():
    recordings = Recording("x", region="word", count=2), Recording("y", region="word", count=4)
    with pytest.raises(LossError, match="recorder on the top PPU takes record 3 of recording x, which has room for 2"):
        run(top=Recorder(*recordings, runs=4))
    chip = run(top=Recorder(*recordings, runs=4), config=LENIENT)
    assert chip.losses()["records of full recordings"] == 2
    assert [len(chip.link.read_recording(0, name)) for name in "xy"] == [2, 4]


def test_a_record_is_there_when_its_operation_ends():
    def other(ppu):
        yield ppu.wait_until(1_000 + 100 + WAY + STAMP + 20)
        chip.stopped = True  # the host looks, as after an interrupt
        assert len(chip.link.read_recording(0, "x")) == 0
        return 0

    chip = build(top=Recorder(Recording("x", region="word", count=2), runs=2), bottom=other)
    chip.start()
    chip.run()
    assert len(chip.link.read_recording(0, "x")) == 2


def test_a_record_holds_what_stood_there_when_it_began():
    def other(ppu):
        yield ppu.wait_until(1_000 + 90)
        yield ppu.send(c.TOP, source="word", into="word", line=3)  # arrives while the record is on its way
        return 0

    program = UncompiledScript(other, image={"word": np.array([77], np.uint32)})
    chip = run(top=Recorder(Recording("x", region="word", count=2), runs=2), bottom=program, config=LENIENT)
    assert chip.link.read_recording(0, "x")["values"].tolist() == [[0], [77]]


# ---------------------------------------------------------------------- where they lie


def test_recordings_lie_apart_at_the_end_of_their_memory():
    program = Recorder(
        Recording("a", region="counts", count=5),
        Recording("b", rows=[1, 2], count=7),
        Recording("c", region="odd", count=3, memory="block_ram"),
    )
    chip = build(top=program, bottom=program)
    tracks = [track for ppu in chip.processors for track in ppu.recorder.tracks.values()]
    places = sorted((track.address, track.address + track.nbytes) for track in tracks)
    assert all(end <= start for (_, end), (start, _) in zip(places, places[1:], strict=False))
    assert max(places)[1] == DRAM_BASE + c.DRAM_BYTES
    assert max(end for _, end in places if end < DRAM_BASE) == record_address(0)
    assert all(address % c.VECTOR_BYTES == 0 for address, _ in places)


@pytest.mark.parametrize("memory, base", [("dram", DRAM_BASE + c.DRAM_BYTES), ("block_ram", record_address(0))])
def test_a_program_cannot_write_over_a_recording(memory, base):
    def writer(offset, vectors=1):
        def main(ppu):
            yield ppu.store_external(base - offset, source="row", vectors=vectors)
            return 0

        return main

    program = Recorder(Recording("x", region="counts", count=1, memory=memory), runs=1)
    assert run(top=program, bottom=writer(384 + 128)).finished  # stamps and values are 384 bytes
    for offset, vectors in ((384, 1), (384 + 128, 2), (128, 1)):
        with pytest.raises(MachineFault, match="reach into recording x of program recorder on the top PPU"):
            run(top=program, bottom=writer(offset, vectors))


def test_loading_again_gives_the_room_back():
    program = Recorder(Recording("x", region="counts", count=400, memory="block_ram"))
    chip = build(top=program)
    for _ in range(3):
        chip.link.load_program(0, program)
    assert len(chip.external.reserved) == 1
    with pytest.raises(ChipLimitError):
        chip.link.load_program(0, Recorder(Recording("x", region="counts", count=800, memory="block_ram")))
    assert len(chip.external.reserved) == 1 and chip.processors[0].program is program
    chip.link.load_program(0, Recorder())
    assert chip.external.reserved == []


def test_an_image_that_is_refused_leaves_no_program_and_no_recording():
    class Bad(Recorder):
        def image(self):
            return {"word": np.full(1, 7), "odd": np.full(3, 256)}

    recording = Recording("x", region="counts", count=4)
    chip = build()
    chip.link.load_program(0, Recorder(recording))
    with pytest.raises(ValueError, match="image of region odd of program recorder"):
        chip.link.load_program(0, Bad(recording))
    ppu = chip.processors[0]
    assert ppu.program is None and chip.external.reserved == [] and ppu.recorder.tracks == {}
    assert ppu.scheduler.tasks == () and not ppu.sram.any()
    with pytest.raises(RuntimeError, match="no PPU has a program"):
        chip.start()
    chip.link.load_program(0, Recorder(recording))
    chip.start()
    chip.run()
    assert chip.link.read_recording(0, "x").size == 3


def test_the_host_reads_a_recording_as_it_lies_in_external_memory():
    chip = run(top=Recorder(Recording("x", region="counts", count=4)))
    track = chip.processors[0].recorder.tracks["x"]
    raw = chip.link.read_external(track.address, track.nbytes)
    np.testing.assert_array_equal(raw[:24].view(np.uint64), chip.link.read_recording(0, "x")["time_cycles"])
    with pytest.raises(MachineFault, match="external memory has no"):
        chip.link.read_external(track.address, track.nbytes + 1)


def test_a_recording_longer_than_its_memory_is_refused_with_used_and_size():
    with pytest.raises(ChipLimitError, match=rf"{HERE}:\d+: block RAM for recording x .* record less often") as caught:
        build(top=Recorder(Recording("x", region="counts", count=500, memory="block_ram")))
    assert caught.value.used == 500 * (256 + 8) + 96 and caught.value.size == record_address(0) - BLOCK_RAM_BASE
    with pytest.raises(ChipLimitError, match="DRAM for recording x of program recorder on the top PPU: 2684") as caught:
        build(top=Recorder(Recording("x", rows=0, count=c.DRAM_BYTES // 264 + 1)))
    assert caught.value.size == c.DRAM_BYTES - 24  # less a sample with two events
    half = Recording("x", rows=0, count=c.DRAM_BYTES // 500)
    with pytest.raises(ChipLimitError, match="on the bottom PPU"):
        build(top=Recorder(half), bottom=Recorder(half))


def test_samples_do_not_reach_into_recordings():
    chip = build(top=Recorder(Recording("x", rows=0, count=c.DRAM_BYTES // 265)))
    events = c.DRAM_BYTES // 265 * 4 // 8
    times = np.zeros(events, np.int64)
    many = SampleSet(np.array([0, events]), times, np.zeros(events, np.uint16), np.array([0]), duration_ns=8)
    with pytest.raises(ChipLimitError, match="sample memory"):
        chip.link.write_samples(many)


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Recording("x", region="counts"), "the count of recording x is 0; .* 1.."),
        (lambda: Recording("x", region="counts", count=2.5), "the count of recording x is 2.5"),
        (lambda: Recording("x", count=2), "recording x must name either a region or rows"),
        (lambda: Recording("x", region="counts", rows=3, count=2), "recording x must name either a region or rows"),
        (lambda: Recording("x", rows=3, element=3, count=2), "recording x names an element of no region"),
        (lambda: Recording("x", region="counts", column=3, count=2), "recording x names an element of no region"),
        (lambda: Recording("x", rows=256, count=2), "the row of recording x is 256; .* 0..255"),
        (lambda: Recording("x", rows=[3, -1], count=2), "a row of recording x is -1"),
        (lambda: Recording("x", rows=[], count=2), "recording x has no rows"),
        (lambda: Recording("x", rows=3, column=256, count=2), "the column of recording x is 256"),
        (lambda: Recording("x", rows=3, count=2, memory="sram"), "the memory of recording x is 'sram'"),
        (lambda: Recording("", rows=3, count=2), "a recording is called ''"),
    ],
)
def test_a_recording_that_cannot_be_is_refused_where_it_is_written(make, words):
    with pytest.raises(ValueError, match=rf"{HERE}:{make.__code__.co_firstlineno}: {words}"):
        make()


@pytest.mark.parametrize(
    "recordings, words",
    [
        ((Recording("x", region="nothing", count=1),), rf"{HERE}:\d+: .* of region 'nothing'; .* are: counts, steps"),
        ((Recording("x", region="steps", element=70, count=1),), rf"{HERE}:\d+: the element .* is 70; .* 0..69"),
        ((Recording("x", rows=1, count=1),) * 2, rf"{HERE}:\d+: .* two recordings called x"),
        ((4,), "a recording of program recorder is 4"),
    ],
)
def test_recordings_that_a_program_cannot_make_are_refused_at_load_time(recordings, words):
    with pytest.raises(ValueError, match=words):
        build(top=Recorder(*recordings))


def test_recording_what_was_not_declared_is_a_machine_fault():
    def main(ppu):
        yield ppu.record("nothing")
        return 0

    with pytest.raises(MachineFault, match="there is no recording 'nothing'; the program's are: none"):
        run(top=main)
