"""The host link between runs: what crosses, what it costs, what it does."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.config import ChipConfig, LinkConfig
from chip.base.errors import LinkError, LossError, MachineFault
from chip.fpga.trace import TraceBuffer
from chip.link import assumptions, omnibus_bytes
from chip.ppu import Memory, Recording, u8
from chip.testing import UncompiledScript
from tests.chip.ppu.processor.programs import build, sleep, two_inputs


def once(chip):
    chip.start()
    chip.run()
    return chip


def playing(count=3, **changes):
    registers, samples = two_inputs(weights=((63, 63), (40, 50)))
    registers.efficacy_lsb[0] = 2.0

    def main(ppu):
        for number in range(count):
            yield ppu.play(0)
            yield ppu.load_record(0, into="record")
            yield ppu.store_external(0x8000_0000 + 1024 * number, source="record", vectors=8)
        return 0

    return build(main, registers=registers, samples=samples, **changes)


# ---------------------------------------------------------------------- trace buffer


def test_the_trace_holds_what_the_records_hold():
    chip = playing()
    chip.link.record_trace()
    for _ in range(2):
        begun_ns = chip.now_ns
        once(chip)
        before = chip.link.bytes["after"]
        ticks, labels = chip.link.read_trace()
        assert chip.link.bytes["after"] - before == 8 * len(ticks)
        expected, zero_ns = [], begun_ns
        for number in range(3):
            record = chip.link.read_external(0x8000_0000 + 1024 * number, 1024).view(np.uint32)
            words = record[2 : 2 + record[0]]
            # the first event of a sample tells its time zero
            zero = ticks[len(expected)] - (words[0] >> 16)
            expected += [(zero + (word >> 16), word & 0xFFFF) for word in words]
            assert zero * 8 + begun_ns > zero_ns
            zero_ns = zero * 8 + begun_ns
        assert list(zip(ticks, labels, strict=True)) == expected
        assert len(set(labels.tolist())) == 4  # two inputs, two neurons


def test_stamps_and_their_zero_say_when_an_event_was_recorded():
    chip = playing()
    chip.link.record_trace()
    offsets = set()
    for _ in range(6):
        begun_ns = chip.now_ns
        once(chip)
        ticks, labels = chip.link.read_trace()
        times_ns, recorded = chip.core.spikes(begun_ns, chip.now_ns)
        zero_ns = chip.trace.zero_ns
        offsets.add(zero_ns - begun_ns)
        assert zero_ns % 8 == 0 and 0 <= zero_ns - begun_ns < 8
        assert ((times_ns - zero_ns) // 8).tolist() == ticks.tolist() and recorded.tolist() == labels.tolist()
    assert offsets == {0, 4}  # the clock of the FPGA does not start with a run


def test_a_trace_that_is_off_is_empty_and_changes_nothing():
    one, other = playing(), playing()
    other.link.record_trace()
    assert len(once(one).link.read_trace()[0]) == 0
    assert len(once(other).link.read_trace()[0]) > 0
    other.link.record_trace(False)
    assert len(once(other).link.read_trace()[0]) == 0
    assert once(one).weights().tobytes() == other.weights().tobytes() and one.now_ns == other.now_ns
    assert [p.sram.tobytes() for p in one.processors] == [p.sram.tobytes() for p in other.processors]


@pytest.mark.parametrize("strict", [True, False])
def test_what_does_not_fit_the_trace_is_lost_and_loud(strict):
    chip = playing(config=ChipConfig(strict=strict))
    chip.link.record_trace()
    chip.trace.room = 5
    chip.start()
    if strict:
        with pytest.raises(LossError, match="room for 5; play fewer samples"):
            chip.run()
        return
    chip.run()
    assert len(chip.link.read_trace()[0]) == 5
    assert chip.losses()["events of the trace"] == chip.trace.lost > 0


def test_the_trace_has_the_room_of_the_real_one():
    assert TraceBuffer(True, lambda: None).room == 4_194_304


# ---------------------------------------------------------------------- weights


def test_words_of_synapses_act_one_after_the_other_and_cost_16_bytes():
    chip = once(build(top=sleep))
    random = np.random.default_rng(1)
    rows, words = random.integers(0, 256, 50), random.integers(0, 64, 50)
    values = random.integers(0, 64, (50, 4)).astype(np.uint8)
    expected, begun_ns, paid = chip.weights().copy(), chip.now_ns, chip.link.bytes["after"]
    for row, word, value in zip(rows, words, values, strict=True):
        expected[1, row, 4 * word : 4 * word + 4] = value
    chip.link.write_weights(1, rows, words, values)
    assert chip.now_ns - begun_ns == 50 * 8 and chip.link.bytes["after"] - paid == 50 * 16
    assert (chip.weights() == expected).all()
    chip.link.write_weights(1, rows[:1], words[:1], values[:1])  # again, and what it holds already
    chip.link.write_weights(1, rows[:1], words[:1], 63 - values[:1])
    once(chip)
    chip.core.advance(chip.now_ns)
    expected[1, rows[0], 4 * words[0] : 4 * words[0] + 4] = 63 - values[0]
    assert (chip.core.weights() == expected).all() and (chip.weights() == expected).all()


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((2, [0], [0], [[0, 0, 0, 0]]), "no hemisphere 2"),
        ((0, [256], [0], [[0, 0, 0, 0]]), r"for a row with values outside of 0\.\.255"),
        ((0, [0], [64], [[0, 0, 0, 0]]), r"for a word with values outside of 0\.\.63"),
        ((0, [0], [0], [[0, 0, 0, 64]]), r"for a weight with values outside of 0\.\.63"),
        ((0, [0], [0], [[0.5, 0, 0, 0]]), "weights to write are float64"),
        ((0, [0, 1], [0], [[0, 0, 0, 0]]), "do not match"),
        ((0, [0], [0], [[0, 0, 0]]), "do not match"),
    ],
)
def test_bad_words_are_refused_and_cost_nothing(arguments, said):
    chip = once(build(top=sleep))
    with pytest.raises(ValueError, match=said):
        chip.link.write_weights(*arguments)
    assert chip.link.bytes["after"] == 0 and not chip.weights()[1].any()


def test_weights_before_the_first_start_belong_to_the_registers():
    chip = build(top=sleep)
    with pytest.raises(RuntimeError, match=r"set registers\.weights"):
        chip.link.write_weights(0, [0], [0], [[1, 1, 1, 1]])


# ---------------------------------------------------------------------- memory


def test_the_host_writes_the_beginning_of_a_region():
    chip = build(top=sleep)
    before = chip.link.bytes["before"]
    chip.link.write_sram(0, "row", np.array([7, 255]))
    assert chip.link.bytes["before"] - before == 16
    assert chip.processors[0].regions["row"][:3].tolist() == [7, 255, 0]
    for bad in (np.array([256]), np.array([-1]), np.zeros(10_000, int), np.array([0.5]), np.zeros((1, 1), int)):
        with pytest.raises(ValueError, match="region row (takes|are .*; give a row of)"):
            chip.link.write_sram(0, "row", bad)


def test_external_memory_is_written_by_address_and_read_back():
    chip = build(top=sleep)
    before = chip.link.bytes["before"]
    values = np.arange(130, dtype=np.uint8)
    chip.link.write_external(0x9000_0080, values)
    assert chip.link.bytes["before"] - before == omnibus_bytes(130)
    assert chip.link.read_external(0x9000_0080, 131).tolist() == [*range(130), 0]
    for bad in (np.arange(4), np.zeros((1, 4), np.uint8)):
        with pytest.raises(ValueError, match=r"external memory takes uint8\[n\], not"):
            chip.link.write_external(0x9000_0000, bad)
    with pytest.raises(MachineFault, match="external memory has no 4 bytes at 0x9ffffffe"):
        chip.link.write_external(0x9FFF_FFFE, values[:4])


def test_external_memory_of_samples_and_recordings_is_not_written():
    chip = playing()
    with pytest.raises(MachineFault, match="hold samples"):
        chip.link.write_external(0x9000_0000, np.zeros(4, np.uint8))
    program = UncompiledScript(sleep)
    program.recordings = (Recording("row", region="row", count=1),)
    chip.link.load_program(1, program)
    address = chip.processors[1].recorder.track("row").address
    with pytest.raises(MachineFault, match="reach into recording row"):
        chip.link.write_external(address, np.zeros(4, np.uint8))


def test_a_word_is_two_instructions_whatever_part_of_it_is_wanted():
    assert [omnibus_bytes(count) for count in (0, 1, 4, 5, 1024)] == [0, 16, 16, 32, 4096]
    chip = once(build(top=sleep))
    for cross, nbytes in (
        (lambda link: link.read_sram(0, "row", 10), 48),
        (lambda link: link.read_external(0x8000_0000, 6), 32),
        (lambda link: link.read_weights(), 4 * 2 * 256 * 256),
        (lambda link: link.write_sram(0, "row", np.zeros(9, np.uint8)), 48),
        (lambda link: link.record_trace(), 16),
    ):
        before = chip.link.bytes["after"]
        cross(chip.link)
        assert chip.link.bytes["after"] - before == nbytes


def test_stimuli_of_a_run_are_paid_and_move_nothing():
    chip = once(build(top=sleep))
    chip.link.book_stimuli(25 * 5)
    assert (chip.link.bytes["after"], chip.link.round_trips["after"]) == (25 * 5 * 16, 1)
    chip.start()
    with pytest.raises(LinkError, match="tried to send stimuli"):
        chip.link.book_stimuli(1)
    chip.run()
    assert chip.link.bytes["during"] == 25 * 5 * 16


@pytest.mark.parametrize(
    "cheat",
    [
        lambda link: link.book_stimuli(-1_000),
        lambda link: link.book_stimuli(0.5),
        lambda link: link.read_external(0x8000_0000, -12_800),
        lambda link: link.read_external(0, 128),
        lambda link: link.read_sram(0, "row", -1),
        lambda link: link.read_sram(0, "row", 100_000),
    ],
)
def test_what_cannot_cross_is_refused_and_gives_nothing_back(cheat):
    def main(ppu):
        yield ppu.wait(1)
        return 0

    chip = build(UncompiledScript(main, memory=Memory(row=u8[256])))
    chip.link.run()
    before = dict(chip.link.bytes)
    with pytest.raises((ValueError, MachineFault)):
        cheat(chip.link)
    assert chip.link.bytes == before


def test_assumptions_name_words_stimuli_losses_and_restarts():
    text = "\n".join(assumptions())
    said = (
        "two instructions of 8 bytes",
        "16 bytes on the link in every run",
        "loses no event",
        "restart",
        "anything",
    )
    for words in (*said, "times of the link today", "times of the link optimistic"):
        assert words in text
    assert all("(assumed" in line for line in assumptions())


# ---------------------------------------------------------------------- time


def test_seconds_are_bytes_round_trips_and_starts():
    link = LinkConfig(
        bandwidth_bytes_per_second=1_000_000, round_trip_us=30.0, start_changed_us=500.0, start_capmem_us=2_000.0
    )
    chip = once(build(top=sleep, config=ChipConfig(link=link)))
    loaded = chip.link.bytes["before"] * 1e-6
    assert chip.link.seconds("before") == pytest.approx(2_000e-6 + loaded)  # one start, and the wait for its end
    assert (chip.link.seconds(), chip.link.seconds("after")) == (0.0, pytest.approx(30e-6))
    chip.link.read_sram(0, "row", 100)
    chip.link.write_sram(0, "row", np.zeros(50, np.uint8))
    assert chip.link.seconds("after") == pytest.approx(608e-6 + 60e-6)
    once(chip)
    assert chip.link.seconds() == pytest.approx(500e-6 + 608e-6 + 60e-6)
    assert chip.link.seconds("after") == pytest.approx(30e-6)
    crossed = chip.link.crossed
    assert (crossed.nbytes, crossed.round_trips) == (sum(chip.link.bytes.values()), 3)
    assert crossed.seconds(link) == pytest.approx(2_000e-6 + 500e-6 + 608e-6 + 90e-6 + loaded)
    report = chip.report()["host_link"]
    assert report == {
        **{f"bytes_{phase}": count for phase, count in chip.link.bytes.items()},
        **{"runs": 2, "round_trips": 2, "starts": {"unchanged": 0, "changed": 1, "capmem": 0}},
        **{"preset": "own settings", "seconds": chip.link.seconds(), "seconds_before": chip.link.seconds("before")},
        "seconds_by_preset": {
            "today": pytest.approx(5e-3 + 2e-4 + 608 / 125e6),
            "optimistic": pytest.approx(1e-3 + 2e-4 + 608 / 125e6),
        },
        "seconds_before_by_preset": {
            "today": pytest.approx(0.1 + loaded * 1e6 / 125e6),
            "optimistic": pytest.approx(1e-3 + loaded * 1e6 / 125e6),
        },
    }


def test_what_no_source_gives_is_named():
    named = "\n".join(ChipConfig.ideal().assumptions())
    assert "link.round_trip_us = 100.0 (assumed)" in named and "link.bandwidth" not in named
    assert ChipConfig.ideal().link.bandwidth_bytes_per_second == 125_000_000  # 1 GbE
    assert c.SYNAPSES_PER_WORD * 64 == c.COLUMNS
