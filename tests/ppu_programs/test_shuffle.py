"""The order of samples: every sample once an epoch, another order every epoch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.ppu import VectorUnit
from ppu_programs.two_layer.shuffle import draw_keys, memory, order_kernel


def orders(count, batch, seed, epochs):
    """The visited samples of each epoch, drawn batch by batch."""
    kernel = order_kernel(count)
    regions = {name: np.zeros(region.length, region.dtype) for name, region in memory(batch).items()}
    regions["key_random"][0] = seed
    unit = VectorUnit(0)
    keys, order = draw_keys.bind(unit, regions), kernel.bind(unit, regions)
    result = []
    for _ in range(epochs):
        keys(10**6)
        visited = []
        for first in range(0, count, batch):
            size = min(batch, count - first)
            order(10**7, first, size)
            visited += regions["order"][:size].tolist()
        result.append(visited)
    return result


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(1, 2**31 - 1), batch=st.integers(1, 40), count=st.sampled_from([1, 2, 3, 17, 256, 257, 1000]))
def test_every_sample_is_visited_once(seed, batch, count):
    for visited in orders(count, batch, seed, 2):
        assert sorted(visited) == list(range(count))


def test_epochs_differ_and_neighbours_are_not_kept():
    first, second = orders(1000, 25, 12345, 2)
    assert first != second
    together = np.abs(np.diff(first)) == 1
    assert together.sum() < 10  # by chance 2 are expected


def test_all_places_are_reached_about_equally_often():
    place = np.array([np.argsort(visited)[0] for visited in orders(16, 16, 99, 800)])
    counts = np.bincount(place, minlength=16)
    chi_squared = ((counts - 50) ** 2 / 50).sum()
    assert chi_squared < 40  # 15 degrees of freedom: beyond 40 in 0.05 % of cases


@pytest.mark.parametrize("count", [0, 65537])
def test_what_does_not_fit_sixteen_bits_is_refused(count):
    with pytest.raises(ValueError, match=str(count)):
        order_kernel(count)
