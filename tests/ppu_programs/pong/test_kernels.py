"""The kernels of Pong against slow twins."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import VectorUnit, kernel, load8, splat8, store8
from chip.ppu.vector.operands import V0, V1, V4, V5, V8, V9, V12, V13, V16, V17
from ppu_programs.pong import learning, noise
from ppu_programs.pong.programs import factors
from ppu_programs.pong.settings import MEAN_STEPS, Settings
from tests.naive import pong as naive

LIMIT_CYCLES, SIZE = 10_000_000, 20
SETTINGS = Settings(size=SIZE, variant="recording", settling=4)
MADE = learning.kernels(SETTINGS)
TABLE = SETTINGS.form.factors


@kernel
def bring(v, m, rate):
    """Bring a row to where an update expects it."""
    load8(v, V0, m.readings, 0)
    load8(v, V1, m.readings, 1)
    load8(v, V4, m.weights, 0)
    load8(v, V5, m.weights, 1)
    load8(v, V8, m.baseline, 0)
    load8(v, V9, m.baseline, 1)
    splat8(v, V12, 0)
    splat8(v, V13, c.WEIGHT_MAX)
    splat8(v, V16, rate)
    splat8(v, V17, 1)


@kernel
def take(v, m):
    """Store the weights of a row."""
    store8(v, V4, m.weights, 0)
    store8(v, V5, m.weights, 1)


@kernel
def take_noise(v, m):
    """Store what was drawn."""
    store8(v, V0, m.weights, 0)
    store8(v, V1, m.weights, 1)


def regions():
    found = {name: np.zeros(region.length, region.dtype) for name, region in learning.memory(SIZE).items()}
    found["factors"][:] = factors(SETTINGS)
    return found | {"weights": np.zeros(c.COLUMNS, np.uint8)}


def run(unit, used, made, *integers):
    made.bind(unit, used)(LIMIT_CYCLES, *integers)


bytes_up_to = lambda most: arrays(np.uint8, c.COLUMNS, elements=st.integers(0, most))  # noqa: E731


@settings(deadline=None, max_examples=25)
@given(bytes_up_to(255), bytes_up_to(127), bytes_up_to(63), st.integers(-128, 127))
def test_every_weight_takes_its_step_towards_zero_within_six_bits(readings, baseline, weights, rate):
    used, unit = regions(), VectorUnit()
    used["readings"][:], used["baseline"][:], used["weights"][:] = readings, baseline, weights
    run(unit, used, bring, rate)
    run(unit, used, learning.update_row)
    run(unit, used, take)
    known = zip(weights.tolist(), readings.tolist(), baseline.tolist(), strict=True)
    assert used["weights"].tolist() == [naive.weight(w, r, b, rate) for w, r, b in known]


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.uint8, c.COLUMNS, elements=st.integers(0, 90)),
    st.integers(0, SIZE - 1),
    st.integers(0, 12),
    st.integers(-40_000, 40_000),
)
def test_a_ball_earns_a_reward_is_a_hit_or_a_miss_and_sets_the_rate(counts, position, epoch, expected):
    used = regions()
    used["counts"][:] = counts
    used["progress"][:] = position, epoch, 55
    used["expected"][position] = expected
    run(VectorUnit(), used, MADE.judge)
    own = counts[:SIZE]
    earned, before = naive.reward(TABLE, position, own), Fraction(expected, 100 * MEAN_STEPS)
    decay = Fraction(1, 2) if epoch >= 4 else 1 - Fraction(epoch, 8)
    after = Fraction(int(used["expected"][position]), 100 * MEAN_STEPS)
    assert abs(after - (before + decay * (earned - before))) <= Fraction(1, 100 * MEAN_STEPS)
    assert used["report"][learning.HITS] == naive.hits(TABLE, position, own)
    assert used["report"][learning.SPIKES] == own.sum()
    assert used["progress"][learning.RATE] == (naive.rate(earned, before, Fraction(1, 100)) if epoch >= 4 else 0)
    assert (used["spikes"][:SIZE] == (own if position else 0)).all()


@given(arrays(np.int32, SIZE, elements=st.integers(0, 4_000)))
@settings(deadline=None, max_examples=25)
def test_homeostasis_acts_on_neurons_that_are_silent_or_spike_twice_as_often(spikes):
    used = regions()
    used["spikes"][:SIZE] = spikes
    run(VectorUnit(), used, MADE.find_steps)
    wanted = SETTINGS.target * SIZE
    assert used["step"][:SIZE].tolist() == [max(int(Fraction(wanted - int(n), wanted)), -63) for n in spikes]
    assert not used["spikes"].any() and not used["step"][SIZE:].any()


def test_noise_is_normal_and_fades():
    """Of a normal number with a mean of -5 / 32 deviations, clipped at 0."""
    made, used = noise.noise_kernel(15.0, 4.0, 100), regions()
    used["noise"][:] = np.random.default_rng(1).integers(1, 256, c.LANES)
    unit = VectorUnit()
    run(unit, used, noise.seed_noise)
    for epoch, deviation in ((0, 15.0), (50, 9.5), (100, 4.0), (300, 4.0)):
        used["progress"][learning.EPOCH] = epoch
        drawn = []
        for _ in range(40):
            run(unit, used, made)
            run(unit, used, take_noise)
            drawn.append(used["weights"].copy())
        drawn = np.concatenate(drawn)
        free = np.random.default_rng(2).normal(-5 / 32, 1, 400_000)
        for share in (0.5, 1.0, 1.5):  # of the deviation
            least = np.ceil(share * deviation)
            assert abs((drawn >= least).mean() - (free * deviation >= least).mean()) < 0.03
        assert drawn.max() <= c.WEIGHT_MAX


def test_rows_of_noise_share_nothing():
    made, used, unit = noise.noise_kernel(15.0, 4.0, 100), regions(), VectorUnit()
    used["noise"][:] = np.random.default_rng(1).integers(1, 256, c.LANES)
    run(unit, used, noise.seed_noise)
    rows = []
    for _ in range(60):
        run(unit, used, made)
        run(unit, used, take_noise)
        rows.append(used["weights"].astype(float))
    away = np.corrcoef(np.array(rows)) - np.eye(len(rows))
    assert abs(away).max() < 0.35 and abs(away.mean()) < 0.02
