"""Spike counters and PADI injection: what a PPU reads and sends, when, at what cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import MachineFault
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.core.core import AnalogCore
from chip.fpga.samples import SampleSet
from chip.ppu.memory import Memory, u8, u16
from chip.ppu.processor.timing import PLAIN_CONTROL_CYCLES
from chip.ppu.processor.waiting import SAMPLES_OF_SPIKES
from chip.testing import UncompiledScript, chip_bytes, run_firmware
from chip.testing.networks import open_crossbar

READ, WORD, WRITE = 144, 5, 40  # cycles: counter over the Omnibus, store to SRAM, clearing write
COUNTS = Memory(wide=u16[256], narrow=u8[256])
ALL = tuple(range(c.LANES))


def pacemakers(neurons=6, threshold_lsb=90.0):
    """Neurons of both hemispheres, columns 0 and up, whose leak is above threshold: they spike without input."""
    registers = Registers()
    registers.enabled[:, :neurons] = True
    registers.leak_lsb[...] = 200.0
    registers.threshold_lsb[...] = threshold_lsb + 4 * np.arange(c.COLUMNS).clip(0, 5)
    registers.tau_mem_ns[...] = 1_000.0
    registers.refractory_ns[...] = 40
    return registers


def reader(reads, seen):
    """A main that waits and reads again and again; appends (start_ns, halves, lanes, reset, counts) to ``seen``."""

    def main(ppu):
        for wait, halves, lanes, reset, into in reads:
            yield ppu.wait(wait)
            start_ns = ppu.environment.now + PLAIN_CONTROL_CYCLES * c.PPU_CLOCK_NS
            yield ppu.read_spike_counters(into, halves, lanes, reset=reset)
            counts = ppu.regions[into][: len(halves) * len(lanes)].tolist()
            seen.append((start_ns, halves, lanes, reset, into, counts))
        return 0

    return UncompiledScript(main, memory=COUNTS)


def expected(spikes, hemisphere, reads):
    """What each read gives, counted one counter after the other from all spikes of the core."""
    cleared = dict.fromkeys(range(c.COLUMNS), 0)
    found = []
    for start_ns, halves, lanes, reset, into, _ in reads:
        counts, time_ns = [], start_ns
        for column in [2 * lane + half for half in halves for lane in lanes]:
            read_ns = time_ns + READ * c.PPU_CLOCK_NS
            own = spikes[0][spikes[1] == hemisphere * c.COLUMNS + column]
            count = int(((own >= cleared[column]) & (own < read_ns)).sum())
            flag = 0x100 if count > 0xFF and into == "wide" else 0
            counts.append(count % 256 + flag)
            if reset:
                cleared[column] = read_ns + WRITE * c.PPU_CLOCK_NS
            time_ns = read_ns + (WORD + WRITE * reset) * c.PPU_CLOCK_NS
        found.append(counts)
    return found


def reads():
    halves = st.lists(st.sampled_from([c.EVEN, c.ODD]), min_size=1, max_size=2, unique=True)
    lanes = st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True)  # 3 is a neuron that is off
    into = st.sampled_from(["wide", "narrow"])
    return st.lists(st.tuples(st.integers(0, 400), halves, lanes, st.booleans(), into), min_size=1, max_size=4)


@settings(deadline=None, max_examples=15)
@given(top=reads(), bottom=reads())
def test_counters_are_the_spikes_since_they_were_cleared(top, bottom):
    seen = [], []
    chip = run_firmware(reader(top, seen[0]), reader(bottom, seen[1]), registers=pacemakers())
    spikes = chip.core.all_spikes()
    assert len(spikes[0]) > 0
    for hemisphere in (c.TOP, c.BOTTOM):
        found = [counts for *_, counts in seen[hemisphere]]
        assert found == expected(spikes, hemisphere, seen[hemisphere])


def test_a_counter_has_eight_bits_and_a_flag():
    """The fastest neurons there are: 40 ns refractory time, threshold next to reset."""
    registers = pacemakers(2, threshold_lsb=80.5)
    seen = []
    reads = [(4_000, (c.EVEN,), (0,), False, "wide"), (0, (c.EVEN,), (0,), True, "narrow")]
    reads += [(0, (c.EVEN,), (0,), False, "wide")]
    chip = run_firmware(reader(reads, seen), registers=registers)
    wide, narrow, after = ([counts for *_, counts in seen][i][0] for i in range(3))
    assert 0x100 <= wide < 0x200 and narrow < 0x100 and 0 < after < 30
    assert [[wide], [narrow], [after]] == expected(chip.core.all_spikes(), c.TOP, seen)
    assert len(chip.core.all_spikes()[0]) > 600  # two neurons, each wrapped once


@pytest.mark.parametrize("halves, lanes, reset", [((0, 1), ALL, False), ((0, 1), ALL, True), ((1,), (3, 9), True)])
def test_each_counter_costs_an_access_and_another_one_for_its_reset(halves, lanes, reset):
    seen = {}

    def main(ppu):
        start_ns = ppu.environment.now
        yield ppu.read_spike_counters("wide", halves, lanes, reset=reset)
        seen["cycles"] = (ppu.environment.now - start_ns) // c.PPU_CLOCK_NS
        return 0

    chip = run_firmware(UncompiledScript(main, memory=COUNTS))
    cycles = len(halves) * len(lanes) * (READ + WORD + WRITE * reset)
    assert seen["cycles"] == cycles + PLAIN_CONTROL_CYCLES
    assert chip.processors[0].cycles["spike counters"] == cycles


def test_a_read_of_all_counters_takes_what_the_vendor_needs():
    """Derived from the vendor's wait of 112 cycles for one: 33 to 38 k cycles for 256."""
    assert 33_000 <= 256 * READ <= 38_000


