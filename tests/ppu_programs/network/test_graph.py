"""Networks of populations and projections: what they settle, and what they refuse."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

from ppu_programs.network import LI, LIF, Injected, Inputs, Linear, Network, NetworkGraph, Projection, Sign
from tests.ppu_programs.placement.graphs import graphs


def lateral():
    return NetworkGraph(
        {"images": Inputs(16), "cells": LIF(8), "teacher": Injected(2)},
        Projection("images", "cells", sign="excitatory", efficacy_lsb=3),
        Projection("cells", "cells", sign="inhibitory", mask=~np.eye(8, dtype=bool)),
        Projection("teacher", "cells"),
    )


def test_a_graph_says_what_it_is():
    graph = lateral()
    assert graph.weight_count == 16 * 8 + 8 * 7 + 2 * 8
    assert graph.spiking() == ("cells",) and [name for name, _ in graph.neurons()] == ["cells"]
    assert graph.fan_in("cells").tolist() == [16 + 7 + 2 * 2] * 8
    assert graph.efficacy_lsb("cells") == 3
    assert [p.sign for p in graph.projections] == [Sign.EXCITATORY, Sign.INHIBITORY, Sign.SIGNED]
    assert graph.projections[2].mask.shape == (2, 8) and graph.projections[2].mask.all()
    assert repr(graph).startswith("NetworkGraph(images Inputs(16), cells LIF(8)")


def test_nothing_of_it_can_be_changed():
    mask = np.ones((16, 8), bool)
    graph = NetworkGraph({"in": Inputs(16), "cells": LIF(8)}, Projection("in", "cells", mask=mask))
    mask[...] = False
    assert graph.weight_count == 128 and graph.projections[0].mask.all()
    with pytest.raises(ValueError, match="read-only"):
        graph.projections[0].mask[0, 0] = False
    with pytest.raises(TypeError):
        graph.populations["cells"] = LIF(9)


def test_it_can_be_handed_to_another_process():
    graph, again = lateral(), pickle.loads(pickle.dumps(lateral()))
    assert dict(again.populations) == dict(graph.populations)
    for one, other in zip(graph.projections, again.projections, strict=True):
        assert (one.source, one.target, one.sign) == (other.source, other.target, other.sign)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_layers_are_its_short_form():
    network = Network(Linear(5, 12, efficacy_lsb=7), LIF(12, tau_mem_ns=7_000), Linear(12, 3), LI(3))
    graph = network.graph
    assert list(graph.populations.items()) == [
        ("inputs", Inputs(5)), ("layer 0", LIF(12, tau_mem_ns=7_000)), ("layer 1", LI(3)),
    ]  # fmt: skip
    assert [(p.source, p.target, p.sign) for p in graph.projections] == [
        ("inputs", "layer 0", Sign.SIGNED), ("layer 0", "layer 1", Sign.SIGNED),
    ]  # fmt: skip
    assert graph.weight_count == network.weight_count
    assert [graph.efficacy_lsb(name) for name in ("layer 0", "layer 1")] == [7, 2]


ONE = {"in": Inputs(4), "a": LIF(3), "out": LI(2), "noise": Injected(1)}


def test_it_is_written_in_plain_values():
    mask = np.array([[True, False], [True, True]])
    network = NetworkGraph(
        {"in": Inputs(2), "a": LIF(2)}, Projection("in", "a", efficacy_lsb=3), Projection("a", "a", mask=mask)
    )
    table = json.loads(json.dumps(network.to_dict()))
    assert table["populations"]["in"] == {"kind": "Inputs", "size": 2}
    assert table["populations"]["a"]["threshold_lsb"] == 63
    from_inputs, within = table["projections"]
    assert from_inputs["mask"] == "everywhere" and from_inputs["efficacy_lsb"] == 3.0
    assert within == {"source": "a", "target": "a", "efficacy_lsb": None, "sign": "signed", "mask": ["10", "11"]}


@settings(deadline=None, max_examples=30)
@given(graphs())
def test_files_lose_nothing(network):
    table = json.loads(json.dumps(network.to_dict()))
    again = NetworkGraph.from_dict(table)
    assert again.to_dict() == table and list(again.populations.items()) == list(network.populations.items())
    for one, other in zip(network.projections, again.projections, strict=True):
        assert (one.source, one.target, one.sign) == (other.source, other.target, other.sign)
        assert one.efficacy_lsb == other.efficacy_lsb
        np.testing.assert_array_equal(one.mask, other.mask)


CELLS = {"in": {"kind": "Inputs", "size": 2}, "a": {"kind": "LIF", "size": 3}}


@pytest.mark.parametrize(
    "table, sentence",
    [
        ([], r"a network is written as \[\]; it must be a table of populations, by name, and a list of projections"),
        ({"populations": {}}, "it must be a table of populations, by name, and a list of projections"),
        (CELLS | {"a": 5}, "population a of a network is written as 5; its kind must be LIF, LI, Inputs, Injected"),
        (CELLS | {"a": {"kind": "Linear"}}, "population a of a network .* its kind must be LIF, LI, Inputs, Injected"),
        (CELLS | {"a": {"kind": "LI"}}, "population a, LI, lacks size; give its size"),
        (CELLS | {"a": {"kind": "LI", "size": 1, "x": 2}}, "population a, LI, has no x; it has size, tau_mem_ns"),
        ([5], "projection 0 of a network is written as 5; it must be a table"),
        ([{"source": "in"}], "projection 0 has the target None; give the name of a population"),
        ([{"source": ["in"], "target": "a"}], "projection 0 has the source .'in'.; give the name of a population"),
        ([{"source": "in", "target": "b"}], "from in to b needs a population 'b'"),
        ([{"source": "in", "target": "a", "delay": 1}], "projection 0 has no delay; it has source, target, sign, mask"),
        ([{"source": "in", "target": "a", "mask": ["11", "101"]}], "has the mask .*a digit for each target"),
        ([{"source": "in", "target": "a", "mask": ["112", "101"]}], "has the mask .*or a list of texts of 0 and 1"),
        ([{"source": "in", "target": "a", "mask": [[1, 0, 1]] * 2}], "has the mask .*or a list of texts of 0 and 1"),
        ([{"source": "in", "target": "a", "mask": []}], "has the mask .*or a list of texts of 0 and 1"),
        ([{"source": "in", "target": "a", "mask": ["11", "10"]}], r"of shape \(2, 2\); it must be \(2, 3\)"),
        ([{"source": "in", "target": "a", "sign": "both"}], "is 'both'; it must be excitatory, inhibitory, signed"),
        ([{"source": "in", "target": "a", "efficacy_lsb": "much"}], "efficacy_lsb is 'much'"),
    ],
)
def test_what_a_file_cannot_mean_is_refused(table, sentence):
    if isinstance(table, list) and table:
        table = {"populations": CELLS, "projections": table}
    elif "in" in table:
        table = {"populations": table, "projections": []}
    with pytest.raises(ValueError, match=sentence):
        NetworkGraph.from_dict(table)


@pytest.mark.parametrize(
    "populations, projections, sentence",
    [
        ({"in": Inputs(4)}, (), "has no neurons among .'in'.; give it a LIF or LI"),
        ({"a": 5}, (), "population a is 5; it must be LIF, LI, Inputs or Injected"),
        ({"": LIF(1)}, (), "a population's name is ''; it must be a text"),
        (ONE, (("in", "b", {}),), "from in to b needs a population 'b'; there are in, a, out, noise"),
        (ONE, (("out", "a", {}),), r"from out to a comes from LI\(2\), which does not spike; use LIF"),
        (ONE, (("a", "noise", {}),), r"leads to Injected\(1\), which has no synapses; project onto neurons"),
        (ONE, (("in", "a", dict(mask=np.ones((3, 4), bool))),), r"of shape \(3, 4\); it must be \(4, 3\)"),
        (ONE, (("in", "a", dict(mask=np.ones((4, 3)))),), r"is float64\[4, 3\]; it must be bool\[sources, targets\]"),
        (ONE, (("in", "a", dict(sign="both")),), "is 'both'; it must be excitatory, inhibitory, signed"),
        (ONE, (("in", "a", dict(efficacy_lsb=0)),), r"efficacy_lsb is 0\.0"),
        (ONE, (("in", "a", {}), ("in", "a", dict(sign="inhibitory"))), "twice, signed and inhibitory, which share"),
        (
            ONE, (("in", "a", dict(efficacy_lsb=2)), ("a", "a", dict(efficacy_lsb=3))),
            "projections onto a ask for efficacies of 2.0 and 3.0 LSB; a neuron has one",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(populations, projections, sentence):
    with pytest.raises(ValueError, match=sentence):
        NetworkGraph(populations, *(Projection(source, target, **more) for source, target, more in projections))
