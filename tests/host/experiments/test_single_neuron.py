"""The analytic curves against a root finder and finite differences, and both estimates against the analytic curve."""

import numpy as np
import pytest
from scipy.optimize import brentq

from chip.neurons.propagators import current_to_membrane
from host.experiments import single_neuron
from host.experiments.outcome import mean_and_spread
from ppu_programs.network import LIF

NEURON = LIF(1, tau_mem_ns=10_000, tau_syn_ns=5_000, threshold_lsb=63)
EFFICACY_LSB = 10
WEIGHTS = np.array([26.0, 30.0, 41.5, 63.0])
PEAK_NS = 10_000 * np.log(2)


def potential(time_ns, weight):
    return weight * EFFICACY_LSB * current_to_membrane(np.array([time_ns]), 10_000.0, 5_000.0)[0]


def test_the_spike_time_is_where_the_membrane_meets_the_threshold():
    found = single_neuron.spike_time(NEURON, EFFICACY_LSB, WEIGHTS)
    expected = [brentq(lambda t, w=w: potential(t, w) - 63.0, 1.0, PEAK_NS, xtol=1e-9) for w in WEIGHTS]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.isnan(single_neuron.spike_time(NEURON, EFFICACY_LSB, np.array([25.0, 0.0]))).all()


def test_the_derivative_is_that_of_the_spike_time():
    step = 1e-5
    before, after = (single_neuron.spike_time(NEURON, EFFICACY_LSB, WEIGHTS + d) for d in (-step, step))
    found = single_neuron.derivative(NEURON, EFFICACY_LSB, WEIGHTS)
    np.testing.assert_allclose(found, (after - before) / (2 * step), rtol=1e-6)


def test_the_curve_is_that_of_one_ratio_of_time_constants():
    with pytest.raises(ValueError, match="tau_mem = 2 tau_syn; this neuron has 10000 and 6000 ns"):
        single_neuron.spike_time(LIF(1, tau_syn_ns=6_000), EFFICACY_LSB, WEIGHTS)


def test_eventprop_finds_the_derivative_from_the_true_spike_time():
    spikes = single_neuron.spike_time(NEURON, EFFICACY_LSB, WEIGHTS)
    found = single_neuron.eventprop_estimate(NEURON, EFFICACY_LSB, WEIGHTS, spikes, np.inf)
    np.testing.assert_allclose(found, single_neuron.derivative(NEURON, EFFICACY_LSB, WEIGHTS), rtol=1e-9)
    limited = single_neuron.eventprop_estimate(NEURON, EFFICACY_LSB, WEIGHTS, spikes, 8.0)
    np.testing.assert_allclose(limited[1:], found[1:], rtol=1e-12)  # far from the clip
    late = single_neuron.eventprop_estimate(NEURON, EFFICACY_LSB, np.array([26.0]), np.array([30_000.0]), 8.0)
    response = single_neuron.response(NEURON, np.array([30_000.0]))
    np.testing.assert_allclose(late, -EFFICACY_LSB * 10_000 * response * 8 / 63)
    assert np.isnan(single_neuron.eventprop_estimate(NEURON, EFFICACY_LSB, WEIGHTS, np.nan, 8.0)).all()


def test_the_surrogate_follows_the_derivative_where_sampling_is_dense():
    times, end = np.arange(0, 40_000, 4), 40_000
    spikes = single_neuron.spike_time(NEURON, EFFICACY_LSB, WEIGHTS)
    membranes = WEIGHTS[:, None] * EFFICACY_LSB * single_neuron.response(NEURON, times)
    membranes[times > spikes[:, None]] = -1e6  # far from threshold after the spike: what comes before is all there is
    found = single_neuron.surrogate_estimate(NEURON, EFFICACY_LSB, membranes, times, end)
    expected = single_neuron.derivative(NEURON, EFFICACY_LSB, WEIGHTS) * (end - spikes)
    ratio = found / expected
    assert ratio[1:].std() < 0.1 * ratio[1:].mean() and (found < 0).all()


def test_mean_and_spread_leave_out_what_is_not_there():
    values = np.array([[1.0, 2.0, np.nan, 6.0], [np.nan] * 4])
    mean, spread = mean_and_spread(values, axis=1)
    assert mean[0] == 3.0 and spread[0] == pytest.approx(np.std([1, 2, 6])) and np.isnan([mean[1], spread[1]]).all()
    full = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(mean_and_spread(full, axis=(0, 2)), [full.mean(axis=(0, 2)), full.std(axis=(0, 2))])
