"""What the core refuses, counts, stores and grows."""

import numpy as np
import pytest
from numba import config

from chip.base import constants as c
from chip.base.compiled import compiled
from chip.base.config import ChipConfig
from chip.base.registers import Registers
from chip.converters.cadc import convert
from chip.core.core import RECORD_NS, AnalogCore
from tests.chip.core.networks import one_neuron, open_crossbar, random_events, random_network

ONES = np.ones(128, np.uint8)
ROW, ZERO = np.zeros((2, 128), np.uint8), np.zeros(1, np.int64)
compiled_only = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="takes minutes without compiled code")


def core_of(registers=None):
    return AnalogCore(ChipConfig.ideal(), one_neuron() if registers is None else registers)


def jumps(core, time_ns, label):
    """Membranes that an event at ``time_ns`` moves, as a set of (hemisphere, column)."""
    before = core.membranes(time_ns)
    core.post_events([time_ns], [label])
    after = core.membranes(time_ns + 100)
    return {tuple(where) for where in np.argwhere(np.abs(after - before) > 1e-6).tolist()}


@pytest.mark.parametrize(
    "post",
    [
        lambda core, t: core.post_events([t], [0]),
        lambda core, t: core.post_events([t + 400, t], [0, 0]),
        lambda core, t: core.post_weight_rows([t], 0, [0], 0, np.zeros((1, 128), np.uint8)),
        lambda core, t: core.post_neuron_reset(t, 0, 0, ONES),
        lambda core, t: core.post_cadc(t, 0),
    ],
)
def test_the_past_and_the_wrong_clock_are_refused(post):
    core = core_of()
    core.advance(2000)
    with pytest.raises(RuntimeError, match="has been advanced to 2000 ns"):
        post(core, 1996)
    with pytest.raises(ValueError, match="not on the 4 ns clock"):
        post(core, 2002)
    post(core, 2000)
    core.advance(4000)


@pytest.mark.parametrize(
    "message,post",
    [
        ("one label for each", lambda core: core.post_events([0, 4], [0])),
        ("labels are 0..65535", lambda core: core.post_events([0], [65536])),
        ("weights are 0..63", lambda core: core.post_weight_rows([0], 0, [0], 0, np.full((1, 128), 64, np.uint8))),
        ("do not match", lambda core: core.post_weight_rows([0], 0, [0, 1], 0, np.zeros((2, 128), np.uint8))),
        ("rows are 0..255", lambda core: core.post_weight_rows([0], 0, [256], 0, np.zeros((1, 128), np.uint8))),
        ("row half 2", lambda core: core.post_weight_rows([0], 0, [0], 2, np.zeros((1, 128), np.uint8))),
        ("the row of a weight write is 256; it is 0..255", lambda core: core.post_row(400, 40, 0, 256, ROW)),
        ("the row of a weight write is -1", lambda core: core.post_row(400, 40, 1, -1, ROW)),
        ("hemisphere 2", lambda core: core.post_row(400, 40, 2, 0, ROW)),
        ("are uint8\\[1, 128\\]; give uint8\\[2, 128\\]", lambda core: core.post_row(400, 40, 0, 0, ROW[:1])),
        ("row half 9", lambda core: core.try_weight_rows(400, ZERO, 0, ZERO, 9, ROW[:1])),
        ("do not match", lambda core: core.try_weight_rows(400, ZERO, 0, ZERO, 0, ROW)),
        ("events -3..0 are to be posted", lambda core: core.post_part(ZERO, ZERO, -3, 1)),
        ("but there are 1 times and 1 labels", lambda core: core.post_part(ZERO, ZERO, 0, 2)),
        ("hemisphere 2", lambda core: core.post_cadc(0, 2)),
        ("mask has the shape", lambda core: core.post_neuron_reset(0, 0, 0, np.ones(256, np.uint8))),
        ("mask is int64; its elements are bytes", lambda core: core.post_neuron_reset(0, 0, 0, np.ones(128, int))),
        ("not on the 4 ns clock", lambda core: core.advance(6)),
        ("time ends", lambda core: core.advance(c.END_NS)),
        ("time ends", lambda core: core.post_events([c.END_NS], [0])),
        ("time ends", lambda core: core.post_cadc(c.END_NS, 0)),
        ("time ends", lambda core: core.post_neuron_reset(c.END_NS, 0, 0)),
        ("time ends", lambda core: core.post_weight_rows([c.END_NS], 0, [0], 0, ROW[:1])),
    ],
)
def test_bad_arguments(message, post):
    with pytest.raises(ValueError, match=message):
        post(core_of())


def test_results_of_the_past():
    core = core_of()
    core.advance(2000)
    with pytest.raises(RuntimeError, match="cannot be seen any more"):
        core.membranes(1000)
    ticket = core.post_cadc(2000, 0)
    assert core.cadc_result(ticket)[0, 0] == 80  # at this very instant, though nothing is left to advance
    with pytest.raises(RuntimeError, match="read before"):
        core.cadc_result(ticket)