def test_reading_changes_nothing_but_the_region():
    def read(ppu):
        yield ppu.read_spike_counters("wide", (c.EVEN,), (0, 1, 2))
        yield ppu.wait(100)
        return 0

    def wait(ppu):
        yield ppu.wait(3 * (READ + WORD))
        yield ppu.wait(100)
        return 0

    looking, waiting = (
        chip_bytes(run_firmware(UncompiledScript(main, memory=COUNTS), registers=pacemakers())) for main in (read, wait)
    )
    assert {name for name in looking if looking[name] != waiting[name]} == {"top SRAM", "top cycles, exit code"}


def test_a_counter_outlives_the_record_of_spikes():
    """The log of spikes is cut every now and then; a read that began before that still counts right."""
    samples = SampleSet(np.array([0, 0]), np.empty(0, np.int64), np.empty(0, np.uint16), np.array([0]), 400)

    def play(ppu):
        for _ in range(2 * SAMPLES_OF_SPIKES + 12):
            yield ppu.play(0)
        return 0

    seen = []
    lanes = tuple(range(100))
    reads = [(0, (c.EVEN, c.ODD), lanes, False, "wide"), (700, (c.EVEN, c.ODD), lanes, True, "wide")]
    chip = run_firmware(UncompiledScript(play), reader(reads, seen), registers=pacemakers(3), samples=samples)
    assert chip.core.recorded_from_ns > seen[0][0]  # the record is cut
    whole = []
    again = run_firmware(None, reader(reads, whole), registers=pacemakers(3))
    assert [counts for *_, counts in seen] == [counts for *_, counts in whole]
    assert [counts for *_, counts in whole] == expected(again.core.all_spikes(), c.BOTTOM, whole)


def test_the_core_keeps_what_somebody_is_going_to_count():
    core = AnalogCore(ChipConfig.ideal(), pacemakers(1))
    core.advance(20_000)
    core.keep_record(4_000)
    core.keep_record(8_000)
    core.forget_before(16_000)
    assert core.recorded_from_ns == 4_000 and core.all_spikes(4_000)[0].min() < 5_000
    core.release_record(4_000)
    core.forget_before(16_000)
    assert core.recorded_from_ns == 8_000 and core.all_spikes(8_000)[0].min() < 9_000
    core.release_record(8_000)
    core.forget_before(16_000)
    with pytest.raises(RuntimeError, match="counted as of 8000 ns, but the record begins at 16000 ns"):
        core.spike_counts(np.array([0]), np.array([8_000]))
    fresh = AnalogCore(ChipConfig.ideal(), pacemakers(1))
    whole = fresh.spike_counts(np.array([0, 256]), np.array([17_000, 19_004]))
    assert core.spike_counts(np.array([0, 256]), np.array([17_000, 19_004])).tolist() == whole.tolist()


