"""Fast & Deep in the host loop: its gradient against its slow twin, differences of the loss, and the chip's own."""

import dataclasses

import numpy as np
import pytest

import ppu_programs
from chip import Chip, ChipConfig
from host import tasks
from host.loop import methods
from host.loop.host_loop import HostLoop
from host.loop.methods.fast_and_deep import FastAndDeepMethod, time_errors
from host.loop.observation import Observation, Spikes
from ppu_programs import FastAndDeep
from ppu_programs.fast_and_deep.settings import Settings
from tests.naive import fast_and_deep as naive
from tests.ppu_programs.fast_and_deep_bench import Bench
from tests.ppu_programs.test_eventprop_gradient import arrivals_ns, cosine

CASES = {
    "default": {},
    "two taus": {"tau_mem_ns": 12_000, "readout_tau_mem_ns": 9_000, "early": 0.02},
    "silent": {"readout_mean": 1.0, "readout_spread": 3.0},
}


def first_spikes(times: np.ndarray) -> Spikes:
    """One spike at most of each neuron, from float[n, neurons]."""
    spikes, neurons, first = [], [], [0]
    for sample in times:
        order = np.argsort(sample)[: int(np.sum(~np.isnan(sample)))]
        spikes, neurons, first = [*spikes, *sample[order]], [*neurons, *order], [*first, first[-1] + len(order)]
    return Spikes(np.array(spikes, float), np.array(neurons, np.int64), np.array(first, np.int64))


def observed(settings: Settings, arrivals, hidden, readouts, targets) -> Observation:
    """What a host sees of first spikes, float[n, hidden] and float[n, readouts], NaN where there is none."""
    return Observation(
        arrivals_ns=np.array(arrivals),
        targets=np.array(targets, np.int64),
        readings=np.zeros((len(hidden), 0), np.uint8),
        spikes=tuple(first_spikes(times) for times in (hidden, readouts)),
        conversions=np.zeros((len(hidden), 0, settings.hidden), np.uint8),
    )


def arrays(bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    network, s = bench.network(), bench.settings
    return network.hidden / s.efficacy_lsb, network.readout.T / s.readout_efficacy_lsb


def played(bench: Bench, seed: int, count: int):
    random, network = np.random.default_rng(seed), bench.network()
    arrivals = [arrivals_ns(bench.settings, random) for _ in range(count)]
    hidden, readouts = (np.array(times) for times in zip(*(naive.run(network, a) for a in arrivals), strict=True))
    targets = [n % 3 for n in range(count)]
    return arrivals, hidden, readouts, targets, observed(bench.settings, arrivals, hidden, readouts, targets)


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_the_references(case):
    bench = Bench(Settings(**CASES[case]))
    network, s = bench.network(), bench.settings
    arrivals, hidden, readouts, targets, seen = played(bench, 1, 6)
    found = FastAndDeepMethod(s).gradient(seen, arrays(bench))
    expected, loss = [np.zeros_like(network.hidden), np.zeros_like(network.readout)], 0.0
    for n, target in enumerate(targets):
        parts = naive.gradients(network, arrivals[n], hidden[n], readouts[n], target)
        expected = [total + part for total, part in zip(expected, parts, strict=True)]
        loss += naive.errors_and_loss(network, readouts[n], target)[1]
    assert np.isnan(readouts).any() == (case == "silent") and np.abs(expected[0]).max() > 0
    assert found.loss == pytest.approx(loss / 6)
    assert np.allclose(found.by_weight[0], expected[0] * s.efficacy_lsb / 6, rtol=1e-8, atol=1e-12)
    assert np.allclose(found.by_weight[1].T, expected[1] * s.readout_efficacy_lsb / 6, rtol=1e-8, atol=1e-12)
    assert ((found.lift > 0) == np.isnan(hidden).all(axis=0)).all()


def test_it_is_the_difference_quotient_of_the_loss():
    settings = Settings(slope_limit=64.0, readout_slope_limit=64.0)
    bench = Bench(settings)
    network = bench.network()
    arrivals, _, _, targets, seen = played(bench, 2, 3)
    found = FastAndDeepMethod(settings).gradient(seen, arrays(bench))
    step, near, random = 1e-4, 0, np.random.default_rng(1)

    def loss(changed) -> float:
        ends = (naive.run(changed, times)[1] for times in arrivals)
        return sum(naive.errors_and_loss(changed, end, t)[1] for end, t in zip(ends, targets, strict=True)) / 3

    for layer, gradient, efficacy in (
        ("hidden", found.by_weight[0], settings.efficacy_lsb),
        ("readout", found.by_weight[1].T, settings.readout_efficacy_lsb),
    ):
        for place in random.choice(np.argsort(np.abs(gradient).ravel())[-40:], 10, replace=False):
            up, down = (getattr(network, layer).copy() for _ in range(2))
            up.flat[place] += step * efficacy
            down.flat[place] -= step * efficacy
            higher, lower = (loss(dataclasses.replace(network, **{layer: w})) for w in (up, down))
            near += (higher - lower) / (2 * step) == pytest.approx(gradient.flat[place], rel=0.01)
    assert near >= 18  # a neuron that barely spikes has a slope that the clip changes


def test_it_points_where_the_chips_own_gradient_points():
    bench, random, cosines = Bench(Settings()), np.random.default_rng(3), []
    network, s = bench.network(), bench.settings
    for number in range(40):
        arrivals, label = arrivals_ns(s, random), number % 3
        times = bench.record(arrivals, *naive.run(network, arrivals), label)
        bench.backward()
        seen = observed(s, [arrivals], times[0][None], times[1][None], [label])
        found = FastAndDeepMethod(s).gradient(seen, arrays(bench))
        for ours, theirs in zip((found.by_weight[0], found.by_weight[1].T), bench.take_gradients(), strict=True):
            if theirs.any():
                cosines.append(cosine(ours, theirs))
    assert len(cosines) > 40 and np.mean(cosines) >= 0.999, np.mean(cosines)


def test_errors_are_the_derivative_of_the_loss():
    random = np.random.default_rng(4)
    ends, targets = random.uniform(10_000, 11_000, (5, 3)), np.array([0, 1, 2, 1, 0])
    errors, loss = time_errors(ends, targets, 250.0, 0.1, 30_000.0)
    for n, o in np.ndindex(5, 3):
        moved = ends.copy()
        moved[n, o] += 1e-2
        assert 5 * (time_errors(moved, targets, 250.0, 0.1, 30_000.0)[1] - loss) / 1e-2 == pytest.approx(
            errors[n, o], abs=1e-6
        )


@pytest.mark.slow
def test_it_learns_by_first_spikes():
    host = HostLoop(Chip(ChipConfig.ideal(seed=1)))
    host.load(FastAndDeep(epochs=3, seed=1), tasks.yin_yang().head(500, 20, 30))
    result = host.run()
    losses = result.arrays["train_loss"]
    assert losses[2] < 0.8 * losses[0] and result.learning[2] > 0.6 and result.complete
    assert len(set(result.arrays["test_predictions"].tolist())) == 3
    assert sum(result.losses.values()) == 0


ON_THE_CHIP_ALONE = {
    "equilibrium-propagation",
    "equilibrium-softmax",
    "latent-predictive",
}  # what a host does not play


def test_every_other_rule_that_learns_has_a_method_of_its_name():
    assert set(methods.names()) == set(ppu_programs.names()) - ON_THE_CHIP_ALONE
    for name in methods.names():
        assert methods.method(name)(ppu_programs.load(name).settings_class()).name == name
