"""The experiment of Pong: its rows and its picture of made-up curves, and a short run of a small one."""

import numpy as np
import pytest

from chip import ChipConfig
from host.experiments import pictures, pong
from host.experiments.parity import outcome_of
from host.experiments.recordings import pong as recorded

SHORT = {"size": 16, "reset_ns": 600_000, "update_ns": 600_000, "settling": 0}


def curves(epochs, success, weight):
    return {
        "recording_success": np.full(epochs, success),
        "recording_expected_reward": np.linspace(-11, 0, epochs),
        "recording_diagonal_weights": np.full(epochs // pong.WATCHED, weight),
    }


def test_rows_are_those_of_epochs_that_were_reached_each_within_its_aim():
    rows = pong.rows_of(curves(450, 0.6, 9.0))
    names = [row.point.name for row in rows]
    assert names[:4] == [f"success, 250, epoch {epoch}" for epoch in (100, 200, 300, 400)]
    assert names[4:] == [f"diagonal weight, 250, epoch {epoch}" for epoch in (200, 400)]
    assert [row.agrees for row in rows] == [False, False, True, True, False, True]


def test_a_success_is_the_mean_around_its_epoch():
    success = np.zeros(120)
    success[95:106] = np.arange(11) / 10
    (row,) = pong.success_rows(success, {100: recorded.SUCCESS[100]}, "250")
    assert row.value == pytest.approx(0.5)


def test_both_forms_and_the_recording_are_drawn():
    arrays = curves(30, 0.1, 1.0) | {name.replace("recording", "text"): v for name, v in curves(3, 0.1, 1.0).items()}
    outcome = outcome_of(pong.NAME, "Pong", ChipConfig.ideal(), pong.rows_of(arrays), arrays)
    assert pictures.draw(outcome)[:4] == b"\x89PNG"


def test_a_small_chip_learns_for_three_epochs_and_says_what_an_update_takes():
    found = pong.run(ChipConfig.typical(seed=2), epochs={"text": 3}, **SHORT)
    assert found.arrays["text_success"].shape == (3,) and found.arrays["text_final_weights"].shape == (16, 16)
    metrics = found.summary["forms"]["text"]
    assert 0 < metrics["update_ms"] < metrics["update_of_all_rows_ms"] < 0.6
    assert "the vendor's slot is 2.5 ms" in found.report
