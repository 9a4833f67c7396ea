"""The float reference of EventProp against central finite differences, away from where spikes come and go."""

from dataclasses import replace

import numpy as np
import pytest
from numba.core import config as numba_config

from tests.naive import eventprop as naive

STEP = 1e-6
SEEDS = 1 if numba_config.DISABLE_JIT else 4
GRAZING = 0.3  # least I - threshold at every spike for a difference to count


def network(seed: int, **constants) -> naive.Network:
    random = np.random.default_rng(seed)
    hidden, readout = random.normal(3.0, 2.0, (5, 8)), random.normal(0.0, 1.0, (3, 8))
    return naive.Network(hidden, readout, sharpness=4.0, **constants)


def differences(network: naive.Network, arrivals, label, name: str) -> np.ndarray:
    """Central differences of the loss by every weight of one layer; nan where a spike comes or goes."""
    weights = getattr(network, name)
    counts = [len(times) for times in naive.run(network, arrivals)]
    result = np.full(weights.shape, np.nan)
    for at in np.ndindex(weights.shape):
        losses = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[at] += sign * STEP
            other = replace(network, **{name: moved})
            spikes = naive.run(other, arrivals)
            if [len(times) for times in spikes] == counts:
                potentials = naive.readout_potentials(other, spikes)
                losses.append(naive.errors_and_loss(other, potentials, label)[1])
        if len(losses) == 2:
            result[at] = (losses[0] - losses[1]) / (2 * STEP)
    return result


def steep(network: naive.Network, arrivals, times) -> bool:
    """True where no spike of a neuron grazes the threshold."""
    j, spikes = times
    weights = np.ascontiguousarray(network.hidden[:, j])
    return all(naive.current(s, weights, arrivals, network.tau_syn) - network.threshold > GRAZING for s in spikes)


CASES = {
    "paper": {},
    "refractory": {"refractory": 2.0, "latency": 0.1},
    "other taus": {"tau_syn": 4.0, "tau_mem": 9.0, "refractory": 1.5, "readout_tau_syn": 15.0, "readout_tau_mem": 60.0},
    "slow current": {"tau_syn": 12.0, "tau_mem": 7.0, "refractory": 1.0},
    "equal taus": {"tau_syn": 6.0, "tau_mem": 6.0, "refractory": 0.5, "readout_tau_syn": 8.0, "readout_tau_mem": 8.0},
}


@pytest.mark.parametrize("case", CASES)
def test_gradient_is_that_of_finite_differences(case):
    checked = repeated = 0
    for seed in range(SEEDS):
        net = network(seed, **CASES[case])
        arrivals = np.random.default_rng(100 + seed).uniform(1.0, 25.0, 5)
        label = seed % 3
        _, hidden, readout = naive.loss_and_gradients(net, arrivals, label)
        spikes = naive.run(net, arrivals)
        by_difference = differences(net, arrivals, label, "hidden")
        for j, times in enumerate(spikes):
            if len(times) and steep(net, arrivals, (j, times)) and np.isfinite(by_difference[:, j]).all():
                scale = np.abs(by_difference[:, j]).max()
                assert np.abs(hidden[:, j] - by_difference[:, j]).max() <= 1e-3 * scale + 1e-8, (seed, j, times)
                checked += 1
                repeated += len(times) >= 2
        assert readout == pytest.approx(differences(net, arrivals, label, "readout"), rel=1e-3, abs=1e-7)
    assert checked >= 3 * SEEDS, "too few neurons were away from grazing"
    assert repeated >= SEEDS, "too few neurons fired twice"


def test_spikes_solve_the_equation_of_the_membrane():
    """Against a plain Euler integration of the two differential equations."""
    net = network(7, refractory=2.0, tau_syn=4.0, tau_mem=9.0)
    arrivals = np.array([1.0, 3.0, 8.5, 12.0, 20.0])
    step = 1e-3
    for j, expected in enumerate(naive.run(net, arrivals)):
        v = current = 0.0
        held_until, found = -1.0, []
        for n in range(int(net.duration / step)):
            t = n * step
            current += net.hidden[np.abs(arrivals - t) < step / 2, j].sum()
            v = v + step / net.tau_mem * (current - v) if t >= held_until else 0.0
            current -= step / net.tau_syn * current
            if v >= net.threshold:
                found.append(t)
                v, held_until = 0.0, t + net.refractory
        assert found == pytest.approx(expected, abs=0.02)


def test_limit_bounds_the_sensitivity():
    net = network(1)
    arrivals = np.array([1.0, 3.0, 8.5, 12.0, 20.0])
    exact = naive.loss_and_gradients(net, arrivals, 0)[1]
    assert np.abs(naive.loss_and_gradients(replace(net, slope_limit=1e9), arrivals, 0)[1] - exact).max() == 0.0
    limited = naive.loss_and_gradients(replace(net, slope_limit=0.01), arrivals, 0)[1]
    assert np.abs(limited).sum() < 0.1 * np.abs(exact).sum()
