"""The kernels of spiking latent predictive learning against slow twins, and what a run is judged by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chip.base import constants as c
from chip.ppu import VectorUnit
from ppu_programs.spiking_lpl import factors, measures, signals, synapses
from ppu_programs.spiking_lpl.settings import ABLATIONS, Settings
from ppu_programs.two_layer.layout import positions
from tests.naive import spiking_lpl as naive

NEURONS, LIMIT_CYCLES = 4, 1_000_000
S = Settings(rate=0.2, excitatory=NEURONS, mean_shift=5, variance_shift=4)
factors_of = factors.factors_kernel(S)
step = synapses.step_kernel(NEURONS)
gather = synapses.gather_kernel(NEURONS, 3)
turn = synapses.turn_kernel(3)


def zeros(memory):
    return {name: np.zeros(region.length, region.dtype) for name, region in memory.items()}


def state(spikes=1.0):
    found = zeros(factors.memory(S)) | {"cells": np.zeros(c.LANES, np.uint8)}
    found["lanes"][:] = np.array([0, 3, 8, 100])
    found["surrogate"][:] = factors.surrogate_table(S)
    found["mean"][:] = found["variance"][:] = round(spikes * (1 << factors.STATE_BITS))
    found["inverse"][:] = round((1 << factors.INVERSE_BITS) / (spikes + S.least_variance))
    return found


@settings(deadline=None, max_examples=20)
@given(
    spikes=arrays(np.uint8, (60, NEURONS), elements=st.integers(0, 4)),
    membranes=arrays(np.uint8, (60, NEURONS)),
    before=st.integers(0, 255),
)
def test_what_neurons_contribute_is_what_the_formula_says(spikes, membranes, before):
    regions, unit = state(), VectorUnit()
    regions["counts"][:] = regions["counted"][:] = before
    twins = [
        naive.Neuron(1.0, 1.0, S.least_variance, S.pull, S.hebb, round(256 * S.triggered) / 256) for _ in range(NEURONS)
    ]
    run = factors_of.bind(unit, regions)
    for tick, (counts, potentials) in enumerate(zip(spikes, membranes, strict=True)):
        twins[tick % NEURONS].look_up_inverse()
        regions["counts"] += counts  # counters of 8 bits, which wrap
        regions["seen"][regions["lanes"]] = potentials
        run(LIMIT_CYCLES)
        for i, twin in enumerate(twins):
            slope = naive.surrogate(
                int(potentials[i]), S.leak_lsb + S.threshold_lsb, S.width_lsb, S.leak_lsb - S.lowest_lsb
            )
            bracket = twin.bracket(int(counts[i]), 2.0**-S.mean_shift, 2.0**-S.variance_shift)
            wanted = np.clip(slope * bracket * S.rate * 0x8000, -0x8000, 0x7FFF)
            of_table = abs(bracket) * S.rate * 0x8000 / 510  # the surrogate has 8 bits
            assert abs(regions["post"][i] - wanted) <= 0.01 * abs(wanted) + of_table + 64
            assert abs(regions["mean"][i] / (1 << factors.STATE_BITS) - twin.mean) < 0.01
            assert abs(regions["variance"][i] / (1 << factors.STATE_BITS) - twin.variance) < 0.05
    assert (regions["cells"][regions["lanes"]] == np.minimum(spikes.astype(int).sum(axis=0), 127)).all()


def test_with_its_inverse_known_a_neuron_contributes_exactly():
    regions, spikes = state(), np.array([0, 1, 2, 3], np.uint8)
    regions["counts"][:], regions["seen"][:] = spikes, S.leak_lsb + S.threshold_lsb
    factors_of.bind(VectorUnit(), regions)(LIMIT_CYCLES)
    for i, count in enumerate(spikes.tolist()):
        twin = naive.Neuron(1.0, 1.0, S.least_variance, S.pull, S.hebb, round(256 * S.triggered) / 256)
        assert regions["post"][i] == pytest.approx(twin.bracket(count, 0, 0) * S.rate * 0x8000 * 255 / 256, abs=60)


@settings(deadline=None, max_examples=20)
@given(
    shadow=arrays(np.int16, NEURONS * c.LANES),
    post=arrays(np.int16, NEURONS),
    traces=arrays(np.uint8, c.LANES),
    seed=st.integers(0, 1000),
)
def test_every_shadow_weight_takes_its_step(shadow, post, traces, seed):
    regions = zeros(synapses.memory(NEURONS, 12, 3)) | {"seen": np.zeros(2 * c.LANES, np.uint8), "post": post}
    regions["shadow"][:], regions["seen"][c.LANES :] = shadow, traces
    step.bind(VectorUnit(seed), regions)(LIMIT_CYCLES)
    found, before = (each.reshape(NEURONS, c.LANES)[:, positions()] for each in (regions["shadow"], shadow))
    for i in range(NEURONS):
        for lane, trace in enumerate(traces.view(np.int8).tolist()):
            low, high, _ = naive.step(int(before[i, lane]), int(post[i]), trace)
            assert low <= found[i, lane] <= high


def test_steps_below_a_shadow_step_are_right_on_average():
    regions = zeros(synapses.memory(NEURONS, 12, 3)) | {"seen": np.zeros(2 * c.LANES, np.uint8)}
    regions["post"] = np.array([-400, -20, 20, 400], np.int16)
    regions["seen"][c.LANES :] = np.arange(c.LANES) % 50
    unit, repeats = VectorUnit(5), 3_000
    run = step.bind(unit, regions)
    for _ in range(repeats):
        run(LIMIT_CYCLES)
    mean = regions["shadow"].reshape(NEURONS, c.LANES)[:, positions()] / repeats
    exact = np.outer(regions["post"] * 32.0 / 2**16, np.arange(c.LANES) % 50)
    assert abs(mean - exact).max() < 5 * np.sqrt(0.25 / repeats)


def test_rows_are_gathered_part_by_part_and_nothing_stays_below_zero():
    random = np.random.default_rng(1)
    regions = zeros(synapses.memory(NEURONS, 9, 3)) | {"lanes": np.array([1, 2, 40, 127], np.uint8)}
    regions["shadow"][:] = random.integers(-3_000, 1 << 15, NEURONS * c.LANES)
    regions["places"][:] = random.permutation(c.LANES)[:9]
    before, unit = regions["shadow"].reshape(NEURONS, c.LANES).copy(), VectorUnit()
    for part in (0, 1, 2, 0):
        assert regions["part"][0] == part
        gather.bind(unit, regions)(LIMIT_CYCLES, part)
        turn.bind(unit, regions)(LIMIT_CYCLES)
        wanted = np.zeros((3, c.LANES), np.uint8)
        places = regions["places"][3 * part : 3 * part + 3]
        wanted[:, regions["lanes"]] = np.maximum(before[:, places], 0).T >> synapses.WEIGHT_STEP_BITS
        np.testing.assert_array_equal(regions["rows"].reshape(3, c.LANES), wanted)
    after = regions["shadow"].reshape(NEURONS, c.LANES)
    np.testing.assert_array_equal(after[:, regions["places"]], np.maximum(before, 0)[:, regions["places"]])


def test_both_signals_have_the_same_values_and_one_is_slow():
    s = Settings(ticks=8_000)
    slow, shuffled = signals.signals(s)
    np.testing.assert_array_equal(np.sort(slow), np.sort(shuffled))
    assert np.corrcoef(slow[1:], slow[:-1])[0, 1] > 0.8
    assert abs(np.corrcoef(shuffled[1:], shuffled[:-1])[0, 1]) < 0.1
    assert abs(np.corrcoef(slow, shuffled)[0, 1]) < 0.1


def test_nothing_comes_in_the_first_tick_and_groups_follow_their_signals():
    s = Settings(ticks=400, evaluated=400)
    train, (slow, shuffled) = signals.trains(s), signals.signals(s)
    assert train.times_ns.min() >= s.tick_ns
    ticks = train.times_ns // s.tick_ns
    for first, count, signal in ((0, s.slow, slow), (s.slow, s.shuffled, shuffled)):
        own = (train.sources >= first) & (train.sources < first + count)
        counts = np.bincount(ticks[own], minlength=s.ticks + 1)
        assert np.corrcoef(counts[1:], signal[1:])[0, 1] > 0.85


def test_a_readout_explains_what_neurons_say_and_nothing_else():
    random = np.random.default_rng(1)
    signal = random.normal(size=4_000)
    counts = np.outer(signal, [1.0, -2.0, 0.0]) + random.normal(size=(4_000, 3))
    assert measures.explained(counts, signal) == pytest.approx(5 / 6, abs=0.02)
    assert abs(measures.explained(counts, random.permutation(signal))) < 0.01
    assert measures.correlation(counts[:, [0, 0]]) == pytest.approx(1)
    assert measures.correlation(np.zeros((10, 3))) is None


def test_what_is_left_out_counts_nothing():
    assert factors.strengths(Settings()) == (384, 77, 8, round(0.08 * 0x8000))
    for name, left in (
        ("pull", (0, 77, 8)),
        ("hebb", (384, 0, 8)),
        ("triggered", (384, 77, 0)),
        ("learning", (0, 0, 0)),
    ):
        assert name in ABLATIONS and factors.strengths(Settings(ablation=name))[:3] == left


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"ablation": "something"}, "one of none, pull"),
        ({"slow": 70, "shuffled": 70}, "lanes for 128"),
        ({"ticks": 300, "evaluated": 400}, "more than 300 ticks"),
        ({"constant": 21}, "multiple of 4"),
    ],
)
def test_settings_that_clash_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings(**changes)


@settings(deadline=None, max_examples=20)
@given(seen=arrays(np.uint8, c.LANES), rest=arrays(np.uint8, c.LANES))
def test_traces_above_rest_saturate_and_do_not_wrap(seen, rest):
    regions = state()
    regions["seen"][c.LANES :], regions["rest"][:] = seen, rest
    factors.subtract_rest.bind(VectorUnit(), regions)(LIMIT_CYCLES)
    wanted = np.clip(seen.astype(int) - rest, -128, 127)
    assert np.array_equal(regions["seen"][c.LANES :].view(np.int8), wanted)


@pytest.mark.parametrize("chosen", [{"target_khz": 50.0}, {"tick_ns": 1_000_000}])
def test_a_target_that_a_signed_byte_does_not_hold_is_refused(chosen):
    with pytest.raises(ValueError, match="spikes between two turns of inhibition; it must be 1..63"):
        Settings(**chosen)
