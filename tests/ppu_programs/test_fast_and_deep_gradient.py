"""The firmware's integer gradient against the float reference, on the same recorded spikes, weights and clip."""

import numpy as np
import pytest
from numba.core import config as numba_config

from ppu_programs.fast_and_deep.settings import Settings
from tests.naive import fast_and_deep as naive
from tests.ppu_programs.fast_and_deep_bench import Bench

SAMPLES = 8 if numba_config.DISABLE_JIT else 60


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
    "early": {"early": 0.1, "softness_ns": 1_500},
    "other taus": {
        "tau_syn_ns": 5_000,
        "tau_mem_ns": 10_000,
        "readout_tau_syn_ns": 4_000,
        "readout_tau_mem_ns": 12_000,
    },
    "slow current": {"tau_syn_ns": 9_000, "tau_mem_ns": 5_000, "slope_limit": 16.0, "latency_ns": 1_004},
    "signs": {"readout_mean": 6.0, "readout_spread": 24.0, "mean": 12.0, "spread": 24.0},
    "low threshold": {"readout_threshold_lsb": 10, "readout_efficacy_lsb": 4, "readout_slope_limit": 4.0},
}


@pytest.mark.parametrize("case", CASES)
def test_gradient_points_where_the_reference_points(case):
    settings = Settings(**CASES[case])
    bench, random = Bench(settings), np.random.default_rng(5)
    network = bench.network()
    cosines, ratios = [], []
    for number in range(SAMPLES if case == "default" else SAMPLES // 3):
        arrivals, label = arrivals_ns(settings, random), number % 3
        spikes = bench.record(arrivals, *naive.run(network, arrivals), label)
        bench.backward()
        found, expected = bench.take_gradients(), naive.gradients(network, arrivals, *spikes, label)
        for ours, theirs in zip(found, expected, strict=True):
            if ours.any() and np.abs(theirs).max() > 0:
                cosines.append(cosine(ours, theirs))
                ratios.append(np.sqrt((ours**2).sum() / (theirs**2).sum()))
    assert len(cosines) > SAMPLES // 3
    assert np.mean(cosines) >= 0.999, (np.mean(cosines), min(cosines))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.01)


def test_errors_are_those_of_the_softmax_of_times():
    for early in (0.0, 0.05):
        settings = Settings(early=early)
        bench, random, learned = Bench(settings), np.random.default_rng(7), 0
        for _ in range(100):
            times, label = random.uniform(12_000, 14_500, 3), int(random.integers(3))
            _, recorded = bench.record(np.zeros(5), [], times, label)
            bench.readout.call("loss")
            expected, _ = naive.errors_and_loss(bench.network(), recorded, label)
            largest = np.abs(expected).max() * settings.softness_ns
            if largest < 2.0**-11:
                assert not bench.errors().any()
                learned += 1
            elif largest > 2.0**-9:
                assert bench.errors() == pytest.approx(expected, rel=3e-3, abs=3e-4 * np.abs(expected).max())
        assert (learned > 0) == (early == 0.0)


def test_a_silent_label_counts_as_a_spike_at_the_end_and_other_silent_readouts_not_at_all():
    settings = Settings()
    bench, random = Bench(settings), np.random.default_rng(8)
    network = bench.network()
    arrivals = arrivals_ns(settings, random)
    hidden, _ = naive.run(network, arrivals)
    for readout_ns in ([np.nan, 9_000.0, np.nan], [np.nan] * 3):
        spikes = bench.record(arrivals, hidden, readout_ns, 0)
        bench.backward()
        (_, ours), expected = bench.take_gradients(), naive.gradients(network, arrivals, *spikes, 0)
        assert (ours[0] <= 0).all() and (ours[0] < 0).sum() > 50  # a step against the gradient raises the weights
        assert not ours[2].any()
        assert cosine(ours, expected[1]) > 0.999
    regions = bench.readout.regions
    assert regions["counters"].tolist()[:2] == [2, 1] and regions["predictions"][:2].tolist() == [1, 0]


def test_gradients_of_the_worst_sample_stay_in_range():
    """All neurons spike at once with the steepest errors and the flattest membranes."""
    settings = Settings(readout_mean=63.0, readout_spread=0.0, mean=63.0, spread=0.0, readout_threshold_lsb=125)
    bench = Bench(settings)
    bench.record(np.full(5, 1_000), np.full(120, 8_000), [9_000, 30_000 - 8, 30_000 - 8], 1)
    for _ in range(2_000):
        bench.backward()
    for side in (bench.hidden, bench.readout):
        assert np.abs(side.regions["gradient"].astype(np.int64)).max() <= 1 << 30
    ours = bench.take_gradients()[1]
    assert (ours[0, :120] >= 0).all() and (ours[1, :120] <= 0).all()


def test_impulses_that_are_too_small_to_count_leave_no_gradient():
    """A threshold far below one spike's current, and errors near the least that count: the largest exponents."""
    strong = {"readout_threshold_lsb": 1, "readout_efficacy_lsb": 100, "readout_mean": 63.0, "readout_spread": 0.0}
    settings = Settings(hidden=128, **strong)
    bench = Bench(settings)
    for lead_ns, exponent in ((400, 30), (416, 31), (432, 31)):
        bench.record(np.full(5, 2_000.0), np.full(128, 4_000.0), 4_300.0 + lead_ns * np.array([0, 1, 1]), 0)
        bench.backward()
        assert bench.hidden.regions["errors"][0] == exponent
        assert not bench.hidden.regions["gradient"].any() and not bench.readout.regions["gradient"].any()
