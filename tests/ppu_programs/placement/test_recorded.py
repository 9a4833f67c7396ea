"""The FPGA records the spikes of those who are to be recorded, and nobody else's."""

import pytest

from chip.base import constants as c
from ppu_programs.network import LIF, NetworkGraph, Projection
from ppu_programs.placement import place, placing
from ppu_programs.placement.crossbar import RecordError
from tests.ppu_programs.placement.test_graph_on_chip import SHAPES, assert_dense

TURNED = NetworkGraph(
    {"a": LIF(60), "b": LIF(100), "c": LIF(120), "d": LIF(20)},
    Projection("a", "d"),
    Projection("b", "b", sign="excitatory"),
    Projection("b", "d"),
    Projection("d", "a", sign="excitatory"),
)


def recorded(placement):
    """By name, how many neurons of each population the crossbar passes to the FPGA."""
    registers, found = placement.registers(), {}
    for name in placement.graph.spiking():
        labels, outputs = placement.sources[name].labels.astype(int), placement.neurons[name].outputs
        to_fpga = c.CROSSBAR_FPGA_OUT + outputs % c.PADI_BUSSES
        masks, targets = (table[outputs, to_fpga] for table in (registers.crossbar_mask, registers.crossbar_target))
        found[name] = int((labels & masks == targets).sum())
    return found


@pytest.mark.parametrize("names", [["a"], ["b"], ["c", "a"], ["a", "b", "c"]])
def test_with_one_class_bit_the_other_one_tells_populations(names):
    graph = SHAPES["one class bit"]
    placement = place(graph, names)
    assert any((codes.labels >> 6 & 1).min() < (codes.labels >> 6 & 1).max() for codes in placement.sources.values())
    assert recorded(placement) == {name: graph.populations[name].size * (name in names) for name in graph.spiking()}


FOUR = NetworkGraph({name: LIF(2) for name in "abcd"})
RING = SHAPES["a ring of six"]


@pytest.mark.parametrize(
    "graph, names",
    [(FOUR, ["b", "c"]), (FOUR, ["a", "b", "d"]), (RING, ["n0"]), (RING, ["n1", "n2"]), (TURNED, ["a", "d"])],
)
def test_numbers_are_given_by_who_is_recorded_where_their_order_does_not_do(monkeypatch, graph, names):
    placement = place(graph, names)
    assert recorded(placement) == {name: graph.populations[name].size * (name in names) for name in graph.spiking()}
    numbers = placing._numbers_by_record(graph, tuple(names))
    assert set(numbers.values()) <= set(range(4)) and all((numbers[name] & 1) == (name in names) for name in numbers)
    monkeypatch.setattr(placing, "_numbers_in_order", lambda graph: numbers)
    assert_dense(graph, place(graph), seed=5)  # with these, everybody hears what it should


@pytest.mark.parametrize("name", TURNED.populations)
def test_what_cannot_be_recorded_as_it_lies_is_put_elsewhere(monkeypatch, name):
    refused, place_so = [], placing._place

    def noted(*arguments):
        try:
            return place_so(*arguments)
        except RecordError as error:
            refused.append(error)
            raise

    monkeypatch.setattr(placing, "_place", noted)
    expected = {other: population.size * (other == name) for other, population in TURNED.populations.items()}
    assert recorded(place(TURNED, [name])) == expected
    assert len(refused) == 2