@pytest.mark.parametrize(
    "named, words",
    [
        (dict(into="wide", halves=(2,)), "names half 2; valid are the whole numbers 0..1"),
        (dict(into="wide", lanes=(128,)), "names lane 128; valid are the whole numbers 0..127"),
        (dict(into="wide", lanes=(1, 5, 1)), r"counter.*twice"),
        (dict(into="wide", halves=(1, 1), lanes=(1,)), r"counter.*twice"),
        (dict(into="wide", lanes=()), "spike counters for region wide of 0; valid are the whole numbers 1..256"),
        (dict(into="small"), "spike counters for region small of 256; valid are the whole numbers 1..8"),
        (dict(into="none"), "no region 'none'"),
    ],
)
def test_counters_that_are_not_there_are_faults(named, words):
    def main(ppu):
        yield ppu.read_spike_counters(**named)
        return 0

    with pytest.raises(MachineFault, match=words):
        run_firmware(UncompiledScript(main, memory=COUNTS | Memory(small=u8[8])))


# ---------------------------------------------------------------------- PADI injection


def diagonal(seed, busses=range(c.PADI_BUSSES)):
    """Row r drives the integrator in column r alone, of both hemispheres; labels and compare masks are random."""
    rng = np.random.default_rng(seed)
    registers = Registers()
    open_crossbar(registers)
    registers.enabled[...], registers.spiking[...] = True, False
    registers.row_mode[...] = ROW_EXCITATORY
    registers.compare_mask[...] = rng.choice([0, 0b1, 0b110, 0b11111], (c.HEMISPHERES, c.DRIVERS))
    registers.labels[...] = rng.integers(0, 3, (c.HEMISPHERES, c.ROWS, c.COLUMNS))
    registers.weights[:, np.arange(c.ROWS), np.arange(c.ROWS)] = 63
    registers.padi_from_processor[:, list(busses)] = True
    return registers


def reached(registers, hemisphere, busses, row_select, label):
    """The columns whose row an event reaches, one row after the other."""
    columns = []
    for row in range(c.ROWS):
        driver = row // 2
        hears = (row_select ^ driver // c.PADI_BUSSES) & registers.compare_mask[hemisphere, driver] == 0
        if driver % c.PADI_BUSSES in busses and hears and registers.labels[hemisphere, row, row] == label:
            columns.append(row)
    return columns


def injector(events, wait=400):
    """A main that injects events (wait, busses, row_select, label), then waits."""

    def main(ppu):
        for before, *event in events:
            yield ppu.wait(before)
            yield ppu.inject_event(*event)
        yield ppu.wait(wait)
        return 0

    return UncompiledScript(main)


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 1000),
    hemisphere=st.integers(0, 1),
    busses=st.sets(st.integers(0, 3)).map(tuple),
    row_select=st.integers(0, 31),
    label=st.integers(0, 3),
)
def test_an_event_reaches_exactly_the_rows_of_its_busses(seed, hemisphere, busses, row_select, label):
    registers = diagonal(seed)
    programs = [None, None]
    programs[hemisphere] = injector([(0, busses, row_select, label)])
    chip = run_firmware(*programs, registers=registers)
    moved = np.argwhere(chip.core.membranes(chip.now_ns) != 80.0)
    columns = reached(registers, hemisphere, busses, row_select, label)
    assert moved.tolist() == [[hemisphere, column] for column in columns]
    counters = chip.counters()
    assert (counters["sent"], counters["from_processors"]) == (len(busses), 1)
    assert counters["synaptic_events"] >= len(columns)


@settings(deadline=None, max_examples=10)
@given(wait=st.integers(0, 500), row_select=st.integers(0, 31), label=st.integers(0, 2), bus=st.integers(0, 3))
def test_an_event_acts_when_its_write_ends_as_one_from_the_fpga_would(wait, row_select, label, bus):
    registers = diagonal(7)
    chip = run_firmware(injector([(wait, (bus,), row_select, label)]), registers=registers)
    registers.padi_from_processor[...] = False
    registers.crossbar_target[c.CROSSBAR_FPGA_IN :, :] = c.NEURON_LABEL_MASK  # closed, but for the one way
    registers.crossbar_target[c.CROSSBAR_FPGA_IN, bus] = 0
    core = AnalogCore(chip.config, registers)
    acts_ns = (PLAIN_CONTROL_CYCLES + wait + PLAIN_CONTROL_CYCLES + WRITE) * c.PPU_CLOCK_NS
    core.post_events(np.array([acts_ns]), np.array([row_select << c.ROW_SELECT_SHIFT | label]))
    assert core.membranes(chip.now_ns).tobytes() == chip.core.membranes(chip.now_ns).tobytes()


