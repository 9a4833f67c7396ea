"""The kernels of the game, of what a choice earns, and of what is learned, against slow twins."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import V0, V4, VectorUnit, kernel, load8, seed_random8, store8
from ppu_programs.pong.game import learning, playing
from ppu_programs.pong.game.settings import Settings
from ppu_programs.stochastic_rounding import TRUNCATE
from tests.naive import pong_game as naive
from tests.naive.pong import weight as truncated_weight

LIMIT_CYCLES = 10_000_000
S = Settings(positions=20, eta=0.75)
MADE, TRUNCATING = learning.kernels(S), learning.kernels(Settings(positions=20, rounding=TRUNCATE))
STEPS = learning.REWARD_ONE * learning.MEAN_STEPS
bytes_up_to = lambda most, size=c.LANES: arrays(np.uint8, size, elements=st.integers(0, most))  # noqa: E731


@kernel
def bring(v, m):
    """Seed the random bytes; bring a row to where an update expects it."""
    load8(v, V0, m.noise)
    seed_random8(v, V0)
    load8(v, V0, m.readings)
    load8(v, V4, m.weights)


@kernel
def take(v, m):
    """Store the weights of the row."""
    store8(v, V4, m.weights)


def regions():
    found = {name: np.zeros(region.length, region.dtype) for name, region in learning.memory(S).items()}
    found["rewards"][:], found["directions"][:] = learning.rewards(), playing.directions(S)
    return found | {"weights": np.zeros(c.LANES, np.uint8)}


def run(unit, used, made):
    made.bind(unit, used)(LIMIT_CYCLES)


def updated(made, readings, rest, weights, rate, noise):
    """Weights behind an update, and the random bytes that were drawn for it."""
    used, unit = regions(), VectorUnit()
    used["rest"][:], used["rate"][0] = rest, rate
    used["readings"][:], used["weights"][:], used["noise"][:] = readings, weights, noise
    run(unit, used, made.keep_baseline)
    run(unit, used, bring)
    run(unit, used, made.change_row)
    run(unit, used, take)
    return used["weights"], used["noise"].view(np.int8)


ROWS = (
    bytes_up_to(255),
    arrays(np.int32, S.positions, elements=st.integers(0, 255 * S.positions)),
    bytes_up_to(63),
    st.integers(-128, 127),
    bytes_up_to(255),
)


@settings(deadline=None, max_examples=40)
@given(*ROWS)
def test_weights_take_their_steps_rounded_by_the_bytes_that_were_drawn(readings, rest, weights, rate, noise):
    after, drawn = updated(MADE, readings, rest, weights, rate, noise)
    for i in range(S.positions):
        baseline = int(rest[i]) // (2 * S.positions)
        random = int(drawn[i]) + 128
        assert after[i] == naive.weight(int(weights[i]), int(readings[i]), baseline, rate, random), i


@given(st.integers(-128, 127), st.integers(-127, 127))
def test_over_all_random_bytes_the_mean_step_is_exact(correlation, rate):
    """So nothing is lost by rounding, but for weights at their bounds."""
    steps = [(2 * correlation * rate + random) // 256 for random in range(256)]
    assert sum(steps) == 2 * correlation * rate


@settings(deadline=None, max_examples=20)
@given(*ROWS)
def test_the_control_truncates_towards_zero(readings, rest, weights, rate, noise):
    after, _ = updated(TRUNCATING, readings, rest, weights, rate, noise)
    for i in range(S.positions):
        baseline = int(rest[i]) // (2 * S.positions)
        assert after[i] == truncated_weight(int(weights[i]), int(readings[i]), baseline, rate), i


@settings(deadline=None, max_examples=60)
@given(
    bytes_up_to(9, S.positions),
    st.integers(0, S.positions - 1),
    st.integers(0, STEPS),
    st.integers(0, 255),
)
def test_the_most_active_output_is_chosen_and_rewarded_by_its_distance(counts, position, expected, random):
    used = regions()
    used["counts"][:], used["game"][playing.POSITION] = counts, position
    used["expected"][position], used["noise"][learning.TIE_LANE] = expected, random
    run(VectorUnit(), used, MADE.judge)
    choice = naive.chosen(counts, random * S.positions >> 8)
    earned, before = naive.reward(abs(choice - position)), Fraction(expected, STEPS)
    assert used["game"][playing.CHOICE] == choice and used["report"][learning.REWARD] == 100 * earned
    assert used["report"][learning.SPIKES] == counts.sum()
    assert abs(used["expected"][position] - (before + (earned - before) / 2) * STEPS) <= Fraction(1, 2)
    assert abs(used["rate"][0] - naive.rate(earned, before, Fraction(S.eta))) <= 1  # the factor is a whole number


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, playing.DIRECTIONS - 1), st.lists(st.tuples(st.integers(0, 19), st.integers(0, 255)), max_size=150)
)
def test_ball_and_paddle_move_as_the_rules_say(first, moves):
    used, unit = regions(), VectorUnit()
    used["game"][:] = playing.first_game(S, first)
    game = naive.Game(*used["game"][:5].tolist())
    half, reach, width = S.paddle * naive.FIELD // 20_000, S.paddle_speed * naive.FIELD // 10_000, naive.FIELD // 20
    speeds = playing.directions(S).reshape(-1, 2).tolist()
    for choice, random in moves:
        used["game"][playing.CHOICE], used["noise"][playing.DIRECTION_LANE] = choice, random
        run(unit, used, MADE.move)
        game.move(choice * width + width // 2, reach, half, speeds[random % 16])
        assert used["game"][:5].tolist() == [game.x, game.y, game.speed_x, game.speed_y, game.paddle]
        assert used["game"][playing.POSITION] == game.x * 20 // naive.FIELD
        assert 0 <= game.x < naive.FIELD and 0 <= game.y < naive.FIELD
    report = used["report"]
    assert (report[learning.RETURNED], report[learning.MISSED]) == (game.returned, game.missed)


def test_a_paddle_that_follows_the_ball_misses_none():
    used, unit = regions(), VectorUnit()
    used["game"][:] = playing.first_game(S, 3)
    for _ in range(1_000):
        used["game"][playing.CHOICE] = used["game"][playing.POSITION]
        run(unit, used, MADE.move)
    assert used["report"][learning.RETURNED] > 5 and used["report"][learning.MISSED] == 0


def test_balls_start_in_all_four_quarters_and_with_one_speed():
    speeds = playing.directions(S).reshape(-1, 2)
    assert len(np.unique(np.sign(speeds), axis=0)) == 4 and len(np.unique(speeds, axis=0)) == playing.DIRECTIONS
    assert np.hypot(*speeds.T) == pytest.approx(S.ball_speed / 10_000 * naive.FIELD, abs=1)
