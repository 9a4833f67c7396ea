"""Pairs of views: what they have in common, what not, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host import tasks
from host.tasks import moving
from tests.host.tasks.test_digits import MNIST, needs_mnist, write


@pytest.mark.parametrize("name", ["moving-bars", "two-clusters", "two-clusters:0.3"])
def test_two_samples_of_training_are_views_of_one_thing(name):
    task = tasks.load(name)
    assert task.views == 2 and len(task.train) % 2 == 0
    assert (task.train.targets[0::2] == task.train.targets[1::2]).all()
    assert (task.train.inputs[0::2] != task.train.inputs[1::2]).any(axis=1).mean() > 0.99
    assert tasks.load(name).digest == task.digest


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_a_digit_is_moved_and_nothing_of_it_is_lost(seed):
    rng = np.random.default_rng(seed)
    images = np.zeros((5, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = rng.integers(0, 256, (5, 20, 20))
    found = moving.shifted(images, rng)
    assert found.shape == (5, 196)
    np.testing.assert_allclose(found.mean(axis=1), images.mean(axis=(1, 2)) / 255, atol=1e-12)


def test_digits_have_several_pairs_each_and_keep_their_splits(tmp_path, monkeypatch):
    monkeypatch.setattr(moving, "FEWEST_PAIRS", 300)
    write(tmp_path, "t10k", 100)
    task = tasks.load(f"moving-digits:{tmp_path}")
    plain = tasks.load(f"digits:{tmp_path}")
    assert len(task.train) // 2 >= moving.FEWEST_PAIRS
    assert (task.train.targets[0 : 2 * len(plain.train) : 2] == plain.train.targets).all()
    assert (task.validation.targets == plain.validation.targets).all()
    assert (task.test.targets == plain.test.targets).all()
    assert tasks.short_name(f"moving-digits:{tmp_path}") == f"moving-digits-{tmp_path.name}"


@needs_mnist
def test_mnist_moves(monkeypatch):
    monkeypatch.setattr(moving, "FEWEST_PAIRS", 1)
    task = tasks.load(f"moving-digits:{MNIST}")
    assert task.train.width == 196 and len(task.test) == 2000
    apart = np.abs(task.train.inputs[0:2000:2] - task.train.inputs[1:2000:2]).mean()
    strangers = np.abs(task.train.inputs[0:2000:2] - task.train.inputs[3:2002:2]).mean()
    assert apart < strangers


def test_bars_of_one_orientation_lie_parallel():
    found = moving.bars(np.array([0, 3]), np.array([[6.0, 6.0], [6.0, 6.0]])).reshape(2, 14, 14)
    assert found[0, 6, 3:10].min() == 1.0 and found[0].sum(axis=1).argmax() == 6
    np.testing.assert_allclose(found[1], found[0].T, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("two-clusters:", "noise ''"),
        ("two-clusters:nan", "noise 'nan'"),
        ("two-clusters:11", "0..10"),
        ("moving-digits", "moving-digits:DIRECTORY"),
        ("moving-digits:/nowhere/at/all", "no directory"),
    ],
)
def test_names_that_are_none_are_refused(name, says):
    with pytest.raises(ValueError, match=says):
        tasks.check(name)
