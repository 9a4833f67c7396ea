"""Equilibrium propagation with a softmax readout: place, settings, checks, and the rule on the whole chip."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from host import Host
from host.tasks import Split, Task
from ppu_programs import EquilibriumSoftmax
from ppu_programs.equilibrium_softmax.checks import Checks
from ppu_programs.equilibrium_softmax.network import SoftmaxPlacement
from ppu_programs.equilibrium_softmax.settings import LANES_OF_A_VECTOR as LANES
from ppu_programs.equilibrium_softmax.settings import Settings
from ppu_programs.two_layer import weights


def blobs(train, evaluated, classes=3, inputs=6, seed=0):
    """Points around a centre of each class."""
    random = np.random.default_rng(seed)
    centres = random.uniform(0.2, 0.8, (classes, inputs))

    def split(count):
        targets = np.arange(count) % classes
        return Split(np.clip(centres[targets] + random.normal(0, 0.08, (count, inputs)), 0, 1), targets)

    return Task("blobs", tuple("abcdefghij"[:classes]), split(train), split(evaluated), split(evaluated))


def run(firmware, task, seed=1):
    host = Host(Chip(ChipConfig.typical(seed=seed)))
    host.load(firmware, task)
    result = host.run()
    return host, result


def shadow(host):
    """float64[rows, hidden], in shadow steps."""
    places = host.built.plan.places
    rows = [processor.regions["shadow"].reshape(-1, LANES) for processor in host.chip.processors]
    return np.concatenate([its[:, : len(side.numbers)] for its, side in zip(rows, places.sides, strict=True)], axis=1)


def test_it_learns_and_leaves_what_it_has_learned_in_the_synapses():
    task = blobs(120, 30)
    host, result = run(EquilibriumSoftmax(epochs=2, hidden=20, rate=0.2, seed=3), task)
    assert result.complete
    assert result.losses == dict.fromkeys(result.losses, 0)
    assert result.metrics["accuracy"] >= 0.9
    places, learned = host.built.plan.places, shadow(host)
    assert (places.load(result.weights) == weights.steps(learned[: places.inputs])).all()
    first = np.round(512 * host.built.plan.hidden)
    assert abs(learned[: places.inputs] - np.clip(first, -32256, 32256)).max() > 100
    assert result.arrays["readout_weights"].shape == (3, 20)
    assert len(result.arrays["train_accuracy"]) == 2
    assert result.metrics["silent"] <= 0.2


def test_a_rate_of_nothing_leaves_the_hidden_layer_and_still_learns_the_readout():
    task = blobs(120, 30, classes=4, inputs=4, seed=5)
    frozen = run(EquilibriumSoftmax(epochs=1, hidden=20, rate=0.0, seed=1), task)[0]
    places = frozen.built.plan.places
    learned = shadow(frozen)
    assert (learned[: places.inputs] == np.clip(np.round(512 * frozen.built.plan.hidden), -32256, 32256)).all()
    assert abs(learned[places.inputs :]).max() > 1000


def test_without_certainty_every_phase_is_played_and_timed():
    task = blobs(40, 10)
    host, result = run(EquilibriumSoftmax(epochs=1, hidden=10, certain=0.0, seed=1), task)
    assert host.chip.player.played == 3 * 40 + 20
    assert result.metrics["certain_fraction"] == 0.0
    assert result.speed["chip_us_per_sample"] > 3 * 48


@settings(max_examples=8, deadline=None)
@given(hidden=st.sampled_from([2, 10, 100, 128]), inputs=st.integers(2, 65))
def test_each_processor_has_all_synapses_onto_its_hidden_neurons(hidden, inputs):
    places = SoftmaxPlacement(Settings(hidden=hidden), inputs)
    given_weights = np.random.default_rng(hidden).integers(-63, 64, (inputs, hidden))
    registers = places.registers(given_weights)
    assert (places.load(registers.weights) == given_weights).all()
    assert registers.enabled.sum() == 2 * hidden + 2 * (inputs - 1)
    registers.check()


IMPOSSIBLE = [
    *({"method": "complex"}, {"reads": 3}, {"beta": 0.0}, {"hidden": 130}, {"hidden": 11}, {"frame_ns": 16_000}),
    *({"method": "chebyshev", "slots": 10}, {"leak_lsb": 200, "threshold_lsb": 60}, {"certain": 0.7}),
    {"beta": 4.0, "teacher_khz": 20.0},
]


@pytest.mark.parametrize("changes", IMPOSSIBLE)
def test_settings_that_cannot_work_are_refused_in_a_sentence(changes):
    with pytest.raises(ValueError, match="equilibrium propagation with softmax"):
        Settings(**changes)


@pytest.mark.parametrize(("task", "words"), [
    (blobs(40, 40, inputs=65), "a sample has 65 inputs; this rule takes 64 at most"),
    (blobs(8, 40), "8 training samples are less than a batch of 10"),
])  # fmt: skip
def test_tasks_that_it_cannot_learn_are_refused_before_anything_is_loaded(task, words):
    with pytest.raises(ValueError, match=words):
        EquilibriumSoftmax().build(task, ChipConfig.ideal())


def test_a_run_that_fails_its_checks_says_so_in_words():
    highest = np.array([[0] * 3 + [190 * 128] * 2 + [5000] * 5, [64 * 64] * 2 + [100] * 8])
    checks = Checks(Settings(), highest)
    assert checks.metrics() == {"silent": 0.3, "saturated": 0.2, "clipped_nudges": 0.2}
    silent, saturated, clipped = checks.sentences()
    assert "30% of the hidden neurons spike with no sample" in silent
    assert "the traces of 20%" in saturated
    assert "nudges of 20%" in clipped


def test_a_run_that_passes_or_was_interrupted_says_nothing():
    assert Checks(Settings(), np.full((2, 10), 3000)).sentences() == []
    assert Checks(Settings(), None).sentences() == []
    assert set(Checks(Settings(), None).metrics().values()) == {None}


def test_digits_fit():
    task = Task("digits-8x8", tuple("0123456789"), *(Split(np.zeros((20, 64)), np.arange(20) % 10),) * 3)
    EquilibriumSoftmax(hidden=128).build(task, ChipConfig.typical())
