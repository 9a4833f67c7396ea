"""The float reference of Fast & Deep against the paper's closed form and against central finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from numba.core import config as numba_config

from tests.naive import fast_and_deep as naive

STEP = 1e-6
SEEDS = 2 if numba_config.DISABLE_JIT else 12


def network(seed: int, **constants) -> naive.Network:
    random = np.random.default_rng(seed)
    hidden, readout = random.normal(1.5, 0.8, (5, 8)), random.normal(1.0, 0.5, (3, 8))
    return naive.Network(hidden, readout, **constants)


def test_measured_time_and_slope_are_the_closed_form_with_lambert_w():
    random, checked = np.random.default_rng(1), 0
    for _ in range(60):
        weights, arrivals = random.normal(1.5, 0.8, 5), random.uniform(1.0, 14.0, 5)
        found = naive._layer(weights[None], arrivals, 60.0, 7.0, 7.0, 1.0)[0]
        time, *_ = naive.first_spike_time(weights, arrivals, 7.0, 1.0)
        assert np.isnan(found) == np.isnan(time)
        if not np.isnan(found):
            assert found == pytest.approx(time, rel=1e-6)
            expected = naive.first_spike_gradient(weights, arrivals, 7.0, 1.0)
            ours = naive._derivatives(found, weights, arrivals, 7.0, 7.0, 1.0, np.inf, False)
            if np.abs(expected[0]).max() < 50.0:  # else the spike grazes the threshold
                assert ours[0] == pytest.approx(expected[0], rel=1e-3, abs=1e-6)
                assert ours[1] == pytest.approx(expected[1], rel=1e-3, abs=1e-6)
                checked += 1
    assert checked > 30


CASES = {
    "default": {},
    "early": {"early": 0.2, "softness": 2.0},
    "other taus": {"tau_syn": 5.0, "tau_mem": 10.0, "readout_tau_syn": 4.0, "readout_tau_mem": 12.0},
    "slow current": {"tau_syn": 9.0, "tau_mem": 5.0, "latency": 1.0},
}


@pytest.mark.parametrize("case", CASES)
def test_gradient_is_that_of_finite_differences(case):
    checked = 0
    for seed in range(SEEDS):
        net, random = network(seed, **CASES[case]), np.random.default_rng(seed)
        arrivals, label = random.uniform(1.0, 14.0, 5), seed % 3
        times = naive.run(net, arrivals)
        if np.isnan(times[1]).any():
            continue
        for name, gradient in zip(("hidden", "readout"), naive.gradients(net, arrivals, *times, label), strict=True):
            for at in np.ndindex(gradient.shape):
                losses = []
                for sign in (1, -1):
                    moved = getattr(net, name).copy()
                    moved[at] += sign * STEP
                    other = replace(net, **{name: moved})
                    moved_times = naive.run(other, arrivals)
                    jumps = [np.nanmax(np.abs(a - b), initial=0.0) for a, b in zip(times, moved_times, strict=True)]
                    if max(jumps) < 1e3 * STEP:  # no spike came, went, or jumped
                        losses.append(naive.errors_and_loss(other, moved_times[1], label)[1])
                if len(losses) == 2:
                    difference = (losses[0] - losses[1]) / (2 * STEP)
                    assert difference == pytest.approx(gradient[at], rel=2e-3, abs=2e-4), (seed, name, at)
                    checked += 1
    assert checked > 30 * SEEDS


def test_a_gradient_without_the_slope_of_the_membrane_is_noticed():
    """The measure is sharp: with 1 / V' at one value for all neurons, direction is lost."""
    cosines = []
    for seed in range(8):
        net, arrivals = network(seed), np.random.default_rng(seed).uniform(1.0, 14.0, 5)
        times = naive.run(net, arrivals)
        right = naive.gradients(net, arrivals, *times, 0)[0]
        flat = naive.gradients(replace(net, slope_limit=1e-3), arrivals, *times, 0)[0]
        cosines.append((right * flat).sum() / np.sqrt((right**2).sum() * (flat**2).sum()))
    assert np.nanmean(cosines) < 0.97
