"""The kernels of latent predictive learning against a twin that goes unit by unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chip.base import constants as c
from chip.ppu import VectorUnit
from chip.ppu.vector.unit import RANDOM_TAPS
from ppu_programs.latent_predictive import learning, statistics, writing
from ppu_programs.latent_predictive.network import unit_lanes
from ppu_programs.latent_predictive.settings import GROUP, MOST_UNITS
from ppu_programs.stochastic_rounding import seed_noise
from tests.naive import latent_predictive as naive
from tests.naive.streaming import Registers16

LIMIT_CYCLES = 10_000_000
INPUTS, UNITS, FIRST, OWN = 5, 19, 10, 9
PULL, PUSH, DECORRELATION = 8, 8 * 256, 3
step = {truncate: writing.step_kernel(truncate) for truncate in (False, True)}


class Side:
    """A vector unit with the regions of a program, and the twin beside it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        memory = statistics.memory(OWN) | learning.memory(INPUTS) | writing.MEMORY
        self.regions = {name: np.zeros(region.length, region.dtype) for name, region in memory.items()}
        self.regions["own"][:UNITS] = 1
        self.regions["second"][:] = np.arange(c.LANES) & GROUP > 0
        self.regions["noise"][:] = self.rng.integers(1, 256, c.LANES)
        self.regions["strengths"][:] = PULL, PUSH, DECORRELATION
        self.unit = VectorUnit()
        self.run(seed_noise)
        self.twin = naive.Half(
            UNITS, range(FIRST, FIRST + OWN), Registers16(self.unit.state.random_state.copy(), RANDOM_TAPS)
        )

    def run(self, kernel, *values):
        return kernel.bind(self.unit, self.regions)(LIMIT_CYCLES, *values)

    def show(self, past, present):
        """Put activities into ``views``."""
        views = self.regions["views"].reshape(2, MOST_UNITS)
        views[statistics.PAST, :UNITS], views[statistics.PRESENT, :UNITS] = past, present
        self.run(statistics.follow, FIRST, OWN)
        self.twin.follow(past.tolist(), present.tolist())

    def units_of(self, name, row=0):
        return self.regions[name].reshape(-1, MOST_UNITS)[row, :UNITS].tolist()