def test_two_writes_at_one_time_are_refused():
    core = core_of()
    rows = np.zeros((1, 128), np.uint8)
    core.post_weight_rows([400], 0, [3], 0, rows)
    core.post_weight_rows([400], 0, [3], 1, rows)
    with pytest.raises(RuntimeError, match="two writes to one row half"):
        core.post_weight_rows([400], 0, [3], 0, rows)


def test_an_event_uses_the_weight_written_at_its_time():
    core = core_of(one_neuron(weight=0))
    for time_ns, weight in ((1700, 10), (1704, 20), (1708, 30)):
        core.post_weight_rows([time_ns], 0, [0], 0, np.full((1, 128), weight, np.uint8))
    core.post_events([1704], [0])
    seen = core.membranes(1804)[0, 0]
    expected = core_of(one_neuron(weight=20))
    expected.post_events([1704], [0])
    assert seen == expected.membranes(1804)[0, 0] > 80
    assert core.weights()[0, 0, 0] == 30
    core.advance(3200)
    assert core.weights()[0, 0, 0] == 30 and core.weights()[0, 0, 1] == 0


def test_one_label_stops_exactly_its_synapse():
    registers = Registers()
    registers.enabled[:, :40] = True
    registers.row_mode[0, :4] = 1
    registers.weights[:] = 30
    registers.compare_mask[0, :2] = 0
    open_crossbar(registers)
    everything = jumps(core_of(registers), 1600, 0)
    assert everything == {(0, column) for column in range(40)}
    registers.row_mode[0, 2:4] = 0
    registers.labels[0, 0, 7] = 1
    registers.row_mode[0, 1] = 0
    assert jumps(core_of(registers), 1600, 0) == everything - {(0, 7)}
    assert jumps(core_of(registers), 1600, 1) == {(0, 7)}


def test_one_compare_mask_stops_exactly_its_rows():
    registers = Registers()
    registers.enabled[0, :4] = True
    registers.row_mode[0, ::2] = 1
    registers.compare_mask[0] = 0
    for driver in range(4):  # driver d weighs only on neuron d
        registers.weights[0, 2 * driver, driver] = 30
    open_crossbar(registers)
    assert jumps(core_of(registers), 1600, 0x7C0) == {(0, 0), (0, 1), (0, 2), (0, 3)}
    registers.compare_mask[0, 2] = 31  # driver 2 has index 0 on its bus; the event selects 31
    assert jumps(core_of(registers), 1600, 0x7C0) == {(0, 0), (0, 1), (0, 3)}
    assert jumps(core_of(registers), 1600, 0x000) == {(0, 0), (0, 1), (0, 2), (0, 3)}


def test_events_returned_to_the_fpga_are_recorded():
    registers = one_neuron()
    registers.crossbar_mask[9, 9] = registers.crossbar_target[9, 9] = 0
    core = core_of(registers)
    core.post_events([1604, 1600], [0x4005, 0x0001])
    times, labels = core.spikes(0, 1612)
    assert (times.tolist(), labels.tolist()) == ([1604], [0x4005])
    core.advance(3200)
    times, labels = core.spikes(0, 3200)
    assert (times.tolist(), labels.tolist()) == ([1604], [0x4005])
    assert core.counters["recorded"] == 1 and core.counters["unrouted"] == 0
    core.post_events([3200], [0x8000])
    core.advance(4800)
    assert core.counters["unrouted"] == 1


@compiled_only
def test_a_storm_grows_the_arrays():
    """Neurons that fire after every refractory period, and events in bursts, all of which drive every row."""
    registers = random_network(3)
    registers.enabled[:] = True
    registers.spiking[:] = True
    registers.leak_lsb[:], registers.threshold_lsb[:], registers.reset_lsb[:] = 130, 100, 120
    registers.refractory_ns[:] = 40
    registers.efficacy_lsb[:] = 0
    registers.row_mode[:] = 1
    registers.compare_mask[:] = 0
    registers.labels[:] = 0
    core = core_of(registers)
    core.post_events(np.full(8, 1600), np.zeros(8, int))
    core.advance(8000)
    counters = core.counters
    assert counters["spikes"] == 512 * len(range(0, 8000, 44))
    assert counters["sent"] == counters["delivered"] + counters["in_flight"]
    times, neurons = core.all_spikes()
    assert times.size == counters["spikes"]
    assert (np.diff(times * 512 + neurons) > 0).all()  # in the order of (time, neuron), none twice


