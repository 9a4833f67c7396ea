"""Any network on the chip: what arrives at its neurons is what dense matrices say, event by event."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.base.errors import ChipLimitError
from ppu_programs.network import LI, LIF, Injected, Inputs, Linear, Network, NetworkGraph, Projection, Sign
from ppu_programs.placement import UNUSED_LABEL, place
from tests.naive.dense import DenseNetwork
from tests.ppu_programs.placement.graphs import END_NS, Played, firing_registers, graphs, random_weights


def assert_dense(graph, placement, seed):
    """Let all sources of a placed network send, and hold its neurons' currents against dense matrices."""
    weights = random_weights(graph, seed)
    registers = firing_registers(placement, weights, seed)
    registers.check()
    played, dense = Played(placement, registers, seed), DenseNetwork(graph, weights)
    for name, _ in graph.neurons():
        expected = dense.currents(name, played.arrivals, END_NS)
        np.testing.assert_allclose(played.currents(name), expected, rtol=1e-9, atol=1e-9, err_msg=name)
    events = sum(
        int(dense.synapses_of(name)[numbers[times_ns < END_NS]].sum())
        for name, (times_ns, numbers) in played.arrivals.items()
    )
    assert played.core.counters["synaptic_events"] == events  # and nobody else heard any of them
    return played


def placed(graph):
    """The placement of a drawn network; those that do not fit are left out."""
    try:
        return place(graph)
    except ChipLimitError:
        assume(False)


@settings(deadline=None, max_examples=30)
@given(graph=graphs(neurons=100), seed=st.integers(0, 1000))
def test_what_arrives_is_what_dense_matrices_say(graph, seed):
    assert_dense(graph, placed(graph), seed)


@settings(deadline=None, max_examples=10)
@given(graph=graphs(neurons=240), seed=st.integers(0, 1000))
def test_larger_networks_with_merged_neurons_and_drivers_that_select(graph, seed):
    assert_dense(graph, placed(graph), seed)


SHAPES = {
    "recurrent, signed": NetworkGraph({"in": Inputs(28), "n": LIF(100)}, Projection("in", "n"), Projection("n", "n")),
    "recurrent, one half to the other": NetworkGraph(
        {"in": Inputs(20), "e": LIF(200), "i": LIF(50)},
        Projection("in", "e", sign="excitatory"),
        Projection("e", "i", sign="excitatory"),
        Projection("i", "e", sign="inhibitory"),
        Projection("i", "i", sign="inhibitory", mask=~np.eye(50, dtype=bool)),
    ),
    "512 neurons in blocks": NetworkGraph(
        {"in": Inputs(64), **{f"n{k}": LIF(128) for k in range(4)}},
        *(Projection("in", f"n{k}", sign="excitatory") for k in range(4)),
        *(Projection(f"n{k}", f"n{k}", sign="inhibitory") for k in range(4)),
    ),
    "one population of 512": NetworkGraph(
        {"in": Inputs(100), "n": LIF(512)}, Projection("in", "n"), Projection("n", "n", mask=np.eye(512, dtype=bool))
    ),
    "a ring of six": NetworkGraph(
        {"in": Inputs(10), **{f"n{k}": LIF(40) for k in range(6)}},
        Projection("in", "n0"),
        *(Projection(f"n{k}", f"n{(k + 1) % 6}") for k in range(6)),
    ),
    "one class bit": NetworkGraph(
        {"c": LIF(20), "a": LIF(120), "b": LIF(120)}, Projection("a", "c"), Projection("b", "c")
    ),
    "256-246-10": Network(Linear(256, 246), LIF(246), Linear(246, 10), LI(10)).graph,
    "teacher and noise": NetworkGraph(
        {"in": Inputs(40), "n": LIF(60), "out": LI(3), "teacher": Injected(3), "noise": Injected(8)},
        Projection("in", "n"),
        Projection("n", "n", sign="inhibitory"),
        Projection("n", "out"),
        Projection("teacher", "out", mask=np.eye(3, dtype=bool)),
        Projection("noise", "n", sign="excitatory"),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_interest(name):
    assert_dense(SHAPES[name], place(SHAPES[name]), seed=3)


@pytest.mark.parametrize(
    "graph",
    [
        NetworkGraph({"a": LI(3)}),
        NetworkGraph({"a": LIF(512)}),
        NetworkGraph({"in": Inputs(200), "a": LIF(3), "noise": Injected(2), "more": Inputs(4)}),
        NetworkGraph({"in": Inputs(5), "a": LIF(3)}, Projection("in", "a", mask=np.zeros((5, 3), bool))),
    ],
    ids=repr,
)
def test_whom_nobody_hears_has_a_label_of_its_own(graph):
    placement = place(graph)
    labels = [at.labels for name, at in placement.sources.items() if name != "noise"]
    together = np.concatenate([*labels, np.zeros(0, np.uint16)])
    assert len(set(together.tolist())) == len(together)
    assert_dense(graph, placement, seed=1)


def test_a_whole_array_of_signed_synapses():
    graph = SHAPES["256-246-10"]
    placement = place(graph)
    assert all(neurons.merged for neurons in placement.neurons.values())
    labels = placement.routing().labels
    assert (labels != UNUSED_LABEL).sum() == 2 * (256 * 246 + 246 * 10) == labels.size - 2 * 10 * 10
    rows = placement.sources["inputs"].rows
    assert len(np.unique(rows[rows >= 0] + c.ROWS * np.nonzero(rows >= 0)[1])) == c.HEMISPHERES * c.ROWS


# ---------------------------------------------------------------------- one label


@settings(deadline=None, max_examples=15)
@given(graph=graphs(neurons=60, kinds=(Inputs,)), seed=st.integers(0, 1000), data=st.data())
def test_a_changed_label_stops_exactly_its_deliveries(graph, seed, data):
    placement = placed(graph)
    weights = random_weights(graph, seed)
    k = data.draw(st.integers(0, len(graph.projections) - 1))
    at, p = placement.synapses(k), graph.projections[k]
    assume(len(at.sources))
    n = data.draw(st.integers(0, len(at.sources) - 1))
    row = p.sign.rows[0] if p.sign is not Sign.SIGNED else int(weights[k][at.sources[n], at.targets[n]] < 0)
    registers = firing_registers(placement, weights, seed)
    synapse = at.hemispheres[n], at.rows[n, row], at.columns[n]
    assert registers.weights[synapse] > 0
    registers.labels[synapse] = UNUSED_LABEL
    played, dense = Played(placement, registers, seed), DenseNetwork(graph, weights)
    dense.weights[k][at.sources[n], at.targets[n]] = 0
    for name, _ in graph.neurons():
        expected = dense.currents(name, played.arrivals, END_NS)
        np.testing.assert_allclose(played.currents(name), expected, rtol=1e-9, atol=1e-9, err_msg=name)
    times_ns, numbers = played.arrivals[p.source]
    stopped = ((numbers == at.sources[n]) & (times_ns < END_NS)).sum()
    whole = sum(dense.synapses_of(name)[who[when < END_NS]].sum() for name, (when, who) in played.arrivals.items())
    assert played.core.counters["synaptic_events"] == whole - stopped
