"""Equilibrium propagation on the whole chip: what it learns from, what it leaves, and that nobody helps it."""

import numpy as np
import pytest

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import EquilibriumPropagation
from ppu_programs.two_layer import weights

SHADOW_ONE = 512


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
def test_it_learns():
    """2000 samples, once: 0.84 of the validation samples with seed 1."""
    chip, plan, result = run(EquilibriumPropagation(epochs=1, seed=1), tasks.yin_yang().head(2000, 300, 300))
    assert result.metrics["validation_accuracy"] >= 0.75
    assert result.metrics["dead_outputs"] == 0
    assert list(result.arrays["warnings"]) == []


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


@pytest.mark.slow
def test_copies_of_their_own_part_unless_they_are_pulled_together():
    task, apart = tasks.yin_yang().head(40, 10, 10), []
    for symmetry in (0.0, 0.8):
        firmware = EquilibriumPropagation(epochs=1, hidden=20, checked=0, copies="own", symmetry=symmetry, seed=3)
        chip, plan, result = run(firmware, task)
        _, forward, back = plan.places.load(result.weights)
        sides = zip(plan.places.sides, chip.processors, strict=True)
        apart.append(max(shadows_apart(processor, side) for side, processor in sides))
        assert abs(forward.T - back).max() <= apart[-1] / SHADOW_ONE + 1
    assert 0 < 3 * apart[1] < apart[0]


def shadows_apart(processor, side):
    """The largest difference between both copies of an output weight, in shadow steps."""
    rows = weights.from_rows(processor.regions["shadow"], 128)[-6:, side.lanes].astype(int)
    return abs(rows[:3] - rows[3:]).max()
