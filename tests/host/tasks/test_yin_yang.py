"""The Yin-Yang data set is the published one."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from host import tasks
from host.tasks.yin_yang import DOT, YANG, YIN, classify, generate

COUNTS = {"train": [1681, 1702, 1617], "validation": [316, 336, 348], "test": [350, 316, 334]}  # published files


@pytest.fixture(scope="module")
def task():
    return tasks.yin_yang()


@pytest.mark.parametrize("split", COUNTS)
def test_class_counts_are_those_of_the_published_files(task, split):
    assert np.bincount(getattr(task, split).targets).tolist() == COUNTS[split]


def test_shapes_types_and_ranges(task):
    assert task.classes == ("yin", "yang", "dot")
    assert task.inputs.shape == (7000, 4) and task.inputs.dtype == np.float64
    assert task.targets.shape == (7000,) and task.targets.dtype == np.uint8
    assert task.ranges == {"train": range(5000), "validation": range(5000, 6000), "test": range(6000, 7000)}
    assert np.array_equal(task.inputs[6000:], task.test.inputs)
    assert task.inputs.min() >= 0 and task.inputs.max() <= 1


def test_samples_are_points_of_the_symbol_with_their_mirror_coordinates(task):
    x, y, mirror_x, mirror_y = task.inputs.T
    assert (np.hypot(x - 0.5, y - 0.5) <= 0.5).all()
    assert np.array_equal(mirror_x, 1 - x) and np.array_equal(mirror_y, 1 - y)
    assert [classify(*point) for point in task.inputs[:, :2].tolist()] == task.targets.tolist()


def test_splits_share_no_sample(task):
    assert len(np.unique(task.inputs, axis=0)) == 7000


def test_first_sample_is_the_first_accepted_draw_of_the_stream():
    random = np.random.RandomState(42)
    goal = random.randint(3)
    while True:
        x, y = random.rand(2)
        if math.hypot(x - 0.5, y - 0.5) <= 0.5 and classify(x, y) == goal:
            break
    split = generate(1, 42)
    assert split.inputs.tolist() == [[x, y, 1 - x, 1 - y]] and split.targets.tolist() == [goal]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.25, 0.5, DOT),
        (0.75, 0.5, DOT),
        (0.25, 0.65, YANG),  # the head of yang is the left half circle around its dot
        (0.25, 0.35, YANG),
        (0.75, 0.65, YIN),
        (0.75, 0.35, YIN),
        (0.5, 0.9, YANG),
        (0.5, 0.1, YIN),
    ],
)
def test_regions(x, y, expected):
    assert classify(x, y) == expected


@given(st.floats(0, 1), st.floats(0, 1))
def test_turning_the_symbol_by_half_a_turn_swaps_yin_and_yang(x, y):
    distances = [abs(math.hypot(x - cx, y - 0.5) - r) for cx in (0.25, 0.75) for r in (0.1, 0.25)]
    assume(min(*distances, abs(y - 0.5)) > 1e-9)  # not on a border
    assume(math.hypot(x - 0.5, y - 0.5) <= 0.5)
    assert classify(1 - x, 1 - y) == {YIN: YANG, YANG: YIN, DOT: DOT}[classify(x, y)]


def test_head_keeps_the_first_samples(task):
    small = task.head(train=10, validation=3, test=2)
    assert small.ranges == {"train": range(10), "validation": range(10, 13), "test": range(13, 15)}
    assert np.array_equal(small.train.inputs, task.train.inputs[:10])
    with pytest.raises(ValueError, match=r"train samples .* is 5001; .* 1\.\.5000"):
        task.head(train=5001, validation=1, test=1)


def test_registry_knows_its_names():
    assert tasks.names() == ("yin-yang", "moving-bars", "two-clusters")
    with pytest.raises(ValueError, match="unknown; valid are yin-yang"):
        tasks.load("mnist")


def test_split_refuses_inputs_outside_the_unit_interval():
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1"):
        tasks.Split(np.array([[0.5, np.nan]]), np.zeros(1, np.uint8))
    with pytest.raises(ValueError, match="one row of inputs per target"):
        tasks.Split(np.zeros((2, 4)), np.zeros(3, np.uint8))