def test_a_bus_of_the_processor_takes_no_routed_event():
    def heard(busses):
        registers = diagonal(3, busses)
        registers.compare_mask[...], registers.labels[...] = 0, 0
        registers.enabled[c.TOP, 255] = registers.spiking[c.TOP, 255] = True  # one neuron that spikes by itself
        registers.leak_lsb[c.TOP, 255] = 200.0
        core = AnalogCore(ChipConfig.ideal(), registers)
        core.post_events(np.array([1_000]), np.array([0]))
        moved = np.argwhere(core.membranes(3_000)[c.BOTTOM] != 80.0)[:, 0]
        return {int(column) // 2 % c.PADI_BUSSES for column in moved}, core.counters

    everywhere, open_counts = heard(())
    but_two, closed_counts = heard((1, 2))
    nowhere, none = heard(range(4))
    assert (everywhere, but_two, nowhere) == ({0, 1, 2, 3}, {0, 3}, set())
    assert open_counts["sent"] > closed_counts["sent"] > none["sent"] == 0
    assert none["from_fpga"] == 1 and none["from_processors"] == 0


@settings(deadline=None, max_examples=8)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_what_is_sent_is_delivered_lost_or_in_flight(data, seed):
    event = st.tuples(
        st.integers(0, 300), st.sets(st.sampled_from([1, 3])).map(tuple), st.integers(0, 31), st.integers(0, 2)
    )
    events = [data.draw(st.lists(event, max_size=5)) for _ in range(2)]
    registers = diagonal(seed, busses=(1, 3))
    registers.efficacy_lsb[...] = 4.0
    registers.spiking[:, :8] = True
    labels = data.draw(st.lists(st.integers(0, 0xFFFF), max_size=5))
    times_ns = 800 * np.arange(len(labels))
    samples = SampleSet(np.array([0, len(labels)]), times_ns, np.array(labels, np.uint16), np.array([0]), 4_000)

    def play(ppu):
        yield ppu.play(0)
        yield from injector(events[c.BOTTOM]).main(ppu)
        return 0

    chip = run_firmware(injector(events[c.TOP]), UncompiledScript(play), registers=registers, samples=samples)
    counters = chip.counters()
    assert counters["sent"] == counters["delivered"] + counters["lost"] + counters["in_flight"]
    assert counters["from_processors"] == len(events[0]) + len(events[1])
    assert counters["from_fpga"] == len(labels)
    least = sum(len(busses) for pair in events for _, busses, *_ in pair)
    assert counters["sent"] >= least
    assert counters["delivered"] >= least and counters["waiting"] == 0


def test_two_processors_inject_at_one_instant_each_into_its_own_hemisphere():
    registers = diagonal(5)
    registers.compare_mask[...] = 0
    event = [(0, (0, 2), 3, 1)]
    chip = run_firmware(injector(event), injector(event), registers=registers)
    moved = np.argwhere(chip.core.membranes(chip.now_ns) != 80.0).tolist()
    assert moved == [[h, column] for h in (c.TOP, c.BOTTOM) for column in reached(registers, h, (0, 2), 3, 1)]
    assert chip.counters()["sent"] == 4


@pytest.mark.parametrize(
    "event, words",
    [
        (((2,), 0, 0), r"PADI bus 2 of the top hemisphere, which takes its events from the crossbar; set registers"),
        (((4,), 0, 0), "names PADI bus 4; valid are the whole numbers 0..3"),
        (((0,), 32, 0), "names row select 32; valid are the whole numbers 0..31"),
        (((0,), 0, 64), "names label 64; valid are the whole numbers 0..63"),
        (((0,), 0, -1), "names label -1"),
    ],
)
def test_events_that_cannot_be_injected_are_faults(event, words):
    with pytest.raises(MachineFault, match=words):
        run_firmware(injector([(0, *event)]), registers=diagonal(0, busses=(0, 1)))