def test_forgetting_keeps_the_rest():
    core = core_of(random_network(1))
    core.post_events(*random_events(1, 20, 6000))
    times, labels = core.spikes(0, 9600)
    assert times.size > 20
    middle = int(times[times.size // 2])
    core.forget_before(middle)
    later = core.spikes(middle, 9600)
    np.testing.assert_array_equal(later[0], times[times >= middle])
    np.testing.assert_array_equal(later[1], labels[times >= middle])


@pytest.mark.parametrize(
    "ask",
    [
        lambda core, first_ns: core.spikes(first_ns, 9_600),
        lambda core, first_ns: core.all_spikes(first_ns),
        lambda core, first_ns: core.pack_spikes(first_ns, 9_600, 8, np.zeros(99, np.uint32)),
    ],
)
def test_what_was_forgotten_is_not_left_out_in_silence(ask):
    core = core_of(random_network(1))
    core.post_events(*random_events(1, 20, 6000))
    core.advance(9_600)
    assert core.recorded_from_ns == 0
    ask(core, 0)
    core.forget_before(4_800)
    with pytest.raises(RuntimeError, match="^the record of spikes begins at 4800 ns, and those from 4796 ns on are as"):
        ask(core, 4_796)
    ask(core, 4_800)


@compiled_only
def test_a_record_that_is_cut_while_time_passes_is_not_left_out_either():
    core = core_of(random_network(1))
    core.keeps_record = False
    with pytest.raises(RuntimeError, match="begins at 200000000 ns, and those from 0 ns on .*; set chip.keep_spikes"):
        core.all_spikes(0, 3 * RECORD_NS)
    again = core_of(random_network(1))
    assert again.all_spikes(0, 3 * RECORD_NS)[0].size == 0


def test_memory_stays_flat():
    core = core_of()
    sizes = set()
    for block in range(3000):
        now = block * 1600
        core.post_events([now + 100, now + 40], [0, 0])
        core.post_neuron_reset(now + 800, 0, 0, ONES)
        core.post_weight_rows([now + 400], 0, [0], 0, np.full((1, 128), block % 64, np.uint8))
        core.cadc_result(core.post_cadc(now + 1200, 0))
        core.advance(now + 1600)
        core.forget_before(now)
        sizes.add(sum(array.nbytes for array in core._queues))
    assert len(sizes) == 1


def test_a_conversion_that_nobody_reads_stays():
    core = core_of()
    core.post_events([40], [0])
    first = core.post_cadc(4000, 0)
    for k in range(600):
        core.cadc_result(core.post_cadc(8000 + 4 * k, 1))
    core.cadc_result(first)


def test_configure_keeps_potentials_and_takes_new_registers():
    core = core_of(one_neuron(weight=20))
    core.post_events([100], [0])
    core.advance(1604)
    with pytest.raises(RuntimeError, match="multiple of 1600"):
        core.configure(one_neuron())
    before = core.membranes(3200)[0, 0]
    registers = one_neuron(weight=0, leak_lsb=100.0)
    registers.enabled[0, 30] = registers.enabled[1, 0] = True
    core.configure(registers)
    now = core.membranes(3200)
    assert now[0, 0] == pytest.approx(before, abs=1e-12)
    assert now[0, 30] == now[1, 0] == now[1, 200] == 100.0
    assert core.membranes(400_000)[0, 0] == pytest.approx(100.0)
    assert (core.cadc_result(core.post_cadc(400_000, 1)) == 100).all()


def test_a_snapshot_of_other_neurons_is_refused():
    saved = core_of(random_network(1)).snapshot()
    saved["now"] = saved["now"][:, :-1]
    with pytest.raises(ValueError, match="same registers"):
        core_of(random_network(1)).restore(saved)
    with pytest.raises(ValueError, match="lacks now"):
        core_of().restore({name: array for name, array in core_of().snapshot().items() if name != "now"})


def test_a_long_rest_decays_to_exact_silence():
    """No denormal numbers are left to slow a chip down that nobody uses."""
    core = core_of(one_neuron(weight=20))
    core.post_events([100], [0])
    core.advance(20_000_000)
    assert (core.snapshot()["now"] == 0.0).all()
    assert core.counters["quiet_blocks"] > 12_000


def test_conversion_rounds_and_clips():
    potentials = np.array([-3.0, -0.4, 0.49, 0.5, 1.5, 2.5, 79.6, 254.4, 254.6, 255.4, 300.0])
    expected = [0, 0, 0, 0, 2, 2, 80, 254, 255, 255, 255]

    @compiled(cache=False)
    def all_of(values, out):
        for i in range(values.size):
            out[i] = convert(values[i])

    out = np.zeros(potentials.size, np.uint8)
    all_of(potentials, out)
    assert out.tolist() == expected


def test_lanes_beyond_the_simulated_ones_read_their_leak():
    registers = one_neuron()
    registers.leak_lsb[1, 255] = 33.0
    core = core_of(registers)
    assert core.cadc_result(core.post_cadc(0, c.BOTTOM))[c.ODD, 127] == 33


def test_packed_spikes_are_the_recorded_spikes():
    """In the committed past and in the step that is still open, with and without room."""
    core = AnalogCore(ChipConfig.ideal(), random_network(3, drive=2.0))
    core.post_events(*random_events(3, 300, 40_000))
    for end_ns in (8_000, 16_052, 39_996):
        times, labels = core.spikes(3_200, end_ns)
        assert times.size > 3
        for room in (times.size + 5, times.size - 2):
            words = np.full(room, 0xFFFFFFFF, np.uint32)
            assert core.pack_spikes(3_200, end_ns, 8, words) == times.size
            expected = ((times - 3_200) // 8 << 16 | labels)[:room]
            assert (words[: len(expected)] == expected).all() and (words[len(expected) :] == 0xFFFFFFFF).all()
