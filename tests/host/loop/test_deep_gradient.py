"""EventProp of several hidden layers: its gradient against differences of the loss of an exact network."""

import numpy as np
import pytest

from host.loop.methods.eventprop import EventPropMethod
from host.loop.methods.fast_and_deep import FastAndDeepMethod
from host.loop.methods.superspike import SuperSpikeMethod
from host.loop.observation import Observation
from ppu_programs.eventprop.settings import DeepSettings, Settings
from ppu_programs.network import LI, LIF, Linear, Network
from tests.host.loop.test_methods import ordered
from tests.naive import deep
from tests.ppu_programs.test_eventprop_gradient import arrivals_ns, cosine

STEP = 1e-6  # in weight steps: no spike comes or goes, as a rule
CASES = {
    "default": {},
    "equal taus": {"tau_mem_ns": 5_000},
    "long refractory time": {"refractory_ns": 6_000},  # many events come while membranes are clamped
    "short refractory time": {"refractory_ns": 40, "tau_mem_ns": 20_000},
}


def three_layers(**neurons) -> DeepSettings:
    first, second = Linear(5, 8, mean=25.0, spread=25.0), Linear(8, 7, mean=25.0, spread=20.0)
    network = Network(first, LIF(8, **neurons), second, LIF(7, **neurons), Linear(7, 3, spread=8.0), LI(3))
    return DeepSettings(network=network, slope_limit=64.0, latency_ns=400, sharpness=0.03)


def four_layers() -> DeepSettings:
    wide = dict(mean=25.0, spread=20.0)
    network = Network(
        *(Linear(5, 6, **wide), LIF(6), Linear(6, 5, **wide), LIF(5, tau_syn_ns=7_000), Linear(5, 6, **wide)),
        *(LIF(6, tau_mem_ns=8_000), Linear(6, 2, spread=8.0), LI(2)),
    )
    return DeepSettings(network=network, slope_limit=64.0, sharpness=0.03)


def observed(settings: DeepSettings, weights, arrivals: np.ndarray, target: int) -> Observation:
    """What a host sees of one sample of a network without a chip, its potentials unrounded."""
    spikes = deep.run(settings, weights, arrivals)
    return Observation(
        arrivals_ns=np.array([arrivals]),
        targets=np.array([target]),
        readings=np.array([deep.readout_potentials(settings, weights, spikes)]),
        spikes=tuple(ordered([of_layer]) for of_layer in spikes),
        conversions=np.zeros((1, 0, 1), np.uint8),
    )


def differences(settings: DeepSettings, weights, layer: int, arrivals: np.ndarray, target: int) -> np.ndarray:
    """Central difference quotients of the loss by the weights of a layer; NaN where the smaller step disagrees."""
    found = np.empty_like(weights[layer])
    for place in np.ndindex(found.shape):
        quotients = []
        for step in (STEP, 4 * STEP):
            moved = [[w.copy() for w in weights] for _ in range(2)]
            moved[0][layer][place] += step
            moved[1][layer][place] -= step
            higher, lower = (deep.loss(settings, each, arrivals, target) for each in moved)
            quotients.append((higher - lower) / (2 * step))
        one, other = quotients
        found[place] = one if abs(one - other) <= 1e-3 * abs(one) + 1e-7 else np.nan  # a spike came or went
    return found


def check(settings: DeepSettings, samples: int) -> None:
    random, method = np.random.default_rng(4), EventPropMethod(settings)
    weights = settings.network.initial_weights(1)
    sides = [([], []) for _ in weights]
    seen_again = 0
    for number in range(samples):
        arrivals, target = arrivals_ns(settings, random), number % settings.readouts
        seen = observed(settings, weights, arrivals, target)
        again = [np.bincount(spikes.neurons, minlength=1).max() for spikes in seen.spikes]
        seen_again += min(again) > 1
        gradient = method.gradient(seen, weights)
        assert gradient.loss == pytest.approx(deep.loss(settings, weights, arrivals, target))
        for layer, (ours, theirs) in enumerate(sides):
            exact = differences(settings, weights, layer, arrivals, target)
            smooth = ~np.isnan(exact)
            assert smooth.mean() > 0.9
            ours.append(gradient.by_weight[layer][smooth])
            theirs.append(exact[smooth])
    assert seen_again  # neurons of every layer that spike more than once
    for ours, theirs in sides:
        cosines = [cosine(a, b) for a, b in zip(ours, theirs, strict=True) if b.any()]
        ratios = [np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(ours, theirs, strict=True) if b.any()]
        assert len(cosines) > samples // 2
        assert np.mean(cosines) >= 0.999 and np.median(ratios) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_three_layers_have_the_gradient_of_their_loss(case):
    check(three_layers(**CASES[case]), 5)


def test_four_layers_have_the_gradient_of_their_loss():
    check(four_layers(), 5)


@pytest.mark.parametrize("method", [SuperSpikeMethod, FastAndDeepMethod])
def test_methods_for_one_hidden_layer_refuse_more(method):
    words = (
        f"the method {method.name} trains networks of one hidden layer and readouts, not .*; eventprop trains deeper"
    )
    with pytest.raises(ValueError, match=words):
        method(DeepSettings())


@pytest.mark.parametrize(
    "network",
    [
        Network(Linear(5, 3), LI(3)),
        Network(Linear(5, 9), LIF(9), Linear(9, 3), LI(3)),
        Network(Linear(5, 9), LIF(9), Linear(9, 9), LIF(9), Linear(9, 3), LIF(3)),
    ],
)
def test_settings_of_deep_networks_refuse_others(network):
    with pytest.raises(ValueError, match="two hidden layers or more and readouts that are leaky integrators, not Net"):
        DeepSettings(network=network)


def test_a_deep_network_takes_the_settings_of_samples_along():
    given = Settings(sharpness=0.08, batch=50, slope_limit=4.0)
    found = given.with_network(three_layers().network)
    assert (found.sharpness, found.batch, found.slope_limit, found.inputs, found.readouts) == (0.08, 50, 4.0, 5, 3)
    assert found.with_network(four_layers().network).network == four_layers().network
