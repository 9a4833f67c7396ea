"""What does not fit is refused in a sentence: which limit, how much is needed and there, what to do."""

import numpy as np
import pytest

from chip.base.errors import ChipLimitError, Resource
from ppu_programs.network import LI, LIF, Injected, Inputs, Linear, Network, NetworkGraph, Projection
from ppu_programs.placement import place, placing
from tests.ppu_programs.placement.test_graph_on_chip import SHAPES

BUS_0 = np.arange(512) % 64 < 16  # of 512 neurons in order: lanes 0..15 and 64..79 of each half


def one_to_one(count):
    return np.eye(count, dtype=bool)


def masked(sources, targets):
    """bool[sources, targets]: these sources onto all targets."""
    return np.repeat(np.asarray(sources)[:, None], targets, axis=1)


LIMITS = {
    "neuron circuits": (
        NetworkGraph({"a": LIF(300), "b": LIF(213)}),
        Resource.NEURONS, "circuits for 300 of a, 213 of b", 513, 512, "make populations smaller",
    ),
    "circuits of merged neurons": (
        NetworkGraph({"in": Inputs(200), "a": LIF(257)}, Projection("in", "a")),
        Resource.NEURONS, r"circuits for 257 of a \(two each, for the rows of both hemispheres\)", 514, 512, "smaller",
    ),
    "rows of a neuron": (
        NetworkGraph({"in": Inputs(300), "a": LIF(3)}, Projection("in", "a", mask=masked(np.arange(300) < 257, 3))),
        Resource.ROWS, "rows of synapses that neuron 0 of a hears", 514, 512, "project fewer sources onto it",
    ),
    "rows of a bus": (
        NetworkGraph({"a": LIF(512)}, Projection("a", "a", sign="excitatory", mask=masked(BUS_0, 512))),
        Resource.ROWS, "synapse rows of PADI bus 0 of the top hemisphere, for events of a", 128, 64, "or .* sparser",
    ),
    "signed sources of a bus": (
        NetworkGraph({"a": LIF(512)}, Projection("a", "a", mask=masked(BUS_0 & (np.arange(512) < 256), 512))),
        Resource.ROWS, "synapse rows of PADI bus 0 of the top hemisphere, for events of a", 128, 64, "each sign",
    ),
    "rows of inputs": (
        NetworkGraph(
            {"in": Inputs(127), "pairs": Inputs(512), "a": LIF(512)},
            Projection("in", "a"),
            Projection("pairs", "a", sign="excitatory", mask=one_to_one(512)),
            Projection("a", "a", sign="inhibitory", mask=one_to_one(512)),
        ),
        Resource.ROWS, "synapse rows of the top hemisphere, for events of a and in and pairs", 271, 256, "smaller",
    ),
    "rows that a processor feeds": (
        NetworkGraph({"noise": Injected(129), "a": LIF(10)}, Projection("noise", "a")),
        Resource.ROWS, "synapse rows of the top hemisphere, for what its processor sends as noise", 258, 256, "inject",
    ),
    "columns off such a bus": (
        NetworkGraph(
            {"noise": Injected(1), "a": LIF(400)},
            Projection("noise", "a"), Projection("a", "a", sign="excitatory", mask=one_to_one(400)),
        ),
        Resource.NEURONS, "columns for a off PADI bus 3, which a processor feeds", 400, 384, "or inject fewer sources",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_has_its_sentence(name):
    graph, resource, where, used, size, remedy = LIMITS[name]
    with pytest.raises(ChipLimitError, match=f"^{where}: {used} .* needed, {size} available; .*{remedy}") as caught:
        place(graph)
    assert (caught.value.resource, caught.value.used, caught.value.size) == (resource, used, size)


def test_labels_run_out_where_drivers_cannot_select(monkeypatch):
    graph = Network(Linear(256, 246), LIF(246), Linear(246, 10), LI(10)).graph
    monkeypatch.setattr(placing, "MOST_CLASS_BITS", 0)
    with pytest.raises(
        ChipLimitError, match="^synapse labels of PADI bus 0, for events of layer 0 and inputs: 94"
    ) as e:
        place(graph)
    assert (e.value.resource, e.value.used, e.value.size) == (Resource.LABELS, 94, 63)


@pytest.mark.parametrize(
    "recorded, sentence",
    [
        (["out"], "population out has no spikes to record; those that spike: a, b, c"),
        (["x"], "population x has no spikes to record"),
    ],
)
def test_what_cannot_be_recorded_is_refused(recorded, sentence):
    graph = NetworkGraph({"a": LIF(2), "b": LIF(2), "c": LIF(2), "d": LIF(2), "out": LI(1)})
    with pytest.raises(ValueError, match=sentence):
        place(graph, recorded=recorded)


def test_who_lies_on_one_bus_with_others_whose_drivers_need_all_bits_cannot_be_recorded_alone():
    with pytest.raises(ValueError, match="the crossbar cannot pass the spikes of n0, n3 alone; record other popul"):
        place(SHAPES["512 neurons in blocks"], recorded=["n3", "n0"])


@pytest.mark.parametrize(
    "weights, sentence",
    [
        (np.zeros((3, 2), int), r"weights of the projection from in to a are of shape \(3, 2\); it takes \(2, 3\)"),
        (np.full((2, 3), -1), r"int64 in -1..-1; the synapses take whole numbers in 0..63"),
        (np.ones((2, 3)), "are float64"),
        (np.ones((2, 3), int), "are 1 from 0 to 1, where its mask has no synapse; make it 0"),
    ],
)
def test_weights_that_no_synapse_takes_are_refused(weights, sentence):
    mask = np.array([[True, False, True], [True, True, True]])
    placement = place(NetworkGraph({"in": Inputs(2), "a": LIF(3)}, Projection("in", "a", sign="excitatory", mask=mask)))
    with pytest.raises(ValueError, match=sentence):
        placement.store(placement.registers(), 0, weights)
