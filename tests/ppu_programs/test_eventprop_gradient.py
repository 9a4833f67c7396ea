"""The firmware's integer gradient against the float reference, on the same recorded spikes, weights and clip."""

import numpy as np
import pytest
from numba.core import config as numba_config

from ppu_programs.eventprop.settings import Settings
from tests.naive import eventprop as naive
from tests.ppu_programs.eventprop_bench import Bench

SAMPLES = 20 if numba_config.DISABLE_JIT else 200


def arrivals_ns(settings: Settings, random) -> np.ndarray:
    """Input times of a random point in the plane, its mirror image, and the bias, on the FPGA's clock."""
    x, y = random.uniform(0.1, 0.9, 2)
    values = np.array([x, y, 1 - x, 1 - y])
    times = settings.first_input_ns + values * (settings.last_input_ns - settings.first_input_ns)
    return np.append(np.round(times / 8) * 8, settings.bias_ns)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


CASES = {
    "default": {},
    "paper": {"tau_mem_ns": 20_000, "refractory_ns": 40, "latency_ns": 0, "mean": 24.0, "threshold_lsb": 60},
    "equal taus": dict.fromkeys(("tau_syn_ns", "tau_mem_ns"), 6_000)
    | dict.fromkeys(("readout_tau_syn_ns", "readout_tau_mem_ns"), 20_000)
    | {"efficacy_lsb": 4},
    "slow current": {"tau_syn_ns": 9_000, "tau_mem_ns": 5_000, "slope_limit": 16.0, "efficacy_lsb": 4},
    "sure": {"readout_spread": 24.0, "mean": 20.0},  # many samples are almost right or quite wrong
}


@pytest.mark.parametrize("case", CASES)
def test_gradient_points_where_the_reference_points(case):
    settings = Settings(**CASES[case])
    bench, random = Bench(settings), np.random.default_rng(5)
    network = bench.network()
    cosines, ratios, repeated = [], [], 0
    for number in range(SAMPLES if case == "default" else SAMPLES // 4):
        arrivals, label = arrivals_ns(settings, random), number % 3
        exact = naive.run(network, arrivals)
        spikes = bench.record(arrivals, exact, label)
        values = bench.sample(naive.readout_potentials(network, exact))
        errors, _ = naive.errors_and_loss(network, values[:3].astype(float), label)
        bench.backward()
        found, expected = bench.take_gradients(), naive.gradients(network, arrivals, spikes, errors)
        for ours, theirs in zip(found, expected, strict=True):
            if ours.any() and theirs.any():
                cosines.append(cosine(ours, theirs))
                ratios.append(np.sqrt((ours**2).sum() / (theirs**2).sum()))
        repeated += sum(len(times) > 1 for times in spikes)
    assert len(cosines) > SAMPLES // 4 and repeated > SAMPLES
    assert np.mean(cosines) >= 0.999, (np.mean(cosines), min(cosines))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.005)  # in some bursts an impulse reaches its limit


def test_reference_does_not_agree_with_a_wrong_adjoint():
    """The measure is sharp: without the term of the later spike, or with a refractory time of 0, it falls."""
    settings = Settings(mean=20.0)
    bench, random = Bench(settings), np.random.default_rng(6)
    network = bench.network()
    wrong = naive.Network(**{**network.__dict__, "refractory": 0.0})
    cosines = []
    for number in range(20):
        arrivals = arrivals_ns(settings, random)
        spikes = naive.run(network, arrivals)
        errors, _ = naive.errors_and_loss(network, naive.readout_potentials(network, spikes), number % 3)
        right = naive.gradients(network, arrivals, spikes, errors)[0]
        cosines.append(cosine(right, naive.gradients(wrong, arrivals, spikes, errors)[0]))
    assert np.mean(cosines) < 0.99


def test_errors_are_those_of_the_softmax():
    settings = Settings()
    bench, random = Bench(settings), np.random.default_rng(7)
    for _ in range(100):
        values, label = random.integers(100, 156, 3), int(random.integers(3))
        bench.record(np.array([]), [], label)
        bench.sample(values - 128.0)
        bench.readout.call("loss")
        expected, _ = naive.errors_and_loss(bench.network(), values, label)
        largest = np.abs(expected).max()
        if largest < settings.sharpness * 2.0**-11:
            assert not bench.errors().any()
        elif largest > settings.sharpness * 2.0**-9:
            assert bench.errors() == pytest.approx(expected, rel=2e-3, abs=2e-4 * largest)


def test_counters_count_samples_and_right_answers():
    bench = Bench(Settings())
    for values, label in (((140, 120, 120), 0), ((140, 120, 120), 1), ((255, 0, 0), 0)):
        bench.record(np.array([]), [], label)
        bench.sample(np.array(values) - 128.0)
        bench.readout.call("loss")
    samples, correct, learned, error = bench.readout.regions["counters"]
    assert (samples, correct, learned) == (3, 2, 1)
    p = np.exp(-0.16 * 20) / (1 + 2 * np.exp(-0.16 * 20))
    assert error / 2**12 == pytest.approx(2 * p + 1 - p, abs=2e-3)
