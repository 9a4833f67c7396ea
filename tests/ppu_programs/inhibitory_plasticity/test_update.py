"""The kernel of inhibitory plasticity against a slow twin, and what a run is judged by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import VectorUnit
from ppu_programs.inhibitory_plasticity import channels, measures
from ppu_programs.inhibitory_plasticity.settings import CHANNELS, Settings
from ppu_programs.inhibitory_plasticity.update import seed_noise, update_kernel
from tests.naive import inhibitory_plasticity as naive

ROWS, TARGET, RATE, LIMIT_CYCLES = 3, 8, 524, 1_000_000
stochastic, truncating = (update_kernel(ROWS, TARGET, RATE, kind) for kind in (True, False))
bytes_of = lambda most: arrays(np.uint8, c.LANES, elements=st.integers(0, most))  # noqa: E731


def regions(cells, relays, rows):
    return {"cells": cells, "relays": relays, "rows": rows.copy(), "noise": np.arange(1, 129, dtype=np.uint8)}


@settings(deadline=None, max_examples=20)
@given(
    cells=bytes_of(255),
    relays=arrays(np.uint8, ROWS),
    rows=arrays(np.uint8, ROWS * c.LANES, elements=st.integers(0, c.WEIGHT_MAX)),
    seed=st.integers(0, 1000),
)
def test_every_weight_takes_its_step_within_six_bits(cells, relays, rows, seed):
    found = regions(cells, relays, rows)
    truncating.bind(VectorUnit(), found)(LIMIT_CYCLES)
    drawn = regions(cells, relays, rows)
    stochastic.bind(VectorUnit(seed), drawn)(LIMIT_CYCLES)
    for i in range(ROWS):
        for lane in range(c.LANES):
            at = i * c.LANES + lane
            known = (int(rows[at]), int(relays[i]), int(cells[lane]), TARGET, RATE)
            assert found["rows"][at] == naive.truncated(*known)
            low, high, _ = naive.rounded(*known)
            assert low <= drawn["rows"][at] <= high


def test_steps_are_right_on_average_with_random_bits_and_too_low_without():
    cells, relays = np.arange(c.LANES, dtype=np.uint8) % 20, np.array([3, 8, 15], np.uint8)
    rows = np.full(ROWS * c.LANES, 30, np.uint8)
    unit, sums, repeats = VectorUnit(3), np.zeros((ROWS, c.LANES)), 2_000
    found = regions(cells, relays, rows)
    seed_noise.bind(unit, found)(LIMIT_CYCLES)
    update = stochastic.bind(unit, found)
    for _ in range(repeats):
        found["rows"][:] = rows
        update(LIMIT_CYCLES)
        sums += found["rows"].reshape(ROWS, c.LANES) - 30.0
    exact = np.array([[naive.step(int(r), int(k), TARGET, RATE) for k in cells] for r in relays])
    assert abs(sums / repeats - exact).max() < 5 * np.sqrt(0.25 / repeats)
    found["rows"][:] = rows
    truncating.bind(unit, found)(LIMIT_CYCLES)
    lost = exact - (found["rows"].reshape(ROWS, c.LANES) - 30.0)
    assert lost.min() >= 0 and lost.mean() > 0.3  # half a weight, where steps are no whole ones


def test_a_rate_error_is_that_of_means():
    counts = np.array([[8, 4], [12, 4]])
    assert measures.rate_error(counts, 8) == pytest.approx((0.25 + 0.5) / 2)
    assert measures.rate_error(counts[:0], 8) is None


def test_tuning_is_a_correlation_over_channels():
    bell = np.array([[1.0, 0.0], [2.0, 5.0], [3.0, 1.0]])
    assert measures.tuning_correlation(bell, 7 + 2 * bell) == pytest.approx(1)
    assert measures.tuning_correlation(bell, -bell) == pytest.approx(-1)
    assert measures.tuning_correlation(bell, np.ones_like(bell)) == 0


def test_behind_the_change_excitation_follows_other_channels():
    s = Settings(updates=20, evaluated=5, change=3, mean_khz=200.0)
    train = channels.trains(s, first_drive=100)
    relative = channels.rates(s, np.random.default_rng([s.seed, 1]))  # the train's first draw
    for changed in (False, True):
        half = (train.times_ns >= s.duration_ns // 2) == changed
        follows = channels.excited_by(s, changed)
        for source, first in ((follows, 0), (np.arange(CHANNELS), 100)):
            for channel in range(CHANNELS):
                own = half & ((train.sources - first) // s.sources == channel) & (train.sources >= first)
                own &= train.sources < first + CHANNELS * s.sources
                counts = np.bincount(train.times_ns[own] // s.signal_ns, minlength=len(relative))
                steps = slice(10 * changed, 10 + 10 * changed)
                assert np.corrcoef(counts[steps], relative[steps, source[channel]])[0, 1] > 0.8


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"rounding": "nearest"}, "stochastic or truncate"),
        ({"target_khz": 100.0, "period_ns": 1_000_000}, "signed byte"),
        ({"updates": 10, "evaluated": 6}, "evaluate fewer"),
    ],
)
def test_settings_that_clash_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings(**changes)
