"""Pong on the chip: who plays the ball makes no difference, rows without events learn nothing, reward is followed."""

import numpy as np
import pytest

from chip import ChipConfig
from chip.base import constants as c
from chip.testing import run_firmware
from ppu_programs.pong import measures, stimuli
from ppu_programs.pong.firmware import Pong
from ppu_programs.pong.settings import INPUT_NS, Settings

SMALL = {"size": 16, "epochs": 4, "settling": 1, "watched": 2, "update_ns": 600_000, "reset_ns": 600_000}


def outcome(profile="typical", **settings):
    firmware = Pong(**{**SMALL, **settings})
    chip = run_firmware(firmware, config=getattr(ChipConfig, profile)(seed=1))
    return firmware.outcome(chip.link, firmware.build(None, chip.config))


@pytest.fixture(scope="module")
def played():
    return outcome()


def test_rows_that_heard_nothing_learn_nothing(played):
    fewer = outcome(updated="heard")
    for name in ("success", "expected_reward", "final_weights"):
        assert np.array_equal(played.arrays[name].values, fewer.arrays[name].values), name
    assert fewer.metrics["update_ms"] < played.metrics["update_ms"]


def test_the_player_plays_the_same_ball_but_for_the_gap_between_its_halves(played):
    """A microsecond and a half in 588 changes few spikes."""
    other = outcome(stimuli="player", epochs=1)
    assert played.arrays["spikes"].values[0] == pytest.approx(other.arrays["spikes"].values[0], rel=0.05)


def test_without_learning_and_homeostasis_weights_stay(played):
    still = outcome(eta=0.0, target=0)
    assert (still.arrays["final_weights"].values == 1).all()
    assert (played.arrays["final_weights"].values != 1).any()


def test_weights_are_recorded_by_input_and_output():
    weights = np.arange(25.0).reshape(5, 5)
    assert measures.diagonal(weights) == np.mean([0, 1, 5, 6, 7, 11, 12, 13, 17, 18, 19, 23, 24])
    assert measures.off_diagonal(weights, 4) == np.mean([4, 20])
    assert measures.off_diagonal(np.stack([weights, weights]), 9).tolist() == [0, 0]


@pytest.mark.parametrize("variant, shares", [("text", (1.0, 0.8, 0.5, 0.1)), ("recording", (1.0, 0.7, 0.3))])
def test_rows_beside_the_ball_get_their_share(variant, shares):
    s = Settings(variant=variant, size=20)
    train = stimuli.ball(s, 2, INPUT_NS)
    counts = np.bincount(train.sources, minlength=21)
    wanted = [140 * share for share in shares]
    assert counts[20] == 168 and counts[2 : 2 + len(shares)] == pytest.approx(wanted, abs=1)
    assert counts[2::-1][: len(shares)] == pytest.approx(wanted[:3], abs=1)
    assert not counts[2 + len(shares) : 20].any() and train.times_ns.max() < INPUT_NS
    assert (np.bincount(train.times_ns // c.FPGA_CLOCK_NS) <= 3).all()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"variant": "large"}, "must be text or recording"),
        ({"stimuli": "host"}, "must be playback or player"),
        ({"updated": "some"}, "must be all or heard"),
        ({"size": 5}, "it must be 16..250 positions"),
        ({"threshold_lsb": 90}, "would never rest"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings(**changes)


@pytest.mark.slow
def test_the_diagonal_grows_where_reward_is_followed():
    """All 100 positions of the text, with steps twice as large as its own: see the page for why."""
    found = outcome(size=0, epochs=90, settling=10, watched=10, stimuli="player", updated="heard", eta=0.02)
    success = found.arrays["success"].values
    assert success[-10:].mean() > success[:10].mean() + 0.1
    assert found.metrics["diagonal_weight"] > 1.5 and found.metrics["off_diagonal_weight"] < 0.5
