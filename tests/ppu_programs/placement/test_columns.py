"""Columns: nobody shares one, merged neurons have both sides, and events spread over the PADI busses."""

import numpy as np
import pytest
from hypothesis import given, settings

from chip.base import constants as c
from ppu_programs.network import LI, LIF, Inputs, NetworkGraph, Projection
from ppu_programs.placement import place
from ppu_programs.placement.columns import depths
from tests.ppu_programs.placement.graphs import graphs
from tests.ppu_programs.placement.test_graph_on_chip import placed


def bus_counts(at):
    """How many neurons' events come on each PADI bus."""
    return np.bincount(at.outputs % c.PADI_BUSSES, minlength=c.PADI_BUSSES)


@settings(deadline=None, max_examples=30)
@given(graph=graphs(neurons=240))
def test_nobody_shares_a_circuit(graph):
    placement = placed(graph)
    taken = np.zeros((c.HEMISPHERES, c.COLUMNS), int)
    for name, population in graph.neurons():
        at = placement.neurons[name]
        assert len(at.columns) == population.size
        assert at.merged or graph.fan_in(name).max() <= c.ROWS
        for side, columns in at.circuits():
            np.add.at(taken[side], columns, 1)
    assert taken.max() == 1
    registers = placement.registers()
    np.testing.assert_array_equal(registers.enabled, taken == 1)


def test_neurons_follow_the_distance_from_the_inputs():
    graph = NetworkGraph(
        {"in": Inputs(2), "a": LIF(3), "b": LIF(4), "c": LI(5), "free": LIF(2)},
        *(Projection(*pair) for pair in (("in", "a"), ("a", "b"), ("b", "c"), ("b", "a"), ("free", "c"))),
    )
    assert depths(graph) == {"a": 0, "b": 1, "c": 2, "free": 0}
    places = place(graph).neurons
    assert [set(places[name].hemispheres.tolist()) for name in "abc"] == [{c.TOP}, {c.BOTTOM}, {c.TOP}]
    assert set(places["a"].halves.tolist()) == {c.EVEN} and set(places["c"].halves.tolist()) == {c.ODD}


@pytest.mark.parametrize("size", [64, 100, 128, 150, 200, 256, 300, 512])
def test_events_of_a_recurrent_population_spread_over_the_busses(size):
    mask = np.eye(size, dtype=bool)
    at = place(NetworkGraph({"a": LIF(size)}, Projection("a", "a", mask=mask))).neurons["a"]
    counts = bus_counts(at)
    assert counts.max() - counts.min() <= (16 if size <= c.LANES else 1)
    assert counts.max() <= -(-size // 64) * 16


def test_populations_that_meet_in_a_hemisphere_begin_behind_each_other():
    graph = NetworkGraph(
        {"a": LIF(70), "b": LIF(58), "out": LI(4)}, Projection("a", "out"), Projection("b", "out")
    )  # fmt: skip
    places = place(graph).neurons
    counts = bus_counts(places["a"]) + bus_counts(places["b"])
    assert counts.tolist() == [32] * c.PADI_BUSSES


def test_only_neurons_with_many_rows_are_merged():
    graph = NetworkGraph({"in": Inputs(129), "a": LIF(5), "b": LIF(6)}, Projection("in", "a"), Projection("a", "b"))
    placement = place(graph)
    assert placement.neurons["a"].merged and not placement.neurons["b"].merged
    registers = placement.registers()
    columns = placement.neurons["a"].columns
    assert registers.connect_vertical.sum() == 5 and registers.connect_vertical[columns].all()
    assert registers.spiking[c.TOP, columns].all() and not registers.spiking[c.BOTTOM, columns].any()
    assert (registers.efficacy_lsb[:, columns] == 2 * graph.efficacy_lsb("a")).all()


def test_neurons_are_merged_where_somebody_asks_for_it():
    graph = NetworkGraph({"a": LIF(10), "b": LIF(4)}, Projection("a", "b"), Projection("b", "a"))
    assert not place(graph).neurons["b"].merged
    found = place(graph, kept={"a": 1}, merged=("b",))
    assert found.neurons["b"].merged
    assert (found.synapses(0).hemispheres == 1).all()
    with pytest.raises(ValueError, match="population c has no neurons to merge"):
        place(graph, merged=("c",))
    with pytest.raises(ValueError, match="population a is to be kept in a hemisphere and merged"):
        place(graph, kept={"a": 1}, merged=("a",))
