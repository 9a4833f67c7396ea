"""Playback programs: stimuli without a player, at times of their own, while both processors follow timers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core import config as numba_config

from chip import Chip, ChipConfig, Machine, Program
from chip.base import constants as c
from chip.base.config import FpgaConfig
from chip.base.errors import ChipLimitError, LinkError, LossError, Resource
from chip.base.feed import Post
from chip.base.losses import Loss
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.core.core import AnalogCore
from chip.fpga import PlaybackProgram, SampleSet
from chip.fpga.playback import ROOM, TIMER_NS
from chip.ppu import Memory, Recording, Timer, kernel, u8
from chip.testing import chip_bytes, load_firmware, run_firmware
from tests.chip.test_snapshot import check_going_on
from tests.naive.playback import execute

TODAY = FpgaConfig(sample_player=False, spike_writer=False)
MILLISECOND_NS = 1_000_000
needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="takes minutes where nothing is compiled")
INPUTS = 8


@kernel
def halve(v, m):
    """What a program may do between two looks."""
    for i in range(128):
        m.seen[i] = m.seen[i] >> 1


class Look(Program):
    """Looks at its membranes by a timer, injects events of its own on the top, and records what it saw."""

    name = "look"
    memory = Memory(seen=u8[128])
    kernels = (halve,)

    def __init__(self, count=10, period=25_000):
        self.tasks = (Timer(start=0, period=period, count=count, task="look"),)
        self.recordings = (Recording("seen", region="seen", count=count),)

    def look(self, ppu):
        yield ppu.read_cadc("seen")
        yield ppu.record("seen")
        yield ppu.run(halve)


def driven(returned=False):
    """Label i from the FPGA excites through row i of the top, whose first 32 neurons spike and are recorded.

    Where they are ``returned``, the FPGA's events are recorded, too.
    """
    registers = Registers()
    registers.enabled[0, :32] = registers.event_output[0, :32] = True
    registers.row_mode[0, :INPUTS] = ROW_EXCITATORY
    registers.labels[0, :INPUTS] = np.arange(INPUTS)[:, None]
    registers.labels[0, INPUTS:] = c.LABEL_MAX
    registers.weights[0, :INPUTS, :32] = np.random.default_rng(5).integers(0, 64, (INPUTS, 32))
    registers.efficacy_lsb[0] = 1.0
    registers.compare_mask[0] = 0
    for bus in range(c.PADI_BUSSES):
        registers.crossbar_mask[c.CROSSBAR_FPGA_IN, bus] = registers.crossbar_target[c.CROSSBAR_FPGA_IN, bus] = 0
    registers.crossbar_mask[0, c.CROSSBAR_FPGA_OUT] = registers.crossbar_target[0, c.CROSSBAR_FPGA_OUT] = 0
    if returned:
        registers.crossbar_mask[c.CROSSBAR_FPGA_IN, c.CROSSBAR_FPGA_OUT] = 0
        registers.crossbar_target[c.CROSSBAR_FPGA_IN, c.CROSSBAR_FPGA_OUT] = 0
    return registers


def program(count=2_000, until_ns=MILLISECOND_NS, seed=3, first_ns=0):
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(first_ns // 8, until_ns // 8, count)) * 8
    return PlaybackProgram(times, random.integers(0, INPUTS, count))


def loaded(config=None, playback=None, machine=None, **settings):
    chip = Chip(config or ChipConfig.typical(seed=2, fpga=TODAY), machine)
    playback = program() if playback is None else playback
    return load_firmware(chip, Look(**settings), Look(**settings), registers=driven(), playback=playback)


# ---------------------------------------------------------------------- programs


@given(st.lists(st.integers(0, 12), max_size=30).map(sorted))
def test_events_leave_as_edge_by_edge(ticks):
    times = np.array(ticks, np.int64) * 8
    made = PlaybackProgram(times, np.arange(len(times)))
    sent_ns, instructions = execute(times.tolist())
    assert made.sent_ns.tolist() == sent_ns and made.instructions == instructions
    assert made.late == sum(sent > time for sent, time in zip(sent_ns, times, strict=True))
    assert made.latest_ns == max((sent - time for sent, time in zip(sent_ns, times.tolist(), strict=True)), default=0)
    assert made.nbytes == 8 * instructions


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4"])
def test_any_integers_will_do_and_are_kept(kind):
    times, labels = np.array([0, 8, 8, 64], kind), np.array([3, 2, 1, 0], kind)
    made = PlaybackProgram(times, labels)
    times[0], labels[0] = 99, 99
    assert made.times_ns.tolist() == [0, 8, 8, 64] and made.times_ns.dtype == np.int64
    assert made.labels.tolist() == [3, 2, 1, 0] and made.labels.dtype == np.uint16
    with pytest.raises(ValueError, match="read-only"):
        made.times_ns[0] = 8
    with pytest.raises(ValueError, match=r"fall from 64 ns to 8 ns at event 2; sort"):
        PlaybackProgram(np.array([0, 64, 8], kind), np.zeros(3, kind))


@pytest.mark.parametrize(
    ("times", "labels", "words"),
    [
        (np.array([0.0, 8.0]), np.array([0, 0]), r"times_ns of a playback program are float64\[2\]; give a one-dim"),
        ([0, [8]], np.array([0, 0]), "times_ns of a playback program are no array; give"),
        (np.zeros((1, 2), int), np.array([0, 0]), r"times_ns .* int64\[1, 2\]"),
        (np.array([0, 12]), np.array([0, 0]), "is at 12 ns, off the FPGA's clock of 8 ns; round"),
        (np.array([-8, 0]), np.array([0, 0]), r"times_ns .* lie in -8\.\.0; 0\.\."),
        (np.array([0, 8]), np.array([0]), "2 times and 1 labels; give a label for each"),
        (np.array([0, 8]), np.array([0, 65536]), r"labels .* lie in 0\.\.65536; 0\.\.65535 are valid"),
        (np.array([0, 8]), np.array([-1, 0]), r"labels .* lie in -1\.\.0"),
        (np.array([0, 1 << 63], np.uint64), np.array([0, 0]), r"times_ns .* lie in 0\.\.9223372036854775808"),
    ],
)
def test_what_is_no_program_is_refused(times, labels, words):
    with pytest.raises(ValueError, match=words):
        PlaybackProgram(times, labels)


def test_what_does_not_fit_is_refused_with_used_and_size():
    count = ROOM // 2 + 1
    with pytest.raises(ChipLimitError, match="playback buffer of the FPGA: 4194306 instructions needed") as caught:
        PlaybackProgram(8 * np.arange(count), np.zeros(count, np.uint16))
    assert (caught.value.resource, caught.value.used, caught.value.size) == (Resource.PLAYBACK, ROOM + 2, ROOM)
    assert PlaybackProgram(8 * np.arange(count - 1), np.zeros(count - 1, np.uint16)).instructions == ROOM
    with pytest.raises(ChipLimitError, match=f"timer of the FPGA's executor: {TIMER_NS} ns needed"):
        PlaybackProgram(np.array([TIMER_NS - 8] * 4), np.zeros(4, int))
    PlaybackProgram(np.array([TIMER_NS - 8] * 3), np.zeros(3, int))


# ---------------------------------------------------------------------- runs


def test_both_processors_follow_timers_while_events_come_without_a_player():
    chip = loaded()
    chip.start()
    chip.run()
    report, made = chip.report(), program()
    events = report["events"]
    assert report["playback"] == {
        **{"events": len(made), "instructions": made.instructions, "late": made.late, "latest_ns": made.latest_ns},
        **{"played": events["from_fpga"] + events["waiting"], "unplayed": len(made) - chip.executor.played},
    }
    assert events["from_fpga"] > 1_800 and events["from_neurons"] > 100
    assert events["sent"] == events["delivered"] + events["lost"] + events["in_flight"]
    assert {len(chip.link.read_recording(side, "seen")) for side in (c.TOP, c.BOTTOM)} == {10}
    assert len(np.unique(chip.link.read_recording(c.TOP, "seen")["values"][:, :16])) > 10
    assert chip.link.bytes["during"] == 0 and report["samples_played"] == 0


def test_it_takes_no_step_of_the_simulation():
    with_events, without = loaded(), loaded(playback=PlaybackProgram(np.zeros(0, int), np.zeros(0, int)))
    for chip in (with_events, without):
        chip.start()
        chip.run()
    assert with_events.simpy_events == without.simpy_events
    assert without.report()["playback"]["events"] == 0


@pytest.mark.parametrize("zero_ns", [0, 404])
def test_the_core_sees_what_it_would_see_of_events_posted_at_once(zero_ns):
    made, config = program(), ChipConfig.typical(seed=2, fpga=TODAY)
    chip = load_firmware(Chip(config), Look(), Look(), registers=driven())
    chip.environment.now = zero_ns
    chip.link.write_playback(made)
    chip.start()
    chip.run()
    assert chip.executor.zero_ns == -(-zero_ns // 8) * 8
    core = AnalogCore(config, driven())
    core.post_events(made.sent_ns, made.labels, chip.executor.zero_ns)
    for found, expected in zip(chip.core.all_spikes(0, chip.now_ns), core.all_spikes(0, chip.now_ns), strict=True):
        assert found.size and np.array_equal(found, expected)
    assert np.array_equal(chip.core.membranes(chip.now_ns), core.membranes(chip.now_ns))


def test_who_looks_how_often_changes_no_byte():
    chips = [loaded(), loaded()]
    for chip in chips:
        chip.start()
    chips[0].run()
    watched, told = chips[1], []
    while watched.learning:
        watched.environment.take_steps(1)
        watched.counters(), watched.report(), watched.core.membranes(watched.core.now_ns)
        told.append(watched.counters()["waiting"])
    watched.run()
    assert chip_bytes(watched) == chip_bytes(chips[0])
    assert watched.report()["playback"] == chips[0].report()["playback"]
    assert told[0] > 1_900 and told == sorted(told, reverse=True)


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_a_snapshot_goes_on_with_what_is_left(steps, tmp_path):
    assert check_going_on(loaded, steps, tmp_path)


@needs_compiler
def test_the_queue_of_the_core_stays_as_short_as_it_was():
    chip = loaded(playback=program(count=200_000), config=ChipConfig.ideal(fpga=TODAY, strict=False))
    size = chip.core._queues.events.size
    chip.start()
    chip.run()
    assert chip.executor.played > 180_000 and chip.core._queues.events.size == size


def test_who_listens_is_told_of_all_events_at_the_start():
    chip, told, made = loaded(), [], program()
    chip.feed.posts.append(told.append)
    chip.start()
    chip.run()
    (events,) = [posted for posted in told if posted.what is Post.EVENTS]
    assert np.array_equal(events.times_ns, made.sent_ns) and np.array_equal(events.arguments["labels"], made.labels)


def test_a_run_ends_with_its_programs_and_plays_its_own_program_only():
    short, chip = PlaybackProgram(np.array([80, 5_000_000]), np.array([1, 1])), loaded(count=2)
    chip.link.write_playback(short)  # in the place of the one that waits
    chip.start()
    chip.run()
    assert chip.report()["playback"]["unplayed"] == len(program()) + 1 and chip.executor.played == 1
    chip.core.advance(6_000_000)
    assert chip.counters()["from_fpga"] == 1
    chip = loaded(playback=short, count=2)
    assert chip.link.run() == [0, 0] and chip.link.run() == [0, 0]  # the second one has none
    assert chip.counters()["from_fpga"] == 1
    chip.link.write_playback(PlaybackProgram(np.array([0]), np.array([1])))
    begun_ns = chip.now_ns
    chip.start()
    assert chip.executor.zero_ns == -(-begun_ns // 8) * 8


CROWDED = PlaybackProgram(np.array([800] * 5 + [900_000] * 5), np.zeros(10, int))


def test_events_that_leave_late_are_a_loss_and_those_that_were_not_played_are_told():
    """Of five at one time two are late, by one edge; the run ends before the other five."""
    chip = loaded(ChipConfig.ideal(fpga=TODAY, strict=False), CROWDED, count=2)
    assert Loss.LATE_STIMULI not in chip.losses()
    chip.start()
    chip.run()
    report = chip.report()
    assert report["losses"]["late stimuli"] == chip.losses()[Loss.LATE_STIMULI] == chip.executor.late == 2
    assert report["events"]["unplayed"] == chip.executor.played == 5
    chip.link.write_playback(CROWDED)
    fresh = loaded(ChipConfig.ideal(fpga=TODAY, strict=False), CROWDED, count=2)
    chip.link.write_playback(CROWDED)  # in the place of one that waits
    fresh.restore(chip.snapshot())
    assert fresh.losses() == chip.losses() and fresh.report()["events"]["unplayed"] == 15
    assert "unplayed" not in loaded().report()["events"]


def test_late_stimuli_end_the_run_of_a_strict_chip():
    chip = loaded(ChipConfig.ideal(fpga=TODAY), CROWDED, count=2)
    chip.start()
    with pytest.raises(LossError, match="nothing may be lost, but there were 2 late stimuli"):
        chip.run()


def test_a_chip_beside_another_one_does_what_it_does_alone():
    alone = loaded(count=4)
    alone.start()
    alone.run()
    machine = Machine()
    beside, longer = loaded(machine=machine, count=4), loaded(machine=machine, count=9)
    for chip in (beside, longer):
        chip.start()
    machine.run()
    assert beside.executor.played == alone.executor.played < longer.executor.played
    assert np.array_equal(beside.core.all_spikes(0, alone.now_ns), alone.core.all_spikes(0, alone.now_ns))


def test_a_sample_of_the_player_does_the_same_at_the_same_time():
    made = program(count=50, until_ns=40_000, first_ns=8_000)
    samples = SampleSet(np.array([0, 50]), made.times_ns, made.labels, np.array([0]), 48_000)

    def ask(ppu):
        yield ppu.play(0)
        return 0

    def sleep(ppu):
        yield ppu.wait(20_000)
        return 0

    played = load_firmware(Chip(ChipConfig.ideal(strict=False)), ask, registers=driven(), samples=samples)
    told = []
    played.feed.samples.append(lambda *sample: told.append(sample[3]))
    played.start()
    played.run()
    later = PlaybackProgram(made.sent_ns + told[0], made.labels)  # where no more than three come at once
    chip = run_firmware(sleep, registers=driven(), playback=later)
    end_ns = min(chip.now_ns, played.now_ns)
    assert played.core.all_spikes(0, end_ns)[0].size
    assert np.array_equal(chip.core.all_spikes(0, end_ns), played.core.all_spikes(0, end_ns))


# ---------------------------------------------------------------------- the link, and what is assumed


def test_it_crosses_the_link_in_instructions_before_the_run():
    chip = Chip(ChipConfig.ideal())
    chip.link.write_playback(program())
    assert chip.link.bytes["before"] == 8 * program().instructions
    with pytest.raises(TypeError, match="takes a PlaybackProgram, not .*; make one"):
        chip.link.write_playback((np.zeros(1), np.zeros(1)))
    chip = loaded()
    chip.start()
    with pytest.raises(LinkError, match="write a playback program"):
        chip.link.write_playback(program())


def test_reports_say_what_is_assumed_of_what_was_used():
    def assumed(config, playback):
        return "\n".join(run_firmware(Look(count=1), config=config, playback=playback).report()["assumptions"])

    today = assumed(ChipConfig.ideal(fpga=TODAY), program(count=3, until_ns=800))
    assert "a playback program sends" in today and "assumed gateware" not in today
    player = assumed(ChipConfig.ideal(), None)
    assert "a playback program sends" not in player and "assumed gateware" in player


# ---------------------------------------------------------------------- long runs, long samples


@needs_compiler
def test_the_record_of_spikes_is_cut_where_nobody_plays_samples():
    """0.1 s back at least and 0.2 s at most, whoever looks; all of it where the chip keeps it."""
    times = np.repeat(np.arange(0, 500_000_000, 160_000), 16)
    events = PlaybackProgram(times, np.arange(times.size) % INPUTS)
    sizes, bytes_of = {}, {}
    for keeps, looks in ((False, False), (False, True), (True, False)):
        chip = loaded(ChipConfig.ideal(fpga=TODAY, strict=False), events, count=50, period=2_500_000)
        chip.keep_spikes = keeps
        chip.start()
        while looks and chip.learning:
            chip.environment.take_steps(1)
            chip.counters()
        chip.run()
        if not keeps:
            with pytest.raises(RuntimeError, match="those from 0 ns on are asked for; set chip.keep_spikes = True"):
                chip.core.all_spikes()
        times = chip.core.all_spikes(chip.core.recorded_from_ns)[0]
        sizes[keeps], bytes_of[looks, keeps] = times.size, chip_bytes(chip)
        back_ns = chip.now_ns - times.min()
        assert back_ns > 480_000_000 if keeps else 100_000_000 < back_ns <= 200_000_000
    assert bytes_of[False, False] == bytes_of[True, False]
    assert 0 < sizes[False] < sizes[True] / 2


@pytest.mark.parametrize("writer", [True, False])
def test_a_sample_longer_than_its_time_stamps_needs_a_chip_without_a_writer(writer):
    samples = SampleSet(np.array([0, 1]), np.array([580_000]), np.array([1]), np.array([0]), duration_ns=588_000)
    config = ChipConfig.ideal(fpga=FpgaConfig(spike_writer=writer))

    def main(ppu):
        yield ppu.play(0)
        return 0

    if writer:
        with pytest.raises(ValueError, match="lasts 588000 ns, and the 16-bit .* end at 524288 ns; .*write_playback"):
            load_firmware(Chip(config), main, registers=driven(), samples=samples)
        return
    chip = run_firmware(main, registers=driven(), samples=samples, config=config)
    assert chip.now_ns > 588_000 and chip.counters()["from_fpga"] == 1


@needs_compiler
@pytest.mark.parametrize("room", [1 << 22, 20_000])
def test_the_trace_of_a_long_run_is_whole_though_the_record_is_cut(room):
    """It takes what is about to be forgotten, also of a chip that ends before another one of its machine."""
    times = np.repeat(np.arange(0, 450_000_000, 160_000), 16)
    machine, chips = Machine(), []
    for count in (32, 45, 45):
        events = PlaybackProgram(times, np.arange(times.size) % INPUTS)
        chip = Chip(ChipConfig.ideal(strict=False, fpga=TODAY), machine)
        chip.link.record_trace(True)
        chip.trace.room = room
        chips.append(load_firmware(chip, Look(count=count, period=2_500_000), registers=driven(), playback=events))
    chips[2].keep_spikes = True
    for chip in chips:
        chip.start()
    machine.run(lambda _: [chip.counters() for chip in chips])
    short, cut, whole = ((chip.trace.ticks, chip.trace.labels) for chip in chips)
    assert cut[0].size > 1_000 and np.array_equal(cut, whole)
    assert chips[1].core.recorded_from_ns > 200_000_000 and chips[1].trace.lost == chips[2].trace.lost
    if room > 1 << 20:
        kept = whole[0] * 8 < chips[0].ended_ns
        assert np.array_equal(short, [whole[0][kept], whole[1][kept]]) and chips[0].trace.lost == 0
    else:
        assert cut[0].size == room and chips[0].trace.lost > 0
