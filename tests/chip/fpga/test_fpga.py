"""External memory, sample sets, sample player and spike writer."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.errors import ChipLimitError, LossError, MachineFault
from chip.base.feed import Feed
from chip.chip import Chip
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE, ExternalMemory
from chip.fpga.player import SamplePlayer
from chip.fpga.samples import SampleSet
from chip.fpga.writer import RECORD_BYTES, RECORD_SPIKES, SpikeWriter, record_address


def samples(times=((0, 8), (16,), ()), duration_ns=80, tags=(1, 2, 0)):
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in times])])
    flat = np.array([t for sample in times for t in sample], np.int32)
    return SampleSet(offsets, flat, np.arange(len(flat), dtype=np.uint16), np.array(tags, np.uint16), duration_ns)


class Core:
    """Stands for the analog core: remembers what was posted, spikes as it is told."""

    def __init__(self, spikes=()):
        self.posted, self.recorded = [], spikes

    def post_part(self, times_ns, labels, first, last, zero_ns):
        self.posted.append(((times_ns[first:last] + zero_ns).tolist(), labels[first:last].tolist()))

    def pack_spikes(self, start_ns, end_ns, tick_ns, words):
        kept = [(t - start_ns) // tick_ns << 16 | label for t, label in self.recorded if start_ns <= t < end_ns]
        words[: len(kept)] = kept[: len(words)]
        return len(kept)


@pytest.mark.parametrize("base, size", [(BLOCK_RAM_BASE, c.BLOCK_RAM_BYTES), (DRAM_BASE, c.DRAM_BYTES)])
def test_external_memory_ends_where_it_ends(base, size):
    memory = ExternalMemory()
    memory.view(base + size - 128, 128)[...] = 7
    assert memory.view(base + size - 1, 1)[0] == 7
    for address, nbytes in ((base - 1, 1), (base + size - 127, 128), (base, size + 1), (base, -1)):
        with pytest.raises(MachineFault, match="external memory has no"):
            memory.view(address, nbytes)


@pytest.mark.parametrize(
    "change",
    [
        dict(times=((0, 12),), tags=(1,)),  # off the 8 ns clock
        dict(times=((8, 0),), tags=(1,)),  # unsorted
        dict(times=((0, 80),), tags=(1,)),  # at the end of recording
        dict(times=((-8,),), tags=(1,)),
        dict(tags=(1, 2)),
        dict(duration_ns=81),
        dict(duration_ns=0),
    ],
)
def test_bad_sample_sets_are_refused(change):
    with pytest.raises(ValueError):
        samples(**change)


GOOD = dict(
    offsets=np.array([0, 2, 2, 3]),
    times_ns=np.array([0, 8, 16]),
    labels=np.array([1, 2, 3]),
    tags=np.array([0, 1, 2]),
    duration_ns=80,
)


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(labels=np.array([1, 2])), "2 labels"),
        (dict(labels=np.array([1, 2, 3, 4])), "4 labels"),
        (dict(offsets=np.array([0, 2, 2, 9])), "offsets"),
        (dict(offsets=np.array([0, 3, 2, 3])), "offsets"),
        (dict(offsets=np.array([1, 2, 2, 3])), "offsets"),
        (dict(offsets=np.zeros(0, int)), "0 offsets"),
        (dict(labels=np.array([1, 2, 70_000])), "labels .* 1..70000"),
        (dict(labels=np.array([-1, 2, 3])), "labels .* -1..3"),
        (dict(tags=np.array([0, 1, 99_999])), "tags"),
        (dict(times_ns=np.array([0.0, 8.0, 16.0])), "times_ns .* integers"),
        (dict(times_ns=[0, 8, 16]), "times_ns .* integers"),
        (dict(duration_ns=80.0), "whole number"),
    ],
)
def test_sets_whose_arrays_do_not_agree_are_refused(change, words):
    SampleSet(**GOOD)
    with pytest.raises(ValueError, match=words):
        SampleSet(**{**GOOD, **change})


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.uint64, np.int16, np.int64])
def test_the_type_of_the_integers_is_all_the_same(kind):
    SampleSet(**{**GOOD, "times_ns": GOOD["times_ns"].astype(kind), "offsets": GOOD["offsets"].astype(kind)})
    with pytest.raises(ValueError, match="must not decrease"):
        SampleSet(**{**GOOD, "times_ns": np.array([16, 8, 16], kind)})
    with pytest.raises(ValueError, match="rising from 0 to the number of times"):
        SampleSet(**{**GOOD, "offsets": np.array([0, 3, 2, 3], kind)})


def test_a_set_that_was_edited_is_refused_when_it_is_written():
    chip, edited = Chip(), samples()
    edited.times_ns[1] = 12
    with pytest.raises(ValueError, match="event times must be multiples of 8 ns"):
        chip.link.write_samples(edited)
    for wrong in (None, SampleSet, [samples()]):
        with pytest.raises(TypeError, match="write_samples takes a SampleSet, not .*; make one"):
            chip.link.write_samples(wrong)
    assert chip.player.samples is None and chip.link.bytes["before"] == 0
    with pytest.raises(AttributeError, match="duration"):
        edited.duration = 80


def test_samples_cannot_be_overwritten_by_a_program():
    memory = ExternalMemory()
    player = SamplePlayer(FpgaConfig(), memory)
    player.load(samples())
    with pytest.raises(MachineFault, match=f"of which {samples().nbytes} hold samples"):
        memory.view(DRAM_BASE + samples().nbytes - 1, 128)
    memory.view(DRAM_BASE + samples().nbytes, 128)


def test_times_may_fall_from_one_sample_to_the_next():
    assert len(samples(times=((64, 72), (), (0,)))) == 3


def test_the_player_starts_on_the_fpga_clock_after_its_latency():
    player, core = SamplePlayer(FpgaConfig(player_latency_ns=1000), ExternalMemory()), Core()
    player.load(samples())
    zero_ns, end_ns = player.play(core, 0, 404)
    assert (zero_ns, end_ns) == (1408, 1488)
    assert core.posted == [([1408, 1416], [0, 1])]
    with pytest.raises(MachineFault, match="busy"):
        player.play(core, 1, 1484)
    assert player.play(core, 1, 1488)[0] == 2488


def test_who_listens_hears_of_a_sample_before_its_events_are_posted():
    feed, core, told = Feed(), Core(), []
    feed.samples.append(lambda *sample: told.append((sample, player.played, list(core.posted))))
    player = SamplePlayer(FpgaConfig(player_latency_ns=1000), ExternalMemory(), feed)
    player.load(samples())
    for index, request_ns in ((1, 404), (0, 1_500)):
        player.play(core, index, request_ns)
    with pytest.raises(MachineFault, match="busy"):
        player.play(core, 1, 1_504)
    first, second = core.posted
    assert told == [((0, 1, 404, 1_408, 1_488), 0, []), ((1, 0, 1_500, 2_504, 2_584), 1, [first])]
    assert second == ([2_504, 2_512], [0, 1])


def test_the_player_refuses_what_it_does_not_have():
    player = SamplePlayer(FpgaConfig(), ExternalMemory())
    with pytest.raises(MachineFault, match="0 samples were loaded"):
        player.play(Core(), 0, 0)
    player.load(samples())
    for index in (-1, 3):
        with pytest.raises(MachineFault, match=f"sample {index}, but 3"):
            player.play(Core(), index, 0)
    with pytest.raises(MachineFault, match="sample_player is off"):
        SamplePlayer(FpgaConfig(sample_player=False), ExternalMemory()).play(Core(), 0, 0)


def test_samples_beyond_the_dram_are_refused_with_used_and_size():
    many = c.DRAM_BYTES // 8 + 1
    nothing, tags = np.zeros(0, np.int32), np.zeros(many, np.uint16)
    huge = SampleSet(np.zeros(many + 1, np.int64), nothing, nothing.astype(np.uint16), tags, 8)
    with pytest.raises(ChipLimitError) as caught:
        SamplePlayer(FpgaConfig(), ExternalMemory()).load(huge)
    assert caught.value.used == 8 * many and caught.value.size == c.DRAM_BYTES


def test_the_record_holds_count_tag_and_stamped_labels():
    memory = ExternalMemory()
    core = Core([(992, 9), (1000, 5), (1012, 0x7FF), (1500, 3)])
    SpikeWriter(FpgaConfig(), memory, strict=True).write(core, 1, 1000, 1500, tag=2)
    words = memory.view(record_address(1), RECORD_BYTES).view(np.uint32)
    assert words[:4].tolist() == [2, 2, 5, (1 << 16) | 0x7FF]


@pytest.mark.parametrize("count, vectors", [(0, 1), (30, 1), (31, 2), (254, 8), (255, 8), (0xFFFFFFFF, 8)])
def test_a_record_is_as_long_as_its_header_says_and_no_longer_than_its_room(count, vectors):
    memory = ExternalMemory()
    memory.view(record_address(0), 4).view(np.uint32)[0] = count
    assert SpikeWriter(FpgaConfig(), memory, strict=True).filled(0).nbytes == 128 * vectors


def test_a_full_record_loses_counts_and_on_a_strict_chip_stops():
    core = Core([(8 * i, 1) for i in range(RECORD_SPIKES + 3)])
    writer = SpikeWriter(FpgaConfig(), ExternalMemory(), strict=False)
    writer.write(core, 0, 0, 10_000, tag=0)
    assert (writer.written, writer.lost) == (RECORD_SPIKES, 3)
    with pytest.raises(LossError, match="record of a sample is full"):
        SpikeWriter(FpgaConfig(), ExternalMemory(), strict=True).write(core, 0, 0, 10_000, tag=0)
