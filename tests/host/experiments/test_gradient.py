"""The experiment on one spike time: an ideal chip gives the analytic curves; noise, phase and mismatch spread them."""

import dataclasses

import numpy as np

from chip.base import constants as c
from chip.base.config import ChipConfig, ImperfectionConfig
from host.experiments import gradient, single_neuron

WEIGHTS = np.array([30, 45, 63])
(LINEAR, NEURON), *_ = single_neuron.network(1)


def with_only(*imperfections):
    """A chip with some imperfections."""
    switches = {name: name in imperfections for name in ImperfectionConfig.names()}
    return dataclasses.replace(ChipConfig.ideal(seed=3), imperfections=ImperfectionConfig(**switches))


def test_an_ideal_chip_agrees_with_the_analytic_curves():
    trials = gradient.measure(ChipConfig.ideal(), WEIGHTS, gradient.all_phases(3), neurons=2)
    times = single_neuron.spike_time(NEURON, LINEAR.efficacy_lsb, WEIGHTS)
    late_ns = times[:, None, None] - trials.spikes_ns
    assert trials.spikes_ns.shape == (3, 3, 2) and (np.abs(late_ns) <= c.FPGA_CLOCK_NS).all()
    found = gradient.estimates(trials, WEIGHTS)["eventprop"]
    truth = single_neuron.derivative(NEURON, LINEAR.efficacy_lsb, WEIGHTS)
    np.testing.assert_allclose(found, np.broadcast_to(truth[:, None, None], found.shape), rtol=0.02)


def test_the_membranes_are_those_of_the_neuron_until_it_spikes():
    trials = gradient.measure(ChipConfig.ideal(), WEIGHTS[:1], gradient.all_phases(4), neurons=1)
    assert trials.conversions_ns[:, 0].tolist() == [0, 424, 848, 1_272]  # the phase of sampling differs
    seen_of_trials, spikes = trials.membranes_lsb[0, :, 0], trials.spikes_ns[0, :, 0]
    for seen_ns, seen, spike in zip(trials.conversions_ns, seen_of_trials, spikes, strict=True):
        before, held = (
            seen_ns <= spike,
            (seen_ns > spike + c.FPGA_CLOCK_NS) & (seen_ns < spike + NEURON.refractory_ns),
        )
        expected = WEIGHTS[0] * LINEAR.efficacy_lsb * single_neuron.response(NEURON, seen_ns[before])
        assert before.any() and (np.abs(seen[before] - expected) <= 1).all()
        assert held.any() and (seen[held] == 0).all()


def test_a_weight_that_is_too_small_gives_no_spike():
    trials = gradient.measure(ChipConfig.ideal(), np.array([25]), [0], neurons=1)
    assert np.isnan(trials.spikes_ns).all()


def test_noise_differs_between_trials_and_mismatch_between_neurons():
    noisy = gradient.measure(with_only("membrane_noise"), WEIGHTS[1:2], [0] * 20, neurons=8).spikes_ns[0]
    unequal = gradient.measure(with_only("threshold", "tau_mem"), WEIGHTS[1:2], [0] * 3, neurons=20).spikes_ns[0]
    assert (noisy.std(axis=0) > 10).all()
    assert (unequal.std(axis=0) == 0).all() and unequal[0].std() > 10


def test_without_noise_a_chip_keeps_its_mismatch_and_repeats_exactly():
    config = ChipConfig.typical(seed=3)
    assert config.imperfections.membrane_noise
    trials = gradient.measure(gradient.without_noise(config), WEIGHTS[1:2], [400] * 3, neurons=8)
    assert (trials.membranes_lsb == trials.membranes_lsb[:, :1]).all() and trials.spikes_ns[0, 0].std() > 10
    noisy = gradient.measure(config, WEIGHTS[1:2], [400] * 20, neurons=8).spikes_ns[0]
    assert np.corrcoef(noisy.mean(axis=0), trials.spikes_ns[0, 0])[0, 1] > 0.9


def test_the_three_spreads_are_told_apart():
    ideal = gradient.run(ChipConfig.ideal(seed=1), WEIGHTS, trials=17, neurons=3).summary["chip"]
    for method in ("eventprop", "surrogate"):
        assert ideal[method]["noise"] == ideal[method]["mismatch"] == 0.0
    assert ideal["eventprop"]["phase"] == 0.0 and ideal["surrogate"]["phase"] > 1.0
    unequal = gradient.run(with_only("threshold"), WEIGHTS, trials=5, neurons=5).summary["chip"]["eventprop"]
    assert unequal["noise"] == unequal["phase"] == 0.0 and unequal["mismatch"] > 0.01
    noisy = gradient.run(with_only("membrane_noise"), WEIGHTS, trials=5, neurons=5).summary["chip"]["eventprop"]
    assert noisy["noise"] > 0.01 and noisy["phase"] == noisy["mismatch"] == 0.0


def test_on_a_typical_chip_spikes_tell_the_gradient_better_than_samples():
    outcome = gradient.run(ChipConfig.typical(seed=1), np.array([36, 44, 52]), trials=17, neurons=16)
    chip, ideal = outcome.summary["chip"], outcome.summary["ideal"]
    assert chip["eventprop"]["bias"] < 0.1 and chip["silent"] == 0.0
    assert 0 < 5 * chip["eventprop"]["noise"] < chip["surrogate"]["noise"]
    assert chip["eventprop"]["phase"] == 0.0 and chip["surrogate"]["phase"] > 2 * chip["surrogate"]["noise"]
    assert outcome.arrays["chip_repeats_surrogate_ns"].shape == (3, gradient.REPEATED_PHASES, 17, 16)
    assert ideal["eventprop"]["noise"] == 0.0 and ideal["eventprop"]["bias"] < 0.02
    assert outcome.summary["bytes"] == {"eventprop": 4, "surrogate": 24}
    assert outcome.arrays["chip_eventprop_ns"].shape == (3, 17, 16)
    (line,) = (line for line in outcome.report.splitlines() if line.startswith("  chip, eventprop"))
    assert line.split()[2:] == ["4"] + [
        f"{chip['eventprop'][name]:.1%}" for name in ("bias", "noise", "phase", "mismatch")
    ]
