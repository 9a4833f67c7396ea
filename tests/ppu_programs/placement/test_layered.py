"""Placement: every source reaches its own synapses and nobody else's, in the registers and on the chip."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.config import ChipConfig
from chip.base.errors import ChipLimitError
from chip.core.core import AnalogCore
from chip.neurons.refractory import quantise
from host import tasks
from ppu_programs.eventprop.firmware import EventProp
from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.placement import (
    INPUT_LAYER,
    INPUT_MARK,
    INTEGRATOR_REFRACTORY_NS,
    UNUSED_LABEL,
    place,
    two_layers,
)
from tests.naive.placement import two_layer_registers

SPIKING_NOW_LSB = 40  # leak above threshold: fires at once


def network_of(*sizes, last=LIF):
    """A network of these sizes, from inputs to outputs."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [Linear(inputs, outputs), LIF(outputs)]
    return Network(*layers[:-1], last(sizes[-1]))


@st.composite
def networks_that_fit(draw):
    sizes = draw(st.lists(st.integers(1, 128), min_size=2, max_size=5))
    assume(all(sum(sizes[side:-1:2]) <= c.DRIVERS for side in (0, 1)))
    return network_of(*sizes, last=draw(st.sampled_from([LI, LIF])))


def synapses_reached(registers, crossbar_input, label):
    """bool[hemisphere, row, column], the synapses that take the event: the chip's rule, one step after the other."""
    reached = np.zeros(registers.labels.shape, bool)
    for output in range(2 * c.PADI_BUSSES):
        mask = int(registers.crossbar_mask[crossbar_input, output])
        if (label & 0x3FFF & mask) != int(registers.crossbar_target[crossbar_input, output]):
            continue
        hemisphere, bus = divmod(output, c.PADI_BUSSES)
        if crossbar_input < c.NEURON_OUTPUTS and crossbar_input % c.PADI_BUSSES != bus:
            continue  # there is no such node
        for driver in range(bus, c.DRIVERS, c.PADI_BUSSES):
            row_select, on_bus = (label >> 6) & 31, driver // c.PADI_BUSSES
            if (row_select ^ on_bus) & int(registers.compare_mask[hemisphere, driver]):
                continue
            for row in (2 * driver, 2 * driver + 1):
                if registers.row_mode[hemisphere, row]:
                    reached[hemisphere, row] |= registers.labels[hemisphere, row] == label & 63
    return reached


def synapses_of(place_of_layer, source):
    """bool[hemisphere, row, column]: both rows of a source, in the columns of the layer that it leads to."""
    expected = np.zeros((c.HEMISPHERES, c.ROWS, c.COLUMNS), bool)
    expected[place_of_layer.hemisphere, place_of_layer.rows[source][:, None], place_of_layer.columns] = True
    return expected


def assert_same_registers(one, other):
    for field in dataclasses.fields(one):
        first, second = getattr(one, field.name), getattr(other, field.name)
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second, err_msg=field.name)


# ---------------------------------------------------------------------- two layers


