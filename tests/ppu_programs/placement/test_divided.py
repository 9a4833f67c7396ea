"""A hidden layer divided between the hemispheres: each processor reaches all that its neurons have."""

import numpy as np
import pytest

from chip.base import constants as c
from chip.base.errors import ChipLimitError
from ppu_programs.network import LI, LIF, Inputs, Linear, Network, NetworkGraph, Projection
from ppu_programs.placement import DividedPlacement, Placement, place, place_layers, two_layers

SIZES = (129, 200, 256)


@pytest.mark.parametrize("hidden", SIZES)
def test_each_part_lies_in_its_hemisphere_with_all_of_its_rows(hidden):
    placement = DividedPlacement(two_layers(5, hidden, 3))
    assert [len(part.neurons) for part in placement.parts] == [hidden - hidden // 2, hidden // 2]
    for part in placement.parts:
        assert (part.lanes == np.arange(len(part.neurons))).all()
        rows = part.readout_rows
        assert len(np.unique(rows)) == rows.size and rows.min() >= 0 and rows.max() < c.ROWS
        assert len(np.unique(part.input_rows)) == 2 * 5 and part.input_rows.min() >= 0


@pytest.mark.parametrize("hidden", SIZES)
def test_columns_are_even_for_hidden_neurons_and_odd_for_readouts_of_two_circuits(hidden):
    registers = DividedPlacement(two_layers(5, hidden, 3)).registers()
    spiking, joined = registers.enabled & registers.spiking, np.flatnonzero(registers.connect_vertical)
    assert spiking.sum() == hidden and not spiking[:, 1::2].any()
    assert (joined == [1, 3, 5]).all() and registers.enabled[:, joined].all()


@pytest.mark.parametrize("hidden", SIZES)
def test_readouts_that_spike_are_recorded_and_heard_by_nobody(hidden):
    placement = DividedPlacement(Network(Linear(5, hidden), LIF(hidden), Linear(hidden, 3), LIF(3)))
    registers, labels = placement.registers(), placement.readout_labels
    assert len(set(labels.tolist())) == 3 and registers.spiking[0, [1, 3, 5]].all()
    others = np.concatenate([placement.input_labels, *(part.labels for part in placement.parts)])
    assert not np.isin(labels, others).any()
    passes = (labels[0] & registers.crossbar_mask[0]) == registers.crossbar_target[0]  # from event output 0
    assert np.flatnonzero(passes).tolist() == [c.CROSSBAR_FPGA_OUT]
    assert DividedPlacement(two_layers(5, hidden, 3)).readout_labels.size == 0


@pytest.mark.parametrize("hidden", SIZES)
def test_every_weight_has_its_own_synapse_and_no_processor_needs_the_others_rows(hidden):
    network = two_layers(5, hidden, 3)
    placement, random = DividedPlacement(network), np.random.default_rng(1)
    registers = placement.registers()
    stored = [random.integers(-63, 64, linear.sizes) for linear, _ in network]
    for layer, weights in enumerate(stored):
        placement.store(registers, layer, weights)
    for layer, weights in enumerate(stored):
        assert (placement.load(registers.weights, layer) == weights).all()
    for part in placement.parts:
        there = registers.weights[part.hemisphere].astype(int)
        its = there[:, 0::2][part.input_rows][:, :, part.lanes]
        assert (its[:, 0] - its[:, 1] == stored[0][:, part.neurons]).all()
        its = there[:, 1::2][part.readout_rows][:, :, :3]
        assert (its[:, 0] - its[:, 1] == stored[1][part.neurons]).all()


def test_layers_are_divided_where_they_have_to_be():
    for hidden, kind in ((128, Placement), (129, DividedPlacement)):
        assert type(place_layers(two_layers(5, hidden, 3))) is kind
    with pytest.raises(ChipLimitError, match="hidden layer 0 .*129 neurons needed, 128 available"):
        place_layers(Network(Linear(5, 129), LIF(129), Linear(129, 9), LIF(9), Linear(9, 3), LI(3)))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ChipLimitError, match="hidden layer .even columns of both hemispheres.: 257 .* 256 available"):
        DividedPlacement(two_layers(5, 257, 3))
    with pytest.raises(ValueError, match="one hidden layer behind inputs can be divided .*, not Network.Linear.5, 3."):
        DividedPlacement(Network(Linear(5, 3), LI(3)))
    with pytest.raises(ValueError, match=r"LIF\(128\) is no layer to divide"):
        DividedPlacement(two_layers(5, 128, 3))
    placement = DividedPlacement(two_layers(5, 200, 3))
    with pytest.raises(ValueError, match=r"weights of layer 0 are of shape \(5, 100\); Linear\(5, 200\)"):
        placement.store(placement.registers(), 0, np.zeros((5, 100), int))


GRAPH = NetworkGraph(
    {"in": Inputs(4), "a": LIF(20), "b": LIF(20), "out": LI(2)},
    Projection("in", "a"),
    Projection("in", "b"),
    Projection("a", "out"),
    Projection("b", "out"),
)


def test_populations_are_kept_where_somebody_wants_them():
    for hemispheres in ({"a": 1, "b": 0}, {"a": 1}, {"b": 1, "a": 1}):
        placement = place(GRAPH, kept=hemispheres)
        for name, hemisphere in hemispheres.items():
            assert (placement.neurons[name].hemispheres == hemisphere).all()


@pytest.mark.parametrize(
    "kept, words",
    [
        ({"in": 0}, "population in has no neurons to keep in a hemisphere; those: a, b, out"),
        ({"a": 2}, "population a is to be kept in hemisphere 2; valid are 0, top, and 1"),
    ],
)
def test_populations_that_cannot_be_kept_are_refused(kept, words):
    with pytest.raises(ValueError, match=words):
        place(GRAPH, kept=kept)
    wide = NetworkGraph({"in": Inputs(250), "out": LI(2)}, Projection("in", "out"))
    with pytest.raises(ValueError, match="out cannot be kept in a hemisphere: its neurons hear more than 256 rows"):
        place(wide, kept={"out": 0})
    with pytest.raises(ValueError, match="layers in turn have their hemispheres"):
        place(two_layers(5, 9, 3), kept={"layer 0": 0})
    full = NetworkGraph({"in": Inputs(1), "a": LIF(257)}, Projection("in", "a"))
    with pytest.raises(ChipLimitError, match="columns of the bottom hemisphere for a: 257"):
        place(full, kept={"a": 1})