def activities(rng, most):
    """Two views, int[units] each; some units are silent."""
    return rng.integers(0, most + 1, (2, UNITS)) * rng.integers(0, 2, (2, UNITS))


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), most=st.sampled_from([1, 20, 127]), pairs=st.integers(1, 30))
def test_statistics_are_those_of_the_twin(seed, most, pairs):
    side = Side(seed)
    for _ in range(pairs):
        side.show(*activities(side.rng, most))
        assert side.units_of("centred") == side.twin.centred
        assert side.units_of("shared") == side.twin.shared
    assert side.units_of("mean") == side.twin.mean
    assert side.units_of("moments", statistics.VARIANCE) == side.twin.variance
    assert side.units_of("moments", statistics.CHANGE) == side.twin.change
    for k, row in enumerate(side.twin.covariance.values()):
        assert side.units_of("covariance", k) == row


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), rate=st.sampled_from([0, 300, 8_000, 0x7FFF]), truncate=st.booleans())
def test_synapses_change_by_what_the_twin_says(seed, rate, truncate):
    side = Side(seed)
    rng, regions = side.rng, side.regions
    weights = rng.integers(-63, 64, (INPUTS, UNITS))
    rows = np.zeros((2 * 2 * learning.vectors(INPUTS), c.LANES), np.uint8)
    rows[0 : 2 * INPUTS : 2, unit_lanes(UNITS)] = np.maximum(weights, 0)
    rows[1 : 2 * INPUTS : 2, unit_lanes(UNITS)] = np.maximum(-weights, 0)
    for _ in range(4):
        past, present = activities(rng, 60)
        side.show(past, present)
        side.run(learning.divide_by_variances, UNITS)
        side.twin.divide(PUSH)
        x, other = rng.integers(0, 128, INPUTS) * rng.integers(0, 2, INPUTS), rng.integers(-2000, 2000, UNITS)
        regions["x"][:INPUTS], regions["other"][:UNITS] = x, other
        side.run(learning.learn, rate, learning.vectors(INPUTS))
        shared = [a + b for a, b in zip(side.twin.shared, other.tolist(), strict=True)]
        side.twin.learn(past.tolist(), present.tolist(), shared, x.tolist(), PULL, DECORRELATION, rate)
    regions["rows"][: rows.size] = rows.ravel()
    side.run(step[truncate], 0, learning.vectors(INPUTS))
    expected = np.array(side.twin.write(weights.tolist(), truncate))
    found = regions["rows"][: rows.size].reshape(rows.shape)[: 2 * INPUTS].astype(int)
    assert (found[0::2, unit_lanes(UNITS)] - found[1::2, unit_lanes(UNITS)] == expected).all()
    assert (np.minimum(found[0::2], found[1::2]) == 0).all()
    assert not regions["sums"].any()
    assert rate or (expected == weights).all()


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_conversions_become_activities_and_inputs_above_rest(seed):
    side = Side(seed)
    readings = side.rng.integers(60, 90, (statistics.RESTS, 2 * c.LANES))
    for values in readings:
        side.regions["seen"][:] = values
        side.run(statistics.add_rest)
    rest = (readings.sum(axis=0) + 2) // 4
    assert (side.regions["rest"] == rest).all()
    seen = side.rng.integers(0, 256, 2 * c.LANES)
    side.regions["seen"][:] = seen
    side.run(statistics.take_view, statistics.PRESENT)
    side.run(statistics.take_inputs)
    units, at = c.LANES + unit_lanes(UNITS), unit_lanes(UNITS)
    expected = [naive.activity(*pair) for pair in zip(seen[units].tolist(), rest[units].tolist(), strict=True)]
    assert side.units_of("views", statistics.PRESENT) == expected
    assert side.regions["features"][at].tolist() == expected
    collected = [naive.collected(int(s), int(r)) for s, r in zip(seen[: c.LANES], rest[: c.LANES], strict=True)]
    assert side.regions["x"].tolist() == collected


@pytest.mark.parametrize("total", [-128, -31, -1, 1, 16, 31, 32, 100, 127])
def test_a_sum_changes_a_weight_by_its_32nd_in_the_mean_unless_it_is_truncated(total):
    steps = {}
    for truncate in (False, True):
        side, found = Side(1), []
        for _ in range(100):
            side.regions["rows"][:] = 0
            side.regions["sums"][:] = total
            side.run(step[truncate], 0, 1)
            rows = side.regions["rows"].reshape(-1, c.LANES).astype(int)
            found.append((rows[0] - rows[1])[unit_lanes(MOST_UNITS)])
        steps[truncate] = np.concatenate(found)
    assert abs(steps[False].mean() - total / 32) < 0.03  # four standard errors
    assert (steps[True] == int(total / 32)).all()


def test_shuffled_pairs_never_meet_and_matched_ones_always_do():
    for shuffled in (False, True):
        side = Side(1)
        side.regions["progress"][statistics.SHIFT], side.regions["progress"][statistics.PAIRS] = shuffled, 7
        seen = []
        for _ in range(70):
            side.run(statistics.next_pair)
            seen.append(side.regions["progress"][:2].copy())
        past, present = np.array(seen).T
        assert sorted(present[:7]) == [1, 3, 5, 7, 9, 11, 13]
        assert sorted(past[:7]) == [0, 2, 4, 6, 8, 10, 12]
        assert ((past // 2 == present // 2) != shuffled).all()
        if shuffled:
            assert len({(a, b) for a, b in seen}) == 42  # all pairs of two things
