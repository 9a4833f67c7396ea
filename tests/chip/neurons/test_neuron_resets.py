"""A neuron reset by a processor fires its neuron: what a comparator's spike does, a reset does."""

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from chip.base.registers import ROW_EXCITATORY, Registers
from chip.core.core import AnalogCore
from tests.chip.core.networks import (
    one_neuron,
    random_events,
    random_network,
    with_merged_neurons,
    with_plastic_drivers,
)

END_NS = 12_000
RESET_NS = 3_244
LATENCY_NS = 100


def only(*lanes):
    mask = np.zeros(c.LANES, np.uint8)
    mask[list(lanes)] = 1
    return mask


def post_reset_of(core, time_ns, neuron, side=None):
    """Reset one neuron, hemisphere * 256 + column, on its own side by default."""
    hemisphere, column = divmod(int(neuron), c.COLUMNS)
    core.post_neuron_reset(time_ns, hemisphere if side is None else side, column % 2, only(column // 2))


def new_core(registers, config=None):
    return AnalogCore(config or ChipConfig.ideal(), registers)


# ---------------------------------------------------------------------- as a comparator's spike


@functools.cache
def network(seed):
    """One half ideal, the other with noise and mismatch; some with plasticity, holdoffs, merged neurons, sensors."""
    registers = random_network(seed, drive=0.6)
    if seed % 3 == 1:
        with_plastic_drivers(registers, seed)
    if seed % 3 == 2:
        with_merged_neurons(registers, seed)
    registers.correlation_enabled[:] = seed % 4 == 3
    imperfections = ImperfectionConfig(**dict.fromkeys(ImperfectionConfig.names(), True))
    return registers, ChipConfig(seed=seed, imperfections=imperfections) if seed % 2 else ChipConfig.ideal()


def stimulated(seed):
    registers, config = network(seed)
    core = new_core(registers, config)
    core.post_events(*random_events(seed, 20, END_NS * 2 // 3))
    return core


def all_bytes(core):
    core.advance(END_NS)
    return {name: array.tobytes() for name, array in core.snapshot().items()}


@functools.cache
def comparators_alone(seed):
    """Spikes of comparators, (times, neurons), and everything there is at the end."""
    core = stimulated(seed)
    core.advance(END_NS)
    return core.all_spikes(0, END_NS), all_bytes(core)


@given(st.integers(0, 11), st.data())
def test_a_reset_at_the_edge_at_which_the_comparator_fires_changes_no_byte(seed, data):
    (times, neurons), expected = comparators_alone(seed)
    assert times.size > 10
    core = stimulated(seed)
    for i in data.draw(st.sets(st.integers(0, times.size - 1), min_size=1, max_size=5)):
        post_reset_of(core, int(times[i]), neurons[i])
        if core._connected[neurons[i] % c.COLUMNS] and data.draw(st.booleans()):
            post_reset_of(core, int(times[i]), neurons[i], c.BOTTOM)
    assert all_bytes(core) == expected


@given(st.integers(0, 5).map(lambda k: 2 * k), st.data())
def test_resets_take_over_from_a_comparator_that_is_off(seed, data):
    """Wherever it would have fired, a reset fires the neuron. On an ideal chip: mismatch scales with the threshold."""
    registers, config = network(seed)
    (times, neurons), _ = comparators_alone(seed)
    one = data.draw(st.sampled_from(sorted(set(neurons.tolist()))))
    off = dataclasses.replace(registers, spiking=registers.spiking.copy())
    off.spiking[divmod(one, c.COLUMNS)] = False
    core = new_core(off, config)
    core.post_events(*random_events(seed, 20, END_NS * 2 // 3))
    for time_ns in times[neurons == one].tolist():
        post_reset_of(core, time_ns, one)
    found_times, found_neurons = core.all_spikes(0, END_NS)
    np.testing.assert_array_equal(found_times, times)
    np.testing.assert_array_equal(found_neurons, neurons)


# ---------------------------------------------------------------------- what a reset does


def test_the_event_reaches_a_synapse_after_the_latency_and_the_record_with_its_time():
    registers = one_neuron()  # top column 0, output 0
    registers.spiking[:] = False
    registers.backend_address[0, 0] = 9
    registers.crossbar_mask[0, [4, 8]] = registers.crossbar_target[0, [4, 8]] = 0  # to the bottom, to the FPGA
    registers.enabled[c.BOTTOM, 6] = True
    registers.row_mode[c.BOTTOM, 0], registers.compare_mask[c.BOTTOM, 0] = ROW_EXCITATORY, 0
    registers.labels[c.BOTTOM], registers.weights[c.BOTTOM, 0, 6] = 9, 60
    core = new_core(registers)
    post_reset_of(core, RESET_NS, 0)
    arrival_ns = RESET_NS + LATENCY_NS
    assert core.membranes(arrival_ns)[c.BOTTOM, 6] == 80.0
    assert core.membranes(arrival_ns + 4)[c.BOTTOM, 6] > 80.0
    core.advance(END_NS)
    assert [each.tolist() for each in core.spikes(0, END_NS)] == [[RESET_NS], [9]]
    assert [each.tolist() for each in core.all_spikes(0, END_NS)] == [[RESET_NS], [0]]
    counters = core.counters
    assert (counters["spikes"], counters["from_neurons"], counters["delivered"]) == (1, 1, 1)


def test_without_an_event_output_a_reset_is_counted_and_goes_nowhere():
    registers = one_neuron()
    registers.event_output[0, 0] = False
    registers.crossbar_mask[0, [0, 4, 8]] = registers.crossbar_target[0, [0, 4, 8]] = 0
    core = new_core(registers)
    post_reset_of(core, RESET_NS, 0)
    assert core.spike_counts([0], [END_NS]).tolist() == [1]
    assert core.spikes(0, END_NS)[0].size == 0
    names = "spikes", "from_neurons", "sent", "unrouted", "recorded"
    assert [core.counters[name] for name in names] == [1, 0, 0, 0, 0]


def test_a_neuron_that_is_off_is_not_fired():
    registers = one_neuron()
    registers.enabled[0, 14], registers.reset_lsb[:] = True, 20.0  # lanes 1 to 6 have a slot, and are off
    core = new_core(registers)
    core.post_neuron_reset(RESET_NS, c.TOP, c.EVEN)
    core.post_neuron_reset(RESET_NS, c.BOTTOM, c.EVEN)
    assert core.membranes(RESET_NS + 40)[0, 0:16:2].tolist() == [20.0, *[80.0] * 6, 20.0]  # in the open step
    assert core.all_spikes(0, RESET_NS + 40)[1].tolist() == [0, 14]
    assert core.all_spikes(0, END_NS)[1].tolist() == [0, 14]
    assert (core.membranes(END_NS)[c.BOTTOM] == 80.0).all()


@pytest.mark.parametrize("again_ns", [4, 52, 100, 400, 1_996, 2_000])
def test_a_reset_in_the_refractory_period_counts_and_begins_it_anew(again_ns):
    registers = one_neuron(leak_lsb=150.0, threshold_lsb=120.0, reset_lsb=60.0, tau_mem_ns=5_000.0)
    core = new_core(registers)  # fires at 0, is refractory for 2 us
    post_reset_of(core, again_ns, 0)
    rise_ns = 4 * np.ceil(5_000 * np.log(90 / 30) / 4)
    assert core.membranes(again_ns + 2_000)[0, 0] == 60.0
    assert core.all_spikes(0, END_NS)[0].tolist() == [0, again_ns, again_ns + 2_000 + rise_ns]


def test_the_comparator_is_off_for_the_refractory_time_after_a_reset():
    """With the reset potential above the threshold it fires at the first edge behind."""
    registers = one_neuron(leak_lsb=100.0, reset_lsb=140.0, refractory_ns=400, holdoff_ns=80)
    core = new_core(registers)
    post_reset_of(core, RESET_NS, 0)
    assert core.membranes(RESET_NS + 320)[0, 0] == 140.0 > core.membranes(RESET_NS + 324)[0, 0] > 125.0
    assert core.all_spikes(0, RESET_NS + 800)[0].tolist() == [RESET_NS, RESET_NS + 404]


@pytest.mark.parametrize("edges", [1, 3, 25])
def test_many_resets_in_a_step_are_as_many_spikes(edges):
    core = new_core(one_neuron())
    times = [3_200 + 4 * edge for edge in range(0, 75, edges)]
    for time_ns in times:
        core.post_neuron_reset(time_ns, c.TOP, c.EVEN)
        core.post_neuron_reset(time_ns, c.TOP, c.EVEN)  # two at one instant are one
    assert core.all_spikes(0, END_NS)[0].tolist() == times


def test_correlation_sensors_see_the_spike():
    registers = one_neuron(weight=1, efficacy_lsb=0.001)
    registers.correlation_enabled[c.TOP] = True
    core = new_core(registers)
    core.post_events([RESET_NS - 1_000, RESET_NS + 2_000], [0, 0])
    post_reset_of(core, RESET_NS, 0)
    core.advance(END_NS)
    core.snapshot()  # lets the sensors see all there was
    assert core.sensors.arrays.causal[0, 0] == pytest.approx(np.exp(-1_000 / 5_000), rel=1e-5)
    assert core.sensors.arrays.acausal[0, 0] == pytest.approx(np.exp(-2_000 / 5_000), rel=1e-5)


# ---------------------------------------------------------------------- masks


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_a_lane_is_reset_where_its_byte_is_above_zero_as_a_signed_number(dtype):
    registers = Registers()
    registers.enabled[c.BOTTOM, 1::2] = True
    core, again = new_core(registers), new_core(registers)
    for each, offset in ((core, 0), (again, 128)):
        each.post_neuron_reset(RESET_NS, c.BOTTOM, c.ODD, np.arange(offset, offset + 128).astype(np.uint8).view(dtype))
    fired = core.all_spikes(0, END_NS)[1]
    assert fired.tolist() == [c.COLUMNS + 2 * lane + 1 for lane in range(1, 128)]  # 0x01 to 0x7F
    assert again.all_spikes(0, END_NS)[1].size == 0  # 0x80 to 0xFF


def test_masks_of_two_resets_at_once_both_act():
    registers = Registers()
    registers.enabled[c.TOP, ::2] = True
    core = new_core(registers)
    core.post_neuron_reset(RESET_NS, c.TOP, c.EVEN, np.arange(128) == 5)
    core.post_neuron_reset(RESET_NS, c.TOP, c.EVEN, only(9, 5))
    assert core.all_spikes(0, END_NS)[1].tolist() == [10, 18]
