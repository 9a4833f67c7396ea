"""What a start costs a host: which kind it is, what the presets make of it, and that the chip does not notice."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base.assumption import Assumption, Direction, Weight
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.config.link import OWN, PRESETS, LinkConfig, Start
from chip.base.registers import Registers
from chip.base.traffic import Traffic
from chip.chip import Chip
from chip.ppu import Memory, u8, u32
from chip.silicon.capmem import CELLS, FIELDS, same_cells
from chip.snapshot import Snapshot
from chip.testing import Script, UncompiledScript, chip_bytes
from tests.chip.ppu.processor.programs import sleep, two_inputs

PHASES = ("before", "during", "after")
OTHERS = ("weights", "labels", "row_mode", "refractory_ns", "crossbar_target", "stp_utilization", "event_output")
RUNG = {kind: rung for rung, kind in enumerate(Start)}


def program():
    return UncompiledScript(sleep, memory=Memory(row=u8[256]))


def changed(registers, name):
    """Change the first element of an array to another value that it takes."""
    array, limits = getattr(registers, name), registers.__dataclass_fields__[name].metadata
    low, high = limits["low"], limits["high"]
    array.flat[0] = low if array.flat[0] != low else high


# ---------------------------------------------------------------------- which kind a start is

ACTIONS = st.one_of(
    st.sampled_from(["start", "start", "again", "weights", "sram", "samples", "program", "trace", "read", "nothing"]),
    st.tuples(st.just("registers"), st.sampled_from([*CELLS, *OTHERS])),
    st.tuples(st.just("stimuli"), st.integers(0, 2)),
)


@given(st.lists(ACTIONS, max_size=25))
def test_a_start_is_of_the_kind_of_the_weightiest_that_was_written_since_the_one_before(actions):
    registers, samples = two_inputs()
    chip = Chip(ChipConfig.ideal())
    link = chip.link
    link.write_registers(registers)
    link.write_samples(samples)
    link.load_program(0, program())
    expected, written = [], {Start.UNCHANGED, Start.CHANGED, Start.CAPMEM}
    for action in [*actions, "start"]:
        what, detail = action if isinstance(action, tuple) else (action, None)
        if what == "start":
            assert link.run() == [0]
            expected.append(max(written, key=RUNG.get))
            written = {Start.UNCHANGED}
        elif what == "registers":
            changed(registers, detail)
            link.write_registers(registers)
            written |= {Start.CAPMEM} if detail in CELLS else {Start.CHANGED}
        elif what == "again":
            link.write_registers(registers)
            written |= {Start.CHANGED}
        elif what == "weights":
            if chip.started:
                link.write_weights(0, [3], [5], [[1, 2, 3, 4]])
                written |= {Start.CHANGED}
        elif what == "stimuli":
            link.book_stimuli(detail)
            written |= {Start.CHANGED} if detail else set()
        elif what == "nothing":  # crosses
            link.write_sram(0, "row", np.zeros(0, np.uint8))
            link.book_stimuli(0)
        elif what == "read":
            link.read_sram(0, "row", 3), link.read_counters(), link.read_trace(), link.read_external(0x8000_0000, 4)
        else:
            {
                "sram": lambda: link.write_sram(0, "row", np.ones(1, np.uint8)),
                "samples": lambda: link.write_samples(samples),
                "program": lambda: link.load_program(0, program()),
                "trace": link.record_trace,
            }[what]()
            written |= {Start.CHANGED}
    assert expected[0] == Start.CAPMEM and link.runs == len(expected)
    assert link.starts["before"] == dict.fromkeys(Start, 0) | {Start.CAPMEM: 1}
    assert link.starts["during"] == {kind: expected[1:].count(kind) for kind in Start}
    assert not any(link.starts["after"].values())


def test_cells_are_registers_and_those_that_take_codes_are_among_them():
    assert set(FIELDS) < set(CELLS) <= {field.name for field in dataclasses.fields(Registers)}
    for name in (*CELLS, *OTHERS):
        one, other = Registers(), Registers()
        assert same_cells(one, other)
        changed(other, name)
        assert same_cells(one, other) == (name in OTHERS), name


def test_what_a_refused_transfer_would_have_changed_has_not():
    chip = Chip(ChipConfig.ideal())
    chip.link.write_registers(Registers())
    chip.link.load_program(0, program())
    chip.link.run()
    bad = Registers()
    bad.leak_lsb[0, 0] = 300.0
    with pytest.raises(ValueError, match="leak_lsb"):
        chip.link.write_registers(bad)
    with pytest.raises(ValueError, match="region row takes"):
        chip.link.write_sram(0, "row", np.array([256]))
    chip.link.run()
    assert chip.link.starts["during"] == {Start.UNCHANGED: 1, Start.CHANGED: 0, Start.CAPMEM: 0}


# ---------------------------------------------------------------------- what it takes


def traffic(nbytes=0, trips=0, unchanged=0, changed=0, capmem=0):
    return Traffic(nbytes, trips, {Start.UNCHANGED: unchanged, Start.CHANGED: changed, Start.CAPMEM: capmem})


def test_both_presets_by_hand():
    crossed = traffic(nbytes=250_000_000, trips=30, unchanged=7, changed=20, capmem=2)
    assert crossed.seconds(LinkConfig.today()) == pytest.approx(2 + 0.003 + 0.007 + 0.1 + 0.2)
    assert crossed.seconds(LinkConfig.optimistic()) == pytest.approx(2 + 0.003 + 0.029)
    assert crossed.seconds_by_preset() == {
        name: crossed.seconds(LinkConfig.of(name)) for name in ("today", "optimistic")
    }
    assert crossed.settled() == traffic(nbytes=250_000_000, trips=30, unchanged=7, changed=22)


COUNTS = st.builds(traffic, *[st.integers(0, 10**9)] * 5)


@given(COUNTS, COUNTS)
def test_counts_add_up_and_so_does_time(one, other):
    both = one + other
    assert both - other == one and both - one == other
    for name in PRESETS:
        link = LinkConfig.of(name)
        assert both.seconds(link) == pytest.approx(one.seconds(link) + other.seconds(link))
    assert one.seconds(LinkConfig.optimistic()) <= one.seconds(LinkConfig.today()) * (1 + 1e-12)


def test_every_profile_has_the_link_of_today():
    for config in (ChipConfig(), ChipConfig.ideal(), ChipConfig.typical(), ChipConfig.raw()):
        assert config.link == LinkConfig.today() == LinkConfig.of("today") and config.link.preset == "today"
    link = LinkConfig.today()
    assert (link.round_trip_us, link.bandwidth_bytes_per_second) == (100.0, 125_000_000)
    assert [link.start_us(kind) for kind in Start] == [1_000.0, 5_000.0, 100_000.0]
    assert [LinkConfig.optimistic().start_us(kind) for kind in Start] == [1_000.0] * 3
    assert LinkConfig.optimistic().preset == "optimistic"


def test_a_preset_with_changes_is_none_any_more():
    link = LinkConfig.optimistic(round_trip_us=50.0)
    assert (link.preset, link.round_trip_us, link.start_capmem_us) == (OWN, 50.0, 1_000.0)
    assert LinkConfig.today(start_changed_us=5_000.0).preset == "today"
    assert dataclasses.replace(link, round_trip_us=100.0).preset == "optimistic"


@pytest.mark.parametrize("link", [LinkConfig.today(), LinkConfig.optimistic(), LinkConfig.today(round_trip_us=3.0)])
def test_a_file_has_the_link(link, tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text(ChipConfig.typical(3, link=link).to_toml())
    assert ChipConfig.from_toml(path) == ChipConfig.typical(3, link=link)


def test_a_file_may_name_a_preset_and_change_it(tmp_path):
    path = tmp_path / "chip.toml"
    path.write_text('[link]\npreset = "optimistic"\n')
    assert ChipConfig.from_toml(path).link == LinkConfig.optimistic()
    path.write_text('[link]\nround_trip_us = 7\npreset = "optimistic"\n')
    assert ChipConfig.from_toml(path).link == LinkConfig.optimistic(round_trip_us=7.0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"preset": "tomorrow"}, ["link.preset", "'tomorrow'", "today, optimistic"]),
        ({"preset": 3}, ["link.preset", "3", "today, optimistic"]),
        ({"start_changed_us": -1.0}, ["link.start_changed_us", "-1.0", "0.0..10000000.0"]),
        ({"start_capmem_us": 1e8}, ["link.start_capmem_us", "0.0..10000000.0"]),
        ({"start_unchanged_us": float("nan")}, ["link.start_unchanged_us", "nan"]),
        ({"start_unchanged_us": "5"}, ["link.start_unchanged_us", "'5'", "float"]),
        ({"bandwidth_bytes_per_second": 0}, ["link.bandwidth_bytes_per_second", "0", "1.."]),
        ({"run_overhead_us": 5.0}, ["link.run_overhead_us", "start_changed_us", "preset"]),
    ],
)
def test_bad_settings_are_refused_with_name_and_limit(table, words):
    with pytest.raises(ValueError) as caught:
        ChipConfig.from_dict({"link": table})
    for word in words:
        assert word in str(caught.value)


# ---------------------------------------------------------------------- what is assumed


def test_each_preset_says_what_it_takes_for_granted():
    by_name = {
        name: {line.what.split(" = ")[0]: line for line in LinkConfig.of(name).assumptions()} for name in PRESETS
    }
    names = {f"link.{name}" for name in ("round_trip_us", "start_unchanged_us", "start_changed_us", "start_capmem_us")}
    for found in by_name.values():
        assert set(found) == names and all(type(line) is Assumption for line in found.values())
        assert found["link.start_unchanged_us"].source.startswith("assumed; grenade's own test accepts up to 90 ms")
        assert found["link.start_changed_us"].weight == found["link.round_trip_us"].weight == Weight.LINK
        for name in ("link.start_changed_us", "link.start_capmem_us"):
            assert found[name].direction == Direction.FASTER
    today, optimistic = (by_name[name]["link.start_changed_us"] for name in ("today", "optimistic"))
    assert today == "link.start_changed_us = 5000.0 (grenade's own test accepts 5 to 100 ms)"
    assert optimistic == "link.start_changed_us = 1000.0 (assumed; grenade's own test accepts 5 to 100 ms)"
    within, beyond = (LinkConfig(start_changed_us=us).assumptions()[2] for us in (20_000.0, 200_000.0))
    assert within.direction == beyond.direction == Direction.EITHER
    assert (within.source, beyond.source) == (today.source, optimistic.source)


def test_a_sentence_has_all_numbers_of_a_preset():
    said = LinkConfig.today().sentence()
    assert said.what == (
        "times of the link today: 100 us a round trip, 125 MB/s, "
        "a start 1 ms (unchanged), 5 ms (changed), 100 ms (capmem)"
    )
    assert said.direction == Direction.FASTER and "5 to 100 ms" in said.source
    assert LinkConfig.today(start_capmem_us=2e5).sentence().direction == Direction.EITHER


# ---------------------------------------------------------------------- the chip


def left(link, **imperfections):
    """Run a chip three times, with writes between; return its bytes and what crossed."""
    registers, samples = two_inputs(weights=((63, 63), (40, 50)))
    registers.efficacy_lsb[0] = 2.0

    def main(ppu):
        yield ppu.play(0)
        yield ppu.load_record(0, into="row")
        return 0

    chip = Chip(ChipConfig.typical(seed=4, link=link, imperfections=ImperfectionConfig.typical()))
    chip.link.write_registers(registers)
    chip.link.write_samples(samples)
    chip.link.load_program(0, UncompiledScript(main, memory=Memory(row=u32[256])))
    chip.link.run()
    chip.link.write_weights(0, [0, 1], [0, 1], [[1, 2, 3, 4], [5, 6, 7, 8]])
    chip.link.run()
    chip.link.run()
    return chip_bytes(chip), chip.now_ns, chip.link.crossed, [chip.link.seconds(phase) for phase in PHASES]


def test_no_byte_of_a_chip_depends_on_its_link():
    today, optimistic = left(LinkConfig.today()), left(LinkConfig.optimistic())
    assert today[:3] == optimistic[:3] and today[3] != optimistic[3]
    assert today[2].starts == {Start.UNCHANGED: 1, Start.CHANGED: 1, Start.CAPMEM: 1}


def test_a_snapshot_has_what_was_written_since_the_last_start(tmp_path):
    def loaded():
        chip = Chip(ChipConfig.ideal())
        chip.link.write_registers(Registers())
        chip.link.load_program(0, Script(sleep))
        return chip

    chip, other = loaded(), loaded()
    chip.link.run()
    chip.link.run()
    registers = Registers()
    registers.tau_mem_ns = 5_000
    chip.link.write_registers(registers)
    chip.snapshot().save(tmp_path / "chip.snapshot")
    taken = Snapshot.load(tmp_path / "chip.snapshot")
    chip.link.run()
    other.restore(taken)
    assert other.link.starts["during"] == {Start.UNCHANGED: 1, Start.CHANGED: 0, Start.CAPMEM: 0}
    other.link.run()
    assert other.link.report() == chip.link.report() and other.link.starts == chip.link.starts
    assert taken.tree["link"]["starts"]["during"][Start.CAPMEM] == 0 < chip.link.starts["during"][Start.CAPMEM]
