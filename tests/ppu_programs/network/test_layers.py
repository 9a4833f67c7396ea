"""Networks as data: what they settle, what they refuse, and that nothing is lost on the way to a file and back."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppu_programs.network import LI, LIF, Linear, Network
from ppu_programs.two_layer import weights
from ppu_programs.two_layer.settings import WEIGHT_STEP, Settings


def yin_yang():
    return Network(Linear(5, 120), LIF(120), Linear(120, 3), LI(3))


@st.composite
def networks(draw):
    """Networks of one to five layers, every setting drawn or left open."""
    sizes = draw(st.lists(st.integers(1, 200), min_size=2, max_size=6))
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers.append(
            Linear(
                inputs,
                outputs,
                efficacy_lsb=draw(st.none() | st.integers(1, 100) | st.floats(0.05, 100.0)),
                mean=draw(st.none() | st.floats(-63, 63)),
                spread=draw(st.none() | st.floats(0, 63)),
            )
        )
        layers.append(LIF(outputs, tau_mem_ns=draw(st.integers(500, 60_000)), leak_lsb=draw(st.integers(0, 100))))
    if draw(st.booleans()):
        layers[-1] = LI(sizes[-1], tau_syn_ns=draw(st.integers(300, 30_000)))
    return Network(*layers)


def test_a_network_says_what_it_is():
    network = yin_yang()
    assert (network.inputs, network.outputs, network.depth, network.weight_count) == (5, 3, 2, 5 * 120 + 120 * 3)
    (into_hidden, hidden), (into_readouts, readouts) = network
    assert isinstance(hidden, LIF) and isinstance(readouts, LI) and network.layers[1] == (into_readouts, readouts)
    assert repr(network) == "Network(Linear(5, 120), LIF(120), Linear(120, 3), LI(3))"
    lines = network.describe().splitlines()
    assert lines[1].startswith("LIF(120)") and "refractory_ns 2000" in lines[1] and lines[-1].startswith("960 weights")


def test_defaults_are_those_of_eventprop():
    s, ((into_hidden, hidden), (into_readouts, readouts)) = Settings(), yin_yang()
    assert (into_hidden.efficacy_lsb, into_hidden.mean, into_hidden.spread) == (s.efficacy_lsb, s.mean, s.spread)
    assert hidden == LIF(
        120, tau_mem_ns=s.tau_mem_ns, tau_syn_ns=s.tau_syn_ns, refractory_ns=s.refractory_ns,
        threshold_lsb=s.threshold_lsb, leak_lsb=80,
    )  # fmt: skip
    assert into_readouts == Linear(120, 3, efficacy_lsb=s.readout_efficacy_lsb, mean=0.0, spread=s.readout_spread)
    assert readouts == LI(3, tau_mem_ns=s.readout_tau_mem_ns, tau_syn_ns=s.readout_tau_syn_ns, leak_lsb=128)


def test_open_settings_follow_the_neurons_behind():
    (first, _), (second, _) = Network(Linear(2, 4, mean=1), LIF(4), Linear(4, 2), LIF(2))
    assert (first.efficacy_lsb, first.mean, first.spread) == (5, 1.0, 24.0)
    assert (second.efficacy_lsb, second.mean, second.spread) == (5, 10.0, 24.0)
    assert Linear(2, 4).mean is None


@settings(deadline=None, max_examples=30)
@given(networks())
def test_files_and_text_lose_nothing(network):
    assert Network.from_dict(json.loads(json.dumps(network.to_dict()))) == network
    again = eval(repr(network), {"Network": Network, "Linear": Linear, "LIF": LIF, "LI": LI})
    assert again == network and hash(again) == hash(network)
    assert network.weight_count == sum(w.size for w in network.initial_weights(0))


def test_networks_differ_in_any_setting():
    base = yin_yang()
    assert base != Network(Linear(5, 120, spread=23.0), LIF(120), Linear(120, 3), LI(3))
    assert base != Network(Linear(5, 120), LIF(120, refractory_ns=2008), Linear(120, 3), LI(3))
    assert base != Network(Linear(5, 120), LIF(120), Linear(120, 3), LIF(3))
    assert base != "network" and len({base, yin_yang()}) == 1


@pytest.mark.parametrize("seed", [0, 7])
def test_initial_weights_are_those_that_eventprop_begins_with(seed):
    hidden, readout = yin_yang().initial_weights(seed)
    assert hidden.shape == (5, 120) and readout.shape == (120, 3)
    expected = weights.initial_shadow(Settings(), seed)
    for drawn, shadow in zip((hidden, readout.T), expected, strict=True):
        np.testing.assert_array_equal(weights.to_rows(drawn * WEIGHT_STEP), shadow)


def test_initial_weights_have_the_mean_and_spread_that_they_are_asked_for():
    (drawn,) = Network(Linear(100, 400, mean=-5.0, spread=7.0), LIF(400)).initial_weights(1)
    assert drawn.mean() == pytest.approx(-5.0, abs=0.2) and drawn.std() == pytest.approx(7.0, abs=0.2)


@pytest.mark.parametrize(
    "layers, sentence",
    [
        ((), "has no layers; it must end with neurons"),
        ((Linear(5, 3),), r"ends with Linear\(5, 3\); it must end with neurons"),
        ((LIF(3),), r"layer 1 .* is LIF\(3\); it must be a Linear"),
        ((Linear(5, 3), Linear(3, 2)), r"layer 2 .* is Linear\(3, 2\); it must be LIF or LI"),
        ((Linear(5, 3), LIF(4)), r"LIF\(4\) follows Linear\(5, 3\), but 3 is not 4"),
        ((Linear(5, 3), LIF(3), Linear(4, 2), LI(2)), r"Linear\(4, 2\) follows LIF\(3\), but 3 is not 4"),
        ((Linear(5, 3), LI(3), Linear(3, 2), LI(2)), r"LI\(3\) does not spike"),
        ((5, 3), "made of Linear, LIF and LI, not of 5"),
    ],
)
def test_what_is_no_network_is_refused(layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        Network(*layers)


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: Linear(0, 3), "Linear.inputs is 0; it must be at least 1"),
        (lambda: Linear(2, 2.5), "Linear.outputs is 2.5; it must be a whole number"),
        (lambda: LIF(True), "LIF.size is True; it must be a whole number"),
        (lambda: Linear(2, 2, efficacy_lsb=0), "Linear.efficacy_lsb is 0.0; it must lie in 0.05..100.0"),
        (lambda: Linear(2, 2, spread=float("nan")), "Linear.spread is nan; it must lie"),
        (lambda: Linear(2, 2, mean="1"), "Linear.mean is '1'; it must be of type float"),
        (lambda: LIF(2, refractory_ns=44), "LIF.refractory_ns is 44; it must be a multiple of 8"),
        (lambda: LIF(2, tau_mem_ns=100), "LIF.tau_mem_ns is 100; it must lie in 500..60000"),
        (lambda: LI(2, leak_lsb=300), "LI.leak_lsb is 300; it must lie in 0..255"),
        (lambda: LIF(2, leak_lsb=200, threshold_lsb=63), "LIF: a threshold of 63 LSB above a leak .* of 200 LSB"),
        (lambda: Network.from_dict({}), "a network is written as {}; it must be a table with a list layers"),
        (lambda: Network.from_dict({"layers": [{"kind": []}]}), "layer 1 .* its kind must be Linear, LIF, LI"),
        (lambda: Network.from_dict({"layers": [{"kind": "LIF"}]}), "layer 1, LIF, lacks size"),
        (lambda: Network.from_dict({"layers": [{"kind": "LI", "size": 1, "x": 2}]}), "layer 1, LI, has no x"),
    ],
)
def test_bad_values_are_named(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize("name", ["layers", "inputs", "depth", "weight_count", "hidden"])
def test_a_network_never_changes(name):
    network = yin_yang()
    with pytest.raises(AttributeError, match=rf"a network never changes, so its {name} cannot be set; make another"):
        setattr(network, name, 3)
    for other in (network, copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert other == yin_yang() and other.describe() == yin_yang().describe() and not hasattr(other, "hidden")


def test_layers_never_change():
    for layer, name in ((LIF(3), "size"), (LIF(3), "sise"), (Linear(2, 3), "efficacy")):
        with pytest.raises(AttributeError, match=name):
            setattr(layer, name, 4)
    assert LIF(np.int64(3)) == LIF(3) and type(LIF(np.int64(3)).size) is int
