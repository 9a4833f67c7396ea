"""The gradients of the host loop's methods against their slow twins, and against the on-chip rule."""

import dataclasses

import numpy as np
import pytest

from host.loop.methods.eventprop import EventPropMethod
from host.loop.methods.response import softmax_errors
from host.loop.methods.superspike import SuperSpikeMethod
from host.loop.observation import Observation, Spikes
from ppu_programs.eventprop.settings import Settings
from tests.naive import eventprop as naive
from tests.naive import surrogate
from tests.ppu_programs.eventprop_bench import Bench
from tests.ppu_programs.test_eventprop_gradient import CASES, arrivals_ns, cosine

SAMPLES = 8


def arrays(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """Weights in steps, as float: [inputs, outputs]."""
    network, s = bench.network(), bench.settings
    return network.hidden / s.efficacy_lsb, network.readout.T / s.readout_efficacy_lsb


def ordered(spikes: list[list[np.ndarray]]) -> Spikes:
    """Spikes of a layer, from times by sample and neuron."""
    flat = [sorted((t, neuron) for neuron, times in enumerate(sample) for t in times) for sample in spikes]
    pairs = [spike for sample in flat for spike in sample]
    return Spikes(
        times_ns=np.array([t for t, _ in pairs], float),
        neurons=np.array([neuron for _, neuron in pairs], np.int64),
        first=np.concatenate([[0], np.cumsum([len(sample) for sample in flat])]).astype(np.int64),
    )


def observed(settings: Settings, arrivals, spikes, readings, targets, conversions=None) -> Observation:
    """What a host sees of samples; ``spikes`` are times by sample and hidden neuron."""
    return Observation(
        arrivals_ns=np.array(arrivals),
        targets=np.array(targets, np.int64),
        readings=np.array(readings),
        spikes=(ordered(spikes),),
        conversions=np.zeros((len(arrivals), 0, settings.hidden), np.uint8) if conversions is None else conversions,
    )


def played(bench: Bench, seed: int, count: int = SAMPLES) -> Observation:
    """Samples of a network without a chip, its potentials unrounded."""
    random, network = np.random.default_rng(seed), bench.network()
    arrivals = [arrivals_ns(bench.settings, random) for _ in range(count)]
    spikes = [naive.run(network, times) for times in arrivals]
    readings = [naive.readout_potentials(network, sample) for sample in spikes]
    return observed(bench.settings, arrivals, spikes, readings, [n % 3 for n in range(count)])


def spikes_of(seen: Observation, sample: int, hidden: int) -> list[np.ndarray]:
    (spikes,) = seen.spikes
    part = slice(spikes.first[sample], spikes.first[sample + 1])
    return [spikes.times_ns[part][spikes.neurons[part] == neuron] for neuron in range(hidden)]


@pytest.mark.parametrize("case", CASES)
def test_eventprop_is_the_reference(case):
    bench = Bench(Settings(**CASES[case]))
    network, s = bench.network(), bench.settings
    seen = played(bench, 3)
    found = EventPropMethod(s).gradient(seen, arrays(bench))
    hidden, readout, loss = np.zeros_like(network.hidden), np.zeros_like(network.readout), 0.0
    for n, target in enumerate(seen.targets):
        errors, nats = naive.errors_and_loss(network, seen.readings[n], int(target))
        spikes = spikes_of(seen, n, s.hidden)
        parts = naive.gradients(network, seen.arrivals_ns[n], spikes, errors)
        hidden, readout, loss = hidden + parts[0], readout + parts[1], loss + nats
    assert found.loss == pytest.approx(loss / SAMPLES)
    assert np.allclose(found.by_weight[0], hidden * s.efficacy_lsb / SAMPLES, rtol=1e-9, atol=1e-12)
    assert np.allclose(found.by_weight[1].T, readout * s.readout_efficacy_lsb / SAMPLES, rtol=1e-9, atol=1e-12)
    assert np.abs(hidden).max() > 0


def test_eventprop_is_the_difference_quotient_of_the_loss():
    settings = Settings(slope_limit=64.0, mean=20.0)
    bench = Bench(settings)
    network, seen = bench.network(), played(bench, 4, 4)
    found = EventPropMethod(settings).gradient(seen, arrays(bench))
    step, random = 1e-4, np.random.default_rng(1)

    def loss(changed: naive.Network) -> float:
        total = 0.0
        for arrivals, target in zip(seen.arrivals_ns, seen.targets, strict=True):
            potentials = naive.readout_potentials(changed, naive.run(changed, arrivals))
            total += naive.errors_and_loss(changed, potentials, int(target))[1]
        return total / len(seen.targets)

    near = 0
    for layer, gradient, efficacy in (
        ("hidden", found.by_weight[0], settings.efficacy_lsb),
        ("readout", found.by_weight[1].T, settings.readout_efficacy_lsb),
    ):
        strongest = np.argsort(np.abs(gradient).ravel())[-40:]
        for place in random.choice(strongest, 10, replace=False):
            up, down = (getattr(network, layer).copy() for _ in range(2))
            up.flat[place] += step * efficacy
            down.flat[place] -= step * efficacy
            higher, lower = (loss(dataclasses.replace(network, **{layer: w})) for w in (up, down))
            near += (higher - lower) / (2 * step) == pytest.approx(gradient.flat[place], rel=0.01)
    assert near >= 19  # a neuron that barely spikes has a slope that the clip changes


def test_eventprop_points_where_the_chips_own_gradient_points():
    bench = Bench(Settings())
    network, s, random = bench.network(), bench.settings, np.random.default_rng(5)
    cosines = []
    for number in range(40):
        arrivals, label = arrivals_ns(s, random), number % 3
        exact = naive.run(network, arrivals)
        spikes = bench.record(arrivals, exact, label)
        values = bench.sample(naive.readout_potentials(network, exact))[:3]
        bench.backward()
        seen = observed(s, [arrivals], [spikes], [values], [label])
        found = EventPropMethod(s).gradient(seen, arrays(bench))
        for ours, theirs in zip((found.by_weight[0], found.by_weight[1].T), bench.take_gradients(), strict=True):
            if theirs.any():
                cosines.append(cosine(ours, theirs))
    assert len(cosines) > 40 and np.mean(cosines) >= 0.999, np.mean(cosines)


@pytest.mark.parametrize("case", ["default", "equal taus", "slow current"])
def test_superspike_is_its_slow_twin(case):
    bench = Bench(Settings(**CASES[case]))
    network, s, random = bench.network(), bench.settings, np.random.default_rng(6)
    seen, method = played(bench, 7, 3), SuperSpikeMethod(s)
    conversions_ns = method.conversions.first_ns + method.conversions.period_ns * np.arange(method.conversions.count)
    assert conversions_ns[-1] < s.duration_ns <= conversions_ns[-1] + method.conversions.period_ns
    conversions = random.integers(60, 180, (3, len(conversions_ns), s.hidden)).astype(np.uint8)
    seen = dataclasses.replace(seen, conversions=conversions)
    found = method.gradient(seen, arrays(bench))
    errors, _ = softmax_errors(seen.readings, seen.targets, s.sharpness)
    expected = np.zeros_like(network.hidden)
    for n in range(3):
        potentials = conversions[n].astype(float) - 80
        spikes = spikes_of(seen, n, s.hidden)
        measured = conversions_ns.astype(float), potentials, errors[n], 10.0
        expected += surrogate.hidden_gradient(network, seen.arrivals_ns[n], spikes, *measured)
    assert np.allclose(found.by_weight[0], expected * s.efficacy_lsb / 3, rtol=1e-9, atol=1e-12)
    assert np.abs(expected).max() > 0
    exact = EventPropMethod(s).gradient(seen, arrays(bench))
    assert np.allclose(found.by_weight[1], exact.by_weight[1]) and found.loss == exact.loss


def test_errors_are_the_derivative_of_the_loss():
    random = np.random.default_rng(8)
    readings, targets = random.normal(128, 10, (5, 3)), np.array([0, 1, 2, 1, 0])
    errors, loss = softmax_errors(readings, targets, 0.16)
    for n, o in np.ndindex(5, 3):
        moved = readings.copy()
        moved[n, o] += 1e-5
        assert 5 * (softmax_errors(moved, targets, 0.16)[1] - loss) / 1e-5 == pytest.approx(errors[n, o], abs=1e-5)