@settings(deadline=None, max_examples=25)
@given(inputs=st.integers(1, 128), hidden=st.integers(1, 128), readouts=st.integers(1, 128))
def test_two_layers_lie_as_the_table_says(inputs, hidden, readouts):
    placement = place(two_layers(inputs, hidden, readouts))
    registers = placement.routing()
    registers.check()
    assert_same_registers(registers, two_layer_registers(inputs, hidden, readouts))
    expected = [(i % 4) << 14 | INPUT_MARK | (i // 4) << 6 for i in range(inputs)]  # bus, and index on it
    assert placement.input_labels.tolist() == expected
    output, lane = np.divmod(np.arange(hidden), 16)
    on_bus = lane + 16 * (output // c.PADI_BUSSES)
    np.testing.assert_array_equal(placement.layers[1].drivers, c.PADI_BUSSES * on_bus + output % c.PADI_BUSSES)


def test_registers_with_parameters_and_weights_are_those_of_eventprop():
    placement, firmware = place(two_layers(5, 120, 3)), EventProp(hidden=120, seed=4)
    expected = firmware.build(tasks.yin_yang().head(25, 1, 1), ChipConfig.ideal()).registers
    registers = placement.registers()
    for layer in (0, 1):
        placement.store(registers, layer, placement.load(expected.weights, layer))
    assert_same_registers(registers, expected)
    assert registers.weights.any()


# ---------------------------------------------------------------------- any depth, register by register


@settings(deadline=None, max_examples=15)
@given(network=networks_that_fit(), data=st.data())
def test_every_source_reaches_exactly_its_synapses(network, data):
    placement = place(network)
    registers = placement.registers()
    registers.check()
    for k, at in enumerate(placement.layers):
        inputs = len(at.drivers)
        for source in {0, inputs - 1} | data.draw(st.sets(st.integers(0, inputs - 1), max_size=4)):
            if k == 0:
                label = int(placement.input_labels[source])
                reached = synapses_reached(registers, c.CROSSBAR_FPGA_IN + (label >> 14), label)
            else:
                label = int(placement.spike_labels(k - 1)[source])
                reached = synapses_reached(registers, label >> c.NEURON_OUTPUT_SHIFT & 7, label)
            np.testing.assert_array_equal(reached, synapses_of(at, source), err_msg=f"layer {k}, source {source}")
    if isinstance(network.layers[-1][1], LIF):
        label = int(placement.spike_labels(network.depth - 1)[0])
        assert not synapses_reached(registers, label >> c.NEURON_OUTPUT_SHIFT & 7, label).any()


@settings(deadline=None, max_examples=15)
@given(network=networks_that_fit())
def test_labels_name_their_sources(network):
    placement = place(network)
    spiking = [k for k, (_, neurons) in enumerate(network) if neurons.spikes]
    labels = [placement.input_labels, *(placement.spike_labels(k) for k in spiking)]
    together = np.concatenate(labels)
    assert len(set(together.tolist())) == len(together)
    assert ((placement.input_labels & INPUT_MARK) != 0).all() and (together & 63 != UNUSED_LABEL).all()
    layers, numbers = placement.sources(together)
    np.testing.assert_array_equal(layers, np.repeat([INPUT_LAYER, *spiking], [len(part) for part in labels]))
    np.testing.assert_array_equal(numbers, np.concatenate([np.arange(len(part)) for part in labels]))
    with pytest.raises(ValueError, match="label 0x003f belongs to no input and no neuron"):
        placement.sources(np.array([0x3F]))


@pytest.mark.parametrize("sizes", [(128, 128), (128, 128, 128), (100, 128, 28, 64), (70, 28, 58, 100, 128)])
def test_networks_at_the_limits_fit(sizes):
    placement = place(network_of(*sizes))
    drivers = [(at.hemisphere, driver) for at in placement.layers for driver in at.drivers.tolist()]
    assert len(set(drivers)) == len(drivers) == sum(sizes[:-1])
    places = [(at.hemisphere, column) for at in placement.layers for column in at.columns.tolist()]
    assert len(set(places)) == sum(sizes[1:])


def test_inputs_keep_their_drivers_while_there_is_room_below():
    assert place(network_of(64, 64, 64, 3)).layers[0].drivers.tolist() == list(range(64))
    assert place(network_of(5, 64, 80, 3)).layers[0].drivers.tolist() == [1, 2, 3, 5, 6]


# ---------------------------------------------------------------------- on the chip


def deep_network(last):
    """Four layers with weights that tell every synapse of a source from the others, and its registers."""
    placement = place(network_of(20, 36, 20, 19, 7, last=last))
    registers = placement.registers()
    rng = np.random.default_rng(1)
    weights = [rng.choice([-1, 1], linear.sizes) * rng.integers(1, 64, linear.sizes) for linear, _ in placement.network]
    for k, signed in enumerate(weights):
        placement.store(registers, k, signed)
    registers.spiking[...] = False  # everybody listens
    return placement, registers, weights


def fire(placement, registers, layer, neuron):
    """Let one neuron spike, or one input for layer -1; return membranes as float[2, 256] above rest, and the core."""
    label, spiking, leak = None, registers.spiking.copy(), registers.leak_lsb.copy()
    if layer == INPUT_LAYER:
        label = placement.input_labels[neuron]
    else:
        at = placement.layers[layer]
        where = at.hemisphere, at.columns[neuron]
        registers.spiking[where] = True
        registers.leak_lsb[where] = registers.threshold_lsb[where] + SPIKING_NOW_LSB
    core = AnalogCore(ChipConfig.ideal(), registers)
    if label is not None:
        core.post_events(np.array([0]), np.array([label], np.int64), 0)
    above = core.membranes(1_600) - registers.leak_lsb  # before the refractory period ends
    registers.spiking[...], registers.leak_lsb[...] = spiking, leak
    if label is None:
        above[where] = 0.0
    return above, core


def expected_membranes(placement, weights, layer, neuron):
    """The same in units of each layer's response to a weight of 1."""
    expected = np.zeros((c.HEMISPHERES, c.COLUMNS))
    if layer + 1 < placement.network.depth:
        at = placement.layers[layer + 1]
        expected[at.hemisphere, at.columns] = weights[layer + 1][neuron]
    return expected


@pytest.mark.parametrize("last", [LIF, LI])
def test_every_neuron_that_fires_drives_exactly_its_targets(last):
    placement, registers, weights = deep_network(last)
    depth, sizes = placement.network.depth, [20, 36, 20, 19, 7]
    for layer in range(INPUT_LAYER, depth - (last is LI)):
        for neuron in range(sizes[layer + 1]):
            above, core = fire(placement, registers, layer, neuron)
            expected = expected_membranes(placement, weights, layer, neuron)
            unit = np.abs(above).max() / max(np.abs(expected).max(), 1)
            assert unit > 0 or layer == depth - 1
            np.testing.assert_allclose(above, unit * expected, atol=1e-9, err_msg=f"layer {layer}, neuron {neuron}")
            times, labels = core.spikes(0, 1_600)
            wanted = placement.input_labels if layer == INPUT_LAYER else placement.spike_labels(layer)
            assert labels.tolist() == [wanted[neuron]]


@pytest.mark.parametrize("layer, neuron, target", [(-1, 3, 35), (0, 20, 19), (1, 19, 0), (2, 0, 6)])
def test_a_changed_label_stops_exactly_its_delivery(layer, neuron, target):
    placement, registers, weights = deep_network(LI)
    at = placement.layers[layer + 1]
    before, whole = fire(placement, registers, layer, neuron)
    sign = int(weights[layer + 1][neuron, target] < 0)
    registers.labels[at.hemisphere, at.rows[neuron, sign], at.columns[target]] ^= 1
    after, cut = fire(placement, registers, layer, neuron)
    expected = before.copy()
    expected[at.hemisphere, at.columns[target]] = 0.0
    assert before[at.hemisphere, at.columns[target]] != 0.0
    np.testing.assert_array_equal(after, expected)
    assert whole.counters["synaptic_events"] - cut.counters["synaptic_events"] == 1


def test_only_recorded_layers_reach_the_fpga():
    network = network_of(4, 8, 6, 5)
    for recorded in ([], [0], [1], [2], [0, 1], [0, 2], [0, 1, 2]):
        placement = place(network, recorded=recorded)
        registers = placement.registers()
        for layer in range(3):
            _, core = fire(placement, registers, layer, 2)
            wanted = placement.spike_labels(layer)[2:3].tolist() if layer in recorded else []
            assert core.spikes(0, 1_600)[1].tolist() == wanted
    with pytest.raises(ValueError, match=r"crossbar cannot pass the spikes of layers \[1, 2\] alone"):
        place(network_of(4, 8, 6, 5, 3), recorded=[2, 1])
    with pytest.raises(ValueError, match=r"layer 2 has no spikes to record; layers that spike: \[0, 1\]"):
        place(network_of(4, 8, 6, 5, last=LI), recorded=[2])


# ---------------------------------------------------------------------- parameters, weights, limits


def test_layers_that_share_a_hemisphere_keep_their_parameters():
    first, third = LIF(4, tau_mem_ns=7_000, threshold_lsb=50), LIF(3, tau_syn_ns=2_000, leak_lsb=90)
    network = Network(Linear(2, 4, efficacy_lsb=3), first, Linear(4, 2), LIF(2), Linear(2, 3, efficacy_lsb=5), third)
    registers = place(network).registers()
    even, odd = (c.TOP, slice(0, 8, 2)), (c.TOP, slice(1, 7, 2))
    assert (registers.tau_mem_ns[even] == 7_000).all() and (registers.tau_mem_ns[odd] == 10_000).all()
    assert (registers.tau_syn_exc_ns[even] == 5_000).all() and (registers.tau_syn_inh_ns[odd] == 2_000).all()
    assert (registers.threshold_lsb[even] == 130).all() and (registers.threshold_lsb[odd] == 153).all()
    assert (registers.reset_lsb[even] == 80).all() and (registers.reset_lsb[odd] == 90).all()
    assert (registers.efficacy_lsb[even] == 3).all() and (registers.efficacy_lsb[odd] == 5).all()


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_integrators_send_nothing_and_are_held_for_as_long_as_a_reset_takes(depth):
    placement = place(network_of(*[6] * depth, 3, last=LI))
    registers, at = placement.registers(), placement.layers[-1]
    clocks = quantise(registers.refractory_ns, registers.holdoff_ns, registers.enabled)
    integrators = (at.hemisphere, at.columns)
    assert not registers.event_output[integrators].any()
    assert (registers.refractory_ns[integrators] == 2_000).all()
    assert (abs(clocks.refractory_ns[integrators] - 2_000) < 60).all()
    left = np.exp(-INTEGRATOR_REFRACTORY_NS / ChipConfig.typical().limits.std("reset_time"))
    assert left < 0.02  # of the way from where a readout was
    for hidden in placement.layers[:-1]:
        neurons = (hidden.hemisphere, hidden.columns)
        assert registers.event_output[neurons].all() and (registers.refractory_ns[neurons] == 2_000).all()
        assert (abs(clocks.refractory_ns[neurons] - 2_000) < 60).all()


def test_signed_weights_go_to_the_row_of_their_sign():
    placement = place(two_layers(2, 3, 1))
    registers = placement.routing()
    placement.store(registers, 0, np.array([[5, -63, 0], [-1, 63, 7]]))
    assert registers.weights[0, :4, 0:6:2].tolist() == [[5, 0, 0], [0, 63, 0], [0, 63, 7], [1, 0, 0]]
    assert registers.weights.sum() == 5 + 63 + 1 + 63 + 7


def test_weights_are_stored_for_the_layer_and_found_again():
    placement, registers, weights = deep_network(LI)
    for k, signed in enumerate(weights):
        np.testing.assert_array_equal(placement.load(registers.weights, k), signed)
    assert registers.weights.astype(int).sum() == sum(np.abs(signed).sum() for signed in weights)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int8, np.int16, np.uint64])
def test_weights_of_any_whole_type_are_stored(kind):
    placement = place(two_layers(1, 4, 1))
    registers, weights = placement.registers(), np.array([[15, 30, 45, 60]])
    placement.store(registers, 0, weights.astype(kind))
    np.testing.assert_array_equal(placement.load(registers.weights, 0), weights)


@pytest.mark.parametrize(
    "weights, sentence",
    [
        (np.zeros((3, 2), int), r"of shape \(3, 2\); Linear\(2, 3\) takes \(2, 3\)"),
        (np.full((2, 3), 64), r"int64 in 64..64; the synapses take whole numbers in -63..63"),
        (np.zeros((2, 3)), "are float64"),
    ],
)
def test_weights_that_no_synapse_takes_are_refused(weights, sentence):
    placement = place(two_layers(2, 3, 1))
    with pytest.raises(ValueError, match=sentence):
        placement.store(placement.registers(), 0, weights)


@pytest.mark.parametrize("size, what", [((5, 129, 3), "hidden"), ((129, 5, 3), "input"), ((5, 5, 129), "readout")])
def test_what_does_not_fit_is_refused_with_need_and_limit(size, what):
    with pytest.raises(ChipLimitError, match=rf"{what} layer.*129 .* needed, 128 available; use"):
        place(two_layers(*size))


@pytest.mark.parametrize(
    "sizes, sentence, used, size",
    [
        ((2, 3, 4, 5, 6, 7), "halves of hemispheres, one a layer: 5 layers needed, 4 available", 5, 4),
        ((5, 5, 129, 5), r"hidden layer 1 \(even columns.*129 neurons needed, 128 available", 129, 128),
        ((5, 5, 5, 129), r"readout layer \(odd columns.*129 neurons needed, 128 available", 129, 128),
        ((100, 5, 29, 5), "drivers of the top hemisphere, for input layer and hidden layer 1: 129 drivers", 129, 128),
        ((5, 100, 5, 29, 3), "of the bottom hemisphere, for hidden layer 0 and hidden layer 2: 129 drivers", 129, 128),
    ],
)
def test_deep_networks_that_do_not_fit_are_refused(sizes, sentence, used, size):
    with pytest.raises(ChipLimitError, match=sentence) as caught:
        place(network_of(*sizes))
    assert (caught.value.used, caught.value.size) == (used, size)
