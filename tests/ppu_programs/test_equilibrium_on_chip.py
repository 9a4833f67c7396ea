"""Equilibrium propagation on the whole chip: what it learns from, what it leaves, and that nobody helps it."""

import dataclasses

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EquilibriumPropagation
from ppu_programs.two_layer import weights
from tests.naive.equilibrium_rates import Twin, cosine

SHOWN = 200
SHADOW_ONE = 512


class From(EquilibriumPropagation):
    """The rule with weights that are given, float64 in weight steps; one batch, which is written at its end."""

    def __init__(self, given, **changes):
        super().__init__(batch=SHOWN, epochs=1, checked=4, **changes)
        self.given = given

    def training(self, task, config):
        hidden, output = self.given
        return dataclasses.replace(super().training(task, config), hidden=hidden, output=output)


def shadows(chip, places):
    """float64[inputs, hidden] and [hidden, outputs], in weight steps."""
    hidden, output = [], []
    for side, processor in zip(places.sides, chip.processors, strict=True):
        rows = weights.from_rows(processor.regions["shadow"], 128)[:, side.lanes] / SHADOW_ONE
        hidden.append(rows[: places.inputs])
        output.append(rows[places.inputs :].T)
    return np.concatenate(hidden, axis=1), np.concatenate(output)


def run(firmware, task, seed=1):
    host = Host(Chip(ChipConfig.typical(seed=seed)))
    host.load(firmware, task)
    result = host.run()
    return host.chip, firmware.build(task, host.chip.config).plan, result


@pytest.mark.slow
def test_it_learns_and_its_update_follows_the_implicit_gradient():
    """After an epoch: 0.8 of the validation samples; then one update from 200 samples against the rate twin."""
    task = tasks.yin_yang()
    firmware = EquilibriumPropagation(epochs=1, seed=1)
    chip, plan, result = run(firmware, task)
    assert result.metrics["validation_accuracy"] >= 0.8
    assert result.metrics["dead_outputs"] == 0
    learned = shadows(chip, plan.places)
    synapses = plan.places.load(result.weights)
    assert (synapses[1].T == synapses[2]).all()
    assert (synapses[1] == weights.steps(np.round(SHADOW_ONE * learned[1]).astype(int))).all()

    some = task.head(SHOWN, 8, 8)
    chip, plan, _ = run(From(learned, seed=1), some)
    after = shadows(chip, plan.places)
    s, twin = firmware.settings, Twin.of(firmware.settings)
    train = some.ranges["train"]
    x = s.input_khz * 1e-3 * np.column_stack([some.inputs[train.start : train.stop], np.ones(SHOWN)])
    wanted = np.full((SHOWN, 3), s.off_khz * 1e-3)
    wanted[np.arange(SHOWN), some.targets[train.start : train.stop]] = s.target_khz * 1e-3
    gradients = twin.gradient(x, wanted, *(weights.steps(np.round(SHADOW_ONE * w).astype(int)) for w in learned))
    found = [cosine(-g, new - old) for g, new, old in zip(gradients, after, learned, strict=True)]
    assert found[0] >= 0.85
    assert found[1] >= 0.90


@pytest.mark.parametrize("method", ["centred", "classic"])
def test_a_short_run_leaves_copies_that_are_equal_and_needs_nobody(method):
    task = tasks.yin_yang().head(20, 10, 10)
    firmware = EquilibriumPropagation(epochs=2, hidden=20, checked=4, method=method, seed=3)
    chip, plan, result = run(firmware, task)
    assert result.complete
    assert result.losses == dict.fromkeys(result.losses, 0)
    synapses = plan.places.load(result.weights)
    learned = shadows(chip, plan.places)
    assert (synapses[1].T == synapses[2]).all()
    for found, shadow in zip(synapses, learned, strict=False):
        assert (found == weights.steps(np.round(SHADOW_ONE * shadow).astype(int))).all()
    assert not np.array_equal(learned[0], np.clip(np.round(SHADOW_ONE * plan.hidden), -32256, 32256) / SHADOW_ONE)
    assert len(result.arrays["train_accuracy"]) == 2
