"""Latent predictive learning on the whole chip: what it leaves, that labels stay outside, and that it learns."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import Chip, ChipConfig
from host import Host, tasks
from ppu_programs import LatentPredictive
from ppu_programs.latent_predictive import pictures, readout
from ppu_programs.latent_predictive.firmware import mosaic
from tests.naive.area import scaled as pixel_by_pixel

SMALL = {"units": 11, "side": 5, "batch": 4, "settling": 8, "looks": 2, "readout": 12}
SMALL |= {"events": 7, "trace_lsb": 14.0, "efficacy_lsb": 80.0}  # pictures this small are dim


def run(task, seed=1, **settings):
    host = Host(Chip(ChipConfig.typical(seed=seed)))
    host.load(LatentPredictive(seed=seed, **settings), task)
    return host, host.run()


@pytest.fixture(scope="module")
def bars():
    return tasks.load("moving-bars").head(48, 10, 12)


@pytest.fixture(scope="module")
def short(bars):
    return run(bars, **SMALL)


def test_a_short_run_keeps_every_look_and_needs_nobody(bars, short):
    host, result = short
    assert result.complete and result.losses == dict.fromkeys(result.losses, 0)
    looks = host.firmware.looks(host.chip.link, host.built)
    assert [look.shape for look in looks] == [(12 + 10 + 12, 11)] * 3
    assert len(result.arrays["validation_accuracy"]) == 3
    assert result.arrays["test_predictions"].shape == (12,)
    assert result.progress["done"] == result.progress["total"] == result.samples
    assert looks[0].max() > 0 and all((0 <= look).all() and (look <= 127).all() for look in looks)


def test_synapses_learn_on_both_sides_and_those_between_the_units_stay_empty(short):
    host, result = short
    places = host.built.plan.places
    before, after = (places.load(weights) for weights in (host.registers.weights, result.weights))
    changed = (before != after).mean(axis=1)
    assert len(changed) == 25
    assert all(changed[side.numbers.start : side.numbers.stop].max() > 0 for side in places.sides)
    used = host.registers.weights > 0
    for hemisphere, side in enumerate(places.sides):
        used[hemisphere, side.rows.ravel()[:, None], 2 * np.arange(128) + 1] = False
    assert (result.weights[used] == host.registers.weights[used]).all()  # those of the traces
    outside = result.weights.astype(int).sum() - np.abs(after).sum() - 63 * 25
    assert outside == 0


def test_labels_do_not_reach_the_chip(bars, short):
    splits = {
        name: dataclasses.replace(getattr(bars, name), targets=getattr(bars, name).targets[::-1].copy())
        for name in ("train", "validation", "test")
    }
    host, result = run(dataclasses.replace(bars, **splits), **SMALL)
    assert (result.weights == short[1].weights).all()
    assert not host.built.stimuli.tags.any()


def test_each_setting_changes_what_is_learned(bars, short):
    found = [short[1].weights]
    for changes in ({"pull": 0.0}, {"push": 0.0}, {"decorrelation": 1.9}, {"rounding": "truncate"}, {"halvings": 0}):
        found.append(run(bars, **SMALL, **changes)[1].weights)
    found.append(run(bars, **SMALL, pairing="shuffled")[1].weights)
    assert len({weights.tobytes() for weights in found}) == len(found)
    still, result = run(bars, **SMALL, rate=0.0)
    assert (result.weights == still.registers.weights).all()


@pytest.mark.parametrize(
    ("task", "settings", "says"),
    [
        ("yin-yang", {}, "learns from 2 views of one thing.*yin-yang has 1 of each.*moving-bars"),
        ("moving-bars", {"pairs": 14}, "14 pairs of views are no batch of 15"),
    ],
)
def test_what_it_cannot_learn_is_refused(task, settings, says):
    with pytest.raises(ValueError, match=says):
        LatentPredictive(**settings).build(tasks.load(task), ChipConfig.ideal())


@pytest.mark.parametrize("changes", [{"pairing": "true"}, {"rounding": "up"}, {"side": 15}, {"units": 65}])
def test_settings_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match=f"latent predictive learning.*{next(iter(changes))}"):
        LatentPredictive(**changes)


@given(st.integers(0, 2**32), st.integers(1, 7), st.integers(1, 5))
def test_a_pixel_has_events_in_proportion_within_the_window(seed, events, pixels):
    values = np.random.default_rng(seed).random((3, pixels))
    labels = np.arange(100, 100 + pixels).astype(np.uint16)
    samples = pictures.encode(values, labels, events, 2_000)
    assert len(samples) == 4 and samples.offsets[-1] == samples.offsets[-2]  # nothing in the last one
    assert samples.times_ns.max(initial=0) < 2_000
    for k, row in enumerate(values):
        own = samples.labels[samples.offsets[k] : samples.offsets[k + 1]].tolist()
        assert [own.count(label) for label in labels] == [int(events * value + 0.5) for value in row]


def test_pictures_are_scaled_to_the_side_or_taken_as_they_are():
    images = np.random.default_rng(1).integers(0, 256, (2, 28 * 28))
    found = pictures.seen(images / 255.0, 16)
    np.testing.assert_allclose(found[0], pixel_by_pixel(images[0].reshape(28, 28).tolist()), atol=1e-12)
    assert pictures.seen(images[:, :32], 3).shape == (2, 32)
    assert pictures.seen(images[:, :25], 6).shape == (2, 25)


def test_readouts_part_what_a_line_parts_and_count_directions():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 3, 600)
    features = np.eye(3)[targets] + 0.1 * rng.standard_normal((600, 3))
    fitted = readout.fit(features[:300], targets[:300], 3)
    assert fitted.accuracy(features[300:], targets[300:]) == 1.0
    silent = np.zeros((600, 2))
    assert readout.fit(silent, targets, 3).accuracy(silent, targets) < 0.5
    assert readout.dimension(rng.standard_normal((4000, 6))) == pytest.approx(6, abs=0.1)
    assert readout.dimension(np.repeat(features[:, :1], 6, axis=1)) == pytest.approx(1)
    two = rng.integers(0, 2, 4000)
    parted = readout.d_prime(np.stack([2.0 * two + rng.standard_normal(4000), 0 * two], axis=1), two)
    assert parted[0] == pytest.approx(2.0, abs=0.15) and parted[1] == 0.0


def test_receptive_fields_stand_upright_side_by_side():
    weights = np.arange(4 * 3).reshape(4, 3) + 1
    assert mosaic(weights).T[::-1].tolist() == [
        [1, 4, 0, 2, 5],
        [7, 10, 0, 8, 11],
        [0, 0, 0, 0, 0],
        [3, 6, 0, 0, 0],
        [9, 12, 0, 0, 0],
    ]


@pytest.mark.slow
def test_units_learn_what_stays_and_not_what_varies():
    """d' of units at a noise of 3, seed 1, typical chip: 3.25, 0.3 without pull, 0.1 without push, 0.6 before."""
    from host.experiments import two_clusters

    found = two_clusters.run(ChipConfig.typical(seed=1), noise=(3.0,), seeds=1).arrays
    full, hebbian, predictive = found["d_prime"][:, 0, 0]
    assert full > 2.5
    assert hebbian < 1.0 and predictive < 1.0


@pytest.mark.slow
def test_features_are_learned_from_pairs_that_belong_together():
    """Accuracies of a readout, bars, typical chip, seed 1: 0.63, with shuffled pairs 0.48, of initial weights 0.56."""
    bars, settings = tasks.load("moving-bars"), {"epochs": 3, "side": 8, "events": 4}
    learned, shuffled = (run(bars, pairing=pairing, **settings)[1].metrics for pairing in ("matched", "shuffled"))
    assert learned["accuracy"] > shuffled["accuracy"] + 0.08
    assert learned["accuracy"] > learned["random_accuracy"] + 0.02
    assert learned["change"] < shuffled["change"] - 0.1
